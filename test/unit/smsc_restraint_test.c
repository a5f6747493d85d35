/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When a connection takes nothing: limits and quiet hours that begin and end while
 * it runs, holds, and what is remembered by SIM. The time of day is the test's; it
 * goes on as fast as the real one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "gw/conf/schema.h"
#include "gw/smsc/restraint.h"
#include "gwlib/clock.h"
#include "gwlib/log.h"

#define PATIENCE_MS 20000

static struct loop *loop;
static struct conf *conf;
static struct restraint *restraint;
static struct conf_problems problems;
static int64_t base, base_ms; /* the time of day at that moment */
static const char *awaited;   /* start of restraint_text() */
static bool came;
static char folder[] = "/tmp/kantele-restraint-XXXXXX";

static int64_t test_clock(void)
{
    return base + (clock_monotonic_ms() - base_ms) / 1000;
}

static void set_time(int hour, int minute, int second)
{
    struct tm tm = {.tm_year = 126,
                    .tm_mon = 5,
                    .tm_mday = 15,
                    .tm_hour = hour,
                    .tm_min = minute,
                    .tm_sec = second};

    base = (int64_t)timegm(&tm);
    base_ms = clock_monotonic_ms();
}

static void changed(void *arg)
{
    const char *text = restraint_text(restraint);

    (void)arg;
    if (awaited != NULL &&
        (*awaited == '\0' ? *text == '\0' : strncmp(text, awaited, strlen(awaited)) == 0)) {
        came = true;
        loop_stop(loop);
    }
}

static void too_late(void *arg)
{
    (void)arg;
    loop_stop(loop);
}

/* Until it says something that starts so; "": nothing. */
static void wait_for(const char *text)
{
    struct loop_timer *deadline = loop_timer_create(loop, too_late, NULL);

    awaited = text;
    came = false;
    loop_timer_set(deadline, PATIENCE_MS);
    loop_run(loop);
    loop_timer_free(deadline);
    awaited = NULL;
    if (!came)
        fail_msg("'%s' did not come, it is '%s'", text, restraint_text(restraint));
}

static void create(const char *variables)
{
    struct bytes text = {0};

    bytes_printf(&text,
                 "group = core\nadmin-port = 1\nstore-file = %s/store\n\n"
                 "group = smsc\nsmsc = fake\n%s\n",
                 folder, variables);
    conf = conf_parse(bytes_slice(&text), "t.conf", schema_get(), &problems);
    bytes_free(&text);
    assert_non_null(conf);
    restraint = restraint_create(loop, conf_first(conf, "smsc"), changed, NULL, &problems);
    assert_non_null(restraint);
    restraint_start(restraint, "name");
}

static void destroy(void)
{
    restraint_free(restraint);
    restraint = NULL;
    conf_free(conf);
    conf = NULL;
}

static int setup(void **state)
{
    (void)state;
    setenv("TZ", "UTC", 1);
    tzset();
    restraint_clock = test_clock;
    set_time(12, 0, 0);
    loop = loop_create();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    if (restraint != NULL)
        destroy();
    loop_destroy(loop);
    conf_problems_free(&problems);
    memset(&problems, 0, sizeof problems);
    return 0;
}

static size_t permits(int priority)
{
    return restraint_permits(restraint, priority, 0);
}

static void none(void **state)
{
    (void)state;
    create("");
    assert_true(permits(0) == SIZE_MAX);
    restraint_count(restraint);
    assert_string_equal(restraint_text(restraint), "");
}

static void quiet_hours_begin_and_end(void **state)
{
    (void)state;
    set_time(21, 59, 56);
    create("quiet-hours = 22:00-07:00\nquiet-hours-exempt-priority = 2");
    assert_true(permits(0) == SIZE_MAX);
    wait_for("quiet hours until 07:00");
    assert_int_equal(permits(0), 0);
    assert_int_equal(permits(-1), 0);
    assert_int_equal(permits(1), 0);
    assert_true(permits(2) == SIZE_MAX);
    destroy();
    set_time(6, 59, 58);
    create("quiet-hours = 22:00-07:00");
    wait_for("quiet hours until 07:00");
    assert_int_equal(permits(3), 0);
    wait_for("");
    assert_true(permits(0) == SIZE_MAX);
}

static void a_limit_is_used_up_and_turns(void **state)
{
    (void)state;
    set_time(13, 59, 55);
    create("limit-hour = 2\nlimit-day = 10");
    assert_int_equal(permits(0), 2);
    assert_int_equal(restraint_permits(restraint, 0, 1), 1);
    assert_int_equal(restraint_permits(restraint, 0, 5), 0);
    restraint_count(restraint);
    restraint_count(restraint);
    assert_int_equal(permits(3), 0);
    wait_for("limit-hour (2) is used up until 2026-06-15 14:00");
    wait_for("");
    assert_int_equal(permits(0), 2);
}

static void a_hold(void **state)
{
    (void)state;
    create("");
    restraint_hold(restraint, "no money");
    assert_int_equal(permits(3), 0);
    wait_for("no money");
    restraint_hold(restraint, NULL);
    wait_for("");
    assert_true(permits(0) == SIZE_MAX);
}

static void remembered_by_sim(void **state)
{
    (void)state;
    create("limit-month = 5");
    restraint_set_sim(restraint, slice_str("8949001"));
    restraint_count(restraint);
    restraint_count(restraint);
    assert_int_equal(permits(0), 3);
    restraint_set_sim(restraint, slice_str("8949002"));
    assert_int_equal(permits(0), 5);
    restraint_count(restraint);
    restraint_set_sim(restraint, slice_str("8949001"));
    assert_int_equal(permits(0), 3);
    restraint_set_sim(restraint, slice_unset()); /* not known for a moment */
    assert_int_equal(permits(0), 3);
    destroy();
    create("limit-month = 5");
    restraint_set_sim(restraint, slice_str("8949002"));
    assert_int_equal(permits(0), 4);
    restraint_set_sim(restraint, slice_str("8949001"));
    assert_int_equal(permits(0), 3);
}

static void mistakes(void **state)
{
    (void)state;
    conf = conf_parse(slice_str("group = core\nadmin-port = 1\n\ngroup = smsc\nsmsc = fake\n"
                                "quiet-hours = late\n"),
                      "t.conf", schema_get(), &problems);
    assert_non_null(conf);
    assert_null(restraint_create(loop, conf_first(conf, "smsc"), changed, NULL, &problems));
    assert_int_equal(problems.errors, 1);
    conf_free(conf);
    conf = NULL;
}

static void set_aside_for_a_while(void **state)
{
    (void)state;
    create("");
    restraint_set_aside(restraint, "for a reason", 300);
    assert_true(restraint_is_aside(restraint));
    assert_int_equal(permits(9), 0);
    wait_for("set aside until ");
    assert_non_null(strstr(restraint_text(restraint), ": for a reason"));
    wait_for("");
    assert_false(restraint_is_aside(restraint));
    assert_true(permits(0) > 0);
    restraint_set_aside(restraint, "once more", 3600000);
    wait_for("set aside until ");
    restraint_set_aside(restraint, NULL, 0);
    wait_for("");
    assert_true(permits(0) > 0);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(none),
        CASE(quiet_hours_begin_and_end),
        CASE(a_limit_is_used_up_and_turns),
        CASE(a_hold),
        CASE(remembered_by_sim),
        CASE(mistakes),
        CASE(set_aside_for_a_while),
    };
    struct bytes command = {0};
    int failed;

    log_set_stderr_level(LOG_LEVEL_PANIC);
    if (mkdtemp(folder) == NULL)
        return 1;
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    bytes_printf(&command, "rm -r '%s'", folder);
    if (system(bytes_str(&command)) != 0)
        failed++;
    bytes_free(&command);
    return failed;
}
