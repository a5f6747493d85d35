/* SPDX-License-Identifier: Apache-2.0 */
/* Message ids and random numbers. */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

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

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* The first 48 bits. */
static int64_t time_of(const struct uuid *id)
{
    int64_t ms = 0;
    int i;

    for (i = 0; i < 6; i++)
        ms = ms << 8 | id->octets[i];
    return ms;
}

static void generated_ids_are_version_7_and_differ(void **state)
{
    static struct uuid ids[1000];
    int64_t before = now_ms();
    int i, j;

    (void)state;
    assert_true(uuid_is_nil(&ids[0]));
    for (i = 0; i < 1000; i++) {
        ids[i] = uuid_generate();
        assert_int_equal(ids[i].octets[6] >> 4, 7);
        assert_int_equal(ids[i].octets[8] >> 6, 2);
        assert_in_range(time_of(&ids[i]), before, now_ms());
        for (j = 0; j < i; j++)
            assert_memory_not_equal(ids[j].octets + 8, ids[i].octets + 8, 8);
    }
}

/* Also within one millisecond. */
static void ids_grow_with_time(void **state)
{
    struct timespec shortly = {.tv_nsec = 1000};
    struct uuid previous = uuid_generate();
    int i;

    (void)state;
    for (i = 0; i < 1000; i++) {
        nanosleep(&shortly, NULL);
        struct uuid id = uuid_generate();

        assert_true(memcmp(&previous, &id, sizeof id) < 0);
        previous = id;
    }
}

static void a_child_gives_other_ids(void **state)
{
    int ends[2], status = -1;
    struct uuid theirs, ours = uuid_generate();

    (void)state;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        theirs = uuid_generate();
        _exit(write(ends[1], &theirs, sizeof theirs) == sizeof theirs ? 0 : 1);
    }
    assert_true(child > 0);
    ours = uuid_generate();
    assert_int_equal(read(ends[0], &theirs, sizeof theirs), sizeof theirs);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_memory_not_equal(ours.octets + 8, theirs.octets + 8, 8);
    close(ends[0]);
    close(ends[1]);
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
        cmocka_unit_test(generated_ids_are_version_7_and_differ),
        cmocka_unit_test(ids_grow_with_time),
        cmocka_unit_test(a_child_gives_other_ids),
        cmocka_unit_test(random_numbers_stay_below_and_reach_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
