/* SPDX-License-Identifier: Apache-2.0 */
/*
 * split_walk - how far one part reaches into a content. Only split.c and
 * split_box.c use this.
 */
#ifndef GW_SMS_SPLIT_WALK_H
#define GW_SMS_SPLIT_WALK_H

#include "gw/sms/split.h"

/* The national tables that a header names, as far as they exist. */
struct gsm7_tables split_tables(struct slice udh);

struct split_text {
    enum dcs_alphabet alphabet;
    struct gsm7_tables tables;
    struct slice content;
    bool keep_clusters;
};

/* The character at *pos, and *pos moved past it: its units, and its code point
 * (an octet, for DCS_8BIT). pos must be before the end. */
size_t split_walk_char(const struct split_text *text, size_t *pos, unsigned long *code_point);

/*
 * The end of the piece that begins at `start` and has room for so many units;
 * *used is what it takes. `start` itself when not even one character fits.
 */
size_t split_walk(const struct split_text *text, size_t start, size_t room, size_t *used);

#endif
