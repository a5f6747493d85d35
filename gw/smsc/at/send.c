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

#define LEAVE_PROMPT_MS  2000
#define QUIET_MS         200
#define RESULT_MS        30000 /* so long on bad days */
#define LOOK_EVERY_MS    3000
#define AFTER_RESTART_MS 2000 /* what looked like a restart may have been none */
#define AFTER_ERROR_MS   1000 /* for a result behind an ERROR that answered something else */
#define PROBES           3

static int validity_of(const struct at_modem *modem, const struct sms *sms)
{
    int64_t minutes;

    if (sms->validity == SMS_UNSET)
        return modem->settings->validity;
    minutes = (sms->validity - clock_wall() + 59) / 60;
    return validity_code(minutes > 0 ? (unsigned long)minutes : 0);
}

/* --- errors --------------------------------------------------------------------------- */

/* Own numbers of vendors that say "not now" (spec at-modems, section 7.2). */
static bool vendor_says_wait(int code)
{
    static const int codes[] = {515, 522, 527, 528, 529, 532, 535};

    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        if (codes[i] == code)
            return true;
    return false;
}

static enum at_outcome outcome_of(enum cause_class class, int code)
{
    switch (class) {
    case CAUSE_PERM:
    case CAUSE_PERM_RETRY:
        return AT_REFUSED;
    case CAUSE_WAIT:
        return AT_PAUSE;
    case CAUSE_SIM:
    case CAUSE_PIN:
    case CAUSE_CONF:
        return AT_STOP;
    case CAUSE_MODEM:
        return AT_LOST;
    case CAUSE_AMBIGUOUS:
        return AT_UNCERTAIN;
    case CAUSE_TEMP_FEW:
    case CAUSE_FIX:
        return AT_TRY_FEW;
    case CAUSE_VENDOR:
        return vendor_says_wait(code) ? AT_PAUSE : AT_TRY_FEW;
    case CAUSE_TEMP:
    case CAUSE_NONE:
        return AT_TRY_LATER;
    }
    return AT_TRY_LATER;
}

enum at_outcome at_send_judge(struct slice error, struct bytes *text)
{
    const struct cause *cause;
    int code;

    if (!cause_parse(error, &cause, &code)) {
        bytes_append_slice(text, error);
        return AT_TRY_FEW;
    }
    bytes_printf(text, "%.*s (%s)", (int)error.len, (const char *)error.data, cause->text);
    return outcome_of(cause->class, code);
}

/* --- one attempt ------------------------------------------------------------------------ */

struct attempt {
    const struct sms *sms;
    bool want_report;
    bool without_validity;
    int reference;      /* of AT_SENT */
    bool again;         /* not sent, and worth one more attempt at once */
    struct bytes *text; /* why not */
};

static bool encode(const struct at_modem *modem, const struct attempt *attempt,
                   struct pdu_line *line)
{
    const struct sms *sms = attempt->sms;
    struct pdu_submit submit = pdu_submit_blank();
    struct sms_fault fault;

    submit.receiver = sms->receiver;
    submit.udh = sms->udhdata;
    submit.content = sms->msgdata;
    submit.dcs = (struct dcs_fields){(int)sms_coding(sms), sms->mclass, sms->mwi, sms->compress,
                                     sms->alt_dcs};
    submit.pid = sms->pid;
    submit.rpi = sms->rpi;
    submit.validity = attempt->without_validity ? -1 : validity_of(modem, sms);
    submit.want_report = attempt->want_report;
    if (pdu_submit(&submit, !modem->profile->no_smsc, line, &fault))
        return true;
    bytes_printf(attempt->text, "cannot be a PDU: %s", fault.reason);
    return false;
}

static enum at_outcome failed(struct at_modem *modem, struct attempt *attempt)
{
    enum at_outcome outcome = at_send_judge(bytes_slice(&modem->answer.error), attempt->text);
    const struct cause *cause;
    int code;

    if (!cause_parse(bytes_slice(&modem->answer.error), &cause, &code))
        return outcome;
    attempt->again = cause->class == CAUSE_FIX || cause->class == CAUSE_PERM_RETRY;
    if (code == 198 || code == 199)
        attempt->without_validity = true;
    else if (cause->class == CAUSE_FIX && !at_modem_read_all(modem)) /* makes room */
        return AT_LOST;
    return outcome;
}

/* No prompt: the modem may still be waiting for text; ESC lets it go. */
static enum at_outcome leave_prompt(struct at_modem *modem, struct attempt *attempt)
{
    bytes_append_str(attempt->text, "no prompt from the modem");
    at_raw(modem->dialogue, &modem->answer, LEAVE_PROMPT_MS, "\x1b");
    if (!at_settle(modem->dialogue, QUIET_MS) || !at_modem_probe(modem))
        return AT_LOST;
    attempt->again = true;
    return AT_PAUSE;
}

/* `+CMGS: 12[,...]`. A line before the last one answers an earlier message whose
 * answer was given up. */
static int take_references(struct at_modem *modem)
{
    struct slice rest = bytes_slice(&modem->answer.lines), value, field;
    long reference = -1;

    while (at_answer_next(&rest, "+CMGS:", &value)) {
        if (reference >= 0)
            modem->host->late_result(modem->host->arg, (int)reference, slice_unset());
        if (!slice_next_item(&value, ',', &field) ||
            !slice_to_number(slice_trim(field), 0, 255, &reference))
            reference = -1;
    }
    return (int)reference;
}

static enum at_outcome result(struct at_modem *modem, struct attempt *attempt)
{
    bytes_clear(attempt->text);
    switch (modem->answer.final) {
    case AT_OK:
        attempt->reference = take_references(modem);
        return AT_SENT;
    case AT_ERROR:
        return failed(modem, attempt);
    default:
        /* The reference without its OK is an answer too. */
        attempt->reference = take_references(modem);
        if (attempt->reference >= 0 && modem->answer.final == AT_TIMEOUT)
            return AT_SENT;
        bytes_append_str(attempt->text, "no answer after the message was given to the modem");
        return AT_UNCERTAIN_LOST;
    }
}

/*
 * Nothing came. A modem that answers the next command has no more to say about
 * this one, or says it late; one that does not is opened anew.
 */
static enum at_outcome look_for_life(struct at_modem *modem, struct attempt *attempt)
{
    if (modem->answer.final == AT_RESTARTED &&
        at_listen(modem->dialogue, &modem->answer, AFTER_RESTART_MS) != AT_TIMEOUT)
        return result(modem, attempt);
    if (modem->answer.final != AT_TIMEOUT)
        return result(modem, attempt);
    for (int i = 0; i < PROBES && !modem->host->stopped(modem->host->arg); i++) {
        struct at_answer probe = {.final = AT_TIMEOUT};
        enum at_final final = at_command(modem->dialogue, &probe, AT_PLAIN_MS, "AT");

        at_answer_free(&probe);
        if (final == AT_OK || final == AT_ERROR) {
            result(modem, attempt);
            return at_settle(modem->dialogue, QUIET_MS) ? AT_UNCERTAIN : AT_UNCERTAIN_LOST;
        }
        if (final != AT_TIMEOUT)
            break;
    }
    return result(modem, attempt);
}

/* Whether a status report is waiting that can only be this message's. */
static bool is_reported(const struct at_modem *modem)
{
    int expected = (modem->knowledge->reference + 1) & 255;
    struct sms_fault fault;
    struct pdu pdu;

    if (modem->knowledge->reference < 0)
        return false;
    for (const struct at_event *event = at_peek_events(modem->dialogue); event != NULL;
         event = event->next)
        if (event->kind == AT_EVENT_REPORT &&
            pdu_decode(bytes_slice(&event->pdu), TPDU_TO_TE, !modem->profile->no_smsc, &pdu,
                       &fault) &&
            pdu.tpdu.type == TPDU_STATUS_REPORT && pdu.tpdu.mr == expected)
            return true;
    return false;
}

/* A bare ERROR has a number nowhere to tell that it is about a message: it may
 * be a late answer to something else, and the result comes now. */
static void doubt_error(struct at_modem *modem)
{
    struct at_answer later = {.final = AT_TIMEOUT};

    if (!slice_equal_str(bytes_slice(&modem->answer.error), "ERROR"))
        return;
    if (at_listen(modem->dialogue, &later, AFTER_ERROR_MS) == AT_OK &&
        slice_is_set(at_answer_value(&later, "+CMGS:"))) {
        at_answer_free(&modem->answer);
        modem->answer = later;
        return;
    }
    at_answer_free(&later);
}

/* The result, however long it takes; or a report that tells the same. */
static enum at_outcome await_result(struct at_modem *modem, struct attempt *attempt,
                                    const char *digits)
{
    int64_t end = clock_monotonic_ms() + RESULT_MS;
    enum at_final final = at_submit(modem->dialogue, &modem->answer, LOOK_EVERY_MS, digits);

    while (final == AT_TIMEOUT && clock_monotonic_ms() < end) {
        if (is_reported(modem) && at_modem_probe(modem)) {
            attempt->reference = (modem->knowledge->reference + 1) & 255;
            return AT_SENT;
        }
        final = at_listen(modem->dialogue, &modem->answer, LOOK_EVERY_MS);
    }
    if (final == AT_ERROR)
        doubt_error(modem);
    return final == AT_OK || final == AT_ERROR ? result(modem, attempt)
                                               : look_for_life(modem, attempt);
}

static enum at_outcome try_once(struct at_modem *modem, struct attempt *attempt)
{
    struct pdu_line line;

    if (!encode(modem, attempt, &line))
        return AT_REFUSED;
    switch (at_modem_command(modem, AT_PROMPT_MS, "AT+CMGS=%zu", line.tpdu_len)) {
    case AT_PROMPT:
        break;
    case AT_ERROR:
        return failed(modem, attempt);
    case AT_GONE:
    case AT_RESTARTED:
        bytes_append_str(attempt->text, "the device is gone");
        return AT_LOST;
    default:
        return leave_prompt(modem, attempt);
    }
    return await_result(modem, attempt, line.digits);
}

enum at_outcome at_modem_send(struct at_modem *modem, const struct sms *sms, bool want_report,
                              int *reference, struct bytes *text)
{
    struct attempt attempt = {.sms = sms, .want_report = want_report, .text = text};
    enum at_outcome outcome = try_once(modem, &attempt);

    if (attempt.again && outcome != AT_LOST) {
        log_to(modem->log, LOG_LEVEL_WARNING, "%s: %s, once more", modem->name, bytes_str(text));
        attempt.again = false;
        bytes_clear(text);
        if (!at_settle(modem->dialogue, QUIET_MS))
            return AT_LOST;
        outcome = try_once(modem, &attempt);
        if (outcome == AT_PAUSE && attempt.again)
            outcome = AT_LOST; /* twice no prompt */
    }
    if (outcome == AT_SENT)
        modem->knowledge->reference = attempt.reference;
    else
        modem->knowledge->reference = -1; /* what it counts is not known any more */
    *reference = attempt.reference;
    return outcome;
}
