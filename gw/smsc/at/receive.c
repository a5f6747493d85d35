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
    sms.time = tpdu->scts.valid ? timestamp_to_unix(&tpdu->scts) : clock_wall();
    return modem->host->deliver(modem->host->arg, &sms);
}

static bool report(struct at_modem *modem, const struct tpdu *tpdu)
{
    return modem->host->report(modem->host->arg, tpdu->mr, address_slice(&tpdu->address), tpdu->st,
                               tpdu->dt.valid ? timestamp_to_unix(&tpdu->dt) : clock_wall());
}

/* Hands one PDU to the host; true when it is in safe hands, so that the modem
 * may forget it. */
static bool take_pdu(struct at_modem *modem, struct slice digits)
{
    struct pdu pdu;
    struct sms_fault fault;

    if (!pdu_decode(digits, TPDU_TO_TE, !modem->profile->no_smsc, &pdu, &fault)) {
        log_to(modem->log, LOG_LEVEL_ERROR, "%s: a PDU that cannot be read (octet %zu: %s): %.*s",
               modem->name, fault.octet, fault.reason, (int)digits.len, (const char *)digits.data);
        return false;
    }
    if (pdu.tpdu.type == TPDU_STATUS_REPORT)
        return report(modem, &pdu.tpdu);
    return pdu.tpdu.type == TPDU_DELIVER && deliver(modem, &pdu);
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

/* The line behind the header line, in the answer to CMGR or CMGL. */
static struct slice line_after(const struct at_answer *answer, const char *prefix)
{
    struct slice rest = bytes_slice(&answer->lines), line;
    bool found = false;

    while (slice_next_item(&rest, '\n', &line)) {
        if (found)
            return line;
        found = slice_starts_with(line, slice_str(prefix));
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

bool at_modem_read_stored(struct at_modem *modem, struct slice memory, int index)
{
    struct bytes digits = {0};
    struct slice status, rest;
    bool safe;

    if (!select_memory(modem, memory) ||
        at_modem_command(modem, AT_STORAGE_MS, "AT+CMGR=%d", index) == AT_GONE)
        return false;
    rest = at_answer_value(&modem->answer, "+CMGR:");
    if (modem->answer.final != AT_OK || !slice_next_item(&rest, ',', &status) ||
        !is_received(status))
        return true; /* empty, or not for us */
    bytes_append_slice(&digits, line_after(&modem->answer, "+CMGR:"));
    safe = digits.len > 0 && take_pdu(modem, bytes_slice(&digits));
    bytes_free(&digits);
    return !safe || at_modem_command(modem, AT_STORAGE_MS, "AT+CMGD=%d", index) != AT_GONE;
}

/* Takes one entry of a list: `index,stat,...` and its PDU. */
static bool take_entry(struct at_modem *modem, struct slice header, struct slice digits)
{
    struct slice index, status;
    long number;

    if (!slice_next_item(&header, ',', &index) || !slice_next_item(&header, ',', &status) ||
        !slice_to_number(slice_trim(index), 0, 100000, &number) || !is_received(status) ||
        !take_pdu(modem, digits))
        return true;
    return at_modem_command(modem, AT_STORAGE_MS, "AT+CMGD=%ld", number) != AT_GONE;
}

bool at_modem_read_all(struct at_modem *modem)
{
    struct bytes list = {0};
    struct slice rest, line, header = slice_unset();
    bool alive = true;

    if (at_modem_command(modem, AT_LIST_MS, "AT+CMGL=4") == AT_GONE)
        return false;
    bytes_append_slice(&list, bytes_slice(&modem->answer.lines));
    rest = bytes_slice(&list);
    while (alive && slice_next_item(&rest, '\n', &line)) {
        if (slice_starts_with(line, slice_str("+CMGL:"))) {
            header = slice_trim(slice_sub(line, 6, line.len));
        } else if (slice_is_set(header)) {
            alive = take_entry(modem, header, line);
            header = slice_unset();
        }
    }
    bytes_free(&list);
    return alive;
}

/* --- what came unasked -------------------------------------------------------------------- */

static bool take_direct(struct at_modem *modem, const struct at_event *event)
{
    bool safe = take_pdu(modem, bytes_slice(&event->pdu));

    if (!modem->acknowledges || !safe)
        return true; /* not acknowledged: the network sends it again */
    return at_modem_command(modem, AT_PLAIN_MS, "AT+CNMA") != AT_GONE;
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
    case AT_EVENT_RESTARTED:
        log_to(modem->log, LOG_LEVEL_WARNING, "%s: the modem restarted", modem->name);
        return false;
    }
    return true;
}

bool at_modem_receive(struct at_modem *modem)
{
    struct at_event *event;
    bool alive = true;

    while (alive && (event = at_next_event(modem->dialogue)) != NULL) {
        alive = take_event(modem, event);
        at_event_free(event);
    }
    if (alive && clock_monotonic_ms() >= modem->next_poll) {
        modem->next_poll = clock_monotonic_ms() + AT_POLL_EVERY_MS;
        alive = at_modem_read_all(modem);
    }
    return alive;
}
