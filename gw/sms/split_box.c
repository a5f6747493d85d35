/* SPDX-License-Identifier: Apache-2.0 */
/*
 * split_box - the smsbox's stage of splitting, see split.h.
 *
 * Two deviations from Kannel 1.4.5: a cut never goes through a surrogate pair
 * or, in UCS-2, a grapheme cluster; and a piece that is the last has the room of
 * the suffix for itself, so that a message that fits loses nothing.
 */
#include "gw/sms/split.h"
#include "gw/sms/split_walk.h"
#include "gwlib/charset.h"

/* The widest character: an escape pair, a surrogate pair. */
#define CHAR_UNITS_MAX 2

static size_t units(const struct split_box_rules *rules, struct slice content)
{
    return split_units(rules->alphabet, split_tables(rules->udh), content);
}

/* Room of one piece, header and footer included. */
static size_t piece_room(const struct split_box_rules *rules, size_t content_units)
{
    size_t max_octets = rules->max_octets == 0 ? SPLIT_OCTETS_MAX : rules->max_octets;
    size_t udh_len = rules->udh.len;
    size_t room = split_room(rules->alphabet, max_octets, udh_len);
    if (content_units > room && rules->concatenation && rules->max_messages > 1)
        room = split_room(rules->alphabet, max_octets, udh_len + (udh_len == 0 ? 6 : 5));
    return room;
}

void split_box_begin(struct split_box *box, const struct split_box_rules *rules,
                     struct slice content)
{
    size_t trimmings = units(rules, rules->header) + units(rules, rules->footer);
    size_t suffix = units(rules, rules->suffix), whole = units(rules, content);
    size_t room = piece_room(rules, whole + trimmings);
    bool plain = trimmings + suffix + CHAR_UNITS_MAX > room;
    *box = (struct split_box){
        .rules = rules,
        .content = content,
        .tables = split_tables(rules->udh),
        .done = rules->max_messages == 0,
        .lost = rules->max_messages == 0 && content.len > 0,
        .plain = plain,
        .room = plain ? piece_room(rules, whole) : room - trimmings,
        .suffix_units = plain ? 0 : suffix,
    };
}

static void append_text(const struct split_box *box, struct slice text, struct bytes *to)
{
    if (box->rules->alphabet == DCS_GSM7)
        gsm7_append_replaced(to, text, box->tables, '?');
    else
        bytes_append_slice(to, text);
}

static bool is_split_char(const struct split_box_rules *rules, unsigned long code_point)
{
    for (size_t pos = 0; pos < rules->split_chars.len;) {
        if ((unsigned long)charset_utf8_next(rules->split_chars, &pos) == code_point)
            return true;
    }
    return false;
}

/* Back to behind the last of the split characters, if there is one. */
static size_t shorten(const struct split_box *box, const struct split_text *text, size_t end)
{
    size_t good = end;
    if (slice_is_empty(box->rules->split_chars) || text->alphabet == DCS_8BIT)
        return end;
    for (size_t pos = box->pos; pos < end;) {
        unsigned long c;
        split_walk_char(text, &pos, &c);
        if (is_split_char(box->rules, c))
            good = pos;
    }
    return good;
}

static size_t piece_end(const struct split_box *box, bool *last)
{
    struct split_text text = {box->rules->alphabet, box->tables, box->content,
                              box->rules->alphabet == DCS_UCS2};
    size_t used;
    size_t end = split_walk(&text, box->pos, box->room, &used);
    *last = end == box->content.len || box->pieces + 1 == box->rules->max_messages;
    if (*last)
        return end;
    if (box->suffix_units > 0)
        end = split_walk(&text, box->pos, box->room - box->suffix_units, &used);
    return shorten(box, &text, end);
}

static void take_piece(struct split_box *box, struct bytes *to)
{
    const struct split_box_rules *rules = box->rules;
    bool last;
    size_t end = piece_end(box, &last);
    if (!box->plain)
        append_text(box, rules->header, to);
    append_text(box, slice_sub(box->content, box->pos, end - box->pos), to);
    if (!box->plain)
        append_text(box, rules->footer, to);
    if (!box->plain && !last)
        append_text(box, rules->suffix, to);
    box->done = last || end == box->pos;
    box->pos = end;
    box->pieces++;
    box->lost = box->done && end < box->content.len;
}

bool split_box_next(struct split_box *box, struct bytes *to)
{
    if (box->done)
        return false;
    do {
        take_piece(box, to);
    } while (box->rules->concatenation && !box->done);
    return true;
}
