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

static unsigned place_in_default(unsigned long code_point)
{
    if (code_point == EURO)
        return GSM7_ESCAPED | 0x65;
    if (code_point >= GSM7_DIRECT || gsm7_table_direct[code_point] == GSM7_NOWHERE)
        return NOWHERE;
    return gsm7_table_direct[code_point];
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

/* The next code point; ASCII without a call. pos must be before the end. */
static inline unsigned long next_char(struct slice text, size_t *pos)
{
    if (text.data[*pos] < 0x80)
        return text.data[(*pos)++];
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

bool gsm7_encode(struct slice text, struct gsm7_tables tables, char replacement, uint8_t *septets,
                 size_t capacity, size_t *count, struct sms_fault *fault)
{
    size_t n = 0;
    tables = existing(tables);
    for (size_t pos = 0; pos < text.len;) {
        size_t begin = pos;
        unsigned p = place(next_char(text, &pos), tables);
        if (p == NOWHERE && replacement != 0)
            p = place((unsigned char)replacement, tables);
        if (p < GSM7_ESCAPED && n < capacity) {
            septets[n++] = (uint8_t)p;
        } else if (p == NOWHERE) {
            return sms_fault(fault, begin, "character without a place in the alphabet");
        } else if ((p & GSM7_ESCAPED) && n + 2 <= capacity) {
            septets[n++] = GSM7_ESCAPE;
            septets[n++] = p & 0x7F;
        } else {
            return sms_fault(fault, begin, "text longer than one part");
        }
    }
    *count = n;
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

size_t gsm7_decode(const uint8_t *septets, size_t count, struct gsm7_tables tables, char *utf8)
{
    tables = existing(tables);
    const uint16_t *main = gsm7_table_locking[tables.locking];
    const uint16_t *shift = gsm7_table_shift[tables.shift];
    char *to = utf8;
    for (size_t i = 0; i < count; i++) {
        uint8_t septet = septets[i] & 0x7F;
        if (septet != GSM7_ESCAPE) {
            to = put(to, main_char(main, septet));
            continue;
        }
        uint8_t next = ++i < count ? septets[i] & 0x7F : GSM7_ESCAPE;
        if (next == GSM7_ESCAPE)
            *to++ = ' ';
        else
            to = put(to, shift[next] != 0 ? shift[next] : main_char(main, next));
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
    for (; count > 0; at += 7) {
        size_t n = count < 8 ? count : 8;
        uint64_t w = load(octets + at, len - at < 8 ? len - at : 8) >> shift;
        save(septets, spread(w), n);
        septets += n;
        count -= n;
    }
    return true;
}
