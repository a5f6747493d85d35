/* SPDX-License-Identifier: Apache-2.0 */
/*
 * retry - see retry.h.
 */
#include "gw/bearerbox/retry.h"

#include "gwlib/uuid.h"

int64_t retry_wait_s(const struct retry_rules *rules, int failed)
{
    int64_t wait = rules->first_s < rules->most_s ? rules->first_s : rules->most_s, all = 0;
    int n = 1;

    while (n < failed && wait < rules->most_s) {
        all += wait;
        wait = 2 * wait < rules->most_s ? 2 * wait : rules->most_s;
        n++;
    }
    all += (failed - n) * wait;
    return rules->time_s > 0 && all + wait > rules->time_s ? -1 : wait;
}

int64_t retry_wait_ms(const struct retry_rules *rules, int failed)
{
    int64_t wait_ms = retry_wait_s(rules, failed) * 1000;

    return wait_ms > 0 ? wait_ms - (int64_t)random_below((uint32_t)(wait_ms / 4)) : -1;
}
