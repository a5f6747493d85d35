/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jsonl - test data with one JSON object a line, and reproducible chance.
 */
#ifndef TEST_SUPPORT_JSONL_H
#define TEST_SUPPORT_JSONL_H

#include <jansson.h>
#include <stdint.h>

#include "gwlib/bytes.h"

/* Calls `line` for each; the test fails when the file cannot be read, a line is
 * no object, or there is none. Returns their number. */
size_t jsonl_each(const char *path, void (*line)(json_t *object));

/* The member as a slice; unset when absent. A name that ends in "_hex" gives the
 * octets, which live until jsonl_each() goes on to the next line. */
struct slice jsonl_string(json_t *object, const char *name);
struct slice jsonl_octets(json_t *object, const char *name);

/* xorshift64*: the same numbers each time for a seed that is not 0. */
struct chance {
    uint64_t state;
};
uint64_t chance_next(struct chance *chance);
/* 0 <= n < limit */
size_t chance_below(struct chance *chance, size_t limit);
void chance_fill(struct chance *chance, void *octets, size_t len);

#endif
