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

#include "gw/store/store.h"

#define DEADLINE_MS 60000

static struct {
    char folder[64], path[96];
    struct loop *loop;
    struct loop_timer *deadline, *tick;
    struct store *store;
    sqlite3 *other; /* another process with the file open */
    enum store_status status;
    int64_t number;
} f;

static void on_deadline(void *arg)
{
    (void)arg;
    fail_msg("nothing in %d ms", DEADLINE_MS);
}

static int make_folder(void **state)
{
    (void)state;
    memset(&f, 0, sizeof f);
    snprintf(f.folder, sizeof f.folder, "/tmp/store-writer-XXXXXX");
    assert_non_null(mkdtemp(f.folder));
    snprintf(f.path, sizeof f.path, "%s/kannel.store", f.folder);
    return 0;
}

static int remove_folder(void **state)
{
    char command[128];

    (void)state;
    snprintf(command, sizeof command, "rm -rf '%s'", f.folder);
    return system(command);
}

static void open_store(int64_t history_octets)
{
    struct store_options options = {
        .path = f.path, .history_s = 86400, .history_octets = history_octets};
    struct bytes error = {0};

    f.loop = loop_create();
    f.deadline = loop_timer_create(f.loop, on_deadline, NULL);
    f.store = store_open(f.loop, &options, &error);
    if (f.store == NULL)
        fail_msg("%s", bytes_str(&error));
    assert_int_equal(sqlite3_open(f.path, &f.other), SQLITE_OK);
    sqlite3_busy_timeout(f.other, DEADLINE_MS);
}

static void close_store(void)
{
    sqlite3_close(f.other);
    store_close(f.store);
    loop_timer_free(f.tick);
    loop_timer_free(f.deadline);
    loop_destroy(f.loop);
}

static void run_loop(void)
{
    loop_timer_set(f.deadline, DEADLINE_MS);
    loop_run(f.loop);
    loop_timer_cancel(f.deadline);
}

static void on_inserted(enum store_status status, int64_t number, void *arg)
{
    (void)arg;
    f.status = status;
    f.number = number;
    loop_stop(f.loop);
}

/* wait: for the answer, which must be good. */
static void insert(enum message_state message_state, bool wait)
{
    struct sms sms = sms_blank();

    sms.sender = slice_str("123");
    sms.receiver = slice_str("1");
    sms.msgdata = slice_str("a text that is some octets long, as they are");
    sms.id = uuid_generate();
    struct message *message = message_create(&sms);
    struct store_insert insert = {
        .kind = STORE_MT, .state = message_state, .message = message, .queue = slice_str("smsc1")};
    store_insert(f.store, &insert, wait ? on_inserted : NULL, NULL);
    message_unref(message);
    if (!wait)
        return;
    run_loop();
    assert_int_equal(f.status, STORE_OK);
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
    open_store(0);
    f.tick = loop_timer_create(f.loop, let_go, NULL);
    for (int i = 0; i < 3; i++) {
        insert(STATE_QUEUED, true);
        execute("BEGIN IMMEDIATE");
        loop_timer_set(f.tick, 100);
        insert(STATE_QUEUED, true);
        assert_int_equal(sqlite3_get_autocommit(f.other), 1);
    }
    close_store();
}

/* --- the history ---------------------------------------------------------------------- */

static void on_tick(void *arg)
{
    (void)arg;
    if (ask("SELECT count(*) FROM entry") < 3000)
        loop_stop(f.loop);
    else
        loop_timer_set(f.tick, 50);
}

/* What is finished goes, the oldest first, and no more of it than must. */
static void the_history_is_bounded_by_size(void **state)
{
    int64_t waiting;

    (void)state;
    open_store(400 * 1024);
    insert(STATE_QUEUED, true);
    waiting = f.number;
    for (int i = 0; i < 4000; i++)
        insert(STATE_ACCEPTED, false);
    insert(STATE_ACCEPTED, true);
    f.tick = loop_timer_create(f.loop, on_tick, NULL);
    loop_timer_set(f.tick, 50);
    run_loop();
    assert_int_equal(ask("SELECT number FROM entry WHERE state = 10"), waiting);
    assert_true(ask("SELECT min(number) FROM entry WHERE state <> 10") > waiting + 1);
    assert_int_equal(ask("SELECT max(number) FROM entry"), f.number);
    assert_true(ask("SELECT count(*) FROM entry") > 100);
    close_store();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_loop_goes_on_while_another_process_writes, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(the_history_is_bounded_by_size, make_folder, remove_folder),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
