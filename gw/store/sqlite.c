/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sqlite - the connection to the store's file: opening, transactions, kept
 * statements, errors (sqlite.h).
 *
 * Write-ahead log with synchronous=FULL: a commit is on the disk when it
 * returns, and costs one fdatasync. Locking is SQLite's normal one, so that
 * people may look into the file with the sqlite3 shell while it runs; a writer
 * among them makes us wait at most BUSY_MS.
 */
#include "gw/store/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "gwlib/log.h"
#include "gwlib/memory.h"

#define BUSY_MS        10000
#define CHECKED_OCTETS (16 * 1024 * 1024) /* a file up to this size is checked whole */

#define RIPE_STATE   "CASE state WHEN 11 THEN 10 ELSE 21 END"
#define PARTS_OF_ONE "number BETWEEN ?1 * 256 AND ?1 * 256 + 255"

/* ALL stands for the list of columns, BOTH for the content beside the entry. */
#define BOTH " CROSS JOIN content AS c ON c.number = e.number"

static const char *const statement_texts[STATEMENT_COUNT] = {
    [STATEMENT_BEGIN] = "BEGIN IMMEDIATE",
    [STATEMENT_BEGIN_READING] = "BEGIN",
    [STATEMENT_COMMIT] = "COMMIT",
    [STATEMENT_ROLLBACK] = "ROLLBACK",
    [STATEMENT_RESERVE] = "UPDATE setting SET value = ?1 WHERE name = 'next_number'",
    [STATEMENT_STATE] = "SELECT state, kind, guard FROM entry WHERE number = ?1",
    [STATEMENT_DELETE_CONTENT] = "DELETE FROM content WHERE number = ?1",
    [STATEMENT_DELETE_ENTRY] = "DELETE FROM entry WHERE number = ?1",
    [STATEMENT_RIPE_QUEUES] =
        "SELECT state, kind, queue, count(*), max(priority)"
        " FROM (SELECT state, kind, queue, priority FROM entry INDEXED BY entry_due WHERE " HAS_DUE
        " AND due_ms <= ?1 AND " IS_DUE "  ORDER BY due_ms, number LIMIT ?2) GROUP BY 1, 2, 3",
    [STATEMENT_RIPEN] =
        "UPDATE entry SET state = " RIPE_STATE ", changed_ms = ?3, due_ms = NULL,"
        " guard = " GUARD_SQL(
            RIPE_STATE) " WHERE number IN"
                        " (SELECT number FROM entry INDEXED BY entry_due WHERE " HAS_DUE
                        " AND due_ms <= ?1"
                        "  AND " IS_DUE " ORDER BY due_ms, number LIMIT ?2)",
    [STATEMENT_NEXT_DUE] = "SELECT due_ms FROM entry INDEXED BY entry_due WHERE " HAS_DUE
                           " AND " IS_DUE " ORDER BY due_ms LIMIT 1",
    [STATEMENT_WALK] = "SELECT number, state, changed_ms, accepted_ms, kind, guard FROM entry"
                       " WHERE number > ?1 ORDER BY number LIMIT ?2",
    [STATEMENT_FETCH] = "SELECT ALL FROM entry AS e INDEXED BY entry_live" BOTH " WHERE " IS_LIVE
                        " AND state = ?1 AND kind = ?2 AND queue = ?3"
                        " ORDER BY e.priority DESC, e.number LIMIT ?4",
    [STATEMENT_LIST] = NULL, /* made for the state that is asked for */
    [STATEMENT_LIST_LIVE] =
        "SELECT ALL FROM entry AS e" BOTH " WHERE e.number IN (SELECT number FROM ("
        "  SELECT number FROM entry INDEXED BY entry_live WHERE " IS_LIVE " AND " NOT_ASIDE
        "   AND (state <> 12 OR foreign_id IS NULL)" /* few; they are in the other */
        "  UNION ALL SELECT number FROM entry INDEXED BY entry_sent WHERE " IS_SENT
        ") ORDER BY number LIMIT ?1) ORDER BY e.number",
    [STATEMENT_FIND_SENT] = "SELECT ALL FROM entry AS e INDEXED BY entry_sent" BOTH
                            " WHERE " IS_SENT " AND link = ?1 AND foreign_id = ?2 AND kind = 1"
                            " ORDER BY e.number DESC LIMIT 100",
    [STATEMENT_FIND_ID] = "SELECT ALL FROM content AS c INDEXED BY content_id"
                          " CROSS JOIN entry AS e ON e.number = c.number"
                          " WHERE id = ?1 AND state < 50 ORDER BY c.number",
    [STATEMENT_FIND_PARTS] =
        "SELECT ALL , p.number % 256, p.state FROM part AS p INDEXED BY part_foreign_id"
        " CROSS JOIN entry AS e ON e.number = p.number / 256" BOTH
        " WHERE p.link = ?1 AND p.foreign_id = ?2 AND e.kind = 1 ORDER BY e.number DESC LIMIT 100",
    [STATEMENT_SUM_PARTS] = "SELECT count(*), total(state = 51), total(state IN (52, 53)),"
                            " total(buffered) FROM part WHERE " PARTS_OF_ONE,
    [STATEMENT_NOTE_PART] = "INSERT OR REPLACE INTO part(number, link, foreign_id, state)"
                            " SELECT number * 256 + ?2, link, ?3, 13 FROM entry WHERE number = ?1",
    [STATEMENT_CHANGE_PART] = "UPDATE part SET state = ifnull(?3, state),"
                              " buffered = max(buffered, ?4) WHERE number = ?1 * 256 + ?2",
    [STATEMENT_DELETE_PARTS] = "DELETE FROM part WHERE " PARTS_OF_ONE,
};

/* --- statements ---------------------------------------------------------- */

sqlite3_stmt *database_prepare(struct database *database, const char *sql)
{
    sqlite3_stmt *statement = NULL;

    sqlite3_prepare_v3(database->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL);
    return statement;
}

sqlite3_stmt *database_statement(struct database *database, enum statement which)
{
    sqlite3_stmt *statement = database->statements[which];

    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return statement;
}

bool database_run(sqlite3_stmt *statement)
{
    int result = sqlite3_step(statement);

    return sqlite3_reset(statement) == SQLITE_OK && (result == SQLITE_DONE || result == SQLITE_ROW);
}

bool database_execute(struct database *database, const char *sql)
{
    return sqlite3_exec(database->handle, sql, NULL, NULL, NULL) == SQLITE_OK;
}

int64_t database_number(struct database *database, const char *sql, int64_t otherwise)
{
    sqlite3_stmt *statement = database_prepare(database, sql);
    int64_t number = otherwise;

    if (statement != NULL && sqlite3_step(statement) == SQLITE_ROW &&
        sqlite3_column_type(statement, 0) != SQLITE_NULL)
        number = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return number;
}

const char *database_error(struct database *database)
{
    return database->damage.len > 0 ? bytes_str(&database->damage)
                                    : sqlite3_errmsg(database->handle);
}

int database_error_code(struct database *database)
{
    return database->damage.len > 0 ? SQLITE_CORRUPT : sqlite3_extended_errcode(database->handle);
}

bool database_is_damaged(struct database *database)
{
    int code = database_error_code(database) & 0xff;

    return code == SQLITE_CORRUPT || code == SQLITE_NOTADB;
}

bool database_note_damage(struct database *database, int64_t number)
{
    if (database->damage.len == 0)
        bytes_printf(&database->damage, "entry %" PRId64 " does not match its checksum", number);
    return false;
}

void database_tell_damage(const char *path, const char *what, struct bytes *text)
{
    bytes_printf(text,
                 "store file %s is damaged (%s): salvage what is sound with"
                 " \"gwstore --store %s recover --output NEW\"",
                 path, what, path);
}

/* The text, with ALL replaced. */
static char *statement_text(enum statement which)
{
    static const char select_all[] = "SELECT ALL ";
    struct bytes sql = {0};

    if (which == STATEMENT_INSERT_CONTENT || which == STATEMENT_INSERT_ENTRY) {
        schema_append_insert(&sql, which == STATEMENT_INSERT_ENTRY);
        if (which == STATEMENT_INSERT_CONTENT)
            bytes_append_str(&sql, " ON CONFLICT DO NOTHING");
    } else if (strncmp(statement_texts[which], select_all, strlen(select_all)) == 0) {
        bytes_append_str(&sql, "SELECT ");
        schema_append_columns(&sql);
        bytes_printf(&sql, " %s", statement_texts[which] + strlen(select_all));
    } else {
        bytes_append_str(&sql, statement_texts[which]);
    }
    return bytes_take(&sql);
}

static bool prepare_statements(struct database *database)
{
    for (int i = 0; i < STATEMENT_COUNT; i++) {
        if (i == STATEMENT_LIST)
            continue;
        char *sql = statement_text((enum statement)i);

        database->statements[i] = database_prepare(database, sql);
        free(sql);
        if (database->statements[i] == NULL)
            return false;
    }
    return true;
}

/* --- opening -------------------------------------------------------------- */

/* The file may hold private texts: made readable for owner and group only.
 * SQLite gives its side files the same permissions. */
static bool make_file(const char *path, struct bytes *error)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);

    if (fd < 0) {
        bytes_printf(error, "cannot open store file %s: %s", path, strerror(errno));
        return false;
    }
    close(fd);
    return true;
}

/* An empty file is marked as ours before anything else is in it. */
static bool claim_file(struct database *database)
{
    struct bytes sql = {0};

    if (database_number(database, "PRAGMA page_count", 0) > 0)
        return database_number(database, "PRAGMA application_id", 0) == STORE_APPLICATION_ID;
    bytes_printf(&sql, "PRAGMA application_id = %d", STORE_APPLICATION_ID);
    bool done = database_execute(database, bytes_str(&sql));
    bytes_free(&sql);
    return done;
}

/* journal_mode answers what it became: memory for a database in memory. */
static bool use_write_ahead_log(struct database *database, bool in_memory)
{
    sqlite3_stmt *statement = database_prepare(database, "PRAGMA journal_mode = WAL");
    bool done = statement != NULL && sqlite3_step(statement) == SQLITE_ROW &&
                (in_memory || slice_equal_str(row_text(statement, 0), "wal"));

    sqlite3_finalize(statement);
    return done;
}

/* The checkpoints are SQLite's until wal_take_over(). cell_size_check stays off:
 * it looks at every cell of a page that is read, where one is wanted; a row that
 * is not what was written shows in its guard and its checksum. */
static const char settings[] = "PRAGMA foreign_keys = OFF;"
                               "PRAGMA wal_autocheckpoint = 4000;"
                               "PRAGMA cache_size = -8192;"
                               "PRAGMA temp_store = MEMORY;";

static bool start_numbers(struct database *database)
{
    int64_t next =
        database_number(database, "SELECT value FROM setting WHERE name = 'next_number'", 1);
    int64_t highest = database_number(database, "SELECT max(number) FROM entry", 0);

    database->next_number = next > highest ? next : highest + 1;
    database->reserved = database->reserving = database->next_number;
    return sqlite3_errcode(database->handle) == SQLITE_OK ||
           sqlite3_errcode(database->handle) == SQLITE_ROW ||
           sqlite3_errcode(database->handle) == SQLITE_DONE;
}

/* Counting the memory of the whole process would cost a mutex an allocation.
 * Without effect when the process uses SQLite already. */
static void configure_library(void)
{
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

static bool use_sync(struct database *database, enum store_sync sync)
{
    static const char *const pragmas[] = {
        [STORE_SYNC_FULL] = "PRAGMA synchronous = FULL",
        [STORE_SYNC_NORMAL] = "PRAGMA synchronous = NORMAL",
        [STORE_SYNC_OFF] = "PRAGMA synchronous = OFF",
    };

    return database_execute(database, pragmas[sync]);
}

/* A small file is looked through as a whole; for a big one that would take
 * minutes: there, pages and rows are looked at when they are read. */
static bool looks_sound(struct database *database)
{
    int64_t size = database_number(database, "PRAGMA page_count", 0) *
                   database_number(database, "PRAGMA page_size", 0);

    if (size > CHECKED_OCTETS)
        return true;
    sqlite3_stmt *statement = database_prepare(database, "PRAGMA integrity_check(1)");
    bool done = statement != NULL && sqlite3_step(statement) == SQLITE_ROW;
    if (done && !slice_equal_str(row_text(statement, 0), "ok"))
        bytes_append_slice(&database->damage, row_text(statement, 0));
    sqlite3_finalize(statement);
    return done && database->damage.len == 0;
}

static void tell_failure(struct database *database, const char *doing, struct bytes *error)
{
    if (database_is_damaged(database))
        database_tell_damage(database->path, database_error(database), error);
    else
        bytes_printf(error, "cannot %s store file %s: %s", doing, database->path,
                     database_error(database));
}

static bool open_handle(struct database *database, const struct store_options *options,
                        struct bytes *error)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    static pthread_once_t configured = PTHREAD_ONCE_INIT;

    pthread_once(&configured, configure_library);
    gather_prepare();
    int result = sqlite3_open_v2(
        options->path != NULL ? options->path : ":memory:", &database->handle, flags,
        options->path != NULL && options->sync == STORE_SYNC_FULL ? GATHER_VFS : NULL);

    if (database->handle == NULL)
        log_panic("out of memory in SQLite");
    if (result == SQLITE_OK) {
        sqlite3_extended_result_codes(database->handle, 1);
        sqlite3_busy_timeout(database->handle, BUSY_MS);
        if (claim_file(database) && use_write_ahead_log(database, options->path == NULL) &&
            database_execute(database, settings) && use_sync(database, options->sync) &&
            looks_sound(database))
            return true;
    }
    tell_failure(database, "open", error);
    return false;
}

struct database *database_open(const struct store_options *options, struct bytes *error)
{
    const char *path = options->path;

    if (path != NULL && !make_file(path, error))
        return NULL;
    struct database *database = memory_zalloc(1, sizeof *database);

    database->path = memory_strdup(path != NULL ? path : "(in memory)");
    database->keep_history = options->history_s > 0;
    database->hold_uncertain = options->hold_uncertain;
    if (open_handle(database, options, error) && schema_prepare(database, error)) {
        if (prepare_statements(database) && start_numbers(database) && part_look(database))
            return database;
        tell_failure(database, "use", error);
    }
    database_close(database);
    return NULL;
}

/* What was reserved and not used is given back. */
static void return_numbers(struct database *database)
{
    if (database->statements[STATEMENT_RESERVE] == NULL ||
        database->next_number == database->reserved)
        return;
    sqlite3_stmt *statement = database_statement(database, STATEMENT_RESERVE);
    sqlite3_bind_int64(statement, 1, database->next_number);
    database_run(statement);
}

void database_close(struct database *database)
{
    if (database == NULL)
        return;
    return_numbers(database);
    for (int i = 0; i < STATEMENT_COUNT; i++)
        sqlite3_finalize(database->statements[i]);
    for (int i = 0; i < 1 << CHANGED_FIELDS; i++)
        sqlite3_finalize(database->updates[i]);
    /* As the last user of the file this also takes the log away. */
    if (sqlite3_close(database->handle) != SQLITE_OK)
        log_error("store file %s: cannot close: %s", database->path, database_error(database));
    bytes_free(&database->damage);
    free(database->path);
    free(database);
}

/* --- transactions --------------------------------------------------------- */

static bool begin(struct database *database, enum statement which)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    database->now_ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
    memset(database->delta, 0, sizeof database->delta);
    database->reserving = database->reserved;
    return database_run(database_statement(database, which));
}

bool database_begin(struct database *database)
{
    bool seized = database->seized;

    database->seized = false;
    return seized || begin(database, STATEMENT_BEGIN);
}

bool database_seize(struct database *database)
{
    sqlite3_busy_timeout(database->handle, 0);
    database->seized = begin(database, STATEMENT_BEGIN);
    sqlite3_busy_timeout(database->handle, BUSY_MS);
    return database->seized;
}

bool database_begin_reading(struct database *database)
{
    return begin(database, STATEMENT_BEGIN_READING);
}

bool database_commit(struct database *database)
{
    if (!database_run(database_statement(database, STATEMENT_COMMIT)))
        return false;
    for (int i = 0; i < STATE_LIMIT; i++)
        database->tally[i] += database->delta[i];
    database->reserved = database->reserving;
    return true;
}

void database_roll_back(struct database *database)
{
    gather_drop(database->handle);
    /* Some errors roll back by themselves. */
    if (sqlite3_get_autocommit(database->handle) == 0)
        database_execute(database, "ROLLBACK");
}

bool database_probe(struct database *database)
{
    if (database_begin(database)) {
        sqlite3_stmt *statement = database_statement(database, STATEMENT_RESERVE);

        sqlite3_bind_int64(statement, 1, database->reserved);
        if (database_run(statement) && database_commit(database))
            return true;
    }
    database_roll_back(database);
    return false;
}

int64_t database_octets(struct database *database)
{
    return (database_number(database, "PRAGMA page_count", 0) -
            database_number(database, "PRAGMA freelist_count", 0)) *
           database_number(database, "PRAGMA page_size", 0);
}

int64_t database_changes(struct database *database)
{
    return sqlite3_total_changes(database->handle);
}

bool database_carry_out(struct database *database, struct operation *operation)
{
    operation->status = STORE_OK;
    switch (operation->type) {
    case OPERATION_INSERT:
        return change_insert(database, operation);
    case OPERATION_UPDATE:
        return change_update(database, operation);
    case OPERATION_RIPEN:
        return change_ripen(database, operation);
    default:
        return question_ask(database, operation);
    }
}
