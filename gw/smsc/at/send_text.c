/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sending in text mode, for modems without PDU mode: AT+CSCS chooses the character
 * set, AT+CSMP sets what else a PDU would hold, AT+CMGS takes the number and then
 * the text (3GPP TS 27.005 sections 3.1.2, 3.5.1).
 *
 * 8-bit and UCS-2 data are typed as hex digits, with their header when there is
 * one. A header before 7-bit text has no place: parts of a long message are then
 * messages of their own, in order.
 */
#include "gw/smsc/at/modem_internal.h"

#include "gw/sms/gsm7.h"
#include "gw/sms/udh.h"
#include "gwlib/charset.h"
#include "gwlib/clock.h"

enum {
    FO_SUBMIT = 0x01,
    FO_VALIDITY = 0x10,
    FO_REPORT = 0x20,
    FO_HEADER = 0x40,
    FO_REPLY_PATH = 0x80
};

/* What goes out. */
struct plan {
    int charset; /* -1: as it is */
    int fo, dcs;
    struct bytes text;
};

static void plan_free(struct plan *plan)
{
    bytes_free(&plan->text);
}

static bool offers(const struct at_modem *modem, enum at_charset charset)
{
    return (modem->charsets & (1u << charset)) != 0;
}

/* Whether the header only joins parts: without it the text is still whole. */
static bool is_only_concat(struct slice udh)
{
    struct udh rest;

    udh_without_concat(udh, &rest);
    return rest.len == 0;
}

/* Text of the default alphabet: as plainly as possible, since modems that have
 * text mode only are old. */
static bool plan_characters(struct at_modem *modem, struct plan *plan, struct slice text)
{
    static const enum at_charset order[] = {AT_IRA, AT_GSM, AT_LATIN1, AT_UCS2};

    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++)
        if (offers(modem, order[i]) && at_charset_encode(order[i], text, &plan->text)) {
            plan->charset = (int)order[i];
            return true;
        }
    return false;
}

/* What has no place becomes '?', rather than that nothing is sent. */
static void plan_replaced(struct at_modem *modem, struct plan *plan, struct slice text)
{
    plan->charset = modem->charset;
    for (size_t at = 0; at < text.len;) {
        size_t start = at;
        struct slice one;

        charset_utf8_next(text, &at);
        one = slice_sub(text, start, at - start);
        if (!at_charset_encode(AT_IRA, one, &plan->text))
            bytes_append_char(&plan->text, one.data[0] == '\r' ? '\n' : '?');
    }
}

static void plan_octets(struct at_modem *modem, struct plan *plan, const struct sms *sms,
                        bool with_header)
{
    if (with_header) {
        plan->fo |= FO_HEADER;
        bytes_append_hex(&plan->text, sms->udhdata, true);
    }
    bytes_append_hex(&plan->text, sms->msgdata, true);
    /* Some want it so; for the others these are hex digits anyway. */
    plan->charset =
        sms_coding(sms) == SMS_CODING_UCS2 && offers(modem, AT_UCS2) ? (int)AT_UCS2 : -1;
}

static void say_unjoined(struct at_modem *modem)
{
    if (!modem->said_unjoined)
        log_to(modem->log, LOG_LEVEL_WARNING,
               "%s: the modem has text mode only: the parts of long messages are messages of "
               "their own",
               modem->name);
    modem->said_unjoined = true;
}

/* False: it cannot be sent in text mode at all. */
static bool make_plan(struct at_modem *modem, const struct at_attempt *attempt, bool with_header,
                      struct plan *plan)
{
    const struct sms *sms = attempt->sms;
    struct dcs_fields fields = {(int)sms_coding(sms), sms->mclass, sms->mwi, sms->compress,
                                at_settings_alt_dcs(modem->settings, sms->alt_dcs)};
    bool has_header = !slice_is_empty(sms->udhdata);

    plan->dcs = dcs_from_fields(&fields);
    plan->fo = FO_SUBMIT | (attempt->want_report ? FO_REPORT : 0) |
               (sms->rpi == 1 ? FO_REPLY_PATH : 0) |
               (at_attempt_validity(modem, attempt) >= 0 ? FO_VALIDITY : 0);
    if (has_header && !with_header && !is_only_concat(sms->udhdata)) {
        bytes_append_str(attempt->text, "its header has no place in text mode");
        return false;
    }
    if (has_header && !with_header)
        say_unjoined(modem);
    if (sms_coding(sms) != SMS_CODING_7BIT)
        plan_octets(modem, plan, sms, has_header && with_header);
    else if (!plan_characters(modem, plan, sms->msgdata))
        plan_replaced(modem, plan, sms->msgdata);
    return true;
}

bool at_modem_set_charset(struct at_modem *modem, int charset)
{
    if (charset < 0 || charset == modem->charset)
        return true;
    if (at_modem_command(modem, AT_PLAIN_MS, "AT+CSCS=\"%s\"",
                         at_charset_name((enum at_charset)charset)) == AT_OK)
        modem->charset = charset;
    return modem->answer.final == AT_OK || modem->answer.final == AT_ERROR;
}

/* What else the modem is to put into the PDU. False: see the outcome. */
static bool set_parameters(struct at_modem *modem, struct at_attempt *attempt,
                           const struct plan *plan, enum at_outcome *outcome)
{
    int validity = at_attempt_validity(modem, attempt), pid = attempt->sms->pid;
    struct bytes wanted = {0};
    bool good = true;

    bytes_printf(&wanted, "AT+CSMP=%d,%d,%d,%d", plan->fo, validity >= 0 ? validity : 0,
                 pid >= 0 ? pid : 0, plan->dcs);
    if (!slice_equal(bytes_slice(&wanted), bytes_slice(&modem->csmp))) {
        bytes_clear(&modem->csmp);
        good = at_modem_command(modem, AT_PLAIN_MS, "%s", bytes_str(&wanted)) == AT_OK;
        if (good)
            bytes_append_slice(&modem->csmp, bytes_slice(&wanted));
    }
    bytes_free(&wanted);
    if (!good && modem->answer.final == AT_ERROR) {
        *outcome = at_attempt_failed(modem, attempt);
        attempt->again = false;
        /* Plain text goes as the modem has it; what needs its parameters does not. */
        good = plan->dcs == 0 && (plan->fo & FO_HEADER) == 0 && *outcome != AT_LOST &&
               *outcome != AT_PAUSE;
        if (good)
            bytes_clear(attempt->text);
    } else if (!good) {
        bytes_append_str(attempt->text, "the device is gone");
        *outcome = AT_LOST;
    }
    return good;
}

static enum at_final open_message(struct at_modem *modem, const struct sms *sms)
{
    bool international = sms->receiver.len > 0 && sms->receiver.data[0] == '+';
    int64_t started = clock_monotonic_ms();
    struct bytes number = {0};
    enum at_final final;

    if (modem->charset != AT_UCS2 || !at_charset_encode(AT_UCS2, sms->receiver, &number))
        bytes_append_slice(&number, sms->receiver);
    final =
        at_modem_command(modem, at_prompt_patience(modem), "AT+CMGS=\"%s\",%d", bytes_str(&number),
                         international ? ADDRESS_TOA_INTERNATIONAL : ADDRESS_TOA_UNKNOWN);
    bytes_free(&number);
    if (final == AT_PROMPT)
        at_note_prompt(modem, started);
    return final;
}

static bool is_number(struct slice receiver)
{
    size_t from = receiver.len > 0 && receiver.data[0] == '+';

    for (size_t i = from; i < receiver.len; i++)
        if (!((receiver.data[i] >= '0' && receiver.data[i] <= '9') || receiver.data[i] == '*' ||
              receiver.data[i] == '#'))
            return false;
    return receiver.len > from && receiver.len <= ADDRESS_DIGITS_MAX + from;
}

static enum at_outcome send_plan(struct at_modem *modem, struct at_attempt *attempt,
                                 const struct plan *plan)
{
    enum at_outcome outcome = AT_LOST;

    if (!at_modem_set_charset(modem, plan->charset)) {
        bytes_append_str(attempt->text, "the device is gone");
        return AT_LOST;
    }
    if (!set_parameters(modem, attempt, plan, &outcome))
        return outcome;
    if (open_message(modem, attempt->sms) != AT_PROMPT)
        return at_attempt_without_prompt(modem, attempt);
    return at_attempt_submit(modem, attempt, bytes_slice(&plan->text));
}

static enum at_outcome send_once(struct at_modem *modem, struct at_attempt *attempt,
                                 bool with_header)
{
    enum at_outcome outcome = AT_REFUSED;
    struct plan plan = {.charset = -1};

    if (make_plan(modem, attempt, with_header, &plan))
        outcome = send_plan(modem, attempt, &plan);
    plan_free(&plan);
    return outcome;
}

enum at_outcome at_send_text(struct at_modem *modem, struct at_attempt *attempt)
{
    const struct sms *sms = attempt->sms;
    bool with_header = sms_coding(sms) != SMS_CODING_7BIT && !modem->refuses_headers;
    enum at_outcome outcome;

    if (!is_number(sms->receiver)) {
        bytes_append_str(attempt->text, "the receiver is not a number");
        return AT_REFUSED;
    }
    outcome = send_once(modem, attempt, with_header);
    if (outcome != AT_REFUSED || !attempt->malformed || !with_header ||
        slice_is_empty(sms->udhdata) || !is_only_concat(sms->udhdata))
        return outcome;
    modem->refuses_headers = true;
    attempt->again = false;
    bytes_clear(attempt->text);
    return send_once(modem, attempt, false);
}
