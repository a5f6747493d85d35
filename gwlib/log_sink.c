/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Log files, shared by path and reopened in place: see log_sink.h.
 *
 * The list of sinks and the marker counts are guarded by sinks_lock; the
 * descriptor of a sink is only read by writers. Reports about files that cannot
 * be opened go to the main log, which takes no lock, so they may be written
 * while sinks_lock is held.
 */
#include "gwlib/log_sink.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "gwlib/log.h"
#include "gwlib/memory.h"

/* Message texts stand in these files: no business of everybody's. */
#define LOG_FILE_MODE 0640

struct log_sink {
    char *path;
    atomic_int fd; /* -1 after shutdown */
    unsigned users;
    unsigned marked; /* pairs of begin and end that are open */
    bool marker_gmt;
    struct log_sink *next;
};

static pthread_mutex_t sinks_lock = PTHREAD_MUTEX_INITIALIZER;
static struct log_sink *sinks;

static int open_append(const char *path)
{
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, LOG_FILE_MODE);

    if (fd < 0)
        log_error_errno(errno, "Could not open log file `%s'", path);
    return fd;
}

static struct log_sink *find_sink(const char *path)
{
    struct log_sink *sink;

    for (sink = sinks; sink != NULL; sink = sink->next) {
        if (strcmp(sink->path, path) == 0)
            return sink;
    }
    return NULL;
}

static struct log_sink *add_sink(const char *path)
{
    int fd = open_append(path);
    struct log_sink *sink;

    if (fd < 0)
        return NULL;
    sink = memory_zalloc(1, sizeof(*sink));
    sink->path = memory_strdup(path);
    atomic_init(&sink->fd, fd);
    sink->next = sinks;
    sinks = sink;
    return sink;
}

struct log_sink *log_sink_open(const char *path)
{
    struct log_sink *sink;

    pthread_mutex_lock(&sinks_lock);
    sink = find_sink(path);
    if (sink == NULL)
        sink = add_sink(path);
    if (sink != NULL)
        sink->users++;
    pthread_mutex_unlock(&sinks_lock);
    return sink;
}

static void remove_sink(struct log_sink *sink)
{
    struct log_sink **at = &sinks;

    while (*at != sink)
        at = &(*at)->next;
    *at = sink->next;
    if (atomic_load(&sink->fd) >= 0)
        close(atomic_load(&sink->fd));
    free(sink->path);
    free(sink);
}

void log_sink_close(struct log_sink *sink)
{
    if (sink == NULL)
        return;
    pthread_mutex_lock(&sinks_lock);
    LOG_ASSERT(sink->users > 0);
    if (--sink->users == 0)
        remove_sink(sink);
    pthread_mutex_unlock(&sinks_lock);
}

void log_write_fd(int fd, const char *text, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, text, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return; /* a log that cannot be written is not a reason to stop */
        text += n;
        len -= (size_t)n;
    }
}

void log_sink_write(const struct log_sink *sink, const char *text, size_t len)
{
    int fd = atomic_load_explicit(&sink->fd, memory_order_relaxed);

    if (fd >= 0)
        log_write_fd(fd, text, len);
}

static void write_marker(const struct log_sink *sink, const char *what)
{
    char line[LOG_TIME_LEN + 32];
    int len = snprintf(line, sizeof(line), "%s %s\n", log_time_text(sink->marker_gmt), what);

    log_sink_write(sink, line, (size_t)len);
}

void log_sink_begin_marked(struct log_sink *sink, bool gmt)
{
    pthread_mutex_lock(&sinks_lock);
    if (sink->marked++ == 0) {
        sink->marker_gmt = gmt;
        write_marker(sink, "Log begins");
    }
    pthread_mutex_unlock(&sinks_lock);
}

void log_sink_end_marked(struct log_sink *sink)
{
    pthread_mutex_lock(&sinks_lock);
    LOG_ASSERT(sink->marked > 0);
    if (--sink->marked == 0)
        write_marker(sink, "Log ends");
    pthread_mutex_unlock(&sinks_lock);
}

/* A file that cannot be opened again stays what it was: rather a log in the
 * wrong place than none. */
static void reopen_sink(struct log_sink *sink)
{
    int fd = open_append(sink->path);

    if (fd < 0)
        return;
    if (sink->marked > 0)
        write_marker(sink, "Log ends");
    if (dup3(fd, atomic_load(&sink->fd), O_CLOEXEC) < 0)
        log_error_errno(errno, "Could not reopen log file `%s'", sink->path);
    close(fd);
    if (sink->marked > 0)
        write_marker(sink, "Log begins");
}

void log_sink_reopen_all(void)
{
    struct log_sink *sink;

    pthread_mutex_lock(&sinks_lock);
    for (sink = sinks; sink != NULL; sink = sink->next) {
        if (atomic_load(&sink->fd) >= 0)
            reopen_sink(sink);
    }
    pthread_mutex_unlock(&sinks_lock);
}

void log_sink_shutdown_all(void)
{
    struct log_sink *sink;

    pthread_mutex_lock(&sinks_lock);
    for (sink = sinks; sink != NULL; sink = sink->next) {
        int fd;

        if (sink->marked > 0)
            write_marker(sink, "Log ends");
        fd = atomic_exchange(&sink->fd, -1);
        if (fd >= 0)
            close(fd);
    }
    pthread_mutex_unlock(&sinks_lock);
}

const char *log_time_text(bool gmt)
{
    static _Thread_local struct {
        time_t second;
        char text[LOG_TIME_LEN + 1];
    } cache[2];
    time_t now = time(NULL);
    struct tm tm;

    if (cache[gmt].text[0] != '\0' && cache[gmt].second == now)
        return cache[gmt].text;
    cache[gmt].second = now;
    if ((gmt ? gmtime_r(&now, &tm) : localtime_r(&now, &tm)) == NULL ||
        strftime(cache[gmt].text, sizeof(cache[gmt].text), "%Y-%m-%d %H:%M:%S", &tm) == 0)
        memcpy(cache[gmt].text, "0000-00-00 00:00:00", LOG_TIME_LEN + 1);
    return cache[gmt].text;
}
