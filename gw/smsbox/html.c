/* SPDX-License-Identifier: Apache-2.0 */
/*
 * html - see html.h.
 *
 * Named references are those that texts have; an unknown one stays as it is.
 */
#include "gw/smsbox/html.h"

#include <strings.h>

#include "gwlib/charset.h"

#define MAX_REFERENCE 12 /* octets between '&' and ';' */

static const struct {
    const char *name;
    unsigned long code_point;
} named[] = {
    {"amp", '&'},      {"lt", '<'},       {"gt", '>'},       {"quot", '"'},      {"apos", '\''},
    {"nbsp", ' '},     {"euro", 0x20AC},  {"pound", 0xA3},   {"yen", 0xA5},      {"cent", 0xA2},
    {"sect", 0xA7},    {"copy", 0xA9},    {"reg", 0xAE},     {"deg", 0xB0},      {"iexcl", 0xA1},
    {"iquest", 0xBF},  {"laquo", 0xAB},   {"raquo", 0xBB},   {"hellip", 0x2026}, {"ndash", 0x2013},
    {"mdash", 0x2014}, {"lsquo", 0x2018}, {"rsquo", 0x2019}, {"ldquo", 0x201C},  {"rdquo", 0x201D},
    {"Agrave", 0xC0},  {"Aacute", 0xC1},  {"Acirc", 0xC2},   {"Atilde", 0xC3},   {"Auml", 0xC4},
    {"Aring", 0xC5},   {"AElig", 0xC6},   {"Ccedil", 0xC7},  {"Egrave", 0xC8},   {"Eacute", 0xC9},
    {"Ecirc", 0xCA},   {"Euml", 0xCB},    {"Igrave", 0xCC},  {"Iacute", 0xCD},   {"Icirc", 0xCE},
    {"Iuml", 0xCF},    {"Ntilde", 0xD1},  {"Ograve", 0xD2},  {"Oacute", 0xD3},   {"Ocirc", 0xD4},
    {"Otilde", 0xD5},  {"Ouml", 0xD6},    {"Oslash", 0xD8},  {"Ugrave", 0xD9},   {"Uacute", 0xDA},
    {"Ucirc", 0xDB},   {"Uuml", 0xDC},    {"Yacute", 0xDD},  {"szlig", 0xDF},    {"agrave", 0xE0},
    {"aacute", 0xE1},  {"acirc", 0xE2},   {"atilde", 0xE3},  {"auml", 0xE4},     {"aring", 0xE5},
    {"aelig", 0xE6},   {"ccedil", 0xE7},  {"egrave", 0xE8},  {"eacute", 0xE9},   {"ecirc", 0xEA},
    {"euml", 0xEB},    {"igrave", 0xEC},  {"iacute", 0xED},  {"icirc", 0xEE},    {"iuml", 0xEF},
    {"ntilde", 0xF1},  {"ograve", 0xF2},  {"oacute", 0xF3},  {"ocirc", 0xF4},    {"otilde", 0xF5},
    {"ouml", 0xF6},    {"oslash", 0xF8},  {"ugrave", 0xF9},  {"uacute", 0xFA},   {"ucirc", 0xFB},
    {"uuml", 0xFC},    {"yacute", 0xFD},  {"yuml", 0xFF},
};

/* Position of the needle without case, haystack.len when it is not there. */
static size_t find_nocase(struct slice haystack, const char *needle, size_t from)
{
    size_t len = strlen(needle);
    for (size_t i = from; i + len <= haystack.len; i++)
        if (strncasecmp((const char *)haystack.data + i, needle, len) == 0)
            return i;
    return haystack.len;
}

struct slice html_cut(struct slice page, const char *prefix, const char *suffix)
{
    if (prefix == NULL || suffix == NULL)
        return page;
    size_t start = find_nocase(page, prefix, 0);
    if (start == page.len)
        return page;
    start += strlen(prefix);
    size_t end = find_nocase(page, suffix, start);
    return end < page.len ? slice_sub(page, start, end - start) : page;
}

/* "#229", "#xE5": 0 when it is none that can be written. */
static unsigned long numeric(struct slice name)
{
    unsigned base = 10;
    size_t i = 1;
    if (name.len > 1 && (name.data[1] == 'x' || name.data[1] == 'X')) {
        base = 16;
        i = 2;
    }
    unsigned long value = 0;
    if (i == name.len)
        return 0;
    for (; i < name.len; i++) {
        const char *digits = "0123456789abcdef";
        unsigned char c = name.data[i];
        const char *digit = c != '\0' ? strchr(digits, c >= 'A' && c <= 'F' ? c + 32 : c) : NULL;
        if (digit == NULL || (unsigned)(digit - digits) >= base)
            return 0;
        value = value * base + (unsigned long)(digit - digits);
        if (value > 0x10FFFF)
            return 0;
    }
    return value >= 0xD800 && value <= 0xDFFF ? 0 : value;
}

static unsigned long resolve(struct slice name)
{
    if (name.len > 1 && name.data[0] == '#')
        return numeric(name);
    for (size_t i = 0; i < sizeof(named) / sizeof(named[0]); i++)
        if (slice_equal_str(name, named[i].name))
            return named[i].code_point;
    return 0;
}

/* At '&'. How many octets of the page it took. */
static size_t append_reference(struct bytes *to, struct slice page, size_t at)
{
    struct slice rest = slice_sub(page, at + 1, MAX_REFERENCE);
    size_t end = slice_find(rest, ';', 0);
    unsigned long code_point = end < rest.len ? resolve(slice_sub(rest, 0, end)) : 0;
    if (code_point == 0) {
        bytes_append_char(to, '&');
        return 1;
    }
    charset_utf8_append(to, code_point);
    return end + 2;
}

/* At '<'. Behind the tag; a '<' that nothing closes ends the page. */
static size_t tag_end(struct slice page, size_t at)
{
    if (slice_starts_with(slice_sub(page, at, 4), slice_str("<!--"))) {
        size_t end = find_nocase(page, "-->", at + 4);
        return end < page.len ? end + 3 : page.len;
    }
    size_t end = slice_find(page, '>', at);
    return end < page.len ? end + 1 : page.len;
}

void html_to_text(struct bytes *to, struct slice page)
{
    struct bytes text = {0};
    for (size_t i = 0; i < page.len;) {
        if (page.data[i] == '<')
            i = tag_end(page, i);
        else if (page.data[i] == '&')
            i += append_reference(&text, page, i);
        else
            bytes_append_char(&text, page.data[i++]);
    }
    bytes_append_slice(to, slice_trim(bytes_slice(&text)));
    bytes_free(&text);
}
