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
#define FIRST_LOOK_MS   1000
#define QUIET_MS        200

int at_attempt_validity(const struct at_modem *modem, const struct at_attempt *attempt)
{
    const struct sms *sms = attempt->sms;
    int64_t minutes;

    if (attempt->without_validity || modem->knowledge->refuses_validity)
        return -1;
    if (sms->validity == SMS_UNSET)
        return modem->settings->validity;
    minutes = (sms->validity - clock_wall() + 59) / 60;
    return validity_code(minutes > 0 ? (unsigned long)minutes : 0);
}

/* --- errors --------------------------------------------------------------------------- */

/* Numbers of vendors: not now, trouble of the
 * network, never. What else they mean differs. */
static enum at_outcome outcome_of_vendor(int code)
{
    switch (code) {
    case 515:
    case 522:
    case 527:
    case 528:
    case 529:
    case 532:
    case 535:
        return AT_PAUSE;
    case 512:
    case 513:
    case 514:
    case 521:
        return AT_TRY_LATER;
    case 531:
        return AT_REFUSED;
    default:
        return AT_TRY_FEW;
    }
}

/* Networks bar a SIM, or only some receivers, with the same numbers; what the SIM
 * itself lacks is in the others of the class. */
static bool may_be_the_receiver(const struct cause *cause)
{
    return cause->family == CAUSE_CMS && cause->code < 300;
}

/* The memory is: no fault of the message, which may wait as long as that lasts. */
static bool is_full(const struct cause *cause)
{
    return cause->family == CAUSE_CME
               ? cause->code == 20
               : cause->code == 322 || cause->code == 208 || cause->code == 211;
}

static enum at_outcome outcome_of(const struct cause *cause, int code)
{
    switch (cause->class) {
    case CAUSE_PERM:
    case CAUSE_PERM_RETRY:
        return AT_REFUSED;
    case CAUSE_WAIT:
        return AT_PAUSE;
    case CAUSE_SIM:
        return may_be_the_receiver(cause) ? AT_BARRED : AT_STOP;
    case CAUSE_PIN:
    case CAUSE_CONF:
        return AT_STOP;
    case CAUSE_MODEM:
        return AT_LOST;
    case CAUSE_AMBIGUOUS:
        return AT_UNCERTAIN_ANSWERED;
    case CAUSE_TEMP_FEW:
        return AT_TRY_FEW;
    case CAUSE_FIX:
        return is_full(cause) ? AT_TRY_LATER : AT_TRY_FEW;
    case CAUSE_VENDOR:
        return outcome_of_vendor(code);
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
    return outcome_of(cause, code);
}

/* --- one attempt ------------------------------------------------------------------------ */

static bool encode(const struct at_modem *modem, const struct at_attempt *attempt,
                   struct pdu_line *line)
{
    const struct sms *sms = attempt->sms;
    struct pdu_submit submit = pdu_submit_blank();
    struct sms_fault fault;

    submit.receiver = sms->receiver;
    submit.udh = sms->udhdata;
    submit.content = sms->msgdata;
    submit.dcs = (struct dcs_fields){(int)sms_coding(sms), sms->mclass, sms->mwi, sms->compress,
                                     at_settings_alt_dcs(modem->settings, sms->alt_dcs)};
    submit.pid = sms->pid;
    submit.rpi = sms->rpi;
    submit.validity = at_attempt_validity(modem, attempt);
    submit.want_report = attempt->want_report;
    if (pdu_submit(&submit, at_modem_has_smsc_field(modem), line, &fault))
        return true;
    bytes_printf(attempt->text, "cannot be a PDU: %s", fault.reason);
    return false;
}

/* The number of the service centre is lost: it is set again, the configured one or
 * what the SIM says it holds. */
static enum at_outcome without_centre(struct at_modem *modem, struct at_attempt *attempt)
{
    if (at_modem_set_centre(modem)) {
        attempt->again = true;
    } else if (modem->settings->sms_center == NULL) {
        bytes_append_str(attempt->text, "; the SIM holds no number of a service centre: set "
                                        "sms-center in the group of this modem");
    }
    return AT_STOP;
}

enum at_outcome at_attempt_failed(struct at_modem *modem, struct at_attempt *attempt)
{
    enum at_outcome outcome;
    const struct cause *cause;
    int code;

    bytes_clear(attempt->text);
    outcome = at_send_judge(bytes_slice(&modem->answer.error), attempt->text);
    if (!cause_parse(bytes_slice(&modem->answer.error), &cause, &code))
        return outcome;
    attempt->malformed = cause->class == CAUSE_PERM_RETRY;
    attempt->again = cause->class == CAUSE_FIX;
    if (code == 330)
        return without_centre(modem, attempt);
    if (code == 198 || code == 199)
        attempt->without_validity = true;
    else if (cause->class == CAUSE_FIX && !at_modem_read_all(modem)) /* makes room */
        return AT_LOST;
    return outcome;
}

/* No prompt: the modem may still be waiting for text; ESC lets it go. */
static enum at_outcome leave_prompt(struct at_modem *modem, struct at_attempt *attempt)
{
    bytes_clear(attempt->text);
    bytes_append_str(attempt->text, "no prompt from the modem");
    if (at_raw(modem->dialogue, &modem->answer, LEAVE_PROMPT_MS, "\x1b") == AT_TIMEOUT)
        at_raw(modem->dialogue, &modem->answer, QUIET_MS, "\x1b"); /* that one woke it up */
    if (!at_settle(modem->dialogue, QUIET_MS) || !at_modem_is_there(modem))
        return AT_LOST;
    attempt->again = true;
    return AT_PAUSE;
}

enum at_outcome at_attempt_without_prompt(struct at_modem *modem, struct at_attempt *attempt)
{
    switch (modem->answer.final) {
    case AT_ERROR:
        return at_attempt_failed(modem, attempt);
    case AT_GONE:
    case AT_RESTARTED:
        bytes_clear(attempt->text);
        bytes_append_str(attempt->text, "the device is gone");
        return AT_LOST;
    default:
        return leave_prompt(modem, attempt);
    }
}

enum at_outcome at_attempt_submit(struct at_modem *modem, struct at_attempt *attempt,
                                  struct slice text)
{
    int64_t started = clock_monotonic_ms();

    return at_attempt_result(
        modem, attempt, at_submit(modem->dialogue, &modem->answer, FIRST_LOOK_MS, text), started);
}

/* --- the ways of sending ---------------------------------------------------------------- */

bool at_modem_lacks_command(const struct at_modem *modem)
{
    const struct cause *cause;
    int code;

    if (modem->answer.final != AT_ERROR)
        return false;
    return !cause_parse(bytes_slice(&modem->answer.error), &cause, &code) ||
           cause == cause_plain() || (cause->family == CAUSE_CMS && code == 303) ||
           (cause->family == CAUSE_CME && code == 4);
}

/* The modem does not take AT+CMGS: perhaps it sends what it has stored. */
static enum at_outcome try_from_memory(struct at_modem *modem, struct at_attempt *attempt,
                                       const struct pdu_line *line)
{
    enum at_outcome outcome = at_attempt_failed(modem, attempt);
    struct bytes why = {0};

    bytes_append_slice(&why, bytes_slice(attempt->text));
    if (outcome != AT_LOST && at_send_stored(modem, attempt, line, &outcome) &&
        outcome == AT_SENT) {
        log_to(modem->log, LOG_LEVEL_INFO,
               "%s: AT+CMGS does not work (%s), messages are sent from the memory", modem->name,
               bytes_str(&why));
        modem->sends_stored = true;
    }
    bytes_free(&why);
    return outcome;
}

static enum at_outcome send_directly(struct at_modem *modem, struct at_attempt *attempt,
                                     const struct pdu_line *line)
{
    int64_t started = clock_monotonic_ms();

    if (at_modem_command(modem, at_prompt_patience(modem), "AT+CMGS=%zu", line->tpdu_len) ==
        AT_PROMPT) {
        at_note_prompt(modem, started);
        return at_attempt_submit(modem, attempt, slice_str(line->digits));
    }
    if (at_modem_lacks_command(modem) && !modem->stores_nothing)
        return try_from_memory(modem, attempt, line);
    return at_attempt_without_prompt(modem, attempt);
}

/* A modem that has restarted unnoticed would take the length for a number and
 * the PDU for a text. An echo that comes back tells; where it always comes, the
 * mode is set before each message. */
static void ensure_mode(struct at_modem *modem)
{
    if (at_echoes(modem->dialogue))
        at_modem_command(modem, AT_PLAIN_MS, "AT+CMGF=%d", modem->speaks_text);
}

static enum at_outcome try_once(struct at_modem *modem, struct at_attempt *attempt)
{
    enum at_outcome outcome;
    struct pdu_line line;

    ensure_mode(modem);
    if (modem->speaks_text)
        return at_send_text(modem, attempt);
    if (!encode(modem, attempt, &line))
        return AT_REFUSED;
    if (!modem->stores_nothing && (modem->sends_stored || modem->settings->send_from_memory) &&
        at_send_stored(modem, attempt, &line, &outcome))
        return outcome;
    return send_directly(modem, attempt, &line);
}

/* AT+CMMS keeps the link to the network between the parts of a long message. 1
 * ends by itself some seconds after the last one, 2 when it is told to. */
static bool keep_link(struct at_modem *modem, bool more)
{
    int mode = !more ? 0 : modem->profile->enable_mms ? 2 : 1;

    if (modem->link_kept == mode || modem->refuses_cmms)
        return true;
    if (modem->link_kept != 1 || mode != 0)
        modem->refuses_cmms = at_modem_command(modem, AT_PLAIN_MS, "AT+CMMS=%d", mode) == AT_ERROR;
    modem->link_kept = mode;
    return modem->answer.final != AT_GONE && modem->answer.final != AT_RESTARTED;
}

/* Once more. */
static enum at_outcome try_again(struct at_modem *modem, struct at_attempt *attempt)
{
    enum at_outcome outcome;

    log_to(modem->log, LOG_LEVEL_WARNING, "%s: %s, once more", modem->name,
           bytes_str(attempt->text));
    bytes_clear(attempt->text);
    if (!at_settle(modem->dialogue, QUIET_MS))
        return AT_LOST;
    attempt->again = attempt->malformed = false;
    outcome = try_once(modem, attempt);
    if (outcome == AT_SENT && attempt->without_validity)
        modem->knowledge->refuses_validity = true; /* not to be asked with each message */
    return outcome == AT_PAUSE && attempt->again ? AT_LOST : outcome; /* twice no prompt */
}

/* --- a message that the modem finds no sense in --------------------------------------- */

/* That is for good, and costs one try. But it may be the line or the modem that
 * made nonsense of the message; so it is doubted where there is a reason, and
 * otherwise once in the life of a connection: whether that helped is remembered. */
static bool makes_no_sense(enum at_outcome outcome, const struct at_attempt *attempt)
{
    return outcome == AT_REFUSED && attempt->malformed;
}

/* After a restart that nobody saw. */
static bool has_lost_mode(struct at_modem *modem)
{
    struct slice mode;

    if (at_modem_command(modem, AT_PLAIN_MS, "AT+CMGF?") != AT_OK)
        return false;
    mode = at_answer_value(&modem->answer, "+CMGF:");
    return slice_is_set(mode) && !slice_equal_str(mode, modem->speaks_text ? "1" : "0") &&
           at_modem_command(modem, AT_PLAIN_MS, "AT+CMGF=%d", modem->speaks_text) == AT_OK;
}

/* Some lose characters of a long line. */
static enum at_outcome try_slowly(struct at_modem *modem, struct at_attempt *attempt)
{
    struct at_knowledge *knowledge = modem->knowledge;
    bool before = knowledge->is_slow_reader;
    enum at_outcome outcome;

    knowledge->is_slow_reader = true;
    at_modem_set_pace(modem);
    outcome = try_again(modem, attempt);
    if (outcome != AT_SENT) {
        knowledge->is_slow_reader = before;
        at_modem_set_pace(modem);
    }
    knowledge->means_it = makes_no_sense(outcome, attempt);
    return outcome;
}

/* Modems of phase 1 have PDUs without the service centre, and say no more than
 * that they find no sense in others. */
static enum at_outcome try_other_form(struct at_modem *modem, struct at_attempt *attempt)
{
    struct at_knowledge *knowledge = modem->knowledge;
    enum at_outcome outcome;

    knowledge->tried_forms = true;
    knowledge->omits_smsc = !knowledge->omits_smsc;
    outcome = try_again(modem, attempt);
    if (outcome != AT_SENT)
        knowledge->omits_smsc = !knowledge->omits_smsc;
    else
        log_to(modem->log, LOG_LEVEL_INFO, "%s: the modem wants PDUs without the service centre",
               modem->name);
    return outcome;
}

static enum at_outcome doubt(struct at_modem *modem, struct at_attempt *attempt)
{
    struct at_knowledge *knowledge = modem->knowledge;
    enum at_outcome outcome = AT_REFUSED;

    if (has_lost_mode(modem))
        outcome = try_again(modem, attempt);
    if (makes_no_sense(outcome, attempt) && !knowledge->means_it)
        outcome = try_slowly(modem, attempt);
    if (makes_no_sense(outcome, attempt) && !modem->speaks_text && !modem->profile->no_smsc &&
        !knowledge->knows_form && !knowledge->tried_forms)
        outcome = try_other_form(modem, attempt);
    return outcome;
}

enum at_outcome at_modem_send(struct at_modem *modem, const struct smsc_submit *submit,
                              int *reference, struct bytes *text)
{
    struct at_attempt attempt = {.sms = message_sms(submit->message),
                                 .part = submit->part,
                                 .want_report = submit->want_report,
                                 .reference = -1,
                                 .text = text};
    bool more = submit->part < submit->parts;
    enum at_outcome outcome;

    if (more && !keep_link(modem, true)) {
        bytes_append_str(text, "the device is gone");
        return AT_LOST;
    }
    outcome = try_once(modem, &attempt);
    if (attempt.again && outcome != AT_LOST && outcome != AT_SENT)
        outcome = try_again(modem, &attempt);
    if (makes_no_sense(outcome, &attempt))
        outcome = doubt(modem, &attempt);
    modem->knowledge->knows_form = modem->knowledge->knows_form || outcome == AT_SENT;
    if (outcome == AT_SENT)
        modem->knowledge->reference = attempt.reference;
    else
        modem->knowledge->reference = -1; /* what it counts is not known any more */
    *reference = attempt.reference;
    if (!more)
        keep_link(modem, false);
    return outcome;
}
