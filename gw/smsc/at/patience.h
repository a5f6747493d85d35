/* SPDX-License-Identifier: Apache-2.0 */
/*
 * patience - how long an answer is waited for, learnt from the modem itself: several
 * times what its answers took lately. A modem that answers at once and then does not
 * has come to grief; one in a slow network has not.
 *
 * The slowest answer of late counts, and fades by a sixteenth with each faster one.
 * Without input or output; for one thread. All zero: nothing is known yet.
 */
#ifndef GW_SMSC_AT_PATIENCE_H
#define GW_SMSC_AT_PATIENCE_H

#include <stdint.h>

struct at_patience {
    int slowest_ms; /* of late; 0: no answer came yet */
};

/* An answer came after so long, in time or later. */
void at_patience_note(struct at_patience *patience, int64_t ms);

struct at_patience_range {
    int first_ms;   /* at least */
    int unknown_ms; /* for a modem that has not answered yet */
    int last_ms;    /* at most */
};
int at_patience_ms(const struct at_patience *patience, const struct at_patience_range *range);

#endif
