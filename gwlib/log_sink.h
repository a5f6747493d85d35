/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log_sink - the files behind log.h: opened by name, shared, reopened.
 *
 * For log.c and line_log.c only. A path that is opened twice in a process is
 * one sink, counted. Writing takes no lock: a sink keeps its descriptor number
 * for life, and reopening replaces the file behind the number in one step
 * (dup3), so that a line goes to the old file or to the new one. All functions
 * may be called from any thread.
 */
#ifndef GWLIB_LOG_SINK_H
#define GWLIB_LOG_SINK_H

#include <stdbool.h>
#include <stddef.h>

struct log_sink;

/* NULL and a line in the main log when the file cannot be opened. */
struct log_sink *log_sink_open(const char *path);
/* NULL is fine. */
void log_sink_close(struct log_sink *sink);

/* Appends by one write(2). */
void log_sink_write(const struct log_sink *sink, const char *text, size_t len);
void log_write_fd(int fd, const char *text, size_t len);

/*
 * The lines "TIME Log begins" and "TIME Log ends" around what is written
 * between two calls of these, and around every reopening in between. Several
 * pairs on one sink nest; the first one says how time is told.
 */
void log_sink_begin_marked(struct log_sink *sink, bool gmt);
void log_sink_end_marked(struct log_sink *sink);

void log_sink_reopen_all(void);
/* Writes the markers that are due and closes the files; what is written to a
 * sink after that goes nowhere. */
void log_sink_shutdown_all(void);

#define LOG_TIME_LEN 19 /* YYYY-MM-DD hh:mm:ss */

/* The time of now, NUL-terminated; valid until the thread asks again. */
const char *log_time_text(bool gmt);

#endif
