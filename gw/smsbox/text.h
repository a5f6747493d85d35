/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text - from octets in some charset to the content of a message: UTF-8 with
 * '?' for what GSM 03.38 lacks (coding 0), octets (1), UTF-16BE (2).
 *
 * Specification: Kannel 1.4.5, as recorded in test/data/compat. Any thread.
 */
#ifndef GW_SMSBOX_TEXT_H
#define GW_SMSBOX_TEXT_H

#include "gw/msg/message.h"

/*
 * Appends the content. charset unset or empty: UTF-8 for coding 0, else the
 * octets as they are. Damaged octets of UTF-8 for coding 0 are left out; else
 * false, and *to as before, when the charset is unknown or the text is not in it.
 */
bool text_to_content(struct bytes *to, enum sms_coding coding, struct slice text,
                     struct slice charset);

/* The charset of a text that came without one: UTF-8 when it is well-formed,
 * else ISO-8859-1 (Kannel: always the latter). */
struct slice text_guess_charset(struct slice text);

/* Appends the text for a log line: control characters become '?'. */
void text_append_visible(struct bytes *to, struct slice text);

/* The same for a URL; a password in it becomes "***". */
void text_append_url(struct bytes *to, struct slice url);

/* For "%.*s" in the main log: the length, but not more than 512. */
int text_log_length(struct slice text);

/* Converts by charset names that came from outside; false as text_to_content(). */
bool text_convert(struct bytes *to, const char *to_name, struct slice text, struct slice charset);

#endif
