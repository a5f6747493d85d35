/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nudge - what a modem is told that does not look for a network: some say
 * "+CREG: 0,0" until they are told that they may. One step a minute, each once,
 * from the gentle to the rough; as soon as it searches or is registered they are as
 * new. No input or output; times are clock_monotonic_ms().
 */
#ifndef GW_SMSC_AT_NUDGE_H
#define GW_SMSC_AT_NUDGE_H

#include <stdint.h>

enum { AT_NUDGE_COMMANDS = 2, AT_NUDGE_NOT_SEARCHING = 0 };

struct at_nudge_step {
    const char *commands[AT_NUDGE_COMMANDS]; /* one after the other; NULL: none */
};

/* All zero at first. */
struct at_nudges {
    int64_t since; /* it does not search; 0: it does */
    int given;
};

/* It is not registered, but in that state (27.007 section 7.2, <stat>; -1: it did
 * not say): what it is to be told now, or NULL. */
const struct at_nudge_step *at_nudge_next(struct at_nudges *nudges, long status, int64_t now);
/* It is registered. */
void at_nudge_forget(struct at_nudges *nudges);

#endif
