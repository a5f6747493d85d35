/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gwstore_pages - see gwstore_pages.h.
 */
#include "gw/tools/gwstore_pages.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gwlib/memory.h"

#define FILE_HEADER     100
#define LEAF_TABLE      0x0d
#define USUAL_PAGE_SIZE 4096
#define LOG_HEADER      32
#define FRAME_HEADER    24
#define MOST_PAYLOAD    (16 * 1024 * 1024)

struct pages {
    unsigned char *octets;
    size_t page_size, usable, count;
    bool *free; /* by page, 0 is the first */
};

static uint32_t get32(const unsigned char *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static uint32_t get16(const unsigned char *p)
{
    return (uint32_t)p[0] << 8 | p[1];
}

static bool read_file(const char *path, struct bytes *to)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    char block[65536];
    ssize_t n = -1;

    while (fd >= 0 && (n = read(fd, block, sizeof block)) > 0)
        bytes_append(to, block, (size_t)n);
    if (fd >= 0)
        close(fd);
    return n == 0;
}

static bool is_page_size(size_t size)
{
    return size >= 512 && size <= 65536 && (size & (size - 1)) == 0;
}

/* --- the write-ahead log ----------------------------------------------------- */

static void sum_log(const unsigned char *p, size_t len, bool big, uint32_t sum[2])
{
    for (size_t i = 0; i + 8 <= len; i += 8) {
        uint32_t a = get32(p + i), b = get32(p + i + 4);

        sum[0] += (big ? a : __builtin_bswap32(a)) + sum[1];
        sum[1] += (big ? b : __builtin_bswap32(b)) + sum[0];
    }
}

static bool frame_is_sound(const unsigned char *log, const unsigned char *frame, size_t page_size,
                           bool big, uint32_t sum[2])
{
    sum_log(frame, 8, big, sum);
    sum_log(frame + FRAME_HEADER, page_size, big, sum);
    return memcmp(frame + 8, log + 16, 8) == 0 && get32(frame + 16) == sum[0] &&
           get32(frame + 20) == sum[1];
}

static void put_page(struct bytes *file, size_t page_size, uint32_t number, const void *page)
{
    static const unsigned char zero[4096];
    size_t end = (size_t)number * page_size;

    while (file->len < end)
        bytes_append(file, zero, end - file->len < sizeof zero ? end - file->len : sizeof zero);
    memcpy((unsigned char *)(uintptr_t)bytes_slice(file).data + end - page_size, page, page_size);
}

/* Sound frames up to the last commit go over the pages of the file. */
static void apply_log(struct bytes *file, size_t page_size, struct slice log)
{
    bool big = log.len >= LOG_HEADER && (log.data[3] & 1) != 0;
    size_t size = FRAME_HEADER + page_size, committed = 0, frames;
    uint32_t sum[2] = {0, 0};

    if (log.len < LOG_HEADER || get32(log.data + 8) != page_size)
        return;
    sum_log(log.data, 24, big, sum);
    if (get32(log.data + 24) != sum[0] || get32(log.data + 28) != sum[1])
        return;
    frames = (log.len - LOG_HEADER) / size;
    for (size_t i = 0; i < frames; i++) {
        const unsigned char *frame = log.data + LOG_HEADER + i * size;

        if (!frame_is_sound(log.data, frame, page_size, big, sum))
            break;
        if (get32(frame + 4) != 0)
            committed = i + 1;
    }
    for (size_t i = 0; i < committed; i++) {
        const unsigned char *frame = log.data + LOG_HEADER + i * size;

        if (get32(frame) > 0 && get32(frame) <= file->len / page_size + frames)
            put_page(file, page_size, get32(frame), frame + FRAME_HEADER);
    }
}

/* --- free pages ------------------------------------------------------------------ */

static void mark_free(struct pages *pages)
{
    size_t trunk = pages->count > 0 ? get32(pages->octets + 32) : 0;

    for (size_t steps = 0; steps < pages->count && trunk > 0 && trunk <= pages->count; steps++) {
        const unsigned char *page = pages->octets + (trunk - 1) * pages->page_size;
        size_t leaves = get32(page + 4);

        pages->free[trunk - 1] = true;
        for (size_t i = 0; i < leaves && 8 + 4 * i + 4 <= pages->usable; i++) {
            uint32_t leaf = get32(page + 8 + 4 * i);

            if (leaf > 0 && leaf <= pages->count)
                pages->free[leaf - 1] = true;
        }
        trunk = get32(page);
    }
}

/* --- loading ------------------------------------------------------------------------ */

static size_t find_page_size(struct slice file)
{
    size_t size = file.len >= FILE_HEADER ? get16(file.data + 16) : 0;

    if (size == 1)
        size = 65536;
    return is_page_size(size) ? size : USUAL_PAGE_SIZE;
}

struct pages *pages_load(const char *path)
{
    struct bytes file = {0}, log = {0}, log_name = {0};

    if (!read_file(path, &file)) {
        bytes_free(&file);
        return NULL;
    }
    struct pages *pages = memory_zalloc(1, sizeof *pages);

    pages->page_size = pages->usable = find_page_size(bytes_slice(&file));
    bytes_printf(&log_name, "%s-wal", path);
    if (read_file(bytes_str(&log_name), &log))
        apply_log(&file, pages->page_size, bytes_slice(&log));
    bytes_free(&log);
    bytes_free(&log_name);
    /* The end of a file that was cut off counts as a page. */
    pages->count = (file.len + pages->page_size - 1) / pages->page_size;
    pages->octets = memory_zalloc(pages->count + 1, pages->page_size);
    if (file.len > 0)
        memcpy(pages->octets, bytes_str(&file), file.len);
    pages->free = memory_zalloc(pages->count + 1, sizeof *pages->free);
    bytes_free(&file);
    mark_free(pages);
    return pages;
}

void pages_free(struct pages *pages)
{
    if (pages == NULL)
        return;
    free(pages->octets);
    free(pages->free);
    free(pages);
}

/* --- records ------------------------------------------------------------------------------ */

/* Takes a variable-length integer off; false when there is none. */
static bool take_varint(struct slice *rest, uint64_t *value)
{
    uint64_t result = 0;

    for (size_t i = 0; i < 9 && i < rest->len; i++) {
        unsigned char octet = rest->data[i];

        if (i == 8) {
            result = result << 8 | octet;
        } else {
            result = result << 7 | (octet & 0x7f);
            if ((octet & 0x80) != 0)
                continue;
        }
        *value = result;
        *rest = slice_sub(*rest, i + 1, rest->len);
        return true;
    }
    return false;
}

static bool take_value(struct slice *body, uint64_t type, struct pages_value *value)
{
    static const unsigned char lengths[] = {0, 1, 2, 3, 4, 6, 8};
    size_t len = 0;

    *value = (struct pages_value){.type = PAGES_NULL};
    if (type >= 12)
        len = (size_t)((type - 12) / 2);
    else if (type <= 6)
        len = lengths[type];
    else if (type != 8 && type != 9)
        return false; /* no fractions in our tables */
    if (len > body->len || type > MOST_PAYLOAD * 2u)
        return false;
    if (type >= 12) {
        value->type = type % 2 == 0 ? PAGES_BLOB : PAGES_TEXT;
        value->octets = len > 0 ? slice_sub(*body, 0, len) : slice_str("");
    } else if (type != 0) {
        uint64_t number = len > 0 && (body->data[0] & 0x80) != 0 ? UINT64_MAX : 0;

        for (size_t i = 0; i < len; i++)
            number = number << 8 | body->data[i];
        value->type = PAGES_INTEGER;
        value->integer = type >= 8 ? (int64_t)type - 8 : (int64_t)number;
    }
    *body = slice_sub(*body, len, body->len);
    return true;
}

static bool read_record(struct slice payload, struct pages_row *row)
{
    struct slice header = payload, body;
    uint64_t header_len, type;

    if (!take_varint(&header, &header_len) || header_len > payload.len)
        return false;
    body = slice_sub(payload, (size_t)header_len, payload.len);
    header = slice_sub(header, 0, (size_t)header_len - (payload.len - header.len));
    row->count = 0;
    while (header.len > 0) {
        if (row->count == PAGES_MOST_COLUMNS || !take_varint(&header, &type) ||
            !take_value(&body, type, &row->values[row->count]))
            return false;
        row->count++;
    }
    return row->count > 0;
}

/* --- cells ---------------------------------------------------------------------------------- */

/* How much of a payload stands on the page itself (section 1.6). */
static size_t local_part(const struct pages *pages, uint64_t payload)
{
    size_t most = pages->usable - 35, least = (pages->usable - 12) * 32 / 255 - 23;
    size_t part;

    if (payload <= most)
        return (size_t)payload;
    part = least + (size_t)((payload - least) % (pages->usable - 4));
    return part <= most ? part : least;
}

static bool add_overflow(const struct pages *pages, uint32_t next, uint64_t len, struct bytes *to)
{
    while (to->len < len) {
        size_t piece = pages->usable - 4;

        if (next == 0 || next > pages->count)
            return false;
        const unsigned char *page = pages->octets + (size_t)(next - 1) * pages->page_size;
        if (piece > len - to->len)
            piece = (size_t)(len - to->len);
        bytes_append(to, page + 4, piece);
        next = get32(page);
    }
    return true;
}

static bool read_cell(const struct pages *pages, struct slice cell, struct bytes *payload,
                      struct pages_row *row)
{
    uint64_t len, number;

    if (!take_varint(&cell, &len) || !take_varint(&cell, &number) || len > MOST_PAYLOAD)
        return false;
    size_t local = local_part(pages, len);
    if (local > cell.len || (local < len && local + 4 > cell.len))
        return false;
    bytes_clear(payload);
    bytes_append(payload, cell.data, local);
    if (local < len && !add_overflow(pages, get32(cell.data + local), len, payload))
        return false;
    row->number = (int64_t)number;
    return read_record(bytes_slice(payload), row);
}

void pages_each_row(const struct pages *pages, pages_row_fn *fn, void *arg, int64_t *damaged)
{
    struct bytes payload = {0};
    struct pages_row row;

    for (size_t i = 0; i < pages->count; i++) {
        struct slice page = slice_of(pages->octets + i * pages->page_size, pages->page_size);
        size_t start = i == 0 ? FILE_HEADER : 0;

        if (page.data[start] != LEAF_TABLE || pages->free[i])
            continue;
        size_t cells = get16(page.data + start + 3);
        for (size_t c = 0; c < cells && start + 8 + 2 * c + 2 <= pages->usable; c++) {
            size_t offset = get16(page.data + start + 8 + 2 * c);

            if (offset >= start + 8 && offset < pages->usable &&
                read_cell(pages, slice_sub(page, offset, pages->usable - offset), &payload, &row))
                fn(&row, arg);
            else
                ++*damaged;
        }
    }
    bytes_free(&payload);
}
