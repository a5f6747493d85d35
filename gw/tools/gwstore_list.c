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
    int shown = 0;

    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = text.data[i];

        putchar(c < 0x20 || c == 0x7f ? ' ' : c); /* one line, no escape codes */
        shown += (c & 0xc0) != 0x80;
    }
    while (shown++ < width)
        putchar(' ');
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

/* The message, and what else carries its id or, for a report, its foreign id. */
int gwstore_show(struct gwstore *tool)
{
    struct bytes sql = {0};
    int64_t count = 0;
    int result = SQLITE_ERROR;
    bool any;

    if (tool->word_count == 0) {
        fprintf(stderr, "gwstore: show needs a number or an id\n");
        return EXIT_USAGE;
    }
#define MOMENT_TEXT(column)                                                                        \
    ", strftime('%%Y-%%m-%%d %%H:%%M:%%f', " column " / 1000.0, 'unixepoch', 'localtime')"
    bytes_printf(
        &sql,
        "SELECT k.name AS kind, s.name AS state, s.document AS meaning" MOMENT_TEXT(
            "accepted_ms") " AS accepted" MOMENT_TEXT("changed_ms") " AS "
                                                                    "changed" MOMENT_TEXT(
                                                                        "due_ms") " AS due,"
                                                                                  " CASE "
                                                                                  "typeof(msgdata) "
                                                                                  "WHEN 'blob' "
                                                                                  "THEN "
                                                                                  "hex(msgdata) "
                                                                                  "ELSE msgdata "
                                                                                  "END AS text,"
                                                                                  " lower(hex(m.id)"
                                                                                  ") AS uuid, m.* "
                                                                                  "FROM message AS "
                                                                                  "m"
                                                                                  " LEFT JOIN kind "
                                                                                  "AS k ON "
                                                                                  "k.number = "
                                                                                  "m.kind"
                                                                                  " LEFT JOIN "
                                                                                  "state AS s ON "
                                                                                  "s.number = "
                                                                                  "m.state"
                                                                                  " WHERE m.number "
                                                                                  "IN (SELECT "
                                                                                  "number FROM "
                                                                                  "message WHERE ");
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
    }
    sqlite3_finalize(statement);
    if (result != SQLITE_DONE)
        return gwstore_fail(tool, "read the message");
    return count > 0 ? 0 : EXIT_NOTHING;
}
