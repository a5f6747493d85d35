/* SPDX-License-Identifier: Apache-2.0 */
/*
 * split_walk - see split_walk.h.
 */
#include "gw/sms/split_walk.h"

#include "gw/sms/grapheme.h"
#include "gwlib/charset.h"

static unsigned long unit_at(struct slice content, size_t pos)
{
    return (unsigned long)content.data[pos] << 8 | content.data[pos + 1];
}

static size_t utf16_char(struct slice content, size_t *pos, unsigned long *code_point)
{
    size_t left = content.len - *pos;
    if (left < 2) { /* half a unit */
        *code_point = 0xFFFD;
        *pos += left;
        return 1;
    }
    *code_point = unit_at(content, *pos);
    *pos += 2;
    if ((*code_point & 0xFC00) != 0xD800 || left < 4)
        return 1;
    unsigned long low = unit_at(content, *pos);
    if ((low & 0xFC00) != 0xDC00)
        return 1;
    *code_point = 0x10000 + ((*code_point & 0x3FF) << 10) + (low & 0x3FF);
    *pos += 2;
    return 2;
}

size_t split_walk_char(const struct split_text *text, size_t *pos, unsigned long *code_point)
{
    switch (text->alphabet) {
    case DCS_UCS2:
        return utf16_char(text->content, pos, code_point);
    case DCS_8BIT:
        *code_point = text->content.data[(*pos)++];
        return 1;
    case DCS_GSM7:
        break;
    }
    *code_point = (unsigned long)charset_utf8_next(text->content, pos);
    return gsm7_cost(*code_point, text->tables) == 2 ? 2 : 1;
}

/* A cluster as far as the walk has come. */
struct cluster {
    struct grapheme_state state;
    size_t begin;
    size_t units;
    size_t units_before; /* of the piece, up to its beginning */
};

/* Whether the cluster, which goes on at pos, takes at most room units. */
static bool cluster_fits(const struct split_text *text, struct cluster cluster, size_t pos,
                         size_t room)
{
    while (pos < text->content.len && cluster.units <= room) {
        unsigned long c;
        size_t units = split_walk_char(text, &pos, &c);
        if (grapheme_begins(&cluster.state, c))
            break;
        cluster.units += units;
    }
    return cluster.units <= room;
}

/* Notes the character; whether it begins a cluster. */
static bool cluster_follow(struct cluster *cluster, size_t begin, unsigned long code_point,
                           size_t units, size_t used)
{
    bool begins = grapheme_begins(&cluster->state, code_point);
    if (begins) {
        cluster->begin = begin;
        cluster->units = 0;
        cluster->units_before = used;
    }
    cluster->units += units;
    return begins;
}

/* The character at `begin` does not fit any more: where to end instead. */
static size_t step_back(const struct split_text *text, size_t start, size_t begin, size_t room,
                        const struct cluster *cluster, size_t *used)
{
    struct cluster next = *cluster;
    unsigned long c;
    size_t pos = begin, units = split_walk_char(text, &pos, &c);
    bool begins = cluster_follow(&next, begin, c, units, *used);
    if (begins || cluster->begin == start || !cluster_fits(text, next, pos, room))
        return begin;
    *used = cluster->units_before;
    return cluster->begin;
}

static size_t walk_chars(const struct split_text *text, size_t start, size_t room, size_t *used)
{
    struct cluster cluster = {.begin = start};
    size_t pos = start;
    *used = 0;
    while (pos < text->content.len) {
        size_t begin = pos;
        unsigned long c;
        size_t units = split_walk_char(text, &pos, &c);
        if (*used + units > room)
            return text->keep_clusters ? step_back(text, start, begin, room, &cluster, used)
                                       : begin;
        if (text->keep_clusters)
            cluster_follow(&cluster, begin, c, units, *used);
        *used += units;
    }
    return pos;
}

size_t split_walk(const struct split_text *text, size_t start, size_t room, size_t *used)
{
    size_t left = text->content.len - start;
    if (text->alphabet != DCS_8BIT)
        return walk_chars(text, start, room, used);
    *used = left < room ? left : room;
    return start + *used;
}
