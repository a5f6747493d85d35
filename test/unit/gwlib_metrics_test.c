/* SPDX-License-Identifier: Apache-2.0 */
/* Rates, at made-up times. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gwlib/metrics.h"

#define START 1000000000 /* some monotonic millisecond, at the start of a slot */

static void assert_rate(double rate, double expected)
{
    if (fabs(rate - expected) > 1e-9)
        fail_msg("rate %g, expected %g", rate, expected);
}

static void nothing_counted_is_no_rate(void **state)
{
    struct counter counter = {0};
    struct counter_rates rates = counter_rates(&counter, START);

    (void)state;
    assert_rate(rates.minute, 0);
    assert_rate(rates.five_minutes, 0);
    assert_rate(rates.overall, 0);
    counter_start(&counter, START);
    rates = counter_rates(&counter, START);
    assert_rate(rates.overall, 0);
}

static void a_young_counter_counts_over_its_life(void **state)
{
    struct counter counter = {0};
    struct counter_rates rates;

    (void)state;
    counter_start(&counter, START);
    counter_add(&counter, 30, START + 2000);
    rates = counter_rates(&counter, START + 10000);
    assert_rate(rates.minute, 3);
    assert_rate(rates.five_minutes, 3);
    assert_rate(rates.overall, 3);
    assert_int_equal(counter.total, 30);
}

static void a_steady_rate_is_the_same_in_all_windows(void **state)
{
    struct counter counter = {0};
    struct counter_rates rates;
    int64_t s;

    (void)state;
    counter_start(&counter, START);
    for (s = 0; s < 1000; s++)
        counter_add(&counter, 7, START + s * 1000);
    rates = counter_rates(&counter, START + 1000 * 1000);
    assert_rate(rates.minute, 7);
    assert_rate(rates.five_minutes, 7);
    assert_rate(rates.overall, 7);
}

static void a_burst_leaves_the_windows_one_by_one(void **state)
{
    struct counter counter = {0};
    struct counter_rates rates;

    (void)state;
    counter_start(&counter, START);
    counter_add(&counter, 600, START + 1000);

    rates = counter_rates(&counter, START + 59999);
    assert_true(rates.minute > 10);
    rates = counter_rates(&counter, START + 60000);
    assert_rate(rates.minute, 0);
    assert_rate(rates.five_minutes, 10);
    rates = counter_rates(&counter, START + 299999);
    assert_true(rates.five_minutes > 2);
    rates = counter_rates(&counter, START + 300000);
    assert_rate(rates.five_minutes, 0);
    assert_rate(rates.overall, 2);
}

static void old_slots_are_used_again(void **state)
{
    struct counter counter = {0};
    struct counter_rates rates;

    (void)state;
    counter_start(&counter, START);
    counter_add(&counter, 5000, START);
    counter_add(&counter, 1, START + 300000); /* the same place in the ring */
    rates = counter_rates(&counter, START + 305000);
    assert_rate(rates.five_minutes, 1.0 / 295); /* the newest slot begins right now */
    counter_add(&counter, 1, START + 86400000); /* after a day of nothing */
    rates = counter_rates(&counter, START + 86400000);
    assert_rate(rates.minute, 1.0 / 55);
    assert_rate(rates.five_minutes, 1.0 / 295);
    assert_int_equal(counter.total, 5002);
}

static void adding_starts(void **state)
{
    struct counter counter = {0};

    (void)state;
    counter_add(&counter, 10, START);
    assert_rate(counter_rates(&counter, START + 5000).overall, 2);
    /* In the first moment a single event is not a rate of thousands. */
    assert_rate(counter_rates(&counter, START + 1).minute, 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_counted_is_no_rate),
        cmocka_unit_test(a_young_counter_counts_over_its_life),
        cmocka_unit_test(a_steady_rate_is_the_same_in_all_windows),
        cmocka_unit_test(a_burst_leaves_the_windows_one_by_one),
        cmocka_unit_test(old_slots_are_used_again),
        cmocka_unit_test(adding_starts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
