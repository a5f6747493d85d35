/* SPDX-License-Identifier: Apache-2.0 */
/*
 * grapheme - where a text may be cut without tearing apart what people see as
 * one character: emoji with modifiers and joiners, flags, letters with combining
 * marks, Hangul syllables (the extended grapheme clusters of Unicode Standard
 * Annex 29). The properties are in grapheme_table.c, made by
 * gw/sms/make-tables.py.
 */
#ifndef GW_SMS_GRAPHEME_H
#define GW_SMS_GRAPHEME_H

#include <stdbool.h>

/* Zero at the beginning of a text. */
struct grapheme_state {
    bool begun;     /* there is a code point before */
    int last;       /* property of the code point before */
    bool emoji;     /* before: a pictograph and its extensions */
    bool odd_flags; /* before: an odd number of regional indicators */
};

/* Feeds the next code point; whether a cluster begins with it. The first code
 * point of a text begins one. */
bool grapheme_begins(struct grapheme_state *state, unsigned long code_point);

#endif
