/* SPDX-License-Identifier: Apache-2.0 */
/* Answers a minute: counted by number, for a minute, within bounds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "gw/smsbox/loop_guard.h"

static bool first;

static bool allows(struct loop_guard *guard, const char *number, int64_t now)
{
    return loop_guard_allows(guard, slice_str(number), slice_str("text"), now, &first);
}

static void so_many_a_minute(void **state)
{
    struct loop_guard *guard = loop_guard_create(3);

    (void)state;
    for (int i = 0; i < 3; i++)
        assert_true(allows(guard, "+491", 1000 + i));
    assert_false(allows(guard, "+491", 2000));
    assert_true(first);
    assert_false(allows(guard, "+491", 60999));
    assert_false(first);
    assert_true(allows(guard, "+492", 2000)); /* another number has its own */
    assert_true(allows(guard, "+491", 61000));
    assert_true(allows(guard, "+491", 61000));
    assert_true(allows(guard, "+491", 61000));
    assert_false(allows(guard, "+491", 61001));
    assert_true(first);
    loop_guard_free(guard);
}

static void another_text_is_no_loop(void **state)
{
    struct loop_guard *guard = loop_guard_create(1);
    char text[20];

    (void)state;
    for (int i = 0; i < 1000; i++) {
        snprintf(text, sizeof text, "%d", i);
        assert_true(loop_guard_allows(guard, slice_str("+491"), slice_str(text), 1, &first));
    }
    assert_false(loop_guard_allows(guard, slice_str("+491"), slice_str("7"), 2, &first));
    loop_guard_free(guard);
}

static void off(void **state)
{
    struct loop_guard *guard = loop_guard_create(0);

    (void)state;
    for (int i = 0; i < 1000; i++)
        assert_true(allows(guard, "+491", 5));
    loop_guard_free(guard);
    loop_guard_free(NULL);
}

static void bounded(void **state)
{
    struct loop_guard *guard = loop_guard_create(1);
    char number[200];

    (void)state;
    for (int i = 0; i <= LOOP_GUARD_PEERS; i++) {
        snprintf(number, sizeof number, "%d", i);
        assert_true(allows(guard, number, 1));
    }
    assert_false(allows(guard, "1", 2));
    assert_true(allows(guard, "0", 2)); /* was forgotten */
    memset(number, '1', sizeof number - 1);
    number[sizeof number - 1] = '\0';
    assert_true(allows(guard, number, 3));
    assert_false(allows(guard, number, 3));
    assert_true(allows(guard, "", 3));
    loop_guard_free(guard);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(so_many_a_minute),
        cmocka_unit_test(another_text_is_no_loop),
        cmocka_unit_test(off),
        cmocka_unit_test(bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
