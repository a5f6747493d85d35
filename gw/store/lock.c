/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lock - one bearerbox a store file: an open-file-description lock on
 * PATH.lock, which holds the number of the process for people. The kernel
 * gives the lock back when the process ends, however it ends; the file goes
 * when the store is closed in order.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gw/store/sqlite.h"
#include "gwlib/log.h"
#include "gwlib/memory.h"

struct store_lock {
    char *path;
    int fd;
};

static void say_holder(int fd, const char *path, struct bytes *error)
{
    char pid[24];
    ssize_t n = pread(fd, pid, sizeof pid, 0);
    struct slice holder = slice_trim(slice_of(pid, n > 0 ? (size_t)n : 0));

    bytes_append_str(error, "the store is in use by another bearerbox");
    if (!slice_is_empty(holder))
        bytes_printf(error, ", process %.*s", (int)holder.len, (const char *)holder.data);
    bytes_printf(error, " (lock file %s)", path);
}

/* Whether the locked file is still the one that has the name: its last holder
 * may have removed it between our open and our lock. */
static bool is_current(int fd, const char *path)
{
    struct stat ours, named;

    return fstat(fd, &ours) == 0 && stat(path, &named) == 0 && ours.st_dev == named.st_dev &&
           ours.st_ino == named.st_ino;
}

/* A locked descriptor, or -1 with the reason in *error, or -2 to try again. */
static int open_locked(const char *path, struct bytes *error)
{
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);

    if (fd < 0) {
        bytes_printf(error, "cannot open lock file %s: %s", path, strerror(errno));
        return -1;
    }
    if (fcntl(fd, F_OFD_SETLK, &whole) != 0) {
        if (errno == EAGAIN || errno == EACCES)
            say_holder(fd, path, error);
        else
            bytes_printf(error, "cannot lock %s: %s", path, strerror(errno));
        close(fd);
        return -1;
    }
    if (is_current(fd, path))
        return fd;
    close(fd);
    return -2;
}

struct store_lock *store_lock_take(const char *path, struct bytes *error)
{
    struct bytes name = {0};
    char pid[24];
    int fd;

    bytes_printf(&name, "%s.lock", path);
    do {
        fd = open_locked(bytes_str(&name), error);
    } while (fd == -2);
    if (fd < 0) {
        bytes_free(&name);
        return NULL;
    }
    int len = snprintf(pid, sizeof pid, "%ld\n", (long)getpid());
    /* Only information: a full disk must not keep us from starting. */
    if (ftruncate(fd, 0) != 0 || pwrite(fd, pid, (size_t)len, 0) != len)
        log_warning("cannot write %s: %s", bytes_str(&name), strerror(errno));

    struct store_lock *lock = memory_alloc(sizeof *lock);
    lock->path = bytes_take(&name);
    lock->fd = fd;
    return lock;
}

void store_lock_release(struct store_lock *lock)
{
    if (lock == NULL)
        return;
    unlink(lock->path);
    close(lock->fd);
    free(lock->path);
    free(lock);
}
