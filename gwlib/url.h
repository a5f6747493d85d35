/* SPDX-License-Identifier: Apache-2.0 */
/*
 * url - percent encoding and query strings, with Kannel's rules.
 */
#ifndef GWLIB_URL_H
#define GWLIB_URL_H

#include <stdbool.h>

#include "gwlib/bytes.h"

/* Letters, digits and - _ . ! ~ * ' ( ) stay, blank becomes '+', the rest is
 * %XX in upper case. */
void url_encode(struct bytes *to, struct slice s);

/* '+' is a blank, %XX an octet. A wrong % sequence anywhere leaves the whole
 * value as it is (false; the raw text is appended). */
bool url_decode(struct bytes *to, struct slice s);

/*
 * The parameters of a query string or urlencoded form, decoded once. Separated
 * by '&' only, names are case-sensitive, the first of equal names counts.
 */
struct url_params;
struct url_params *url_params_parse(struct slice query); /* unset: no parameters */
void url_params_free(struct url_params *params);
/* Unset when there is no such name; valid as long as params. */
struct slice url_params_get(const struct url_params *params, const char *name);

#endif
