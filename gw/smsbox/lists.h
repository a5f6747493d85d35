/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lists - white and black lists of numbers, of the box, a user or a service.
 *
 * Four variables: white-list and black-list are addresses of a file with one
 * number a line (gw/sms/number_list.h), on disk or fetched by HTTP;
 * white-list-regex and black-list-regex are patterns. A number passes when it is
 * on the white lists that exist and on no black list.
 *
 * A file that could not be fetched yet lets nobody pass, and is tried again
 * every 30 s: a list is a restriction, and it must not be open by accident.
 *
 * Specification: doc/kannel.conf.5, and Kannel 1.4.5 as recorded in
 * test/data/compat. Loop thread only.
 */
#ifndef GW_SMSBOX_LISTS_H
#define GW_SMSBOX_LISTS_H

#include <stdbool.h>

#include "gwlib/conf.h"
#include "gwlib/http_client.h"
#include "gwlib/loop.h"

struct lists;

/* NULL when the group has none of the variables. The fetching starts at once. */
struct lists *lists_create(struct loop *loop, struct http_client *http,
                           const struct conf_group *group);
void lists_free(struct lists *lists);

/* NULL allows everybody. */
bool lists_allow(const struct lists *lists, struct slice number);

/* Puts a list in place of a fetched one, for tests. */
void lists_load(struct lists *lists, bool white, struct slice text);

#endif
