/* SPDX-License-Identifier: Apache-2.0 */
/* The recovery ladder: which step comes next, and when the rough ones come again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gw/smsc/at/rescue.h"

#define MINUTE 60000

static void check_description(const struct at_rescue *rescue, const char *wanted)
{
    struct bytes text = {0};

    at_rescue_describe(rescue, &text);
    assert_string_equal(bytes_str(&text), wanted);
    bytes_free(&text);
}

static void from_gentle_to_rough(void **state)
{
    struct at_rescue rescue;
    int64_t now = 1000000;

    (void)state;
    at_rescue_init(&rescue, true, true);
    check_description(&rescue, "");
    assert_int_equal(at_rescue_next(&rescue, now), AT_RESCUE_ESCAPE);
    check_description(&rescue, "step 1 of 5, ESC and AT");
    assert_int_equal(at_rescue_next(&rescue, now + 3000), AT_RESCUE_REOPEN);
    assert_int_equal(at_rescue_next(&rescue, now + 9000), AT_RESCUE_RESET);
    check_description(&rescue, "step 3 of 5, AT+CFUN");
    assert_int_equal(at_rescue_next(&rescue, now + MINUTE), AT_RESCUE_USB);
    assert_int_equal(at_rescue_next(&rescue, now + 2 * MINUTE), AT_RESCUE_POWER);
    check_description(&rescue, "step 5 of 5, power-hook");
}

static void a_step_that_takes_time_gets_it(void **state)
{
    struct at_rescue rescue;
    int64_t now = 1000000;

    (void)state;
    at_rescue_init(&rescue, false, true);
    at_rescue_next(&rescue, now);
    at_rescue_next(&rescue, now);
    assert_int_equal(at_rescue_next(&rescue, now), AT_RESCUE_RESET);
    assert_int_equal(at_rescue_next(&rescue, now + 5000), AT_RESCUE_REOPEN);
    check_description(&rescue, "step 3 of 4, AT+CFUN"); /* we are still there */
    assert_int_equal(at_rescue_next(&rescue, now + 20000), AT_RESCUE_POWER);
    at_rescue_done(&rescue, AT_RESCUE_POWER, now + 50000); /* the hook took 30 s */
    assert_int_equal(at_rescue_next(&rescue, now + 79000), AT_RESCUE_REOPEN);
    check_description(&rescue, "step 4 of 4, power-hook");
}

/* The modem may have come to itself: it is opened again and again, and the rough
 * steps come with growing distance. */
static void it_is_never_given_up(void **state)
{
    struct at_rescue rescue;
    int64_t now = 1000000, last_power = 0, distance = 0;
    int powers = 0, resets = 0, reopens = 0;

    (void)state;
    at_rescue_init(&rescue, false, true);
    for (int i = 0; i < 6 * 60 * 12; i++, now += 5000) /* six hours */
        switch (at_rescue_next(&rescue, now)) {
        case AT_RESCUE_POWER:
            if (last_power != 0) {
                assert_true(now - last_power >= distance);
                distance = now - last_power - 10000;
            }
            last_power = now;
            powers++;
            break;
        case AT_RESCUE_RESET:
            resets++;
            break;
        default:
            reopens++;
            break;
        }
    assert_in_range(powers, 8, 20);
    assert_in_range(resets, 20, 60);
    assert_true(reopens > 4000);
}

static void a_modem_that_works_starts_anew(void **state)
{
    struct at_rescue rescue;
    int64_t now = 1000000;

    (void)state;
    at_rescue_init(&rescue, false, true);
    for (int i = 0; i < 3; i++)
        at_rescue_next(&rescue, now);
    at_rescue_ready(&rescue, now + 5000);
    at_rescue_works(&rescue);
    check_description(&rescue, "");
    now += 10000;
    assert_int_equal(at_rescue_next(&rescue, now), AT_RESCUE_ESCAPE);
    assert_int_equal(at_rescue_next(&rescue, now), AT_RESCUE_REOPEN);
    assert_int_equal(at_rescue_next(&rescue, now), AT_RESCUE_RESET);
}

static void one_that_fails_again_at_once_goes_on_where_it_was(void **state)
{
    struct at_rescue rescue;
    int64_t now = 1000000;

    (void)state;
    at_rescue_init(&rescue, false, false);
    at_rescue_next(&rescue, now);
    at_rescue_ready(&rescue, now + 1000);
    assert_int_equal(at_rescue_next(&rescue, now + 5000), AT_RESCUE_REOPEN);
    at_rescue_ready(&rescue, now + 6000);
    assert_int_equal(at_rescue_next(&rescue, now + 10000), AT_RESCUE_RESET);
    at_rescue_ready(&rescue, now + 20000);
    assert_int_equal(at_rescue_next(&rescue, now + 20000 + MINUTE), AT_RESCUE_ESCAPE);
}

static void the_power_is_not_taken_from_a_modem_that_just_got_it(void **state)
{
    struct at_rescue rescue;
    int64_t now = 1000000;

    (void)state;
    at_rescue_init(&rescue, false, true);
    for (int i = 0; i < 3; i++)
        at_rescue_next(&rescue, now);
    now += 20000;
    assert_int_equal(at_rescue_next(&rescue, now), AT_RESCUE_POWER);
    at_rescue_ready(&rescue, now + 10000);
    at_rescue_works(&rescue);
    now += 20000;
    for (int i = 0; i < 3; i++)
        at_rescue_next(&rescue, now);
    assert_int_equal(at_rescue_next(&rescue, now + 20000), AT_RESCUE_REOPEN);
    at_rescue_ready(&rescue, now + 30000);
    now += 30000 + 10 * MINUTE; /* well for ten minutes: as new */
    for (int i = 0; i < 3; i++)
        at_rescue_next(&rescue, now);
    assert_int_equal(at_rescue_next(&rescue, now + 20000), AT_RESCUE_POWER);
}

static void a_device_that_is_missing(void **state)
{
    struct at_rescue rescue;
    int64_t now = 1000000;

    (void)state;
    at_rescue_init(&rescue, true, true);
    assert_int_equal(at_rescue_missing(&rescue, now), AT_RESCUE_REOPEN);
    assert_int_equal(at_rescue_missing(&rescue, now + 19000), AT_RESCUE_REOPEN);
    assert_int_equal(at_rescue_missing(&rescue, now + 20000), AT_RESCUE_POWER);
    at_rescue_done(&rescue, AT_RESCUE_POWER, now + 21000);
    assert_int_equal(at_rescue_missing(&rescue, now + 60000), AT_RESCUE_REOPEN);
    at_rescue_init(&rescue, true, false);
    at_rescue_missing(&rescue, now);
    assert_int_equal(at_rescue_missing(&rescue, now + 20 * MINUTE), AT_RESCUE_REOPEN);
}

static void a_modem_that_starts_gets_time(void **state)
{
    struct at_rescue rescue;
    int64_t now = 1000000;

    (void)state;
    at_rescue_init(&rescue, false, false);
    at_rescue_missing(&rescue, now);
    at_rescue_opened(&rescue, now + 1000);
    assert_int_equal(at_rescue_next(&rescue, now + 15000), AT_RESCUE_REOPEN);
    check_description(&rescue, "");
    assert_int_equal(at_rescue_next(&rescue, now + 22000), AT_RESCUE_ESCAPE);
    at_rescue_opened(&rescue, now + 23000); /* it was not missing */
    assert_int_equal(at_rescue_next(&rescue, now + 23000), AT_RESCUE_REOPEN);
    at_rescue_starts(&rescue, now + 24000); /* RDY */
    assert_int_equal(at_rescue_next(&rescue, now + 40000), AT_RESCUE_REOPEN);
    assert_int_equal(at_rescue_next(&rescue, now + 45000), AT_RESCUE_RESET);
}

static void one_that_says_it_has_failed(void **state)
{
    struct at_rescue rescue;
    int64_t now = 1000000;

    (void)state;
    at_rescue_init(&rescue, false, false);
    assert_false(at_rescue_failing(&rescue, now));
    assert_false(at_rescue_failing(&rescue, now + 29000));
    at_rescue_answers(&rescue); /* it was busy in between */
    assert_false(at_rescue_failing(&rescue, now + 31000));
    assert_true(at_rescue_failing(&rescue, now + 61000));
    assert_false(at_rescue_failing(&rescue, now + 120000)); /* not before a minute */
    assert_true(at_rescue_failing(&rescue, now + 121000));
    assert_false(at_rescue_failing(&rescue, now + 230000)); /* not before two */
}

static void names_and_tallies(void **state)
{
    (void)state;
    assert_string_equal(at_rescue_name(AT_RESCUE_USB), "USB reset");
    assert_int_equal(at_rescue_tally(AT_RESCUE_USB), SMSC_TALLY_USB_RESET);
    assert_int_equal(at_rescue_tally(AT_RESCUE_POWER), SMSC_TALLY_POWER_CYCLED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(from_gentle_to_rough),
        cmocka_unit_test(a_step_that_takes_time_gets_it),
        cmocka_unit_test(it_is_never_given_up),
        cmocka_unit_test(a_modem_that_works_starts_anew),
        cmocka_unit_test(one_that_fails_again_at_once_goes_on_where_it_was),
        cmocka_unit_test(the_power_is_not_taken_from_a_modem_that_just_got_it),
        cmocka_unit_test(a_device_that_is_missing),
        cmocka_unit_test(a_modem_that_starts_gets_time),
        cmocka_unit_test(one_that_says_it_has_failed),
        cmocka_unit_test(names_and_tallies),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
