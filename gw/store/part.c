/* SPDX-License-Identifier: Apache-2.0 */
/*
 * part - the parts of long MT that an SMSC accepted, each with the foreign id
 * that its report will name (sqlite.h). A message of one part has no row here:
 * its id stands in its entry.
 */
#include "gw/store/sqlite.h"

#include <stdlib.h>

static bool run_on(struct database *database, enum statement which, int64_t number)
{
    sqlite3_stmt *statement = database_statement(database, which);

    sqlite3_bind_int64(statement, 1, number);
    return database_run(statement);
}

bool part_look(struct database *database)
{
    database->has_parts = database_number(database, "SELECT 1 FROM part LIMIT 1", 0) != 0;
    return true;
}

bool part_delete_all(struct database *database, int64_t number)
{
    return !database->has_parts || run_on(database, STATEMENT_DELETE_PARTS, number);
}

static bool note_accepted(struct database *database, int64_t number,
                          const struct store_change *change)
{
    if (change->part == 1 && !part_delete_all(database, number))
        return false;
    sqlite3_stmt *statement = database_statement(database, STATEMENT_NOTE_PART);

    database->has_parts = true;
    sqlite3_bind_int64(statement, 1, number);
    sqlite3_bind_int(statement, 2, change->part);
    row_bind_text(statement, 3, change->part_id);
    return database_run(statement);
}

bool part_note(struct database *database, int64_t number, const struct store_change *change)
{
    if (slice_is_set(change->part_id))
        return note_accepted(database, number, change);
    sqlite3_stmt *statement = database_statement(database, STATEMENT_CHANGE_PART);

    sqlite3_bind_int64(statement, 1, number);
    sqlite3_bind_int(statement, 2, change->part);
    if (change->part_state != 0)
        sqlite3_bind_int(statement, 3, (int)change->part_state);
    sqlite3_bind_int(statement, 4, change->part_buffered);
    return database_run(statement);
}

/* --- finding ---------------------------------------------------------------- */

/* *count is how many have a row. */
static bool sum_up(struct database *database, const struct store_entry *entry, int *count,
                   struct store_parts *parts)
{
    sqlite3_stmt *statement = database_statement(database, STATEMENT_SUM_PARTS);

    sqlite3_bind_int64(statement, 1, entry->number);
    bool sound = sqlite3_step(statement) == SQLITE_ROW;
    *count = sound ? sqlite3_column_int(statement, 0) : 0;
    parts->delivered = sound ? sqlite3_column_int(statement, 1) : 0;
    parts->failed = sound ? sqlite3_column_int(statement, 2) : 0;
    parts->buffered = sound && sqlite3_column_int(statement, 3) > 0;
    sqlite3_reset(statement);
    return sound;
}

/* A long message is found by its parts' ids, not by the first one's in its entry,
 * which may be of another connection by now. */
static bool leave_out_long_ones(struct database *database, struct operation *operation)
{
    size_t kept = 0;
    bool sound = true;

    for (size_t i = 0; i < operation->entry_count; i++) {
        struct store_entry *entry = &operation->entries[i];
        struct store_parts parts;
        int rows = 0;

        if (entry->parts > 1)
            sound = sum_up(database, entry, &rows, &parts) && sound;
        if (rows > 0)
            operation_free_entry(entry);
        else
            operation->entries[kept++] = *entry;
    }
    operation->entry_count = kept;
    return sound;
}

static int newest_first(const void *a, const void *b)
{
    const struct store_entry *one = a, *other = b;

    return (one->number < other->number) - (one->number > other->number);
}

static bool add_by_parts(struct database *database, struct operation *operation)
{
    sqlite3_stmt *statement = database_statement(database, STATEMENT_FIND_PARTS);
    size_t others = operation->entry_count;
    int result, rows;

    row_bind_text(statement, 1, operation->u.question.name);
    row_bind_text(statement, 2, operation->u.question.foreign_id);
    while ((result = sqlite3_step(statement)) == SQLITE_ROW) {
        struct store_entry *entry = operation_add_entry(operation);

        if (!row_read_entry(statement, entry)) {
            sqlite3_reset(statement);
            return database_note_damage(database, entry->number);
        }
        entry->of_parts.part = sqlite3_column_int(statement, COLUMN_COUNT);
        entry->of_parts.state = (enum message_state)sqlite3_column_int(statement, COLUMN_COUNT + 1);
    }
    bool sound = sqlite3_reset(statement) == SQLITE_OK && result == SQLITE_DONE;
    for (size_t i = others; i < operation->entry_count; i++)
        sound = sum_up(database, &operation->entries[i], &rows, &operation->entries[i].of_parts) &&
                sound;
    return sound;
}

bool part_find(struct database *database, struct operation *operation)
{
    if (!database->has_parts)
        return true;
    if (!leave_out_long_ones(database, operation))
        return false;
    size_t others = operation->entry_count;
    if (!add_by_parts(database, operation))
        return false;
    if (others > 0 && operation->entry_count > others)
        qsort(operation->entries, operation->entry_count, sizeof *operation->entries, newest_first);
    return true;
}
