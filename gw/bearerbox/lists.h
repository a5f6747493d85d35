/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lists - white and black lists of senders and receivers, for all messages of
 * the gateway in both directions: white-list-sender, black-list-receiver, ...
 * of group core, and their -regex forms.
 *
 * The files are fetched before anything starts; one that cannot be had ends the
 * start. A reload replaces all of them or, when one cannot be had, none.
 *
 * Specification: doc/kannel.conf.5, and Kannel 1.4.5 as recorded in
 * test/data/compat. Loop thread only.
 */
#ifndef GW_BEARERBOX_LISTS_H
#define GW_BEARERBOX_LISTS_H

#include <stdbool.h>

#include "gw/msg/message.h"
#include "gwlib/conf.h"
#include "gwlib/loop.h"

struct lists;

struct lists *lists_create(struct loop *loop, const struct conf_group *core);
void lists_free(struct lists *lists);

/* Fetches all of them; returns when they are here, or one cannot be had: false,
 * with the reason in the log. Runs the loop: before the process starts its work. */
bool lists_load(struct lists *lists);

/* The same while the process works; done comes once, not from inside this call.
 * A second reload joins the one under way. */
typedef void lists_done_fn(bool good, void *arg);
void lists_reload(struct lists *lists, lists_done_fn *done, void *arg);

/* Why the message may not pass, as the access log says it ("black-listed"), or
 * NULL. The lists of senders count before those of receivers. */
const char *lists_refuse(const struct lists *lists, const struct sms *sms);

#endif
