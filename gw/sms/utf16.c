/* SPDX-License-Identifier: Apache-2.0 */
/*
 * utf16 - see utf16.h. UTF-16 by RFC 2781.
 */
#include "gw/sms/utf16.h"

#include <stdbool.h>

#include "gwlib/charset.h"

size_t utf16_count(struct slice utf8)
{
    size_t octets = 0;
    for (size_t pos = 0; pos < utf8.len;)
        octets += charset_utf8_next(utf8, &pos) > 0xFFFF ? 4 : 2;
    return octets;
}

static unsigned char *put_unit(unsigned char *to, unsigned long unit)
{
    *to++ = (unsigned char)(unit >> 8);
    *to++ = (unsigned char)unit;
    return to;
}

size_t utf16_from_utf8(struct slice utf8, unsigned char *utf16, size_t capacity)
{
    unsigned char *to = utf16, *end = utf16 + capacity;
    for (size_t pos = 0; pos < utf8.len;) {
        unsigned long c = (unsigned long)charset_utf8_next(utf8, &pos);
        if (end - to < (c > 0xFFFF ? 4 : 2))
            break;
        if (c > 0xFFFF) {
            to = put_unit(to, 0xD800 | (c - 0x10000) >> 10);
            to = put_unit(to, 0xDC00 | ((c - 0x10000) & 0x3FF));
        } else {
            to = put_unit(to, c);
        }
    }
    return (size_t)(to - utf16);
}

static char *put_char(char *to, unsigned long c)
{
    if (c < 0x80) {
        *to++ = (char)c;
        return to;
    }
    if (c < 0x800) {
        *to++ = (char)(0xC0 | c >> 6);
    } else {
        if (c < 0x10000) {
            *to++ = (char)(0xE0 | c >> 12);
        } else {
            *to++ = (char)(0xF0 | c >> 18);
            *to++ = (char)(0x80 | (c >> 12 & 0x3F));
        }
        *to++ = (char)(0x80 | (c >> 6 & 0x3F));
    }
    *to++ = (char)(0x80 | (c & 0x3F));
    return to;
}

static unsigned long unit_at(struct slice utf16, size_t pos)
{
    return (unsigned long)utf16.data[pos] << 8 | utf16.data[pos + 1];
}

size_t utf16_to_utf8(struct slice utf16, char *utf8)
{
    char *to = utf8;
    for (size_t pos = 0; pos + 2 <= utf16.len; pos += 2) {
        unsigned long c = unit_at(utf16, pos);
        bool pair = (c & 0xFC00) == 0xD800 && pos + 4 <= utf16.len &&
                    (unit_at(utf16, pos + 2) & 0xFC00) == 0xDC00;
        if (pair) {
            pos += 2;
            c = 0x10000 + ((c & 0x3FF) << 10) + (unit_at(utf16, pos) & 0x3FF);
        } else if ((c & 0xF800) == 0xD800) {
            c = 0xFFFD;
        }
        to = put_char(to, c);
    }
    return (size_t)(to - utf8);
}
