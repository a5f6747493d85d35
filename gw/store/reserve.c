/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reserve - a file beside the store that only takes room (sqlite.h). When the
 * disk is full it is given back, and changes of state go on in its place; new
 * messages are accepted again when there is room for it once more, and some to
 * spare: else its own room would pass for that, and it came and went with every
 * message.
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "gw/store/sqlite.h"

#define RESERVE_OCTETS (4 * 1024 * 1024)
#define SPARE_OCTETS   (1024 * 1024)

static void name_reserve(const char *path, struct bytes *name)
{
    bytes_printf(name, "%s.reserve", path);
}

/* Blocks and not only a length: a hole would reserve nothing. */
static bool is_filled(int fd)
{
    struct stat status;

    return fstat(fd, &status) == 0 && status.st_size >= RESERVE_OCTETS &&
           status.st_blocks * 512 >= RESERVE_OCTETS / 2;
}

static bool has_room(int fd)
{
    struct statvfs status;

    return fstatvfs(fd, &status) != 0 ||
           (uint64_t)status.f_bavail * status.f_frsize >= RESERVE_OCTETS + SPARE_OCTETS;
}

bool reserve_make(const char *path)
{
    struct bytes name = {0};

    name_reserve(path, &name);
    int fd = open(bytes_str(&name), O_RDWR | O_CREAT | O_CLOEXEC, 0640);
    bool made =
        fd >= 0 && (is_filled(fd) || (has_room(fd) && posix_fallocate(fd, 0, RESERVE_OCTETS) == 0));
    if (fd >= 0)
        close(fd);
    if (!made && fd >= 0)
        unlink(bytes_str(&name)); /* a part of it is of no use here */
    bytes_free(&name);
    return made;
}

void reserve_release(const char *path)
{
    struct bytes name = {0};

    name_reserve(path, &name);
    unlink(bytes_str(&name));
    bytes_free(&name);
}
