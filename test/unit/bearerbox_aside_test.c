/* SPDX-License-Identifier: Apache-2.0 */
/* When a connection is set aside: errors in a row, and what they have in common. */
#include "gw/bearerbox/aside.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct aside aside;

static int setup(void **state)
{
    (void)state;
    memset(&aside, 0, sizeof aside);
    return 0;
}

static bool fails(const char *receiver, const char *error, int64_t now)
{
    return aside_note_failure(&aside, slice_str(receiver), slice_str(error), now);
}

static void three_receivers_and_one_error(void **state)
{
    (void)state;
    assert_false(fails("1", "38", 100));
    assert_false(fails("2", "38", 200));
    assert_true(fails("3", "38", 300));
    assert_int_equal(aside.first_ms, 100);
    assert_false(fails("4", "38", 400)); /* begins anew */
    assert_int_equal(aside.first_ms, 400);
}

static void a_message_that_is_sent_ends_the_row(void **state)
{
    (void)state;
    fails("1", "38", 100);
    fails("2", "38", 200);
    aside_note_sent(&aside, 250);
    assert_int_equal(aside.sent_ms, 250);
    assert_false(fails("3", "38", 300));
    assert_false(fails("4", "38", 300));
    assert_true(fails("5", "38", 300));
}

static void another_error_begins_another_row(void **state)
{
    (void)state;
    fails("1", "38", 100);
    fails("2", "38", 200);
    assert_false(fails("3", "42", 300));
    assert_false(fails("4", "38", 400));
    assert_false(fails("5", "38", 500));
    assert_true(fails("6", "38", 600));
    assert_int_equal(aside.first_ms, 400);
}

static void one_receiver_proves_nothing(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++)
        assert_false(fails("1", "21", i));
    assert_false(fails("2", "21", 20));
    assert_false(fails("1", "21", 21));
    assert_true(fails("3", "21", 22));
}

static void errors_of_any_length(void **state)
{
    char words[2 * ASIDE_ERROR_MAX];

    (void)state;
    memset(words, 'x', sizeof words);
    words[sizeof words - 1] = '\0';
    for (int i = 0; i < 10; i++)
        assert_false(fails("1", "", i)); /* who says nothing is not counted */
    assert_false(fails("1", words, 1));
    assert_false(fails("2", words, 2));
    assert_true(fails("3", words, 3));
    assert_int_equal(strlen(aside.error), ASIDE_ERROR_MAX - 1);
}

#define CASE(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(three_receivers_and_one_error),
        CASE(a_message_that_is_sent_ends_the_row),
        CASE(another_error_begins_another_row),
        CASE(one_receiver_proves_nothing),
        CASE(errors_of_any_length),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
