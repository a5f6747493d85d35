/* SPDX-License-Identifier: Apache-2.0 */
/* Programs of the operator's: environment, end, time limit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "gw/smsc/at/hook.h"
#include "gwlib/clock.h"

static int waits, waits_max;

static bool wait_a_little(void *arg, int ms)
{
    (void)arg;
    usleep((useconds_t)ms * 1000);
    return ++waits < waits_max;
}

static bool run(const char *command, int limit_ms, struct bytes *error)
{
    struct at_hook hook = {
        .command = command,
        .smsc_id = "m1",
        .device = "/dev/ttyX0",
        .reason = "mute",
        .usb_id = NULL,
        .limit_ms = limit_ms,
        .wait = wait_a_little,
    };

    waits = 0;
    waits_max = 1000000;
    bytes_clear(error);
    return at_hook_run(&hook, error);
}

static void what_it_is_told(void **state)
{
    char path[] = "/tmp/kantele-hook-XXXXXX", text[200] = "";
    struct bytes command = {0}, error = {0};
    int fd = mkstemp(path);

    (void)state;
    assert_true(fd >= 0);
    setenv("SMSC_ID", "from outside", 1);
    bytes_printf(&command,
                 "sh -c 'echo \"$0 $SMSC_ID $SMSC_DEVICE $SMSC_REASON .$SMSC_USB_ID.\" > %s; "
                 "test -n \"$PATH\"' 'two words'",
                 path);
    assert_true(run(bytes_str(&command), 20000, &error));
    assert_true(read(fd, text, sizeof text - 1) > 0);
    assert_string_equal(text, "two words m1 /dev/ttyX0 mute ..\n");
    close(fd);
    unlink(path);
    bytes_free(&command);
    bytes_free(&error);
}

static void how_it_ends(void **state)
{
    struct bytes error = {0};

    (void)state;
    assert_true(run("true", 20000, &error));
    assert_false(run("sh -c 'exit 3'", 20000, &error));
    assert_string_equal(bytes_str(&error), "it ended with status 3");
    assert_false(run("sh -c 'kill -9 $$'", 20000, &error));
    assert_string_equal(bytes_str(&error), "signal 9 ended it");
    assert_false(run("/nonexistent/program", 20000, &error));
    assert_string_equal(bytes_str(&error), "No such file or directory");
    bytes_free(&error);
}

static void one_that_does_not_end(void **state)
{
    struct bytes error = {0};
    int64_t start = clock_monotonic_ms();

    (void)state;
    assert_false(run("sleep 600", 300, &error));
    assert_string_equal(bytes_str(&error), "it took too long and was ended");
    assert_false(run("sh -c 'trap : TERM; while :; do sleep 1; done'", 300, &error));
    assert_true(clock_monotonic_ms() - start < 300000);
    bytes_free(&error);
}

static void everything_is_to_end(void **state)
{
    struct at_hook hook = {.command = "sleep 600", .limit_ms = 600000, .wait = wait_a_little};
    struct bytes error = {0};

    (void)state;
    waits = 0;
    waits_max = 2;
    assert_false(at_hook_run(&hook, &error));
    assert_int_equal(waits, 2);
    bytes_free(&error);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_it_is_told),
        cmocka_unit_test(how_it_ends),
        cmocka_unit_test(one_that_does_not_end),
        cmocka_unit_test(everything_is_to_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
