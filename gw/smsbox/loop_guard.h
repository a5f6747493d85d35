/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loop_guard - so that two programs that answer each other end it: a text that one
 * number sends again and again has so many answers of services a minute and no
 * more. Who sends another text each time is no such program, or changes so much
 * that nobody could tell.
 *
 * Bounded: beyond LOOP_GUARD_PEERS those are forgotten that began their minute
 * first. Pure; the time is given.
 */
#ifndef GW_SMSBOX_LOOP_GUARD_H
#define GW_SMSBOX_LOOP_GUARD_H

#include <stdbool.h>
#include <stdint.h>

#include "gwlib/bytes.h"

#define LOOP_GUARD_PEERS     10000
#define LOOP_GUARD_MINUTE_MS 60000

struct loop_guard;

/* answers: a minute; 0: any number. */
struct loop_guard *loop_guard_create(long answers);
void loop_guard_free(struct loop_guard *guard);

/* Counts an answer to that text from that number, unless it is one too many: false
 * then. *first_refused tells whether it is the first of this minute. */
bool loop_guard_allows(struct loop_guard *guard, struct slice number, struct slice text,
                       int64_t now_ms, bool *first_refused);

#endif
