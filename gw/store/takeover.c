/* SPDX-License-Identifier: Apache-2.0 */
/*
 * takeover - the store file of a Kannel that was there before (sqlite.h).
 *
 * Kannel's file is a row of box protocol frames: an sms frame adds a message,
 * an ack frame with its id takes it away (doc/box-protocol.md for the frames).
 * The file may end in the middle of a frame, when Kannel was killed.
 *
 * The new database is made complete under another name first and then put in
 * the place of the old file by one rename, so that whenever we are interrupted
 * there is either the one or the other. The old file keeps a name of its own.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "gw/msg/frame.h"
#include "gw/store/sqlite.h"
#include "gwlib/log.h"

#define SQLITE_HEADER         100 /* octets */
#define SQLITE_APPLICATION_ID 68  /* where in the header (SQLite file format, 1.3) */

/* --- what is it? ------------------------------------------------------------ */

static bool is_sqlite(struct slice file)
{
    return file.len >= SQLITE_HEADER && memcmp(file.data, "SQLite format 3", 16) == 0;
}

static bool is_ours(struct slice file)
{
    const unsigned char *p = file.data + SQLITE_APPLICATION_ID;

    return ((uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3]) ==
           STORE_APPLICATION_ID;
}

/* The next record of Kannel's; false at the end and where none can be read. */
static bool next_record(struct slice *rest, struct frame *frame)
{
    long length = frame_length(*rest);

    if (length <= 0 || (size_t)length > rest->len ||
        frame_unpack(slice_sub(*rest, 4, (size_t)length - 4), frame) != NULL ||
        (frame->type != FRAME_sms && frame->type != FRAME_ack))
        return false;
    *rest = slice_sub(*rest, (size_t)length, rest->len);
    return true;
}

static bool is_kannel(struct slice file)
{
    struct frame frame;

    return next_record(&file, &frame);
}

/* --- importing --------------------------------------------------------------- */

/* once: a message that is there already, with its receiver, is not added. */
static bool add_message(struct database *database, const struct sms *sms, bool once)
{
    bool mo = sms->sms_type == SMS_MO, report = sms->sms_type == SMS_REPORT_MO;
    struct message *message = message_create(sms);
    struct store_insert insert = {
        .kind = mo       ? STORE_MO
                : report ? STORE_REPORT
                         : STORE_MT,
        .state = mo || report ? STATE_RECEIVED : STATE_QUEUED,
        .message = message,
        .queue = slice_str(""),
        .refuse_duplicate = once,
    };
    struct operation *operation = operation_insert(&insert);
    bool done = change_insert(database, operation);

    operation_free(operation);
    message_unref(message);
    return done;
}

/* Messages of one request share an id, each got an ack: the oldest goes first. */
static bool take_message_away(struct database *database, sqlite3_stmt *oldest,
                              const struct uuid *id)
{
    sqlite3_bind_blob(oldest, 1, id->octets, sizeof id->octets, SQLITE_STATIC);
    int result = sqlite3_step(oldest);
    int64_t number = result == SQLITE_ROW ? sqlite3_column_int64(oldest, 0) : 0;
    sqlite3_reset(oldest);
    if (number != 0)
        return change_delete(database, number);
    return result == SQLITE_ROW || result == SQLITE_DONE;
}

static bool import_records(struct database *database, struct slice *rest)
{
    sqlite3_stmt *oldest = database_prepare(
        database, "SELECT min(number) FROM content INDEXED BY content_id WHERE id = ?1");
    struct frame frame;
    bool done = oldest != NULL;

    while (done && next_record(rest, &frame)) {
        if (frame.type == FRAME_sms)
            done = add_message(database, &frame.u.sms, false);
        else
            done = take_message_away(database, oldest, &frame.u.ack.id);
    }
    sqlite3_finalize(oldest);
    return done;
}

static void remove_database(const char *path)
{
    static const char *const suffixes[] = {"", "-wal", "-shm", "-journal"};

    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
        struct bytes name = {0};

        bytes_printf(&name, "%s%s", path, suffixes[i]);
        unlink(bytes_str(&name));
        bytes_free(&name);
    }
}

/* Makes a database of the records at path; *rest is what could not be read. */
static bool import_into(const char *path, struct slice *rest, int64_t *count, struct bytes *error)
{
    struct store_options options = {.path = path, .history_s = 1};

    remove_database(path);
    struct database *database = database_open(&options, error);
    if (database == NULL)
        return false;
    bool done =
        database_begin(database) && import_records(database, rest) && database_commit(database);
    if (!done)
        bytes_printf(error, "cannot take over Kannel's store file into %s: %s", path,
                     database_error(database));
    *count = database_number(database, "SELECT count(*) FROM entry", 0);
    database_roll_back(database);
    database_close(database);
    if (!done)
        remove_database(path);
    return done;
}

/* --- for gwstore ------------------------------------------------------------- */

/* In a spool directory each file is one packed message. */
static bool import_spool_file(struct database *database, const char *path, int64_t *left_out)
{
    unsigned char octets[65536];
    struct frame frame;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t len = fd >= 0 ? read(fd, octets, sizeof octets) : -1;
    struct slice rest = slice_of(octets, len > 0 ? (size_t)len : 0);

    if (fd >= 0)
        close(fd);
    if ((next_record(&rest, &frame) || frame_unpack(rest, &frame) == NULL) &&
        frame.type == FRAME_sms)
        return add_message(database, &frame.u.sms, true);
    ++*left_out;
    return true;
}

static bool import_folder(struct database *database, const char *path, int64_t *left_out, int depth)
{
    struct dirent **names;
    int count = scandir(path, &names, NULL, alphasort);
    bool done = count >= 0;

    for (int i = 0; i < count; i++) {
        struct bytes inner = {0};
        struct stat status;

        bytes_printf(&inner, "%s/%s", path, names[i]->d_name);
        if (done && names[i]->d_name[0] != '.' && stat(bytes_str(&inner), &status) == 0) {
            if (S_ISDIR(status.st_mode) && depth == 0)
                done = import_folder(database, bytes_str(&inner), left_out, depth + 1);
            else if (S_ISREG(status.st_mode))
                done = import_spool_file(database, bytes_str(&inner), left_out);
        }
        bytes_free(&inner);
        free(names[i]);
    }
    if (count >= 0)
        free(names);
    return done;
}

/* What waits in one database is added to the other, unless it is there. */
static bool merge(struct database *from, struct database *to)
{
    struct bytes sql = {0};
    bool done = true;
    int result = SQLITE_ERROR;

    bytes_append_str(&sql, "SELECT ");
    schema_append_columns(&sql);
    bytes_append_str(&sql, " FROM entry AS e JOIN content AS c ON c.number = e.number"
                           " ORDER BY e.number");
    sqlite3_stmt *statement = database_prepare(from, bytes_str(&sql));
    bytes_free(&sql);
    while (done && statement != NULL && (result = sqlite3_step(statement)) == SQLITE_ROW) {
        struct operation *row = operation_ask(OPERATION_LIST, &(struct store_question){0});
        struct store_entry *entry = operation_add_entry(row);

        done =
            row_read_entry(statement, entry) && add_message(to, message_sms(entry->message), true);
        operation_free(row);
    }
    sqlite3_finalize(statement);
    return done && result == SQLITE_DONE;
}

/* Acknowledgements in the file are about messages in the file only: they are
 * settled among themselves first. */
static bool import_apart(struct database *database, struct slice *rest)
{
    struct store_options options = {.history_s = 1};
    struct bytes error = {0};
    struct database *apart = database_open(&options, &error);
    bool done = apart != NULL && database_begin(apart) && import_records(apart, rest) &&
                database_commit(apart) && merge(apart, database);

    database_close(apart);
    bytes_free(&error);
    return done;
}

static bool import_file(struct database *database, const char *path, int64_t *left_out)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    bool done = fd >= 0 && fstat(fd, &status) == 0;
    void *octets = MAP_FAILED;

    if (done && status.st_size > 0) {
        octets = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        struct slice rest = slice_of(octets, (size_t)status.st_size);

        done = octets != MAP_FAILED && import_apart(database, &rest);
        *left_out = octets != MAP_FAILED ? (int64_t)rest.len : 0;
    }
    if (octets != MAP_FAILED)
        munmap(octets, (size_t)status.st_size);
    if (fd >= 0)
        close(fd);
    return done;
}

bool takeover_import(struct database *database, const char *path, int64_t *count, int64_t *left_out,
                     struct bytes *error)
{
    static const char counting[] = "SELECT count(*) FROM entry";
    int64_t before = database_number(database, counting, 0);
    struct stat status;

    *left_out = 0;
    if (stat(path, &status) != 0) {
        bytes_printf(error, "%s: %s", path, strerror(errno));
        return false;
    }
    bool done = database_begin(database) &&
                (S_ISDIR(status.st_mode) ? import_folder(database, path, left_out, 0)
                                         : import_file(database, path, left_out)) &&
                database_commit(database);
    if (!done)
        bytes_printf(error, "cannot import %s: %s", path, database_error(database));
    database_roll_back(database);
    *count = database_number(database, counting, before) - before;
    return done;
}

/* --- a spool directory at start ----------------------------------------------- */

static void sync_folder(const char *path);
static void name_kept(const char *path, struct bytes *kept);

/* Kannel's 100 subdirectories are called 0 to 99. */
static int is_bucket(const struct dirent *entry)
{
    long number;

    return slice_to_number(slice_str(entry->d_name), 0, 99, &number);
}

struct buckets {
    const char *spool;
    struct dirent **names;
    int count;
};

static bool import_buckets(struct database *database, const struct buckets *buckets,
                           int64_t *left_out)
{
    bool done = database_begin(database);

    for (int i = 0; i < buckets->count && done; i++) {
        struct bytes path = {0};

        bytes_printf(&path, "%s/%s", buckets->spool, buckets->names[i]->d_name);
        done = import_folder(database, bytes_str(&path), left_out, 1);
        bytes_free(&path);
    }
    done = done && database_commit(database);
    database_roll_back(database);
    return done;
}

/* Into a directory beside them. What cannot be moved would be imported again and
 * found to be there. */
static bool move_buckets(const struct buckets *buckets, const char *kept)
{
    bool done = mkdir(kept, 0750) == 0;

    for (int i = 0; i < buckets->count && done; i++) {
        struct bytes from = {0}, to = {0};

        bytes_printf(&from, "%s/%s", buckets->spool, buckets->names[i]->d_name);
        bytes_printf(&to, "%s/%s", kept, buckets->names[i]->d_name);
        done = rename(bytes_str(&from), bytes_str(&to)) == 0;
        bytes_free(&from);
        bytes_free(&to);
    }
    sync_folder(kept);
    return done;
}

static bool take_over_buckets(struct database *database, const struct buckets *buckets,
                              struct bytes *error)
{
    static const char counting[] = "SELECT count(*) FROM entry";
    int64_t before = database_number(database, counting, 0), left_out = 0;
    struct bytes kept = {0}, path = {0};
    bool done = import_buckets(database, buckets, &left_out);

    memset(database->tally, 0, sizeof database->tally); /* the survey counts them */
    bytes_printf(&path, "%s/spool", buckets->spool);
    name_kept(bytes_str(&path), &kept);
    if (!done)
        bytes_printf(error, "cannot take over Kannel's spool directory %s: %s", buckets->spool,
                     database_error(database));
    else if (!move_buckets(buckets, bytes_str(&kept)))
        log_error("cannot move Kannel's spool directories in %s to %s: %s", buckets->spool,
                  bytes_str(&kept), strerror(errno));
    if (done && left_out > 0)
        log_error("%lld files of Kannel's spool directory could not be read: left in %s",
                  (long long)left_out, bytes_str(&kept));
    if (done)
        log_info("%s: took over %lld waiting messages from Kannel's spool directory, which is kept "
                 "as %s",
                 buckets->spool, (long long)(database_number(database, counting, 0) - before),
                 bytes_str(&kept));
    bytes_free(&kept);
    bytes_free(&path);
    return done;
}

bool takeover_spool(struct database *database, const char *spool, struct bytes *error)
{
    struct buckets buckets = {.spool = spool};
    bool done = true;

    buckets.count = scandir(spool, &buckets.names, is_bucket, alphasort);
    if (buckets.count > 0)
        done = take_over_buckets(database, &buckets, error);
    for (int i = 0; i < buckets.count; i++)
        free(buckets.names[i]);
    if (buckets.count >= 0)
        free(buckets.names);
    return done;
}

/* --- putting it in place ------------------------------------------------------ */

static void sync_folder(const char *path)
{
    struct bytes folder = {0};
    const char *slash = strrchr(path, '/');

    if (slash == NULL)
        bytes_append_char(&folder, '.');
    else
        bytes_append(&folder, path, (size_t)(slash - path) + 1);
    int fd = open(bytes_str(&folder), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        fsync(fd);
        close(fd);
    }
    bytes_free(&folder);
}

/* A file system without links gets two renames instead. */
static bool swap_files(const char *made, const char *path, const char *kept, struct bytes *error)
{
    if ((link(path, kept) == 0 || (errno != EEXIST && rename(path, kept) == 0)) &&
        rename(made, path) == 0) {
        sync_folder(path);
        return true;
    }
    bytes_printf(error, "cannot keep Kannel's store file %s as %s: %s", path, kept,
                 strerror(errno));
    remove_database(made);
    return false;
}

static void name_kept(const char *path, struct bytes *kept)
{
    time_t now = time(NULL);
    struct tm local;
    char text[32];

    localtime_r(&now, &local);
    strftime(text, sizeof text, "%Y%m%d-%H%M%S", &local);
    bytes_printf(kept, "%s.kannel-%s", path, text);
}

static bool take_over(const char *path, struct slice file, struct bytes *error)
{
    struct bytes made = {0}, kept = {0};
    struct slice rest = file;
    int64_t count;

    bytes_printf(&made, "%s.taking-over", path);
    name_kept(path, &kept);
    bool done = import_into(bytes_str(&made), &rest, &count, error) &&
                swap_files(bytes_str(&made), path, bytes_str(&kept), error);
    if (done && rest.len > 0)
        log_error("%s: Kannel's store file is cut off or damaged at octet %zu of %zu: what follows "
                  "was left out, and is in %s",
                  path, file.len - rest.len, file.len, bytes_str(&kept));
    if (done)
        log_info(
            "%s: took over %lld waiting messages from Kannel's store file, which is kept as %s",
            path, (long long)count, bytes_str(&kept));
    bytes_free(&made);
    bytes_free(&kept);
    return done;
}

static bool look_at(const char *path, struct slice file, struct bytes *error)
{
    if (is_sqlite(file) && is_ours(file))
        return true;
    if (is_sqlite(file))
        bytes_printf(error, "%s is an SQLite database of another program", path);
    else if (is_kannel(file))
        return take_over(path, file, error);
    else
        bytes_printf(error,
                     "%s is neither a message store nor the store file of a Kannel; if it was a"
                     " message store it is damaged: salvage what is sound with"
                     " \"gwstore --store %s recover --output NEW\"",
                     path, path);
    return false;
}

bool takeover_look(const char *path, struct bytes *error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;

    if (fd < 0 && errno == ENOENT)
        return true;
    if (fd < 0 || fstat(fd, &status) != 0) {
        bytes_printf(error, "cannot open store file %s: %s", path, strerror(errno));
        return false;
    }
    if (!S_ISREG(status.st_mode) || status.st_size == 0) {
        close(fd);
        if (status.st_size == 0 && S_ISREG(status.st_mode))
            return true;
        bytes_printf(error, "store file %s is not a file", path);
        return false;
    }
    size_t size = (size_t)status.st_size;
    void *octets = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
    close(fd);
    if (octets == MAP_FAILED) {
        bytes_printf(error, "cannot read store file %s: %s", path, strerror(errno));
        return false;
    }
    bool done = look_at(path, slice_of(octets, size), error);
    munmap(octets, size);
    return done;
}
