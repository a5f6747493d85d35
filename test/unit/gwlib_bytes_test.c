/* SPDX-License-Identifier: Apache-2.0 */
/* Octet strings: slices, lists, numbers, buffers that grow. */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "gwlib/bytes.h"

static void assert_slice(struct slice s, const char *expected)
{
    assert_true(slice_is_set(s));
    assert_int_equal(s.len, strlen(expected));
    assert_memory_equal(s.data, expected, s.len);
}

static void slices_compare(void **state)
{
    (void)state;
    assert_true(slice_equal(slice_unset(), slice_str("")));
    assert_true(slice_equal(slice_of("a\0b", 3), slice_of("a\0b", 3)));
    assert_false(slice_equal(slice_of("a\0b", 3), slice_of("a\0c", 3)));
    assert_false(slice_equal_str(slice_str("abc"), "ab"));
    assert_true(slice_equal_nocase(slice_str("TeXt-1"), "tExT-1"));
    assert_false(slice_equal_nocase(slice_str("[@"), "{`")); /* 32 apart, but no letters */
    assert_false(slice_equal_nocase(slice_of("\xC4", 1), "\xE4"));
    assert_true(slice_equal_secret(slice_str("secret"), slice_str("secret")));
    assert_false(slice_equal_secret(slice_str("secret"), slice_str("secreT")));
    assert_false(slice_equal_secret(slice_str("secret"), slice_str("secre")));
    assert_true(slice_equal_secret(slice_unset(), slice_str("")));
    assert_true(slice_starts_with(slice_str("+358"), slice_str("+3")));
    assert_true(slice_starts_with(slice_str("x"), slice_unset()));
    assert_false(slice_starts_with(slice_str("+"), slice_str("+3")));
    assert_false(slice_starts_with(slice_unset(), slice_str("x")));
}

static void slices_are_cut(void **state)
{
    (void)state;
    assert_slice(slice_sub(slice_str("abcdef"), 2, 3), "cde");
    assert_slice(slice_sub(slice_str("abcdef"), 4, SIZE_MAX), "ef");
    assert_slice(slice_sub(slice_str("abcdef"), 9, 1), "");
    assert_false(slice_is_set(slice_sub(slice_unset(), 1, 1)));
    assert_slice(slice_trim(slice_str(" \t a b\r\n")), "a b");
    assert_slice(slice_trim(slice_str(" \r\n\t")), "");
    assert_false(slice_is_set(slice_trim(slice_unset())));
    assert_int_equal(slice_find(slice_str("a;b;c"), ';', 2), 3);
    assert_int_equal(slice_find(slice_str("a;b;c"), 'x', 0), 5);
    assert_int_equal(slice_find(slice_str("abc"), 'a', 7), 3);
    assert_int_equal(slice_find(slice_unset(), 'a', 0), 0);
}

static void lists_have_empty_items(void **state)
{
    struct slice rest = slice_str("a;;b"), item;

    (void)state;
    assert_true(slice_next_item(&rest, ';', &item));
    assert_slice(item, "a");
    assert_true(slice_next_item(&rest, ';', &item));
    assert_slice(item, "");
    assert_true(slice_next_item(&rest, ';', &item));
    assert_slice(item, "b");
    assert_false(slice_next_item(&rest, ';', &item));

    rest = slice_str("");
    assert_true(slice_next_item(&rest, ';', &item));
    assert_slice(item, "");
    assert_false(slice_next_item(&rest, ';', &item));

    rest = slice_str("a;");
    assert_true(slice_next_item(&rest, ';', &item));
    assert_true(slice_next_item(&rest, ';', &item));
    assert_slice(item, "");
    assert_false(slice_next_item(&rest, ';', &item));

    rest = slice_unset();
    assert_false(slice_next_item(&rest, ';', &item));
}

static void numbers_are_whole_slices(void **state)
{
    static const char *const wrong[] = {"",     "-",
                                        "+",    "--1",
                                        "1 ",   " 1",
                                        "0x1",  "1.0",
                                        "1a",   "9223372036854775808",
                                        "-101", "101",
                                        "+-1",  "99999999999999999999999999"};
    char extreme[32];
    long value = 42;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_false(slice_to_number(slice_str(wrong[i]), -100, 100, &value));
    assert_false(slice_to_number(slice_unset(), -100, 100, &value));
    assert_int_equal(value, 42);

    assert_true(slice_to_number(slice_str("-100"), -100, 100, &value));
    assert_int_equal(value, -100);
    assert_true(slice_to_number(slice_str("+0100"), -100, 100, &value));
    assert_int_equal(value, 100);
    assert_true(slice_to_number(slice_of("12345", 2), 0, 100, &value));
    assert_int_equal(value, 12);

    snprintf(extreme, sizeof(extreme), "%ld", LONG_MIN);
    assert_true(slice_to_number(slice_str(extreme), LONG_MIN, LONG_MAX, &value));
    assert_true(value == LONG_MIN);
    assert_false(slice_to_number(slice_str(extreme + 1), LONG_MIN, LONG_MAX, &value));
    snprintf(extreme, sizeof(extreme), "%ld", LONG_MAX);
    assert_true(slice_to_number(slice_str(extreme), LONG_MIN, LONG_MAX, &value));
    assert_true(value == LONG_MAX);
}

static void slices_become_strings(void **state)
{
    char *copy = slice_to_str(slice_of("abc", 2));

    (void)state;
    assert_string_equal(copy, "ab");
    free(copy);
    copy = slice_to_str(slice_str(""));
    assert_string_equal(copy, "");
    free(copy);
    assert_null(slice_to_str(slice_unset()));
}

static void an_empty_buffer_is_a_value(void **state)
{
    struct bytes b = {0};
    char *taken;

    (void)state;
    assert_string_equal(bytes_str(&b), "");
    assert_true(slice_is_set(bytes_slice(&b)));
    bytes_clear(&b);
    bytes_truncate(&b, 0);
    bytes_consume(&b, 0);
    bytes_append_slice(&b, slice_unset());
    bytes_append_str(&b, NULL);
    taken = bytes_take(&b);
    assert_string_equal(taken, "");
    free(taken);
    bytes_free(&b);
}

static void a_buffer_keeps_all_octets(void **state)
{
    struct bytes b = {0};
    size_t i;

    (void)state;
    for (i = 0; i < 10000; i++)
        bytes_append_char(&b, (unsigned char)i);
    assert_int_equal(b.len, 10000);
    assert_true(b.capacity <= 32768); /* doubled, not more */
    for (i = 0; i < b.len; i++)
        assert_int_equal(b.data[i], (unsigned char)i);
    assert_int_equal(b.data[b.len], 0);

    bytes_consume(&b, 9998);
    assert_int_equal(b.len, 2);
    assert_int_equal(b.data[0], 9998 % 256);
    assert_int_equal(b.data[2], 0);
    bytes_truncate(&b, 1);
    assert_int_equal(b.data[1], 0);
    bytes_free(&b);
    assert_null(b.data);
}

static void reserved_room_stays_in_place(void **state)
{
    struct bytes b = {0};
    const unsigned char *before;

    (void)state;
    bytes_append_str(&b, "x");
    bytes_reserve(&b, 1000);
    before = b.data;
    while (b.len < 1001)
        bytes_append_char(&b, 'y');
    assert_ptr_equal(b.data, before);
    bytes_clear(&b);
    assert_int_equal(b.len, 0);
    assert_ptr_equal(b.data, before);
    assert_string_equal(bytes_str(&b), "");
    bytes_free(&b);
}

static void printf_appends(void **state)
{
    struct bytes b = {0};
    char longer[300];
    size_t len;

    (void)state;
    memset(longer, 'z', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    bytes_append_str(&b, "a");
    bytes_printf(&b, "=%d;", 1);
    assert_slice(bytes_slice(&b), "a=1;");
    bytes_printf(&b, "%s", longer);
    assert_int_equal(b.len, 4 + 299);
    assert_string_equal(bytes_str(&b) + 4, longer);
    bytes_free(&b);
    /* Every length around the sizes where the buffer grows. */
    for (len = 0; len < 300; len++) {
        bytes_printf(&b, "%.*s", (int)len, longer);
        assert_int_equal(b.len, len);
        assert_int_equal(strlen(bytes_str(&b)), len);
        bytes_free(&b);
    }
}

static void hex_goes_both_ways(void **state)
{
    struct bytes b = {0};

    (void)state;
    bytes_append_hex(&b, slice_of("\x00\x9f\xff", 3), true);
    bytes_append_hex(&b, slice_of("\x0a", 1), false);
    assert_slice(bytes_slice(&b), "009FFF0a");
    bytes_clear(&b);

    bytes_append_char(&b, '>');
    assert_true(bytes_append_unhex(&b, slice_str("00fFAb")));
    assert_int_equal(b.len, 4);
    assert_memory_equal(b.data, ">\x00\xff\xab", 4);
    assert_false(bytes_append_unhex(&b, slice_str("414")));
    assert_false(bytes_append_unhex(&b, slice_str("414g")));
    assert_false(bytes_append_unhex(&b, slice_str("41 4")));
    assert_int_equal(b.len, 4);
    assert_true(bytes_append_unhex(&b, slice_unset()));
    assert_int_equal(b.len, 4);
    bytes_free(&b);
}

static void taken_memory_is_gone(void **state)
{
    struct bytes b = {0};
    char *taken;

    (void)state;
    bytes_append_str(&b, "abc");
    taken = bytes_take(&b);
    assert_string_equal(taken, "abc");
    assert_int_equal(b.len, 0);
    bytes_append_str(&b, "d");
    assert_string_equal(taken, "abc");
    free(taken);
    bytes_free(&b);
}

/* Test vectors of the function's authors. */
static void hashes_are_fnv_1a(void **state)
{
    (void)state;
    assert_true(slice_hash(slice_str("")) == UINT64_C(0xcbf29ce484222325));
    assert_true(slice_hash(slice_str("a")) == UINT64_C(0xaf63dc4c8601ec8c));
    assert_true(slice_hash(slice_str("foobar")) == UINT64_C(0x85944171f73967e8));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slices_compare),
        cmocka_unit_test(slices_are_cut),
        cmocka_unit_test(lists_have_empty_items),
        cmocka_unit_test(numbers_are_whole_slices),
        cmocka_unit_test(slices_become_strings),
        cmocka_unit_test(an_empty_buffer_is_a_value),
        cmocka_unit_test(a_buffer_keeps_all_octets),
        cmocka_unit_test(reserved_room_stays_in_place),
        cmocka_unit_test(printf_appends),
        cmocka_unit_test(hex_goes_both_ways),
        cmocka_unit_test(taken_memory_is_gone),
        cmocka_unit_test(hashes_are_fnv_1a),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
