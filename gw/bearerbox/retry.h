/* SPDX-License-Identifier: Apache-2.0 */
/*
 * retry - when what an application could not take is given to it again: after a
 * time that doubles from try to try up to a limit, with some chance in it so that
 * not all come at once; and when it is given up.
 *
 * What counts is the number of tries, not the time since the message came: a box
 * that is not there costs no try. Pure functions, but for the chance.
 */
#ifndef GW_BEARERBOX_RETRY_H
#define GW_BEARERBOX_RETRY_H

#include <stdint.h>

struct retry_rules {
    int64_t first_s, most_s; /* between two tries; at least 1 */
    int64_t time_s;          /* all waits together; 0: no end */
};

/* The wait after the failed-th try that failed (from 1), in seconds; -1: it is
 * given up. */
int64_t retry_wait_s(const struct retry_rules *rules, int failed);
/* The same in milliseconds, shorter by up to a quarter by chance. */
int64_t retry_wait_ms(const struct retry_rules *rules, int failed);

#endif
