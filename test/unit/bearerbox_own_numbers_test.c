/* SPDX-License-Identifier: Apache-2.0 */
/* Which ways of writing mean the same number. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gw/bearerbox/own_numbers.h"

static bool same(const char *a, const char *b)
{
    bool one = own_numbers_same(slice_str(a), slice_str(b));

    assert_int_equal(own_numbers_same(slice_str(b), slice_str(a)), one);
    return one;
}

static void the_same(void **state)
{
    (void)state;
    assert_true(same("+491701234567", "+491701234567"));
    assert_true(same("+491701234567", "00491701234567"));
    assert_true(same("+491701234567", "491701234567"));
    assert_true(same("+491701234567", "01701234567"));
    assert_true(same("00491701234567", "01701234567"));
    assert_true(same("01701234567", "01701234567"));
    assert_true(same("4711", "4711"));
    assert_true(same("Shop", "Shop"));
}

static void others(void **state)
{
    (void)state;
    assert_false(same("+491701234567", "+491701234568"));
    assert_false(same("+431701234567", "+491701234567"));
    assert_false(same("+491701234567", "1701234567"));
    assert_false(same("01701234567", "1701234567"));
    assert_false(same("+4911234", "01234")); /* too short to be sure */
    assert_false(same("4711", "+4711"));
    assert_false(same("4711", "47110"));
    assert_false(same("Shop", "shop"));
    assert_false(same("", ""));
    assert_false(same(NULL, ""));
    assert_false(same("+", "00"));
    assert_false(same("0", "0000000000"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same),
        cmocka_unit_test(others),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
