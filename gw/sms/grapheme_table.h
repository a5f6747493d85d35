/* SPDX-License-Identifier: Apache-2.0 */
/*
 * grapheme_table - properties of code points behind grapheme.c. Only grapheme.c
 * uses this. What is not in a range has none.
 */
#ifndef GW_SMS_GRAPHEME_TABLE_H
#define GW_SMS_GRAPHEME_TABLE_H

#include <stddef.h>
#include <stdint.h>

enum grapheme_property {
    GRAPHEME_NONE,
    GRAPHEME_CR,
    GRAPHEME_LF,
    GRAPHEME_CONTROL,
    GRAPHEME_EXTEND,
    GRAPHEME_ZWJ,
    GRAPHEME_FLAG, /* regional indicator */
    GRAPHEME_PREPEND,
    GRAPHEME_SPACING,
    GRAPHEME_PICTOGRAPH,
    GRAPHEME_HANGUL_L,
    GRAPHEME_HANGUL_V,
    GRAPHEME_HANGUL_T,
    GRAPHEME_HANGUL_LV_OR_LVT /* grapheme.c tells which */
};

struct grapheme_range {
    uint32_t first, last;
    enum grapheme_property property;
};

extern const struct grapheme_range grapheme_table[];
extern const size_t grapheme_table_count;

#endif
