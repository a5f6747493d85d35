/* SPDX-License-Identifier: Apache-2.0 */
/*
 * grapheme - see grapheme.h: the rules GB1..GB13 of UAX 29, for one code point
 * at a time.
 */
#include "gw/sms/grapheme.h"

#include "gw/sms/grapheme_table.h"

static enum grapheme_property property(unsigned long code_point)
{
    size_t low = 0, high = grapheme_table_count;
    if (code_point >= 0x20 && code_point < 0x7F)
        return GRAPHEME_NONE;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (code_point < grapheme_table[middle].first)
            high = middle;
        else if (code_point > grapheme_table[middle].last)
            low = middle + 1;
        else
            return grapheme_table[middle].property;
    }
    return GRAPHEME_NONE;
}

static bool hangul_is_lv(unsigned long code_point)
{
    return (code_point - 0xAC00) % 28 == 0;
}

static bool is_control(int p)
{
    return p == GRAPHEME_CR || p == GRAPHEME_LF || p == GRAPHEME_CONTROL;
}

/* GB6..GB8. After a precomposed syllable `last` is that of its last letter. */
static bool hangul_joins(int last, int p)
{
    switch (last) {
    case GRAPHEME_HANGUL_L:
        return p == GRAPHEME_HANGUL_L || p == GRAPHEME_HANGUL_V || p == GRAPHEME_HANGUL_LV_OR_LVT;
    case GRAPHEME_HANGUL_V:
        return p == GRAPHEME_HANGUL_V || p == GRAPHEME_HANGUL_T;
    case GRAPHEME_HANGUL_T:
        return p == GRAPHEME_HANGUL_T;
    default:
        return false;
    }
}

static bool joins(const struct grapheme_state *state, int p)
{
    if (state->last == GRAPHEME_CR && p == GRAPHEME_LF)
        return true;
    if (is_control(state->last) || is_control(p))
        return false;
    if (hangul_joins(state->last, p))
        return true;
    if (p == GRAPHEME_EXTEND || p == GRAPHEME_ZWJ || p == GRAPHEME_SPACING)
        return true;
    if (state->last == GRAPHEME_PREPEND)
        return true;
    if (state->last == GRAPHEME_ZWJ && p == GRAPHEME_PICTOGRAPH && state->emoji)
        return true;
    return p == GRAPHEME_FLAG && state->odd_flags;
}

bool grapheme_begins(struct grapheme_state *state, unsigned long code_point)
{
    int p = (int)property(code_point);
    bool first = !state->begun;
    bool begins = first || !joins(state, p);
    state->begun = true;
    state->odd_flags = p == GRAPHEME_FLAG && !(state->odd_flags && !begins);
    state->emoji =
        p == GRAPHEME_PICTOGRAPH || (state->emoji && (p == GRAPHEME_EXTEND || p == GRAPHEME_ZWJ));
    if (p == GRAPHEME_HANGUL_LV_OR_LVT)
        p = hangul_is_lv(code_point) ? GRAPHEME_HANGUL_V : GRAPHEME_HANGUL_T;
    state->last = p;
    return begins;
}
