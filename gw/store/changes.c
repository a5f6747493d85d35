/* SPDX-License-Identifier: Apache-2.0 */
/*
 * changes - what changes rows of the store's tables (sqlite.h). The one place
 * where a state is written; each function keeps the tally.
 */
#include "gw/store/sqlite.h"

#include <inttypes.h>
#include <stdlib.h>

#include "gwlib/log.h"

#define PARAMETER_GUARD  (CHANGED_FIELDS + 3) /* after the fields' */
#define NUMBERS_RESERVED 1000                 /* at a time */
#define RIPEN_LIMIT      2000                 /* entries in one operation */
#define PRUNE_STEP       500                  /* rows looked at in one step */

/* --- insert ---------------------------------------------------------------- */

static bool take_number(struct database *database, int64_t *number)
{
    if (database->next_number >= database->reserving) {
        sqlite3_stmt *statement = database_statement(database, STATEMENT_RESERVE);
        int64_t reserving = database->next_number + NUMBERS_RESERVED;

        sqlite3_bind_int64(statement, 1, reserving);
        if (!database_run(statement))
            return false;
        database->reserving = reserving;
    }
    *number = database->next_number++;
    return true;
}

/* *added is false when the id is there with the same receiver. */
static bool insert_content(struct database *database, const struct store_insert *insert,
                           int64_t number, bool *added)
{
    sqlite3_stmt *statement = database_statement(database, STATEMENT_INSERT_CONTENT);

    row_bind_content(statement, insert, number);
    if (!database_run(statement))
        return false;
    *added = sqlite3_changes(database->handle) > 0;
    return true;
}

static bool insert_entry(struct database *database, const struct store_insert *insert,
                         int64_t number)
{
    sqlite3_stmt *statement = database_statement(database, STATEMENT_INSERT_ENTRY);

    row_bind_entry(statement, insert, number, database->now_ms);
    return database_run(statement);
}

bool change_insert(struct database *database, struct operation *operation)
{
    const struct store_insert *insert = &operation->u.insert;
    bool kept = database->keep_history || !state_is_final((int)insert->state);
    int64_t number;
    bool added;

    if (!take_number(database, &number) || !insert_content(database, insert, number, &added))
        return false;
    if (!added) {
        operation->status = STORE_DUPLICATE;
        return true;
    }
    operation->number = number;
    if (!kept)
        return change_delete(database, number);
    database->delta[insert->state]++;
    return insert_entry(database, insert, number);
}

/* --- update ---------------------------------------------------------------- */

static const char *const changed_columns[CHANGED_FIELDS] = {
    [CHANGED_STATE] = "state",
    [CHANGED_ATTEMPTS] = "attempts",
    [CHANGED_DUE] = "due_ms",
    [CHANGED_QUEUE] = "queue",
    [CHANGED_LINK] = "link",
    [CHANGED_FOREIGN_ID] = "foreign_id",
    [CHANGED_ERROR] = "error",
    [CHANGED_PARTS] = "parts",
    [CHANGED_PARTS_SENT] = "parts_sent",
    [CHANGED_REFERENCE] = "reference",
};

static unsigned changed_fields(const struct store_change *change)
{
    unsigned fields = 0;

    fields |= (unsigned)(change->state != 0) << CHANGED_STATE;
    fields |= (unsigned)(change->attempts >= 0) << CHANGED_ATTEMPTS;
    fields |= (unsigned)slice_is_set(change->queue) << CHANGED_QUEUE;
    fields |= (unsigned)slice_is_set(change->link) << CHANGED_LINK;
    fields |= (unsigned)slice_is_set(change->foreign_id) << CHANGED_FOREIGN_ID;
    fields |= (unsigned)slice_is_set(change->error) << CHANGED_ERROR;
    fields |= (unsigned)(change->parts >= 0) << CHANGED_PARTS;
    fields |= (unsigned)(change->parts_sent >= 0) << CHANGED_PARTS_SENT;
    fields |= (unsigned)(change->reference >= 0) << CHANGED_REFERENCE;
    return fields;
}

/* Parameters: 1 the number, 2 the time, then a field each from 3 on. Only what
 * changes is named, so that only its indexes are looked at. */
static sqlite3_stmt *update_statement(struct database *database, unsigned fields)
{
    struct bytes sql = {0};

    if (database->updates[fields] != NULL) {
        sqlite3_reset(database->updates[fields]);
        sqlite3_clear_bindings(database->updates[fields]);
        return database->updates[fields];
    }
    bytes_append_str(&sql, "UPDATE entry SET changed_ms = ?2");
    for (int i = 0; i < CHANGED_FIELDS; i++) {
        if ((fields & 1u << i) != 0)
            bytes_printf(&sql, ", %s = ?%d", changed_columns[i], i + 3);
    }
    if ((fields & 1u << CHANGED_STATE) != 0)
        bytes_printf(&sql, ", guard = ?%d", PARAMETER_GUARD);
    bytes_append_str(&sql, " WHERE number = ?1");
    database->updates[fields] = database_prepare(database, bytes_str(&sql));
    bytes_free(&sql);
    return database->updates[fields];
}

static void bind_numbers(sqlite3_stmt *statement, unsigned fields,
                         const struct store_change *change)
{
    const int64_t values[CHANGED_FIELDS] = {
        [CHANGED_STATE] = (int64_t)change->state,
        [CHANGED_ATTEMPTS] = change->attempts,
        [CHANGED_DUE] = change->due_ms,
        [CHANGED_PARTS] = change->parts,
        [CHANGED_PARTS_SENT] = change->parts_sent,
        [CHANGED_REFERENCE] = change->reference,
    };

    for (int i = 0; i < CHANGED_FIELDS; i++) {
        if ((fields & 1u << i) != 0)
            sqlite3_bind_int64(statement, i + 3, values[i]);
    }
}

static void bind_strings(sqlite3_stmt *statement, unsigned fields,
                         const struct store_change *change)
{
    const struct slice values[CHANGED_FIELDS] = {
        [CHANGED_QUEUE] = change->queue,
        [CHANGED_LINK] = change->link,
        [CHANGED_FOREIGN_ID] = change->foreign_id,
        [CHANGED_ERROR] = change->error,
    };

    for (int i = 0; i < CHANGED_FIELDS; i++) {
        if ((fields & 1u << i) != 0)
            row_bind_text(statement, i + 3, values[i]);
    }
}

static bool is_for_later(int state)
{
    return state == STATE_DEFERRED || state == STATE_POSTPONED;
}

static bool update_row(struct database *database, int64_t number, int kind, int before, int after,
                       const struct store_change *change)
{
    unsigned fields = changed_fields(change);
    bool has_due = is_for_later(after) && change->due_ms >= 0;

    /* Only what is for later has a due_ms: else it were in entry_due. */
    if (has_due || (is_for_later(before) && !is_for_later(after)))
        fields |= 1u << CHANGED_DUE;

    if (fields == 0 && change->part > 0)
        return true;
    sqlite3_stmt *statement = update_statement(database, fields);

    if (statement == NULL)
        return false;
    sqlite3_bind_int64(statement, 1, number);
    sqlite3_bind_int64(statement, 2, database->now_ms);
    if (change->state != 0)
        sqlite3_bind_int64(statement, PARAMETER_GUARD, GUARD(number, kind, change->state));
    bind_numbers(statement, has_due ? fields : fields & ~(1u << CHANGED_DUE), change);
    bind_strings(statement, fields, change);
    return database_run(statement);
}

bool change_delete(struct database *database, int64_t number)
{
    sqlite3_stmt *content = database_statement(database, STATEMENT_DELETE_CONTENT);
    sqlite3_stmt *entry = database_statement(database, STATEMENT_DELETE_ENTRY);

    sqlite3_bind_int64(content, 1, number);
    sqlite3_bind_int64(entry, 1, number);
    return database_run(content) && database_run(entry) && part_delete_all(database, number);
}

/* guard is the column of that name, kind and state those of the row. */
static bool is_guarded(sqlite3_stmt *statement, int guard, int64_t number, int kind, int state)
{
    return sqlite3_column_type(statement, guard) == SQLITE_NULL ||
           sqlite3_column_int64(statement, guard) == GUARD(number, kind, state);
}

/* *state is 0 when there is no such entry. */
static bool read_state(struct database *database, int64_t number, int *state, int *kind)
{
    sqlite3_stmt *statement = database_statement(database, STATEMENT_STATE);

    sqlite3_bind_int64(statement, 1, number);
    int result = sqlite3_step(statement);
    *state = result == SQLITE_ROW ? sqlite3_column_int(statement, 0) : 0;
    *kind = result == SQLITE_ROW ? sqlite3_column_int(statement, 1) : 0;
    bool sound = result != SQLITE_ROW || is_guarded(statement, 2, number, *kind, *state);
    sqlite3_reset(statement);
    if (!sound)
        return database_note_damage(database, number);
    return result == SQLITE_ROW || result == SQLITE_DONE;
}

/* What was given up after all tries stays for people to look at. */
static bool is_done_with(const struct database *database, int state)
{
    return state_is_final(state) && !database->keep_history && state != STATE_DEAD;
}

bool change_update(struct database *database, struct operation *operation)
{
    const struct store_change *change = &operation->u.change;
    int before, after, kind;

    if (!read_state(database, operation->number, &before, &kind))
        return false;
    after = change->state != 0 ? (int)change->state : before;
    if (before <= 0 || before >= STATE_LIMIT || !state_may_change(before, after)) {
        operation->status = STORE_MISSING;
        return true;
    }
    if (change->part > 0 && !part_note(database, operation->number, change))
        return false;
    database->delta[before]--;
    if (is_done_with(database, after))
        return change_delete(database, operation->number);
    database->delta[after]++;
    return update_row(database, operation->number, kind, before, after, change);
}

/* --- ripen ------------------------------------------------------------------ */

static bool read_ripe_queues(struct database *database, struct operation *operation)
{
    sqlite3_stmt *statement = database_statement(database, STATEMENT_RIPE_QUEUES);
    int result;

    sqlite3_bind_int64(statement, 1, operation->u.question.now_ms);
    sqlite3_bind_int(statement, 2, RIPEN_LIMIT);
    while ((result = sqlite3_step(statement)) == SQLITE_ROW) {
        struct store_ripe *ripe = operation_add_ripe(operation);
        bool mt = sqlite3_column_int(statement, 0) == STATE_DEFERRED;

        ripe->kind = (enum store_kind)sqlite3_column_int(statement, 1);
        ripe->queue = operation_copy(row_text(statement, 2));
        ripe->entries = sqlite3_column_int64(statement, 3);
        ripe->priority = sqlite3_column_int(statement, 4);
        database->delta[mt ? STATE_DEFERRED : STATE_POSTPONED] -= ripe->entries;
        database->delta[mt ? STATE_QUEUED : STATE_RECEIVED] += ripe->entries;
    }
    sqlite3_reset(statement);
    return result == SQLITE_DONE;
}

bool change_ripen(struct database *database, struct operation *operation)
{
    if (!question_notice_others(database) || !read_ripe_queues(database, operation))
        return false;
    if (operation->ripe_count > 0) {
        sqlite3_stmt *statement = database_statement(database, STATEMENT_RIPEN);

        sqlite3_bind_int64(statement, 1, operation->u.question.now_ms);
        sqlite3_bind_int(statement, 2, RIPEN_LIMIT);
        sqlite3_bind_int64(statement, 3, database->now_ms);
        if (!database_run(statement))
            return false;
    }
    sqlite3_stmt *next = database_statement(database, STATEMENT_NEXT_DUE);
    int result = sqlite3_step(next);
    operation->next_due_ms = result == SQLITE_ROW ? sqlite3_column_int64(next, 0) : 0;
    if (result == SQLITE_ROW && operation->next_due_ms <= 0)
        operation->next_due_ms = 1; /* long ago; 0 would say that there is none */
    sqlite3_reset(next);
    return result == SQLITE_ROW || result == SQLITE_DONE;
}

/* --- prune ------------------------------------------------------------------ */

/* What was found in PRUNE_STEP rows. */
struct old {
    size_t count;
    struct {
        int64_t number;
        int state;
    } rows[PRUNE_STEP];
};

typedef bool wanted_fn(int state);

/* Looks PRUNE_STEP rows further for those that are as they are since before_ms. Rows
 * stand in the order of acceptance: the first one that was accepted too late
 * ends the walk. */
static bool find_old(struct database *database, int64_t *cursor, int64_t before_ms,
                     wanted_fn *wanted, struct old *found, bool *more)
{
    sqlite3_stmt *statement = database_statement(database, STATEMENT_WALK);
    int seen = 0, result = SQLITE_ROW;

    found->count = 0;
    *more = true;
    sqlite3_bind_int64(statement, 1, *cursor);
    sqlite3_bind_int(statement, 2, PRUNE_STEP);
    while (*more && (result = sqlite3_step(statement)) == SQLITE_ROW) {
        int64_t number = sqlite3_column_int64(statement, 0);
        int state = sqlite3_column_int(statement, 1);

        seen++;
        if (!is_guarded(statement, 5, number, sqlite3_column_int(statement, 4), state)) {
            sqlite3_reset(statement);
            return database_note_damage(database, number);
        }
        *more = sqlite3_column_int64(statement, 3) < before_ms;
        if (*more)
            *cursor = number;
        if (*more && wanted(state) && sqlite3_column_int64(statement, 2) < before_ms) {
            found->rows[found->count].number = number;
            found->rows[found->count++].state = state;
        }
    }
    bool sound = !*more || result == SQLITE_DONE;
    sqlite3_reset(statement);
    if (seen < PRUNE_STEP)
        *more = false;
    return sound;
}

static bool delete_found(struct database *database, const struct old *found)
{
    if (!database_begin(database))
        return false;
    for (size_t i = 0; i < found->count; i++) {
        if (!change_delete(database, found->rows[i].number))
            return false;
        database->delta[found->rows[i].state]--;
    }
    return database_commit(database);
}

bool change_prune(struct database *database, int64_t before_ms, bool *more)
{
    struct old found;

    if (!find_old(database, &database->prune_cursor, before_ms, state_is_final, &found, more))
        return false;
    if (!*more)
        database->prune_cursor = 0;
    if (found.count == 0 || delete_found(database, &found))
        return true;
    database_roll_back(database);
    return false;
}

/* --- reports that never come -------------------------------------------------- */

static bool is_awaited(int state)
{
    return state == STATE_SENT;
}

static bool close_found(struct database *database, const struct old *found)
{
    struct store_change change = store_change_none();
    bool good = database_begin(database);

    change.state = STATE_ACCEPTED;
    change.error = slice_str("its report never came");
    for (size_t i = 0; good && i < found->count; i++) {
        struct operation *operation = operation_update(found->rows[i].number, &change);

        good = change_update(database, operation);
        operation_free(operation);
    }
    return good && database_commit(database);
}

bool change_stop_awaiting(struct database *database, int64_t before_ms, size_t *count, bool *more)
{
    int64_t cursor = database->await_cursor;
    struct old found;

    *count = 0;
    if (!find_old(database, &cursor, before_ms, is_awaited, &found, more))
        return false;
    if (found.count > 0 && !close_found(database, &found)) {
        database_roll_back(database);
        return false;
    }
    database->await_cursor = cursor;
    *count = found.count;
    return true;
}

/* --- recover ---------------------------------------------------------------- */

static bool log_uncertain(struct database *database, int64_t *uncertain)
{
    sqlite3_stmt *statement = database_prepare(
        database,
        "SELECT id, receiver, link FROM entry AS e"
        " INDEXED BY entry_live CROSS JOIN content AS c ON c.number = e.number WHERE " IS_LIVE
        " AND state = 12");
    int result;

    if (statement == NULL)
        return false;
    while ((result = sqlite3_step(statement)) == SQLITE_ROW) {
        struct slice octets = row_text(statement, 0), receiver = row_text(statement, 1),
                     link = row_text(statement, 2);
        struct uuid id = {{0}};
        char text[UUID_TEXT_LEN + 1];

        if (octets.len == sizeof id.octets)
            memcpy(id.octets, octets.data, sizeof id.octets);
        uuid_format(&id, text);
        log_warning("message %s to %.*s was in the hands of SMSC %.*s when the gateway stopped: %s",
                    text, (int)receiver.len, (const char *)receiver.data, (int)link.len,
                    (const char *)link.data,
                    database->hold_uncertain ? "held, see gwstore(1)" : "sent again");
        ++*uncertain;
    }
    sqlite3_finalize(statement);
    return result == SQLITE_DONE;
}

#define UNCERTAIN_BECOMES(state)                                                                   \
    "UPDATE entry SET state = " state ", guard = " GUARD_SQL(                                      \
        state) " WHERE number IN"                                                                  \
               " (SELECT number FROM entry INDEXED BY entry_live WHERE " IS_LIVE                   \
               " AND state = 12)"

bool change_recover(struct database *database, int64_t *uncertain)
{
    *uncertain = 0;
    if (!log_uncertain(database, uncertain))
        return false;
    return *uncertain == 0 ||
           database_execute(database, database->hold_uncertain ? UNCERTAIN_BECOMES("14")
                                                               : UNCERTAIN_BECOMES("10"));
}
