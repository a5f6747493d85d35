/* SPDX-License-Identifier: Apache-2.0 */
/*
 * limits - how many messages may go in an hour, a day, a month: by the clock and
 * calendar of local time, not by a sliding window, since that is how operators
 * count. Kept in a few lines of text. Time is always given; seconds since 1970.
 * Pure but for the time zone.
 */
#ifndef GW_SMSC_LIMITS_H
#define GW_SMSC_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

#include "gwlib/bytes.h"

enum limits_window { LIMITS_HOUR, LIMITS_DAY, LIMITS_MONTH, LIMITS_WINDOWS };

/* "hour", "day", "month". */
const char *limits_window_name(enum limits_window window);

struct limits {
    long most[LIMITS_WINDOWS]; /* 0: no limit */
    long used[LIMITS_WINDOWS];
    int64_t since[LIMITS_WINDOWS]; /* when the window began */
};

/* Whether there is any. */
bool limits_are_set(const struct limits *limits);
/* Begins new windows where the old ones are over. A clock that went back does not
 * give anything back. */
void limits_turn(struct limits *limits, int64_t now);
/* How many more may go now; LONG_MAX without limits. */
long limits_left(const struct limits *limits);
void limits_count(struct limits *limits, long messages);
/* The window that is used up and ends last; LIMITS_WINDOWS: none is. */
enum limits_window limits_used_up(const struct limits *limits);
/* When the window that began then ends. */
int64_t limits_end(const struct limits *limits, enum limits_window window);
/* When the next of the limited windows ends. */
int64_t limits_next_end(const struct limits *limits);

/* Appends "hour 3/10, day 12/100". */
void limits_print(const struct limits *limits, struct bytes *to);
/* Appends what limits_read() reads. */
void limits_write(const struct limits *limits, struct bytes *to);
/* Takes over what was used; lines that are none are passed over. most stays. */
void limits_read(struct limits *limits, struct slice text);

#endif
