/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a modem says unasked: see unasked.h.
 */
#include "gw/smsc/at/unasked.h"

#include <stdlib.h>

#include "gw/sms/cause.h"
#include "gw/smsc/at/text_mode.h"
#include "gwlib/memory.h"

#define EVENTS_MAX     1000
#define NOISE_MAX      8  /* lines between a header and its PDU */
#define SMSC_FIELD_MAX 12 /* octets */
#define USSD_LINES_MAX 10 /* of one text */
#define USSD_MAX       2048

void at_event_free(struct at_event *event)
{
    if (event == NULL)
        return;
    bytes_free(&event->pdu);
    bytes_free(&event->header);
    bytes_free(&event->memory);
    free(event);
}

void at_unasked_init(struct at_unasked *unasked)
{
    *unasked = (struct at_unasked){.last = NULL};
    unasked->last = &unasked->events;
}

void at_unasked_clear(struct at_unasked *unasked)
{
    struct at_event *event;

    while ((event = at_unasked_next(unasked)) != NULL)
        at_event_free(event);
    at_event_free(unasked->announced);
    unasked->announced = NULL;
    at_event_free(unasked->ussd);
    unasked->ussd = NULL;
    bytes_free(&unasked->boot);
}

/* --- the queue ---------------------------------------------------------------------- */

static struct at_event *create(enum at_event_kind kind)
{
    struct at_event *event = memory_zalloc(1, sizeof *event);

    event->kind = kind;
    return event;
}

static void add(struct at_unasked *unasked, struct at_event *event)
{
    if (unasked->count >= EVENTS_MAX) {
        at_event_free(event); /* not acknowledged: the modem or network has it still */
        return;
    }
    *unasked->last = event;
    unasked->last = &event->next;
    unasked->count++;
}

struct at_event *at_unasked_next(struct at_unasked *unasked)
{
    struct at_event *event = unasked->events;

    if (event == NULL)
        return NULL;
    unasked->events = event->next;
    if (unasked->events == NULL)
        unasked->last = &unasked->events;
    unasked->count--;
    event->next = NULL;
    return event;
}

struct at_event *at_unasked_next_of(struct at_unasked *unasked, enum at_event_kind kind)
{
    struct at_event *found = NULL;
    size_t count = unasked->count;

    while (count-- > 0) {
        struct at_event *event = at_unasked_next(unasked);

        if (event->kind == kind && found == NULL)
            found = event;
        else
            add(unasked, event);
    }
    return found;
}

bool at_unasked_has(const struct at_unasked *unasked, enum at_event_kind kind)
{
    for (const struct at_event *event = unasked->events; event != NULL; event = event->next)
        if (event->kind == kind)
            return true;
    return false;
}

void at_unasked_forget(struct at_unasked *unasked, enum at_event_kind kind)
{
    size_t count = unasked->count;

    while (count-- > 0) {
        struct at_event *event = at_unasked_next(unasked);

        if (event->kind == kind)
            at_event_free(event);
        else
            add(unasked, event);
    }
}

/* --- lines --------------------------------------------------------------------------- */

long at_line_last_number(struct slice line)
{
    size_t start = line.len;
    long number = -1;

    while (start > 0 && line.data[start - 1] >= '0' && line.data[start - 1] <= '9')
        start--;
    slice_to_number(slice_sub(line, start, line.len), 0, 1000, &number);
    return number;
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

bool at_line_is_pdu(struct slice line, long octets)
{
    long have = (long)(line.len / 2);

    return is_hex(line) && (octets < 0 || (have >= octets && have <= octets + SMSC_FIELD_MAX));
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

static const struct {
    const char *prefix;
    enum at_event_kind kind;
} told[] = {
    {"+CMT:", AT_EVENT_MESSAGE},
    {"+CDS:", AT_EVENT_REPORT},
    {"+CMTI:", AT_EVENT_STORED},
    {"+MCMTI:", AT_EVENT_STORED},
    {"+CDSI:", AT_EVENT_STORED_REPORT},
    {"+CBM:", AT_EVENT_BROADCAST},
    {"+CBMI:", AT_EVENT_BROADCAST},
    {"+CUSD:", AT_EVENT_USSD},
    {"^SMMEMFULL", AT_EVENT_FULL},
    {"^SMGO: 1", AT_EVENT_FULL},
    {"*smsfull", AT_EVENT_FULL},
    {"+CIEV: 8,1", AT_EVENT_FULL},
    {"+QSMSFULL", AT_EVENT_FULL},
    {"RDY", AT_EVENT_RESTARTED},
    {"^SYSSTART", AT_EVENT_RESTARTED},
    {"+PACSP", AT_EVENT_RESTARTED},
    {"MODEM:STARTUP", AT_EVENT_RESTARTED},
    {"*EMRDY: 1", AT_EVENT_RESTARTED},
    {"+WIND: 3", AT_EVENT_RESTARTED},
    {"SMS Ready", AT_EVENT_RESTARTED},
    {"Call Ready", AT_EVENT_RESTARTED},
    {"SMS DONE", AT_EVENT_RESTARTED},
    {"PB DONE", AT_EVENT_RESTARTED},
    {"+CPIN: READY", AT_EVENT_RESTARTED}, /* as an answer it belongs to its command */
    {"+CPIN: SIM PIN", AT_EVENT_RESTARTED},
};

/* Only the line as a whole; "RDYING" is none. */
static bool is_told(struct slice line, const char *prefix)
{
    size_t len = strlen(prefix);

    return slice_starts_with(line, slice_str(prefix)) &&
           (line.len == len || prefix[len - 1] == ':' || line.data[len] == ':' ||
            line.data[len] == ',' || line.data[len] == ' ');
}

/* What follows the colon of a line. */
static struct slice value_of(struct slice line)
{
    return slice_trim(slice_sub(line, slice_find(line, ':', 0) + 1, line.len));
}

/* A line that takes the next one with it. */
static void announce(struct at_unasked *unasked, struct at_event *event, long octets)
{
    at_event_free(unasked->announced);
    unasked->announced = event;
    unasked->announced_octets = octets;
    unasked->lines_passed = 0;
}

/* In text mode; a report has no more lines, nor has an empty text. */
static void take_header(struct at_unasked *unasked, struct at_event *event, struct slice line)
{
    struct at_text_header header;

    bytes_append_slice(&event->header, value_of(line));
    if (event->kind == AT_EVENT_REPORT ? !at_text_read_cds(value_of(line), &header)
                                       : !at_text_read_cmt(value_of(line), &header))
        at_event_free(event);
    else if (event->kind == AT_EVENT_REPORT || header.length == 0)
        add(unasked, event);
    else
        announce(unasked, event, header.length);
}

/* Whether the text of a +CUSD ends here: no text, or a closing quote at the end or
 * before the last field. Quotes inside of it are met. */
static bool ussd_ends(struct slice text)
{
    size_t open = slice_find(text, '"', 0), end = text.len;

    if (open == text.len)
        return true;
    while (end > open + 1 &&
           ((text.data[end - 1] >= '0' && text.data[end - 1] <= '9') || text.data[end - 1] == ' '))
        end--;
    if (end < text.len && end > open + 1 && text.data[end - 1] == ',')
        end--;
    else
        end = text.len;
    return end > open + 1 && text.data[end - 1] == '"';
}

/* Adds the event when its text is whole. */
static void end_ussd(struct at_unasked *unasked)
{
    struct at_event *event = unasked->ussd;

    if (event == NULL || (!ussd_ends(bytes_slice(&event->pdu)) &&
                          unasked->ussd_lines < USSD_LINES_MAX && event->pdu.len < USSD_MAX))
        return;
    unasked->ussd = NULL;
    add(unasked, event);
}

/* The next line of a text that goes over several; it may look like any other. Only
 * a message ends it: its closing quote is missing. */
static bool take_ussd_line(struct at_unasked *unasked, struct slice line)
{
    if (unasked->ussd == NULL)
        return false;
    if (slice_starts_with(line, slice_str("+CMT")) || slice_starts_with(line, slice_str("+CDS"))) {
        unasked->ussd_lines = USSD_LINES_MAX;
        end_ussd(unasked);
        return false;
    }
    bytes_append_char(&unasked->ussd->pdu, '\n');
    bytes_append_slice(&unasked->ussd->pdu, slice_sub(line, 0, USSD_MAX));
    unasked->ussd_lines++;
    end_ussd(unasked);
    return true;
}

static void take_told(struct at_unasked *unasked, enum at_event_kind kind, struct slice line)
{
    struct at_event *event = create(kind);

    switch (kind) {
    case AT_EVENT_MESSAGE:
    case AT_EVENT_REPORT:
        if (unasked->text_mode)
            take_header(unasked, event, line);
        else
            announce(unasked, event, at_line_last_number(line));
        return;
    case AT_EVENT_BROADCAST:
        if (slice_starts_with(line, slice_str("+CBMI:")))
            break;
        announce(unasked, event, at_line_last_number(line));
        return;
    case AT_EVENT_USSD:
        at_event_free(unasked->ussd);
        unasked->ussd = event;
        unasked->ussd_lines = 1;
        bytes_append_slice(&event->pdu, slice_trim(slice_sub(line, strlen("+CUSD:"), USSD_MAX)));
        end_ussd(unasked);
        return;
    case AT_EVENT_STORED:
    case AT_EVENT_STORED_REPORT:
        if (parse_place(value_of(line), event))
            break;
        at_event_free(event);
        return;
    default:
        if (at_unasked_has(unasked, kind)) {
            at_event_free(event);
            return;
        }
        break;
    }
    add(unasked, event);
}

static void finish_announced(struct at_unasked *unasked)
{
    add(unasked, unasked->announced);
    unasked->announced = NULL;
}

static bool is_final(struct slice line)
{
    const struct cause *cause;
    int code;

    return slice_equal_str(line, "OK") || cause_parse(line, &cause, &code);
}

/* The PDU line behind a +CMT:, +CDS: or +CBM:; a broadcast's may be text. */
static bool take_announced(struct at_unasked *unasked, struct slice line)
{
    if (unasked->announced == NULL)
        return false;
    if (unasked->announced->kind == AT_EVENT_BROADCAST && !is_final(line)) {
        finish_announced(unasked);
        return true;
    }
    if (at_line_is_pdu(line, unasked->announced_octets)) {
        bytes_append_slice(&unasked->announced->pdu, line);
        finish_announced(unasked);
        return true;
    }
    if (++unasked->lines_passed > NOISE_MAX) {
        at_event_free(unasked->announced);
        unasked->announced = NULL;
    }
    return false;
}

bool at_line_is_chatter(struct slice line, long characters)
{
    size_t length = (size_t)characters;

    return characters >= 0 && line.len != length && line.len != 2 * length &&
           line.len != 4 * length &&
           (line.data[0] == '^' || slice_starts_with(line, slice_str("+C")));
}

/* In text mode: the text of a message. It may have lines, and say anything. */
static bool take_announced_text(struct at_unasked *unasked, struct slice line)
{
    struct at_event *event = unasked->announced;
    bool first;

    if (event == NULL || event->kind != AT_EVENT_MESSAGE ||
        at_line_is_chatter(line, unasked->announced_octets))
        return false;
    first = event->pdu.len == 0;
    if (!first && is_final(line)) { /* it was shorter than it said */
        finish_announced(unasked);
        return false;
    }
    if (!first)
        bytes_append_char(&event->pdu, '\n');
    bytes_append_slice(&event->pdu, line);
    if ((long)event->pdu.len + 1 >= unasked->announced_octets ||
        ++unasked->lines_passed > NOISE_MAX)
        finish_announced(unasked);
    return true;
}

/* `^BOOT:21302721,0,0,0,77`: said every 20 s; another number is another boot. */
static void take_boot(struct at_unasked *unasked, struct slice line)
{
    if (slice_equal(line, bytes_slice(&unasked->boot)))
        return;
    bytes_clear(&unasked->boot);
    bytes_append_slice(&unasked->boot, line);
    take_told(unasked, AT_EVENT_RESTARTED, line);
}

bool at_unasked_take(struct at_unasked *unasked, struct slice line)
{
    if (take_ussd_line(unasked, line))
        return true;
    if (unasked->text_mode && take_announced_text(unasked, line))
        return true;
    if (slice_starts_with(line, slice_str("^BOOT:"))) {
        take_boot(unasked, line);
        return true;
    }
    for (size_t i = 0; i < sizeof told / sizeof told[0]; i++)
        if (is_told(line, told[i].prefix)) {
            take_told(unasked, told[i].kind, line);
            return true;
        }
    return take_announced(unasked, line);
}

void at_unasked_take_late(struct at_unasked *unasked, struct slice line)
{
    struct slice value;
    const struct cause *cause;
    struct at_event *event;
    long number;
    int code;

    if (slice_starts_with(line, slice_str("+CMGS:")) ||
        slice_starts_with(line, slice_str("+CMSS:"))) {
        struct slice rest = slice_sub(line, 6, line.len);

        if (!slice_next_item(&rest, ',', &value) ||
            !slice_to_number(slice_trim(value), 0, 255, &number))
            return;
        event = create(AT_EVENT_REFERENCE);
        event->index = (int)number;
    } else if (cause_parse(line, &cause, &code) && cause->family == CAUSE_CMS && code >= 0) {
        event = create(AT_EVENT_LATE_ERROR);
        bytes_append_slice(&event->pdu, line);
    } else {
        return;
    }
    add(unasked, event);
}
