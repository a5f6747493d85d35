/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unit tests of gw/sms/encoding, transliterate, utf16 and grapheme. Clusters are
 * examples of Unicode Standard Annex 29.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gw/sms/encoding.h"
#include "gw/sms/grapheme.h"
#include "gw/sms/transliterate.h"
#include "gw/sms/utf16.h"
#include "gwlib/charset.h"

#define LITERAL(text) slice_of(text, sizeof(text) - 1)

static struct encoding chosen(const char *piece, size_t times, const struct encoding_wish *wish)
{
    struct bytes text = {0};
    struct encoding encoding;
    while (times-- > 0)
        bytes_append_str(&text, piece);
    encoding_choose(bytes_slice(&text), wish, &encoding);
    bytes_free(&text);
    return encoding;
}

static void assert_encoding(struct encoding got, enum dcs_alphabet alphabet, unsigned parts,
                            size_t units, size_t left)
{
    assert_int_equal(got.alphabet, alphabet);
    assert_int_equal(got.parts, parts);
    assert_int_equal(got.units, units);
    assert_int_equal(got.left, left);
}

static void counts_parts(void **state)
{
    (void)state;
    struct encoding_wish wish = {0};
    assert_encoding(chosen("", 0, &wish), DCS_GSM7, 1, 0, 160);
    assert_encoding(chosen("a", 160, &wish), DCS_GSM7, 1, 160, 0);
    assert_encoding(chosen("a", 161, &wish), DCS_GSM7, 2, 161, 145);
    assert_encoding(chosen("\xE2\x82\xAC", 80, &wish), DCS_GSM7, 1, 160, 0);
    assert_encoding(chosen("\xD0\xB1", 70, &wish), DCS_UCS2, 1, 70, 0);
    assert_encoding(chosen("\xD0\xB1", 71, &wish), DCS_UCS2, 2, 71, 63);
    assert_int_equal(chosen("a", 161, &wish).per_part, 153);
    wish.ref_bits = 16;
    assert_encoding(chosen("a", 161, &wish), DCS_GSM7, 2, 161, 143);
    wish.ref_bits = 8;
    wish.udh = LITERAL("\x06\x05\x04\x15\x81\x00\x00");
    assert_encoding(chosen("a", 152, &wish), DCS_GSM7, 1, 152, 0);
    assert_encoding(chosen("a", 200, &wish), DCS_GSM7, 2, 200, 146 - 54);
    wish.udh = slice_unset();
    assert_encoding(chosen("a", 255 * 153, &wish), DCS_GSM7, 255, 255 * 153, 0);
    assert_int_equal(chosen("a", 255 * 153 + 1, &wish).parts, 0);
    struct encoding counted;
    encoding_count(DCS_8BIT, GSM7_DEFAULT, slice_of("\x00\x01", 2), &wish, &counted);
    assert_encoding(counted, DCS_8BIT, 1, 2, 138);
}

static void uses_national_tables_on_request(void **state)
{
    (void)state;
    struct encoding_wish wish = {0};
    static const char turkish[] = "\xC5\x9E\xC4\xB1\xC4\x9F"; /* S-cedilla, dotless i, g-breve */
    assert_encoding(chosen(turkish, 30, &wish), DCS_UCS2, 2, 90, 134 - 90);
    wish.languages = ENCODING_ALL_LANGUAGES;
    struct encoding encoding = chosen(turkish, 30, &wish);
    assert_encoding(encoding, DCS_GSM7, 1, 90, 155 - 90);
    assert_int_equal(encoding.tables.locking, 1);
    assert_int_equal(encoding.tables.shift, 0);
    /* Not when it saves nothing, nor when the default will do. */
    assert_int_equal(chosen(turkish, 3, &wish).alphabet, DCS_UCS2);
    encoding = chosen("a", 300, &wish);
    assert_int_equal(encoding.tables.locking, 0);
    assert_int_equal(encoding.tables.shift, 0);
    wish.languages = 1u << 2;
    assert_int_equal(chosen(turkish, 30, &wish).alphabet, DCS_UCS2);
    struct udh udh = {0};
    assert_true(encoding_add_tables(&udh, (struct gsm7_tables){1, 3}));
    assert_true(slice_equal(udh_slice(&udh), LITERAL("\x06\x24\x01\x03\x25\x01\x01")));
}

static void transliterates_on_request(void **state)
{
    (void)state;
    struct encoding_wish wish = {.transliterated = true};
    assert_int_equal(chosen("\xE2\x80\x9Cquotes\xE2\x80\x9D \xE2\x80\x93 dash", 1, &wish).alphabet,
                     DCS_GSM7);
    /* Where the alphabet is UCS-2 all the same, nothing is changed. */
    assert_encoding(chosen("\xD0\xB1\xE2\x80\xA6", 1, &wish), DCS_UCS2, 1, 2, 68);
    struct bytes to = {0};
    transliterate_append(&to,
                         slice_str("\xE2\x80\x9C"
                                   "Cr\xC3\xA8me br\xC3\xBBl\xC3\xA9"
                                   "e\xE2\x80\x9D\xE2\x80\xA6 \xC5\x82 \xD0\xB1 \xE2\x84\xA2"));
    assert_string_equal(bytes_str(&to), "\"Cr\xC3\xA8me brul\xC3\xA9"
                                        "e\"... l \xD0\xB1 (TM)");
    bytes_free(&to);
    for (unsigned long c = 0; c < 0x10000; c++) {
        const char *form = transliterate_find(c);
        if (form == NULL)
            continue;
        assert_int_equal(gsm7_cost(c, GSM7_DEFAULT), 0);
        assert_true(gsm7_fits(slice_str(form), GSM7_DEFAULT));
    }
}

/* --- UTF-16 ------------------------------------------------------------------------ */

static void assert_utf16(struct slice utf8, struct slice utf16)
{
    unsigned char octets[64];
    char text[64];
    assert_int_equal(utf16_count(utf8), utf16.len);
    assert_int_equal(utf16_from_utf8(utf8, octets, sizeof(octets)), utf16.len);
    assert_memory_equal(octets, utf16.data, utf16.len);
    size_t len = utf16_to_utf8(utf16, text);
    assert_true(slice_equal(slice_of(text, len), utf8));
    assert_true(len <= UTF16_UTF8_MAX(utf16.len));
}

static void converts_utf16(void **state)
{
    (void)state;
    unsigned char octets[8];
    char text[16];
    assert_utf16(LITERAL("a\xC3\xA9\xD0\xB1\xE2\x82\xAC\xF0\x9F\x98\x80"),
                 LITERAL("\0a\0\xE9\x04\x31\x20\xAC\xD8\x3D\xDE\x00"));
    assert_utf16(LITERAL("\xF4\x8F\xBF\xBF"), LITERAL("\xDB\xFF\xDF\xFF"));
    assert_int_equal(utf16_from_utf8(LITERAL("a\xF0\x9F\x98\x80"), octets, 5), 2);
    assert_int_equal(utf16_to_utf8(LITERAL("\xD8\x3D\0a"), text), 4);
    assert_memory_equal(text,
                        "\xEF\xBF\xBD"
                        "a",
                        4);
    assert_int_equal(utf16_to_utf8(LITERAL("\xDE\x00\xD8\x3D"), text), 6);
    assert_int_equal(utf16_to_utf8(LITERAL("\0a\0"), text), 1);
    assert_int_equal(utf16_count(LITERAL("\xFF\xFE")), 4);
}

/* --- clusters ------------------------------------------------------------------------- */

static void assert_clusters(const char *text, unsigned expected)
{
    struct grapheme_state state = {0};
    unsigned clusters = 0;
    struct slice slice = slice_str(text);
    for (size_t pos = 0; pos < slice.len;) {
        if (grapheme_begins(&state, (unsigned long)charset_utf8_next(slice, &pos)))
            clusters++;
    }
    if (clusters != expected)
        fail_msg("%s: %u clusters, not %u", text, clusters, expected);
}

static void finds_clusters(void **state)
{
    (void)state;
    assert_clusters("", 0);
    assert_clusters("abc", 3);
    assert_clusters("\r\n\n\r", 3);
    assert_clusters("e\xCC\x81\xCC\x82x", 2);                   /* combining accents */
    assert_clusters("\xE0\xA4\x95\xE0\xA4\xBF\xE0\xA4\x95", 2); /* ka, vowel sign i, ka */
    assert_clusters("\xF0\x9F\x87\xA9\xF0\x9F\x87\xAA\xF0\x9F\x87\xAB\xF0\x9F\x87\xB7", 2);
    assert_clusters("\xF0\x9F\x87\xA9\xF0\x9F\x87\xAA\xF0\x9F\x87\xAB", 2);
    assert_clusters("\xF0\x9F\x91\x8D\xF0\x9F\x8F\xBD!", 2); /* thumb, skin tone */
    assert_clusters("\xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x91\xA7", 1);
    assert_clusters("\xE2\x9D\xA4\xEF\xB8\x8F\xE2\x80\x8D\xF0\x9F\x94\xA5", 1); /* heart on fire */
    assert_clusters("a\xE2\x80\x8D\xF0\x9F\x91\xA7", 2);        /* joiner after a letter */
    assert_clusters("1\xEF\xB8\x8F\xE2\x83\xA3", 1);            /* keycap */
    assert_clusters("\xED\x95\x9C\xEA\xB8\x80", 2);             /* two syllables */
    assert_clusters("\xE1\x84\x92\xE1\x85\xA1\xE1\x86\xAB", 1); /* one, in letters */
    assert_clusters("\xED\x95\x98\xE1\x86\xAB", 1);             /* LV and T */
    assert_clusters("\xED\x95\x9C\xE1\x85\xA1", 2);             /* LVT and V */
    assert_clusters("\xF0\x9F\x98\x80\xF0\x9F\x98\x80", 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_parts),
        cmocka_unit_test(uses_national_tables_on_request),
        cmocka_unit_test(transliterates_on_request),
        cmocka_unit_test(converts_utf16),
        cmocka_unit_test(finds_clusters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
