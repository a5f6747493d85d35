/* SPDX-License-Identifier: Apache-2.0 */
/*
 * form - what a request or an application's answer asks of one message, read
 * from parameters, X-Kannel headers or XML, and the checks that all have in
 * common.
 *
 * Strings borrow from the request; what had to be decoded is kept by the form.
 * Unset and empty differ where Kannel makes a difference (to, username).
 *
 * Specification: Kannel 1.4.5, as recorded in test/data/compat.
 */
#ifndef GW_SMSBOX_FORM_H
#define GW_SMSBOX_FORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gw/msg/message.h"

#define FORM_MAX_KEPT 32

struct form {
    struct slice username, password;
    struct slice to; /* one or more, separated by blanks */
    struct slice from, smsc, account, binfo, dlr_url, meta_data;
    struct slice text;
    struct slice charset; /* of the text */
    struct slice udh;
    long mclass, mwi, coding, compress, alt_dcs, pid, rpi, priority;
    long validity, deferred; /* minutes from now */
    long dlr_mask;

    struct bytes kept[FORM_MAX_KEPT];
    size_t kept_count;
};

/* All unset. */
void form_init(struct form *form);
void form_free(struct form *form);

/* Takes the content over and keeps it as long as the form; *content is empty
 * then. Unset when there is no room for more. */
struct slice form_keep(struct form *form, struct bytes *content);

/* A place where values are found by name: unset when there is none. */
typedef struct slice form_value_fn(void *source, const char *name);

/* Parameters of a GET or an urlencoded POST (section 2). */
void form_read_params(struct form *form, form_value_fn *value, void *source);
/* X-Kannel-* headers (section 4), without X-Kannel-Username and -Password. */
void form_read_headers(struct form *form, form_value_fn *value, void *source);

/* "7abc" is 7; unset, empty or no number at all is -1 (like C's %d). */
long form_number(struct slice text);
/* Hex digits, else URL-encoded octets, into the form. */
void form_set_udh(struct form *form, struct slice text);

/*
 * The checks 7 and 8 of section 3 (udh) and 11 to 13 (account, dlr-url, the
 * numbers): NULL when all is well, else the text of the answer 400.
 */
const char *form_check_udh(const struct form *form);
const char *form_check_fields(const struct form *form);

/* Copies the fields that need no decision into the message: coding, account,
 * ... and validity and deferred as moments. Not sender, receiver, smsc, text. */
void form_fill(const struct form *form, struct sms *sms, int64_t now);

#endif
