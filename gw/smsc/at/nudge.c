/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a modem is told that does not look for a network: see nudge.h.
 */
#include "gw/smsc/at/nudge.h"

#include <stddef.h>

#define EVERY_MS 60000

static const struct at_nudge_step steps[] = {
    {{"AT+CFUN=1", NULL}},
    {{"AT+COPS=0", NULL}},
    {{"AT+CFUN=0", "AT+CFUN=1"}},
};
#define COUNT ((int)(sizeof steps / sizeof steps[0]))

const struct at_nudge_step *at_nudge_next(struct at_nudges *nudges, long status, int64_t now)
{
    if (status != AT_NUDGE_NOT_SEARCHING) {
        if (status > 0)
            at_nudge_forget(nudges);
        return NULL;
    }
    if (nudges->since == 0)
        nudges->since = now;
    if (nudges->given == COUNT || now - nudges->since < (nudges->given + 1) * (int64_t)EVERY_MS)
        return NULL;
    return &steps[nudges->given++];
}

void at_nudge_forget(struct at_nudges *nudges)
{
    *nudges = (struct at_nudges){0, 0};
}
