/* SPDX-License-Identifier: Apache-2.0 */
/*
 * number_list - white and black lists of phone numbers: the form of their files
 * and what they say of a number. Where a list comes from is its user's matter
 * (gwlib/text_source.h).
 *
 * A file has one number a line. Blanks, '+' and '-' do not count, in the list
 * and in the number that is asked about; what follows ':' or a leading '#' is
 * comment. The whole number must be equal, letters too.
 *
 * Specification: doc/kannel.conf.5, and Kannel 1.4.5 as recorded in
 * test/data/compat.
 */
#ifndef GW_SMS_NUMBER_LIST_H
#define GW_SMS_NUMBER_LIST_H

#include <stdbool.h>

#include "gwlib/bytes.h"
#include "gwlib/regex.h"

#define NUMBER_LIST_MAX_TEXT (64 * 1024 * 1024) /* octets of a file, for those who fetch it */

struct number_list;

/* Lines that hold no number, or more than 32 octets of one, are passed over. */
struct number_list *number_list_create(struct slice text);
void number_list_free(struct number_list *list); /* NULL is fine */
size_t number_list_count(const struct number_list *list);
bool number_list_holds(const struct number_list *list, struct slice number);

/* What may be configured about one number, in the order in which it counts;
 * NULL: is not. Owned by whoever fills it in. */
struct number_rules {
    const struct number_list *white;
    const struct regex *white_regex;
    const struct number_list *black;
    const struct regex *black_regex;
};

/* Why a number does not pass, as access logs say it: "not white-listed", "not
 * white-regex-listed", "black-listed", "black-regex-listed". NULL: it passes. */
const char *number_rules_refuse(const struct number_rules *rules, struct slice number);

#endif
