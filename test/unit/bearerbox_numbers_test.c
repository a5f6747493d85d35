/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unified-prefix and the lists of the smsc groups.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "gw/bearerbox/numbers.h"

static void expect_unified(const char *rules, const char *number, const char *expected)
{
    struct bytes to = {0};
    bool changed = numbers_unify(rules, slice_str(number), &to);

    if (expected == NULL) {
        assert_false(changed);
    } else {
        assert_true(changed);
        assert_string_equal(bytes_str(&to), expected);
    }
    bytes_free(&to);
}

static void prefixes_are_replaced_by_the_first_match(void **state)
{
    (void)state;
    expect_unified("+358,00358,0;+,00", "0401234", "+358401234");
    expect_unified("+358,00358,0;+,00", "0035840", "+35840");
    expect_unified("+358,0035,0;+,00", "004912",
                   "+3580"
                   "4912");
}

static void a_number_in_its_final_form_stays(void **state)
{
    (void)state;
    expect_unified("+358,00358,0;+,00", "+358401", NULL);
    expect_unified("+358,00358,0;+,00", "+4912", NULL);
    expect_unified("+358,00358,0;+,00", "13131", NULL);
}

static void a_dash_removes_the_prefix(void **state)
{
    (void)state;
    expect_unified("-,+", "+491", "491");
    expect_unified("-,+", "491", NULL);
}

static void no_rules_change_nothing(void **state)
{
    (void)state;
    expect_unified(NULL, "123", NULL);
    expect_unified("", "123", NULL);
    expect_unified(";;,", "123", NULL);
}

static void lists_are_exact_and_prefix_lists_are_not(void **state)
{
    (void)state;
    assert_true(numbers_list_holds("a;b c;d", slice_str("b c")));
    assert_false(numbers_list_holds("a;b c;d", slice_str("b")));
    assert_false(numbers_list_holds("A", slice_str("a")));
    assert_false(numbers_list_holds(NULL, slice_str("a")));
    assert_true(numbers_match_prefix("+49;0", slice_str("+4917")));
    assert_false(numbers_match_prefix("+49;0", slice_str("+35")));
    assert_false(numbers_match_prefix(NULL, slice_str("+35")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prefixes_are_replaced_by_the_first_match),
        cmocka_unit_test(a_number_in_its_final_form_stays),
        cmocka_unit_test(a_dash_removes_the_prefix),
        cmocka_unit_test(no_rules_change_nothing),
        cmocka_unit_test(lists_are_exact_and_prefix_lists_are_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
