/* SPDX-License-Identifier: Apache-2.0 */
/*
 * html - the text of an HTML or WML page, for an SMS: tags are taken out without
 * a trace, character references resolved, the ends stripped. Total on any octets.
 */
#ifndef GW_SMSBOX_HTML_H
#define GW_SMSBOX_HTML_H

#include "gwlib/bytes.h"

/* What stands between the first prefix and the next suffix, without case; the
 * whole page when one is NULL or not found. */
struct slice html_cut(struct slice page, const char *prefix, const char *suffix);

/* Appends the text of a page that is UTF-8. */
void html_to_text(struct bytes *to, struct slice page);

#endif
