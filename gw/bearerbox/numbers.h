/* SPDX-License-Identifier: Apache-2.0 */
/*
 * numbers - unified-prefix: bringing phone numbers into one form.
 *
 * A rule list is ';'-separated; in a rule the first item is the result, the
 * other ','-separated items are prefixes to replace by it; the result "-" takes
 * the prefix away. The first match wins; a number that already starts with a
 * result stays as it is. Example: "+358,00358,0;+,00".
 */
#ifndef GW_BEARERBOX_NUMBERS_H
#define GW_BEARERBOX_NUMBERS_H

#include <stdbool.h>

#include "gwlib/bytes.h"

/* True and the new number in *to (cleared first) when the rules change it;
 * false when it stays as it is. rules may be NULL. */
bool numbers_unify(const char *rules, struct slice number, struct bytes *to);

/* Whether number starts with one of the ';'-separated prefixes. */
bool numbers_match_prefix(const char *prefixes, struct slice number);

/* Whether the ';'-separated list holds the item, exactly. */
bool numbers_list_holds(const char *list, struct slice item);

#endif
