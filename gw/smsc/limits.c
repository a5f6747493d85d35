/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Limits: see limits.h.
 */
#include "gw/smsc/limits.h"

#include <inttypes.h>
#include <limits.h>
#include <time.h>

#define PLAUSIBLE INT64_C(1704067200) /* 2024: a clock before that was never set */

static const char *const names[LIMITS_WINDOWS] = {"hour", "day", "month"};

const char *limits_window_name(enum limits_window window)
{
    return window < LIMITS_WINDOWS ? names[window] : "";
}

bool limits_are_set(const struct limits *limits)
{
    for (int i = 0; i < LIMITS_WINDOWS; i++)
        if (limits->most[i] > 0)
            return true;
    return false;
}

/* --- windows ------------------------------------------------------------------------ */

/* The beginning of the window that is `later` after the one that holds `time`. */
static int64_t window_start(enum limits_window window, int64_t time, int later)
{
    time_t moment = (time_t)time;
    struct tm local;

    if (localtime_r(&moment, &local) == NULL)
        return time;
    if (window == LIMITS_HOUR) /* not by mktime(): an hour may come twice a year */
        return time - local.tm_min * 60 - local.tm_sec + later * INT64_C(3600);
    local.tm_sec = local.tm_min = local.tm_hour = 0;
    if (window == LIMITS_DAY)
        local.tm_mday += later;
    if (window == LIMITS_MONTH) {
        local.tm_mday = 1;
        local.tm_mon += later;
    }
    local.tm_isdst = -1;
    return (int64_t)mktime(&local);
}

void limits_turn(struct limits *limits, int64_t now)
{
    for (int i = 0; i < LIMITS_WINDOWS; i++) {
        int64_t start = window_start((enum limits_window)i, now, 0);

        if (start > limits->since[i]) {
            limits->used[i] = 0;
            limits->since[i] = start;
        } else if (now >= PLAUSIBLE) {
            limits->since[i] = start;
        }
    }
}

int64_t limits_end(const struct limits *limits, enum limits_window window)
{
    return window_start(window, limits->since[window], 1);
}

int64_t limits_next_end(const struct limits *limits)
{
    int64_t next = INT64_MAX;

    for (int i = 0; i < LIMITS_WINDOWS; i++)
        if (limits->most[i] > 0 && limits_end(limits, (enum limits_window)i) < next)
            next = limits_end(limits, (enum limits_window)i);
    return next;
}

/* --- counting --------------------------------------------------------------------------- */

long limits_left(const struct limits *limits)
{
    long left = LONG_MAX;

    for (int i = 0; i < LIMITS_WINDOWS; i++) {
        long here = limits->most[i] - limits->used[i];

        if (limits->most[i] > 0 && here < left)
            left = here > 0 ? here : 0;
    }
    return left;
}

void limits_count(struct limits *limits, long messages)
{
    for (int i = 0; i < LIMITS_WINDOWS; i++)
        limits->used[i] += messages;
}

enum limits_window limits_used_up(const struct limits *limits)
{
    for (int i = LIMITS_WINDOWS - 1; i >= 0; i--)
        if (limits->most[i] > 0 && limits->used[i] >= limits->most[i])
            return (enum limits_window)i;
    return LIMITS_WINDOWS;
}

/* --- text ---------------------------------------------------------------------------------- */

void limits_print(const struct limits *limits, struct bytes *to)
{
    const char *before = "";

    for (int i = 0; i < LIMITS_WINDOWS; i++) {
        if (limits->most[i] <= 0)
            continue;
        bytes_printf(to, "%s%s %ld/%ld", before, names[i], limits->used[i], limits->most[i]);
        before = ", ";
    }
}

void limits_write(const struct limits *limits, struct bytes *to)
{
    for (int i = 0; i < LIMITS_WINDOWS; i++)
        bytes_printf(to, "%s %" PRId64 " %ld\n", names[i], limits->since[i], limits->used[i]);
}

static bool next_word(struct slice *line, struct slice *word)
{
    return slice_next_item(line, ' ', word);
}

static void read_line(struct limits *limits, struct slice line)
{
    struct slice name, since, used;
    long start, count;

    if (!next_word(&line, &name) || !next_word(&line, &since) || !next_word(&line, &used) ||
        line.len > 0 || !slice_to_number(since, 0, LONG_MAX, &start) ||
        !slice_to_number(used, 0, 1000000000, &count))
        return;
    for (int i = 0; i < LIMITS_WINDOWS; i++)
        if (slice_equal_str(name, names[i])) {
            limits->since[i] = start;
            limits->used[i] = count;
        }
}

void limits_read(struct limits *limits, struct slice text)
{
    struct slice line;

    while (slice_next_item(&text, '\n', &line))
        read_line(limits, line);
}
