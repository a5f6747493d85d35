/* SPDX-License-Identifier: Apache-2.0 */
/* What a modem is told that does not look for a network, and when. */
#include "gw/smsc/at/nudge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct at_nudges nudges;

static int setup(void **state)
{
    (void)state;
    at_nudge_forget(&nudges);
    return 0;
}

static void assert_step(long status, int64_t now, const char *first, const char *second)
{
    const struct at_nudge_step *step = at_nudge_next(&nudges, status, now);

    assert_non_null(step);
    assert_string_equal(step->commands[0], first);
    if (second == NULL)
        assert_null(step->commands[1]);
    else
        assert_string_equal(step->commands[1], second);
}

static void once_each_and_a_minute_apart(void **state)
{
    (void)state;
    assert_null(at_nudge_next(&nudges, 0, 1000));
    assert_null(at_nudge_next(&nudges, 0, 60999));
    assert_step(0, 61000, "AT+CFUN=1", NULL);
    assert_null(at_nudge_next(&nudges, 0, 120999));
    assert_null(at_nudge_next(&nudges, -1, 121000)); /* it did not say */
    assert_step(0, 121000, "AT+COPS=0", NULL);
    assert_step(0, 200000, "AT+CFUN=0", "AT+CFUN=1");
    for (int64_t now = 200000; now < 100000000; now += 10000)
        assert_null(at_nudge_next(&nudges, 0, now));
}

static void one_that_searches_is_left_alone(void **state)
{
    (void)state;
    for (long status = 2; status < 9; status++)
        for (int64_t now = 0; now < 1000000; now += 30000)
            assert_null(at_nudge_next(&nudges, status, now));
}

static void as_new_when_it_has_searched(void **state)
{
    (void)state;
    at_nudge_next(&nudges, 0, 1000);
    assert_step(0, 61000, "AT+CFUN=1", NULL);
    assert_null(at_nudge_next(&nudges, 2, 70000));
    assert_null(at_nudge_next(&nudges, 0, 80000));
    assert_null(at_nudge_next(&nudges, 0, 139999));
    assert_step(0, 140000, "AT+CFUN=1", NULL);
    at_nudge_forget(&nudges);
    assert_null(at_nudge_next(&nudges, 0, 300000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(once_each_and_a_minute_apart, setup),
        cmocka_unit_test_setup(one_that_searches_is_left_alone, setup),
        cmocka_unit_test_setup(as_new_when_it_has_searched, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
