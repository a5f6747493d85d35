/* SPDX-License-Identifier: Apache-2.0 */
/*
 * power_vfs - see power_vfs.h.
 */
#include "test/unit/power_vfs.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "gwlib/memory.h"

#define SECTOR     512
#define MOST_FILES 16
#define MOST_SHM   8

struct disk_file {
    char name[256];
    bool exists;
    unsigned char *now, *synced;
    size_t len, room, synced_len, synced_room;
    size_t dirty_from, dirty_to;
    void *shm[MOST_SHM];
};

struct handle {
    sqlite3_file base;
    struct disk_file *file;
};

static struct {
    struct disk_file files[MOST_FILES];
    unsigned seed;
    /* read and counted by the test and the store's thread */
    _Atomic long calls, cut_at, fail_at, fail_count;
    _Atomic int error;
    _Atomic bool cut;
    sqlite3_vfs vfs;
} disk;

static unsigned chance(unsigned below)
{
    return (unsigned)rand_r(&disk.seed) % below;
}

/* --- files ------------------------------------------------------------------ */

static void make_room(unsigned char **octets, size_t *room, size_t len)
{
    if (len <= *room)
        return;
    *octets = memory_realloc(*octets, 2 * len, 1);
    memset(*octets + *room, 0, 2 * len - *room);
    *room = 2 * len;
}

static struct disk_file *find_file(const char *name, bool make)
{
    struct disk_file *unused = NULL;

    for (int i = 0; i < MOST_FILES; i++) {
        struct disk_file *file = &disk.files[i];

        if (file->exists && strcmp(file->name, name) == 0)
            return file;
        if (!file->exists && unused == NULL)
            unused = file;
    }
    if (!make || unused == NULL || strlen(name) >= sizeof unused->name)
        return NULL;
    strcpy(unused->name, name);
    unused->exists = true;
    return unused;
}

static void forget_shm(struct disk_file *file)
{
    for (int i = 0; i < MOST_SHM; i++) {
        free(file->shm[i]);
        file->shm[i] = NULL;
    }
}

static void forget_file(struct disk_file *file)
{
    forget_shm(file);
    free(file->now);
    free(file->synced);
    memset(file, 0, sizeof *file);
}

static void touch(struct disk_file *file, size_t from, size_t to)
{
    if (file->dirty_to == 0 || from < file->dirty_from)
        file->dirty_from = from;
    if (to > file->dirty_to)
        file->dirty_to = to;
}

/* --- power ------------------------------------------------------------------- */

static int count_call(void)
{
    long call = ++disk.calls;

    if (disk.cut_at > 0 && call >= disk.cut_at)
        disk.cut = true;
    if (disk.cut)
        return SQLITE_IOERR_WRITE;
    if (disk.fail_at > 0 && call >= disk.fail_at && call < disk.fail_at + disk.fail_count)
        return disk.error;
    return SQLITE_OK;
}

static void survive_sector(struct disk_file *file, size_t at, size_t len, unsigned keep)
{
    size_t from = 0, to = len;

    if (chance(100) >= keep) {
        if (chance(4) != 0)
            return; /* not there */
        if (chance(2) == 0)
            from = chance((unsigned)len);
        else
            to = chance((unsigned)len);
    }
    make_room(&file->synced, &file->synced_room, at + len);
    memcpy(file->synced + at + from, file->now + at + from, to - from);
    if (at + to > file->synced_len)
        file->synced_len = at + to;
}

static void survive(struct disk_file *file)
{
    static const unsigned keeps[] = {0, 10, 50, 90, 100};
    unsigned keep = keeps[chance(5)];

    for (size_t at = file->dirty_from / SECTOR * SECTOR; at < file->dirty_to && at < file->len;
         at += SECTOR)
        survive_sector(file, at, file->len - at < SECTOR ? file->len - at : SECTOR, keep);
    if (file->len < file->synced_len && chance(2) == 0)
        file->synced_len = file->len; /* the truncation is there */
    file->len = 0;
    make_room(&file->now, &file->room, file->synced_len);
    if (file->room > 0)
        memset(file->now, 0, file->room);
    if (file->synced_len > 0)
        memcpy(file->now, file->synced, file->synced_len);
    file->len = file->synced_len;
    file->dirty_from = file->dirty_to = 0;
}

void power_on(void)
{
    for (int i = 0; i < MOST_FILES; i++) {
        if (!disk.files[i].exists)
            continue;
        survive(&disk.files[i]);
        forget_shm(&disk.files[i]);
    }
    disk.cut = false;
    disk.cut_at = disk.fail_at = 0;
}

void power_reset(unsigned seed)
{
    for (int i = 0; i < MOST_FILES; i++)
        forget_file(&disk.files[i]);
    disk.seed = seed;
    disk.calls = disk.cut_at = disk.fail_at = 0;
    disk.cut = false;
}

void power_cut_at(long call)
{
    disk.cut_at = call;
}

void power_fail_at(long call, long count, int error)
{
    disk.fail_at = call;
    disk.fail_count = count;
    disk.error = error;
}

long power_calls(void)
{
    return disk.calls;
}

bool power_is_cut(void)
{
    return disk.cut;
}

/* --- methods of a file --------------------------------------------------------- */

static struct disk_file *file_of(sqlite3_file *base)
{
    return ((struct handle *)base)->file;
}

static int vfs_close(sqlite3_file *base)
{
    (void)base;
    return SQLITE_OK;
}

static int vfs_read(sqlite3_file *base, void *to, int amount, sqlite3_int64 offset)
{
    struct disk_file *file = file_of(base);
    size_t at = (size_t)offset, want = (size_t)amount;
    size_t got = at < file->len ? file->len - at : 0;

    if (disk.cut)
        return SQLITE_IOERR_READ;
    if (got > want)
        got = want;
    memset(to, 0, want);
    if (got > 0)
        memcpy(to, file->now + at, got);
    return got == want ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

static int vfs_write(sqlite3_file *base, const void *octets, int amount, sqlite3_int64 offset)
{
    struct disk_file *file = file_of(base);
    size_t at = (size_t)offset, end = at + (size_t)amount;
    int result = count_call();

    if (result != SQLITE_OK)
        return result;
    make_room(&file->now, &file->room, end);
    memcpy(file->now + at, octets, (size_t)amount);
    touch(file, at, end);
    if (end > file->len)
        file->len = end;
    return SQLITE_OK;
}

static int vfs_truncate(sqlite3_file *base, sqlite3_int64 size)
{
    struct disk_file *file = file_of(base);
    int result = count_call();

    if (result != SQLITE_OK)
        return SQLITE_IOERR_TRUNCATE;
    if ((size_t)size < file->len) {
        memset(file->now + size, 0, file->len - (size_t)size);
        touch(file, (size_t)size, file->len);
        file->len = (size_t)size;
    }
    return SQLITE_OK;
}

static int vfs_sync(sqlite3_file *base, int flags)
{
    struct disk_file *file = file_of(base);
    int result = count_call();

    (void)flags;
    if (result != SQLITE_OK)
        return result == SQLITE_FULL ? SQLITE_FULL : SQLITE_IOERR_FSYNC;
    make_room(&file->synced, &file->synced_room, file->len);
    if (file->dirty_to > file->len)
        file->dirty_to = file->len;
    if (file->dirty_to > file->dirty_from)
        memcpy(file->synced + file->dirty_from, file->now + file->dirty_from,
               file->dirty_to - file->dirty_from);
    file->synced_len = file->len;
    file->dirty_from = file->dirty_to = 0;
    return SQLITE_OK;
}

static int vfs_size(sqlite3_file *base, sqlite3_int64 *size)
{
    *size = (sqlite3_int64)file_of(base)->len;
    return SQLITE_OK;
}

static int vfs_lock(sqlite3_file *base, int level)
{
    (void)base;
    (void)level;
    return SQLITE_OK;
}

static int vfs_check_lock(sqlite3_file *base, int *taken)
{
    (void)base;
    *taken = 0;
    return SQLITE_OK;
}

static int vfs_control(sqlite3_file *base, int code, void *arg)
{
    (void)base;
    (void)code;
    (void)arg;
    return SQLITE_NOTFOUND;
}

static int vfs_sector(sqlite3_file *base)
{
    (void)base;
    return SECTOR;
}

static int vfs_traits(sqlite3_file *base)
{
    (void)base;
    return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

static int vfs_shm_map(sqlite3_file *base, int region, int size, int extend, void volatile **at)
{
    struct disk_file *file = file_of(base);

    if (region >= MOST_SHM)
        return SQLITE_IOERR_SHMMAP;
    if (file->shm[region] == NULL && extend)
        file->shm[region] = memory_zalloc(1, (size_t)size);
    *at = file->shm[region];
    return SQLITE_OK;
}

static int vfs_shm_lock(sqlite3_file *base, int offset, int n, int flags)
{
    (void)base;
    (void)offset;
    (void)n;
    (void)flags;
    return SQLITE_OK;
}

static void vfs_shm_barrier(sqlite3_file *base)
{
    (void)base;
    __sync_synchronize();
}

static int vfs_shm_unmap(sqlite3_file *base, int remove)
{
    if (remove)
        forget_shm(file_of(base));
    return SQLITE_OK;
}

static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = vfs_close,
    .xRead = vfs_read,
    .xWrite = vfs_write,
    .xTruncate = vfs_truncate,
    .xSync = vfs_sync,
    .xFileSize = vfs_size,
    .xLock = vfs_lock,
    .xUnlock = vfs_lock,
    .xCheckReservedLock = vfs_check_lock,
    .xFileControl = vfs_control,
    .xSectorSize = vfs_sector,
    .xDeviceCharacteristics = vfs_traits,
    .xShmMap = vfs_shm_map,
    .xShmLock = vfs_shm_lock,
    .xShmBarrier = vfs_shm_barrier,
    .xShmUnmap = vfs_shm_unmap,
};

/* --- the VFS ---------------------------------------------------------------------- */

static int vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *base, int flags,
                    int *out_flags)
{
    struct handle *handle = (struct handle *)base;

    (void)vfs;
    memset(handle, 0, sizeof *handle);
    handle->file =
        disk.cut || name == NULL ? NULL : find_file(name, (flags & SQLITE_OPEN_CREATE) != 0);
    if (handle->file == NULL)
        return SQLITE_CANTOPEN;
    base->pMethods = &methods;
    if (out_flags != NULL)
        *out_flags = flags;
    return SQLITE_OK;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *name, int sync_folder)
{
    struct disk_file *file = find_file(name, false);

    (void)vfs;
    (void)sync_folder;
    if (disk.cut)
        return SQLITE_IOERR_DELETE;
    if (file == NULL)
        return SQLITE_IOERR_DELETE_NOENT;
    forget_file(file);
    return SQLITE_OK;
}

static int vfs_access(sqlite3_vfs *vfs, const char *name, int flags, int *result)
{
    struct disk_file *file = find_file(name, false);

    (void)vfs;
    *result = file != NULL && (flags != SQLITE_ACCESS_EXISTS || file->len > 0);
    return SQLITE_OK;
}

static int vfs_full_name(sqlite3_vfs *vfs, const char *name, int room, char *to)
{
    (void)vfs;
    sqlite3_snprintf(room, to, "%s", name);
    return SQLITE_OK;
}

void power_register(void)
{
    sqlite3_vfs *usual = sqlite3_vfs_find(NULL);

    disk.vfs = *usual; /* time, randomness */
    disk.vfs.pNext = NULL;
    disk.vfs.zName = "power";
    disk.vfs.szOsFile = sizeof(struct handle);
    disk.vfs.xOpen = vfs_open;
    disk.vfs.xDelete = vfs_delete;
    disk.vfs.xAccess = vfs_access;
    disk.vfs.xFullPathname = vfs_full_name;
    sqlite3_vfs_register(&disk.vfs, 1);
}
