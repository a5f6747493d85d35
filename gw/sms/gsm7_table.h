/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gsm7_table - the alphabets behind gsm7.c. Only gsm7.c uses this.
 */
#ifndef GW_SMS_GSM7_TABLE_H
#define GW_SMS_GSM7_TABLE_H

#include "gw/sms/gsm7.h"

/* Code points below this have a place in the direct table. */
#define GSM7_DIRECT 0x3AA
/* Values of the direct table: a septet, GSM7_ESCAPED | septet (never 0x7F), or
 * GSM7_NOWHERE. */
#define GSM7_ESCAPED 0x80
#define GSM7_NOWHERE 0xFF

struct gsm7_place {
    uint16_t code_point;
    uint8_t septet;
};

struct gsm7_reverse {
    const struct gsm7_place *places; /* by code point */
    size_t count;                    /* 0: the language has no such table */
};

/* Code points; 0: empty place. */
extern const uint16_t gsm7_table_locking[GSM7_LANGUAGES][128];
extern const uint16_t gsm7_table_shift[GSM7_LANGUAGES][128];
extern const struct gsm7_reverse gsm7_table_locking_reverse[GSM7_LANGUAGES];
extern const struct gsm7_reverse gsm7_table_shift_reverse[GSM7_LANGUAGES];
/* The default alphabet with its extension, without the euro sign. */
extern const uint8_t gsm7_table_direct[GSM7_DIRECT];
extern const char *const gsm7_table_names[GSM7_LANGUAGES];

#endif
