/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any octets as a stream of parts (three octets each: whose, which, what) and
 * passing time: a set is complete exactly when all of its parts are there, a part
 * that is told to be a duplicate is one, and nothing is lost or leaked.
 */
#include <stdlib.h>

#include "gw/sms/join.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_set(const struct join_set *set)
{
    unsigned filled = 0;
    for (unsigned i = 0; i < set->total; i++)
        filled += set->slots[i].filled ? 1 : 0;
    if (filled != set->filled || set->complete != (filled == set->total))
        abort();
}

static void offer(struct join_memory *memory, const uint8_t *octets, int64_t now)
{
    static const char *const names[] = {"", "1", "12", "+4917"};
    const struct join_storage *storage = join_memory_storage(memory);
    uint8_t total = (uint8_t)(1 + octets[1] % 4);
    struct join_key key = {.sender = slice_str(names[octets[0] & 3]),
                           .receiver = slice_str(names[octets[0] >> 2 & 3]),
                           .smsc = slice_str(names[octets[0] >> 4 & 1]),
                           .concat = {.bits = octets[0] & 32 ? 16 : 8,
                                      .total = total,
                                      .part = (uint8_t)(1 + octets[1] / 4 % total),
                                      .ref = octets[0] >> 6}};
    struct join_outcome outcome = join_offer(storage, &key, octets[2] % 3, now, now);
    check_set(outcome.set);
    if ((outcome.verdict == JOIN_COMPLETE || outcome.verdict == JOIN_LATE_DUPLICATE) !=
        outcome.set->complete)
        abort();
    if (outcome.set->slots[key.concat.part - 1].digest != octets[2] % 3)
        abort();
    if (outcome.abandoned != NULL) {
        check_set(outcome.abandoned);
        if (outcome.abandoned->complete)
            abort();
        storage->drop(storage->context, outcome.abandoned);
    }
}

static void expire(struct join_memory *memory, int64_t now)
{
    const struct join_storage *storage = join_memory_storage(memory);
    struct join_set *set;
    while ((set = join_memory_expired(memory, now - 20, now - 10)) != NULL) {
        check_set(set);
        storage->drop(storage->context, set);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct join_memory *memory = join_memory_create();
    for (size_t i = 0; i + 3 <= size; i += 3) {
        offer(memory, data + i, (int64_t)i);
        if (data[i + 2] > 250)
            expire(memory, (int64_t)i);
    }
    join_memory_free(memory);
    return 0;
}
