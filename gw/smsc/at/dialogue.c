/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The dialogue with a modem: see dialogue.h.
 */
#include "gw/smsc/at/dialogue.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "gw/sms/cause.h"
#include "gw/smsc/at/text_mode.h"
#include "gwlib/clock.h"
#include "gwlib/memory.h"

#define LINE_MAX_OCTETS   4096 /* longer is noise, dropped to its end */
#define ANSWER_MAX_OCTETS (256 * 1024)
#define AFTER_RESTART_MS  200 /* without a line, until the next command */

struct at_dialogue {
    struct at_port *port;
    char *name;
    struct log_file *file;
    struct bytes line;        /* being assembled */
    bool too_long;            /* its rest is dropped */
    const char *prefix;       /* in front of commands, or NULL */
    struct bytes sent;        /* the running command: its echo is no answer */
    struct at_answer *answer; /* of the running command, NULL: none runs */
    bool finished;            /* a final result came */
    bool numeric;             /* ATV0 is possible: "0" is OK */
    bool wants_prompt;
    bool sends;         /* it is a message: +CMGS: belongs to it */
    bool asks_only;     /* it is AT: no error of a message can belong to it */
    struct bytes asked; /* "+CPIN": the answer's prefix, or empty */
    bool was_silent;    /* the last questions came back without an echo */
    bool was_reset;     /* and now one came back with it */
    bool doubles;       /* it has said OK when nothing was asked, behind an answer */
    bool answered;      /* the last command was, so that no OK is due */
    bool echoes;        /* it repeats what it is told, whatever it was told about that */
    bool secret;        /* the running command is not to be logged */
    long text_due;      /* text mode: so many characters of a message follow; 0: none */
    bool text_begun;
    struct at_unasked unasked;
};

/* --- the log -------------------------------------------------------------------- */

/* Control characters as ^X, so that a dialogue reads as it was. */
static void show(const struct at_dialogue *dialogue, const char *arrow, struct slice text)
{
    struct bytes shown = {0};

    if (dialogue->file == NULL && !log_wants(LOG_LEVEL_DEBUG))
        return;
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < 0x20) {
            bytes_append_char(&shown, '^');
            bytes_append_char(&shown, (unsigned char)(text.data[i] + '@'));
        } else {
            bytes_append_char(&shown, text.data[i]);
        }
    }
    log_to(dialogue->file, LOG_LEVEL_DEBUG, "%s: %s %s", dialogue->name, arrow, bytes_str(&shown));
    bytes_free(&shown);
}

/* AT+CPIN="1234" as AT+CPIN=**** */
static void show_secret(const struct at_dialogue *dialogue, const char *arrow, struct slice text)
{
    struct bytes masked = {0};

    bytes_append_slice(&masked, slice_sub(text, 0, slice_find(text, '=', 0)));
    bytes_append_str(&masked, "=****");
    show(dialogue, arrow, bytes_slice(&masked));
    bytes_free(&masked);
}

static void show_sent(const struct at_dialogue *dialogue, struct slice text)
{
    if (dialogue->secret)
        show_secret(dialogue, "-->", text);
    else
        show(dialogue, "-->", text);
}

/* --- events ------------------------------------------------------------------------ */

struct at_event *at_next_event(struct at_dialogue *dialogue)
{
    return at_unasked_next(&dialogue->unasked);
}

struct at_event *at_next_event_of(struct at_dialogue *dialogue, enum at_event_kind kind)
{
    return at_unasked_next_of(&dialogue->unasked, kind);
}

const struct at_event *at_peek_events(const struct at_dialogue *dialogue)
{
    return dialogue->unasked.events;
}

void at_forget_restarts(struct at_dialogue *dialogue)
{
    at_unasked_forget(&dialogue->unasked, AT_EVENT_RESTARTED);
}

bool at_has_restarted(const struct at_dialogue *dialogue)
{
    return at_unasked_has(&dialogue->unasked, AT_EVENT_RESTARTED);
}

/* --- answers ------------------------------------------------------------------------ */

static void finish(struct at_dialogue *dialogue, enum at_final final)
{
    dialogue->answer->final = final;
    dialogue->finished = true;
    dialogue->answered = final == AT_OK;
}

/* Of a call that somebody makes or ends: no command of ours is answered so. */
static bool is_about_a_call(struct slice line)
{
    static const char *const words[] = {"NO CARRIER", "BUSY", "NO ANSWER", "NO DIALTONE"};

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (slice_equal_str(line, words[i]))
            return true;
    return false;
}

static bool take_final(struct at_dialogue *dialogue, struct slice line)
{
    static const char *const failures[] = {"ABORTED", "COMMAND NOT SUPPORT", "TOO MANY PARAMETERS"};
    const struct cause *cause;
    int code;

    if (slice_equal_str(line, "OK") || (dialogue->numeric && slice_equal_str(line, "0"))) {
        if (!dialogue->wants_prompt) /* else it is an earlier command's, said once more */
            finish(dialogue, AT_OK);
        return true;
    }
    if (is_about_a_call(line))
        return true;
    for (size_t i = 0; i < sizeof failures / sizeof failures[0]; i++)
        if (slice_equal_str(line, failures[i])) {
            bytes_append_slice(&dialogue->answer->error, line);
            finish(dialogue, AT_ERROR);
            return true;
        }
    if (!cause_parse(line, &cause, &code))
        return false;
    bytes_append_slice(&dialogue->answer->error, line);
    finish(dialogue, AT_ERROR);
    return true;
}

static void take_text(struct at_dialogue *dialogue, struct slice line)
{
    struct bytes *lines = &dialogue->answer->lines;

    if (lines->len + line.len > ANSWER_MAX_OCTETS)
        return;
    if (lines->len > 0)
        bytes_append_char(lines, '\n');
    bytes_append_slice(lines, line);
}

/* Whether the line is the running command, as the modem was told to repeat it. */
static bool take_echo(struct at_dialogue *dialogue, struct slice line)
{
    if (line.data[line.len - 1] == 0x1a)
        line.len--;
    if (dialogue->prefix != NULL && slice_starts_with(line, slice_str(dialogue->prefix)))
        line = slice_sub(line, strlen(dialogue->prefix), line.len);
    if (dialogue->sent.len == 0 || !slice_equal(line, slice_trim(bytes_slice(&dialogue->sent))))
        return false;
    if (dialogue->secret)
        show_secret(dialogue, "<--", line);
    else
        show(dialogue, "<--", line);
    bytes_clear(&dialogue->sent); /* once */
    if (dialogue->was_silent) {   /* it had been turned off: the modem has forgotten */
        dialogue->was_silent = false;
        dialogue->was_reset = true;
        at_unasked_take(&dialogue->unasked, slice_str("RDY"));
    }
    return true;
}

/* A line that answers the running command's question is its answer, even when
 * the same line may come unasked. */
static bool is_asked_for(const struct at_dialogue *dialogue, struct slice line)
{
    struct slice asked = bytes_slice(&dialogue->asked);

    return asked.len > 0 && slice_starts_with(line, asked) && line.len > asked.len &&
           line.data[asked.len] == ':';
}

/* The reference of a message that was sent. */
static bool is_result(struct slice line)
{
    return slice_starts_with(line, slice_str("+CMGS:")) ||
           slice_starts_with(line, slice_str("+CMSS:"));
}

/* In text mode the line behind `+CMGR:` or `+CMGL:` is the message's text, even if
 * it says OK; more lines are, as long as the message can be so long. */
static bool take_message_text(struct at_dialogue *dialogue, struct slice line)
{
    if (dialogue->text_due <= 0)
        return false;
    if (dialogue->text_begun && slice_equal_str(line, "OK")) {
        dialogue->text_due = 0;
        return false;
    }
    if (!dialogue->text_begun && dialogue->text_due > 1 &&
        at_line_is_chatter(line, dialogue->text_due) && at_unasked_take(&dialogue->unasked, line))
        return true; /* between the header and its text */
    dialogue->text_begun = true;
    dialogue->text_due -= (long)line.len + 1;
    take_text(dialogue, line);
    return true;
}

static void expect_message_text(struct at_dialogue *dialogue, struct slice line)
{
    bool is_list = slice_starts_with(line, slice_str("+CMGL:"));
    struct slice value = slice_sub(line, 6, line.len);
    struct at_text_header header;

    if (!is_list && !slice_starts_with(line, slice_str("+CMGR:")))
        return;
    dialogue->text_begun = false;
    if (is_list)
        dialogue->text_due = 1;
    else if (!at_text_read_cmgr(value, &header) || header.kind == AT_TEXT_REPORT)
        dialogue->text_due = 0;
    else
        dialogue->text_due = header.length >= 0 ? header.length : 1;
}

/* A ^BOOT that differs is the weakest of the signs, and the first one always
 * does: its command may still be answered, and only a message cannot wait. */
static bool ends_the_command(const struct at_dialogue *dialogue, struct slice line)
{
    return dialogue->sends || !slice_starts_with(line, slice_str("^BOOT:"));
}

static void take_running(struct at_dialogue *dialogue, struct slice line)
{
    bool restarted = at_has_restarted(dialogue);

    if (dialogue->unasked.text_mode) {
        if (take_message_text(dialogue, line))
            return;
        expect_message_text(dialogue, line);
    }
    if (is_asked_for(dialogue, line)) {
        take_text(dialogue, line);
        return;
    }
    if (at_unasked_take(&dialogue->unasked, line)) {
        if (!restarted && at_has_restarted(dialogue) && ends_the_command(dialogue, line))
            finish(dialogue, AT_RESTARTED);
        return;
    }
    if ((is_result(line) && !dialogue->sends) ||
        (dialogue->asks_only && slice_starts_with(line, slice_str("+CMS ERROR"))))
        at_unasked_take_late(&dialogue->unasked, line);
    else if (!take_final(dialogue, line))
        take_text(dialogue, line);
}

/* No command runs: an earlier one's result, or its OK once more. */
static void take_late(struct at_dialogue *dialogue, struct slice line)
{
    if (slice_equal_str(line, "OK"))
        dialogue->doubles = dialogue->doubles || dialogue->answered;
    else
        at_unasked_take_late(&dialogue->unasked, line);
}

/* What looked like a restart while a message was sent may be none: its result may
 * have come in the same breath. */
static bool is_running(const struct at_dialogue *dialogue)
{
    return dialogue->answer != NULL &&
           (!dialogue->finished || (dialogue->sends && dialogue->answer->final == AT_RESTARTED));
}

static void take_line(struct at_dialogue *dialogue)
{
    struct slice line = slice_trim(bytes_slice(&dialogue->line));
    bool running = is_running(dialogue);

    if (line.len > 0 && !dialogue->too_long && !(running && take_echo(dialogue, line))) {
        show(dialogue, "<--", line);
        if (running)
            take_running(dialogue, line);
        else if (!at_unasked_take(&dialogue->unasked, line))
            take_late(dialogue, line);
    }
    bytes_clear(&dialogue->line);
    dialogue->too_long = false;
}

/* The prompt has no line end: it is the beginning of a line, while one is due. */
static void look_for_prompt(struct at_dialogue *dialogue)
{
    struct slice line = bytes_slice(&dialogue->line);

    if (!dialogue->wants_prompt || dialogue->answer == NULL || dialogue->finished ||
        line.len == 0 || line.data[0] != '>')
        return;
    show(dialogue, "<--", slice_str(">"));
    bytes_clear(&dialogue->line);
    finish(dialogue, AT_PROMPT);
}

static void take_octets(struct at_dialogue *dialogue, const unsigned char *data, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (data[i] == '\r' || data[i] == '\n') {
            take_line(dialogue);
        } else if (dialogue->line.len < LINE_MAX_OCTETS) {
            if (data[i] != ' ' || dialogue->line.len > 0)
                bytes_append_char(&dialogue->line, data[i]);
        } else {
            dialogue->too_long = true;
        }
        look_for_prompt(dialogue);
    }
}

static enum at_port_result read_some(struct at_dialogue *dialogue, int wake_fd, int64_t deadline)
{
    unsigned char data[1024];
    size_t len = 0;
    enum at_port_result result =
        at_port_read(dialogue->port, wake_fd, deadline, data, sizeof data, &len);

    if (result != AT_PORT_OK)
        return result;
    take_octets(dialogue, data, len);
    /* Noise without an end is no reason to wait without one. */
    return clock_monotonic_ms() > deadline ? AT_PORT_TIMEOUT : AT_PORT_OK;
}

/* --- commands ------------------------------------------------------------------------- */

/* Sends dialogue->sent with what is to follow it, and reads until a final result. */
static enum at_final collect(struct at_dialogue *dialogue, struct at_answer *answer, int timeout_ms,
                             const char *prefix, const char *end)
{
    int64_t deadline = clock_monotonic_ms() + timeout_ms;
    struct bytes octets = {0};

    if (prefix != NULL)
        bytes_append_str(&octets, prefix);
    bytes_append_slice(&octets, bytes_slice(&dialogue->sent));
    bytes_append_str(&octets, end);
    show_sent(dialogue, bytes_slice(&octets));
    bytes_clear(&answer->lines);
    bytes_clear(&answer->error);
    dialogue->text_due = 0;
    dialogue->answer = answer;
    dialogue->finished = false;
    if (at_port_write(dialogue->port, bytes_slice(&octets)) != AT_PORT_OK)
        finish(dialogue, AT_GONE);
    bytes_free(&octets);
    while (!dialogue->finished) {
        enum at_port_result result = read_some(dialogue, -1, deadline);

        if (result == AT_PORT_GONE)
            finish(dialogue, AT_GONE);
        else if (result == AT_PORT_TIMEOUT && !dialogue->finished)
            finish(dialogue, AT_TIMEOUT);
    }
    dialogue->answer = NULL;
    if (dialogue->was_reset && answer->final != AT_GONE && answer->final != AT_TIMEOUT)
        answer->final = AT_RESTARTED; /* an answer of a modem with other settings */
    dialogue->was_reset = false;
    /* What looks like a restart may be none: the answer still comes then. */
    if (answer->final == AT_RESTARTED && !dialogue->sends)
        at_settle(dialogue, AFTER_RESTART_MS);
    if (answer->final == AT_OK && dialogue->asked.len > 0) {
        dialogue->was_silent = dialogue->sent.len > 0;
        dialogue->echoes = !dialogue->was_silent;
    }
    dialogue->wants_prompt = dialogue->sends = dialogue->secret = dialogue->asks_only = false;
    if (answer->final == AT_TIMEOUT)
        log_to(dialogue->file, LOG_LEVEL_DEBUG, "%s: no answer in time", dialogue->name);
    return answer->final;
}

/* "AT+CPIN?" asks for "+CPIN". */
static void note_question(struct at_dialogue *dialogue)
{
    struct slice sent = bytes_slice(&dialogue->sent);

    bytes_clear(&dialogue->asked);
    if (sent.len > 4 && sent.data[sent.len - 1] == '?')
        bytes_append_slice(
            &dialogue->asked,
            slice_sub(sent, 2,
                      slice_find(sent, sent.data[sent.len - 2] == '=' ? '=' : '?', 0) - 2));
}

static enum at_final command(struct at_dialogue *dialogue, struct at_answer *answer, int timeout_ms,
                             bool secret, const char *format, va_list args)
{
    bytes_clear(&dialogue->sent);
    bytes_vprintf(&dialogue->sent, format, args);
    dialogue->secret = secret;
    dialogue->wants_prompt = strncmp(bytes_str(&dialogue->sent), "AT+CMGS=", 8) == 0 ||
                             strncmp(bytes_str(&dialogue->sent), "AT+CMGW=", 8) == 0;
    dialogue->sends = strncmp(bytes_str(&dialogue->sent), "AT+CMSS=", 8) == 0;
    dialogue->asks_only = strcmp(bytes_str(&dialogue->sent), "AT") == 0;
    note_question(dialogue);
    return collect(dialogue, answer, timeout_ms, dialogue->prefix, "\r");
}

enum at_final at_command(struct at_dialogue *dialogue, struct at_answer *answer, int timeout_ms,
                         const char *format, ...)
{
    enum at_final final;
    va_list args;

    va_start(args, format);
    final = command(dialogue, answer, timeout_ms, false, format, args);
    va_end(args);
    return final;
}

enum at_final at_command_secret(struct at_dialogue *dialogue, struct at_answer *answer,
                                int timeout_ms, const char *format, ...)
{
    enum at_final final;
    va_list args;

    va_start(args, format);
    final = command(dialogue, answer, timeout_ms, true, format, args);
    va_end(args);
    return final;
}

enum at_final at_raw(struct at_dialogue *dialogue, struct at_answer *answer, int timeout_ms,
                     const char *octets)
{
    bytes_clear(&dialogue->asked);
    bytes_clear(&dialogue->sent);
    bytes_append_str(&dialogue->sent, octets);
    return collect(dialogue, answer, timeout_ms, NULL, "");
}

enum at_final at_submit(struct at_dialogue *dialogue, struct at_answer *answer, int timeout_ms,
                        struct slice text)
{
    bytes_clear(&dialogue->asked);
    bytes_clear(&dialogue->sent);
    bytes_append_slice(&dialogue->sent, text);
    dialogue->sends = true;
    return collect(dialogue, answer, timeout_ms, NULL, "\x1a");
}

enum at_final at_listen(struct at_dialogue *dialogue, struct at_answer *answer, int timeout_ms)
{
    int64_t deadline = clock_monotonic_ms() + timeout_ms;

    dialogue->answer = answer;
    dialogue->finished = false;
    dialogue->sends = true;
    while (!dialogue->finished) {
        enum at_port_result result = read_some(dialogue, -1, deadline);

        if (result == AT_PORT_GONE)
            finish(dialogue, AT_GONE);
        else if (result == AT_PORT_TIMEOUT && !dialogue->finished)
            finish(dialogue, AT_TIMEOUT);
    }
    dialogue->answer = NULL;
    dialogue->sends = false;
    return answer->final;
}

void at_set_prefix(struct at_dialogue *dialogue, const char *prefix)
{
    dialogue->prefix = prefix;
}

bool at_doubles_answers(const struct at_dialogue *dialogue)
{
    return dialogue->doubles;
}

bool at_echoes(const struct at_dialogue *dialogue)
{
    return dialogue->echoes;
}

void at_set_numeric(struct at_dialogue *dialogue, bool numeric)
{
    dialogue->numeric = numeric;
}

void at_set_text_mode(struct at_dialogue *dialogue, bool text_mode)
{
    dialogue->unasked.text_mode = text_mode;
}

void at_answer_free(struct at_answer *answer)
{
    bytes_free(&answer->lines);
    bytes_free(&answer->error);
}

bool at_answer_next(struct slice *rest, const char *prefix, struct slice *value)
{
    struct slice line;

    while (slice_next_item(rest, '\n', &line))
        if (slice_starts_with(line, slice_str(prefix))) {
            *value = slice_trim(slice_sub(line, strlen(prefix), line.len));
            return true;
        }
    return false;
}

struct slice at_answer_value(const struct at_answer *answer, const char *prefix)
{
    struct slice rest = bytes_slice(&answer->lines), value;

    return at_answer_next(&rest, prefix, &value) ? value : slice_unset();
}

/* --- waiting ----------------------------------------------------------------------------- */

bool at_wait(struct at_dialogue *dialogue, int wake_fd, int timeout_ms)
{
    int64_t deadline = clock_monotonic_ms() + timeout_ms;

    while (dialogue->unasked.count == 0) {
        switch (read_some(dialogue, wake_fd, deadline)) {
        case AT_PORT_GONE:
            return false;
        case AT_PORT_OK:
            break;
        default:
            return true;
        }
    }
    return true;
}

bool at_settle(struct at_dialogue *dialogue, int quiet_ms)
{
    int64_t end = clock_monotonic_ms() + (int64_t)quiet_ms * 10;

    while (clock_monotonic_ms() < end) {
        enum at_port_result result = read_some(dialogue, -1, clock_monotonic_ms() + quiet_ms);

        if (result != AT_PORT_OK)
            return result == AT_PORT_TIMEOUT;
    }
    return true;
}

struct at_dialogue *at_dialogue_create(struct at_port *port, const char *name,
                                       struct log_file *file)
{
    struct at_dialogue *dialogue = memory_zalloc(1, sizeof *dialogue);

    dialogue->port = port;
    dialogue->name = memory_strdup(name);
    dialogue->file = file;
    dialogue->numeric = true;
    at_unasked_init(&dialogue->unasked);
    return dialogue;
}

void at_dialogue_free(struct at_dialogue *dialogue)
{
    if (dialogue == NULL)
        return;
    at_unasked_clear(&dialogue->unasked);
    at_port_close(dialogue->port);
    bytes_free(&dialogue->line);
    bytes_free(&dialogue->sent);
    bytes_free(&dialogue->asked);
    free(dialogue->name);
    free(dialogue);
}
