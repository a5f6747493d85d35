/* SPDX-License-Identifier: Apache-2.0 */
/*
 * join - the state machine of join.h. A storage in memory is in join_memory.c.
 */
#include "gw/sms/join.h"

#include "gw/sms/utf16.h"
#include "gwlib/log.h"

const char *join_verdict_name(enum join_verdict verdict)
{
    static const char *const names[] = {"wait", "complete", "duplicate", "late-duplicate"};
    return (size_t)verdict < sizeof(names) / sizeof(names[0]) ? names[verdict] : "unknown";
}

static struct join_outcome fill(struct join_set *set, struct join_slot *slot, uint64_t digest,
                                int64_t handle, int64_t now_ms)
{
    if (set->filled == 0)
        set->begun_ms = now_ms;
    *slot = (struct join_slot){true, digest, handle};
    set->changed_ms = now_ms;
    set->filled++;
    set->complete = set->filled == set->total;
    return (struct join_outcome){set->complete ? JOIN_COMPLETE : JOIN_WAIT, set, NULL};
}

/* The sender uses the reference again: the old set goes, a new one begins. */
static struct join_outcome begin_again(const struct join_storage *storage,
                                       const struct join_key *key, struct join_set *old,
                                       uint64_t digest, int64_t handle, int64_t now_ms)
{
    struct join_set *abandoned = NULL;
    if (old->complete) {
        storage->drop(storage->context, old);
    } else {
        storage->detach(storage->context, old);
        abandoned = old;
    }
    struct join_set *set = storage->create(storage->context, key);
    struct join_outcome outcome =
        fill(set, &set->slots[key->concat.part - 1], digest, handle, now_ms);
    outcome.abandoned = abandoned;
    return outcome;
}

struct join_outcome join_offer(const struct join_storage *storage, const struct join_key *key,
                               uint64_t digest, int64_t handle, int64_t now_ms)
{
    LOG_ASSERT(key->concat.part >= 1 && key->concat.part <= key->concat.total);
    struct join_set *set = storage->find(storage->context, key);
    if (set == NULL)
        set = storage->create(storage->context, key);
    struct join_slot *slot = &set->slots[key->concat.part - 1];
    if (!slot->filled)
        return fill(set, slot, digest, handle, now_ms);
    if (slot->digest != digest)
        return begin_again(storage, key, set, digest, handle, now_ms);
    return (struct join_outcome){set->complete ? JOIN_LATE_DUPLICATE : JOIN_DUPLICATE, set, NULL};
}

/* --- content ------------------------------------------------------------------------ */

/* FNV-1a; the length in front keeps header and content apart. */
static uint64_t mix(uint64_t hash, struct slice octets)
{
    const uint64_t prime = 0x100000001B3;
    hash = (hash ^ octets.len) * prime;
    for (size_t i = 0; i < octets.len; i++)
        hash = (hash ^ octets.data[i]) * prime;
    return hash;
}

uint64_t join_digest(struct slice udh, struct slice content)
{
    return mix(mix(0xCBF29CE484222325, udh), content);
}

enum dcs_alphabet join_alphabet(enum dcs_alphabet whole, enum dcs_alphabet part)
{
    return whole == part ? whole : DCS_UCS2;
}

static void append_as_ucs2(struct bytes *to, enum dcs_alphabet part, struct slice content)
{
    if (content.len == 0)
        return;
    if (part == DCS_GSM7) {
        size_t octets = utf16_count(content);
        bytes_reserve(to, octets);
        to->len += utf16_from_utf8(content, to->data + to->len, octets);
        return;
    }
    for (size_t i = 0; i < content.len; i++) {
        bytes_append_char(to, 0);
        bytes_append_char(to, content.data[i]);
    }
}

void join_append(struct bytes *to, enum dcs_alphabet whole, enum dcs_alphabet part,
                 struct slice content)
{
    if (whole == DCS_UCS2 && part != DCS_UCS2)
        append_as_ucs2(to, part, content);
    else
        bytes_append_slice(to, content);
}
