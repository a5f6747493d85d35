/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Quiet hours: see quiet_hours.h.
 */
#include "gw/smsc/quiet_hours.h"

bool quiet_hours_parse_time(struct slice text, int *minute)
{
    size_t colon = slice_find(text, ':', 0);
    long hours, minutes;

    if (colon == 0 || colon > 2 || text.len != colon + 3 || text.data[0] < '0' ||
        text.data[0] > '9' || text.data[colon + 1] < '0' || text.data[colon + 1] > '9' ||
        !slice_to_number(slice_sub(text, 0, colon), 0, 24, &hours) ||
        !slice_to_number(slice_sub(text, colon + 1, 2), 0, 59, &minutes) ||
        (hours == 24 && minutes > 0))
        return false;
    *minute = (int)(hours * 60 + minutes);
    return true;
}

static bool parse_range(struct slice text, int *from, int *to)
{
    size_t dash = slice_find(text, '-', 0);

    return dash < text.len && quiet_hours_parse_time(slice_trim(slice_sub(text, 0, dash)), from) &&
           quiet_hours_parse_time(slice_trim(slice_sub(text, dash + 1, text.len)), to) &&
           *from<MINUTES_A_DAY && * from != *to && * to> 0;
}

static bool next_range(struct slice *rest, struct slice *range)
{
    size_t end = 0;

    while (end < rest->len && rest->data[end] != ';' && rest->data[end] != ',')
        end++;
    *range = slice_trim(slice_sub(*rest, 0, end));
    *rest = slice_sub(*rest, end + 1, rest->len);
    return range->len > 0;
}

bool quiet_hours_parse(struct quiet_hours *quiet, struct slice text, struct bytes *error)
{
    struct quiet_hours read = {.count = 0};
    struct slice range;

    while (text.len > 0) {
        int from, to;

        if (!next_range(&text, &range) || !parse_range(range, &from, &to)) {
            bytes_printf(error, "'%.*s' is no time of day like 22:00-07:00", (int)range.len,
                         (const char *)range.data);
            return false;
        }
        if (read.count == QUIET_RANGES_MAX) {
            bytes_printf(error, "there are more than %d ranges", QUIET_RANGES_MAX);
            return false;
        }
        read.ranges[read.count].from = from;
        read.ranges[read.count].to = to;
        read.count++;
    }
    *quiet = read;
    return true;
}

bool quiet_hours_at(const struct quiet_hours *quiet, int minute)
{
    for (size_t i = 0; i < quiet->count; i++) {
        int from = quiet->ranges[i].from, to = quiet->ranges[i].to;

        if (from < to ? minute >= from && minute < to : minute >= from || minute < to)
            return true;
    }
    return false;
}

int quiet_hours_lasts(const struct quiet_hours *quiet, int minute)
{
    bool now = quiet_hours_at(quiet, minute);
    int minutes = 1;

    while (minutes < MINUTES_A_DAY &&
           quiet_hours_at(quiet, (minute + minutes) % MINUTES_A_DAY) == now)
        minutes++;
    return minutes;
}
