/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was written into the modem's memory: see written.h. The file has one line.
 */
#include "gw/smsc/at/written.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gwlib/log.h"
#include "gwlib/memory.h"

#define LINE_MAX_OCTETS 120

static uint64_t hash_of(struct slice text)
{
    uint64_t value = UINT64_C(14695981039346656037);

    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = text.data[i];

        if (c >= 'a' && c <= 'f')
            c = (unsigned char)(c - 'a' + 'A');
        value = (value ^ c) * UINT64_C(1099511628211);
    }
    return value;
}

/* "01234567-... 1 5af3..." */
static void read_line(struct at_written *written, struct slice line)
{
    struct slice id = slice_sub(line, 0, UUID_TEXT_LEN);
    char rest[LINE_MAX_OCTETS];
    unsigned long long hash;
    int part;

    if (line.len <= UUID_TEXT_LEN || line.len - UUID_TEXT_LEN >= sizeof rest)
        return;
    memcpy(rest, line.data + UUID_TEXT_LEN, line.len - UUID_TEXT_LEN);
    rest[line.len - UUID_TEXT_LEN] = '\0';
    if (!uuid_parse(id, &written->id) || sscanf(rest, " %d %llx", &part, &hash) != 2)
        return;
    written->part = part;
    written->hash = hash;
    written->is_there = true;
}

void at_written_open(struct at_written *written, const char *path)
{
    char line[LINE_MAX_OCTETS];
    FILE *file = path != NULL ? fopen(path, "re") : NULL;

    written->path = path != NULL ? memory_strdup(path) : NULL;
    if (file == NULL)
        return;
    read_line(written, slice_trim(slice_of(line, fread(line, 1, sizeof line, file))));
    fclose(file);
}

void at_written_close(struct at_written *written)
{
    free(written->path);
    written->path = NULL;
}

static void save(struct at_written *written)
{
    char id[UUID_TEXT_LEN + 1], line[LINE_MAX_OCTETS];
    int fd, len = 0;

    if (written->path == NULL)
        return;
    uuid_format(&written->id, id);
    if (written->is_there)
        len =
            snprintf(line, sizeof line, "%s %d %016" PRIx64 "\n", id, written->part, written->hash);
    fd = open(written->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if ((fd < 0 || write(fd, line, (size_t)len) != len) && !written->said) {
        log_error("%s: cannot be written: a crash may leave a message in the SIM", written->path);
        written->said = true;
    }
    if (fd >= 0)
        close(fd);
}

void at_written_note(struct at_written *written, const struct uuid *id, int part,
                     struct slice essence)
{
    written->is_there = true;
    written->id = *id;
    written->part = part;
    written->hash = hash_of(essence);
    written->found = AT_WRITTEN_NOT_FOUND;
    save(written);
}

void at_written_forget(struct at_written *written)
{
    if (!written->is_there)
        return;
    written->is_there = false;
    save(written);
}

bool at_written_is(const struct at_written *written, struct slice essence)
{
    return written->is_there && essence.len > 0 && written->hash == hash_of(essence);
}

bool at_written_was_sent(const struct at_written *written, const struct uuid *id, int part)
{
    return written->found == AT_WRITTEN_SENT && written->part == part &&
           uuid_equal(&written->id, id);
}
