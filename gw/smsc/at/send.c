/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sending a part through a modem: see modem.h. AT+CMGS in PDU mode, 3GPP TS
 * 27.005 section 4.3.
 *
 * Until the PDU with its Ctrl-Z is written nothing can have been sent; from then
 * on until a result is read, only the network knows.
 */
#include "gw/smsc/at/modem_internal.h"

#include "gw/sms/cause.h"
#include "gw/sms/pdu.h"
#include "gwlib/clock.h"

#define LEAVE_PROMPT_MS 2000

static int validity_of(const struct at_modem *modem, const struct sms *sms)
{
    int64_t minutes;

    if (sms->validity == SMS_UNSET)
        return modem->settings->validity;
    minutes = (sms->validity - clock_wall() + 59) / 60;
    return validity_code(minutes > 0 ? (unsigned long)minutes : 0);
}

static bool encode(const struct at_modem *modem, const struct sms *sms, bool want_report,
                   struct pdu_line *line, struct bytes *text)
{
    struct pdu_submit submit = pdu_submit_blank();
    struct sms_fault fault;

    submit.receiver = sms->receiver;
    submit.udh = sms->udhdata;
    submit.content = sms->msgdata;
    submit.dcs = (struct dcs_fields){(int)sms_coding(sms), sms->mclass, sms->mwi, sms->compress,
                                     sms->alt_dcs};
    submit.pid = sms->pid;
    submit.rpi = sms->rpi;
    submit.validity = validity_of(modem, sms);
    submit.want_report = want_report;
    if (pdu_submit(&submit, !modem->profile->no_smsc, line, &fault))
        return true;
    bytes_printf(text, "cannot be a PDU: %s", fault.reason);
    return false;
}

/* What an error of the modem means for the message. */
static enum at_outcome judge(const struct at_modem *modem, struct bytes *text)
{
    const struct cause *cause;
    int code;

    if (!cause_parse(bytes_slice(&modem->answer.error), &cause, &code)) {
        bytes_append_slice(text, bytes_slice(&modem->answer.error));
        return AT_TRY_LATER;
    }
    bytes_printf(text, "%s (%s)", bytes_str(&modem->answer.error), cause->text);
    switch (cause_fate(cause->class)) {
    case CAUSE_FATE_PERMANENT:
        return AT_REFUSED;
    case CAUSE_FATE_UNCERTAIN:
        return AT_UNCERTAIN;
    case CAUSE_FATE_MODEM:
        return AT_LOST;
    default:
        return AT_TRY_LATER;
    }
}

/* No prompt: the modem may still be waiting for text; ESC lets it go. */
static enum at_outcome leave_prompt(struct at_modem *modem, struct bytes *text)
{
    bytes_append_str(text, "no prompt from the modem");
    at_raw(modem->dialogue, &modem->answer, LEAVE_PROMPT_MS, slice_str("\x1b"));
    at_settle(modem->dialogue, 200);
    return AT_LOST;
}

static enum at_outcome result(struct at_modem *modem, int *reference, struct bytes *text)
{
    long number;

    switch (modem->answer.final) {
    case AT_OK:
        if (!slice_to_number(at_answer_value(&modem->answer, "+CMGS:"), 0, 255, &number))
            number = 0;
        *reference = (int)number;
        return AT_SENT;
    case AT_ERROR:
        return judge(modem, text);
    default:
        bytes_append_str(text, "no answer after the message was given to the modem");
        return AT_UNCERTAIN;
    }
}

enum at_outcome at_modem_send(struct at_modem *modem, const struct sms *sms, bool want_report,
                              int *reference, struct bytes *text)
{
    struct pdu_line line;

    if (!encode(modem, sms, want_report, &line, text))
        return AT_REFUSED;
    switch (at_modem_command(modem, AT_PROMPT_MS, "AT+CMGS=%zu", line.tpdu_len)) {
    case AT_PROMPT:
        break;
    case AT_ERROR:
        return judge(modem, text);
    case AT_GONE:
        bytes_append_str(text, "the device is gone");
        return AT_LOST;
    default:
        return leave_prompt(modem, text);
    }
    line.digits[line.len] = 0x1a; /* Ctrl-Z, in the place of the end */
    at_raw(modem->dialogue, &modem->answer, AT_RESULT_MS, slice_of(line.digits, line.len + 1));
    return result(modem, reference, text);
}
