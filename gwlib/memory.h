/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memory - allocation that cannot fail.
 *
 * Running out of memory ends the process at once, with one log line: the
 * store makes that safe, and no caller has to carry an error path that is
 * never tested. Release with free(). Every function may be called from any
 * thread.
 */
#ifndef GWLIB_MEMORY_H
#define GWLIB_MEMORY_H

#include <stddef.h>

/* n octets, uninitialised; n == 0 gives a pointer that can be freed. */
void *memory_alloc(size_t n) __attribute__((malloc, returns_nonnull));

/* count * size octets, all zero; an overflow of the product ends the process. */
void *memory_zalloc(size_t count, size_t size) __attribute__((malloc, returns_nonnull));

/* Like realloc(), for count * size octets. */
void *memory_realloc(void *p, size_t count, size_t size) __attribute__((returns_nonnull));

/* A copy of the string; NULL gives NULL. */
char *memory_strdup(const char *s);

#endif
