/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The dialogue with a modem: see dialogue.h.
 */
#include "gw/smsc/at/dialogue.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "gw/sms/cause.h"
#include "gwlib/clock.h"
#include "gwlib/memory.h"

#define LINE_MAX_OCTETS   4096 /* longer is noise, dropped to its end */
#define ANSWER_MAX_OCTETS (256 * 1024)
#define EVENTS_MAX        1000

struct at_dialogue {
    struct at_port *port;
    char *name;
    struct log_file *file;
    struct bytes line;        /* being assembled */
    bool too_long;            /* its rest is dropped */
    struct bytes sent;        /* the running command: its echo is no answer */
    struct at_answer *answer; /* of the running command, NULL: none runs */
    bool finished;            /* a final result came */
    bool wants_prompt;
    struct at_event *announced; /* a +CMT: or +CDS: whose PDU line is due */
    long announced_octets;      /* of its TPDU; -1: not said */
    struct at_event *events, **last_event;
    size_t event_count;
};

/* --- the log -------------------------------------------------------------------- */

/* Control characters as ^X, so that a dialogue reads as it was. */
static void show(const struct at_dialogue *dialogue, const char *arrow, struct slice text)
{
    struct bytes shown = {0};

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

static void show_sent(const struct at_dialogue *dialogue, struct slice text, bool secret)
{
    if (dialogue->file == NULL && !log_wants(LOG_LEVEL_DEBUG))
        return;
    if (secret)
        log_to(dialogue->file, LOG_LEVEL_DEBUG, "%s: --> (a command with a secret)^M",
               dialogue->name);
    else
        show(dialogue, "-->", text);
}

/* --- events ------------------------------------------------------------------------ */

void at_event_free(struct at_event *event)
{
    if (event == NULL)
        return;
    bytes_free(&event->pdu);
    bytes_free(&event->memory);
    free(event);
}

static struct at_event *event_create(enum at_event_kind kind)
{
    struct at_event *event = memory_zalloc(1, sizeof *event);

    event->kind = kind;
    return event;
}

static void event_add(struct at_dialogue *dialogue, struct at_event *event)
{
    if (dialogue->event_count >= EVENTS_MAX) {
        at_event_free(event); /* not acknowledged: the modem or network has it still */
        return;
    }
    *dialogue->last_event = event;
    dialogue->last_event = &event->next;
    dialogue->event_count++;
}

struct at_event *at_next_event(struct at_dialogue *dialogue)
{
    struct at_event *event = dialogue->events;

    if (event == NULL)
        return NULL;
    dialogue->events = event->next;
    if (dialogue->events == NULL)
        dialogue->last_event = &dialogue->events;
    dialogue->event_count--;
    event->next = NULL;
    return event;
}

void at_forget_restarts(struct at_dialogue *dialogue)
{
    size_t count = dialogue->event_count;

    while (count-- > 0) {
        struct at_event *event = at_next_event(dialogue);

        if (event->kind == AT_EVENT_RESTARTED)
            at_event_free(event);
        else
            event_add(dialogue, event);
    }
}

/* `"SM",3` */
static bool parse_place(struct slice text, struct at_event *event)
{
    struct slice memory, index;
    long number;

    text = slice_trim(text);
    if (!slice_next_item(&text, ',', &memory) || !slice_next_item(&text, ',', &index) ||
        !slice_to_number(slice_trim(index), 0, 100000, &number))
        return false;
    memory = slice_trim(memory);
    if (memory.len >= 2 && memory.data[0] == '"')
        memory = slice_sub(memory, 1, memory.len - 2);
    bytes_append_slice(&event->memory, memory);
    event->index = (int)number;
    return true;
}

static bool is_restart(struct slice line)
{
    static const char *const lines[] = {"RDY",           "^SYSSTART", "+PACSP",   "SMS Ready",
                                        "MODEM:STARTUP", "*EMRDY: 1", "+WIND: 3", "Call Ready"};

    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        if (slice_starts_with(line, slice_str(lines[i])))
            return true;
    return false;
}

static const struct {
    const char *prefix;
    enum at_event_kind kind;
    bool takes_next_line;
} unasked[] = {
    {"+CMT:", AT_EVENT_MESSAGE, true},
    {"+CDS:", AT_EVENT_REPORT, true},
    {"+CMTI:", AT_EVENT_STORED, false},
    {"+CDSI:", AT_EVENT_STORED_REPORT, false},
};

/* `+CMT: ,23` and `+CDS: 26`: the number at the end; -1 when there is none. */
static long last_number(struct slice line)
{
    size_t start = line.len;
    long number = -1;

    while (start > 0 && line.data[start - 1] >= '0' && line.data[start - 1] <= '9')
        start--;
    slice_to_number(slice_sub(line, start, line.len), 0, 1000, &number);
    return number;
}

/* Whether the line is one that comes unasked; it is taken then. */
static bool take_unasked(struct at_dialogue *dialogue, struct slice line)
{
    for (size_t i = 0; i < sizeof unasked / sizeof unasked[0]; i++) {
        struct slice prefix = slice_str(unasked[i].prefix);
        struct at_event *event;

        if (!slice_starts_with(line, prefix))
            continue;
        event = event_create(unasked[i].kind);
        if (unasked[i].takes_next_line) {
            at_event_free(dialogue->announced);
            dialogue->announced = event;
            dialogue->announced_octets = last_number(line);
        } else if (parse_place(slice_sub(line, prefix.len, line.len), event)) {
            event_add(dialogue, event);
        } else {
            at_event_free(event);
        }
        return true;
    }
    if (!is_restart(line))
        return false;
    event_add(dialogue, event_create(AT_EVENT_RESTARTED));
    return true;
}

static bool is_hex(struct slice line)
{
    for (size_t i = 0; i < line.len; i++) {
        unsigned char c = line.data[i];

        if (!((c >= '0' && c <= '9') || (c >= 'A' && c <= 'F') || (c >= 'a' && c <= 'f')))
            return false;
    }
    return line.len >= 2 && line.len % 2 == 0;
}

/* The announced length counts the TPDU; an SMSC field may stand before it. */
static bool has_announced_length(const struct at_dialogue *dialogue, struct slice line)
{
    long octets = (long)(line.len / 2);

    return dialogue->announced_octets < 0 ||
           (octets >= dialogue->announced_octets && octets <= dialogue->announced_octets + 12);
}

/* The PDU line behind a +CMT: or +CDS:. Noise between the two is let pass. */
static bool take_announced(struct at_dialogue *dialogue, struct slice line)
{
    if (dialogue->announced == NULL || !is_hex(line) || !has_announced_length(dialogue, line))
        return false;
    bytes_append_slice(&dialogue->announced->pdu, line);
    event_add(dialogue, dialogue->announced);
    dialogue->announced = NULL;
    return true;
}

/* --- answers ------------------------------------------------------------------------ */

static void finish(struct at_dialogue *dialogue, enum at_final final)
{
    dialogue->answer->final = final;
    dialogue->finished = true;
}

static bool take_final(struct at_dialogue *dialogue, struct slice line)
{
    static const char *const failures[] = {"NO CARRIER",         "BUSY",    "NO ANSWER",
                                           "NO DIALTONE",        "ABORTED", "COMMAND NOT SUPPORT",
                                           "TOO MANY PARAMETERS"};
    const struct cause *cause;
    int code;

    if (slice_equal_str(line, "OK") || slice_equal_str(line, "0")) {
        finish(dialogue, AT_OK);
        return true;
    }
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

static void take_line(struct at_dialogue *dialogue)
{
    struct slice line = slice_trim(bytes_slice(&dialogue->line));

    if (line.len > 0 && !dialogue->too_long) {
        show(dialogue, "<--", line);
        if (dialogue->answer != NULL && !dialogue->finished &&
            slice_equal(line, bytes_slice(&dialogue->sent)))
            bytes_clear(&dialogue->sent); /* the echo, once */
        else if (!take_unasked(dialogue, line) && !take_announced(dialogue, line) &&
                 dialogue->answer != NULL && !dialogue->finished && !take_final(dialogue, line))
            take_text(dialogue, line);
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

    if (result == AT_PORT_OK)
        take_octets(dialogue, data, len);
    return result;
}

/* --- commands ------------------------------------------------------------------------- */

static enum at_final collect(struct at_dialogue *dialogue, struct at_answer *answer, int timeout_ms,
                             struct slice octets)
{
    int64_t deadline = clock_monotonic_ms() + timeout_ms;

    bytes_clear(&answer->lines);
    bytes_clear(&answer->error);
    answer->final = AT_TIMEOUT;
    dialogue->answer = answer;
    dialogue->finished = false;
    if (at_port_write(dialogue->port, octets) != AT_PORT_OK)
        finish(dialogue, AT_GONE);
    while (!dialogue->finished) {
        enum at_port_result result = read_some(dialogue, -1, deadline);

        if (result == AT_PORT_GONE)
            finish(dialogue, AT_GONE);
        else if (result == AT_PORT_TIMEOUT)
            finish(dialogue, AT_TIMEOUT);
    }
    dialogue->answer = NULL;
    if (answer->final == AT_TIMEOUT)
        log_to(dialogue->file, LOG_LEVEL_DEBUG, "%s: no answer in time", dialogue->name);
    return answer->final;
}

static enum at_final command(struct at_dialogue *dialogue, struct at_answer *answer, int timeout_ms,
                             bool secret, const char *format, va_list args)
{
    struct bytes line = {0};
    enum at_final final;

    bytes_vprintf(&line, format, args);
    bytes_clear(&dialogue->sent);
    bytes_append_slice(&dialogue->sent, bytes_slice(&line));
    dialogue->wants_prompt = strncmp(bytes_str(&line), "AT+CMGS=", 8) == 0 ||
                             strncmp(bytes_str(&line), "AT+CMGW=", 8) == 0;
    bytes_append_char(&line, '\r');
    show_sent(dialogue, bytes_slice(&line), secret);
    final = collect(dialogue, answer, timeout_ms, bytes_slice(&line));
    dialogue->wants_prompt = false;
    bytes_free(&line);
    return final;
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
                     struct slice octets)
{
    bytes_clear(&dialogue->sent);
    bytes_append_slice(&dialogue->sent, octets);
    show_sent(dialogue, octets, false);
    return collect(dialogue, answer, timeout_ms, octets);
}

void at_answer_free(struct at_answer *answer)
{
    bytes_free(&answer->lines);
    bytes_free(&answer->error);
}

struct slice at_answer_value(const struct at_answer *answer, const char *prefix)
{
    struct slice rest = bytes_slice(&answer->lines), line;

    while (slice_next_item(&rest, '\n', &line))
        if (slice_starts_with(line, slice_str(prefix)))
            return slice_trim(slice_sub(line, strlen(prefix), line.len));
    return slice_unset();
}

/* --- waiting ----------------------------------------------------------------------------- */

bool at_wait(struct at_dialogue *dialogue, int wake_fd, int timeout_ms)
{
    int64_t deadline = clock_monotonic_ms() + timeout_ms;

    while (dialogue->events == NULL) {
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
    dialogue->last_event = &dialogue->events;
    return dialogue;
}

void at_dialogue_free(struct at_dialogue *dialogue)
{
    struct at_event *event;

    if (dialogue == NULL)
        return;
    while ((event = at_next_event(dialogue)) != NULL)
        at_event_free(event);
    at_event_free(dialogue->announced);
    at_port_close(dialogue->port);
    bytes_free(&dialogue->line);
    bytes_free(&dialogue->sent);
    free(dialogue->name);
    free(dialogue);
}
