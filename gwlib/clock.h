/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clock - the time of day, and time that only moves forward. Any thread.
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

/* Milliseconds that no change of the time of day touches: for intervals. */
static inline int64_t clock_monotonic_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

#endif
