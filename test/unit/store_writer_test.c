/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gw/store/writer: what the loop carries out in the thread's place does not make it
 * wait for other processes, and the history stays within its size.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "test/unit/store_fixture.h"

#define BUSY_MS 60000

static struct {
    struct loop_timer *tick;
    sqlite3 *other; /* another process with the file open */
} f;

static void open_both(int64_t history_octets)
{
    struct store_options options = {
        .path = fixture.path, .history_s = 86400, .history_octets = history_octets};

    open_store_as(&options);
    assert_int_equal(sqlite3_open(fixture.path, &f.other), SQLITE_OK);
    sqlite3_busy_timeout(f.other, BUSY_MS);
}

static void close_both(void)
{
    sqlite3_close(f.other);
    loop_timer_free(f.tick);
    close_store();
}

/* wait: for the answer, which must be good. */
static void insert(enum message_state state, bool wait)
{
    struct message *message = make_message("1", "a text that is some octets long, as they are");
    struct store_insert insert = mt(message, state);

    if (wait) {
        insert_now(&insert);
        assert_int_equal(got_status, STORE_OK);
    } else {
        store_insert(fixture.store, &insert, NULL, NULL);
    }
    message_unref(message);
}

/* What another process finds. */
static int64_t ask(const char *sql)
{
    sqlite3_stmt *statement;

    assert_int_equal(sqlite3_prepare_v2(f.other, sql, -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    int64_t number = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return number;
}

static void execute(const char *sql)
{
    assert_int_equal(sqlite3_exec(f.other, sql, NULL, NULL, NULL), SQLITE_OK);
}

/* --- the loop in the thread's place ------------------------------------------------ */

static void let_go(void *arg)
{
    (void)arg;
    execute("COMMIT");
}

/* A person with the sqlite3 shell makes the store wait, not the loop. */
static void the_loop_goes_on_while_another_process_writes(void **state)
{
    (void)state;
    open_both(0);
    f.tick = loop_timer_create(fixture.loop, let_go, NULL);
    for (int i = 0; i < 3; i++) {
        insert(STATE_QUEUED, true);
        execute("BEGIN IMMEDIATE");
        loop_timer_set(f.tick, 100);
        insert(STATE_QUEUED, true);
        assert_int_equal(sqlite3_get_autocommit(f.other), 1);
    }
    close_both();
}

/* --- the history ---------------------------------------------------------------------- */

static void on_tick(void *arg)
{
    (void)arg;
    if (ask("SELECT count(*) FROM entry") < 3000)
        loop_stop(fixture.loop);
    else
        loop_timer_set(f.tick, 50);
}

/* What is finished goes, the oldest first, and no more of it than must. */
static void the_history_is_bounded_by_size(void **state)
{
    int64_t waiting;

    (void)state;
    open_both(400 * 1024);
    insert(STATE_QUEUED, true);
    waiting = got_number;
    for (int i = 0; i < 4000; i++)
        insert(STATE_ACCEPTED, false);
    insert(STATE_ACCEPTED, true);
    f.tick = loop_timer_create(fixture.loop, on_tick, NULL);
    loop_timer_set(f.tick, 50);
    wait_answer();
    assert_int_equal(ask("SELECT number FROM entry WHERE state = 10"), waiting);
    assert_true(ask("SELECT min(number) FROM entry WHERE state <> 10") > waiting + 1);
    assert_int_equal(ask("SELECT max(number) FROM entry"), got_number);
    assert_true(ask("SELECT count(*) FROM entry") > 100);
    close_both();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(the_loop_goes_on_while_another_process_writes),
        STORE_TEST(the_history_is_bounded_by_size),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
