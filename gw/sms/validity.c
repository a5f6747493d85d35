/* SPDX-License-Identifier: Apache-2.0 */
/*
 * validity - see validity.h.
 */
#include "gw/sms/validity.h"

#include <stddef.h>

#define HOUR 60UL
#define DAY  (24 * HOUR)
#define WEEK (7 * DAY)

const char *validity_kind_name(enum validity_kind kind)
{
    static const char *const names[] = {"none", "enhanced", "relative", "absolute"};
    return names[(unsigned)kind & 3];
}

unsigned long validity_minutes(uint8_t code)
{
    if (code <= 143)
        return (code + 1UL) * 5;
    if (code <= 167)
        return 12 * HOUR + (code - 143UL) * 30;
    if (code <= 196)
        return (code - 166UL) * DAY;
    return (code - 192UL) * WEEK;
}

uint8_t validity_code(unsigned long minutes)
{
    unsigned low = 0, high = 255;
    while (low < high) {
        unsigned middle = (low + high) / 2;
        if (validity_minutes((uint8_t)middle) >= minutes)
            high = middle;
        else
            low = middle + 1;
    }
    return (uint8_t)low;
}

static long bcd(unsigned char octet)
{
    unsigned tens = octet & 0xF, units = octet >> 4;
    return tens > 9 || units > 9 ? -1 : (long)(tens * 10 + units);
}

long validity_enhanced_seconds(const unsigned char octets[7], bool *single_shot)
{
    const unsigned char *value = octets + 1 + ((octets[0] & 0x80) != 0 ? 1 : 0);
    if (single_shot != NULL)
        *single_shot = (octets[0] & 0x40) != 0;
    switch (octets[0] & 7) {
    case 1: /* a relative code */
        return (long)validity_minutes(value[0]) * 60;
    case 2:
        return value[0];
    case 3: { /* hours, minutes, seconds */
        long h = bcd(value[0]), m = bcd(value[1]), s = bcd(value[2]);
        return h < 0 || m < 0 || s < 0 ? -1 : (h * 60 + m) * 60 + s;
    }
    default:
        return -1;
    }
}
