/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bytes - octet strings: a borrowed slice and an owned buffer.
 *
 * A struct slice points into memory of somebody else and is passed by value.
 * "Unset" (data NULL) and "empty" (data not NULL, len 0) are different
 * values, as they are on the box protocol's wire.
 *
 * A struct bytes owns its memory. All zero is a valid empty buffer, so
 * `struct bytes b = {0};` needs no constructor; bytes_free() ends its life and
 * makes it empty again. A slice taken from a buffer is valid until the buffer
 * changes.
 *
 * Nothing here is locale dependent; "letter" means an ASCII letter.
 * The functions are reentrant; one buffer belongs to one thread at a time.
 */
#ifndef GWLIB_BYTES_H
#define GWLIB_BYTES_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct slice {
    const unsigned char *data; /* NULL: unset */
    size_t len;                /* octets; 0 when unset */
};

struct bytes {
    unsigned char *data; /* NULL until the first octet; else data[len] == 0 */
    size_t len;
    size_t capacity;
};

/* --- slices ---------------------------------------------------------- */

static inline struct slice slice_of(const void *data, size_t len)
{
    return (struct slice){data, len};
}

static inline struct slice slice_unset(void)
{
    return (struct slice){NULL, 0};
}

/* The octets of a C string without its end; NULL gives the unset slice. */
static inline struct slice slice_str(const char *s)
{
    return (struct slice){(const unsigned char *)s, s != NULL ? strlen(s) : 0};
}

static inline bool slice_is_set(struct slice s)
{
    return s.data != NULL;
}

static inline bool slice_is_empty(struct slice s)
{
    return s.len == 0;
}

/* Same octets; unset and empty are equal here. */
bool slice_equal(struct slice a, struct slice b);
bool slice_equal_str(struct slice a, const char *b);
/* ASCII letters compare without case. */
bool slice_equal_nocase(struct slice a, const char *b);
/* FNV-1a, 64 bits: the same in every run; not for what an attacker may choose to collide. */
uint64_t slice_hash(struct slice s);
/* In time that depends on the lengths only: for passwords. */
bool slice_equal_secret(struct slice a, struct slice b);

bool slice_starts_with(struct slice s, struct slice prefix);
/* Octets from..from+len, clamped to what there is. */
struct slice slice_sub(struct slice s, size_t from, size_t len);
/* Without leading and trailing blanks, tabs, CR and LF. */
struct slice slice_trim(struct slice s);
/* Position of the first c at or after from; s.len when there is none. */
size_t slice_find(struct slice s, unsigned char c, size_t from);

/*
 * Takes the next item of a list away from *rest: true and *item until the list
 * is used up. "a;;b" has three items, "" has one (empty), unset has none.
 */
bool slice_next_item(struct slice *rest, unsigned char separator, struct slice *item);

/*
 * The whole slice as a decimal number in min..max: false (and *value
 * untouched) when it is anything else. An optional sign, no blanks.
 */
bool slice_to_number(struct slice s, long min, long max, long *value);

/* A NUL-terminated copy to free(); unset gives NULL. */
char *slice_to_str(struct slice s);

/* --- buffers --------------------------------------------------------- */

void bytes_free(struct bytes *b);
/* Forgets the content, keeps the memory. */
void bytes_clear(struct bytes *b);
/* Room for n more octets without another allocation. */
void bytes_reserve(struct bytes *b, size_t n);

void bytes_append(struct bytes *b, const void *data, size_t len);
void bytes_append_slice(struct bytes *b, struct slice s);
void bytes_append_str(struct bytes *b, const char *s);
void bytes_append_char(struct bytes *b, unsigned char c);
void bytes_printf(struct bytes *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
void bytes_vprintf(struct bytes *b, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));
/* Two digits an octet. */
void bytes_append_hex(struct bytes *b, struct slice s, bool upper_case);
/* The octets that hex digits stand for; false, and b as before, when s is not
 * an even number of hex digits. */
bool bytes_append_unhex(struct bytes *b, struct slice s);

/* Drops what follows the first len octets; longer is a mistake of ours. */
void bytes_truncate(struct bytes *b, size_t len);
/* Takes n octets away from the front. */
void bytes_consume(struct bytes *b, size_t n);

/* The content as a NUL-terminated string, "" when empty; valid until b changes. */
const char *bytes_str(const struct bytes *b);
/* The content; never unset. */
struct slice bytes_slice(const struct bytes *b);
/* Gives the memory away as a NUL-terminated string to free(); b is empty then. */
char *bytes_take(struct bytes *b);

#endif
