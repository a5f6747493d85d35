/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gather - the write-ahead log in few writes (sqlite.h). SQLite writes each page of
 * a commit with two calls, one for the frame's header; here what follows on
 * one another is gathered and goes to the kernel as one write before the sync, or
 * before anything else is done with the file.
 *
 * Only for a database that syncs each commit: without the sync another process
 * could be told of frames that are not in the file yet. And what a transaction that
 * is rolled back has gathered must be dropped before its lock goes: written later,
 * it would stand in the place of what another process has committed since. All
 * other files are opened by the VFS below as if this one were not there.
 */
#include "gw/store/sqlite.h"

#include <pthread.h>
#include <stdlib.h>

#include "gwlib/memory.h"

/* Octets gathered. The VFS of Unix writes no more than 128 KiB at once. */
#define MOST (64 * 1024)

struct gathering {
    sqlite3_file file;
    sqlite3_file *below;
    unsigned char *octets;
    int count;
    sqlite3_int64 offset; /* of the first */
};

static sqlite3_vfs *below; /* the default one */

static int let_go(struct gathering *log)
{
    int count = log->count;

    log->count = 0; /* what fails is the transaction's end: nobody wants it any more */
    return count == 0 ? SQLITE_OK
                      : log->below->pMethods->xWrite(log->below, log->octets, count, log->offset);
}

/* --- the file ---------------------------------------------------------------- */

static int log_close(sqlite3_file *file)
{
    struct gathering *log = (struct gathering *)file;
    int result = let_go(log);
    int closed = log->below->pMethods->xClose(log->below);

    free(log->octets);
    log->octets = NULL;
    return closed != SQLITE_OK ? closed : result;
}

static int log_read(sqlite3_file *file, void *to, int count, sqlite3_int64 offset)
{
    struct gathering *log = (struct gathering *)file;
    int result = let_go(log);

    return result != SQLITE_OK ? result
                               : log->below->pMethods->xRead(log->below, to, count, offset);
}

static int log_write(sqlite3_file *file, const void *octets, int count, sqlite3_int64 offset)
{
    struct gathering *log = (struct gathering *)file;
    bool follows = offset == log->offset + log->count && log->count + count <= MOST;

    if (log->count > 0 && !follows) {
        int result = let_go(log);
        if (result != SQLITE_OK)
            return result;
    }
    if (count > MOST)
        return log->below->pMethods->xWrite(log->below, octets, count, offset);
    if (log->count == 0)
        log->offset = offset;
    memcpy(log->octets + log->count, octets, (size_t)count);
    log->count += count;
    return SQLITE_OK;
}

static int log_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    struct gathering *log = (struct gathering *)file;
    int result = let_go(log);

    return result != SQLITE_OK ? result : log->below->pMethods->xTruncate(log->below, size);
}

static int log_sync(sqlite3_file *file, int flags)
{
    struct gathering *log = (struct gathering *)file;
    int result = let_go(log);

    return result != SQLITE_OK ? result : log->below->pMethods->xSync(log->below, flags);
}

static int log_size(sqlite3_file *file, sqlite3_int64 *size)
{
    struct gathering *log = (struct gathering *)file;
    int result = let_go(log);

    return result != SQLITE_OK ? result : log->below->pMethods->xFileSize(log->below, size);
}

static int log_control(sqlite3_file *file, int code, void *arg)
{
    struct gathering *log = (struct gathering *)file;

    return log->below->pMethods->xFileControl(log->below, code, arg);
}

static int log_sector(sqlite3_file *file)
{
    struct gathering *log = (struct gathering *)file;

    return log->below->pMethods->xSectorSize(log->below);
}

static int log_traits(sqlite3_file *file)
{
    struct gathering *log = (struct gathering *)file;

    return log->below->pMethods->xDeviceCharacteristics(log->below);
}

/* Nobody locks a log: locks are on the file and its index. */
static const sqlite3_io_methods log_methods = {
    .iVersion = 1,
    .xClose = log_close,
    .xRead = log_read,
    .xWrite = log_write,
    .xTruncate = log_truncate,
    .xSync = log_sync,
    .xFileSize = log_size,
    .xFileControl = log_control,
    .xSectorSize = log_sector,
    .xDeviceCharacteristics = log_traits,
};

/* --- the VFS ------------------------------------------------------------------ */

static int open_file(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *got)
{
    struct gathering *log = (struct gathering *)file;

    (void)vfs;
    if ((flags & SQLITE_OPEN_WAL) == 0)
        return below->xOpen(below, name, file, flags, got);
    *log = (struct gathering){.below = (sqlite3_file *)(log + 1)};
    int result = below->xOpen(below, name, log->below, flags, got);
    if (result != SQLITE_OK)
        return result;
    log->octets = memory_alloc(MOST);
    log->file.pMethods = &log_methods;
    return SQLITE_OK;
}

static int delete_file(sqlite3_vfs *vfs, const char *name, int sync)
{
    (void)vfs;
    return below->xDelete(below, name, sync);
}

static int access_file(sqlite3_vfs *vfs, const char *name, int flags, int *result)
{
    (void)vfs;
    return below->xAccess(below, name, flags, result);
}

static int full_name(sqlite3_vfs *vfs, const char *name, int size, char *full)
{
    (void)vfs;
    return below->xFullPathname(below, name, size, full);
}

/* What is left does not look at its VFS: sleeping, random numbers, the time. */
static void register_vfs(void)
{
    static sqlite3_vfs own;

    below = sqlite3_vfs_find(NULL);
    own = *below;
    own.pNext = NULL;
    own.zName = GATHER_VFS;
    own.szOsFile += (int)sizeof(struct gathering);
    own.xOpen = open_file;
    own.xDelete = delete_file;
    own.xAccess = access_file;
    own.xFullPathname = full_name;
    sqlite3_vfs_register(&own, 0);
}

void gather_drop(sqlite3 *handle)
{
    sqlite3_file *file = NULL;

    sqlite3_file_control(handle, "main", SQLITE_FCNTL_JOURNAL_POINTER, &file);
    if (file != NULL && file->pMethods == &log_methods)
        ((struct gathering *)file)->count = 0;
}

void gather_prepare(void)
{
    static pthread_once_t registered = PTHREAD_ONCE_INIT;

    pthread_once(&registered, register_vfs);
}
