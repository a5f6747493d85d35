/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The VFS that gathers the writes to a log: what SQLite reads back in the middle
 * of a transaction, after a rollback, and through another connection, is what it
 * wrote.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "gw/store/sqlite.h"

static struct {
    char folder[64], path[96];
    sqlite3 *ours, *theirs;
} f;

static void execute(sqlite3 *db, const char *sql)
{
    char *error = NULL;

    if (sqlite3_exec(db, sql, NULL, NULL, &error) != SQLITE_OK)
        fail_msg("%s: %s", sql, error);
}

static int64_t ask(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *statement;

    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    int64_t number = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return number;
}

static int open_both(void **state)
{
    (void)state;
    snprintf(f.folder, sizeof f.folder, "/tmp/store-gather-XXXXXX");
    assert_non_null(mkdtemp(f.folder));
    snprintf(f.path, sizeof f.path, "%s/file", f.folder);
    gather_prepare();
    assert_int_equal(
        sqlite3_open_v2(f.path, &f.ours, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, GATHER_VFS),
        SQLITE_OK);
    /* Ten pages in memory: the others go to the log before the commit. */
    execute(f.ours, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = 10;"
                    "CREATE TABLE t(n INTEGER PRIMARY KEY, text)");
    assert_int_equal(sqlite3_open_v2(f.path, &f.theirs, SQLITE_OPEN_READWRITE, "unix"), SQLITE_OK);
    return 0;
}

static int remove_all(void **state)
{
    char command[128];

    (void)state;
    sqlite3_close(f.theirs);
    sqlite3_close(f.ours);
    snprintf(command, sizeof command, "rm -rf '%s'", f.folder);
    return system(command);
}

#define SOME(count)                                                                                \
    "INSERT INTO t(text) WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE"     \
    " i < " #count ") SELECT printf('%0600d', i) FROM c;"

static void a_big_transaction_reads_back_what_it_wrote(void **state)
{
    (void)state;
    execute(f.ours, "BEGIN;" SOME(3000));
    assert_int_equal(ask(f.ours, "SELECT sum(text) FROM t"), 3000 * 3001 / 2);
    execute(f.ours, "UPDATE t SET text = text + 1; SAVEPOINT s;" SOME(500) "ROLLBACK TO s");
    assert_int_equal(ask(f.ours, "SELECT sum(text) FROM t"), 3000 * 3001 / 2 + 3000);
    assert_int_equal(ask(f.theirs, "SELECT count(*) FROM t"), 0);
    execute(f.ours, "COMMIT");
    assert_int_equal(ask(f.theirs, "SELECT sum(text) FROM t"), 3000 * 3001 / 2 + 3000);
    assert_int_equal(ask(f.theirs, "SELECT count(*) FROM pragma_integrity_check WHERE"
                                   " integrity_check = 'ok'"),
                     1);
}

static void what_was_rolled_back_is_written_over(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++) {
        execute(f.ours, "BEGIN;" SOME(700) "ROLLBACK; BEGIN;" SOME(1) "COMMIT");
        assert_int_equal(ask(f.theirs, "SELECT count(*) FROM t"), i + 1);
    }
    assert_int_equal(ask(f.ours, "SELECT sum(text) FROM t"), 20);
}

static void what_was_dropped_never_comes_to_the_file(void **state)
{
    sqlite3_file *log = NULL;
    sqlite3_int64 before, after;

    (void)state;
    execute(f.ours, SOME(10) "BEGIN IMMEDIATE");
    sqlite3_file_control(f.ours, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log);
    assert_non_null(log);
    assert_int_equal(log->pMethods->xFileSize(log, &before), SQLITE_OK);
    assert_int_equal(log->pMethods->xWrite(log, "unwanted", 8, before), SQLITE_OK);
    gather_drop(f.ours);
    execute(f.ours, "ROLLBACK");
    assert_int_equal(log->pMethods->xSync(log, SQLITE_SYNC_NORMAL), SQLITE_OK);
    assert_int_equal(log->pMethods->xFileSize(log, &after), SQLITE_OK);
    assert_int_equal(after, before);
    /* ... and what was not is there. */
    assert_int_equal(log->pMethods->xWrite(log, "wanted", 6, before), SQLITE_OK);
    assert_int_equal(log->pMethods->xFileSize(log, &after), SQLITE_OK);
    assert_int_equal(after, before + 6);
}

/* Each reads in its turn what the other has added. */
static void others_read_and_write_between(void **state)
{
    (void)state;
    for (int i = 0; i < 50; i++) {
        execute(i % 2 == 0 ? f.ours : f.theirs, SOME(10));
        assert_int_equal(ask(f.ours, "SELECT count(*) FROM t"), (i + 1) * 10);
        assert_int_equal(ask(f.theirs, "SELECT count(*) FROM t"), (i + 1) * 10);
        if (i % 20 == 19)
            execute(i % 40 == 19 ? f.theirs : f.ours, "PRAGMA wal_checkpoint(TRUNCATE)");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_big_transaction_reads_back_what_it_wrote, open_both,
                                        remove_all),
        cmocka_unit_test_setup_teardown(what_was_rolled_back_is_written_over, open_both,
                                        remove_all),
        cmocka_unit_test_setup_teardown(what_was_dropped_never_comes_to_the_file, open_both,
                                        remove_all),
        cmocka_unit_test_setup_teardown(others_read_and_write_between, open_both, remove_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
