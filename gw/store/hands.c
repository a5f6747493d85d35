/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hands - a file beside the store (PATH.hands) that says which MO and reports
 * boxes have in their hands (sqlite.h): the numbers of their entries, mapped
 * into memory. The kernel keeps what is written there when the process is
 * killed, so a note costs no system call and no sync. What is not *received* any
 * more when the store is opened has been settled; the rest may come twice.
 *
 * The file is written with zeros before it is mapped, for a hole has no room
 * on a full disk. It grows when all its places are taken.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uthash.h>

#include "gw/store/sqlite.h"
#include "gwlib/clock.h"
#include "gwlib/log.h"
#include "gwlib/memory.h"

#define PLACES_AT_ONCE 4096                  /* the file grows by so many */
#define PLACES_MOST    (256 * 1024)          /* more is not ours */
#define PATIENCE_MS    10000                 /* after a failure to grow */
#define MARK           INT64_C(0x31646e6168) /* in the first place */

struct note {
    int64_t number;
    size_t place;
    UT_hash_handle hh;
};

struct hands {
    char *path;
    int fd;
    int64_t *places; /* mapped; NULL: there are none */
    size_t count;
    struct note *notes; /* by number */
    size_t *vacant;     /* places, as a stack */
    size_t vacant_count;
    int64_t failed_ms; /* when it could not grow, 0: it could */
};

/* --- the file --------------------------------------------------------------------- */

static bool write_zeros(int fd, size_t from, size_t to)
{
    static const int64_t zeros[PLACES_AT_ONCE];

    return pwrite(fd, zeros, (to - from) * sizeof zeros[0], (off_t)(from * sizeof zeros[0])) ==
           (ssize_t)((to - from) * sizeof zeros[0]);
}

static bool map(struct hands *hands, size_t count)
{
    void *mapped =
        mmap(NULL, count * sizeof *hands->places, PROT_READ | PROT_WRITE, MAP_SHARED, hands->fd, 0);

    if (mapped == MAP_FAILED)
        return false;
    mlock(mapped, count * sizeof *hands->places); /* so that it is never read again */
    if (hands->places != NULL)
        munmap(hands->places, hands->count * sizeof *hands->places);
    hands->places = mapped;
    hands->count = count;
    hands->vacant = memory_realloc(hands->vacant, count, sizeof *hands->vacant);
    return true;
}

static void add_vacant(struct hands *hands, size_t from)
{
    for (size_t place = hands->count; place-- > from;)
        if (place > 0 && hands->places[place] == 0)
            hands->vacant[hands->vacant_count++] = place;
}

static bool open_file(struct hands *hands)
{
    if (hands->fd < 0)
        hands->fd = open(hands->path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
    return hands->fd >= 0;
}

static bool grow(struct hands *hands)
{
    size_t before = hands->count, count = before + PLACES_AT_ONCE;

    if (!open_file(hands) || count > PLACES_MOST || !write_zeros(hands->fd, before, count) ||
        !map(hands, count))
        return false;
    hands->places[0] = MARK;
    add_vacant(hands, before);
    return true;
}

/* What cannot be read must not be mapped: it would end the process. */
static bool is_readable(int fd, size_t count)
{
    int64_t places[PLACES_AT_ONCE];

    for (size_t place = 0; place < count; place += PLACES_AT_ONCE)
        if (pread(fd, places, sizeof places, (off_t)(place * sizeof places[0])) != sizeof places)
            return false;
    return true;
}

static size_t places_in(int fd)
{
    struct stat status;

    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) || status.st_size < 0)
        return 0;
    size_t count = (size_t)status.st_size / sizeof(int64_t) / PLACES_AT_ONCE * PLACES_AT_ONCE;
    return count <= PLACES_MOST && is_readable(fd, count) ? count : 0;
}

struct hands *hands_open(const char *path)
{
    struct hands *hands = memory_zalloc(1, sizeof *hands);
    struct bytes name = {0};
    size_t count;

    bytes_printf(&name, "%s.hands", path);
    hands->path = bytes_take(&name);
    hands->fd = -1;
    count = open_file(hands) ? places_in(hands->fd) : 0;
    if (count > 0 && map(hands, count) && hands->places[0] != MARK)
        memset(hands->places, 0, count * sizeof *hands->places); /* of another machine */
    if (hands->places != NULL)
        hands->places[0] = MARK;
    return hands;
}

void hands_close(struct hands *hands)
{
    struct note *note, *next;

    if (hands == NULL)
        return;
    if (hands->notes == NULL && hands->fd >= 0)
        unlink(hands->path);
    HASH_ITER(hh, hands->notes, note, next)
    {
        HASH_DEL(hands->notes, note);
        free(note);
    }
    if (hands->places != NULL)
        munmap(hands->places, hands->count * sizeof *hands->places);
    if (hands->fd >= 0)
        close(hands->fd);
    free(hands->vacant);
    free(hands->path);
    free(hands);
}

/* --- notes ------------------------------------------------------------------------ */

static void note_place(struct hands *hands, int64_t number, size_t place)
{
    struct note *note = memory_zalloc(1, sizeof *note);

    note->number = number;
    note->place = place;
    HASH_ADD(hh, hands->notes, number, sizeof note->number, note);
}

static void log_unnoted(struct hands *hands)
{
    static struct log_limit limit;

    hands->failed_ms = clock_monotonic_ms();
    log_limited(&limit, LOG_LEVEL_WARNING,
                "store: %s cannot be written (%s): after a crash the log will not name the "
                "messages that boxes had",
                hands->path, strerror(errno));
}

void hands_take(struct hands *hands, int64_t number)
{
    struct note *note;

    HASH_FIND(hh, hands->notes, &number, sizeof number, note);
    if (note != NULL)
        return; /* given again */
    if (hands->vacant_count == 0 &&
        (hands->failed_ms == 0 || clock_monotonic_ms() - hands->failed_ms > PATIENCE_MS) &&
        !grow(hands))
        log_unnoted(hands);
    if (hands->vacant_count == 0)
        return;
    size_t place = hands->vacant[--hands->vacant_count];
    hands->places[place] = number;
    note_place(hands, number, place);
}

void hands_settle(struct hands *hands, int64_t number)
{
    struct note *note;

    HASH_FIND(hh, hands->notes, &number, sizeof number, note);
    if (note == NULL)
        return;
    hands->places[note->place] = 0;
    hands->vacant[hands->vacant_count++] = note->place;
    HASH_DEL(hands->notes, note);
    free(note);
}

/* --- after a crash ---------------------------------------------------------------- */

static void log_in_hands(sqlite3_stmt *statement)
{
    struct slice octets = row_text(statement, 0), sender = row_text(statement, 1),
                 receiver = row_text(statement, 2), box = row_text(statement, 3);
    struct uuid id = {{0}};
    char text[UUID_TEXT_LEN + 1];

    if (octets.len == sizeof id.octets)
        memcpy(id.octets, octets.data, sizeof id.octets);
    uuid_format(&id, text);
    log_warning("%s %s from <%.*s> to <%.*s> was in the hands of box <%.*s> when the gateway "
                "stopped: given again",
                sqlite3_column_int(statement, 4) == STORE_REPORT ? "Delivery report" : "Message",
                text, (int)sender.len, (const char *)sender.data, (int)receiver.len,
                (const char *)receiver.data, (int)box.len, (const char *)box.data);
}

/* One place: kept while its entry waits, else vacant. False on errors of the file. */
static bool look_at(struct hands *hands, sqlite3_stmt *statement, size_t place)
{
    int result;

    sqlite3_reset(statement);
    sqlite3_bind_int64(statement, 1, hands->places[place]);
    result = sqlite3_step(statement);
    if (result == SQLITE_ROW) {
        log_in_hands(statement);
        note_place(hands, hands->places[place], place);
    } else {
        hands->places[place] = 0;
    }
    return result == SQLITE_ROW || result == SQLITE_DONE;
}

static bool is_noted(struct hands *hands, int64_t number)
{
    struct note *note;

    HASH_FIND(hh, hands->notes, &number, sizeof number, note);
    return note != NULL;
}

bool hands_recover(struct hands *hands, struct database *database, int64_t *found)
{
    sqlite3_stmt *statement =
        database_prepare(database, "SELECT id, sender, receiver, queue, kind FROM entry AS e"
                                   " CROSS JOIN content AS c ON c.number = e.number"
                                   " WHERE e.number = ? AND state = 21");
    bool good = statement != NULL;

    for (size_t place = 1; good && place < hands->count; place++) {
        if (hands->places[place] != 0 && is_noted(hands, hands->places[place]))
            hands->places[place] = 0;
        if (hands->places[place] != 0)
            good = look_at(hands, statement, place);
    }
    sqlite3_finalize(statement);
    add_vacant(hands, 0);
    *found = (int64_t)HASH_COUNT(hands->notes);
    return good;
}
