/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log - the main log, log files, and files of one line an event.
 *
 * Line format (Kannel's, read by people's log watchers):
 *
 *   2026-11-21 01:58:53 [29568] [0] INFO: text
 *
 * local time, process id, a small thread number (0 is the main thread). The
 * lowest layer that knows the cause logs it; callers add context, not copies.
 * Control characters in the text are written as '?' so that outside data
 * cannot forge a line, and a line ends after 4 KiB with "...". All functions
 * may be called from any thread; none fails: a log that cannot be written is
 * not a reason to stop.
 */
#ifndef GWLIB_LOG_H
#define GWLIB_LOG_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

#include "gwlib/bytes.h"

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARNING, LOG_LEVEL_ERROR, LOG_LEVEL_PANIC };

/* A further destination; see log_file_open(). */
struct log_file;

void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* As log_error(), and a second line "System error N: text" for an errno value. */
void log_error_errno(int error, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Logs and ends the process with exit status 1, without atexit() handlers
 * (other threads still run); log_bug(), for a broken invariant of our own, by
 * abort(). */
void log_panic(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
void log_bug(const char *file, int line, const char *what) __attribute__((noreturn));

/* An invariant of ours; stays in release builds. */
#define LOG_ASSERT(condition) ((condition) ? (void)0 : log_bug(__FILE__, __LINE__, #condition))

/*
 * To one log only: file NULL means the main log (standard error, the main log
 * file, syslog), else that file and nothing else. For links with a log of
 * their own.
 */
void log_to(struct log_file *file, enum log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void log_to_v(struct log_file *file, enum log_level level, const char *format, va_list args)
    __attribute__((format(printf, 3, 0)));

/* Whether anybody would see a line of this level in the main log: saves the
 * work of making an expensive text. */
bool log_wants(enum log_level level);

/*
 * A rate limit for lines that outsiders can provoke: at most one line in
 * interval_s seconds; the next line that passes says how many were left out.
 * One static object a place; zero initialised except the interval.
 */
struct log_limit {
    unsigned interval_s; /* 0 means 10 */
    int64_t next;        /* monotonic seconds; guarded inside */
    unsigned suppressed;
};
void log_limited(struct log_limit *limit, enum log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* --- destinations ------------------------------------------------------ */

/* Lowest level on standard error; LOG_LEVEL_PANIC + 1 for nothing. */
void log_set_stderr_level(int level);
/* Adds a main log file; false (and a log line) when it cannot be opened. */
bool log_add_main_file(const char *path, int level);
/* Changes the level of all main log files (the admin command log-level). */
void log_set_file_level(int level);
/* Also to syslog from this level on; facility by name ("daemon", "local0").
 * False when the name is unknown. */
bool log_set_syslog(const char *ident, const char *facility, int level);

/*
 * A log of its own with the main log's line format. NULL and a log line when it
 * cannot be opened. The same path given twice is one file, counted.
 */
struct log_file *log_file_open(const char *path, int level);
void log_file_close(struct log_file *file);

/*
 * A file of bare lines (the access log): appended with one write each, with a
 * time prefix "YYYY-MM-DD hh:mm:ss " unless clean, and the marker lines
 * "Log begins" and "Log ends" as Kannel writes them.
 */
struct line_log;
struct line_log *line_log_open(const char *path, bool gmt, bool clean);
void line_log_write(struct line_log *log, struct slice line); /* no line end in it; log may be NULL */
void line_log_close(struct line_log *log);

/* Closes and opens every file again by name (SIGHUP, after logrotate). */
void log_reopen_all(void);
/* Closes everything, with the markers of access logs that are still open; for
 * the end of main(). Standard error goes on, and log_file and line_log objects
 * can still be closed; what is written to them goes nowhere. */
void log_shutdown(void);

#endif
