/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gsm7 - see gsm7.h. The tables are in gsm7_table.c (septet to character) and
 * gsm7_places.c (character to septet). Eight septets are packed and unpacked at
 * a time, in one 64-bit word.
 */
#include "gw/sms/gsm7.h"

#include <endian.h>
#include <string.h>

#include "gw/sms/gsm7_table.h"
#include "gwlib/charset.h"

#define EURO 0x20AC

const char *gsm7_language_name(unsigned language)
{
    return language < GSM7_LANGUAGES ? gsm7_table_names[language] : NULL;
}

bool gsm7_has_locking(unsigned language)
{
    return language < GSM7_LANGUAGES && gsm7_table_locking_reverse[language].count > 0;
}

bool gsm7_has_shift(unsigned language)
{
    return language < GSM7_LANGUAGES && gsm7_table_shift_reverse[language].count > 0;
}

/* --- characters ----------------------------------------------------------- */

static struct gsm7_tables existing(struct gsm7_tables tables)
{
    return (struct gsm7_tables){gsm7_has_locking(tables.locking) ? tables.locking : 0,
                                gsm7_has_shift(tables.shift) ? tables.shift : 0};
}

/* What place() answers for a character that has none. */
#define NOWHERE 0x100u

/* A septet, or NOWHERE. */
static unsigned search(const struct gsm7_reverse *reverse, unsigned long code_point)
{
    size_t low = 0, high = reverse->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (reverse->places[middle].code_point == code_point)
            return reverse->places[middle].septet;
        if (reverse->places[middle].code_point < code_point)
            low = middle + 1;
        else
            high = middle;
    }
    return NOWHERE;
}

static inline unsigned place_in_default(unsigned long code_point)
{
    if (code_point < GSM7_DIRECT) {
        unsigned direct = gsm7_table_direct[code_point];
        return direct == GSM7_NOWHERE ? NOWHERE : direct;
    }
    return code_point == EURO ? GSM7_ESCAPED | 0x65u : NOWHERE;
}

static unsigned place_in_tables(unsigned long code_point, struct gsm7_tables tables)
{
    unsigned septet = search(&gsm7_table_locking_reverse[tables.locking], code_point);
    if (septet != NOWHERE)
        return septet;
    septet = search(&gsm7_table_shift_reverse[tables.shift], code_point);
    return septet != NOWHERE ? GSM7_ESCAPED | septet : NOWHERE;
}

/* A septet, GSM7_ESCAPED | septet, or NOWHERE; the tables must exist. */
static inline unsigned place(unsigned long code_point, struct gsm7_tables tables)
{
    if (tables.locking != 0 || tables.shift != 0)
        return place_in_tables(code_point, tables);
    return place_in_default(code_point);
}

/* The next code point; one and two octets without a call. pos must be before the
 * end. */
static inline unsigned long next_char(struct slice text, size_t *pos)
{
    const unsigned char *at = text.data + *pos;
    if (at[0] < 0x80) {
        *pos += 1;
        return at[0];
    }
    if (at[0] >= 0xC2 && at[0] < 0xE0 && text.len - *pos >= 2 && (at[1] & 0xC0) == 0x80) {
        *pos += 2;
        return (at[0] & 0x1Fu) << 6 | (at[1] & 0x3Fu);
    }
    return (unsigned long)charset_utf8_next(text, pos);
}

unsigned gsm7_cost(unsigned long code_point, struct gsm7_tables tables)
{
    unsigned p = place(code_point, existing(tables));
    if (p == NOWHERE)
        return 0;
    return p & GSM7_ESCAPED ? 2 : 1;
}

bool gsm7_fits(struct slice text, struct gsm7_tables tables)
{
    tables = existing(tables);
    for (size_t pos = 0; pos < text.len;) {
        if (place(next_char(text, &pos), tables) == NOWHERE)
            return false;
    }
    return true;
}

size_t gsm7_count(struct slice text, struct gsm7_tables tables)
{
    size_t count = 0;
    tables = existing(tables);
    for (size_t pos = 0; pos < text.len;) {
        unsigned p = place(next_char(text, &pos), tables);
        count += p != NOWHERE && (p & GSM7_ESCAPED) ? 2 : 1;
    }
    return count;
}

/* --- eight characters in a word ------------------------------------------------ */

#define EACH(octet) (0x0101010101010101 * (uint64_t)(octet))

static inline uint64_t load(const unsigned char *from, size_t n)
{
    uint64_t w = 0;
    memcpy(&w, from, n);
    return le64toh(w);
}

static inline void save(unsigned char *to, uint64_t w, size_t n)
{
    w = htole64(w);
    memcpy(to, &w, n);
}

/* Bit 7 of each octet: whether it is `least` or more. The octets must be below
 * 0x80, least above 0. */
static inline uint64_t at_least(uint64_t w, unsigned least)
{
    return w + EACH(0x80 - least);
}

/* Bit 7 of each octet: whether it is something else than a character that the
 * default alphabet has at its place in ASCII: a letter, or from blank to '?'
 * without '$'. Right for the lowest such octet; those above one of 0x80 or more
 * may be wrong. */
static inline uint64_t out_of_ascii_place(uint64_t w)
{
    uint64_t small = w | EACH(0x20);
    uint64_t letters = at_least(small, 'a') & ~at_least(small, 'z' + 1);
    uint64_t others = at_least(w, ' ') & ~at_least(w, '@') & at_least(w ^ EACH('$'), 1);
    return (w | ~(letters | others)) & EACH(0x80);
}

/* --- texts ------------------------------------------------------------------------ */

struct encoder {
    struct slice text;
    struct gsm7_tables tables;
    uint8_t *septets;
    size_t capacity;
    size_t pos, count;
    char replacement;
};

/* One by one, at least one: up to the end, or with the default alphabet up to an
 * octet that encode_run() takes. In locals, because what goes into septets might
 * be anything as far as the compiler knows. */
static bool encode_chars(struct encoder *e, bool plain, struct sms_fault *fault)
{
    struct slice text = e->text;
    uint8_t *to = e->septets + e->count, *limit = e->septets + e->capacity;
    size_t pos = e->pos;
    do {
        size_t begin = pos;
        unsigned p = place(next_char(text, &pos), e->tables);
        if (p == NOWHERE && e->replacement != 0)
            p = place((unsigned char)e->replacement, e->tables);
        if (p == NOWHERE)
            return sms_fault(fault, begin, "character without a place in the alphabet");
        if (limit - to < (p & GSM7_ESCAPED ? 2 : 1))
            return sms_fault(fault, begin, "text longer than one part");
        if (p & GSM7_ESCAPED)
            *to++ = GSM7_ESCAPE;
        *to++ = p & 0x7F;
    } while (pos < text.len && !(plain && gsm7_table_direct[text.data[pos]] == text.data[pos]));
    e->pos = pos;
    e->count = (size_t)(to - e->septets);
    return true;
}

/* Takes octets as they are while they stand at their ASCII place, and while a
 * whole word can be read and written. */
static inline void encode_run(struct encoder *e)
{
    while (e->text.len - e->pos >= 8 && e->capacity - e->count >= 8) {
        uint64_t w = load(e->text.data + e->pos, 8), out = out_of_ascii_place(w);
        size_t n = out == 0 ? 8 : (size_t)__builtin_ctzll(out) / 8;
        save(e->septets + e->count, w, 8);
        e->pos += n;
        e->count += n;
        if (n < 8)
            return;
    }
}

bool gsm7_encode(struct slice text, struct gsm7_tables tables, char replacement, uint8_t *septets,
                 size_t capacity, size_t *count, struct sms_fault *fault)
{
    struct encoder e = {text, existing(tables), septets, capacity, 0, 0, replacement};
    bool plain = e.tables.locking == 0 && e.tables.shift == 0;
    while (e.pos < text.len) {
        if (plain)
            encode_run(&e);
        if (e.pos < text.len && !encode_chars(&e, plain, fault))
            return false;
    }
    *count = e.count;
    return true;
}

/* All characters of the tables are in the basic plane. */
static inline char *put(char *to, uint16_t code_point)
{
    if (code_point < 0x80) {
        *to++ = (char)code_point;
    } else if (code_point < 0x800) {
        *to++ = (char)(0xC0 | code_point >> 6);
        *to++ = (char)(0x80 | (code_point & 0x3F));
    } else {
        *to++ = (char)(0xE0 | code_point >> 12);
        *to++ = (char)(0x80 | (code_point >> 6 & 0x3F));
        *to++ = (char)(0x80 | (code_point & 0x3F));
    }
    return to;
}

static uint16_t main_char(const uint16_t *main, uint8_t septet)
{
    return main[septet] != 0 ? main[septet] : gsm7_table_locking[0][septet];
}

/* One by one from *pos up to `end`, at least. */
static char *decode_chars(const uint8_t *septets, size_t count, struct gsm7_tables tables,
                          size_t *pos, size_t end, char *to)
{
    const uint16_t *main = gsm7_table_locking[tables.locking];
    const uint16_t *shift = gsm7_table_shift[tables.shift];
    size_t i = *pos;
    while (i < end) {
        uint8_t septet = septets[i++] & 0x7F;
        if (septet != GSM7_ESCAPE) {
            to = put(to, main_char(main, septet));
            continue;
        }
        septet = i < count ? septets[i++] & 0x7F : GSM7_ESCAPE;
        if (septet == GSM7_ESCAPE)
            *to++ = ' ';
        else
            to = put(to, shift[septet] != 0 ? shift[septet] : main_char(main, septet));
    }
    *pos = i;
    return to;
}

size_t gsm7_decode(const uint8_t *septets, size_t count, struct gsm7_tables tables, char *utf8)
{
    tables = existing(tables);
    char *to = utf8;
    for (size_t pos = 0; pos < count;) {
        size_t end = count;
        if (tables.locking == 0 && count - pos >= 8) {
            uint64_t w = load(septets + pos, 8);
            end = pos + 8;
            if (out_of_ascii_place(w) == 0) {
                save((unsigned char *)to, w, 8);
                to += 8;
                pos = end;
            }
        }
        to = decode_chars(septets, count, tables, &pos, end, to);
    }
    return (size_t)(to - utf8);
}

void gsm7_append_replaced(struct bytes *to, struct slice text, struct gsm7_tables tables,
                          char replacement)
{
    size_t done = 0;
    tables = existing(tables);
    for (size_t pos = 0; pos < text.len;) {
        size_t begin = pos;
        if (place(next_char(text, &pos), tables) != NOWHERE)
            continue;
        bytes_append(to, text.data + done, begin - done);
        bytes_append_char(to, (unsigned char)replacement);
        done = pos;
    }
    bytes_append_slice(to, slice_sub(text, done, text.len));
}

/* --- packing ---------------------------------------------------------------- */

/* Eight septets, one an octet, to 56 bits. */
static inline uint64_t squeeze(uint64_t w)
{
    w = (w & 0x007F007F007F007F) | (w & 0x7F007F007F007F00) >> 1;
    w = (w & 0x00003FFF00003FFF) | (w & 0x3FFF00003FFF0000) >> 2;
    return (w & 0x000000000FFFFFFF) | (w & 0x0FFFFFFF00000000) >> 4;
}

static inline uint64_t spread(uint64_t w)
{
    w = (w & 0x0FFFFFFF) | (w & 0x00FFFFFFF0000000) << 4;
    w = (w & 0x00003FFF00003FFF) | (w & 0x0FFFC0000FFFC000) << 2;
    return (w & 0x007F007F007F007F) | (w & 0x3F803F803F803F80) << 1;
}

size_t gsm7_pack(const uint8_t *septets, size_t count, unsigned fill_bits, unsigned char *octets)
{
    size_t len = GSM7_PACKED(count, fill_bits), at = 0;
    uint64_t rest = 0; /* fill_bits bits that wait for their octet */
    for (; count >= 8; count -= 8, septets += 8) {
        uint64_t w = squeeze(load(septets, 8)) << fill_bits | rest;
        save(octets + at, w, 7);
        at += 7;
        rest = w >> 56;
    }
    if (at < len) {
        uint64_t w = squeeze(load(septets, count)) << fill_bits | rest;
        save(octets + at, w, len - at);
    }
    return len;
}

bool gsm7_unpack(const unsigned char *octets, size_t len, size_t first_bit, size_t count,
                 uint8_t *septets)
{
    if (count > (SIZE_MAX - first_bit) / 7 || first_bit + count * 7 > len * 8)
        return false;
    size_t at = first_bit / 8;
    unsigned shift = first_bit % 8;
    for (; count >= 8 && at + 8 <= len; at += 7, count -= 8, septets += 8)
        save(septets, spread(load(octets + at, 8) >> shift), 8);
    for (; count > 0; at += 7) { /* the last few */
        size_t n = count < 8 ? count : 8;
        uint64_t w = load(octets + at, len - at < 8 ? len - at : 8) >> shift;
        save(septets, spread(w), n);
        septets += n;
        count -= n;
    }
    return true;
}
