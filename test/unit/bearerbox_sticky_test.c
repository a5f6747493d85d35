/* SPDX-License-Identifier: Apache-2.0 */
/* Sticky senders: the last connection counts, whatever form the number has; the
 * one that was silent longest is forgotten. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "gw/bearerbox/sticky.h"

static void note(struct sticky *sticky, const char *number, const char *key)
{
    sticky_note(sticky, slice_str(number), key);
}

static const char *find(struct sticky *sticky, const char *number)
{
    return sticky_find(sticky, slice_str(number));
}

static void the_last_counts(void **state)
{
    struct sticky *sticky = sticky_create();

    (void)state;
    assert_null(find(sticky, "+491"));
    note(sticky, "+491", "a");
    note(sticky, "+492", "b");
    assert_string_equal(find(sticky, "+491"), "a");
    assert_string_equal(find(sticky, "00491"), "a");
    assert_string_equal(find(sticky, "491"), "a");
    assert_null(find(sticky, "+4911"));
    note(sticky, "00491", "c");
    assert_string_equal(find(sticky, "+491"), "c");
    assert_string_equal(find(sticky, "+492"), "b");
    note(sticky, "", "d");
    assert_null(find(sticky, ""));
    sticky_free(sticky);
    sticky_free(NULL);
}

static void bounded(void **state)
{
    struct sticky *sticky = sticky_create();
    char number[20];

    (void)state;
    note(sticky, "old", "a");
    note(sticky, "used", "a");
    for (int i = 0; i < STICKY_NUMBERS_MAX - 2; i++) {
        snprintf(number, sizeof number, "%d", i);
        note(sticky, number, "a");
    }
    assert_non_null(find(sticky, "old"));
    note(sticky, "used", "b");
    note(sticky, "new", "a");
    assert_null(find(sticky, "old"));
    assert_string_equal(find(sticky, "used"), "b");
    assert_non_null(find(sticky, "0"));
    sticky_free(sticky);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_counts),
        cmocka_unit_test(bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
