/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counters with rates: see metrics.h. Events are counted in a ring of slots of
 * five seconds. A rate is what stands in the slots of its window over the time
 * that these slots cover up to now: the newest slot has only begun, so a
 * window is up to one slot shorter than its name says.
 */
#include "gwlib/metrics.h"

#include <string.h>

#define SLOT_MS      5000
#define MINUTE_SLOTS 12
/* Rates over less are noise. */
#define SHORTEST_MS 1000

void counter_start(struct counter *counter, int64_t now_ms)
{
    memset(counter, 0, sizeof(*counter));
    counter->started_ms = now_ms;
    counter->slot = now_ms / SLOT_MS;
}

/* Makes `slot` the newest one, the ones in between empty. */
static void advance(struct counter *counter, int64_t slot)
{
    if (slot - counter->slot >= METRICS_SLOTS)
        counter->slot = slot - METRICS_SLOTS;
    while (counter->slot < slot) {
        counter->slot++;
        counter->slots[counter->slot % METRICS_SLOTS] = 0;
    }
}

void counter_add(struct counter *counter, uint32_t events, int64_t now_ms)
{
    if (counter->started_ms == 0)
        counter_start(counter, now_ms);
    advance(counter, now_ms / SLOT_MS);
    counter->total += events;
    counter->slots[counter->slot % METRICS_SLOTS] += events;
}

static double rate_over(uint64_t events, int64_t ms)
{
    return (double)events * 1000.0 / (double)(ms > SHORTEST_MS ? ms : SHORTEST_MS);
}

static double window_rate(const struct counter *counter, int64_t slots, int64_t now_ms)
{
    int64_t newest = now_ms / SLOT_MS;
    int64_t first = newest - slots + 1;
    int64_t since = first * SLOT_MS;
    int64_t slot = counter->slot - METRICS_SLOTS + 1;
    uint64_t events = 0;

    for (slot = slot > first ? slot : first; slot <= counter->slot; slot++) {
        if (slot >= 0)
            events += counter->slots[slot % METRICS_SLOTS];
    }
    return rate_over(events, now_ms - (since > counter->started_ms ? since : counter->started_ms));
}

struct counter_rates counter_rates(const struct counter *counter, int64_t now_ms)
{
    struct counter_rates rates = {0, 0, 0};

    if (counter->started_ms == 0)
        return rates;
    rates.minute = window_rate(counter, MINUTE_SLOTS, now_ms);
    rates.five_minutes = window_rate(counter, METRICS_SLOTS, now_ms);
    rates.overall = rate_over(counter->total, now_ms - counter->started_ms);
    return rates;
}
