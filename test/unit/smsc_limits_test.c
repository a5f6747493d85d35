/* SPDX-License-Identifier: Apache-2.0 */
/* Limits: windows by clock and calendar, over changes of summer time, with clocks
 * that go back; the text they are kept in. */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "gw/smsc/limits.h"

static struct limits limits;

static void begin(long hour, long day, long month, const char *zone)
{
    setenv("TZ", zone, 1);
    tzset();
    limits = (struct limits){.most = {hour, day, month}};
}

/* In UTC. */
static int64_t at(int year, int month, int day, int hour, int minute)
{
    struct tm tm = {.tm_year = year - 1900,
                    .tm_mon = month - 1,
                    .tm_mday = day,
                    .tm_hour = hour,
                    .tm_min = minute};

    return (int64_t)timegm(&tm);
}

static void send(int64_t now, long messages)
{
    limits_turn(&limits, now);
    limits_count(&limits, messages);
}

static long left(int64_t now)
{
    limits_turn(&limits, now);
    return limits_left(&limits);
}

static void none(void **state)
{
    (void)state;
    begin(0, 0, 0, "UTC");
    assert_false(limits_are_set(&limits));
    send(at(2026, 3, 1, 12, 0), 1000000);
    assert_true(left(at(2026, 3, 1, 12, 0)) == LONG_MAX);
    assert_int_equal(limits_used_up(&limits), LIMITS_WINDOWS);
}

static void an_hour(void **state)
{
    (void)state;
    begin(10, 0, 0, "UTC");
    send(at(2026, 3, 1, 12, 59), 9);
    assert_int_equal(left(at(2026, 3, 1, 12, 59)), 1);
    send(at(2026, 3, 1, 12, 59), 3); /* a long message was finished */
    assert_int_equal(left(at(2026, 3, 1, 12, 59)), 0);
    assert_int_equal(limits_used_up(&limits), LIMITS_HOUR);
    assert_int_equal(limits_end(&limits, LIMITS_HOUR), at(2026, 3, 1, 13, 0));
    assert_int_equal(left(at(2026, 3, 1, 13, 0)), 10);
}

static void the_narrowest_counts(void **state)
{
    (void)state;
    begin(10, 12, 100, "UTC");
    send(at(2026, 3, 1, 12, 0), 10);
    assert_int_equal(left(at(2026, 3, 1, 12, 0)), 0);
    assert_int_equal(left(at(2026, 3, 1, 13, 0)), 2);
    send(at(2026, 3, 1, 13, 0), 2);
    assert_int_equal(left(at(2026, 3, 1, 14, 0)), 0);
    assert_int_equal(limits_used_up(&limits), LIMITS_DAY);
    assert_int_equal(limits_end(&limits, LIMITS_DAY), at(2026, 3, 2, 0, 0));
    assert_int_equal(left(at(2026, 3, 2, 0, 0)), 10);
}

static void a_month(void **state)
{
    (void)state;
    begin(0, 0, 5, "UTC");
    send(at(2026, 12, 31, 23, 59), 5);
    assert_int_equal(limits_end(&limits, LIMITS_MONTH), at(2027, 1, 1, 0, 0));
    assert_int_equal(left(at(2026, 12, 31, 23, 59)), 0);
    assert_int_equal(left(at(2027, 1, 1, 0, 0)), 5);
}

/* Berlin: summer time ends on 25 October 2026 at 3:00, 1:00 UTC; the day has 25
 * hours and 2:00 to 3:00 comes twice. */
static void when_summer_time_ends(void **state)
{
    (void)state;
    begin(1, 2, 0, "CET-1CEST,M3.5.0,M10.5.0/3");
    send(at(2026, 10, 25, 0, 30), 1); /* 2:30 for the first time */
    assert_int_equal(left(at(2026, 10, 25, 0, 59)), 0);
    assert_int_equal(left(at(2026, 10, 25, 1, 0)), 1); /* 2:00 for the second time */
    send(at(2026, 10, 25, 1, 30), 1);
    assert_int_equal(left(at(2026, 10, 25, 22, 59)), 0);
    assert_int_equal(limits_end(&limits, LIMITS_DAY), at(2026, 10, 25, 23, 0));
    assert_int_equal(left(at(2026, 10, 25, 23, 0)), 1);
}

static void local_midnight(void **state)
{
    (void)state;
    begin(0, 1, 0, "EST5");
    send(at(2026, 6, 2, 4, 59), 1); /* still 1 June there */
    assert_int_equal(left(at(2026, 6, 2, 4, 59)), 0);
    assert_int_equal(left(at(2026, 6, 2, 5, 0)), 1);
}

static void a_clock_that_goes_back_gives_nothing(void **state)
{
    (void)state;
    begin(0, 2, 0, "UTC");
    send(at(2026, 3, 2, 0, 1), 2);
    assert_int_equal(left(at(2026, 3, 1, 23, 59)), 0);
    assert_int_equal(left(at(2026, 3, 2, 0, 0)), 2); /* and a day later it is another day */
    send(at(2026, 3, 2, 0, 1), 2);
    assert_int_equal(left(at(1970, 1, 1, 0, 1)), 0); /* started without a clock */
    assert_int_equal(left(at(2026, 3, 2, 1, 0)), 0); /* the same day all the time */
}

static void next_look(void **state)
{
    (void)state;
    begin(0, 2, 7, "UTC");
    limits_turn(&limits, at(2026, 3, 31, 5, 0));
    assert_int_equal(limits_next_end(&limits), at(2026, 4, 1, 0, 0));
    begin(1, 2, 7, "UTC");
    limits_turn(&limits, at(2026, 3, 31, 5, 0));
    assert_int_equal(limits_next_end(&limits), at(2026, 3, 31, 6, 0));
}

static void kept_as_text(void **state)
{
    struct bytes text = {0}, shown = {0};
    int64_t now = at(2026, 3, 1, 12, 30);

    (void)state;
    begin(10, 0, 50, "UTC");
    send(now, 7);
    limits_write(&limits, &text);
    begin(10, 0, 50, "UTC");
    limits_read(&limits, bytes_slice(&text));
    assert_int_equal(left(now), 3);
    limits_print(&limits, &shown);
    assert_string_equal(bytes_str(&shown), "hour 7/10, month 7/50");
    assert_int_equal(left(at(2026, 3, 1, 13, 0)), 10);
    bytes_free(&text);
    bytes_free(&shown);
}

static void text_that_is_damaged(void **state)
{
    static const char *const texts[] = {"",           "hour",      "hour 1",
                                        "hour 1 x",   "hour -1 5", "hour 99999999999999999999 5",
                                        "hour 1 5 6", "week 1 5",  "hour 1 99999999999"};

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        begin(10, 0, 0, "UTC");
        limits_read(&limits, slice_str(texts[i]));
        assert_int_equal(limits.used[LIMITS_HOUR], 0);
        assert_int_equal(left(at(2026, 3, 1, 13, 0)), 10);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(none),
        cmocka_unit_test(an_hour),
        cmocka_unit_test(the_narrowest_counts),
        cmocka_unit_test(a_month),
        cmocka_unit_test(when_summer_time_ends),
        cmocka_unit_test(local_midnight),
        cmocka_unit_test(a_clock_that_goes_back_gives_nothing),
        cmocka_unit_test(next_look),
        cmocka_unit_test(kept_as_text),
        cmocka_unit_test(text_that_is_damaged),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
