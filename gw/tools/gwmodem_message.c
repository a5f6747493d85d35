/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gwmodem send and receive: one message by hand, in PDU mode (3GPP TS 27.005
 * section 4).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gw/sms/encoding.h"
#include "gw/sms/pdu.h"
#include "gw/sms/utf16.h"
#include "gw/tools/gwmodem.h"
#include "gwlib/clock.h"

enum { PROMPT_MS = 10000, SUBMIT_MS = 60000, LIST_MS = 30000, STORAGE_MS = 10000 };

static int complain(const struct link *link, const char *what)
{
    const char *why =
        link->answer.final == AT_ERROR ? bytes_str(&link->answer.error) : "no answer in time";

    fprintf(stderr, "gwmodem: %s: %s\n", what, why);
    return EXIT_TROUBLE;
}

/* --- send -------------------------------------------------------------------------- */

static int send_part(struct link *link, const struct pdu_line *line)
{
    if (at_command(link->dialogue, &link->answer, PROMPT_MS, "AT+CMGS=%zu", line->tpdu_len) !=
        AT_PROMPT) {
        int status = complain(link, "the modem does not take a message");

        at_raw(link->dialogue, &link->answer, 1000, "\x1b");
        return status;
    }
    if (at_submit(link->dialogue, &link->answer, SUBMIT_MS, slice_str(line->digits)) != AT_OK)
        return complain(link, link->answer.final == AT_ERROR ? "not sent"
                                                             : "it may have been sent or not");
    printf("sent, reference %.*s\n", (int)at_answer_value(&link->answer, "+CMGS:").len,
           (const char *)at_answer_value(&link->answer, "+CMGS:").data);
    return EXIT_WELL;
}

static int send_parts(struct link *link, const char *number, const struct split_plan *plan)
{
    struct pdu_submit submit = pdu_submit_blank();
    int status = EXIT_WELL;

    submit.receiver = slice_str(number);
    submit.dcs.coding = (int)plan->rules->alphabet;
    for (unsigned i = 0; i < plan->parts && status == EXIT_WELL; i++) {
        struct sms_fault fault;
        struct pdu_line line;
        struct udh udh = {0};

        split_part_udh(plan, i, &udh);
        submit.udh = udh_slice(&udh);
        submit.content = split_part_content(plan, i);
        if (pdu_submit(&submit, true, &line, &fault)) {
            status = send_part(link, &line);
        } else {
            fprintf(stderr, "gwmodem: this cannot be sent: %s\n", fault.reason);
            status = EXIT_USAGE;
        }
    }
    return status;
}

static int send_text(struct link *link, const char *number, const char *text)
{
    struct encoding_wish wish = {.max_octets = SPLIT_OCTETS_MAX};
    struct split_rules rules = {.ref = (uint16_t)(clock_wall() & 0xff)};
    struct slice content = slice_str(text);
    struct encoding encoding;
    unsigned char *utf16 = NULL;
    struct split_plan plan;
    struct sms_fault fault;
    int status;

    encoding_choose(content, &wish, &encoding);
    rules.alphabet = encoding.alphabet;
    if (encoding.alphabet == DCS_UCS2) {
        size_t size = utf16_count(content);

        utf16 = malloc(size + 1);
        if (utf16 == NULL)
            return EXIT_TROUBLE;
        content = slice_of(utf16, utf16_from_utf8(content, utf16, size));
    }
    if (split_plan(&plan, &rules, content, &fault)) {
        status = send_parts(link, number, &plan);
    } else {
        fprintf(stderr, "gwmodem: this cannot be sent: %s\n", fault.reason);
        status = EXIT_USAGE;
    }
    free(utf16);
    return status;
}

static bool speak_pdu(struct link *link)
{
    link_ask(link, "ATE0");
    link_ask(link, "AT+CMEE=1");
    return link_ask(link, "AT+CMGF=0");
}

int gwmodem_send(const struct options *options)
{
    struct link link = {0};
    int status;

    if (!modem_open(&link, options, options->words[0]))
        return EXIT_TROUBLE;
    if (speak_pdu(&link))
        status = send_text(&link, options->words[1], options->words[2]);
    else
        status = complain(&link, "the modem has no PDU mode now");
    link_close(&link);
    return status;
}

/* --- receive ------------------------------------------------------------------------- */

static void append_content(struct bytes *text, const struct tpdu *tpdu)
{
    char utf8[UTF16_UTF8_MAX(TPDU_CONTENT_MAX) + 1];

    if (tpdu->alphabet == DCS_GSM7)
        bytes_append_slice(text, tpdu_content(tpdu));
    else if (tpdu->alphabet == DCS_UCS2)
        bytes_append(text, utf8, utf16_to_utf8(tpdu_content(tpdu), utf8));
    else
        bytes_append_hex(text, tpdu_content(tpdu), true);
}

static void print_message(const struct options *options, const struct tpdu *tpdu)
{
    char when[TIMESTAMP_TEXT_MAX] = "";
    struct bytes text = {0};
    json_t *object;

    timestamp_format(&tpdu->scts, when);
    if (tpdu->type == TPDU_STATUS_REPORT)
        bytes_printf(&text, "report for reference %d: status %02X", tpdu->mr, tpdu->st);
    else
        append_content(&text, tpdu);
    if (options->json) {
        object = json_pack("{s:s,s:s,s:s,s:s}", "type", tpdu_type_name(tpdu->type), "from",
                           tpdu->address.text, "time", when, "text", bytes_str(&text));
        if (object != NULL)
            json_print(object);
    } else {
        printf("%s  %s  %s\n", when, tpdu->address.text, bytes_str(&text));
    }
    bytes_free(&text);
    fflush(stdout);
}

/* What cannot be decoded is shown as it is, and not deleted. */
static bool show_pdu(const struct options *options, struct slice digits)
{
    struct sms_fault fault;
    struct pdu pdu;

    if (pdu_decode(digits, TPDU_TO_TE, true, &pdu, &fault)) {
        print_message(options, &pdu.tpdu);
        return true;
    }
    printf("cannot be read (%s): %.*s\n", fault.reason, (int)digits.len, (const char *)digits.data);
    return false;
}

/* An entry's PDU is the line behind its header. */
static void show_stored(struct link *link, const struct options *options)
{
    struct bytes list = {0};
    struct slice rest, line, item;

    if (at_command(link->dialogue, &link->answer, LIST_MS, "AT+CMGL=4") != AT_OK) {
        complain(link, "cannot list the messages");
        return;
    }
    bytes_append_slice(&list, bytes_slice(&link->answer.lines));
    rest = bytes_slice(&list);
    while (slice_next_item(&rest, '\n', &line)) {
        long index;

        if (!slice_starts_with(line, slice_str("+CMGL:")))
            continue;
        line = slice_sub(line, 6, line.len);
        if (!slice_next_item(&line, ',', &item) ||
            !slice_to_number(slice_trim(item), 0, 100000, &index) ||
            !slice_next_item(&line, ',', &item) ||
            !(slice_equal_str(slice_trim(item), "0") || slice_equal_str(slice_trim(item), "1")) ||
            !slice_next_item(&rest, '\n', &line))
            continue; /* not a received one */
        if (show_pdu(options, slice_trim(line)) && options->remove)
            at_command(link->dialogue, &link->answer, STORAGE_MS, "AT+CMGD=%ld", index);
    }
    bytes_free(&list);
}

/* Shows what a stored one says; the modem's words for it are +CMTI and +CDSI. */
static void show_place(struct link *link, const struct options *options,
                       const struct at_event *event)
{
    struct bytes digits = {0};
    struct slice rest, line;

    if (event->memory.len > 0)
        at_command(link->dialogue, &link->answer, STORAGE_MS, "AT+CPMS=\"%s\"",
                   bytes_str(&event->memory));
    at_command(link->dialogue, &link->answer, STORAGE_MS, "AT+CMGR=%d", event->index);
    rest = bytes_slice(&link->answer.lines);
    while (slice_next_item(&rest, '\n', &line))
        if (!slice_starts_with(line, slice_str("+CMGR:")) && digits.len == 0)
            bytes_append_slice(&digits, slice_trim(line));
    if (digits.len > 0 && show_pdu(options, bytes_slice(&digits)) && options->remove)
        at_command(link->dialogue, &link->answer, STORAGE_MS, "AT+CMGD=%d", event->index);
    bytes_free(&digits);
}

static void show_event(struct link *link, const struct options *options,
                       const struct at_event *event)
{
    switch (event->kind) {
    case AT_EVENT_MESSAGE:
    case AT_EVENT_REPORT:
        show_pdu(options, bytes_slice(&event->pdu));
        break;
    case AT_EVENT_STORED:
    case AT_EVENT_STORED_REPORT:
        show_place(link, options, event);
        break;
    default:
        break;
    }
}

static bool wait_for_more(struct link *link, const struct options *options)
{
    int64_t end = clock_monotonic_ms() + (int64_t)options->wait_s * 1000, left;
    struct at_event *event;

    if (!link_ask(link, "AT+CNMI=2,1,0,0,0") && !link_ask(link, "AT+CNMI=1,1,0,0,0") &&
        !link_ask(link, "AT+CNMI=2,1,0,0,1"))
        return false;
    while ((left = end - clock_monotonic_ms()) > 0) {
        if (!at_wait(link->dialogue, -1, (int)left))
            return false;
        while ((event = at_next_event(link->dialogue)) != NULL) {
            show_event(link, options, event);
            at_event_free(event);
        }
    }
    return true;
}

int gwmodem_receive(const struct options *options)
{
    struct link link = {0};
    int status = EXIT_WELL;

    if (!modem_open(&link, options, options->words[0]))
        return EXIT_TROUBLE;
    if (!speak_pdu(&link)) {
        status = complain(&link, "the modem has no PDU mode now");
    } else {
        show_stored(&link, options);
        if (options->wait_s > 0 && !wait_for_more(&link, options))
            status = complain(&link, "cannot wait for messages");
    }
    link_close(&link);
    return status;
}
