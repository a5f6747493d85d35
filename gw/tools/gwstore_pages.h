/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gwstore_pages - the rows that stand on the pages of an SQLite file, read
 * without SQLite: for files that SQLite refuses. Nothing of the file is
 * believed: every length and page number is checked against its bounds.
 *
 * https://www.sqlite.org/fileformat2.html, sections 1.3 (header), 1.5 and 1.6
 * (pages and cells), 2.1 (records) and 4 (write-ahead log).
 */
#ifndef GW_TOOLS_GWSTORE_PAGES_H
#define GW_TOOLS_GWSTORE_PAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gwlib/bytes.h"

#define PAGES_MOST_COLUMNS 64

struct pages_value {
    enum { PAGES_NULL, PAGES_INTEGER, PAGES_TEXT, PAGES_BLOB } type;
    int64_t integer;
    struct slice octets;
};

struct pages_row {
    int64_t number; /* the rowid */
    size_t count;
    struct pages_value values[PAGES_MOST_COLUMNS]; /* borrowed */
};

struct pages; /* the file in memory, with the committed part of its log */

/* NULL when the file cannot be read. */
struct pages *pages_load(const char *path);
void pages_free(struct pages *pages);

typedef void pages_row_fn(const struct pages_row *row, void *arg);
/* Calls fn for each row of every table; *damaged counts the pages and cells
 * that could not be read. Free pages, which hold rows of the past, are left
 * alone. */
void pages_each_row(const struct pages *pages, pages_row_fn *fn, void *arg, int64_t *damaged);

#endif
