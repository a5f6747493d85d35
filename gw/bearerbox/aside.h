/* SPDX-License-Identifier: Apache-2.0 */
/*
 * aside - a modem that the network refuses while it takes another's messages: with
 * a SIM without credit each message fails, with a number that says "try later".
 *
 * Three messages in a row to different receivers, each with the same temporary
 * error, and meanwhile another modem that could have taken them sent one: then
 * the modem is set aside for ten minutes. Its queue goes to the other, and it is
 * asked for its balance. It goes on earlier when no other is left.
 */
#ifndef GW_BEARERBOX_ASIDE_H
#define GW_BEARERBOX_ASIDE_H

#include <stdbool.h>

#include "gw/smsc/smsc.h"

enum { ASIDE_FAILURES = 3, ASIDE_ERROR_MAX = 128 };

/* Of one connection. All zero at first. */
struct aside {
    char error[ASIDE_ERROR_MAX]; /* of the failures in a row */
    uint64_t receivers[ASIDE_FAILURES];
    int failures;
    int64_t first_ms; /* when they began; loop time */
    int64_t sent_ms;  /* the last message that was taken; 0: none */
};

void aside_note_sent(struct aside *aside, int64_t now_ms);
/* True when it was the last one of so many. */
bool aside_note_failure(struct aside *aside, struct slice receiver, struct slice error,
                        int64_t now_ms);

struct bearer;
struct links;

/* What a connection tells, before the message is dealt with. */
void aside_accepted(struct bearer *bearer);
void aside_failed(struct bearer *bearer, struct slice receiver, enum smsc_failure failure,
                  struct slice error);
/* One has changed its state: some may not be needed to stand aside any more. */
void aside_look_again(struct links *links);

#endif
