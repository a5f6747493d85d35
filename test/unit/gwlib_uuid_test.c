/* SPDX-License-Identifier: Apache-2.0 */
/* Message ids and random numbers. */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gwlib/uuid.h"

/* RFC 9562, appendix A.3: the example of version 4. */
static const char example_text[] = "919108f7-52d1-4320-9bac-f847db4148a8";
static const struct uuid example = {{0x91, 0x91, 0x08, 0xf7, 0x52, 0xd1, 0x43, 0x20, 0x9b, 0xac,
                                     0xf8, 0x47, 0xdb, 0x41, 0x48, 0xa8}};

static void text_form_both_ways(void **state)
{
    char text[UUID_TEXT_LEN + 1];
    char upper[UUID_TEXT_LEN + 1];
    struct uuid parsed = {{0}};
    size_t i;

    (void)state;
    uuid_format(&example, text);
    assert_string_equal(text, example_text);
    assert_true(uuid_parse(slice_str(text), &parsed));
    assert_true(uuid_equal(&parsed, &example));

    for (i = 0; i <= UUID_TEXT_LEN; i++)
        upper[i] = (char)toupper((unsigned char)text[i]);
    parsed = (struct uuid){{0}};
    assert_true(uuid_parse(slice_str(upper), &parsed));
    assert_true(uuid_equal(&parsed, &example));
}

static void anything_else_is_refused(void **state)
{
    static const char *const wrong[] = {
        "",
        "919108f7-52d1-4320-9bac-f847db4148a",
        "919108f7-52d1-4320-9bac-f847db4148a80",
        "919108f7-52d1-4320-9bac-f847db4148ag",
        "919108f752d1-4320-9bac-f847db4148a8-",
        "{19108f7-52d1-4320-9bac-f847db4148a}",
        "919108f7 52d1 4320 9bac f847db4148a8",
        "919108f752d143209bacf847db4148a8",
    };
    struct uuid untouched = example;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_false(uuid_parse(slice_str(wrong[i]), &untouched));
    assert_false(uuid_parse(slice_unset(), &untouched));
    assert_true(uuid_equal(&untouched, &example));
}

static void generated_ids_are_version_4_and_differ(void **state)
{
    struct uuid previous = {{0}};
    int i;

    (void)state;
    assert_true(uuid_is_nil(&previous));
    for (i = 0; i < 1000; i++) {
        struct uuid id = uuid_generate();

        assert_int_equal(id.octets[6] >> 4, 4);
        assert_int_equal(id.octets[8] >> 6, 2);
        assert_false(uuid_is_nil(&id));
        assert_false(uuid_equal(&id, &previous));
        previous = id;
    }
}

static void random_numbers_stay_below_and_reach_all(void **state)
{
    unsigned seen[6] = {0};
    int i;

    (void)state;
    for (i = 0; i < 6000; i++) {
        uint32_t n = random_below(6);

        assert_true(n < 6);
        seen[n]++;
    }
    for (i = 0; i < 6; i++)
        assert_in_range(seen[i], 700, 1300); /* 1000 expected, more than ten sigma away */
    assert_int_equal(random_below(1), 0);
    assert_true(random_below(UINT32_MAX) < UINT32_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_form_both_ways),
        cmocka_unit_test(anything_else_is_refused),
        cmocka_unit_test(generated_ids_are_version_4_and_differ),
        cmocka_unit_test(random_numbers_stay_below_and_reach_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
