/* SPDX-License-Identifier: Apache-2.0 */
/* Amounts and times as people write them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gw/smsc/balance.h"

static void assert_amount(const char *text, double expected)
{
    double amount = -12345;

    assert_true(balance_parse_amount(slice_str(text), &amount));
    assert_true(amount > expected - 0.0001 && amount < expected + 0.0001);
}

static void amounts(void **state)
{
    (void)state;
    assert_amount("5", 5);
    assert_amount("5.00", 5);
    assert_amount("5,25", 5.25);
    assert_amount("-0,50", -0.5);
    assert_amount("1.234,50", 1234.5);
    assert_amount("1,234.50", 1234.5);
    assert_amount("1.234.567", 1234567);
    assert_amount("1,234,567", 1234567);
    assert_amount("1234.5678", 1234.5678);
    assert_amount("0", 0);
    assert_amount("1,234", 1.234);
}

static void no_amounts(void **state)
{
    static const char *const texts[] = {"",
                                        "-",
                                        ".",
                                        "5 EUR",
                                        "5-",
                                        "--5",
                                        "1.2,3.4,5",
                                        "1e5",
                                        "0x10",
                                        "nan",
                                        "123456789012345678901234567890123"};
    double amount = 7;

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (balance_parse_amount(slice_str(texts[i]), &amount))
            fail_msg("'%s' was taken", texts[i]);
    assert_true(amount > 6.9 && amount < 7.1);
}

static void assert_every(const char *text, int64_t seconds, int at)
{
    int64_t every_s;
    int minute;

    assert_true(balance_parse_every(slice_str(text), &every_s, &minute));
    assert_int_equal(every_s, seconds);
    assert_int_equal(minute, at);
}

static void how_often(void **state)
{
    static const char *const texts[] = {"", "h", "0", "-5m", "6 h", "24:00", "6:5", "often"};
    int64_t every_s;
    int minute;

    (void)state;
    assert_every("6h", 6 * 3600, -1);
    assert_every("90", 90, -1);
    assert_every("15m", 900, -1);
    assert_every("1d", 86400, -1);
    assert_every(" 06:30 ", -1, 390);
    assert_every("0:00", -1, 0);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        assert_false(balance_parse_every(slice_str(texts[i]), &every_s, &minute));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(amounts),
        cmocka_unit_test(no_amounts),
        cmocka_unit_test(how_often),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
