/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which PINs were tried: see pin_memory.h. The file is small and is written as a
 * whole, to another name first.
 */
#include "gw/smsc/at/pin_memory.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "gwlib/log.h"
#include "gwlib/memory.h"

#define FILE_MAX (1024 * 1024)

static const char *const words[] = {
    [AT_PIN_NEW] = "new", [AT_PIN_TRIED] = "tried", [AT_PIN_REFUSED] = "refused"};

void at_pin_memory_open(struct at_pin_memory *memory, const char *path)
{
    unsigned char data[4096];
    size_t got;
    FILE *file;

    memory->path = path != NULL ? memory_strdup(path) : NULL;
    file = path != NULL ? fopen(path, "re") : NULL;
    if (file == NULL)
        return;
    while (memory->lines.len < FILE_MAX && (got = fread(data, 1, sizeof data, file)) > 0)
        bytes_append(&memory->lines, data, got);
    fclose(file);
}

void at_pin_memory_close(struct at_pin_memory *memory)
{
    free(memory->path);
    memory->path = NULL;
    bytes_free(&memory->lines);
}

/* "8949... 5af3... " - what a line begins with. The PIN itself is not kept. */
static void key_of(struct bytes *key, struct slice sim, const char *pin)
{
    uint64_t hash = UINT64_C(14695981039346656037);

    for (size_t i = 0; i < sim.len; i++)
        hash = (hash ^ sim.data[i]) * UINT64_C(1099511628211);
    for (; *pin != '\0'; pin++)
        hash = (hash ^ (unsigned char)*pin) * UINT64_C(1099511628211);
    bytes_append_slice(key, sim);
    bytes_printf(key, " %016" PRIx64 " ", hash);
}

enum at_pin_state at_pin_memory_ask(const struct at_pin_memory *memory, struct slice sim,
                                    const char *pin)
{
    struct slice rest = bytes_slice(&memory->lines), line;
    enum at_pin_state state = AT_PIN_NEW;
    struct bytes key = {0};

    key_of(&key, sim, pin);
    while (slice_next_item(&rest, '\n', &line))
        if (slice_starts_with(line, bytes_slice(&key)))
            state = slice_equal_str(slice_sub(line, key.len, line.len), words[AT_PIN_REFUSED])
                        ? AT_PIN_REFUSED
                        : AT_PIN_TRIED;
    bytes_free(&key);
    return state;
}

static bool write_all(int fd, struct slice data)
{
    while (data.len > 0) {
        ssize_t put = write(fd, data.data, data.len);

        if (put <= 0)
            return false;
        data = slice_sub(data, (size_t)put, data.len);
    }
    return fdatasync(fd) == 0;
}

static bool save(const struct at_pin_memory *memory)
{
    struct bytes fresh = {0};
    bool done;
    int fd;

    if (memory->path == NULL)
        return true;
    bytes_printf(&fresh, "%s.new", memory->path);
    fd = open(bytes_str(&fresh), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    done = fd >= 0 && write_all(fd, bytes_slice(&memory->lines));
    if (fd >= 0)
        close(fd);
    done = done && rename(bytes_str(&fresh), memory->path) == 0;
    if (!done)
        log_error("%s: cannot be written: which PIN was tried is not kept", memory->path);
    bytes_free(&fresh);
    return done;
}

bool at_pin_memory_note(struct at_pin_memory *memory, struct slice sim, const char *pin,
                        enum at_pin_state state)
{
    struct slice rest = bytes_slice(&memory->lines), line;
    struct bytes key = {0}, lines = {0};

    key_of(&key, sim, pin);
    while (slice_next_item(&rest, '\n', &line))
        if (line.len > 0 && !slice_starts_with(line, bytes_slice(&key))) {
            bytes_append_slice(&lines, line);
            bytes_append_char(&lines, '\n');
        }
    if (state != AT_PIN_NEW)
        bytes_printf(&lines, "%s%s\n", bytes_str(&key), words[state]);
    bytes_free(&key);
    bytes_free(&memory->lines);
    memory->lines = lines;
    return save(memory);
}
