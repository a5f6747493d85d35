/* SPDX-License-Identifier: Apache-2.0 */
/*
 * questions - what is asked of the store's table (sqlite.h).
 */
#include "gw/store/sqlite.h"

#include <stdlib.h>

#include "gwlib/memory.h"

static bool read_entries(struct database *database, sqlite3_stmt *statement,
                         struct operation *operation)
{
    int result;

    while ((result = sqlite3_step(statement)) == SQLITE_ROW) {
        struct store_entry *entry = operation_add_entry(operation);

        if (!row_read_entry(statement, entry)) {
            sqlite3_reset(statement);
            return database_note_damage(database, entry->number);
        }
    }
    return sqlite3_reset(statement) == SQLITE_OK && result == SQLITE_DONE;
}

static void bind_limit(sqlite3_stmt *statement, int parameter, size_t limit)
{
    sqlite3_bind_int64(statement, parameter,
                       limit < (size_t)INT32_MAX ? (sqlite3_int64)limit : INT32_MAX);
}

static bool ask_fetch(struct database *database, struct operation *operation)
{
    const struct store_question *question = &operation->u.question;
    sqlite3_stmt *statement = database_statement(database, STATEMENT_FETCH);

    sqlite3_bind_int(statement, 1, question->kind == STORE_MT ? STATE_QUEUED : STATE_RECEIVED);
    sqlite3_bind_int(statement, 2, (int)question->kind);
    row_bind_text(statement, 3, slice_is_set(question->name) ? question->name : slice_str(""));
    bind_limit(statement, 4, question->limit);
    return read_entries(database, statement, operation);
}

/* By the state's own index; a final state has none: the table is walked. */
static const char *list_source(enum message_state state)
{
    switch (state) {
    case STATE_QUEUED:
    case STATE_RECEIVED:
    case STATE_DEFERRED:
    case STATE_POSTPONED:
    case STATE_SENDING:
    case STATE_HELD:
    case STATE_RECEIVING:
    case STATE_UNMATCHED:
    case STATE_DEAD:
        return "INDEXED BY entry_live WHERE " IS_LIVE " AND";
    case STATE_SENT:
        return "INDEXED BY entry_sent WHERE " IS_SENT " AND";
    default:
        return "NOT INDEXED WHERE";
    }
}

#define LATEST "NOT INDEXED WHERE ?1 = 0 AND number > (SELECT max(number) FROM entry) - ?3"

static bool ask_list(struct database *database, struct operation *operation)
{
    const struct store_question *question = &operation->u.question;
    bool latest = question->state == 0;
    struct bytes sql = {0};

    bytes_append_str(&sql, "SELECT ");
    schema_append_columns(&sql);
    bytes_printf(&sql,
                 " FROM entry AS e CROSS JOIN content AS c ON c.number = e.number"
                 " WHERE e.number IN (SELECT number FROM entry %s"
                 " %s AND kind = ?2 ORDER BY number LIMIT ?3) ORDER BY e.number",
                 latest ? LATEST : list_source(question->state), latest ? "" : "state = ?1");
    sqlite3_stmt *statement = database_prepare(database, bytes_str(&sql));
    bytes_free(&sql);
    if (statement == NULL)
        return false;
    sqlite3_bind_int(statement, 1, (int)question->state);
    sqlite3_bind_int(statement, 2, (int)question->kind);
    bind_limit(statement, 3, question->limit);
    bool done = read_entries(database, statement, operation);
    sqlite3_finalize(statement);
    return done;
}

bool question_ask(struct database *database, struct operation *operation)
{
    const struct store_question *question = &operation->u.question;
    sqlite3_stmt *statement;

    switch (operation->type) {
    case OPERATION_FETCH:
        return ask_fetch(database, operation);
    case OPERATION_LIST:
        return ask_list(database, operation);
    case OPERATION_LIST_LIVE:
        statement = database_statement(database, STATEMENT_LIST_LIVE);
        bind_limit(statement, 1, question->limit);
        return read_entries(database, statement, operation);
    case OPERATION_FIND_SENT:
        statement = database_statement(database, STATEMENT_FIND_SENT);
        row_bind_text(statement, 1, question->name);
        row_bind_text(statement, 2, question->foreign_id);
        return read_entries(database, statement, operation) && part_find(database, operation);
    default:
        statement = database_statement(database, STATEMENT_FIND_ID);
        sqlite3_bind_blob(statement, 1, question->id.octets, sizeof question->id.octets,
                          SQLITE_STATIC);
        return read_entries(database, statement, operation);
    }
}

/* --- at opening -------------------------------------------------------------- */

struct survey {
    struct store_queue *queues;
    size_t count;
};

static struct store_queue *survey_queue(struct survey *survey, enum store_kind kind,
                                        struct slice queue)
{
    for (size_t i = 0; i < survey->count; i++) {
        if (survey->queues[i].kind == kind && slice_equal_str(queue, survey->queues[i].queue))
            return &survey->queues[i];
    }
    survey->queues = memory_realloc(survey->queues, survey->count + 1, sizeof *survey->queues);
    struct store_queue *added = &survey->queues[survey->count++];
    *added = (struct store_queue){.queue = slice_to_str(queue), .kind = kind};
    return added;
}

/* A damaged file may say any state. */
static void tally_add(struct database *database, int state, int64_t entries)
{
    if (state > 0 && state < STATE_LIMIT)
        database->tally[state] += entries;
}

/* entry_live is in the order of the groups: it is walked once. */
static bool count_live(struct database *database, struct survey *survey)
{
    sqlite3_stmt *statement = database_prepare(
        database, "SELECT state, kind, queue, count(*) FROM entry INDEXED BY entry_live"
                  " WHERE " IS_LIVE " GROUP BY state, kind, queue");
    int result;

    if (statement == NULL)
        return false;
    while ((result = sqlite3_step(statement)) == SQLITE_ROW) {
        int state = sqlite3_column_int(statement, 0);
        int64_t entries = sqlite3_column_int64(statement, 3);
        bool waits = state == STATE_QUEUED || state == STATE_RECEIVED;

        tally_add(database, state, entries);
        if (!waits && state != STATE_DEFERRED && state != STATE_POSTPONED)
            continue;
        struct store_queue *queue = survey_queue(
            survey, (enum store_kind)sqlite3_column_int(statement, 1), row_text(statement, 2));
        *(waits ? &queue->waiting : &queue->later) += entries;
    }
    sqlite3_finalize(statement);
    return result == SQLITE_DONE;
}

/* entry_sent tells how many it holds without a look at the rows; those of them
 * that are SENDING are few. */
static bool count_sent(struct database *database)
{
    int64_t all = database_number(
        database, "SELECT count(*) FROM entry INDEXED BY entry_sent WHERE " IS_SENT, -1);

    if (all < 0)
        return false; /* at once: another query would put its error in the place of this one */
    int64_t sending = database_number(database,
                                      "SELECT count(*) FROM entry INDEXED BY entry_live"
                                      " WHERE " IS_LIVE " AND state = 12"
                                      " AND foreign_id IS NOT NULL",
                                      -1);
    if (sending < 0)
        return false;
    tally_add(database, STATE_SENT, all - sending);
    return true;
}

/* Finished entries, the dead ones aside, are not counted: nobody asks, and they are many. */
bool question_survey(struct database *database, struct store_queue **queues, size_t *count)
{
    struct survey survey = {NULL, 0};
    bool done = count_live(database, &survey) && count_sent(database);

    *queues = survey.queues;
    *count = survey.count;
    return done;
}

bool question_notice_others(struct database *database)
{
    int64_t version = database_number(database, "PRAGMA data_version", 0);
    struct store_queue *queues;
    size_t count;

    if (version == database->data_version)
        return true;
    bool first = database->data_version == 0;
    database->data_version = version;
    if (first)
        return true;
    memset(database->tally, 0, sizeof database->tally);
    bool done = question_survey(database, &queues, &count);
    question_free_queues(queues, count);
    /* What this transaction did so far is counted already. */
    memset(database->delta, 0, sizeof database->delta);
    return done;
}

void question_free_queues(struct store_queue *queues, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(queues[i].queue);
    free(queues);
}
