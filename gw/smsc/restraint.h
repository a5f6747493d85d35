/* SPDX-License-Identifier: Apache-2.0 */
/*
 * restraint - when a connection that works takes nothing all the same: its limits
 * are used up (limits.h), there are quiet hours (quiet_hours.h), something holds it
 * (an empty account), or it is set aside for a while. For any driver; smsc.c asks before a message
 * begins. A message that has begun is finished.
 *
 * What was used is counted by SIM, or by the connection's name where there is
 * none, and kept in a file beside the store, written a few seconds after a change
 * and never waited for: a crash forgets some seconds' messages.
 */
#ifndef GW_SMSC_RESTRAINT_H
#define GW_SMSC_RESTRAINT_H

#include "gwlib/conf.h"
#include "gwlib/loop.h"

struct restraint;

/* The time of day, seconds since 1970: clock_wall(), unless a test has another. */
extern int64_t (*restraint_clock)(void);

/* changed: called from the loop when something may have begun or ended. NULL after
 * mistakes, which are added to problems. No input or output yet. */
struct restraint *restraint_create(struct loop *loop, const struct conf_group *group,
                                   loop_fn *changed, void *arg, struct conf_problems *problems);
void restraint_free(struct restraint *restraint);

/* Reads what was used, by name for now; the time counts from here on. */
void restraint_start(struct restraint *restraint, const char *name);
/* Writes what was used. */
void restraint_stop(struct restraint *restraint);

/* Counts by this SIM from now on. Unset or empty: as before. */
void restraint_set_sim(struct restraint *restraint, struct slice sim);
/* Nothing goes until it is called with NULL. */
void restraint_hold(struct restraint *restraint, const char *why);
/* Nothing goes for so long, or until it is called with NULL. */
void restraint_set_aside(struct restraint *restraint, const char *why, int64_t ms);
bool restraint_is_aside(const struct restraint *restraint);

/* How many messages of that priority may begin now, when so many are under way;
 * SIZE_MAX: as many as you like. */
size_t restraint_permits(struct restraint *restraint, int priority, size_t under_way);
/* One message or part was taken by the network. */
void restraint_count(struct restraint *restraint);

/* Why nothing goes, or only what is urgent: for people; "" when all does. */
const char *restraint_text(const struct restraint *restraint);
/* Appends how much of the limits is used: "day 12/100"; nothing without limits. */
void restraint_print_limits(const struct restraint *restraint, struct bytes *to);

#endif
