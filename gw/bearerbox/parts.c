/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An MT as one connection sends it: see parts.h. The cutting itself is in
 * gw/sms/split.
 */
#include "gw/bearerbox/parts.h"

#include <stdlib.h>

#include "gw/bearerbox/numbers.h"
#include "gw/sms/split.h"
#include "gwlib/memory.h"

static void cut(struct parts *parts, const struct sms *sms, const struct split_plan *plan)
{
    parts->messages = memory_zalloc(plan->parts, sizeof *parts->messages);
    parts->count = (int)plan->parts;
    for (unsigned i = 0; i < plan->parts; i++) {
        struct sms part = *sms;
        struct udh udh = {0};

        split_part_udh(plan, i, &udh);
        part.udhdata = udh_slice(&udh);
        part.msgdata = split_part_content(plan, i);
        part.msg_left = (int32_t)(plan->parts - 1 - i);
        part.coding = (int32_t)sms_coding(sms);
        parts->messages[i] = message_create(&part);
    }
}

static void keep_whole(struct parts *parts, struct message *message, const struct sms *sms)
{
    bool changed = sms->receiver.data != message_sms(message)->receiver.data;

    parts->messages = memory_zalloc(1, sizeof *parts->messages);
    parts->messages[0] = changed ? message_create(sms) : message_ref(message);
    parts->count = 1;
}

struct parts parts_make(struct message *message, size_t max_octets, int reference,
                        const char *unified_prefix)
{
    struct sms sms = *message_sms(message);
    struct parts parts = {NULL, 0};
    struct bytes receiver = {0};
    struct split_plan plan;
    struct sms_fault fault;
    struct split_rules rules = {
        .alphabet = (enum dcs_alphabet)sms_coding(&sms),
        .tables = GSM7_DEFAULT,
        .udh = sms.udhdata,
        .max_octets = max_octets,
        .ref = (uint16_t)(reference & 0xff),
        .ref_bits = 8,
    };

    if (numbers_unify(unified_prefix, sms.receiver, &receiver))
        sms.receiver = bytes_slice(&receiver);
    if (split_plan(&plan, &rules, sms.msgdata, &fault)) {
        if (plan.parts > 1)
            cut(&parts, &sms, &plan);
        else
            keep_whole(&parts, message, &sms);
    }
    bytes_free(&receiver);
    return parts;
}

void parts_free(struct parts *parts)
{
    for (int i = 0; i < parts->count; i++)
        message_unref(parts->messages[i]);
    free(parts->messages);
    parts->messages = NULL;
    parts->count = 0;
}
