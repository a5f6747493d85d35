/* SPDX-License-Identifier: Apache-2.0 */
/*
 * quiet_hours - ranges of the day in local time: "22:00-07:00; 12:30-13:00". A
 * range that ends before it begins crosses midnight; its end is not part of it.
 * Pure.
 */
#ifndef GW_SMSC_QUIET_HOURS_H
#define GW_SMSC_QUIET_HOURS_H

#include <stdbool.h>

#include "gwlib/bytes.h"

#define QUIET_RANGES_MAX 16
#define MINUTES_A_DAY    1440

struct quiet_hours {
    size_t count; /* 0: none */
    struct {
        int from, to; /* minutes since midnight; to may be MINUTES_A_DAY */
    } ranges[QUIET_RANGES_MAX];
};

/* Ranges separated by ';' or ','. False, with the reason appended to *error and
 * *quiet untouched, when the text is something else. */
bool quiet_hours_parse(struct quiet_hours *quiet, struct slice text, struct bytes *error);
/* "07:00" as minutes since midnight; 24:00 is good too. */
bool quiet_hours_parse_time(struct slice text, int *minute);

/* minute: since midnight. */
bool quiet_hours_at(const struct quiet_hours *quiet, int minute);
/* How many minutes from then on it stays as it is; MINUTES_A_DAY: for ever. */
int quiet_hours_lasts(const struct quiet_hours *quiet, int minute);

#endif
