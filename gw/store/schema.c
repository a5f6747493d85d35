/* SPDX-License-Identifier: Apache-2.0 */
/*
 * schema - tables, indexes and views of the store's file (sqlite.h), and the
 * steps that bring an older file forward.
 *
 * The file says in its header that it is ours (application_id) and how old it
 * is (user_version: the number of steps of `migrations` it has gone). A new
 * file is one that has gone none.
 *
 * Every index is partial, so that a message is in few of them at a time and a
 * finished one only in that of the ids:
 *
 *   message_waiting  QUEUED, RECEIVED: who is next in a queue
 *   message_due      DEFERRED, POSTPONED: who is next in time
 *   message_in_hand  SENDING, RECEIVING: few, looked through at start
 *   message_sent     SENT: which message a report is about
 *   message_id       everything that has an id: resubmissions
 *
 * The views are for people with the sqlite3 shell.
 */
#include "gw/store/sqlite.h"

/* --- tables and indexes -------------------------------------------------- */

const char *const column_names[COLUMN_COUNT] = {
#define COLUMN(name, type) #name,
#include "gw/store/columns.def"
};

static const char *const column_types[COLUMN_COUNT] = {
#define COLUMN(name, type) type,
#include "gw/store/columns.def"
};

void schema_append_columns(struct bytes *sql, const char *prefix)
{
    for (int i = 0; i < COLUMN_COUNT; i++)
        bytes_printf(sql, "%s%s\"%s\"", i > 0 ? ", " : "", prefix, column_names[i]);
}

static const char first_tables[] =
    "CREATE TABLE state(number INTEGER PRIMARY KEY, name TEXT NOT NULL, final INTEGER NOT NULL,"
    "                   document TEXT NOT NULL);"
    "CREATE TABLE kind(number INTEGER PRIMARY KEY, name TEXT NOT NULL);"
    "INSERT INTO kind VALUES (1, 'mt'), (2, 'mo'), (3, 'report');"
    "CREATE TABLE setting(name TEXT PRIMARY KEY, value) WITHOUT ROWID;"
    "INSERT INTO setting VALUES ('next_number', 1);"
    "CREATE INDEX message_waiting ON message(state, kind, queue, priority DESC) WHERE " IS_WAITING
    ";"
    "CREATE INDEX message_due ON message(due_ms, state, kind, queue) WHERE " IS_DUE ";"
    "CREATE INDEX message_in_hand ON message(state) WHERE " IS_IN_HAND ";"
    "CREATE INDEX message_sent ON message(link, foreign_id, state) WHERE " IS_SENT ";"
    "CREATE INDEX message_id ON message(id, receiver) WHERE id IS NOT NULL;";

/* The table as columns.def has it today; what an older file lacks of it is
 * added by complete_columns(). */
static bool create_everything(struct database *database)
{
    struct bytes sql = {0};

    bytes_append_str(&sql, "CREATE TABLE message(");
    for (int i = 0; i < COLUMN_COUNT; i++)
        bytes_printf(&sql, "%s\n  \"%s\" %s", i > 0 ? "," : "", column_names[i], column_types[i]);
    bytes_append_str(&sql, ");");
    bytes_append_str(&sql, first_tables);
    bool done = database_execute(database, bytes_str(&sql));
    bytes_free(&sql);
    return done;
}

/* Step N makes version N + 1 of version N. Steps are only ever added. */
typedef bool migration_fn(struct database *database);
static migration_fn *const migrations[] = {
    create_everything,
};
#define SCHEMA_VERSION ((int)(sizeof migrations / sizeof migrations[0]))

/* --- what is renewed at each change -------------------------------------- */

/* A row of state or history reads as people write it. */
#define LOCAL_TIME(ms)      "datetime(" ms " / 1000, 'unixepoch', 'localtime')"
#define HEX_PART(from, len) "substr(lower(hex(m.id)), " from ", " len ")"
#define PEOPLE_SELECT                                                                                                                                                                                   \
    "SELECT m.number, k.name AS kind, s.name AS state, m.queue, m.sender, m.receiver,"                                                                                                                  \
    " CASE typeof(m.msgdata) WHEN 'blob' THEN lower(hex(m.msgdata)) ELSE m.msgdata END AS text,"                                                                                                        \
    " m.priority, m.attempts, " LOCAL_TIME("m.accepted_ms") " AS accepted, " LOCAL_TIME(                                                                                                                \
        "m.changed_ms") " AS changed, " LOCAL_TIME("m.due_ms") " AS due,"                                                                                                                               \
                                                               " m.link AS smsc, m.foreign_id, "                                                                                                        \
                                                               "m.error, m.service, m.account, "                                                                                                        \
                                                               "m.boxc_id AS box,"                                                                                                                      \
                                                               " " HEX_PART("1", "8") " || '-' "                                                                                                        \
                                                                                      "||"                                                                                                              \
                                                                                      " " HEX_PART("9", "4") " || '-' || " HEX_PART(                                                                    \
                                                                                          "13",                                                                                                         \
                                                                                          "4") " "                                                                                                      \
                                                                                               "|"                                                                                                      \
                                                                                               "|"                                                                                                      \
                                                                                               " "                                                                                                      \
                                                                                               "'"                                                                                                      \
                                                                                               "-"                                                                                                      \
                                                                                               "'"                                                                                                      \
                                                                                               " "                                                                                                      \
                                                                                               "|"                                                                                                      \
                                                                                               "|"                                                                                                      \
                                                                                               " " HEX_PART("17",                                                                                       \
                                                                                                            "4") " || '-' || " HEX_PART("21",                                                           \
                                                                                                                                        "12") " AS id"                                                  \
                                                                                                                                              " FROM message m LEFT JOIN state s ON s.number = m.state" \
                                                                                                                                              " LEFT JOIN kind k ON k.number = m.kind "

static const char views[] =
    "DROP VIEW IF EXISTS queue;"
    "CREATE VIEW queue AS " PEOPLE_SELECT "WHERE m.number IN"
    " (SELECT number FROM message WHERE " IS_WAITING
    "  UNION ALL SELECT number FROM message WHERE " IS_DUE
    "  UNION ALL SELECT number FROM message WHERE " IS_IN_HAND ") ORDER BY m.number;"
    "DROP VIEW IF EXISTS awaited;"
    "CREATE VIEW awaited AS " PEOPLE_SELECT "WHERE m.state = 13 AND m.number IN"
    " (SELECT number FROM message WHERE " IS_SENT ") ORDER BY m.number;"
    "DROP VIEW IF EXISTS history;"
    "CREATE VIEW history AS " PEOPLE_SELECT "WHERE m.state >= 50 ORDER BY m.number;"
    "DROP VIEW IF EXISTS messages;"
    "CREATE VIEW messages AS " PEOPLE_SELECT "ORDER BY m.number;";

static bool has_column(struct database *database, const char *name)
{
    sqlite3_stmt *statement =
        database_prepare(database, "SELECT 1 FROM pragma_table_info('message') WHERE name = ?1");
    if (statement == NULL)
        return false;
    sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC);
    bool found = sqlite3_step(statement) == SQLITE_ROW;
    sqlite3_finalize(statement);
    return found;
}

/* Fields that the box protocol got since the file was made. */
static bool complete_columns(struct database *database, bool *added)
{
    for (int i = 0; i < COLUMN_COUNT; i++) {
        struct bytes sql = {0};

        if (has_column(database, column_names[i]))
            continue;
        bytes_printf(&sql, "ALTER TABLE message ADD COLUMN \"%s\" %s", column_names[i],
                     column_types[i]);
        bool done = database_execute(database, bytes_str(&sql));
        bytes_free(&sql);
        if (!done)
            return false;
        *added = true;
    }
    return true;
}

/* Writes nothing when the table says what states.def says. */
static const char fill_states[] =
    "INSERT INTO state VALUES (0, '?', 0, 'no state')"
#define STATE(symbol, number, name, final, document)                                               \
    ", (" #number ", '" name "', " #final ", '" document "')"
#include "gw/store/states.def"
    " ON CONFLICT (number) DO UPDATE SET name = excluded.name, final = excluded.final,"
    " document = excluded.document"
    " WHERE name <> excluded.name OR final <> excluded.final OR document <> excluded.document";

/* --- bringing forward ----------------------------------------------------- */

static bool migrate(struct database *database, int from)
{
    bool renewed = from < SCHEMA_VERSION;
    struct bytes sql = {0};

    for (int version = from; version < SCHEMA_VERSION; version++) {
        if (!migrations[version](database))
            return false;
    }
    if (!complete_columns(database, &renewed) || !database_execute(database, fill_states))
        return false;
    if (!renewed)
        return true;
    bytes_printf(&sql, "PRAGMA user_version = %d", SCHEMA_VERSION);
    bool done = database_execute(database, bytes_str(&sql)) && database_execute(database, views);
    bytes_free(&sql);
    return done;
}

bool schema_prepare(struct database *database, struct bytes *error)
{
    int64_t version = database_number(database, "PRAGMA user_version", -1);

    if (version > SCHEMA_VERSION) {
        bytes_printf(error,
                     "%s was written by a newer version of this program: its schema is number %d, "
                     "known here up to %d",
                     database->path, (int)version, SCHEMA_VERSION);
        return false;
    }
    if (version >= 0 && database_execute(database, "BEGIN IMMEDIATE") &&
        migrate(database, (int)version) && database_execute(database, "COMMIT"))
        return true;
    bytes_printf(error, "cannot prepare store file %s: %s", database->path,
                 database_error(database));
    database_roll_back(database);
    return false;
}
