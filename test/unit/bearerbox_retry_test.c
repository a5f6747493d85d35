/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gw/bearerbox/retry: waits double up to the limit, and all together are no
 * longer than they may be.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gw/bearerbox/retry.h"

static void waits_double_up_to_the_limit(void **state)
{
    const struct retry_rules rules = {10, 900, 0};
    const int64_t expected[] = {10, 20, 40, 80, 160, 320, 640, 900, 900, 900};

    (void)state;
    for (int failed = 1; failed <= 10; failed++)
        assert_int_equal(retry_wait_s(&rules, failed), expected[failed - 1]);
    assert_int_equal(retry_wait_s(&rules, 1000000000), 900);
}

/* By hand: 10 + 20 + ... + 640 are 1270 s in 7 waits, and (86400 - 1270) / 900 is
 * 94 and a bit: 101 waits, so the 102nd try is the last. */
static void after_a_day_it_is_given_up(void **state)
{
    const struct retry_rules rules = {10, 900, 86400};
    int64_t all = 0, wait;
    int tries = 1;

    (void)state;
    while ((wait = retry_wait_s(&rules, tries)) >= 0) {
        all += wait;
        tries++;
    }
    assert_int_equal(tries, 102);
    assert_int_equal(all, 1270 + 94 * 900);
    assert_int_equal(retry_wait_s(&rules, 2000000000), -1);
}

static void the_limit_holds_from_the_first_wait(void **state)
{
    const struct retry_rules rules = {60, 5, 12};

    (void)state;
    assert_int_equal(retry_wait_s(&rules, 1), 5);
    assert_int_equal(retry_wait_s(&rules, 2), 5);
    assert_int_equal(retry_wait_s(&rules, 3), -1);
    assert_int_equal(retry_wait_ms(&rules, 3), -1);
}

static void chance_shortens_by_a_quarter_at_most(void **state)
{
    const struct retry_rules rules = {10, 900, 0};
    int64_t least = INT64_MAX, most = 0;

    (void)state;
    for (int i = 0; i < 1000; i++) {
        int64_t wait = retry_wait_ms(&rules, 2);

        least = wait < least ? wait : least;
        most = wait > most ? wait : most;
    }
    assert_in_range(least, 15001, 20000);
    assert_in_range(most, 15001, 20000);
    assert_true(most - least > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waits_double_up_to_the_limit),
        cmocka_unit_test(after_a_day_it_is_given_up),
        cmocka_unit_test(the_limit_holds_from_the_first_wait),
        cmocka_unit_test(chance_shortens_by_a_quarter_at_most),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
