/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long an answer is waited for: see patience.h.
 */
#include "gw/smsc/at/patience.h"

#define TIMES        4
#define LONGER_MS    12000 /* ... but not longer than what it is used to and this */
#define FADES_BY     16
#define REMEMBERS_MS 60000 /* nothing is waited for longer */

void at_patience_note(struct at_patience *patience, int64_t ms)
{
    int slowest = patience->slowest_ms - patience->slowest_ms / FADES_BY;

    if (ms > REMEMBERS_MS)
        ms = REMEMBERS_MS;
    if (ms < 1)
        ms = 1;
    patience->slowest_ms = ms > slowest ? (int)ms : slowest;
}

int at_patience_ms(const struct at_patience *patience, const struct at_patience_range *range)
{
    int slowest = patience->slowest_ms;
    int ms = slowest < LONGER_MS / (TIMES - 1) ? slowest * TIMES : slowest + LONGER_MS;

    if (slowest == 0)
        return range->unknown_ms;
    return ms < range->first_ms ? range->first_ms : ms > range->last_ms ? range->last_ms : ms;
}
