/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unit tests of gwlib/charset. Expected octets are those of the Unicode
 * standard (UTF-8, UTF-16) and of the code pages, not of our own output.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gwlib/charset.h"

#define LITERAL(text) slice_of(text, sizeof(text) - 1)

static void assert_holds(const struct bytes *b, struct slice expected)
{
    assert_int_equal(b->len, expected.len);
    assert_memory_equal(bytes_slice(b).data, expected.data, expected.len);
}

static void assert_converts(const char *to_name, struct slice expected, const char *from_name,
                            struct slice text)
{
    struct bytes to = {0};

    assert_true(charset_convert(&to, to_name, text, from_name));
    assert_holds(&to, expected);
    bytes_clear(&to);
    assert_true(charset_convert_lossy(&to, to_name, text, from_name, '?'));
    assert_holds(&to, expected);
    bytes_free(&to);
}

static void assert_refuses(const char *to_name, const char *from_name, struct slice text)
{
    struct bytes to = {0};

    bytes_append_str(&to, "before");
    assert_false(charset_convert(&to, to_name, text, from_name));
    assert_string_equal(bytes_str(&to), "before");
    bytes_free(&to);
}

static void assert_loses(const char *to_name, struct slice expected, const char *from_name,
                         struct slice text)
{
    struct bytes to = {0};

    assert_true(charset_convert_lossy(&to, to_name, text, from_name, '?'));
    assert_holds(&to, expected);
    bytes_free(&to);
}

static void converts(void **state)
{
    (void)state;
    assert_converts("UTF-8", LITERAL("h\xc3\xa9"), "ISO-8859-1", LITERAL("h\xe9"));
    assert_converts("ISO-8859-1", LITERAL("h\xe9"), "UTF-8", LITERAL("h\xc3\xa9"));
    assert_converts("UTF-8", LITERAL("\xe2\x82\xac"), "windows-1252", LITERAL("\x80"));
    assert_converts("UTF-16BE", LITERAL("\x20\xac"), "UTF-8", LITERAL("\xe2\x82\xac"));
    assert_converts("UTF-16BE", LITERAL("\xd8\x3d\xde\x00"), "UTF-8", LITERAL("\xf0\x9f\x98\x80"));
    assert_converts("utf-8", LITERAL("a"), "us-ascii", LITERAL("a"));
    assert_converts("UTF-8", LITERAL(""), "ISO-8859-1", LITERAL(""));
    assert_converts("UTF-8", LITERAL(""), "ISO-8859-1", slice_unset());
}

static void a_long_text_is_converted_whole(void **state)
{
    struct bytes latin = {0}, utf8 = {0};

    (void)state;
    for (int i = 0; i < 5000; i++) {
        bytes_append_str(&latin, "\xe9");
        bytes_append_str(&utf8, "\xc3\xa9");
    }
    assert_converts("UTF-8", bytes_slice(&utf8), "ISO-8859-1", bytes_slice(&latin));
    bytes_free(&latin);
    bytes_free(&utf8);
}

static void a_shift_state_is_ended(void **state)
{
    (void)state; /* ISO-2022-JP: ESC $ B, two octets, and back by ESC ( B */
    assert_converts("ISO-2022-JP", LITERAL("\x1b$B\x24\x22\x1b(B"), "UTF-8",
                    LITERAL("\xe3\x81\x82"));
}

static void byte_order_marks_go_and_none_comes(void **state)
{
    (void)state;
    assert_converts("UTF-8", LITERAL("a"), "UTF-8",
                    LITERAL("\xef\xbb\xbf"
                            "a"));
    assert_converts("UTF-8", LITERAL("a"), "UTF-16", LITERAL("\xfe\xff\0a"));
    assert_converts("UTF-8", LITERAL("a"), "UTF-16",
                    LITERAL("\xff\xfe"
                            "a\0"));
    assert_converts("UTF-8", LITERAL("a"), "UTF-16BE", LITERAL("\xfe\xff\0a"));
    assert_converts("UTF-16BE", LITERAL("\0a"), "UTF-16LE",
                    LITERAL("\xff\xfe"
                            "a\0"));
    assert_converts("UTF-16", LITERAL("a\0"), "UTF-8", LITERAL("a"));
    assert_converts("UTF-32", LITERAL("a\0\0\0"), "UTF-8", LITERAL("a"));
}

static void ucs2_without_byte_order_is_little_endian(void **state)
{
    (void)state; /* seen with Kannel 1.4.5 */
    assert_converts("UTF-16BE", LITERAL("\x20\xac"), "UCS-2", LITERAL("\xac\x20"));
}

static void refuses_what_cannot_be_converted(void **state)
{
    (void)state;
    assert_refuses("ISO-8859-1", "UTF-8", LITERAL("a\xe2\x82\xac"));
    assert_refuses("UTF-16BE", "UTF-8", LITERAL("a\xe9"));
    assert_refuses("UTF-8", "UTF-8", LITERAL("a\xc0\x80"));
    assert_refuses("UTF-8", "UTF-16BE", LITERAL("\0a\0"));
    assert_refuses("UTF-8", "UTF-16BE", LITERAL("\xd8\x00\0a"));
}

static void unknown_and_strange_names(void **state)
{
    static const char *const names[] = {"nonsense",    "",       "UTF-8//IGNORE", "UTF-8//TRANSLIT",
                                        "../../tmp/x", "UTF-8\n"};
    struct bytes to = {0};

    (void)state;
    assert_true(charset_is_known("UTF-8"));
    assert_true(charset_is_known("iso-8859-15"));
    assert_false(charset_is_known(NULL));
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_false(charset_is_known(names[i]));
        assert_refuses(names[i], "UTF-8", LITERAL("a"));
        assert_refuses("UTF-8", names[i], LITERAL("a"));
        assert_false(charset_convert_lossy(&to, names[i], LITERAL("a"), "UTF-8", '?'));
        assert_false(charset_convert_lossy(&to, "UTF-8", LITERAL("a"), names[i], '?'));
    }
    assert_int_equal(to.len, 0);
    bytes_free(&to);
}

static void lossy_drops_what_is_wrong_and_replaces_what_lacks(void **state)
{
    (void)state;
    assert_loses("UTF-8", LITERAL(""), "UTF-8", LITERAL("\xe5"));
    assert_loses("UTF-8", LITERAL("ab"), "UTF-8",
                 LITERAL("a\xff\xfe"
                         "b"));
    assert_loses("ISO-8859-1", LITERAL("a?\xe9?"), "UTF-8",
                 LITERAL("a\xe2\x82\xac\xc3\xa9\xf0\x9f\x98\x80\xe5"));
    assert_loses("UTF-16BE", LITERAL("\0a\0b"), "UTF-8",
                 LITERAL("a\x80"
                         "b"));
    assert_loses("UTF-8", LITERAL("ab"), "UTF-16BE", LITERAL("\0a\xdc\x00\0b\0"));
    assert_loses("US-ASCII", LITERAL("a?b"), "ISO-8859-1",
                 LITERAL("a\xe9"
                         "b"));
}

static void checks_utf8(void **state)
{
    (void)state;
    assert_true(charset_is_utf8(LITERAL("")));
    assert_true(charset_is_utf8(LITERAL("a\xc3\xa9\xe2\x82\xac\xf4\x8f\xbf\xbf\xee\x80\x80")));
    assert_false(charset_is_utf8(LITERAL("\x80")));
    assert_false(charset_is_utf8(LITERAL("\xc3")));
    assert_false(charset_is_utf8(LITERAL("\xc1\xbf")));         /* overlong */
    assert_false(charset_is_utf8(LITERAL("\xe0\x9f\xbf")));     /* overlong */
    assert_false(charset_is_utf8(LITERAL("\xf0\x8f\xbf\xbf"))); /* overlong */
    assert_false(charset_is_utf8(LITERAL("\xed\xa0\x80")));     /* surrogate */
    assert_false(charset_is_utf8(LITERAL("\xf4\x90\x80\x80"))); /* above 10FFFF */
    assert_false(charset_is_utf8(LITERAL("\xf5\x80\x80\x80")));
    assert_false(charset_is_utf8(slice_of("\xe2\x82\xac", 2)));
    assert_false(charset_is_utf8(slice_of("\xf0\x9f\x98\x80", 3)));
}

static void walks_through_utf8(void **state)
{
    struct slice text = LITERAL("a\xc3\xa9\xff\xe2\x82\xac\xf0\x9f\x98\x80\xe2");
    const long expected[] = {'a', 0xe9, 0xfffd, 0x20ac, 0x1f600, 0xfffd, -1, -1};
    size_t pos = 0;

    (void)state;
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++)
        assert_int_equal(charset_utf8_next(text, &pos), expected[i]);
    assert_int_equal(pos, text.len);
}

static void every_code_point_comes_back(void **state)
{
    (void)state;
    for (unsigned long c = 0; c <= 0x10ffff; c += c < 0x3000 ? 1 : 97) {
        struct bytes b = {0};
        size_t pos = 0;

        if (c >= 0xd800 && c <= 0xdfff)
            continue;
        charset_utf8_append(&b, c);
        assert_true(charset_is_utf8(bytes_slice(&b)));
        assert_int_equal(charset_utf8_next(bytes_slice(&b), &pos), c);
        assert_int_equal(pos, b.len);
        bytes_free(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(converts),
        cmocka_unit_test(a_long_text_is_converted_whole),
        cmocka_unit_test(a_shift_state_is_ended),
        cmocka_unit_test(byte_order_marks_go_and_none_comes),
        cmocka_unit_test(ucs2_without_byte_order_is_little_endian),
        cmocka_unit_test(refuses_what_cannot_be_converted),
        cmocka_unit_test(unknown_and_strange_names),
        cmocka_unit_test(lossy_drops_what_is_wrong_and_replaces_what_lacks),
        cmocka_unit_test(checks_utf8),
        cmocka_unit_test(walks_through_utf8),
        cmocka_unit_test(every_code_point_comes_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
