/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which PDUs were stored lately: see seen.h.
 */
#include "gw/smsc/at/seen.h"

#include "gwlib/clock.h"

#define KEPT_MS 600000

bool at_seen_before(struct at_seen *seen, struct slice pdu)
{
    uint64_t wanted = slice_hash(pdu);
    int64_t now = clock_monotonic_ms();

    for (size_t i = 0; i < AT_SEEN_PLACES; i++)
        if (seen->places[i].hash == wanted && seen->places[i].until > now) {
            seen->places[i].until = now + KEPT_MS;
            return true;
        }
    return false;
}

void at_seen_note(struct at_seen *seen, struct slice pdu)
{
    seen->places[seen->next].hash = slice_hash(pdu);
    seen->places[seen->next].until = clock_monotonic_ms() + KEPT_MS;
    seen->next = (seen->next + 1) % AT_SEEN_PLACES;
}

void at_left_note(struct at_left *left, struct slice pdu)
{
    if (left->count < AT_LEFT_MAX && !at_left_has(left, pdu))
        left->hashes[left->count++] = slice_hash(pdu);
}

bool at_left_has(const struct at_left *left, struct slice pdu)
{
    uint64_t wanted = slice_hash(pdu);

    for (size_t i = 0; i < left->count; i++)
        if (left->hashes[i] == wanted)
            return true;
    return false;
}
