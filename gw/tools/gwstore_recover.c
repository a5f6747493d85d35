/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gwstore_recover - what can be read of a damaged store goes into a new file
 * (gwstore.h). The old one is only read.
 *
 * Rows are found on the pages themselves (gwstore_pages.h) and told apart by
 * their number of columns; guard and checksum decide what is believed. Where
 * two of one number are found, the one changed last is taken. A message whose
 * entry is lost is not guessed about: an MT is held for an operator, an MO or
 * report waits for its box.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "gw/tools/gwstore.h"
#include "gw/tools/gwstore_pages.h"

struct salvage {
    struct database *database;
    sqlite3_stmt *entry, *content, *part;
    int entry_columns, content_columns, part_columns;
    int64_t damaged; /* cells and rows that cannot be believed */
    bool failed;     /* the new file cannot be written */
};

static void bind_value(sqlite3_stmt *statement, int parameter, const struct pages_value *value)
{
    const char *octets = (const char *)value->octets.data;

    if (value->type == PAGES_INTEGER)
        sqlite3_bind_int64(statement, parameter, value->integer);
    else if (value->type == PAGES_TEXT)
        sqlite3_bind_text64(statement, parameter, octets, value->octets.len, SQLITE_STATIC,
                            SQLITE_UTF8);
    else if (value->type == PAGES_BLOB)
        sqlite3_bind_blob64(statement, parameter, octets, value->octets.len, SQLITE_STATIC);
}

static void take_row(const struct pages_row *row, void *arg)
{
    struct salvage *salvage = arg;
    sqlite3_stmt *statement;

    /* The first column is the rowid itself, which a row holds as NULL. */
    if (row->values[0].type != PAGES_NULL || row->number <= 0)
        return;
    if ((int)row->count == salvage->entry_columns)
        statement = salvage->entry;
    else if ((int)row->count == salvage->content_columns)
        statement = salvage->content;
    else if ((int)row->count == salvage->part_columns)
        statement = salvage->part;
    else
        return;
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    sqlite3_bind_int64(statement, 1, row->number);
    for (size_t i = 1; i < row->count; i++)
        bind_value(statement, (int)i + 1, &row->values[i]);
    int result = sqlite3_step(statement);
    sqlite3_reset(statement);
    if (result == SQLITE_CONSTRAINT_NOTNULL || result == SQLITE_CONSTRAINT_DATATYPE)
        salvage->damaged++;
    else if (result != SQLITE_DONE)
        salvage->failed = true;
}

/* An INSERT with a parameter for each column of the table, in its order. */
static sqlite3_stmt *prepare_insert(struct database *database, const char *table, int *columns)
{
    struct bytes sql = {0};

    bytes_printf(&sql, "SELECT count(*) FROM pragma_table_info('%s')", table);
    *columns = (int)database_number(database, bytes_str(&sql), 0);
    bytes_clear(&sql);
    bytes_printf(&sql, "INSERT INTO temp.%s VALUES (", table);
    for (int i = 1; i <= *columns; i++)
        bytes_printf(&sql, "%s?%d", i > 1 ? ", " : "", i);
    bytes_append_char(&sql, ')');
    sqlite3_stmt *statement = database_prepare(database, bytes_str(&sql));
    bytes_free(&sql);
    return statement;
}

static bool run_all(struct database *database, const char *const *sql, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!database_execute(database, sql[i]))
            return false;
    return true;
}

static bool collect(struct salvage *salvage, const struct pages *pages)
{
    static const char *const before[] = {
        /* Beside the tables of the same names: several rows a number. */
        "CREATE TABLE temp.entry AS SELECT * FROM main.entry WHERE 0",
        "CREATE TABLE temp.content AS SELECT * FROM main.content WHERE 0",
        "CREATE TABLE temp.part AS SELECT * FROM main.part WHERE 0",
    };

    if (!run_all(salvage->database, before, sizeof before / sizeof before[0]))
        return false;
    salvage->entry = prepare_insert(salvage->database, "entry", &salvage->entry_columns);
    salvage->content = prepare_insert(salvage->database, "content", &salvage->content_columns);
    salvage->part = prepare_insert(salvage->database, "part", &salvage->part_columns);
    bool ready = salvage->entry != NULL && salvage->content != NULL && salvage->part != NULL;
    if (ready)
        pages_each_row(pages, take_row, salvage, &salvage->damaged);
    bool done = ready && !salvage->failed;
    sqlite3_finalize(salvage->entry);
    sqlite3_finalize(salvage->content);
    sqlite3_finalize(salvage->part);
    return done;
}

/* Sound entries, newest of each number; contents, one of each number. */
static bool put_in_place(struct salvage *salvage)
{
    static const char *const steps[] = {
        "DELETE FROM temp.entry WHERE guard IS NULL OR guard <> (" GUARD_SQL("state") ")",
        /* Without a checksum a row off a damaged page is not believed. */
        "DELETE FROM temp.content WHERE typeof(checksum) <> 'integer'",
        "INSERT OR IGNORE INTO main.entry SELECT * FROM temp.entry ORDER BY changed_ms DESC",
        "INSERT OR IGNORE INTO main.content SELECT * FROM temp.content",
        "INSERT OR IGNORE INTO main.part SELECT * FROM temp.part WHERE state IN (13, 51, 52, 53)"
        " AND buffered IN (0, 1) AND number / 256 IN (SELECT number FROM main.entry WHERE"
        "  parts > 1)",
        "INSERT INTO main.entry(number, kind, state, queue, accepted_ms, changed_ms, error, guard)"
        " SELECT number, kind, state, '', at, at, 'recovered, what had become of it is "
        "lost', " GUARD_SQL(
            "state") " FROM (SELECT number, ifnull(time, 0) * 1000 AS at,"
                     "  CASE sms_type WHEN 0 THEN 2 WHEN 3 THEN 3 ELSE 1 END AS kind,"
                     "  CASE WHEN sms_type IN (0, 3) THEN 21 ELSE 14 END AS state FROM main.content"
                     "  WHERE number NOT IN (SELECT number FROM main.entry))",
        "UPDATE setting SET value = (SELECT ifnull(max(number), 0) + 1 FROM"
        " (SELECT number FROM temp.entry UNION ALL SELECT number FROM temp.content)) + 1000000"
        " WHERE name = 'next_number'",
    };

    return run_all(salvage->database, steps, sizeof steps / sizeof steps[0]);
}

/* --- what is wrong with it ---------------------------------------------------------- */

/* Entries that do not match their checksum, and halves: told and left out. */
static bool drop_unsound(struct salvage *salvage, int64_t *good)
{
    struct bytes sql = {0}, bad = {0};

    bytes_append_str(&sql, "SELECT ");
    schema_append_columns(&sql);
    bytes_append_str(&sql, " FROM main.entry AS e JOIN main.content AS c ON c.number = e.number");
    sqlite3_stmt *statement = database_prepare(salvage->database, bytes_str(&sql));
    while (statement != NULL && sqlite3_step(statement) == SQLITE_ROW) {
        struct operation *row = operation_ask(OPERATION_LIST, &(struct store_question){0});
        struct store_entry *entry = operation_add_entry(row);

        if (row_read_entry(statement, entry)) {
            ++*good;
        } else {
            printf("message %" PRId64 ": its text or addresses are damaged, left out\n",
                   entry->number);
            bytes_printf(&bad, "%s%" PRId64, bad.len > 0 ? "," : "", entry->number);
            salvage->damaged++;
        }
        operation_free(row);
    }
    bool done = sqlite3_finalize(statement) == SQLITE_OK && statement != NULL;
    bytes_clear(&sql);
    bytes_printf(&sql,
                 "DELETE FROM main.entry WHERE number IN (%s);"
                 "DELETE FROM main.content WHERE number IN (%s);",
                 bytes_str(&bad), bytes_str(&bad));
    done = done && database_execute(salvage->database, bytes_str(&sql));
    bytes_free(&sql);
    bytes_free(&bad);
    return done;
}

static bool drop_halves(struct salvage *salvage)
{
    static const char *const step[] = {
        "DELETE FROM main.entry WHERE number NOT IN (SELECT number FROM main.content)"};
    sqlite3_stmt *statement = database_prepare(
        salvage->database, "SELECT number, state FROM main.entry WHERE number NOT IN"
                           " (SELECT number FROM main.content) ORDER BY number");

    while (statement != NULL && sqlite3_step(statement) == SQLITE_ROW) {
        printf("message %" PRId64 " (%s): its content is lost\n",
               (int64_t)sqlite3_column_int64(statement, 0),
               state_name(sqlite3_column_int(statement, 1)));
        salvage->damaged++;
    }
    return sqlite3_finalize(statement) == SQLITE_OK && run_all(salvage->database, step, 1);
}

static int salvage_into(struct gwstore *tool, const struct pages *pages)
{
    struct salvage salvage = {.database = tool->database};
    int64_t good = 0;

    if (!database_begin(tool->database) || !collect(&salvage, pages) || !put_in_place(&salvage) ||
        !drop_halves(&salvage) || !drop_unsound(&salvage, &good) ||
        !database_commit(tool->database)) {
        int status = gwstore_fail(tool, "write the new store");

        database_roll_back(tool->database);
        return status;
    }
    int64_t guessed = database_number(
        tool->database, "SELECT count(*) FROM main.entry WHERE error LIKE 'recovered, %'", 0);
    printf("%" PRId64 " messages recovered into %s", good, tool->output);
    if (guessed > 0)
        printf(", of these %" PRId64 " without their state: sent ones are held", guessed);
    printf("; %" PRId64 " pieces could not be read\n", salvage.damaged);
    return salvage.damaged > 0 || guessed > 0 ? EXIT_PARTIAL : 0;
}

int gwstore_recover(struct gwstore *tool)
{
    struct store_options options = {.path = tool->output, .history_s = 1};
    struct bytes error = {0};
    struct pages *pages;
    int status = EXIT_FAILED;

    if (tool->output == NULL) {
        fprintf(stderr, "gwstore: recover needs --output NEW\n");
        return EXIT_USAGE;
    }
    if (access(tool->output, F_OK) == 0) {
        fprintf(stderr, "gwstore: %s is there already\n", tool->output);
        return EXIT_FAILED;
    }
    pages = pages_load(tool->path);
    if (pages == NULL) {
        fprintf(stderr, "gwstore: cannot read %s: %s\n", tool->path, strerror(errno));
        return EXIT_FAILED;
    }
    tool->database = database_open(&options, &error);
    if (tool->database == NULL)
        fprintf(stderr, "gwstore: %s\n", bytes_str(&error));
    else
        status = salvage_into(tool, pages);
    database_close(tool->database);
    bytes_free(&error);
    pages_free(pages);
    return status;
}
