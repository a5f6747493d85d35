/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wal - the care of the write-ahead log (sqlite.h).
 *
 * SQLite by itself moves the log into the file inside a commit, whose answer then
 * waits for it; here that is done between two batches. The log's file is kept at
 * its size, and grows by large steps of zeros that are on the disk before they
 * are used: a commit that writes over octets that are there changes nothing of
 * the file but these, and is synced in a fraction of the time.
 *
 * Zeros are no frame of a log: a frame carries the log's salt and the number of
 * its page, which is not 0, and a checksum over all before it.
 */
#include "gw/store/sqlite.h"

#define LOG_PAGES    4000 /* in the log when it is moved: pages that change often go once */
#define LOG_STEP     1000 /* to the next try, when a reader kept some from being moved */
#define FRAME_HEADER 24
#define LOG_HEADER   32
#define GROW_FROM    (64 * 1024) /* a log that stays smaller is left alone */
#define GROW_BEFORE  (256 * 1024)
#define GROW_BY      (1024 * 1024)
#define PIECE        (64 * 1024)

static void begin_anew(struct database *database)
{
    database->log_pages = 0;
    database->log_limit = LOG_PAGES;
    database->log_size = 0; /* not known */
}

static int note_commit(void *arg, sqlite3 *handle, const char *name, int pages)
{
    struct database *database = arg;

    (void)handle;
    (void)name;
    if (pages < database->log_pages)
        begin_anew(database);
    database->log_pages = pages;
    return SQLITE_OK;
}

void wal_take_over(struct database *database)
{
    begin_anew(database);
    database->log_frame = FRAME_HEADER + database_number(database, "PRAGMA page_size", 4096);
    sqlite3_wal_hook(database->handle, note_commit, database); /* in place of SQLite's own */
}

void wal_move(struct database *database)
{
    int pages = 0, moved = 0;
    int result = sqlite3_wal_checkpoint_v2(database->handle, NULL, SQLITE_CHECKPOINT_PASSIVE,
                                           &pages, &moved);

    if (result != SQLITE_OK || moved < pages)
        database->log_limit = database->log_pages + LOG_STEP;
    else
        begin_anew(database); /* with the next commit */
}

/* --- growing ----------------------------------------------------------------- */

static bool write_zeros(sqlite3_file *file, int64_t from, int64_t to)
{
    static const unsigned char zeros[PIECE];

    for (; from < to; from += PIECE) {
        int amount = to - from < PIECE ? (int)(to - from) : PIECE;

        if (file->pMethods->xWrite(file, zeros, amount, from) != SQLITE_OK)
            return false;
    }
    return true;
}

/* On a disk without room for it, the log is as it was. */
static bool grow_to(sqlite3_file *file, int64_t size, int64_t wanted)
{
    if (write_zeros(file, size, wanted) &&
        file->pMethods->xSync(file, SQLITE_SYNC_NORMAL) == SQLITE_OK)
        return true;
    file->pMethods->xTruncate(file, size);
    return false;
}

static int64_t octets_used(const struct database *database)
{
    return LOG_HEADER + database->log_pages * database->log_frame;
}

static bool is_narrow(const struct database *database)
{
    int64_t used = octets_used(database);

    return used > GROW_FROM && used + GROW_BEFORE > database->log_size &&
           database->log_size < LOG_HEADER + LOG_PAGES * database->log_frame;
}

/* With the write lock: what others have written lies below the size. */
static void grow(struct database *database)
{
    int64_t limit = LOG_HEADER + LOG_PAGES * database->log_frame;
    sqlite3_file *file = NULL;
    sqlite3_int64 size;

    if (sqlite3_file_control(database->handle, "main", SQLITE_FCNTL_JOURNAL_POINTER, &file) !=
            SQLITE_OK ||
        file == NULL || file->pMethods == NULL ||
        file->pMethods->xFileSize(file, &size) != SQLITE_OK)
        return;
    database->log_size = size;
    if (!is_narrow(database))
        return;
    int64_t wanted = size + GROW_BY < limit ? size + GROW_BY : limit;
    if (grow_to(file, size, wanted))
        database->log_size = wanted;
    else
        database->log_size = limit; /* no more tries */
}

bool wal_is_due(const struct database *database)
{
    return database->log_pages >= database->log_limit || is_narrow(database);
}

void wal_tend(struct database *database)
{
    if (database->log_pages >= database->log_limit)
        wal_move(database);
    else if (is_narrow(database)) {
        if (database_begin(database))
            grow(database);
        database_roll_back(database);
    }
}
