/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers a minute: see loop_guard.h. The hash keeps its entries in the order in
 * which their minutes began.
 */
#include "gw/smsbox/loop_guard.h"

#include <stdlib.h>
#include <uthash.h>

#include "gwlib/memory.h"

#define NUMBER_MAX 64 /* octets of a number that count */

/* Who said what; no padding between the two. */
struct saying {
    char number[NUMBER_MAX];
    uint64_t text; /* hashed */
};

struct peer {
    struct saying saying;
    int64_t since_ms;
    long answers;
    bool refused;
    UT_hash_handle hh;
};

struct loop_guard {
    long most;
    struct peer *peers;
};

struct loop_guard *loop_guard_create(long answers)
{
    struct loop_guard *guard = memory_zalloc(1, sizeof *guard);

    guard->most = answers;
    return guard;
}

static void forget(struct loop_guard *guard, struct peer *peer)
{
    HASH_DEL(guard->peers, peer);
    free(peer);
}

void loop_guard_free(struct loop_guard *guard)
{
    if (guard == NULL)
        return;
    while (guard->peers != NULL)
        forget(guard, guard->peers);
    free(guard);
}

static struct saying saying_of(struct slice number, struct slice text)
{
    struct saying saying = {.text = UINT64_C(14695981039346656037)};

    number = slice_sub(number, 0, NUMBER_MAX);
    memcpy(saying.number, number.data, number.len);
    for (size_t i = 0; i < text.len; i++)
        saying.text = (saying.text ^ text.data[i]) * UINT64_C(1099511628211);
    return saying;
}

static struct peer *begin_minute(struct loop_guard *guard, const struct saying *saying,
                                 int64_t now_ms)
{
    struct peer *peer = memory_zalloc(1, sizeof *peer);

    if (HASH_COUNT(guard->peers) >= LOOP_GUARD_PEERS)
        forget(guard, guard->peers);
    peer->saying = *saying;
    peer->since_ms = now_ms;
    HASH_ADD(hh, guard->peers, saying, sizeof peer->saying, peer);
    return peer;
}

bool loop_guard_allows(struct loop_guard *guard, struct slice number, struct slice text,
                       int64_t now_ms, bool *first_refused)
{
    struct saying saying;
    struct peer *peer;

    *first_refused = false;
    if (guard->most <= 0 || number.len == 0)
        return true;
    saying = saying_of(number, text);
    HASH_FIND(hh, guard->peers, &saying, sizeof saying, peer);
    if (peer != NULL && now_ms - peer->since_ms >= LOOP_GUARD_MINUTE_MS) {
        forget(guard, peer);
        peer = NULL;
    }
    if (peer == NULL)
        peer = begin_minute(guard, &saying, now_ms);
    if (peer->answers < guard->most) {
        peer->answers++;
        return true;
    }
    *first_refused = !peer->refused;
    peer->refused = true;
    return false;
}
