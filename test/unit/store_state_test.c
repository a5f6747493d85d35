/* SPDX-License-Identifier: Apache-2.0 */
/* gw/store/state.c: names, and which change of state is allowed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gw/store/state.h"

static const int all_states[] = {
#define STATE(symbol, number, name, final, document) STATE_##symbol,
#include "gw/store/states.def"
};
#define STATES (sizeof all_states / sizeof all_states[0])

static void names_both_ways(void **state)
{
    (void)state;
    for (size_t i = 0; i < STATES; i++)
        assert_int_equal(state_from_name(state_name(all_states[i])), all_states[i]);
    assert_string_equal(state_name(STATE_POSTPONED), "postponed");
    assert_string_equal(state_name(0), "?");
    assert_string_equal(state_name(-1), "?");
    assert_int_equal(state_from_name("Queued"), -1);
    assert_int_equal(state_from_name(""), -1);
}

static void nothing_follows_a_final_state(void **state)
{
    (void)state;
    for (size_t i = 0; i < STATES; i++) {
        for (size_t j = 0; j < STATES; j++) {
            if (state_is_final(all_states[i]))
                assert_int_equal(state_may_change(all_states[i], all_states[j]), i == j);
        }
        assert_true(state_may_change(all_states[i], all_states[i]));
    }
}

/* The files hold the numbers: MT are 10.. and 50.., MO and reports 20.. and 60.. */
static void mt_and_mo_do_not_mix(void **state)
{
    (void)state;
    for (size_t i = 0; i < STATES; i++) {
        for (size_t j = 0; j < STATES; j++) {
            bool from_mo = all_states[i] / 10 % 4 == 2, to_mo = all_states[j] / 10 % 4 == 2;

            if (from_mo != to_mo && all_states[j] != STATE_CANCELLED)
                assert_false(state_may_change(all_states[i], all_states[j]));
        }
    }
}

static void every_live_state_comes_to_an_end(void **state)
{
    (void)state;
    for (size_t i = 0; i < STATES; i++) {
        bool ends = state_is_final(all_states[i]);

        for (size_t j = 0; j < STATES; j++)
            ends |= state_is_final(all_states[j]) && state_may_change(all_states[i], all_states[j]);
        assert_true(ends);
    }
}

static void some_changes(void **state)
{
    (void)state;
    assert_true(state_may_change(STATE_QUEUED, STATE_SENDING));
    assert_true(state_may_change(STATE_SENDING, STATE_DEFERRED));
    assert_true(state_may_change(STATE_SENDING, STATE_DELIVERED)); /* report before answer */
    assert_true(state_may_change(STATE_SENT, STATE_DELIVERED));
    assert_false(state_may_change(STATE_SENT, STATE_QUEUED)); /* would be sent twice */
    assert_false(state_may_change(STATE_QUEUED, STATE_DELIVERED));
    assert_true(state_may_change(STATE_RECEIVED, STATE_POSTPONED));
    assert_true(state_may_change(STATE_RECEIVING, STATE_JOINED));
    assert_false(state_may_change(0, STATE_QUEUED));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_both_ways),      cmocka_unit_test(nothing_follows_a_final_state),
        cmocka_unit_test(mt_and_mo_do_not_mix), cmocka_unit_test(every_live_state_comes_to_an_end),
        cmocka_unit_test(some_changes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
