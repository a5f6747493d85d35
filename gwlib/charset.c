/* SPDX-License-Identifier: Apache-2.0 */
/*
 * charset - see charset.h. Conversion is libc's iconv(3); UTF-8 is checked here
 * (RFC 3629, section 4).
 *
 * Names come from outside (charset=... of a request): only names of plain
 * characters and sane length reach iconv_open(), because libraries give a
 * meaning of their own to "", "//IGNORE" and the like.
 *
 * Names without a byte order (UTF-16, UCS-2, UTF-32) mean: what the byte order
 * mark says, else little endian, as glibc has it on the machines Kannel runs on;
 * towards them little endian without mark.
 *
 * A lossy conversion goes by way of UTF-8: that tells octets which are wrong in
 * the source (dropped) from characters which the target lacks (replaced).
 */
#include "gwlib/charset.h"

#include <errno.h>
#include <iconv.h>
#include <strings.h>

#define NAME_MAX_LEN 40
#define CHUNK        512

/* --- UTF-8 ------------------------------------------------------------- */

static bool is_continuation(unsigned char c)
{
    return (c & 0xc0) == 0x80;
}

/* The length of the well-formed character at s.data[pos], 0 when it is none.
 * The table is that of RFC 3629, section 4. */
static size_t utf8_length_at(struct slice s, size_t pos)
{
    const unsigned char *p = s.data + pos;
    size_t left = s.len - pos;

    if (p[0] < 0x80)
        return 1;
    if (p[0] < 0xc2 || p[0] > 0xf4 || left < 2 || !is_continuation(p[1]))
        return 0;
    if (p[0] < 0xe0)
        return 2;
    if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f))
        return 0;
    if ((p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
        return 0;
    if (left < 3 || !is_continuation(p[2]))
        return 0;
    if (p[0] < 0xf0)
        return 3;
    return left >= 4 && is_continuation(p[3]) ? 4 : 0;
}

bool charset_is_utf8(struct slice text)
{
    size_t pos = 0;

    while (pos < text.len) {
        size_t len = utf8_length_at(text, pos);

        if (len == 0)
            return false;
        pos += len;
    }
    return true;
}

long charset_utf8_next(struct slice text, size_t *pos)
{
    static const unsigned char first_mask[5] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    const unsigned char *p;
    size_t len;
    long code_point;

    if (*pos >= text.len)
        return -1;
    len = utf8_length_at(text, *pos);
    if (len == 0) {
        (*pos)++;
        return 0xfffd;
    }
    p = text.data + *pos;
    code_point = p[0] & first_mask[len];
    for (size_t i = 1; i < len; i++)
        code_point = code_point << 6 | (p[i] & 0x3f);
    *pos += len;
    return code_point;
}

void charset_utf8_append(struct bytes *to, unsigned long code_point)
{
    unsigned char out[4];
    size_t len = code_point < 0x80 ? 1 : code_point < 0x800 ? 2 : code_point < 0x10000 ? 3 : 4;
    static const unsigned char first[5] = {0, 0, 0xc0, 0xe0, 0xf0};

    for (size_t i = len - 1; i > 0; i--) {
        out[i] = (unsigned char)(0x80 | (code_point & 0x3f));
        code_point >>= 6;
    }
    out[0] = (unsigned char)(first[len] | code_point);
    bytes_append(to, out, len);
}

static void append_clean_utf8(struct bytes *to, struct slice text)
{
    size_t pos = 0;

    while (pos < text.len) {
        size_t len = utf8_length_at(text, pos);

        bytes_append(to, text.data + pos, len);
        pos += len > 0 ? len : 1;
    }
}

/* --- names -------------------------------------------------------------- */

static bool is_sane_name(const char *name)
{
    size_t len = name != NULL ? strlen(name) : 0;

    return len > 0 && len <= NAME_MAX_LEN &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:+()") ==
               len;
}

static bool is_utf8_name(const char *name)
{
    return strcasecmp(name, "UTF-8") == 0 || strcasecmp(name, "UTF8") == 0;
}

/* Charsets whose octets come in units, and how their byte order mark looks. */
struct unit_charset {
    const char *name;
    const char *little, *big; /* with the byte order said; NULL: said already */
    size_t unit;
    struct slice mark, other_mark; /* as written in that order */
};

#define MARK(text)                                                                                 \
    {                                                                                              \
        (const unsigned char *)(text), sizeof(text) - 1                                            \
    }

static const struct unit_charset unit_charsets[] = {
    {"UTF-8", NULL, NULL, 1, MARK("\xef\xbb\xbf"), {NULL, 0}},
    {"UTF8", NULL, NULL, 1, MARK("\xef\xbb\xbf"), {NULL, 0}},
    {"UTF-16LE", NULL, NULL, 2, MARK("\xff\xfe"), {NULL, 0}},
    {"UTF-16BE", NULL, NULL, 2, MARK("\xfe\xff"), {NULL, 0}},
    {"UCS-2LE", NULL, NULL, 2, MARK("\xff\xfe"), {NULL, 0}},
    {"UCS-2BE", NULL, NULL, 2, MARK("\xfe\xff"), {NULL, 0}},
    {"UTF-32LE", NULL, NULL, 4, MARK("\xff\xfe\0\0"), {NULL, 0}},
    {"UTF-32BE", NULL, NULL, 4, MARK("\0\0\xfe\xff"), {NULL, 0}},
    {"UTF-16", "UTF-16LE", "UTF-16BE", 2, MARK("\xff\xfe"), MARK("\xfe\xff")},
    {"UTF16", "UTF-16LE", "UTF-16BE", 2, MARK("\xff\xfe"), MARK("\xfe\xff")},
    {"UCS-2", "UCS-2LE", "UCS-2BE", 2, MARK("\xff\xfe"), MARK("\xfe\xff")},
    {"UCS2", "UCS-2LE", "UCS-2BE", 2, MARK("\xff\xfe"), MARK("\xfe\xff")},
    {"ISO-10646-UCS-2", "UCS-2LE", "UCS-2BE", 2, MARK("\xff\xfe"), MARK("\xfe\xff")},
    {"UTF-32", "UTF-32LE", "UTF-32BE", 4, MARK("\xff\xfe\0\0"), MARK("\0\0\xfe\xff")},
};

static const struct unit_charset *find_unit_charset(const char *name)
{
    for (size_t i = 0; i < sizeof unit_charsets / sizeof unit_charsets[0]; i++) {
        if (strcasecmp(unit_charsets[i].name, name) == 0)
            return &unit_charsets[i];
    }
    return NULL;
}

/* The name with byte order, for the given text; a mark is taken off it. *unit
 * is the number of octets that go when one is wrong. */
static const char *source_name(const char *name, struct slice *text, size_t *unit)
{
    const struct unit_charset *charset = find_unit_charset(name);

    *unit = charset != NULL ? charset->unit : 1;
    if (charset == NULL)
        return name;
    if (slice_starts_with(*text, charset->mark)) {
        *text = slice_sub(*text, charset->mark.len, text->len);
    } else if (slice_is_set(charset->other_mark) && slice_starts_with(*text, charset->other_mark)) {
        *text = slice_sub(*text, charset->other_mark.len, text->len);
        return charset->big;
    }
    return charset->little != NULL ? charset->little : charset->name;
}

static const char *target_name(const char *name)
{
    const struct unit_charset *charset = find_unit_charset(name);

    return charset != NULL && charset->little != NULL ? charset->little : name;
}

static iconv_t open_converter(const char *to_name, const char *from_name)
{
    if (!is_sane_name(to_name) || !is_sane_name(from_name))
        return (iconv_t)-1;
    return iconv_open(to_name, from_name);
}

bool charset_is_known(const char *name)
{
    iconv_t converter = open_converter("UTF-8", name);

    if (converter == (iconv_t)-1)
        return false;
    iconv_close(converter);
    return true;
}

/* --- conversion ----------------------------------------------------------- */

/*
 * Converts until *text is used up (0), or the octets at its start cannot be
 * converted (EILSEQ, or EINVAL for an incomplete end). *inexact is set when
 * the library put something else in place of a character (some do, uncalled).
 * text NULL: writes what brings the output back to its initial shift state.
 */
static int run_converter(iconv_t converter, struct bytes *to, struct slice *text, bool *inexact)
{
    char chunk[CHUNK];
    char *in = text != NULL ? (char *)(uintptr_t)text->data : NULL;
    size_t in_left = text != NULL ? text->len : 0;
    int error;

    do {
        char *out = chunk;
        size_t out_left = sizeof chunk;
        size_t result = iconv(converter, in != NULL ? &in : NULL, &in_left, &out, &out_left);

        error = result == (size_t)-1 ? errno : 0;
        if (error == 0 && result > 0)
            *inexact = true;
        bytes_append(to, chunk, sizeof chunk - out_left);
    } while (error == E2BIG);
    if (text != NULL)
        *text = slice_of(in, in_left);
    return error;
}

bool charset_convert(struct bytes *to, const char *to_name, struct slice text,
                     const char *from_name)
{
    size_t before = to->len;
    size_t unit;
    bool inexact = false;
    int error;
    iconv_t converter;

    if (!is_sane_name(to_name) || !is_sane_name(from_name))
        return false;
    from_name = source_name(from_name, &text, &unit);
    to_name = target_name(to_name);
    if (is_utf8_name(from_name) && is_utf8_name(to_name)) {
        if (!charset_is_utf8(text))
            return false;
        bytes_append_slice(to, text);
        return true;
    }
    converter = open_converter(to_name, from_name);
    if (converter == (iconv_t)-1)
        return false;
    error = slice_is_empty(text) ? 0 : run_converter(converter, to, &text, &inexact);
    if (error == 0)
        error = run_converter(converter, to, NULL, &inexact);
    iconv_close(converter);
    if (error == 0 && !inexact)
        return true;
    bytes_truncate(to, before);
    return false;
}

/* Appends the text as UTF-8, without what is wrong in it. */
static bool clean_to_utf8(struct bytes *to, struct slice text, const char *from_name)
{
    size_t unit;
    bool inexact = false;
    iconv_t converter;

    from_name = source_name(from_name, &text, &unit);
    if (is_utf8_name(from_name)) {
        append_clean_utf8(to, text);
        return true;
    }
    converter = open_converter("UTF-8", from_name);
    if (converter == (iconv_t)-1)
        return false;
    while (!slice_is_empty(text)) {
        if (run_converter(converter, to, &text, &inexact) == EINVAL)
            break;
        text = slice_sub(text, unit, text.len);
    }
    iconv_close(converter);
    return true;
}

/* utf8 is well-formed. */
static bool replace_what_lacks(struct bytes *to, const char *to_name, struct slice utf8,
                               char replacement)
{
    iconv_t converter = open_converter(to_name, "UTF-8");
    bool inexact = false;

    if (converter == (iconv_t)-1)
        return false;
    while (!slice_is_empty(utf8)) {
        struct slice substitute = slice_of(&replacement, 1);

        if (run_converter(converter, to, &utf8, &inexact) == 0)
            break;
        (void)run_converter(converter, to, &substitute, &inexact);
        utf8 = slice_sub(utf8, utf8_length_at(utf8, 0), utf8.len);
    }
    (void)run_converter(converter, to, NULL, &inexact);
    iconv_close(converter);
    return true;
}

bool charset_convert_lossy(struct bytes *to, const char *to_name, struct slice text,
                           const char *from_name, char replacement)
{
    struct bytes utf8 = {0};
    bool known;

    if (!is_sane_name(to_name) || !is_sane_name(from_name))
        return false;
    to_name = target_name(to_name);
    known = clean_to_utf8(&utf8, text, from_name);
    if (known && is_utf8_name(to_name))
        bytes_append_slice(to, bytes_slice(&utf8));
    else if (known)
        known = replace_what_lacks(to, to_name, bytes_slice(&utf8), replacement);
    bytes_free(&utf8);
    return known;
}
