/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Locks of ports: see port_lock.h. A lock file comes into being whole, by link(2)
 * from one that holds our process id already.
 */
#include "gw/smsc/at/port_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gwlib/bytes.h"
#include "gwlib/uuid.h"

#define TRIES 3 /* with files of others that come and go */

/* Who wrote the file; 0: nobody, or it cannot be read as one. */
static long owner_of(const char *path)
{
    char text[32] = "";
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    ssize_t len = fd >= 0 ? read(fd, text, sizeof text - 1) : -1;
    long pid = 0;

    if (fd >= 0)
        close(fd);
    if (len <= 0 || !slice_to_number(slice_trim(slice_of(text, (size_t)len)), 1, 1L << 30, &pid))
        return 0;
    return pid;
}

static bool is_alive(long pid)
{
    return pid > 0 && (kill((pid_t)pid, 0) == 0 || errno == EPERM);
}

/* A file with our id under a name of its own. */
static bool write_own(const char *path)
{
    char text[16];
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
    int len = snprintf(text, sizeof text, "%10ld\n", (long)getpid());
    bool written;

    if (fd < 0)
        return false;
    written = write(fd, text, (size_t)len) == len;
    close(fd);
    if (!written)
        unlink(path);
    return written;
}

/* True when it is ours, or cannot be anybody's. */
static bool link_it(struct at_port_lock *lock, const char *own, const char *path, long *pid)
{
    for (int i = 0; i < TRIES; i++) {
        if (link(own, path) == 0) {
            lock->path = slice_to_str(slice_str(path));
            return true;
        }
        if (errno != EEXIST)
            return true;
        *pid = owner_of(path);
        if (is_alive(*pid))
            return false;
        unlink(path);
    }
    return true;
}

bool at_port_lock_take(struct at_port_lock *lock, const char *folder, const char *name, long *pid)
{
    struct bytes path = {0}, own = {0};
    bool taken = true;

    lock->path = NULL;
    bytes_printf(&path, "%s/LCK..%s", folder, name);
    bytes_printf(&own, "%s/LTMP.%ld.%08x", folder, (long)getpid(), random_below(UINT32_MAX));
    if (write_own(bytes_str(&own))) {
        taken = link_it(lock, bytes_str(&own), bytes_str(&path), pid);
        unlink(bytes_str(&own));
    }
    bytes_free(&path);
    bytes_free(&own);
    return taken;
}

void at_port_lock_release(struct at_port_lock *lock)
{
    if (lock->path != NULL && owner_of(lock->path) == (long)getpid())
        unlink(lock->path);
    free(lock->path);
    lock->path = NULL;
}

bool at_port_lock_descriptor(int fd)
{
    if (flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
        return false;
    ioctl(fd, TIOCEXCL);
    return true;
}
