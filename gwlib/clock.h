/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clock - the time of day. Any thread. For intervals use loop_now().
 */
#ifndef GWLIB_CLOCK_H
#define GWLIB_CLOCK_H

#include <stdint.h>
#include <time.h>

/* Milliseconds since 1970. */
static inline int64_t clock_wall_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Seconds since 1970. */
static inline int64_t clock_wall(void)
{
    return clock_wall_ms() / 1000;
}

#endif
