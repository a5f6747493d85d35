/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bringing a modem up: see modem.h. What the modem can do is asked, not
 * assumed. The steps are a table; each says how its failure counts.
 */
#include "gw/smsc/at/modem_internal.h"

#include <stdarg.h>
#include <stdlib.h>

#include "gw/sms/cause.h"
#include "gwlib/clock.h"
#include "gwlib/memory.h"

#define WAKE_TRIES 5

static const unsigned char leave_prompt[] = {0x1b, '\r'};

enum at_final at_modem_command(struct at_modem *modem, int timeout_ms, const char *format, ...)
{
    struct bytes line = {0};
    enum at_final final;
    va_list args;

    va_start(args, format);
    bytes_vprintf(&line, format, args);
    va_end(args);
    final = at_command(modem->dialogue, &modem->answer, timeout_ms, "%s", bytes_str(&line));
    bytes_free(&line);
    if (modem->profile != NULL && modem->profile->pause_ms > 0 && final != AT_GONE &&
        !at_settle(modem->dialogue, modem->profile->pause_ms))
        return AT_GONE;
    return final;
}

/* --- the steps --------------------------------------------------------------------- */

/* An earlier run may have left the modem at a prompt; some lose their first
 * characters. */
static enum at_readiness wake(struct at_modem *modem, struct bytes *detail)
{
    at_raw(modem->dialogue, &modem->answer, 300, slice_of(leave_prompt, sizeof leave_prompt));
    if (modem->answer.final == AT_GONE)
        return AT_BROKEN;
    for (int i = 0; i < WAKE_TRIES; i++) {
        switch (at_modem_command(modem, 1000, "AT")) {
        case AT_OK:
            return AT_READY;
        case AT_GONE:
            return AT_BROKEN;
        default:
            break;
        }
    }
    bytes_append_str(detail, "the port answers nothing to AT");
    return AT_BROKEN;
}

static enum at_readiness talk_plainly(struct at_modem *modem, struct bytes *detail)
{
    (void)detail;
    at_modem_command(modem, AT_PLAIN_MS, "ATE0");
    at_modem_command(modem, AT_PLAIN_MS, "ATV1");
    return at_modem_command(modem, AT_PLAIN_MS, "AT+CMEE=1") == AT_GONE ? AT_BROKEN : AT_READY;
}

static enum at_readiness identify(struct at_modem *modem, struct bytes *detail)
{
    static const char *const questions[] = {"ATI", "AT+CGMI", "AT+CGMM"};
    struct bytes all = {0};

    (void)detail;
    for (size_t i = 0; i < sizeof questions / sizeof questions[0] && !modem->identified; i++) {
        if (at_modem_command(modem, AT_PLAIN_MS, "%s", questions[i]) == AT_GONE) {
            bytes_free(&all);
            return AT_BROKEN;
        }
        bytes_append_slice(&all, bytes_slice(&modem->answer.lines));
        bytes_append_char(&all, '\n');
    }
    if (!modem->identified) {
        modem->profile = at_settings_profile(modem->settings, bytes_slice(&all));
        log_to(modem->log, LOG_LEVEL_INFO, "%s: modem type is %s", modem->name,
               modem->profile->name != NULL ? modem->profile->name : modem->profile->id);
        modem->identified = true;
    }
    bytes_free(&all);
    if (modem->profile->handshake != NULL && modem->profile->flow_control)
        at_modem_command(modem, AT_PLAIN_MS, "%s", modem->profile->handshake);
    return AT_READY;
}

/* A PIN is given once: a wrong one that is repeated locks the SIM. */
static enum at_readiness give_pin(struct at_modem *modem, struct bytes *detail)
{
    if (modem->pin_refused) {
        bytes_append_str(detail, "the SIM refused the PIN; it is not tried again");
        return AT_HOPELESS;
    }
    if (modem->settings->pin == NULL) {
        bytes_append_str(detail, "the SIM wants its PIN and none is configured");
        return AT_HOPELESS;
    }
    if (at_command_secret(modem->dialogue, &modem->answer, AT_PIN_MS, "AT+CPIN=\"%s\"",
                          modem->settings->pin) == AT_OK)
        return AT_NOT_YET; /* the SIM needs a moment */
    if (modem->answer.final == AT_GONE)
        return AT_BROKEN;
    modem->pin_refused = true;
    bytes_printf(detail, "the SIM refused the PIN (%s); it is not tried again",
                 bytes_str(&modem->answer.error));
    return AT_HOPELESS;
}

static enum at_readiness unlock(struct at_modem *modem, struct bytes *detail)
{
    const struct cause *cause;
    struct slice state;
    int code;

    if (modem->profile->no_pin)
        return AT_READY;
    switch (at_modem_command(modem, AT_PLAIN_MS, "AT+CPIN?")) {
    case AT_GONE:
        return AT_BROKEN;
    case AT_ERROR:
        if (cause_parse(bytes_slice(&modem->answer.error), &cause, &code) &&
            cause->class == CAUSE_SIM) {
            bytes_append_str(detail, cause->text);
            return AT_NOT_YET;
        }
        return cause_parse(bytes_slice(&modem->answer.error), &cause, &code) &&
                       cause->class == CAUSE_WAIT
                   ? AT_NOT_YET
                   : AT_READY; /* modems without the command */
    default:
        break;
    }
    state = at_answer_value(&modem->answer, "+CPIN:");
    if (slice_equal_str(state, "SIM PIN"))
        return give_pin(modem, detail);
    if (slice_equal_str(state, "SIM PUK") || slice_starts_with(state, slice_str("PH-"))) {
        bytes_printf(detail, "the SIM is locked: %.*s", (int)state.len, (const char *)state.data);
        return AT_HOPELESS;
    }
    return AT_READY; /* READY, SIM PIN2, SIM PUK2 */
}

static enum at_readiness pdu_mode(struct at_modem *modem, struct bytes *detail)
{
    const struct cause *cause;
    int code;

    switch (at_modem_command(modem, AT_PLAIN_MS, "AT+CMGF=0")) {
    case AT_OK:
        return AT_READY;
    case AT_ERROR:
        bytes_printf(detail, "no PDU mode: %s", bytes_str(&modem->answer.error));
        return cause_parse(bytes_slice(&modem->answer.error), &cause, &code) &&
                       cause->class == CAUSE_WAIT
                   ? AT_NOT_YET
                   : AT_BROKEN;
    default:
        return AT_BROKEN;
    }
}

/* Phase 2+: messages that are handed over directly are acknowledged. */
static enum at_readiness message_service(struct at_modem *modem, struct bytes *detail)
{
    struct slice offered;

    (void)detail;
    modem->acknowledges = false;
    if (at_modem_command(modem, AT_PLAIN_MS, "AT+CSMS=?") == AT_GONE)
        return AT_BROKEN;
    offered = at_answer_value(&modem->answer, "+CSMS:");
    if (modem->answer.final == AT_OK && slice_find(offered, '1', 0) < offered.len)
        modem->acknowledges = at_modem_command(modem, AT_PLAIN_MS, "AT+CSMS=1") == AT_OK;
    return AT_READY;
}

static enum at_readiness memories(struct at_modem *modem, struct bytes *detail)
{
    (void)detail;
    bytes_clear(&modem->memory);
    if (modem->profile->storage == NULL)
        return AT_READY;
    if (at_modem_command(modem, AT_STORAGE_MS, "AT+CPMS=\"%s\",\"%s\",\"%s\"",
                         modem->profile->storage, modem->profile->storage,
                         modem->profile->storage) == AT_GONE)
        return AT_BROKEN;
    if (modem->answer.final == AT_OK)
        bytes_append_str(&modem->memory, modem->profile->storage);
    return AT_READY;
}

static enum at_readiness service_centre(struct at_modem *modem, struct bytes *detail)
{
    (void)detail;
    if (modem->settings->sms_center == NULL)
        return AT_READY;
    if (at_modem_command(modem, AT_PLAIN_MS, "AT+CSCA=\"%s\"", modem->settings->sms_center) ==
        AT_GONE)
        return AT_BROKEN;
    if (modem->answer.final != AT_OK)
        log_to(modem->log, LOG_LEVEL_WARNING, "%s: the modem did not take the number in sms-center",
               modem->name);
    return AT_READY;
}

/*
 * How messages and reports are told: the settings in order of safety. Stored and
 * told survive a crash of ours; handed over directly is safe when acknowledged.
 */
static enum at_readiness indications(struct at_modem *modem, struct bytes *detail)
{
    static const char *const stored_first[] = {"2,1,0,1,0", "2,1,0,2,0", "1,1,0,1,0", "2,1,0,1,1",
                                               "2,2,0,1,0", "2,1,0,0,0", "1,1,0,0,0", "2,1,0,0,1"};
    const char *own = modem->profile->init_string;

    (void)detail;
    if (own != NULL && at_modem_command(modem, AT_PLAIN_MS, "%s", own) == AT_OK)
        return AT_READY;
    if (modem->answer.final == AT_GONE)
        return AT_BROKEN;
    for (size_t i = 0; i < sizeof stored_first / sizeof stored_first[0]; i++) {
        switch (at_modem_command(modem, AT_PLAIN_MS, "AT+CNMI=%s", stored_first[i])) {
        case AT_OK:
            return AT_READY;
        case AT_GONE:
            return AT_BROKEN;
        default:
            break;
        }
    }
    log_to(modem->log, LOG_LEVEL_WARNING,
           "%s: the modem does not tell of new messages, its memory is looked at every minute",
           modem->name);
    return AT_READY;
}

/* The second field of `+CREG: n,stat`; 1 and 5 to 7, 9, 10 are good for SMS. */
static bool registered(struct slice value)
{
    struct slice field;
    long status;

    return slice_next_item(&value, ',', &field) && slice_next_item(&value, ',', &field) &&
           slice_to_number(slice_trim(field), 0, 99, &status) &&
           (status == 1 || (status >= 5 && status <= 7) || status == 9 || status == 10);
}

static enum at_readiness registration(struct at_modem *modem, struct bytes *detail)
{
    switch (at_modem_command(modem, AT_PLAIN_MS, "AT+CREG?")) {
    case AT_GONE:
        return AT_BROKEN;
    case AT_OK:
        if (registered(at_answer_value(&modem->answer, "+CREG:")))
            return AT_READY;
        break;
    default:
        return AT_READY; /* not every modem says */
    }
    if (at_modem_command(modem, AT_PLAIN_MS, "AT+CEREG?") == AT_OK &&
        registered(at_answer_value(&modem->answer, "+CEREG:")))
        return AT_READY;
    bytes_append_str(detail, "not registered in the network");
    return modem->answer.final == AT_GONE ? AT_BROKEN : AT_NOT_YET;
}

static enum at_readiness what_is_stored(struct at_modem *modem, struct bytes *detail)
{
    (void)detail;
    modem->next_poll = clock_monotonic_ms() + AT_POLL_EVERY_MS;
    return at_modem_read_all(modem) ? AT_READY : AT_BROKEN;
}

enum at_readiness at_modem_bring_up(struct at_modem *modem, struct bytes *detail)
{
    static enum at_readiness (*const steps[])(struct at_modem *, struct bytes *) = {
        wake,     talk_plainly,   identify,    unlock,       pdu_mode,      message_service,
        memories, service_centre, indications, registration, what_is_stored};

    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        enum at_readiness readiness = steps[i](modem, detail);

        if (readiness != AT_READY)
            return readiness;
    }
    at_forget_restarts(modem->dialogue);
    return AT_READY;
}

/* --- the modem as a whole ---------------------------------------------------------------- */

struct at_modem *at_modem_create(const struct at_settings *settings, const struct at_host *host,
                                 struct at_port *port, const char *name, struct log_file *log)
{
    struct at_modem *modem = memory_zalloc(1, sizeof *modem);

    modem->settings = settings;
    modem->host = host;
    modem->name = memory_strdup(name);
    modem->log = log;
    modem->dialogue = at_dialogue_create(port, name, log);
    modem->profile = at_settings_profile(settings, slice_unset());
    if (modem->profile->need_sleep)
        at_settle(modem->dialogue, 1000);
    return modem;
}

void at_modem_free(struct at_modem *modem)
{
    if (modem == NULL)
        return;
    at_dialogue_free(modem->dialogue);
    at_answer_free(&modem->answer);
    bytes_free(&modem->memory);
    free(modem->name);
    free(modem);
}

bool at_modem_wait(struct at_modem *modem, int wake_fd, int timeout_ms)
{
    return at_wait(modem->dialogue, wake_fd, timeout_ms);
}

bool at_modem_probe(struct at_modem *modem)
{
    return at_modem_command(modem, AT_PLAIN_MS, "%s", modem->profile->keepalive) != AT_TIMEOUT &&
           modem->answer.final != AT_GONE;
}
