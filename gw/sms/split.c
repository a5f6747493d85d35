/* SPDX-License-Identifier: Apache-2.0 */
/*
 * split - see split.h: the arithmetic of parts, and the bearerbox's stage. The
 * smsbox's stage is in split_box.c.
 */
#include "gw/sms/split.h"

#include "gw/sms/split_walk.h"

size_t split_room(enum dcs_alphabet alphabet, size_t max_octets, size_t udh_len)
{
    size_t octets = max_octets > udh_len ? max_octets - udh_len : 0;
    switch (alphabet) {
    case DCS_8BIT:
        return octets;
    case DCS_UCS2:
        return octets / 2;
    case DCS_GSM7:
        break;
    }
    return octets * 8 / 7;
}

size_t split_units(enum dcs_alphabet alphabet, struct gsm7_tables tables, struct slice content)
{
    if (alphabet == DCS_GSM7)
        return gsm7_count(content, tables);
    return alphabet == DCS_UCS2 ? (content.len + 1) / 2 : content.len;
}

struct gsm7_tables split_tables(struct slice udh)
{
    struct udh_info info;
    udh_read(udh, &info);
    return info.tables;
}

static size_t added_by_concat(const struct split_rules *rules)
{
    return (rules->ref_bits == 16 ? 6U : 5U) + (rules->udh.len == 0 ? 1U : 0U);
}

/* The greedy walk over the content. */
static bool cut(struct split_plan *plan, const struct split_text *text, struct sms_fault *fault)
{
    size_t pos = 0;
    plan->parts = 0;
    while (pos < text->content.len) {
        if (plan->parts == SPLIT_PARTS_MAX)
            return sms_fault(fault, pos, "message longer than 255 parts");
        size_t end = split_walk(text, pos, plan->room, &plan->last_units);
        if (end == pos)
            return sms_fault(fault, pos, "no room for a character beside the header");
        plan->cut[plan->parts++] = pos;
        pos = end;
    }
    plan->cut[plan->parts] = pos;
    return true;
}

static bool cut_with_concat(struct split_plan *plan, size_t max_octets, struct sms_fault *fault)
{
    const struct split_rules *rules = plan->rules;
    struct split_text text = {rules->alphabet, plan->tables, plan->content, !rules->greedy};
    struct udh_info info;
    udh_read(rules->udh, &info);
    if (info.concat.bits != 0)
        return sms_fault(fault, 0, "one part of a long message is itself too long");
    plan->room = split_room(rules->alphabet, max_octets, rules->udh.len + added_by_concat(rules));
    return cut(plan, &text, fault);
}

bool split_plan(struct split_plan *plan, const struct split_rules *rules, struct slice content,
                struct sms_fault *fault)
{
    size_t max_octets = rules->max_octets == 0 ? SPLIT_OCTETS_MAX : rules->max_octets;
    if (!udh_check(rules->udh, fault))
        return false;
    plan->rules = rules;
    plan->content = content;
    plan->tables = rules->tables;
    if (plan->tables.locking == 0 && plan->tables.shift == 0)
        plan->tables = split_tables(rules->udh);
    plan->units = split_units(rules->alphabet, plan->tables, content);
    plan->room = split_room(rules->alphabet, max_octets, rules->udh.len);
    if (plan->units > plan->room)
        return cut_with_concat(plan, max_octets, fault);
    plan->parts = 1;
    plan->last_units = plan->units;
    plan->cut[0] = 0;
    plan->cut[1] = content.len;
    return true;
}

void split_part_udh(const struct split_plan *plan, unsigned i, struct udh *udh)
{
    const struct split_rules *rules = plan->rules;
    struct udh_concat concat = {.bits = rules->ref_bits == 16 ? 16 : 8,
                                .total = (uint8_t)plan->parts,
                                .part = (uint8_t)(i + 1),
                                .ref = rules->ref};
    udh->len = 0;
    if (plan->parts == 1 || !rules->concat_first)
        udh_set(udh, rules->udh, NULL);
    if (plan->parts == 1)
        return;
    udh_add_concat(udh, &concat);
    if (rules->concat_first) {
        struct udh_element element;
        for (size_t pos = 0; udh_next(rules->udh, &pos, &element);)
            udh_add(udh, element.id, element.data);
    }
}

struct slice split_part_content(const struct split_plan *plan, unsigned i)
{
    return slice_sub(plan->content, plan->cut[i], plan->cut[i + 1] - plan->cut[i]);
}
