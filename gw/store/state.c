/* SPDX-License-Identifier: Apache-2.0 */
/*
 * state - see state.h. The states come from states.def; the changes that are
 * allowed stand here, one line a state.
 */
#include "gw/store/state.h"

#include <stddef.h>
#include <string.h>

static const struct {
    int number;
    const char *name;
    bool final;
} states[] = {
#define STATE(symbol, number, name, final, document) {number, name, final},
#include "gw/store/states.def"
};

#define STATES    (sizeof states / sizeof states[0])
#define MOST_NEXT 9

/*
 * What may follow. A message in the hands of an SMSC can come to any end,
 * because a report may overtake the answer to the submission. Nothing follows a
 * final state.
 */
static const struct {
    int from;
    int to[MOST_NEXT]; /* ends with 0 */
} changes[] = {
    {STATE_QUEUED, {STATE_DEFERRED, STATE_SENDING, STATE_FAILED, STATE_EXPIRED, STATE_CANCELLED}},
    {STATE_DEFERRED, {STATE_QUEUED, STATE_SENDING, STATE_FAILED, STATE_EXPIRED, STATE_CANCELLED}},
    {STATE_SENDING,
     {STATE_QUEUED, STATE_DEFERRED, STATE_SENT, STATE_HELD, STATE_ACCEPTED, STATE_DELIVERED,
      STATE_FAILED, STATE_EXPIRED, STATE_CANCELLED}},
    {STATE_SENT, {STATE_DELIVERED, STATE_FAILED, STATE_EXPIRED, STATE_ACCEPTED, STATE_CANCELLED}},
    {STATE_HELD,
     {STATE_QUEUED, STATE_DEFERRED, STATE_ACCEPTED, STATE_DELIVERED, STATE_FAILED, STATE_EXPIRED,
      STATE_CANCELLED}},
    {STATE_RECEIVING, {STATE_RECEIVED, STATE_JOINED, STATE_REFUSED, STATE_DEAD}},
    {STATE_RECEIVED, {STATE_POSTPONED, STATE_HANDLED, STATE_REFUSED, STATE_DEAD, STATE_CANCELLED}},
    {STATE_UNMATCHED, {STATE_MATCHED, STATE_UNCLAIMED, STATE_CANCELLED}},
    {STATE_POSTPONED, {STATE_RECEIVED, STATE_HANDLED, STATE_REFUSED, STATE_DEAD, STATE_CANCELLED}},
};

const char *state_name(int state)
{
    for (size_t i = 0; i < STATES; i++) {
        if (states[i].number == state)
            return states[i].name;
    }
    return "?";
}

int state_from_name(const char *name)
{
    for (size_t i = 0; i < STATES; i++) {
        if (strcmp(states[i].name, name) == 0)
            return states[i].number;
    }
    return -1;
}

bool state_is_final(int state)
{
    for (size_t i = 0; i < STATES; i++) {
        if (states[i].number == state)
            return states[i].final;
    }
    return false;
}

bool state_may_change(int from, int to)
{
    if (from == to)
        return true;
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        if (changes[i].from != from)
            continue;
        for (size_t j = 0; j < MOST_NEXT && changes[i].to[j] != 0; j++) {
            if (changes[i].to[j] == to)
                return true;
        }
    }
    return false;
}
