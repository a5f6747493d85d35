/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files of one line an event, the access logs: the line_log part of log.h.
 *
 * A line is put together first and written at once; O_APPEND then keeps the
 * lines of all threads and processes that share the file whole. Control
 * characters become '?', except tabs, which people use as separators in their
 * access-log-format.
 */
#include <errno.h>
#include <stdlib.h>

#include "gwlib/log.h"
#include "gwlib/log_sink.h"
#include "gwlib/memory.h"

/* Lines up to here are put together on the stack. */
#define LINE_LOG_STACK_MAX 4096

struct line_log {
    struct log_sink *sink;
    bool gmt;
    bool clean;
};

struct line_log *line_log_open(const char *path, bool gmt, bool clean)
{
    struct log_sink *sink = log_sink_open(path);
    struct line_log *log;

    if (sink == NULL)
        return NULL;
    log = memory_zalloc(1, sizeof(*log));
    *log = (struct line_log){.sink = sink, .gmt = gmt, .clean = clean};
    if (!clean)
        log_sink_begin_marked(sink, gmt);
    return log;
}

static size_t put_line(char *to, const struct line_log *log, struct slice line)
{
    char *start = to;
    size_t i;

    if (!log->clean) {
        memcpy(to, log_time_text(log->gmt), LOG_TIME_LEN);
        to += LOG_TIME_LEN;
        *to++ = ' ';
    }
    for (i = 0; i < line.len; i++) {
        unsigned char c = line.data[i];

        *to++ = (char)((c < ' ' && c != '\t') || c == 0x7F ? '?' : c);
    }
    *to++ = '\n';
    return (size_t)(to - start);
}

void line_log_write(struct line_log *log, struct slice line)
{
    char on_stack[LINE_LOG_STACK_MAX];
    char *text = on_stack;
    size_t needed = LOG_TIME_LEN + 1 + line.len + 1;
    int saved_errno = errno;

    if (log == NULL)
        return;
    if (needed > sizeof(on_stack))
        text = memory_alloc(needed);
    log_sink_write(log->sink, text, put_line(text, log, line));
    if (text != on_stack)
        free(text);
    errno = saved_errno;
}

void line_log_close(struct line_log *log)
{
    if (log == NULL)
        return;
    if (!log->clean)
        log_sink_end_marked(log->sink);
    log_sink_close(log->sink);
    free(log);
}
