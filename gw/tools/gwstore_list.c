/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gwstore_list - status, list and show (gwstore.h): what is in the store, for
 * people. --json gives what export gives.
 */
#include <inttypes.h>
#include <stdio.h>

#include "gw/tools/gwstore.h"

static void print_cell(sqlite3_stmt *statement, int column, int width)
{
    struct slice text = row_text(statement, column);
    struct bytes hex = {0};
    int shown = 0;

    if (sqlite3_column_type(statement, column) == SQLITE_BLOB) {
        bytes_append_hex(&hex, text, false);
        text = bytes_slice(&hex);
    }

    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = text.data[i];

        putchar(c < 0x20 || c == 0x7f ? ' ' : c); /* one line, no escape codes */
        shown += (c & 0xc0) != 0x80;
    }
    while (shown++ < width)
        putchar(' ');
    bytes_free(&hex);
}

int gwstore_status(struct gwstore *tool)
{
    sqlite3_stmt *statement = database_prepare(
        tool->database, "SELECT k.name, s.name, count(*), s.document FROM entry AS e"
                        " LEFT JOIN kind AS k ON k.number = e.kind"
                        " LEFT JOIN state AS s ON s.number = e.state"
                        " GROUP BY e.kind, e.state ORDER BY s.final, e.kind, e.state");
    int64_t page_size = database_number(tool->database, "PRAGMA page_size", 0);
    int result = SQLITE_ERROR;

    while (statement != NULL && (result = sqlite3_step(statement)) == SQLITE_ROW) {
        print_cell(statement, 0, 7);
        print_cell(statement, 1, 10);
        printf("%10" PRId64 "  ", (int64_t)sqlite3_column_int64(statement, 2));
        print_cell(statement, 3, 0);
        putchar('\n');
    }
    sqlite3_finalize(statement);
    if (result != SQLITE_DONE)
        return gwstore_fail(tool, "count");
    printf("%s: %" PRId64 " octets, of these free for new messages %" PRId64 "\n", tool->path,
           page_size * database_number(tool->database, "PRAGMA page_count", 0),
           page_size * database_number(tool->database, "PRAGMA freelist_count", 0));
    return 0;
}

int gwstore_list(struct gwstore *tool)
{
    static const int widths[] = {8, 7, 10, 20, 16, 16, 10, 0, 0};
    struct bytes sql = {0};
    int64_t count = 0;
    int result = SQLITE_ERROR;
    bool any;

    if (tool->json)
        return gwstore_export(tool);
    bytes_append_str(&sql, "SELECT m.number, k.name, s.name, datetime(m.accepted_ms / 1000,"
                           " 'unixepoch', 'localtime'), sender, receiver, link, error,"
                           " CASE typeof(msgdata) WHEN 'blob' THEN hex(msgdata) ELSE msgdata END"
                           " FROM message AS m LEFT JOIN kind AS k ON k.number = m.kind"
                           " LEFT JOIN state AS s ON s.number = m.state"
                           " WHERE m.number IN (SELECT number FROM message WHERE ");
    if (!gwstore_condition(tool, &sql, &any)) {
        bytes_free(&sql);
        return EXIT_USAGE;
    }
    bytes_append_str(&sql, ") ORDER BY m.number");
    sqlite3_stmt *statement = database_prepare(tool->database, bytes_str(&sql));
    bytes_free(&sql);
    for (; statement != NULL && (result = sqlite3_step(statement)) == SQLITE_ROW; count++) {
        for (int i = 0; i < 9; i++) {
            print_cell(statement, i, widths[i]);
            putchar(i < 8 ? ' ' : '\n');
        }
    }
    sqlite3_finalize(statement);
    if (result != SQLITE_DONE)
        return gwstore_fail(tool, "list");
    return count > 0 ? 0 : EXIT_NOTHING;
}

static void show_row(sqlite3_stmt *statement)
{
    for (int i = 0; i < sqlite3_column_count(statement); i++) {
        if (sqlite3_column_type(statement, i) == SQLITE_NULL)
            continue;
        printf("%-12s ", sqlite3_column_name(statement, i));
        print_cell(statement, i, 0);
        putchar('\n');
    }
}

#define MOMENT_TEXT(column)                                                                        \
    "strftime('%Y-%m-%d %H:%M:%f', " column " / 1000.0, 'unixepoch', 'localtime')"

/* What belongs to the message whose row is shown: rows of a query about ?1. */
static bool show_lines(struct gwstore *tool, const char *sql, int64_t number)
{
    sqlite3_stmt *statement = database_prepare(tool->database, sql);

    if (statement == NULL)
        return false;
    sqlite3_bind_int64(statement, 1, number);
    while (sqlite3_step(statement) == SQLITE_ROW) {
        print_cell(statement, 0, 13);
        for (int i = 1; i < sqlite3_column_count(statement); i++) {
            if (sqlite3_column_type(statement, i) == SQLITE_NULL)
                continue;
            printf(i > 1 ? "  " : "");
            print_cell(statement, i, 0);
        }
        putchar('\n');
    }
    return sqlite3_finalize(statement) == SQLITE_OK;
}

/* Reports name no message. Those about this one are from its time, for its box,
 * about its numbers, and carry its foreign id where they carry one. */
static bool show_related(struct gwstore *tool, int64_t number)
{
    static const char parts[] =
        "SELECT 'part ' || part, state, 'smsc ' || smsc, 'foreign_id ' || foreign_id,"
        " CASE buffered WHEN 1 THEN 'was on its way' END FROM parts WHERE number = ?1";
    static const char reports[] = "SELECT 'report ' || r.number, " MOMENT_TEXT(
        "r.accepted_ms") ", 'event ' || r.dlr_mask, s.name,"
                         " r.msgdata FROM message AS m JOIN message AS r ON r.kind = 3 AND r.state "
                         "<> 23"
                         "  AND r.number > m.number AND r.sender IS m.sender AND r.receiver IS "
                         "m.receiver"
                         "  AND r.boxc_id IS m.boxc_id AND r.accepted_ms >= m.accepted_ms"
                         "  AND (m.state < 50 OR r.accepted_ms <= m.changed_ms)"
                         "  AND (r.foreign_id IS NULL OR r.foreign_id IN ('', m.foreign_id))"
                         " LEFT JOIN state AS s ON s.number = r.state"
                         " WHERE m.number = ?1 AND m.kind = 1 ORDER BY r.number";

    return show_lines(tool, parts, number) && show_lines(tool, reports, number);
}

static const char show_select[] =
    "SELECT m.number, k.name AS kind, s.name AS state, s.document AS meaning,"
    " " MOMENT_TEXT("accepted_ms") " AS accepted, " MOMENT_TEXT(
        "changed_ms") " AS changed,"
                      " " MOMENT_TEXT(
                          "due_ms") " AS due,"
                                    " CASE typeof(msgdata) WHEN 'blob' THEN hex(msgdata) ELSE "
                                    "msgdata END AS text,"
                                    " lower(hex(m.id)) AS uuid, m.* FROM message AS m LEFT JOIN "
                                    "kind AS k ON k.number = m.kind"
                                    " LEFT JOIN state AS s ON s.number = m.state"
                                    " WHERE m.number IN (SELECT number FROM message WHERE ";

/* The messages, each with its parts and reports. */
int gwstore_show(struct gwstore *tool)
{
    struct bytes sql = {0};
    int64_t count = 0;
    int result = SQLITE_ERROR;
    bool any, related = true;

    if (tool->word_count == 0) {
        fprintf(stderr, "gwstore: show needs a number or an id\n");
        return EXIT_USAGE;
    }
    bytes_append_str(&sql, show_select);
    if (!gwstore_condition(tool, &sql, &any)) {
        bytes_free(&sql);
        return EXIT_USAGE;
    }
    bytes_append_str(&sql, ") ORDER BY m.number");
    sqlite3_stmt *statement = database_prepare(tool->database, bytes_str(&sql));
    bytes_free(&sql);
    for (; statement != NULL && (result = sqlite3_step(statement)) == SQLITE_ROW; count++) {
        if (count > 0)
            putchar('\n');
        show_row(statement);
        related = show_related(tool, sqlite3_column_int64(statement, 0)) && related;
    }
    sqlite3_finalize(statement);
    if (result != SQLITE_DONE || !related)
        return gwstore_fail(tool, "read the message");
    return count > 0 ? 0 : EXIT_NOTHING;
}
