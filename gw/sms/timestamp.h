/* SPDX-License-Identifier: Apache-2.0 */
/*
 * timestamp - the seven octets of TP-SCTS, TP-DT and the absolute TP-VP (3GPP TS
 * 23.040 section 9.2.3.11): local time with its offset from UTC in quarters of
 * an hour. Years 90..99 are 19xx. Networks do send nonsense here; that is told
 * by `valid` and never spoils a message.
 */
#ifndef GW_SMS_TIMESTAMP_H
#define GW_SMS_TIMESTAMP_H

#include <stdbool.h>
#include <stdint.h>

#include "gwlib/bytes.h"

#define TIMESTAMP_OCTETS   7
#define TIMESTAMP_TEXT_MAX 26 /* "2024-02-29T01:02:03-00:45" and NUL */

struct timestamp {
    bool valid; /* false: nothing but octets means anything */
    uint8_t month, day, hour, minute, second;
    int16_t year;
    int16_t zone; /* minutes east of UTC, a multiple of 15 */
    bool minus;   /* the sign as sent: "-00:00" is possible */
    unsigned char octets[TIMESTAMP_OCTETS];
};

void timestamp_decode(const unsigned char octets[TIMESTAMP_OCTETS], struct timestamp *timestamp);

/* From the fields; an invalid one writes its octets. */
void timestamp_encode(const struct timestamp *timestamp, unsigned char octets[TIMESTAMP_OCTETS]);

/* Seconds since 1970, UTC; only when valid. */
int64_t timestamp_to_unix(const struct timestamp *timestamp);
/* false (untouched) for a time outside 1990..2089 or a zone beyond +-19:45. */
bool timestamp_from_unix(int64_t seconds, int zone, struct timestamp *timestamp);

/* ISO 8601 with offset; "" when invalid. Returns the length. */
size_t timestamp_format(const struct timestamp *timestamp, char text[TIMESTAMP_TEXT_MAX]);
/* Reads that form; the offset may be Z. */
bool timestamp_parse(struct slice text, struct timestamp *timestamp);

#endif
