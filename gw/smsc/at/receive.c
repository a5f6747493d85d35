/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Receiving through a modem: see modem.h. Direct delivery (+CMT, +CDS) is
 * acknowledged by +CNMA, stored messages are deleted by +CMGD, both only after
 * the host has stored them. A message that cannot be decoded is logged and left
 * to the modem.
 */
#include "gw/smsc/at/modem_internal.h"

#include "gw/sms/cause.h"
#include "gw/sms/pdu.h"
#include "gwlib/clock.h"

/* The receiver of a message when my-number is not configured: what Kannel puts
 * there. A message without any would be refused by smsbox. */
#define UNKNOWN_RECEIVER "1234"

/* The network's time for an acknowledgement is 10 to 15 s. */
#define AFTER_REFUSAL_MS 16000

/* --- PDUs --------------------------------------------------------------------------- */

static bool deliver(struct at_modem *modem, const struct pdu *pdu)
{
    const struct tpdu *tpdu = &pdu->tpdu;
    struct dcs_fields fields = dcs_to_fields(tpdu->dcs);
    struct sms sms = sms_blank();

    sms.sender = address_slice(&tpdu->address);
    sms.receiver = slice_str(modem->settings->my_number != NULL ? modem->settings->my_number
                                                                : UNKNOWN_RECEIVER);
    if (pdu->smsc.present)
        sms.smsc_number = address_slice(&pdu->smsc);
    sms.udhdata = udh_slice(&tpdu->udh);
    sms.msgdata = tpdu_content(tpdu);
    sms.coding = (int32_t)tpdu->alphabet;
    sms.mclass = fields.mclass;
    sms.mwi = fields.mwi;
    sms.compress = fields.compress;
    sms.alt_dcs = fields.alt_dcs;
    sms.pid = tpdu->pid;
    if (tpdu->scts.valid)
        sms.time = timestamp_to_unix(&tpdu->scts);
    return modem->host->deliver(modem->host->arg, &sms);
}

static bool report(struct at_modem *modem, const struct tpdu *tpdu)
{
    return modem->host->report(modem->host->arg, tpdu->mr, address_slice(&tpdu->address), tpdu->st,
                               tpdu->dt.valid ? timestamp_to_unix(&tpdu->dt) : clock_wall());
}

enum fate {
    SAFE,      /* stored: the modem may forget it */
    KEEP,      /* not stored now: the modem or the network is to keep it */
    UNREADABLE /* never will be; it is in the log */
};

/* Hands one PDU to the host, unless it did so before. */
static enum fate take_pdu(struct at_modem *modem, struct slice digits)
{
    struct at_seen *seen = &modem->knowledge->seen;
    struct pdu pdu;
    struct sms_fault fault;
    bool safe;

    if (!pdu_decode(digits, TPDU_TO_TE, !modem->profile->no_smsc, &pdu, &fault)) {
        if (!at_seen_before(seen, digits))
            log_to(modem->log, LOG_LEVEL_ERROR,
                   "%s: a PDU that cannot be read (octet %zu: %s): %.*s", modem->name, fault.octet,
                   fault.reason, (int)digits.len, (const char *)digits.data);
        at_seen_note(seen, digits);
        return UNREADABLE;
    }
    if (at_seen_before(seen, digits)) {
        log_to(modem->log, LOG_LEVEL_INFO, "%s: this one came before", modem->name);
        return SAFE;
    }
    if (pdu.tpdu.type == TPDU_STATUS_REPORT)
        safe = report(modem, &pdu.tpdu);
    else if (pdu.tpdu.type == TPDU_DELIVER)
        safe = deliver(modem, &pdu);
    else
        return UNREADABLE;
    if (safe)
        at_seen_note(seen, digits);
    return safe ? SAFE : KEEP;
}

/* --- stored messages ------------------------------------------------------------------- */

static bool select_memory(struct at_modem *modem, struct slice memory)
{
    if (slice_is_empty(memory) || slice_equal(memory, bytes_slice(&modem->memory)))
        return true;
    if (at_modem_command(modem, AT_STORAGE_MS, "AT+CPMS=\"%.*s\"", (int)memory.len,
                         (const char *)memory.data) != AT_OK)
        return modem->answer.final != AT_GONE;
    bytes_clear(&modem->memory);
    bytes_append_slice(&modem->memory, memory);
    return true;
}

/* The PDU behind a header line of CMGR or CMGL: the first line that can be it,
 * because a modem may talk in between. */
static struct slice pdu_after(struct slice *rest, struct slice header)
{
    long octets = at_line_last_number(header);
    struct slice line, looked = *rest;

    while (slice_next_item(&looked, '\n', &line)) {
        if (slice_starts_with(line, slice_str("+CMGL:")))
            break;
        if (at_line_is_pdu(line, octets)) {
            *rest = looked;
            return line;
        }
    }
    return slice_unset();
}

/* Whether `index,stat,...` or `stat,...` is a received message, not one of ours
 * that somebody stored. */
static bool is_received(struct slice status)
{
    status = slice_trim(status);
    return slice_equal_str(status, "0") || slice_equal_str(status, "1");
}

/* A stored message whose PDU was read: handed on, then deleted. */
static bool take_stored(struct at_modem *modem, struct slice digits, long index)
{
    struct bytes copy = {0};
    enum fate fate;

    bytes_append_slice(&copy, digits); /* the answer it stands in is used again */
    fate = take_pdu(modem, bytes_slice(&copy));
    bytes_free(&copy);
    return fate != SAFE || at_modem_command(modem, AT_STORAGE_MS, "AT+CMGD=%ld", index) != AT_GONE;
}

bool at_modem_read_stored(struct at_modem *modem, struct slice memory, int index)
{
    struct slice header, fields, status, rest, digits;

    if (!select_memory(modem, memory) ||
        at_modem_command(modem, AT_STORAGE_MS, "AT+CMGR=%d", index) == AT_GONE)
        return false;
    rest = bytes_slice(&modem->answer.lines);
    if (modem->answer.final != AT_OK || !at_answer_next(&rest, "+CMGR:", &header))
        return true; /* empty */
    fields = header;
    if (!slice_next_item(&fields, ',', &status) || !is_received(status))
        return true; /* not for us */
    digits = pdu_after(&rest, header);
    return !slice_is_set(digits) || take_stored(modem, digits, index);
}

/* Takes one entry of a list: `index,stat,...,length` and its PDU. */
static bool take_entry(struct at_modem *modem, struct slice header, struct slice digits)
{
    struct slice index, status;
    long number;

    return !slice_next_item(&header, ',', &index) || !slice_next_item(&header, ',', &status) ||
           !slice_to_number(slice_trim(index), 0, 100000, &number) || !is_received(status) ||
           take_stored(modem, digits, number);
}

bool at_modem_read_all(struct at_modem *modem)
{
    struct bytes list = {0};
    struct slice rest, header, digits;
    bool alive = true;

    if (!select_memory(modem, bytes_slice(&modem->home)) ||
        at_modem_command(modem, AT_LIST_MS, "AT+CMGL=4") == AT_GONE)
        return false;
    bytes_append_slice(&list, bytes_slice(&modem->answer.lines));
    rest = bytes_slice(&list);
    while (alive && at_answer_next(&rest, "+CMGL:", &header)) {
        digits = pdu_after(&rest, header);
        if (slice_is_set(digits))
            alive = take_entry(modem, header, digits);
    }
    bytes_free(&list);
    return alive;
}

/* --- what came unasked -------------------------------------------------------------------- */

static bool take_direct(struct at_modem *modem, const struct at_event *event)
{
    /* One that cannot be read is in the log and would come for ever. */
    if (take_pdu(modem, bytes_slice(&event->pdu)) == KEEP) {
        modem->next_recheck = clock_monotonic_ms() + AFTER_REFUSAL_MS;
        return true; /* not acknowledged: the network sends it again */
    }
    if (!modem->acknowledges)
        return true;
    switch (at_modem_command(modem, AT_PLAIN_MS, "AT+CNMA")) {
    case AT_GONE:
        return false;
    case AT_OK:
        return true;
    default:
        modem->next_recheck = clock_monotonic_ms(); /* too late: it may have turned to silence */
        return true;
    }
}

static bool take_event(struct at_modem *modem, const struct at_event *event)
{
    switch (event->kind) {
    case AT_EVENT_MESSAGE:
    case AT_EVENT_REPORT:
        return take_direct(modem, event);
    case AT_EVENT_STORED:
    case AT_EVENT_STORED_REPORT:
        return at_modem_read_stored(modem, bytes_slice(&event->memory), event->index);
    case AT_EVENT_FULL:
        modem->next_poll = 0;
        return true;
    case AT_EVENT_REFERENCE:
        modem->host->late_result(modem->host->arg, event->index, slice_unset());
        return true;
    case AT_EVENT_LATE_ERROR:
        modem->host->late_result(modem->host->arg, -1, bytes_slice(&event->pdu));
        return true;
    case AT_EVENT_RESTARTED:
        return true;
    }
    return true;
}

bool at_modem_has_restarted(const struct at_modem *modem)
{
    if (!at_has_restarted(modem->dialogue))
        return false;
    log_to(modem->log, LOG_LEVEL_WARNING, "%s: the modem restarted", modem->name);
    return true;
}

enum at_condition at_modem_receive(struct at_modem *modem)
{
    struct at_event *event;
    bool alive = true;

    if (at_modem_has_restarted(modem))
        return AT_AGAIN;
    while (alive && !at_has_restarted(modem->dialogue) &&
           (event = at_next_event(modem->dialogue)) != NULL) {
        alive = take_event(modem, event);
        at_event_free(event);
    }
    if (alive && clock_monotonic_ms() >= modem->next_poll) {
        modem->next_poll = clock_monotonic_ms() + AT_POLL_EVERY_MS;
        alive = at_modem_read_all(modem);
    }
    return alive ? AT_GOOD : AT_CLOSED;
}
