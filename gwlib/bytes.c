/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Octet strings: see bytes.h. A buffer grows by doubling, so that appending
 * octet by octet is linear, and always keeps one octet more than its content
 * for the final NUL. Sizes are checked for overflow; there is no way to ask
 * for more than the address space and survive.
 */
#include "gwlib/bytes.h"

#include <stdio.h>
#include <stdlib.h>

#include "gwlib/log.h"
#include "gwlib/memory.h"

#define BYTES_FIRST_CAPACITY 32

/* --- slices ---------------------------------------------------------- */

bool slice_equal(struct slice a, struct slice b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

bool slice_equal_str(struct slice a, const char *b)
{
    return slice_equal(a, slice_str(b));
}

static unsigned char ascii_lower(unsigned char c)
{
    return c >= 'A' && c <= 'Z' ? (unsigned char)(c - 'A' + 'a') : c;
}

bool slice_equal_nocase(struct slice a, const char *b)
{
    struct slice other = slice_str(b);
    size_t i;

    if (a.len != other.len)
        return false;
    for (i = 0; i < a.len; i++) {
        if (ascii_lower(a.data[i]) != ascii_lower(other.data[i]))
            return false;
    }
    return true;
}

uint64_t slice_hash(struct slice s)
{
    uint64_t value = UINT64_C(14695981039346656037);

    for (size_t i = 0; i < s.len; i++)
        value = (value ^ s.data[i]) * UINT64_C(1099511628211);
    return value;
}

bool slice_equal_secret(struct slice a, struct slice b)
{
    volatile unsigned char difference = 0;
    size_t i;

    if (a.len != b.len)
        return false;
    for (i = 0; i < a.len; i++)
        difference = (unsigned char)(difference | (a.data[i] ^ b.data[i]));
    return difference == 0;
}

bool slice_starts_with(struct slice s, struct slice prefix)
{
    return s.len >= prefix.len && slice_equal(slice_sub(s, 0, prefix.len), prefix);
}

struct slice slice_sub(struct slice s, size_t from, size_t len)
{
    if (s.data == NULL)
        return s;
    if (from > s.len)
        from = s.len;
    if (len > s.len - from)
        len = s.len - from;
    return slice_of(s.data + from, len);
}

static bool is_blank_or_line_end(unsigned char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct slice slice_trim(struct slice s)
{
    while (s.len > 0 && is_blank_or_line_end(s.data[0]))
        s = slice_of(s.data + 1, s.len - 1);
    while (s.len > 0 && is_blank_or_line_end(s.data[s.len - 1]))
        s.len--;
    return s;
}

size_t slice_find(struct slice s, unsigned char c, size_t from)
{
    const unsigned char *found;

    if (from >= s.len)
        return s.len;
    found = memchr(s.data + from, c, s.len - from);
    return found != NULL ? (size_t)(found - s.data) : s.len;
}

bool slice_next_item(struct slice *rest, unsigned char separator, struct slice *item)
{
    size_t end;

    if (rest->data == NULL)
        return false;
    end = slice_find(*rest, separator, 0);
    *item = slice_sub(*rest, 0, end);
    *rest = end < rest->len ? slice_sub(*rest, end + 1, rest->len) : slice_unset();
    return true;
}

/* The sum is kept negative because the range of long reaches further there. */
static bool parse_digits(struct slice digits, long *negated)
{
    long sum = 0;
    size_t i;

    if (digits.len == 0)
        return false;
    for (i = 0; i < digits.len; i++) {
        unsigned char c = digits.data[i];

        if (c < '0' || c > '9' || __builtin_mul_overflow(sum, 10L, &sum) ||
            __builtin_sub_overflow(sum, (long)(c - '0'), &sum))
            return false;
    }
    *negated = sum;
    return true;
}

bool slice_to_number(struct slice s, long min, long max, long *value)
{
    bool negative = s.len > 0 && s.data[0] == '-';
    long number;

    if (s.len > 0 && (s.data[0] == '-' || s.data[0] == '+'))
        s = slice_sub(s, 1, s.len);
    if (!parse_digits(s, &number))
        return false;
    if (!negative && __builtin_sub_overflow(0L, number, &number))
        return false;
    if (number < min || number > max)
        return false;
    *value = number;
    return true;
}

char *slice_to_str(struct slice s)
{
    char *copy;

    if (s.data == NULL)
        return NULL;
    copy = memory_alloc(s.len + 1);
    memcpy(copy, s.data, s.len);
    copy[s.len] = '\0';
    return copy;
}

/* --- buffers --------------------------------------------------------- */

void bytes_free(struct bytes *b)
{
    free(b->data);
    *b = (struct bytes){0};
}

void bytes_clear(struct bytes *b)
{
    bytes_truncate(b, 0);
}

void bytes_reserve(struct bytes *b, size_t n)
{
    size_t needed;
    size_t capacity = b->capacity > 0 ? b->capacity : BYTES_FIRST_CAPACITY;

    if (__builtin_add_overflow(b->len, n, &needed) || __builtin_add_overflow(needed, 1, &needed) ||
        needed > SIZE_MAX / 2)
        log_panic("Out of memory: a buffer of %zu octets shall grow by %zu.", b->len, n);
    if (needed <= b->capacity)
        return;
    while (capacity < needed)
        capacity *= 2;
    b->data = memory_realloc(b->data, capacity, 1);
    b->data[b->len] = '\0';
    b->capacity = capacity;
}

void bytes_append(struct bytes *b, const void *data, size_t len)
{
    if (len == 0)
        return;
    bytes_reserve(b, len);
    memcpy(b->data + b->len, data, len);
    b->len += len;
    b->data[b->len] = '\0';
}

void bytes_append_slice(struct bytes *b, struct slice s)
{
    bytes_append(b, s.data, s.len);
}

void bytes_append_str(struct bytes *b, const char *s)
{
    bytes_append_slice(b, slice_str(s));
}

void bytes_append_char(struct bytes *b, unsigned char c)
{
    bytes_append(b, &c, 1);
}

void bytes_printf(struct bytes *b, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    bytes_vprintf(b, format, args);
    va_end(args);
}

void bytes_vprintf(struct bytes *b, const char *format, va_list args)
{
    va_list again;
    int len;

    bytes_reserve(b, BYTES_FIRST_CAPACITY);
    va_copy(again, args);
    len = vsnprintf((char *)b->data + b->len, b->capacity - b->len, format, args);
    LOG_ASSERT(len >= 0);
    if ((size_t)len >= b->capacity - b->len) {
        bytes_reserve(b, (size_t)len);
        len = vsnprintf((char *)b->data + b->len, b->capacity - b->len, format, again);
        LOG_ASSERT(len >= 0 && (size_t)len < b->capacity - b->len);
    }
    va_end(again);
    b->len += (size_t)len;
}

void bytes_append_hex(struct bytes *b, struct slice s, bool upper_case)
{
    const char *digits = upper_case ? "0123456789ABCDEF" : "0123456789abcdef";
    size_t i;

    for (i = 0; i < s.len; i++) {
        unsigned char pair[2];

        pair[0] = (unsigned char)digits[s.data[i] >> 4];
        pair[1] = (unsigned char)digits[s.data[i] & 0x0F];
        bytes_append(b, pair, 2);
    }
}

static int hex_value(unsigned char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = ascii_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool bytes_append_unhex(struct bytes *b, struct slice s)
{
    size_t before = b->len;
    size_t i;

    if (s.len % 2 != 0)
        return false;
    for (i = 0; i < s.len; i += 2) {
        int high = hex_value(s.data[i]);
        int low = hex_value(s.data[i + 1]);

        if (high < 0 || low < 0) {
            bytes_truncate(b, before);
            return false;
        }
        bytes_append_char(b, (unsigned char)(high << 4 | low));
    }
    return true;
}

void bytes_truncate(struct bytes *b, size_t len)
{
    LOG_ASSERT(len <= b->len);
    b->len = len;
    if (b->data != NULL)
        b->data[len] = '\0';
}

void bytes_consume(struct bytes *b, size_t n)
{
    LOG_ASSERT(n <= b->len);
    if (n == 0)
        return;
    memmove(b->data, b->data + n, b->len - n);
    bytes_truncate(b, b->len - n);
}

const char *bytes_str(const struct bytes *b)
{
    return b->data != NULL ? (const char *)b->data : "";
}

struct slice bytes_slice(const struct bytes *b)
{
    return slice_of(bytes_str(b), b->len);
}

char *bytes_take(struct bytes *b)
{
    char *taken = b->data != NULL ? (char *)b->data : memory_strdup("");

    *b = (struct bytes){0};
    return taken;
}
