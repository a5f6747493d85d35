/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gw/bearerbox/repeats: what makes two reports the same, and what does not; the
 * oldest is forgotten.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "gw/bearerbox/repeats.h"

static struct sms report(const char *smsc, const char *id, int event, const char *text)
{
    struct sms sms = sms_blank();

    if (smsc != NULL)
        sms.smsc_id = slice_str(smsc);
    sms.foreign_id = slice_str(id);
    sms.dlr_mask = event;
    sms.msgdata = slice_str(text);
    return sms;
}

static void note(struct repeats *repeats, const char *smsc, const char *id, int event,
                 const char *text)
{
    struct sms sms = report(smsc, id, event, text);

    repeats_note(repeats, &sms);
}

static bool knows(struct repeats *repeats, const char *smsc, const char *id, int event,
                  const char *text)
{
    struct sms sms = report(smsc, id, event, text);

    return repeats_knows(repeats, &sms);
}

static void equal_in_all_that_counts(void **state)
{
    struct repeats *repeats = repeats_create();

    (void)state;
    assert_false(knows(repeats, "a", "1234", 1, "x"));
    note(repeats, "a", "1234", 1, "x");
    note(repeats, "a", "1234", 1, "x");
    assert_true(knows(repeats, "a", "1234", 1, "x"));
    assert_false(knows(repeats, "b", "1234", 1, "x"));
    assert_false(knows(repeats, NULL, "1234", 1, "x"));
    assert_false(knows(repeats, "a", "1235", 1, "x"));
    assert_false(knows(repeats, "a", "1234", 2, "x"));
    assert_false(knows(repeats, "a", "1234", 1, "y"));
    assert_false(knows(repeats, "4a", "123", 1, "x"));
    assert_false(knows(repeats, "", "1234a", 1, "x"));
    repeats_free(repeats);
}

/* What a modem numbers comes again soon, and its reports have no text. */
static void ids_of_modems_are_never_known(void **state)
{
    struct repeats *repeats = repeats_create();

    (void)state;
    note(repeats, "a", "255", 1, "Delivered");
    assert_false(knows(repeats, "a", "255", 1, "Delivered"));
    repeats_free(repeats);
}

static void the_oldest_is_forgotten(void **state)
{
    struct repeats *repeats = repeats_create();
    char id[16];

    (void)state;
    for (int i = 0; i <= REPEATS_MOST; i++) {
        snprintf(id, sizeof id, "id%d", 1000000 + i);
        note(repeats, "a", id, 1, "");
    }
    assert_false(knows(repeats, "a", "id1000000", 1, ""));
    assert_true(knows(repeats, "a", "id1000001", 1, ""));
    assert_true(knows(repeats, "a", id, 1, ""));
    repeats_free(repeats);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_in_all_that_counts),
        cmocka_unit_test(ids_of_modems_are_never_known),
        cmocka_unit_test(the_oldest_is_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
