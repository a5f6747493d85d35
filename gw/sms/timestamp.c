/* SPDX-License-Identifier: Apache-2.0 */
/*
 * timestamp - see timestamp.h. Calendar arithmetic by counting days from
 * 1970-03-01, so that the leap day is the last of its year.
 */
#include "gw/sms/timestamp.h"

#include <stdio.h>
#include <string.h>

#define ZONE_MAX (79 * 15)

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return days[month - 1] + (month == 2 && leap ? 1 : 0);
}

static bool makes_sense(const struct timestamp *t)
{
    return t->year >= 1990 && t->year <= 2089 && t->month >= 1 && t->month <= 12 && t->day >= 1 &&
           t->day <= days_in_month(t->year, t->month) && t->hour <= 23 && t->minute <= 59 &&
           t->second <= 59 && t->zone >= -ZONE_MAX && t->zone <= ZONE_MAX && t->zone % 15 == 0;
}

/* A swapped pair of digits, or 255. */
static inline uint8_t pair(unsigned char octet)
{
    unsigned tens = octet & 0xF, units = octet >> 4;
    return tens > 9 || units > 9 ? 255 : (uint8_t)(tens * 10 + units);
}

static inline unsigned char swapped(int value)
{
    return (unsigned char)(value / 10 | value % 10 << 4);
}

void timestamp_decode(const unsigned char octets[TIMESTAMP_OCTETS], struct timestamp *timestamp)
{
    uint8_t year = pair(octets[0]);
    uint8_t quarters = pair(octets[6] & 0xF7);
    memcpy(timestamp->octets, octets, TIMESTAMP_OCTETS);
    timestamp->year = (int16_t)(year >= 90 ? 1900 + year : 2000 + year);
    timestamp->month = pair(octets[1]);
    timestamp->day = pair(octets[2]);
    timestamp->hour = pair(octets[3]);
    timestamp->minute = pair(octets[4]);
    timestamp->second = pair(octets[5]);
    timestamp->minus = (octets[6] & 0x08) != 0;
    timestamp->zone = (int16_t)(timestamp->minus ? -15 * quarters : 15 * quarters);
    timestamp->valid = year != 255 && quarters != 255 && makes_sense(timestamp);
}

void timestamp_encode(const struct timestamp *timestamp, unsigned char octets[TIMESTAMP_OCTETS])
{
    if (!timestamp->valid) {
        memcpy(octets, timestamp->octets, TIMESTAMP_OCTETS);
        return;
    }
    int zone = timestamp->zone < 0 ? -timestamp->zone : timestamp->zone;
    octets[0] = swapped(timestamp->year % 100);
    octets[1] = swapped(timestamp->month);
    octets[2] = swapped(timestamp->day);
    octets[3] = swapped(timestamp->hour);
    octets[4] = swapped(timestamp->minute);
    octets[5] = swapped(timestamp->second);
    octets[6] =
        (unsigned char)(swapped(zone / 15) | (timestamp->zone < 0 || timestamp->minus ? 0x08 : 0));
}

/* --- seconds --------------------------------------------------------------------- */

/* Days since 1970-01-01 of a date of the Gregorian calendar. */
static int64_t days_from_date(int year, int month, int day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t m = month <= 2 ? month + 9 : month - 3; /* March is 0 */
    int64_t day_of_year = (153 * m + 2) / 5 + day - 1;
    return y * 365 + y / 4 - y / 100 + y / 400 + day_of_year - 719468;
}

int64_t timestamp_to_unix(const struct timestamp *t)
{
    int64_t days = days_from_date(t->year, t->month, t->day);
    return ((days * 24 + t->hour) * 60 + t->minute - t->zone) * 60 + t->second;
}

bool timestamp_from_unix(int64_t seconds, int zone, struct timestamp *timestamp)
{
    if (seconds < 600000000 || seconds > 4000000000 || zone < -ZONE_MAX || zone > ZONE_MAX ||
        zone % 15 != 0)
        return false;
    int64_t local = seconds + (int64_t)zone * 60, days = local / 86400, rest = local % 86400;
    struct timestamp t = {.zone = (int16_t)zone, .minus = zone < 0, .month = 12};
    t.year = (int16_t)(1970 + days / 365);
    while (days_from_date(t.year, 1, 1) > days)
        t.year--;
    while (days_from_date(t.year, t.month, 1) > days)
        t.month--;
    t.day = (uint8_t)(days - days_from_date(t.year, t.month, 1) + 1);
    t.hour = (uint8_t)(rest / 3600);
    t.minute = (uint8_t)(rest / 60 % 60);
    t.second = (uint8_t)(rest % 60);
    t.valid = makes_sense(&t);
    if (!t.valid)
        return false;
    timestamp_encode(&t, t.octets);
    *timestamp = t;
    return true;
}

/* --- text ----------------------------------------------------------------------------- */

size_t timestamp_format(const struct timestamp *t, char text[TIMESTAMP_TEXT_MAX])
{
    if (!t->valid) {
        text[0] = 0;
        return 0;
    }
    int zone = t->zone < 0 ? -t->zone : t->zone;
    snprintf(text, TIMESTAMP_TEXT_MAX, "%04u-%02u-%02uT%02u:%02u:%02u%c%02u:%02u",
             (unsigned)t->year % 10000, t->month % 100U, t->day % 100U, t->hour % 100U,
             t->minute % 100U, t->second % 100U, t->minus || t->zone < 0 ? '-' : '+',
             (unsigned)zone / 60 % 100, (unsigned)zone % 60);
    return strlen(text);
}

/* n digits at text[pos] as a number, or -1. */
static int digits_at(struct slice text, size_t pos, size_t n)
{
    int value = 0;
    for (size_t i = pos; i < pos + n; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return -1;
        value = value * 10 + (text.data[i] - '0');
    }
    return value;
}

static bool zone_parse(struct slice text, struct timestamp *t)
{
    if (text.len == 1 && (text.data[0] == 'Z' || text.data[0] == 'z'))
        return true;
    if (text.len != 6 || text.data[3] != ':' || (text.data[0] != '+' && text.data[0] != '-'))
        return false;
    int hours = digits_at(text, 1, 2), minutes = digits_at(text, 4, 2);
    if (hours < 0 || minutes < 0 || minutes > 59)
        return false;
    t->minus = text.data[0] == '-';
    t->zone = (int16_t)((hours * 60 + minutes) * (t->minus ? -1 : 1));
    return true;
}

bool timestamp_parse(struct slice text, struct timestamp *timestamp)
{
    static const char form[] = "dddd-dd-ddTdd:dd:dd";
    if (text.len < sizeof(form))
        return false;
    for (size_t i = 0; i < sizeof(form) - 1; i++) {
        bool same = form[i] == 'd' ? digits_at(text, i, 1) >= 0
                                   : text.data[i] == form[i] || (i == 10 && text.data[i] == ' ');
        if (!same)
            return false;
    }
    struct timestamp t = {
        .year = (int16_t)digits_at(text, 0, 4),
        .month = (uint8_t)digits_at(text, 5, 2),
        .day = (uint8_t)digits_at(text, 8, 2),
        .hour = (uint8_t)digits_at(text, 11, 2),
        .minute = (uint8_t)digits_at(text, 14, 2),
        .second = (uint8_t)digits_at(text, 17, 2),
    };
    t.valid = zone_parse(slice_sub(text, sizeof(form) - 1, text.len), &t) && makes_sense(&t);
    if (!t.valid)
        return false;
    timestamp_encode(&t, t.octets);
    *timestamp = t;
    return true;
}
