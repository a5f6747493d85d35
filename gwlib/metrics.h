/* SPDX-License-Identifier: Apache-2.0 */
/*
 * metrics - counters with the three rates of Kannel's status page: over the
 * last minute, the last five minutes, and since the start (each over the time
 * that has passed, when that is shorter). Loop thread only.
 */
#ifndef GWLIB_METRICS_H
#define GWLIB_METRICS_H

#include <stdint.h>

#define METRICS_SLOTS 60 /* of 5 s */

struct counter {
    uint64_t total;
    int64_t started_ms;            /* 0: nothing counted yet and not started */
    int64_t slot;                  /* number of the newest slot */
    uint32_t slots[METRICS_SLOTS]; /* events in the last five minutes */
};

struct counter_rates {
    double minute, five_minutes, overall; /* events a second */
};

/* now_ms is loop_now(). counter_start() sets the moment from which rates count. */
void counter_start(struct counter *counter, int64_t now_ms);
void counter_add(struct counter *counter, uint32_t events, int64_t now_ms);
struct counter_rates counter_rates(const struct counter *counter, int64_t now_ms);

#endif
