/* SPDX-License-Identifier: Apache-2.0 */
/* How long an answer of a modem is waited for. */
#include "gw/smsc/at/patience.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const struct at_patience_range range = {7000, 9000, 60000};

static int after(int64_t first, int64_t then, int times)
{
    struct at_patience patience = {0};

    at_patience_note(&patience, first);
    for (int i = 0; i < times; i++)
        at_patience_note(&patience, then);
    return at_patience_ms(&patience, &range);
}

static void an_unknown_modem_gets_more_than_a_fast_one(void **state)
{
    struct at_patience patience = {0};

    (void)state;
    assert_int_equal(at_patience_ms(&patience, &range), 9000);
    at_patience_note(&patience, 0); /* too fast for the clock: known all the same */
    assert_int_equal(at_patience_ms(&patience, &range), 7000);
}

static void a_slow_one_gets_four_times_or_twelve_seconds_more(void **state)
{
    (void)state;
    assert_int_equal(after(2000, 0, 0), 8000);
    assert_int_equal(after(3000, 0, 0), 12000);
    assert_int_equal(after(4000, 0, 0), 16000);
    assert_int_equal(after(20000, 0, 0), 32000);
    assert_int_equal(after(48000, 0, 0), 60000);
    assert_int_equal(after(INT64_C(1) << 40, 0, 0), 60000);
}

static void what_was_slow_once_is_forgotten_slowly(void **state)
{
    int before = after(30000, 500, 0);

    (void)state;
    for (int times = 1; times < 100; times++) {
        int now = after(30000, 500, times);

        assert_true(now <= before);
        before = now;
    }
    assert_true(after(30000, 500, 5) > 30000);
    assert_int_equal(after(30000, 500, 100), 7000);
    /* A slower one counts at once, and an equal one keeps it. */
    assert_int_equal(after(500, 30000, 1), 42000);
    assert_int_equal(after(30000, 30000, 50), 42000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_unknown_modem_gets_more_than_a_fast_one),
        cmocka_unit_test(a_slow_one_gets_four_times_or_twelve_seconds_more),
        cmocka_unit_test(what_was_slow_once_is_forgotten_slowly),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
