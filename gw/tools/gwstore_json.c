/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gwstore_json - export and import (gwstore.h): one message a line, a JSON
 * object with the columns of the view `message` that are set. Octets that are
 * not text stand as {"hex": "..."}; id, state and kind as people write them.
 *
 * The parts of a long message to send stand in "part", a list.
 *
 * An imported message gets a number of its own; state and story stay.
 */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "gw/tools/gwstore.h"

/* --- export ------------------------------------------------------------------ */

static json_t *octets_value(int column, struct slice octets)
{
    struct bytes hex = {0};
    struct uuid id;

    if (column == COLUMN_id && octets.len == sizeof id.octets) {
        char text[UUID_TEXT_LEN + 1];

        memcpy(id.octets, octets.data, sizeof id.octets);
        uuid_format(&id, text);
        return json_string(text);
    }
    bytes_append_hex(&hex, octets, false);
    json_t *value = json_pack("{s:s}", "hex", bytes_str(&hex));
    bytes_free(&hex);
    return value;
}

static json_t *column_value(sqlite3_stmt *statement, int column)
{
    struct slice octets = row_text(statement, column);
    static const char *const kinds[] = {"?", "mt", "mo", "report"};

    if (column == COLUMN_state)
        return json_string(state_name(sqlite3_column_int(statement, column)));
    if (column == COLUMN_kind)
        return json_string(kinds[sqlite3_column_int(statement, column) & 3]);
    if (sqlite3_column_type(statement, column) == SQLITE_INTEGER)
        return json_integer(sqlite3_column_int64(statement, column));
    json_t *value = sqlite3_column_type(statement, column) == SQLITE_TEXT
                        ? json_stringn((const char *)octets.data, octets.len)
                        : NULL;
    return value != NULL ? value : octets_value(column, octets);
}

/* Those of the message whose row is printed; NULL: it has none. */
static json_t *parts_value(sqlite3_stmt *parts, int64_t number)
{
    json_t *list = NULL;

    sqlite3_reset(parts);
    sqlite3_bind_int64(parts, 1, number);
    while (sqlite3_step(parts) == SQLITE_ROW) {
        struct slice link = row_text(parts, 1), id = row_text(parts, 2);

        if (list == NULL)
            list = json_array();
        json_array_append_new(list, json_pack("{s:I, s:s%, s:s%, s:s, s:b}", "part",
                                              (json_int_t)sqlite3_column_int64(parts, 0), "link",
                                              link.data, link.len, "foreign_id", id.data, id.len,
                                              "state", state_name(sqlite3_column_int(parts, 3)),
                                              "buffered", sqlite3_column_int(parts, 4)));
    }
    return list;
}

static bool print_row(sqlite3_stmt *statement, sqlite3_stmt *parts)
{
    json_t *object = json_object(), *list;

    for (int i = 0; i < COLUMN_COUNT; i++) {
        if (i != COLUMN_guard && i != COLUMN_checksum &&
            sqlite3_column_type(statement, i) != SQLITE_NULL)
            json_object_set_new(object, sqlite3_column_name(statement, i),
                                column_value(statement, i));
    }
    list = parts_value(parts, sqlite3_column_int64(statement, COLUMN_number));
    if (list != NULL)
        json_object_set_new(object, "part", list);
    bool done = json_dumpf(object, stdout, JSON_COMPACT) == 0 && putchar('\n') != EOF;
    json_decref(object);
    return done;
}

int gwstore_export(struct gwstore *tool)
{
    struct bytes sql = {0};
    int64_t count = 0;
    int result = SQLITE_ERROR;
    bool any, written = true;

    bytes_append_str(&sql, "SELECT ");
    schema_append_columns(&sql);
    bytes_append_str(&sql, " FROM entry AS e JOIN content AS c ON c.number = e.number"
                           " WHERE e.number IN (SELECT number FROM message WHERE ");
    if (!gwstore_condition(tool, &sql, &any)) {
        bytes_free(&sql);
        return EXIT_USAGE;
    }
    bytes_append_str(&sql, ") ORDER BY e.number");
    sqlite3_stmt *statement = database_prepare(tool->database, bytes_str(&sql));
    bytes_free(&sql);
    sqlite3_stmt *parts = database_prepare(
        tool->database, "SELECT number % 256, link, foreign_id, state, buffered FROM part"
                        " WHERE number BETWEEN ?1 * 256 AND ?1 * 256 + 255");
    for (; written && statement != NULL && parts != NULL &&
           (result = sqlite3_step(statement)) == SQLITE_ROW;
         count++)
        written = print_row(statement, parts);
    sqlite3_finalize(parts);
    sqlite3_finalize(statement);
    if (!written) {
        fprintf(stderr, "gwstore: cannot write\n");
        return EXIT_FAILED;
    }
    if (result != SQLITE_DONE)
        return gwstore_fail(tool, "export");
    return count > 0 ? 0 : EXIT_NOTHING;
}

/* --- import ------------------------------------------------------------------- */

/* The strings of one line that are no JSON strings. */
struct line {
    json_t *object;
    struct bytes octets[COLUMN_COUNT];
    bool wrong;
};

static struct slice line_string(struct line *line, int column, const char *name)
{
    json_t *value = json_object_get(line->object, name), *hex;

    if (value == NULL)
        return slice_unset();
    if (json_is_string(value))
        return slice_of(json_string_value(value), json_string_length(value));
    hex = json_object_get(value, "hex");
    if (!json_is_string(hex) ||
        !bytes_append_unhex(&line->octets[column],
                            slice_of(json_string_value(hex), json_string_length(hex)))) {
        line->wrong = true;
        return slice_unset();
    }
    return line->octets[column].len > 0 ? bytes_slice(&line->octets[column]) : slice_str("");
}

static int64_t line_number(struct line *line, const char *name, int64_t otherwise)
{
    json_t *value = json_object_get(line->object, name);

    if (value == NULL)
        return otherwise;
    if (!json_is_integer(value))
        line->wrong = true;
    return json_integer_value(value);
}

static struct uuid line_id(struct line *line, const char *name)
{
    json_t *value = json_object_get(line->object, name);
    struct uuid id = {{0}};

    if (value != NULL &&
        (!json_is_string(value) || !uuid_parse(slice_str(json_string_value(value)), &id)))
        line->wrong = true;
    return id;
}

static struct sms line_sms(struct line *line)
{
    return (struct sms){
#define FRAME(name, type)
#define END_FRAME(name)
#define INTEGER(name)  .name = (int32_t)line_number(line, #name, SMS_UNSET),
#define MOMENT(name)   .name = line_number(line, #name, SMS_UNSET),
#define STRING(name)   .name = line_string(line, COLUMN_##name, #name),
#define IDENTITY(name) .name = line_id(line, #name),
#include "gw/msg/sms_frame.def"
#undef FRAME
#undef END_FRAME
#undef INTEGER
#undef MOMENT
#undef STRING
#undef IDENTITY
    };
}

static int name_value(struct line *line, const char *name)
{
    const char *text = json_string_value(json_object_get(line->object, name));
    int value = -1;

    if (text != NULL && strcmp(name, "state") == 0)
        value = state_from_name(text);
    else if (text != NULL)
        value = strcmp(text, "mt") == 0       ? STORE_MT
                : strcmp(text, "mo") == 0     ? STORE_MO
                : strcmp(text, "report") == 0 ? STORE_REPORT
                                              : -1;
    if (value < 0)
        line->wrong = true;
    return value;
}

/* The rest of the entry: what an insert does not say. */
static bool complete_entry(struct gwstore *tool, struct line *line, int64_t number)
{
    sqlite3_stmt *statement = database_prepare(
        tool->database, "UPDATE entry SET attempts = ?2, accepted_ms = ifnull(?3, accepted_ms),"
                        " changed_ms = ifnull(?4, changed_ms), parts = ?5, parts_sent = ?6,"
                        " reference = ?7 WHERE number = ?1");
    static const char *const names[] = {"attempts", "accepted_ms", "changed_ms",
                                        "parts",    "parts_sent",  "reference"};

    if (statement == NULL)
        return false;
    sqlite3_bind_int64(statement, 1, number);
    for (int i = 0; i < 6; i++) {
        int64_t value = line_number(line, names[i], i == 1 || i == 2 ? -1 : 0);

        if (value >= 0)
            sqlite3_bind_int64(statement, i + 2, value);
    }
    bool done = database_run(statement);
    sqlite3_finalize(statement);
    return done;
}

static bool add_part(struct gwstore *tool, struct line *line, int64_t number, json_t *part)
{
    const char *link = json_string_value(json_object_get(part, "link"));
    const char *id = json_string_value(json_object_get(part, "foreign_id"));
    const char *state = json_string_value(json_object_get(part, "state"));
    json_int_t which = json_integer_value(json_object_get(part, "part"));
    sqlite3_stmt *statement;

    if (state == NULL || state_from_name(state) < 0 || which < 1 || which > 255) {
        line->wrong = true;
        return true;
    }
    statement = database_prepare(tool->database, "INSERT INTO part VALUES (?1, ?2, ?3, ?4, ?5)");
    if (statement == NULL)
        return false;
    sqlite3_bind_int64(statement, 1, number * 256 + which);
    sqlite3_bind_text(statement, 2, link, -1, SQLITE_STATIC);
    sqlite3_bind_text(statement, 3, id, -1, SQLITE_STATIC);
    sqlite3_bind_int(statement, 4, state_from_name(state));
    sqlite3_bind_int(statement, 5, json_is_true(json_object_get(part, "buffered")));
    bool done = database_run(statement);
    sqlite3_finalize(statement);
    return done;
}

static bool add_parts(struct gwstore *tool, struct line *line, int64_t number)
{
    json_t *list = json_object_get(line->object, "part");
    bool done = true;

    for (size_t i = 0; i < json_array_size(list) && done; i++)
        done = add_part(tool, line, number, json_array_get(list, i));
    return done;
}

/* *status is the insert's. */
static bool import_object(struct gwstore *tool, struct line *line, enum store_status *status)
{
    struct sms sms = line_sms(line);
    struct store_insert insert = {
        .kind = (enum store_kind)name_value(line, "kind"),
        .state = (enum message_state)name_value(line, "state"),
        .queue = line_string(line, COLUMN_queue, "queue"),
        .link = line_string(line, COLUMN_link, "link"),
        .error = line_string(line, COLUMN_error, "error"),
        .due_ms = line_number(line, "due_ms", 0),
        .refuse_duplicate = true,
    };

    if (line->wrong)
        return true;
    insert.message = message_create(&sms);
    struct operation *operation = operation_insert(&insert);
    bool done = database_carry_out(tool->database, operation);
    *status = operation->status;
    if (done && *status == STORE_OK)
        done = complete_entry(tool, line, operation->number) &&
               add_parts(tool, line, operation->number);
    operation_free(operation);
    message_unref(insert.message);
    return done;
}

static bool import_line(struct gwstore *tool, const char *text, size_t len, bool *taken)
{
    struct line line = {.object = json_loadb(text, len, JSON_ALLOW_NUL, NULL)};
    enum store_status status = STORE_FAILED;
    bool done = true;

    if (!json_is_object(line.object))
        line.wrong = true;
    else
        done = import_object(tool, &line, &status);
    *taken = !line.wrong && status == STORE_OK;
    for (int i = 0; i < COLUMN_COUNT; i++)
        bytes_free(&line.octets[i]);
    json_decref(line.object);
    return done;
}

int gwstore_import(struct gwstore *tool)
{
    char *text = NULL;
    size_t room = 0;
    ssize_t len;
    int64_t line = 0, count = 0;
    bool done = database_begin(tool->database), taken;

    while (done && (len = getline(&text, &room, stdin)) > 0) {
        line++;
        done = import_line(tool, text, (size_t)len, &taken);
        count += taken;
        if (done && !taken)
            fprintf(stderr, "gwstore: line %" PRId64 ": no message, or one that is there\n", line);
    }
    free(text);
    if (!done || !database_commit(tool->database))
        return gwstore_fail(tool, "import");
    printf("%" PRId64 " messages imported\n", count);
    return count == line ? 0 : EXIT_PARTIAL;
}
