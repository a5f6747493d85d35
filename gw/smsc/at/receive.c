/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Receiving through a modem: see modem.h. Direct delivery (+CMT, +CDS) is
 * acknowledged by +CNMA, stored messages (stored.c) are deleted by +CMGD, both only
 * after the host has stored them. A message that cannot be decoded is logged and
 * left to the modem.
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

static struct slice receiver_of(const struct at_modem *modem)
{
    return slice_str(modem->settings->my_number != NULL ? modem->settings->my_number
                                                        : UNKNOWN_RECEIVER);
}

static bool deliver(struct at_modem *modem, const struct pdu *pdu)
{
    const struct tpdu *tpdu = &pdu->tpdu;
    struct dcs_fields fields = dcs_to_fields(tpdu->dcs);
    struct sms sms = sms_blank();

    sms.sender = address_slice(&tpdu->address);
    sms.receiver = receiver_of(modem);
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

static enum at_fate came_before(struct at_modem *modem)
{
    log_to(modem->log, LOG_LEVEL_INFO, "%s: this one came before", modem->name);
    modem->host->tally(modem->host->arg, SMSC_TALLY_REPEATED);
    return AT_SAFE;
}

bool at_modem_has_smsc_field(const struct at_modem *modem)
{
    return !modem->profile->no_smsc && !modem->knowledge->omits_smsc;
}

bool at_modem_decode(const struct at_modem *modem, struct slice digits, struct pdu *pdu,
                     struct sms_fault *fault)
{
    struct at_knowledge *knowledge = modem->knowledge;
    bool has_field = at_modem_has_smsc_field(modem);
    struct sms_fault other;

    if (pdu_decode(digits, TPDU_TO_TE, has_field, pdu, fault)) {
        knowledge->knows_form = true;
        return true;
    }
    if (knowledge->knows_form || modem->profile->no_smsc ||
        !pdu_decode(digits, TPDU_TO_TE, !has_field, pdu, &other))
        return false;
    knowledge->omits_smsc = has_field;
    knowledge->knows_form = true;
    return true;
}

enum at_fate at_modem_take_pdu(struct at_modem *modem, struct slice digits)
{
    struct at_seen *seen = &modem->knowledge->seen;
    struct pdu pdu;
    struct sms_fault fault;
    bool safe;

    if (!at_modem_decode(modem, digits, &pdu, &fault)) {
        if (!at_seen_before(seen, digits))
            log_to(modem->log, LOG_LEVEL_ERROR,
                   "%s: a PDU that cannot be read (octet %zu: %s): %.*s", modem->name, fault.octet,
                   fault.reason, (int)digits.len, (const char *)digits.data);
        at_seen_note(seen, digits);
        return AT_UNREADABLE;
    }
    if (at_seen_before(seen, digits))
        return came_before(modem);
    if (pdu.tpdu.type == TPDU_STATUS_REPORT)
        safe = report(modem, &pdu.tpdu);
    else if (pdu.tpdu.type == TPDU_DELIVER)
        safe = deliver(modem, &pdu);
    else
        return AT_UNREADABLE;
    if (safe)
        at_seen_note(seen, digits);
    return safe ? AT_SAFE : AT_KEEP;
}

/* --- text mode ------------------------------------------------------------------------ */

static enum at_charset charset_of(const struct at_modem *modem)
{
    return modem->charset >= 0 ? (enum at_charset)modem->charset : AT_IRA;
}

void at_modem_text_key(const struct at_text_header *header, struct slice text, struct bytes *key)
{
    bytes_append_slice(key, header->address);
    bytes_printf(key, "|%lld|%d|%d|", (long long)header->time, header->mr, header->st);
    bytes_append_slice(key, text);
}

static bool deliver_text(struct at_modem *modem, const struct at_text_header *header,
                         struct slice sender, const struct at_text_content *content)
{
    struct dcs_fields fields = header->dcs >= 0 && header->dcs <= 255
                                   ? dcs_to_fields((uint8_t)header->dcs)
                                   : DCS_FIELDS_UNSET;
    struct sms sms = sms_blank();

    sms.sender = sender;
    sms.receiver = receiver_of(modem);
    sms.udhdata = content->udh.len > 0 ? bytes_slice(&content->udh) : slice_unset();
    sms.msgdata = bytes_slice(&content->content);
    sms.coding = (int32_t)content->alphabet;
    sms.mclass = fields.mclass;
    sms.mwi = fields.mwi;
    sms.pid = header->pid >= 0 ? header->pid : SMS_UNSET;
    sms.time = header->time >= 0 ? header->time : clock_wall();
    return modem->host->deliver(modem->host->arg, &sms);
}

static bool report_text(struct at_modem *modem, const struct at_text_header *header,
                        struct slice receiver)
{
    return modem->host->report(modem->host->arg, header->mr, receiver, (uint8_t)header->st,
                               header->time >= 0 ? header->time : clock_wall());
}

enum at_fate at_modem_take_text(struct at_modem *modem, const struct at_text_header *header,
                                struct slice text)
{
    struct at_seen *seen = &modem->knowledge->seen;
    struct at_text_content content = {.alphabet = DCS_GSM7};
    struct bytes key = {0}, address = {0};
    enum at_fate fate = AT_KEEP;
    bool safe;

    at_modem_text_key(header, text, &key);
    if (at_seen_before(seen, bytes_slice(&key))) {
        fate = came_before(modem);
    } else {
        at_text_read_address(header, charset_of(modem), &address);
        at_text_read_content(header, charset_of(modem), text, &content);
        safe = header->kind == AT_TEXT_REPORT
                   ? report_text(modem, header, bytes_slice(&address))
                   : deliver_text(modem, header, bytes_slice(&address), &content);
        if (safe) {
            at_seen_note(seen, bytes_slice(&key));
            fate = AT_SAFE;
        }
    }
    bytes_free(&content.udh);
    bytes_free(&content.content);
    bytes_free(&address);
    bytes_free(&key);
    return fate;
}

/* --- what came unasked -------------------------------------------------------------------- */

int at_modem_reported(const struct at_modem *modem, const struct at_event *event)
{
    struct at_text_header header;
    struct sms_fault fault;
    struct pdu pdu;

    if (event->kind != AT_EVENT_REPORT)
        return -1;
    if (modem->speaks_text)
        return at_text_read_cds(bytes_slice(&event->header), &header) ? header.mr : -1;
    return at_modem_decode(modem, bytes_slice(&event->pdu), &pdu, &fault) &&
                   pdu.tpdu.type == TPDU_STATUS_REPORT
               ? pdu.tpdu.mr
               : -1;
}

static enum at_fate take_event_text(struct at_modem *modem, const struct at_event *event)
{
    struct at_text_header header;
    bool good = event->kind == AT_EVENT_REPORT
                    ? at_text_read_cds(bytes_slice(&event->header), &header)
                    : at_text_read_cmt(bytes_slice(&event->header), &header);

    return good ? at_modem_take_text(modem, &header, bytes_slice(&event->pdu)) : AT_UNREADABLE;
}

static bool take_direct(struct at_modem *modem, const struct at_event *event)
{
    enum at_fate fate = modem->speaks_text ? take_event_text(modem, event)
                                           : at_modem_take_pdu(modem, bytes_slice(&event->pdu));

    /* One that cannot be read is in the log and would come for ever. */
    if (fate == AT_KEEP) {
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
    default: /* too late: it may have turned to silence, or will in a moment */
        modem->next_recheck = clock_monotonic_ms();
        modem->doubtful_until = modem->next_recheck + AFTER_REFUSAL_MS;
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
    case AT_EVENT_BROADCAST:
        modem->host->tally(modem->host->arg, SMSC_TALLY_BROADCASTS);
        return true;
    case AT_EVENT_FULL:
        modem->full = true;
        modem->next_poll = 0;
        return true;
    case AT_EVENT_REFERENCE:
        modem->host->late_result(modem->host->arg, event->index, slice_unset());
        return true;
    case AT_EVENT_LATE_ERROR:
        modem->host->late_result(modem->host->arg, -1, bytes_slice(&event->pdu));
        return true;
    case AT_EVENT_USSD:
        at_modem_take_ussd(modem, bytes_slice(&event->pdu));
        return true;
    case AT_EVENT_RESTARTED:
        return true;
    }
    return true;
}

void at_modem_take_late_results(struct at_modem *modem)
{
    static const enum at_event_kind kinds[] = {AT_EVENT_REFERENCE, AT_EVENT_LATE_ERROR};
    struct at_event *event;

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        while ((event = at_next_event_of(modem->dialogue, kinds[i])) != NULL) {
            take_event(modem, event);
            at_event_free(event);
        }
}

void at_modem_take_last(struct at_modem *modem)
{
    static const enum at_event_kind kinds[] = {AT_EVENT_REPORT, AT_EVENT_MESSAGE};
    struct at_event *event;

    at_modem_take_late_results(modem);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        while ((event = at_next_event_of(modem->dialogue, kinds[i])) != NULL) {
            if (modem->speaks_text)
                take_event_text(modem, event);
            else
                at_modem_take_pdu(modem, bytes_slice(&event->pdu));
            at_event_free(event);
        }
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
        alive = at_modem_read_all(modem) && (!modem->full || at_modem_check_full(modem));
        modem->full = false;
    }
    return alive ? AT_GOOD : AT_CLOSED;
}
