/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gwstore - look into the message store and change it: doc/gwstore.1.
 *
 *     gwstore --store FILE COMMAND [OPTIONS] [ID...]
 *
 * The commands that only look, and requeue, cancel, purge and backup, work while
 * bearerbox runs: SQLite keeps the two apart, and bearerbox looks for changes of
 * others every few seconds. import, import-kannel and recover need the file for
 * themselves.
 */
#include "gw/tools/gwstore.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "gwlib/log.h"

/* --- errors ---------------------------------------------------------------------- */

int gwstore_fail(struct gwstore *tool, const char *doing)
{
    bool damaged = database_is_damaged(tool->database);
    struct bytes text = {0};

    if (damaged)
        database_tell_damage(tool->path, database_error(tool->database), &text);
    else
        bytes_append_str(&text, database_error(tool->database));
    fprintf(stderr, "gwstore: cannot %s: %s\n", doing, bytes_str(&text));
    bytes_free(&text);
    return damaged ? EXIT_DAMAGED : EXIT_FAILED;
}

/* --- the selection ----------------------------------------------------------------- */

/* "2026-11-21 05:00[:00]" or "2026-11-21", local time, or seconds since 1970. */
static bool parse_moment(const char *text, int64_t *ms)
{
    static const char *const formats[] = {"%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d", "%s"};

    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        struct tm tm = {.tm_isdst = -1};
        const char *end = strptime(text, formats[i], &tm);

        if (end == NULL || *end != '\0')
            continue;
        tm.tm_isdst = -1;
        *ms = (int64_t)mktime(&tm) * 1000;
        return true;
    }
    fprintf(stderr, "gwstore: \"%s\" is not a time: 2026-11-21 05:00 for example\n", text);
    return false;
}

static bool add_moment(struct bytes *sql, const char *text, const char *comparison)
{
    int64_t ms;

    if (text == NULL)
        return true;
    if (!parse_moment(text, &ms))
        return false;
    bytes_printf(sql, " AND accepted_ms %s %" PRId64, comparison, ms);
    return true;
}

static void add_text(struct bytes *sql, const char *format, const char *value)
{
    char *quoted = value != NULL ? sqlite3_mprintf(format, value, value, value) : NULL;

    if (quoted != NULL)
        bytes_append_str(sql, quoted);
    sqlite3_free(quoted);
}

static int kind_from_name(const char *name)
{
    static const char *const names[] = {"", "mt", "mo", "report"};

    for (int i = STORE_MT; i <= STORE_REPORT; i++)
        if (strcmp(name, names[i]) == 0)
            return i;
    return -1;
}

static bool add_names(struct gwstore *tool, struct bytes *sql)
{
    int state = tool->state != NULL ? state_from_name(tool->state) : 0;
    int kind = tool->kind != NULL ? kind_from_name(tool->kind) : 0;

    if (state < 0 || kind < 0) {
        fprintf(stderr, "gwstore: there is no %s \"%s\"\n", state < 0 ? "state" : "kind",
                state < 0 ? tool->state : tool->kind);
        return false;
    }
    if (state > 0)
        bytes_printf(sql, " AND state = %d", state);
    if (kind > 0)
        bytes_printf(sql, " AND kind = %d", kind);
    return true;
}

static bool add_words(struct gwstore *tool, struct bytes *sql)
{
    for (int i = 0; i < tool->word_count; i++) {
        struct slice word = slice_str(tool->words[i]);
        struct uuid id;
        long number;

        bytes_append_str(sql, i == 0 ? " AND (" : " OR ");
        if (slice_to_number(word, 1, LONG_MAX, &number)) {
            bytes_printf(sql, "number = %ld", number);
        } else if (uuid_parse(word, &id)) {
            bytes_append_str(sql, "id = x'");
            bytes_append_hex(sql, slice_of(id.octets, sizeof id.octets), false);
            bytes_append_char(sql, '\'');
        } else {
            fprintf(stderr, "gwstore: \"%s\" is neither a number nor an id\n", tool->words[i]);
            return false;
        }
    }
    if (tool->word_count > 0)
        bytes_append_char(sql, ')');
    return true;
}

bool gwstore_condition(struct gwstore *tool, struct bytes *sql, bool *any)
{
    size_t start;
    long limit = 0;

    bytes_append_str(sql, "1");
    start = sql->len;
    if (!add_names(tool, sql) || !add_moment(sql, tool->since, ">=") ||
        !add_moment(sql, tool->until, "<") || !add_words(tool, sql))
        return false;
    add_text(sql, " AND (link = %Q OR smsc_id = %Q)", tool->smsc);
    add_text(sql, " AND (receiver = %Q OR sender = %Q)", tool->number);
    *any = sql->len > start;
    if (tool->limit == NULL)
        return true;
    if (!slice_to_number(slice_str(tool->limit), 1, LONG_MAX, &limit)) {
        fprintf(stderr, "gwstore: --limit takes a number\n");
        return false;
    }
    bytes_printf(sql, " ORDER BY number LIMIT %ld", limit);
    return true;
}

/* --- changes ------------------------------------------------------------------------- */

/* One transaction; `after` tidies up what the change leaves behind. */
static int run_changes(struct gwstore *tool, struct bytes *sql, const char *after, const char *done)
{
    int64_t before = database_changes(tool->database), changed = 0;
    bool good = database_begin(tool->database) && database_execute(tool->database, bytes_str(sql));

    changed = database_changes(tool->database) - before;
    if (!good || !database_execute(tool->database, after) || !database_commit(tool->database)) {
        int status = gwstore_fail(tool, "change the store");

        database_roll_back(tool->database);
        return status;
    }
    printf("%" PRId64 " messages %s\n", changed, done);
    return changed > 0 ? 0 : EXIT_NOTHING;
}

/* change, for the selected ones among those that `among` allows. */
static int change_selected(struct gwstore *tool, const char *change, const char *among,
                           const char *after, const char *done)
{
    struct bytes sql = {0};
    bool any;
    int status = EXIT_USAGE;

    bytes_printf(&sql, "%s WHERE state IN (%s) AND number IN (SELECT number FROM message WHERE ",
                 change, among);
    if (gwstore_condition(tool, &sql, &any)) {
        if (any) {
            bytes_append_str(&sql, ");");
            status = run_changes(tool, &sql, after, done);
        } else {
            fprintf(stderr, "gwstore: say which messages: IDs, --state, --smsc, --number ...\n");
        }
    }
    bytes_free(&sql);
    return status;
}

#define NOW_MS "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)"

/* As deferred to now: bearerbox finds them when it looks what is due. */
static int gwstore_requeue(struct gwstore *tool)
{
#define AGAIN "CASE kind WHEN 1 THEN 11 ELSE 22 END"
    return change_selected(tool,
                           "UPDATE entry SET state = " AGAIN ", guard = " GUARD_SQL(
                               AGAIN) ","
                                      " attempts = 0, parts_sent = 0, due_ms = " NOW_MS ","
                                      " changed_ms = " NOW_MS,
                           "11, 14, 22, 50, 52, 53, 54, 62, 63",
                           /* Those of the earlier attempt are of no use. */
                           "DELETE FROM part WHERE number / 256 IN (SELECT number FROM entry"
                           " WHERE state = 11 AND parts > 1 AND parts_sent = 0)",
                           "wait again");
}

static int gwstore_cancel(struct gwstore *tool)
{
    return change_selected(
        tool,
        "UPDATE entry SET state = 54, guard = " GUARD_SQL(
            "54") ","
                  " error = 'cancelled by an operator', due_ms = NULL, changed_ms = " NOW_MS,
        "10, 11, 13, 14, 21, 22, 23", "", "cancelled");
}

static int gwstore_purge(struct gwstore *tool)
{
    return change_selected(tool, "DELETE FROM entry", "50, 51, 52, 53, 54, 60, 61, 62, 63, 64, 65",
                           "DELETE FROM content WHERE number NOT IN (SELECT number FROM entry);"
                           "DELETE FROM part WHERE number / 256 NOT IN (SELECT number FROM entry)",
                           "deleted");
}

/* --- care of the file ------------------------------------------------------------------ */

/* Everything is read as the gateway would read it. */
static bool read_all(struct gwstore *tool, int64_t *count)
{
    struct bytes sql = {0};
    bool sound = true;

    bytes_append_str(&sql, "SELECT ");
    schema_append_columns(&sql);
    bytes_append_str(&sql, " FROM entry AS e JOIN content AS c ON c.number = e.number");
    sqlite3_stmt *statement = database_prepare(tool->database, bytes_str(&sql));
    bytes_free(&sql);
    while (sound && statement != NULL && sqlite3_step(statement) == SQLITE_ROW) {
        struct operation *row = operation_ask(OPERATION_LIST, &(struct store_question){0});
        struct store_entry *entry = operation_add_entry(row);

        sound =
            row_read_entry(statement, entry) || database_note_damage(tool->database, entry->number);
        operation_free(row);
        ++*count;
    }
    return sqlite3_finalize(statement) == SQLITE_OK && sound;
}

static int gwstore_check(struct gwstore *tool)
{
    sqlite3_stmt *statement =
        database_prepare(tool->database, "SELECT integrity_check FROM pragma_integrity_check(100)");
    int64_t count = 0, problems = 0;

    while (statement != NULL && sqlite3_step(statement) == SQLITE_ROW) {
        struct slice line = row_text(statement, 0);

        if (slice_equal_str(line, "ok"))
            continue;
        fprintf(stderr, "gwstore: %.*s\n", (int)line.len, (const char *)line.data);
        problems++;
    }
    if (sqlite3_finalize(statement) != SQLITE_OK || !read_all(tool, &count))
        return gwstore_fail(tool, "read all of the store");
    int64_t odd = database_number(tool->database,
                                  "SELECT count(*) FROM (SELECT number FROM entry EXCEPT SELECT"
                                  " number FROM content) ",
                                  -1) +
                  database_number(tool->database,
                                  "SELECT count(*) FROM (SELECT number FROM content EXCEPT SELECT"
                                  " number FROM entry)",
                                  -1);
    if (odd != 0)
        fprintf(stderr, "gwstore: %" PRId64 " messages are there by half\n", odd);
    if (problems > 0 || odd != 0)
        return EXIT_DAMAGED;
    printf("%s: sound, %" PRId64 " messages\n", tool->path, count);
    return 0;
}

static bool sync_file(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool done = fd >= 0 && fsync(fd) == 0;

    if (fd >= 0)
        close(fd);
    return done;
}

/* One read transaction: bearerbox goes on writing meanwhile. */
static int gwstore_backup(struct gwstore *tool)
{
    const char *path = tool->output != NULL    ? tool->output
                       : tool->word_count == 1 ? tool->words[0]
                                               : NULL;
    if (path == NULL) {
        fprintf(stderr, "gwstore: backup needs --output NEW\n");
        return EXIT_USAGE;
    }
    if (access(path, F_OK) == 0) {
        fprintf(stderr, "gwstore: %s is there already\n", path);
        return EXIT_FAILED;
    }
    char *sql = sqlite3_mprintf("VACUUM INTO %Q", path);
    bool done = database_execute(tool->database, sql);
    sqlite3_free(sql);
    if (!done)
        return gwstore_fail(tool, "write the backup");
    if (!sync_file(path)) {
        fprintf(stderr, "gwstore: cannot sync %s: %s\n", path, strerror(errno));
        return EXIT_FAILED;
    }
    printf("%s written\n", path);
    return 0;
}

static int gwstore_import_kannel(struct gwstore *tool)
{
    struct bytes error = {0};
    int64_t count = 0, left_out = 0;

    if (tool->word_count != 1) {
        fprintf(stderr, "gwstore: import-kannel needs one PATH\n");
        return EXIT_USAGE;
    }
    bool done = takeover_import(tool->database, tool->words[0], &count, &left_out, &error);
    if (!done)
        fprintf(stderr, "gwstore: %s\n", bytes_str(&error));
    else
        printf("%" PRId64 " waiting messages imported\n", count);
    if (left_out > 0)
        fprintf(stderr, "gwstore: %" PRId64 " octets or files could not be read: left out\n",
                left_out);
    bytes_free(&error);
    if (!done)
        return EXIT_FAILED;
    return left_out > 0 ? EXIT_PARTIAL : 0;
}

/* --- the command line -------------------------------------------------------------------- */

static const struct {
    const char *name;
    gwstore_command *run;
    bool alone; /* no bearerbox may have the file */
    bool opens;
    bool makes; /* the file, when there is none */
} commands[] = {
    {"status", gwstore_status, false, true, false},
    {"list", gwstore_list, false, true, false},
    {"show", gwstore_show, false, true, false},
    {"export", gwstore_export, false, true, false},
    {"import", gwstore_import, true, true, true},
    {"requeue", gwstore_requeue, false, true, false},
    {"cancel", gwstore_cancel, false, true, false},
    {"purge", gwstore_purge, false, true, false},
    {"check", gwstore_check, false, true, false},
    {"backup", gwstore_backup, false, true, false},
    {"recover", gwstore_recover, true, false, false},
    {"import-kannel", gwstore_import_kannel, true, true, true},
};

static int usage(FILE *to)
{
    fputs("usage: gwstore --store FILE COMMAND [OPTIONS] [ID...]\n"
          "  status, list, show ID, export, requeue, cancel, purge, check,\n"
          "  import < LINES, backup --output NEW, recover --output NEW, import-kannel PATH\n"
          "options: --state NAME --kind mt|mo|report --smsc ID --number PHONE\n"
          "  --since TIME --until TIME --limit N --json --output NEW\n",
          to);
    return to == stdout ? 0 : EXIT_USAGE;
}

static bool parse(struct gwstore *tool, int argc, char **argv)
{
    static const struct option options[] = {
        {"store", required_argument, NULL, 's'},  {"state", required_argument, NULL, 't'},
        {"kind", required_argument, NULL, 'k'},   {"smsc", required_argument, NULL, 'c'},
        {"number", required_argument, NULL, 'n'}, {"since", required_argument, NULL, 'f'},
        {"until", required_argument, NULL, 'u'},  {"limit", required_argument, NULL, 'l'},
        {"output", required_argument, NULL, 'o'}, {"json", no_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},         {NULL, 0, NULL, 0},
    };
    const char **const values[] = {
        ['s'] = &tool->path,  ['t'] = &tool->state,  ['k'] = &tool->kind,
        ['c'] = &tool->smsc,  ['n'] = &tool->number, ['f'] = &tool->since,
        ['u'] = &tool->until, ['l'] = &tool->limit,  ['o'] = &tool->output,
    };
    int option;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == '?')
            return false;
        if (option == 'h')
            exit(usage(stdout));
        if (option == 'j')
            tool->json = true;
        else
            *values[option] = optarg;
    }
    tool->words = argv + optind;
    tool->word_count = argc - optind;
    return tool->path != NULL && tool->word_count > 0;
}

static int run_on_store(struct gwstore *tool, gwstore_command *run, bool makes)
{
    struct store_options options = {.path = tool->path, .history_s = 1};
    struct bytes error = {0};
    int status = EXIT_FAILED;

    if (access(tool->path, R_OK) != 0 && !(makes && errno == ENOENT)) {
        fprintf(stderr, "gwstore: cannot read %s: %s\n", tool->path, strerror(errno));
        return EXIT_FAILED;
    }
    tool->database = database_open(&options, &error);
    if (tool->database != NULL) {
        status = run(tool);
        database_close(tool->database);
    } else {
        fprintf(stderr, "gwstore: %s\n", bytes_str(&error));
        if (strstr(bytes_str(&error), " is damaged ") != NULL)
            status = EXIT_DAMAGED;
    }
    bytes_free(&error);
    return status;
}

int main(int argc, char **argv)
{
    struct gwstore tool = {0};
    struct store_lock *lock = NULL;
    struct bytes error = {0};

    log_set_stderr_level(LOG_LEVEL_WARNING);
    if (!parse(&tool, argc, argv))
        return usage(stderr);
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (strcmp(tool.words[0], commands[i].name) != 0)
            continue;
        tool.words++;
        tool.word_count--;
        if (commands[i].alone && (lock = store_lock_take(tool.path, &error)) == NULL) {
            fprintf(stderr, "gwstore: %s\n", bytes_str(&error));
            bytes_free(&error);
            return EXIT_FAILED;
        }
        int status = commands[i].opens ? run_on_store(&tool, commands[i].run, commands[i].makes)
                                       : commands[i].run(&tool);
        store_lock_release(lock);
        if (fflush(stdout) != 0) {
            fprintf(stderr, "gwstore: cannot write: %s\n", strerror(errno));
            return EXIT_FAILED;
        }
        return status;
    }
    return usage(stderr);
}
