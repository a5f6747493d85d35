/* SPDX-License-Identifier: Apache-2.0 */
/*
 * penalties - how long an address has to wait after a wrong password: 10 ms at
 * first, a second more for every further failure, so that guessing is slow and
 * nobody else notices.
 */
#ifndef GW_BEARERBOX_PENALTIES_H
#define GW_BEARERBOX_PENALTIES_H

#include <stddef.h>
#include <stdint.h>

#define PENALTIES_MAX 256 /* addresses that are remembered; the oldest is forgotten */

/* All zero at first. */
struct penalties {
    struct penalty {
        char address[48];
        unsigned failures;
    } of[PENALTIES_MAX];
    size_t next; /* to be used again */
};

/* Counts a failure and tells the delay that it costs. */
int64_t penalties_next_ms(struct penalties *penalties, const char *address);
/* A good password. */
void penalties_forgive(struct penalties *penalties, const char *address);

#endif
