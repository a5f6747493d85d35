/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any octets as a long message, cut by rules that the first octets choose: the
 * parts make the whole and none is too long; the pieces of the smsbox are as
 * many as allowed.
 */
#include <stdlib.h>

#include "gw/sms/split.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_parts(const struct split_plan *plan, const struct split_rules *rules)
{
    size_t at = 0;
    for (unsigned i = 0; i < plan->parts; i++) {
        struct udh udh;
        struct slice piece = split_part_content(plan, i);
        split_part_udh(plan, i, &udh);
        size_t units = split_units(rules->alphabet, rules->tables, piece);
        if (!udh_check(udh_slice(&udh), NULL) || plan->cut[i] != at ||
            units > split_room(rules->alphabet, rules->max_octets, udh.len))
            abort();
        at += piece.len;
    }
    if (at != plan->content.len)
        abort();
}

static void try_box(enum dcs_alphabet alphabet, const uint8_t *choice, struct slice content)
{
    struct split_box box;
    struct bytes piece = {0};
    unsigned messages = 0;
    struct split_box_rules rules = {
        .alphabet = alphabet,
        .max_octets = 10 + choice[1] % 131,
        .max_messages = choice[2],
        .concatenation = choice[3] & 1,
        .header = choice[3] & 2 ? slice_str("<>") : slice_unset(),
        .footer = choice[3] & 4 ? slice_sub(content, 0, 2) : slice_unset(),
        .suffix = choice[3] & 8 ? slice_str("....") : slice_unset(),
        .split_chars = choice[3] & 16 ? slice_str(" .,\xC3\xA9") : slice_unset(),
    };
    split_box_begin(&box, &rules, content);
    while (split_box_next(&box, &piece)) {
        size_t units = split_units(alphabet, GSM7_DEFAULT, bytes_slice(&piece));
        if (!rules.concatenation && units > split_room(alphabet, rules.max_octets, 0))
            abort();
        bytes_clear(&piece);
        messages++;
    }
    if (messages > rules.max_messages || box.pieces > rules.max_messages ||
        (rules.concatenation && messages > 1) || box.lost != (box.pos < content.len))
        abort();
    bytes_free(&piece);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct split_plan plan;
    if (size < 6)
        return 0;
    size_t udh_len = data[4] % 30;
    struct slice input = slice_of(data + 6, size - 6);
    struct split_rules rules = {.alphabet = (enum dcs_alphabet)(data[0] % 3),
                                .tables = {data[5] % 16, data[5] >> 4},
                                .udh = slice_sub(input, 0, udh_len),
                                .max_octets = 1 + data[1] % 140,
                                .ref = data[2],
                                .ref_bits = data[3] & 32 ? 16 : 8,
                                .concat_first = (data[3] & 64) != 0,
                                .greedy = (data[3] & 128) != 0};
    struct slice content = slice_sub(input, udh_len, input.len);
    if (split_plan(&plan, &rules, content, NULL))
        check_parts(&plan, &rules);
    try_box(rules.alphabet, data, content);
    return 0;
}
