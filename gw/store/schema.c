/* SPDX-License-Identifier: Apache-2.0 */
/*
 * schema - tables, indexes and views of the store's file (sqlite.h), and the
 * steps that bring an older file forward.
 *
 * The file says in its header that it is ours (application_id) and how old it
 * is (user_version: the number of steps of `migrations` it has gone). A new
 * file is one that has gone none.
 *
 * The indexes are partial, so that an entry is in few of them at a time and a
 * finished one in none. Every index that names a column costs each change of
 * that column something, even where it has no row of it; so only two say `state`:
 *
 *   entry_live  all but SENT that is not final, and DEAD: who is next in a queue,
 *               and what is there at start
 *   entry_sent  SENT, SENDING: which message a report is about. Without the state,
 *               what has one foreign id stands in the order of its numbers
 *   entry_due   DEFERRED, POSTPONED: who is next in time. Only these have a due_ms
 *   content_id  everything that has an id
 *
 * part_foreign_id, of the table `part`, says which part of which long message a
 * report is about; its number is that of the entry * 256 + that of the part.
 *
 * content_id also keeps resubmissions out. Only what was inserted with
 * refuse_duplicate takes part: content.once is the kind then, else NULL, and in
 * a unique index every NULL is another value.
 *
 * The views are for people with the sqlite3 shell.
 */
#include "gw/store/sqlite.h"

/* --- tables and indexes -------------------------------------------------- */

static const struct {
    const char *name, *type;
} columns[COLUMN_COUNT] = {
#define COLUMN(name, type) {#name, type},
#include "gw/store/columns.def"
};

/* Both tables have the number. */
static bool is_in(int column, bool entry)
{
    bool of_entry =
        column < COLUMN_sender || column == COLUMN_foreign_id || column == COLUMN_priority;

    return column == COLUMN_number || of_entry == entry;
}

void schema_append_columns(struct bytes *sql)
{
    for (int i = 0; i < COLUMN_COUNT; i++)
        bytes_printf(sql, "%s%s.\"%s\"", i > 0 ? ", " : "", is_in(i, true) ? "e" : "c",
                     columns[i].name);
}

void schema_append_insert(struct bytes *sql, bool entry)
{
    struct bytes values = {0};

    bytes_printf(sql, "INSERT INTO %s(\"number\"", entry ? "entry" : "content");
    bytes_printf(&values, "?%d", COLUMN_number + 1);
    for (int i = 0; i < COLUMN_COUNT; i++) {
        if (i == COLUMN_number || !is_in(i, entry))
            continue;
        bytes_printf(sql, ", \"%s\"", columns[i].name);
        bytes_printf(&values, ", ?%d", i + 1);
    }
    if (!entry) {
        bytes_append_str(sql, ", \"once\"");
        bytes_printf(&values, ", ?%d", PARAMETER_ONCE);
    }
    bytes_printf(sql, ") VALUES (%s)", bytes_str(&values));
    bytes_free(&values);
}

static const char first_tables[] =
    "CREATE TABLE state(number INTEGER PRIMARY KEY, name TEXT NOT NULL, final INTEGER NOT NULL,"
    "                   document TEXT NOT NULL);"
    "CREATE TABLE kind(number INTEGER PRIMARY KEY, name TEXT NOT NULL);"
    "INSERT INTO kind VALUES (1, 'mt'), (2, 'mo'), (3, 'report');"
    "CREATE TABLE setting(name TEXT PRIMARY KEY, value) WITHOUT ROWID;"
    "INSERT INTO setting VALUES ('next_number', 1);"
    "ALTER TABLE content ADD COLUMN once INTEGER;"
    "CREATE UNIQUE INDEX content_id ON content(id, receiver, once) WHERE id IS NOT NULL;";

static void append_create(struct bytes *sql, bool entry)
{
    bytes_printf(sql, "CREATE TABLE %s(\n  number INTEGER PRIMARY KEY",
                 entry ? "entry" : "content");
    for (int i = 0; i < COLUMN_COUNT; i++) {
        if (i != COLUMN_number && is_in(i, entry))
            bytes_printf(sql, ",\n  \"%s\" %s", columns[i].name, columns[i].type);
    }
    bytes_append_str(sql, "\n);");
}

/* The tables as columns.def has them today; what an older file lacks of it is
 * added by complete_columns(). */
static bool create_everything(struct database *database)
{
    struct bytes sql = {0};

    append_create(&sql, true);
    append_create(&sql, false);
    bytes_append_str(&sql, first_tables);
    bool done = database_execute(database, bytes_str(&sql));
    bytes_free(&sql);
    return done;
}

static bool add_parts(struct database *database)
{
    return database_execute(
        database, "CREATE TABLE part(number INTEGER PRIMARY KEY, link TEXT, foreign_id TEXT,"
                  "  state INTEGER NOT NULL, buffered INTEGER NOT NULL DEFAULT 0);"
                  "CREATE INDEX part_foreign_id ON part(link, foreign_id)");
}

/* An index of each set of states, as there was, made every change of a state look
 * at all of them. */
static bool renew_indexes(struct database *database)
{
    return database_execute(
        database,
        "DROP INDEX IF EXISTS entry_waiting; DROP INDEX IF EXISTS entry_due;"
        "DROP INDEX IF EXISTS entry_in_hand; DROP INDEX IF EXISTS entry_sent;"
        "UPDATE entry SET due_ms = NULL WHERE due_ms IS NOT NULL AND NOT " IS_DUE ";"
        "CREATE INDEX entry_live ON entry(state, kind, queue, priority DESC) WHERE " IS_LIVE ";"
        "CREATE INDEX entry_sent ON entry(link, foreign_id) WHERE " IS_SENT ";"
        "CREATE INDEX entry_due ON entry(due_ms) WHERE " HAS_DUE ";");
}

/* Step N makes version N + 1 of version N. Steps are only ever added. */
typedef bool migration_fn(struct database *database);
static migration_fn *const migrations[] = {
    create_everything,
    add_parts,
    renew_indexes,
};
#define SCHEMA_VERSION ((int)(sizeof migrations / sizeof migrations[0]))

/* --- what is renewed at each change -------------------------------------- */

/* A row of state or history reads as people write it. */
#define LOCAL_TIME(ms)      "datetime(" ms " / 1000, 'unixepoch', 'localtime')"
#define HEX_PART(from, len) "substr(lower(hex(m.id)), " from ", " len ")"
#define PEOPLE_SELECT                                                                                                                                     \
    "SELECT m.number, k.name AS kind, s.name AS state, m.queue, m.sender, m.receiver,"                                                                    \
    " CASE typeof(m.msgdata) WHEN 'blob' THEN lower(hex(m.msgdata)) ELSE m.msgdata END AS text,"                                                          \
    " m.priority, m.attempts, " LOCAL_TIME("m.accepted_ms") " AS accepted, " LOCAL_TIME(                                                                  \
        "m.changed_ms") " AS changed, " LOCAL_TIME("m.due_ms") " AS due,"                                                                                 \
                                                               " m.link AS smsc, m.foreign_id, "                                                          \
                                                               "m.error, m.service, m.account, "                                                          \
                                                               "m.boxc_id AS box,"                                                                        \
                                                               " " HEX_PART(                                                                              \
                                                                   "1", "8") " || '-' "                                                                   \
                                                                             "||"                                                                         \
                                                                             " " HEX_PART("9", "4") " || '-' || " HEX_PART(                               \
                                                                                 "13",                                                                    \
                                                                                 "4") " "                                                                 \
                                                                                      "|"                                                                 \
                                                                                      "|"                                                                 \
                                                                                      " "                                                                 \
                                                                                      "'"                                                                 \
                                                                                      "-"                                                                 \
                                                                                      "'"                                                                 \
                                                                                      " "                                                                 \
                                                                                      "|"                                                                 \
                                                                                      "|"                                                                 \
                                                                                      " " HEX_PART("17", "4") " || '-' || " HEX_PART(                     \
                                                                                          "21",                                                           \
                                                                                          "12") " AS id"                                                  \
                                                                                                " FROM message m LEFT JOIN state s ON s.number = m.state" \
                                                                                                " LEFT JOIN kind k ON k.number = m.kind "

static const char views[] =
    "DROP VIEW IF EXISTS queue;"
    "CREATE VIEW queue AS " PEOPLE_SELECT "WHERE m.number IN"
    " (SELECT number FROM entry WHERE " IS_LIVE " AND " NOT_ASIDE ") ORDER BY m.number;"
    "DROP VIEW IF EXISTS awaited;"
    "CREATE VIEW awaited AS " PEOPLE_SELECT "WHERE m.state = 13 AND m.number IN"
    " (SELECT number FROM entry WHERE " IS_SENT ") ORDER BY m.number;"
    "DROP VIEW IF EXISTS history;"
    "CREATE VIEW history AS " PEOPLE_SELECT "WHERE m.state >= 50 ORDER BY m.number;"
    "DROP VIEW IF EXISTS unmatched;"
    "CREATE VIEW unmatched AS " PEOPLE_SELECT "WHERE m.state = 23 AND m.number IN"
    " (SELECT number FROM entry WHERE " IS_LIVE ") ORDER BY m.number;"
    "DROP VIEW IF EXISTS parts;"
    "CREATE VIEW parts AS SELECT p.number / 256 AS number, p.number % 256 AS part, p.link AS smsc, "
    "p.foreign_id,"
    " s.name AS state, p.buffered FROM part AS p LEFT JOIN state AS s ON s.number = p.state"
    " ORDER BY p.number;";

static bool renew_views(struct database *database)
{
    struct bytes sql = {0};

    bytes_append_str(&sql, "DROP VIEW IF EXISTS message; CREATE VIEW message AS SELECT ");
    schema_append_columns(&sql);
    bytes_append_str(&sql, " FROM entry AS e JOIN content AS c ON c.number = e.number;");
    bytes_append_str(&sql, views);
    bool done = database_execute(database, bytes_str(&sql));
    bytes_free(&sql);
    return done;
}

static bool has_column(struct database *database, const char *table, const char *name)
{
    sqlite3_stmt *statement =
        database_prepare(database, "SELECT 1 FROM pragma_table_info(?1) WHERE name = ?2");
    if (statement == NULL)
        return false;
    sqlite3_bind_text(statement, 1, table, -1, SQLITE_STATIC);
    sqlite3_bind_text(statement, 2, name, -1, SQLITE_STATIC);
    bool found = sqlite3_step(statement) == SQLITE_ROW;
    sqlite3_finalize(statement);
    return found;
}

/* Fields that the box protocol got since the file was made. */
static bool complete_columns(struct database *database, bool *added)
{
    for (int i = 0; i < COLUMN_COUNT; i++) {
        struct bytes sql = {0};

        const char *table = is_in(i, true) ? "entry" : "content";
        if (has_column(database, table, columns[i].name))
            continue;
        bytes_printf(&sql, "ALTER TABLE %s ADD COLUMN \"%s\" %s", table, columns[i].name,
                     columns[i].type);
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
    bool done = database_execute(database, bytes_str(&sql)) && renew_views(database);
    bytes_free(&sql);
    return done;
}

/* The views must fit the tables: a name that is damaged in the schema shows here. */
static bool views_are_sound(struct database *database)
{
    static const char *const views_of_people[] = {"message", "queue",     "awaited",
                                                  "history", "unmatched", "parts"};

    for (size_t i = 0; i < sizeof views_of_people / sizeof views_of_people[0]; i++) {
        struct bytes sql = {0};

        bytes_printf(&sql, "SELECT * FROM %s", views_of_people[i]);
        sqlite3_stmt *statement = database_prepare(database, bytes_str(&sql));
        bytes_free(&sql);
        sqlite3_finalize(statement);
        if (statement == NULL) {
            bytes_printf(&database->damage, "schema: %s", sqlite3_errmsg(database->handle));
            return false;
        }
    }
    return true;
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
        migrate(database, (int)version) && views_are_sound(database) &&
        database_execute(database, "COMMIT"))
        return true;
    if (database_is_damaged(database))
        database_tell_damage(database->path, database_error(database), error);
    else
        bytes_printf(error, "cannot prepare store file %s: %s", database->path,
                     database_error(database));
    database_roll_back(database);
    return false;
}
