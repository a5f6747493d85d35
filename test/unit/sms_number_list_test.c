/* SPDX-License-Identifier: Apache-2.0 */
/* Number lists: the form of their files, and what rules say of a number. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "gw/sms/number_list.h"

static bool holds(const char *text, const char *number)
{
    struct number_list *list = number_list_create(slice_str(text));
    bool found = number_list_holds(list, slice_str(number));

    number_list_free(list);
    return found;
}

static void whole_numbers_without_blanks_and_signs(void **state)
{
    const char *text = "35840\r\n +35 849-1 \n\n41: the boss\n# 42\nBank\n";

    (void)state;
    assert_true(holds(text, "35840"));
    assert_true(holds(text, "+35 840"));
    assert_true(holds(text, "358491"));
    assert_true(holds(text, "41"));
    assert_true(holds(text, "Bank"));
    assert_false(holds(text, "42"));
    assert_false(holds(text, "5840"));
    assert_false(holds(text, "3584"));
    assert_false(holds(text, "bank"));
    assert_false(holds(text, ""));
    assert_false(holds("", "1"));
}

static void what_is_no_number_is_passed_over(void **state)
{
    struct number_list *list;

    (void)state;
    list = number_list_create(slice_str("\n:\n++\n1234567890123456789012345678901234\n7"));
    assert_int_equal(number_list_count(list), 1);
    assert_true(number_list_holds(list, slice_str("7")));
    /* not by its first 32 digits either */
    assert_false(number_list_holds(list, slice_str("12345678901234567890123456789012")));
    number_list_free(list);
    list = number_list_create(slice_unset());
    assert_int_equal(number_list_count(list), 0);
    assert_false(number_list_holds(list, slice_unset()));
    number_list_free(list);
}

static void many_numbers_are_found(void **state)
{
    struct bytes text = {0};
    struct number_list *list;

    (void)state;
    for (int i = 5000; i > 0; i--)
        bytes_printf(&text, "4917%d\n", i * 3);
    list = number_list_create(bytes_slice(&text));
    assert_int_equal(number_list_count(list), 5000);
    assert_true(number_list_holds(list, slice_str("49173")));
    assert_true(number_list_holds(list, slice_str("491715000")));
    assert_false(number_list_holds(list, slice_str("49174")));
    number_list_free(list);
    bytes_free(&text);
}

/* "" for what passes. */
static const char *verdict(const struct number_rules *rules, const char *number)
{
    const char *why = number_rules_refuse(rules, slice_str(number));

    return why != NULL ? why : "";
}

static void rules_say_why_in_order(void **state)
{
    struct number_list *white = number_list_create(slice_str("11\n12\n23\n"));
    struct number_list *black = number_list_create(slice_str("12\n23\n"));
    struct bytes error = {0};
    struct regex *one = regex_compile("^1", false, &error),
                 *seven = regex_compile("7", false, &error);
    struct number_rules rules = {white, one, black, NULL};
    struct number_rules only_black = {.black_regex = seven};
    struct number_rules none = {0};

    (void)state;
    assert_string_equal(verdict(&rules, "11"), "");
    assert_string_equal(verdict(&rules, "12"), "black-listed");
    assert_string_equal(verdict(&rules, "23"), "not white-regex-listed");
    assert_string_equal(verdict(&rules, "99"), "not white-listed");
    assert_string_equal(verdict(&only_black, "171"), "black-regex-listed");
    assert_string_equal(verdict(&only_black, "181"), "");
    assert_string_equal(verdict(&none, ""), "");
    regex_free(one);
    regex_free(seven);
    number_list_free(white);
    number_list_free(black);
    bytes_free(&error);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_numbers_without_blanks_and_signs),
        cmocka_unit_test(what_is_no_number_is_passed_over),
        cmocka_unit_test(many_numbers_are_found),
        cmocka_unit_test(rules_say_why_in_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
