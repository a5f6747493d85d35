/* SPDX-License-Identifier: Apache-2.0 */
/* gwlib/regex: what Kannel's users write, and patterns that must not hang us. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <time.h>

#include "gwlib/log.h"
#include "gwlib/regex.h"

static bool matches(const char *pattern, bool nocase, const char *subject)
{
    struct bytes error = {0};
    struct regex *regex = regex_compile(pattern, nocase, &error);
    bool result;

    assert_non_null(regex);
    assert_int_equal(error.len, 0);
    result = regex_matches(regex, slice_str(subject));
    regex_free(regex);
    return result;
}

static void search_is_unanchored(void **state)
{
    (void)state;
    assert_true(matches("b+", false, "abbc"));
    assert_false(matches("^b+", false, "abbc"));
    assert_true(matches("", false, ""));
    assert_true(matches("^$", false, NULL));
    assert_false(matches("x", false, NULL));
}

static void syntax_is_perls(void **state)
{
    (void)state;
    assert_true(matches("^\\+?\\d{5,}$", false, "+35840123"));
    assert_false(matches("^\\+?\\d{5,}$", false, "+3584"));
    assert_true(matches("^[ ]*(key|al|d.l)[ ]*", true, "  KEY word"));
    assert_false(matches("^[ ]*(key|al|d.l)[ ]*", false, "  KEY word"));
    assert_true(matches("^[[:digit:]]+$", false, "0123"));
}

static void octets_are_characters(void **state)
{
    static const char zeros[] = {'a', '\0', 'b'};
    struct bytes error = {0};
    struct regex *regex = regex_compile("^a.b$", false, &error);

    (void)state;
    assert_true(regex_matches(regex, slice_of(zeros, 3)));
    assert_true(regex_matches(regex, slice_str("a\xff"
                                               "b")));
    assert_false(regex_matches(regex, slice_str("a\xc3\xa4"
                                                "b")));
    regex_free(regex);
}

static void groups_are_caught(void **state)
{
    struct bytes error = {0};
    struct regex *regex = regex_compile("id=(\\w+)(;x=(\\d))?", false, &error);
    struct slice caught = slice_str("untouched");

    (void)state;
    assert_true(regex_capture(regex, slice_str("ok id=A7 end"), 1, &caught));
    assert_true(slice_equal_str(caught, "A7"));
    assert_true(regex_capture(regex, slice_str("ok id=A7 end"), 0, &caught));
    assert_true(slice_equal_str(caught, "id=A7"));
    assert_true(regex_capture(regex, slice_str("ok id=A7 end"), 3, &caught));
    assert_false(slice_is_set(caught));
    assert_true(regex_capture(regex, slice_str("id=A7;x=5"), 3, &caught));
    assert_true(slice_equal_str(caught, "5"));
    assert_true(regex_capture(regex, slice_str("id=A7;x=5"), 9, &caught));
    assert_false(slice_is_set(caught));
    caught = slice_str("untouched");
    assert_false(regex_capture(regex, slice_str("nothing"), 1, &caught));
    assert_true(slice_equal_str(caught, "untouched"));
    regex_free(regex);
}

static void bad_patterns_are_explained(void **state)
{
    struct bytes error = {0};

    (void)state;
    assert_null(regex_compile("a(b", false, &error));
    assert_non_null(strstr(bytes_str(&error), "'a(b' is no regular expression: "));
    assert_non_null(strstr(bytes_str(&error), "(at character 4)"));
    bytes_clear(&error);
    assert_null(regex_compile("[z-a]", false, &error));
    assert_true(error.len > 0);
    bytes_free(&error);
    regex_free(NULL);
}

/* Without limits these take longer than anybody lives. */
static void costly_matches_are_given_up(void **state)
{
    static const char *const patterns[] = {"^(a+)+$", "^(a|aa)+$", "(x+x+)+y", "(.*)*(.*)*(.*)*z$"};
    char subject[200];
    struct timespec start, end;
    size_t i;

    (void)state;
    memset(subject, 'a', sizeof(subject));
    memset(subject + 100, 'x', 99);
    subject[199] = '!';
    clock_gettime(CLOCK_MONOTONIC, &start);
    for (i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
        struct bytes error = {0};
        struct regex *regex = regex_compile(patterns[i], false, &error);

        assert_non_null(regex);
        assert_false(regex_matches(regex, slice_of(subject, sizeof(subject))));
        regex_free(regex);
    }
    clock_gettime(CLOCK_MONOTONIC, &end);
    assert_true(end.tv_sec - start.tv_sec < 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(search_is_unanchored),       cmocka_unit_test(syntax_is_perls),
        cmocka_unit_test(octets_are_characters),      cmocka_unit_test(groups_are_caught),
        cmocka_unit_test(bad_patterns_are_explained), cmocka_unit_test(costly_matches_are_given_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
