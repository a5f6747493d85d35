/* SPDX-License-Identifier: Apache-2.0 */
/*
 * state - the states of a message and which change is allowed. The one place
 * that knows; the store asks it for every change.
 */
#ifndef GW_STORE_STATE_H
#define GW_STORE_STATE_H

#include <stdbool.h>

enum message_state {
#define STATE(symbol, number, name, final, document) STATE_##symbol = number,
#include "gw/store/states.def"
};

/* "queued"; "?" for a number that is no state. */
const char *state_name(int state);
/* The state of that name, or -1. */
int state_from_name(const char *name);
bool state_is_final(int state);
/* Whether a message may go from one to the other. Staying is always allowed. */
bool state_may_change(int from, int to);

#endif
