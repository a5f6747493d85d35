/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jsonl - see jsonl.h.
 */
#include "test/support/jsonl.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* Octets handed out by jsonl_octets(), released with their line. */
static struct bytes pool[64];
static size_t pool_used;

static void release_pool(void)
{
    while (pool_used > 0)
        bytes_free(&pool[--pool_used]);
}

size_t jsonl_each(const char *path, void (*line)(json_t *object))
{
    FILE *file = fopen(path, "r");
    char *text = NULL;
    size_t size = 0, count = 0;
    ssize_t len;
    assert_non_null(file);
    while ((len = getline(&text, &size, file)) > 0) {
        json_error_t error;
        json_t *object = json_loadb(text, (size_t)len, JSON_ALLOW_NUL, &error);
        if (!json_is_object(object))
            fail_msg("%s, line %zu: %s", path, count + 1, error.text);
        line(object);
        release_pool();
        json_decref(object);
        count++;
    }
    free(text);
    fclose(file);
    assert_true(count > 0);
    return count;
}

struct slice jsonl_string(json_t *object, const char *name)
{
    json_t *value = json_object_get(object, name);
    if (!json_is_string(value))
        return slice_unset();
    return slice_of(json_string_value(value), json_string_length(value));
}

struct slice jsonl_octets(json_t *object, const char *name)
{
    struct slice hex = jsonl_string(object, name);
    if (!slice_is_set(hex))
        return slice_unset();
    assert_true(pool_used < sizeof(pool) / sizeof(pool[0]));
    assert_true(bytes_append_unhex(&pool[pool_used], hex));
    return bytes_slice(&pool[pool_used++]);
}

uint64_t chance_next(struct chance *chance)
{
    chance->state ^= chance->state >> 12;
    chance->state ^= chance->state << 25;
    chance->state ^= chance->state >> 27;
    return chance->state * 0x2545F4914F6CDD1D;
}

size_t chance_below(struct chance *chance, size_t limit)
{
    return (size_t)(chance_next(chance) >> 16) % limit;
}

void chance_fill(struct chance *chance, void *octets, size_t len)
{
    unsigned char *to = octets;
    while (len-- > 0)
        *to++ = (unsigned char)(chance_next(chance) >> 24);
}
