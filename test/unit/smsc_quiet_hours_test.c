/* SPDX-License-Identifier: Apache-2.0 */
/* Quiet hours: what is a range, what lies in it, how long it lasts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gw/smsc/quiet_hours.h"

#define AT(hours, minutes) ((hours)*60 + (minutes))

static struct quiet_hours quiet;

static bool parses(const char *text)
{
    struct bytes error = {0};
    bool good = quiet_hours_parse(&quiet, slice_str(text), &error);

    assert_int_equal(error.len == 0, good);
    bytes_free(&error);
    return good;
}

static void one_range(void **state)
{
    (void)state;
    assert_true(parses("12:30-13:00"));
    assert_false(quiet_hours_at(&quiet, AT(12, 29)));
    assert_true(quiet_hours_at(&quiet, AT(12, 30)));
    assert_true(quiet_hours_at(&quiet, AT(12, 59)));
    assert_false(quiet_hours_at(&quiet, AT(13, 0)));
    assert_int_equal(quiet_hours_lasts(&quiet, AT(12, 30)), 30);
    assert_int_equal(quiet_hours_lasts(&quiet, AT(12, 59)), 1);
    assert_int_equal(quiet_hours_lasts(&quiet, AT(13, 0)), 23 * 60 + 30);
}

static void over_midnight(void **state)
{
    (void)state;
    assert_true(parses(" 22:00 - 7:00 "));
    assert_true(quiet_hours_at(&quiet, AT(22, 0)));
    assert_true(quiet_hours_at(&quiet, AT(23, 59)));
    assert_true(quiet_hours_at(&quiet, AT(0, 0)));
    assert_true(quiet_hours_at(&quiet, AT(6, 59)));
    assert_false(quiet_hours_at(&quiet, AT(7, 0)));
    assert_false(quiet_hours_at(&quiet, AT(21, 59)));
    assert_int_equal(quiet_hours_lasts(&quiet, AT(23, 0)), 8 * 60);
    assert_int_equal(quiet_hours_lasts(&quiet, AT(7, 0)), 15 * 60);
}

static void several(void **state)
{
    (void)state;
    assert_true(parses("22:00-24:00; 00:00-06:00, 12:00-12:30"));
    assert_int_equal(quiet.count, 3);
    assert_true(quiet_hours_at(&quiet, AT(23, 59)));
    assert_true(quiet_hours_at(&quiet, AT(12, 0)));
    assert_false(quiet_hours_at(&quiet, AT(6, 0)));
    /* Two that touch are one. */
    assert_int_equal(quiet_hours_lasts(&quiet, AT(22, 0)), 8 * 60);
}

static void always(void **state)
{
    (void)state;
    assert_true(parses("0:00-24:00"));
    assert_true(quiet_hours_at(&quiet, 0));
    assert_int_equal(quiet_hours_lasts(&quiet, AT(5, 0)), MINUTES_A_DAY);
}

static void mistakes(void **state)
{
    static const char *const texts[] = {"22-7",        "22:00",       "22:00-22:00",
                                        "25:00-26:00", "22:60-23:00", "22:0-23:00",
                                        "24:00-06:00", "-",           "night",
                                        "a:00-b:00",   "22:00-0:00",  "22:00-07:00 12:00-13",
                                        "1:-1-2:00",   "22:00--7:00"};

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (parses(texts[i]))
            fail_msg("'%s' was taken", texts[i]);
    }
    assert_true(parses("22:00-07:00;")); /* as other lists */
    assert_true(parses(""));
    assert_int_equal(quiet.count, 0);
}

static void too_many(void **state)
{
    struct bytes text = {0};

    (void)state;
    for (int i = 0; i < QUIET_RANGES_MAX; i++)
        bytes_append_str(&text, "1:00-2:00;");
    assert_true(parses(bytes_str(&text)));
    bytes_append_str(&text, "1:00-2:00");
    assert_false(parses(bytes_str(&text)));
    bytes_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_range), cmocka_unit_test(over_midnight), cmocka_unit_test(several),
        cmocka_unit_test(always),    cmocka_unit_test(mistakes),      cmocka_unit_test(too_many),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
