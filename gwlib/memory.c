/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Allocation that cannot fail: see memory.h. The line that tells why the
 * process ends is made on the stack, so that it needs no memory itself.
 */
#include "gwlib/memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "gwlib/log.h"

static void memory_give_up(size_t count, size_t size) __attribute__((noreturn));

static void memory_give_up(size_t count, size_t size)
{
    log_panic("Out of memory: %zu times %zu octets asked for.", count, size);
}

void *memory_alloc(size_t n)
{
    void *p = malloc(n > 0 ? n : 1);

    if (p == NULL)
        memory_give_up(1, n);
    return p;
}

void *memory_zalloc(size_t count, size_t size)
{
    /* calloc() refuses a product that overflows. */
    void *p = count > 0 && size > 0 ? calloc(count, size) : calloc(1, 1);

    if (p == NULL)
        memory_give_up(count, size);
    return p;
}

void *memory_realloc(void *p, size_t count, size_t size)
{
    size_t n;
    void *moved;

    if (__builtin_mul_overflow(count, size, &n))
        memory_give_up(count, size);
    moved = realloc(p, n > 0 ? n : 1);
    if (moved == NULL)
        memory_give_up(count, size);
    return moved;
}

char *memory_strdup(const char *s)
{
    size_t n;

    if (s == NULL)
        return NULL;
    n = strlen(s) + 1;
    return memcpy(memory_alloc(n), s, n);
}
