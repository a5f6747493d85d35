/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gwmodem terminal: a dialogue by hand. On a terminal a line can be edited
 * (backspace, Ctrl-U), and earlier lines come back with the arrow keys; Ctrl-Z
 * ends a message and ESC leaves one, as the modem wants it; Ctrl-D ends. From a
 * pipe, lines are sent as they come, each when the one before was answered.
 */
#include <stdio.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include "gw/tools/gwmodem.h"
#include "gwlib/clock.h"
#include "gwlib/memory.h"

enum { HISTORY = 100, IDLE_MS = 60000, PIPE_WAIT_MS = 5000, LINE_MAX_OCTETS = 1024 };
enum { CTRL_D = 4, BACKSPACE = 8, CTRL_U = 21, CTRL_Z = 26, ESCAPE = 27, DELETE = 127 };

struct terminal {
    struct at_port *port;
    struct bytes line;       /* being typed */
    char *history[HISTORY];  /* the newest last */
    size_t count, shown;     /* shown: which one is in the line; count: none */
    unsigned char escape[3]; /* of an arrow key, so far */
    size_t escape_len;
    bool over;
};

/* --- the line ---------------------------------------------------------------------- */

static void show(const char *text)
{
    fputs(text, stdout);
    fflush(stdout);
}

static void redraw(struct terminal *terminal)
{
    printf("\r\x1b[K%s", bytes_str(&terminal->line));
    fflush(stdout);
}

static void remember(struct terminal *terminal)
{
    if (terminal->line.len == 0)
        return;
    if (terminal->count == HISTORY) {
        free(terminal->history[0]);
        memmove(terminal->history, terminal->history + 1, (HISTORY - 1) * sizeof(char *));
        terminal->count--;
    }
    terminal->history[terminal->count++] = memory_strdup(bytes_str(&terminal->line));
}

static bool send_line(struct terminal *terminal, const char *end)
{
    bytes_append_str(&terminal->line, end);
    if (at_port_write(terminal->port, bytes_slice(&terminal->line)) != AT_PORT_OK)
        return false;
    bytes_clear(&terminal->line);
    terminal->shown = terminal->count;
    return true;
}

static void recall(struct terminal *terminal, int step)
{
    if ((step < 0 && terminal->shown == 0) || (step > 0 && terminal->shown >= terminal->count))
        return;
    terminal->shown = step < 0 ? terminal->shown - 1 : terminal->shown + 1;
    bytes_clear(&terminal->line);
    if (terminal->shown < terminal->count)
        bytes_append_str(&terminal->line, terminal->history[terminal->shown]);
    redraw(terminal);
}

/* ESC [ A and ESC [ B are arrows; an ESC alone is for the modem. */
static bool take_escape(struct terminal *terminal, unsigned char c)
{
    terminal->escape[terminal->escape_len++] = c;
    if (terminal->escape_len == 2 && c == '[')
        return true;
    if (terminal->escape_len == 3) {
        if (c == 'A' || c == 'B')
            recall(terminal, c == 'A' ? -1 : 1);
        terminal->escape_len = 0;
        return true;
    }
    terminal->escape_len = 0;
    return false;
}

static bool take_key(struct terminal *terminal, unsigned char c)
{
    if (terminal->escape_len > 0 && take_escape(terminal, c))
        return true;
    switch (c) {
    case CTRL_D:
        terminal->over = true;
        return true;
    case '\r':
    case '\n':
        remember(terminal);
        show("\r\n");
        return send_line(terminal, "\r");
    case CTRL_Z:
        show("^Z\r\n");
        return send_line(terminal, "\x1a");
    case BACKSPACE:
    case DELETE:
        if (terminal->line.len > 0)
            bytes_truncate(&terminal->line, terminal->line.len - 1);
        redraw(terminal);
        return true;
    case CTRL_U:
        bytes_clear(&terminal->line);
        redraw(terminal);
        return true;
    default:
        if (c >= ' ' && terminal->line.len < LINE_MAX_OCTETS) {
            bytes_append_char(&terminal->line, c);
            putchar(c);
            fflush(stdout);
        }
        return true;
    }
}

/* An ESC with nothing behind it in the same read was the key. */
static bool take_keys(struct terminal *terminal, const unsigned char *keys, size_t count)
{
    for (size_t i = 0; i < count && !terminal->over; i++) {
        if (keys[i] == ESCAPE && terminal->escape_len == 0) {
            if (i + 1 < count) {
                terminal->escape_len = 1;
                continue;
            }
            bytes_clear(&terminal->line);
            if (!send_line(terminal, "\x1b"))
                return false;
        } else if (!take_key(terminal, keys[i])) {
            return false;
        }
    }
    return true;
}

/* --- the dialogue ------------------------------------------------------------------------ */

static bool show_answer(struct terminal *terminal, int wake_fd, int64_t deadline,
                        enum at_port_result *result)
{
    unsigned char data[1024];
    size_t len = 0;

    *result = at_port_read(terminal->port, wake_fd, deadline, data, sizeof data, &len);
    if (*result == AT_PORT_OK) {
        fwrite(data, 1, len, stdout);
        fflush(stdout);
    }
    return *result != AT_PORT_GONE;
}

static bool converse(struct terminal *terminal)
{
    unsigned char keys[256];
    enum at_port_result result;
    ssize_t got;

    while (!terminal->over) {
        if (!show_answer(terminal, STDIN_FILENO, clock_monotonic_ms() + IDLE_MS, &result))
            return false;
        if (result != AT_PORT_WOKEN)
            continue;
        got = read(STDIN_FILENO, keys, sizeof keys);
        if (got <= 0)
            return true;
        if (!take_keys(terminal, keys, (size_t)got))
            return false;
    }
    return true;
}

static bool is_final(struct slice text)
{
    static const char *const ends[] = {"OK", "ERROR", "NO CARRIER", "BUSY", "NO ANSWER"};
    struct slice line;

    while (slice_next_item(&text, '\n', &line)) {
        line = slice_trim(line);
        for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
            if (slice_equal_str(line, ends[i]))
                return true;
        if (slice_starts_with(line, slice_str("+CMS ERROR")) ||
            slice_starts_with(line, slice_str("+CME ERROR")))
            return true;
    }
    return false;
}

/* Until the answer is complete, a prompt is there, or the time is up. */
static bool show_whole_answer(struct terminal *terminal)
{
    int64_t deadline = clock_monotonic_ms() + PIPE_WAIT_MS;
    struct bytes answer = {0};
    unsigned char data[1024];
    enum at_port_result result = AT_PORT_OK;
    size_t len;

    while (result == AT_PORT_OK && !is_final(bytes_slice(&answer)) &&
           !(answer.len >= 2 && memcmp(answer.data + answer.len - 2, "> ", 2) == 0)) {
        result = at_port_read(terminal->port, -1, deadline, data, sizeof data, &len);
        if (result == AT_PORT_OK) {
            bytes_append(&answer, data, len);
            fwrite(data, 1, len, stdout);
        }
    }
    bytes_free(&answer);
    fflush(stdout);
    return result != AT_PORT_GONE;
}

static bool work_through(struct terminal *terminal)
{
    char line[LINE_MAX_OCTETS];

    while (fgets(line, sizeof line, stdin) != NULL) {
        bytes_append_slice(&terminal->line, slice_trim(slice_str(line)));
        if (terminal->line.len == 0)
            continue;
        if (!send_line(terminal,
                       terminal->line.data[terminal->line.len - 1] == CTRL_Z ? "" : "\r") ||
            !show_whole_answer(terminal))
            return false;
    }
    return true;
}

static bool converse_raw(struct terminal *terminal)
{
    struct termios before, raw;
    bool well;

    if (tcgetattr(STDIN_FILENO, &before) != 0)
        return work_through(terminal);
    raw = before;
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ISIG | IEXTEN);
    raw.c_iflag &= ~(tcflag_t)(ICRNL | IXON);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    tcsetattr(STDIN_FILENO, TCSANOW, &raw);
    printf("Ctrl-D ends, the arrow keys bring earlier lines back.\r\n");
    well = converse(terminal);
    tcsetattr(STDIN_FILENO, TCSANOW, &before);
    return well;
}

int gwmodem_terminal(const struct options *options)
{
    struct terminal terminal = {0};
    struct link link = {0};
    bool well;

    if (!modem_open(&link, options, options->words[0]))
        return EXIT_TROUBLE;
    terminal.port = link.port;
    well = isatty(STDIN_FILENO) ? converse_raw(&terminal) : work_through(&terminal);
    if (!well)
        fprintf(stderr, "gwmodem: the device is gone\n");
    for (size_t i = 0; i < terminal.count; i++)
        free(terminal.history[i]);
    bytes_free(&terminal.line);
    link_close(&link);
    return well ? EXIT_WELL : EXIT_TROUBLE;
}
