/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The main log and log files: see log.h; the line format is Kannel's.
 *
 * A line is put together on the stack of the thread that logs and goes to each
 * destination by one write(2). Logging takes no lock: destinations are added to
 * a table that only grows, and levels are atomic. Nothing here allocates, so
 * that running out of memory can still be told.
 */
#include "gwlib/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "gwlib/log_sink.h"
#include "gwlib/memory.h"

/* With prefix and line end; also what a pipe takes in one piece (PIPE_BUF). */
#define LOG_LINE_MAX        4096
#define LOG_MAIN_FILES_MAX  8
#define LOG_NOTHING         (LOG_LEVEL_PANIC + 1)
#define LOG_LIMIT_DEFAULT_S 10

struct log_file {
    struct log_sink *sink;
    int level;
};

struct main_file {
    struct log_sink *sink;
    atomic_int level;
};

static struct main_file main_files[LOG_MAIN_FILES_MAX];
static atomic_int main_file_count;
static atomic_int stderr_level = LOG_LEVEL_DEBUG;
static atomic_int syslog_level = LOG_NOTHING;
/* The lowest of all levels of the main log. */
static atomic_int lowest_level = LOG_LEVEL_DEBUG;
/* Guards changes of the destinations. */
static pthread_mutex_t destinations_lock = PTHREAD_MUTEX_INITIALIZER;

static const char *const level_names[] = {"DEBUG", "INFO", "WARNING", "ERROR", "PANIC"};
static const int syslog_priorities[] = {LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERR, LOG_ALERT};

/* --- putting a line together ------------------------------------------- */

/* 0 for the main thread, then as the threads log for the first time. */
static int thread_number(void)
{
    static atomic_int given;
    static _Thread_local int number = -1;

    if (number < 0)
        number = gettid() == getpid() ? 0 : atomic_fetch_add(&given, 1) + 1;
    return number;
}

/* A line and where its parts begin; `text` holds no line end. */
struct log_line {
    char text[LOG_LINE_MAX];
    size_t thread_at; /* "[THREAD] LEVEL: text", what syslog gets */
    size_t len;
};

static void put_prefix(struct log_line *line, enum log_level level)
{
    int n =
        snprintf(line->text, sizeof(line->text), "%s [%ld] ", log_time_text(false), (long)getpid());

    line->thread_at = (size_t)n;
    n += snprintf(line->text + n, sizeof(line->text) - (size_t)n, "[%d] %s: ", thread_number(),
                  level_names[level]);
    line->len = (size_t)n;
}

/* Marks the text as cut at `end`, before a character rather than inside. */
static size_t put_ellipsis(char *text, size_t end)
{
    size_t at = end - 3;

    while (at > 0 && ((unsigned char)text[at] & 0xC0) == 0x80)
        at--;
    memcpy(text + at, "...", 3);
    return at + 3;
}

static void put_text(struct log_line *line, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

static void put_text(struct log_line *line, const char *format, va_list args)
{
    size_t room = sizeof(line->text) - 1 - line->len; /* an octet stays for the line end */
    size_t i = line->len;
    int n = vsnprintf(line->text + line->len, room, format, args);

    if (n < 0)
        return;
    if ((size_t)n < room)
        line->len += (size_t)n;
    else
        line->len = put_ellipsis(line->text, line->len + room - 1);
    for (; i < line->len; i++) {
        unsigned char c = (unsigned char)line->text[i];

        if (c < ' ' || c == 0x7F)
            line->text[i] = '?';
    }
}

/* --- sending it to where it belongs ------------------------------------ */

static void write_main(struct log_line *line, enum log_level level)
{
    int count = atomic_load(&main_file_count);
    int i;

    if ((int)level >= atomic_load(&syslog_level)) {
        syslog(syslog_priorities[level], "%.*s", (int)(line->len - line->thread_at),
               line->text + line->thread_at);
    }
    line->text[line->len] = '\n';
    if ((int)level >= atomic_load(&stderr_level))
        log_write_fd(STDERR_FILENO, line->text, line->len + 1);
    for (i = 0; i < count; i++) {
        if ((int)level >= atomic_load(&main_files[i].level))
            log_sink_write(main_files[i].sink, line->text, line->len + 1);
    }
}

static bool file_wants(const struct log_file *file, enum log_level level)
{
    return file != NULL ? (int)level >= file->level : log_wants(level);
}

void log_to_v(struct log_file *file, enum log_level level, const char *format, va_list args)
{
    struct log_line line;
    int saved_errno = errno;

    if (!file_wants(file, level))
        return;
    put_prefix(&line, level);
    put_text(&line, format, args);
    if (file == NULL) {
        write_main(&line, level);
    } else {
        line.text[line.len] = '\n';
        log_sink_write(file->sink, line.text, line.len + 1);
    }
    errno = saved_errno;
}

void log_to(struct log_file *file, enum log_level level, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    log_to_v(file, level, format, args);
    va_end(args);
}

bool log_wants(enum log_level level)
{
    return (int)level >= atomic_load_explicit(&lowest_level, memory_order_relaxed);
}

void log_debug(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    log_to_v(NULL, LOG_LEVEL_DEBUG, format, args);
    va_end(args);
}

void log_info(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    log_to_v(NULL, LOG_LEVEL_INFO, format, args);
    va_end(args);
}

void log_warning(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    log_to_v(NULL, LOG_LEVEL_WARNING, format, args);
    va_end(args);
}

void log_error(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    log_to_v(NULL, LOG_LEVEL_ERROR, format, args);
    va_end(args);
}

void log_error_errno(int error, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    log_to_v(NULL, LOG_LEVEL_ERROR, format, args);
    va_end(args);
    /* For a number that is an errno value, strerror() gives a constant. */
    log_error("System error %d: %s", error, strerror(error));
}

void log_panic(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    log_to_v(NULL, LOG_LEVEL_PANIC, format, args);
    va_end(args);
    /* Not exit(): its handlers would run under the feet of other threads. */
    _exit(1);
}

void log_bug(const char *file, int line, const char *what)
{
    log_to(NULL, LOG_LEVEL_PANIC, "%s:%d: this must not happen: %s", file, line, what);
    abort();
}

/* --- lines that outsiders can provoke ---------------------------------- */

static int64_t monotonic_seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec + 1; /* so that 0 lies before every moment */
}

/* Whether a line may pass now, and how many were left out before it. */
static bool limit_passes(struct log_limit *limit, unsigned *left_out)
{
    static pthread_mutex_t limits_lock = PTHREAD_MUTEX_INITIALIZER;
    int64_t now = monotonic_seconds();
    bool passes;

    pthread_mutex_lock(&limits_lock);
    passes = now >= limit->next;
    if (passes) {
        *left_out = limit->suppressed;
        limit->suppressed = 0;
        limit->next = now + (limit->interval_s > 0 ? limit->interval_s : LOG_LIMIT_DEFAULT_S);
    } else {
        limit->suppressed++;
    }
    pthread_mutex_unlock(&limits_lock);
    return passes;
}

void log_limited(struct log_limit *limit, enum log_level level, const char *format, ...)
{
    char text[LOG_LINE_MAX / 2];
    unsigned left_out;
    va_list args;

    if (!log_wants(level) || !limit_passes(limit, &left_out))
        return;
    va_start(args, format);
    if (left_out == 0) {
        log_to_v(NULL, level, format, args);
    } else if (vsnprintf(text, sizeof(text), format, args) >= 0) {
        log_to(NULL, level, "%s (%u lines like this one were left out)", text, left_out);
    }
    va_end(args);
}

/* --- destinations ------------------------------------------------------ */

static int lower(int a, int b)
{
    return a < b ? a : b;
}

/* With destinations_lock held. */
static void update_lowest_level(void)
{
    int lowest = lower(atomic_load(&stderr_level), atomic_load(&syslog_level));
    int i;

    for (i = 0; i < atomic_load(&main_file_count); i++)
        lowest = lower(lowest, atomic_load(&main_files[i].level));
    atomic_store(&lowest_level, lowest);
}

void log_set_stderr_level(int level)
{
    pthread_mutex_lock(&destinations_lock);
    atomic_store(&stderr_level, level);
    update_lowest_level();
    pthread_mutex_unlock(&destinations_lock);
}

/* With destinations_lock held. The same file twice would double each line: the
 * later level counts. */
static bool add_main_sink(struct log_sink *sink, int level)
{
    int count = atomic_load(&main_file_count);
    int i;

    for (i = 0; i < count; i++) {
        if (main_files[i].sink == sink) {
            atomic_store(&main_files[i].level, level);
            log_sink_close(sink);
            return true;
        }
    }
    if (count == LOG_MAIN_FILES_MAX) {
        log_sink_close(sink);
        return false;
    }
    main_files[count].sink = sink;
    atomic_store(&main_files[count].level, level);
    atomic_store(&main_file_count, count + 1);
    return true;
}

bool log_add_main_file(const char *path, int level)
{
    struct log_sink *sink = log_sink_open(path);
    bool added;

    if (sink == NULL)
        return false;
    pthread_mutex_lock(&destinations_lock);
    added = add_main_sink(sink, level);
    update_lowest_level();
    pthread_mutex_unlock(&destinations_lock);
    if (!added)
        log_error("More than %d main log files, `%s' is left out.", LOG_MAIN_FILES_MAX, path);
    return added;
}

void log_set_file_level(int level)
{
    int i;

    pthread_mutex_lock(&destinations_lock);
    for (i = 0; i < atomic_load(&main_file_count); i++)
        atomic_store(&main_files[i].level, level);
    update_lowest_level();
    pthread_mutex_unlock(&destinations_lock);
}

static bool facility_by_name(const char *name, int *facility)
{
    static const struct {
        const char *name;
        int facility;
    } facilities[] = {
        {"auth", LOG_AUTH},     {"authpriv", LOG_AUTHPRIV}, {"cron", LOG_CRON},
        {"daemon", LOG_DAEMON}, {"ftp", LOG_FTP},           {"kern", LOG_KERN},
        {"lpr", LOG_LPR},       {"mail", LOG_MAIL},         {"news", LOG_NEWS},
        {"syslog", LOG_SYSLOG}, {"user", LOG_USER},         {"uucp", LOG_UUCP},
        {"local0", LOG_LOCAL0}, {"local1", LOG_LOCAL1},     {"local2", LOG_LOCAL2},
        {"local3", LOG_LOCAL3}, {"local4", LOG_LOCAL4},     {"local5", LOG_LOCAL5},
        {"local6", LOG_LOCAL6}, {"local7", LOG_LOCAL7},
    };
    size_t i;

    for (i = 0; i < sizeof(facilities) / sizeof(facilities[0]); i++) {
        if (strcmp(name, facilities[i].name) == 0) {
            *facility = facilities[i].facility;
            return true;
        }
    }
    return false;
}

bool log_set_syslog(const char *ident, const char *facility, int level)
{
    static char kept_ident[64]; /* syslog keeps the pointer */
    int number;

    if (!facility_by_name(facility, &number))
        return false;
    pthread_mutex_lock(&destinations_lock);
    snprintf(kept_ident, sizeof(kept_ident), "%s", ident);
    openlog(kept_ident, LOG_PID, number);
    atomic_store(&syslog_level, level);
    update_lowest_level();
    pthread_mutex_unlock(&destinations_lock);
    return true;
}

struct log_file *log_file_open(const char *path, int level)
{
    struct log_sink *sink = log_sink_open(path);
    struct log_file *file;

    if (sink == NULL)
        return NULL;
    file = memory_zalloc(1, sizeof(*file));
    *file = (struct log_file){.sink = sink, .level = level};
    return file;
}

void log_file_close(struct log_file *file)
{
    if (file == NULL)
        return;
    log_sink_close(file->sink);
    free(file);
}

void log_reopen_all(void)
{
    log_sink_reopen_all();
}

void log_shutdown(void)
{
    int count, i;

    pthread_mutex_lock(&destinations_lock);
    count = atomic_exchange(&main_file_count, 0);
    if (atomic_exchange(&syslog_level, LOG_NOTHING) != LOG_NOTHING)
        closelog();
    update_lowest_level();
    pthread_mutex_unlock(&destinations_lock);
    log_sink_shutdown_all();
    for (i = 0; i < count; i++)
        log_sink_close(main_files[i].sink);
}
