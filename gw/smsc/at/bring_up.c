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

#define WAKE_TRIES           5
#define NOISE_TRIES          2 /* of these, when something comes that is no answer */
#define SILENCES_UNTIL_SPEED 4
#define RESET_MS             3000
#define ROUSE_MS             1000
#define ASLEEP_AFTER_MS      4000 /* without a command */
#define QUIET_MS             100
#define DOUBLE_MS            60 /* until the second OK of one that says it twice */
#define RESTARTS_MAX         5
#define SLOW_CHUNK           18 /* octets at once that any modem takes */
#define SLOW_GAP_MS          10
#define NUDGE_MS             20000

bool at_modem_error_is(const struct at_modem *modem, enum cause_class class)
{
    const struct cause *cause;
    int code;

    return modem->answer.final == AT_ERROR &&
           cause_parse(bytes_slice(&modem->answer.error), &cause, &code) && cause->class == class;
}

/* Some sleep when nothing is said for a while, and lose the first character that
 * wakes them: not one of a command that is waited for long. */
static void rouse(struct at_modem *modem)
{
    if (clock_monotonic_ms() < modem->awake_until)
        return;
    for (int i = 0; i < 2; i++) {
        if (at_command(modem->dialogue, &modem->answer, ROUSE_MS, "AT") != AT_TIMEOUT)
            return;
        at_raw(modem->dialogue, &modem->answer, QUIET_MS, "\x1b\r"); /* of a prompt, perhaps */
    }
}

/* One that says OK twice would have a command answered by what belongs to the one
 * before, and some hear nothing meanwhile. */
static void await_double(struct at_modem *modem)
{
    int *pause_ms = &modem->knowledge->pause_ms;

    if (*pause_ms == 0 && at_doubles_answers(modem->dialogue)) {
        log_to(modem->log, LOG_LEVEL_INFO,
               "%s: the modem says OK twice, it gets a pause before each command", modem->name);
        *pause_ms = DOUBLE_MS;
    }
    if (*pause_ms > 0)
        at_settle(modem->dialogue, *pause_ms);
}

enum at_final at_modem_command(struct at_modem *modem, int timeout_ms, const char *format, ...)
{
    struct bytes line = {0};
    enum at_final final;
    int64_t started;
    va_list args;

    va_start(args, format);
    bytes_vprintf(&line, format, args);
    va_end(args);
    if (modem->awake_until != 0 && !slice_equal_str(bytes_slice(&line), "AT"))
        rouse(modem);
    await_double(modem);
    started = clock_monotonic_ms();
    final = at_command(modem->dialogue, &modem->answer, timeout_ms, "%s", bytes_str(&line));
    modem->awake_until = (final == AT_TIMEOUT ? started : clock_monotonic_ms()) + ASLEEP_AFTER_MS;
    bytes_free(&line);
    if (modem->profile != NULL && modem->profile->pause_ms > 0 && final != AT_GONE &&
        final != AT_PROMPT && !at_settle(modem->dialogue, modem->profile->pause_ms))
        return AT_GONE;
    return final;
}

/* --- the steps --------------------------------------------------------------------- */

static bool is_stopped(const struct at_modem *modem)
{
    return modem->host->stopped(modem->host->arg);
}

/* Some lose the first characters, the ESC that ends an old prompt among them, and
 * late answers to an earlier run's commands are not to be taken for the next
 * one's: quiet comes before the next step. */
static bool answers(struct at_modem *modem, int tries, int timeout_ms)
{
    for (int i = 0; i < tries && modem->answer.final != AT_GONE && !is_stopped(modem); i++) {
        if (at_modem_command(modem, timeout_ms, "AT") == AT_OK)
            return at_settle(modem->dialogue, QUIET_MS);
        if (modem->answer.final == AT_TIMEOUT && i + 1 < tries)
            at_raw(modem->dialogue, &modem->answer, QUIET_MS, "\x1b\r");
    }
    return false;
}

bool at_modem_is_there(struct at_modem *modem)
{
    modem->knowledge->asked_in_vain = !answers(modem, 2, 1000);
    return !modem->knowledge->asked_in_vain;
}

/* Section 3.1: the other speeds, for ports that have one. */
static bool find_speed(struct at_modem *modem)
{
    static const int speeds[] = {115200, 9600, 19200, 38400, 57600, 230400, 460800, 921600};

    if (modem->knowledge->takes_any_speed)
        return false;

    for (size_t i = 0; i < sizeof speeds / sizeof speeds[0] && !is_stopped(modem); i++) {
        if (!at_port_set_speed(modem->port, speeds[i]))
            return false;
        at_settle(modem->dialogue, 50);
        if (answers(modem, 3, 300)) {
            log_to(modem->log, LOG_LEVEL_INFO, "%s: the modem answers at %d bit/s", modem->name,
                   speeds[i]);
            modem->knowledge->speed = speeds[i];
            return true;
        }
    }
    return false;
}

/* Octets without an OK among them are a wrong speed; silence is one seldom, when
 * the modem has been heard before. */
static bool may_have_another_speed(const struct at_modem *modem, uint64_t before)
{
    return modem->answer.final != AT_GONE &&
           (at_port_received(modem->port) > before || modem->knowledge->speed == 0 ||
            modem->knowledge->silences % SILENCES_UNTIL_SPEED == SILENCES_UNTIL_SPEED - 1);
}

/* A modem that still waits for the network's answer to a message hears nothing. */
static bool answers_late(struct at_modem *modem)
{
    while (clock_monotonic_ms() < modem->knowledge->listen_until &&
           modem->answer.final != AT_GONE && !is_stopped(modem))
        if (answers(modem, NOISE_TRIES, 1000))
            return true;
    return false;
}

/* An earlier run may have left the modem at a prompt. */
static enum at_readiness wake(struct at_modem *modem, struct bytes *detail)
{
    uint64_t before = at_port_received(modem->port);

    at_set_numeric(modem->dialogue, true);
    at_raw(modem->dialogue, &modem->answer, 100, "\x1b\r");
    if (answers(modem, NOISE_TRIES, 1000) || answers_late(modem) ||
        (at_port_received(modem->port) == before &&
         answers(modem, WAKE_TRIES - NOISE_TRIES, 1000)) ||
        (may_have_another_speed(modem, before) && find_speed(modem))) {
        modem->knowledge->silences = 0;
        return AT_READY;
    }
    if (modem->knowledge->silences < 1000000)
        modem->knowledge->silences++;
    bytes_append_str(detail, modem->answer.final == AT_GONE ? "the device is gone"
                             : at_port_received(modem->port) > before
                                 ? "what comes from the port is no answer to AT"
                                 : "the port answers nothing to AT");
    return AT_BROKEN;
}

static enum at_readiness talk_plainly(struct at_modem *modem, struct bytes *detail)
{
    (void)detail;
    at_modem_command(modem, AT_PLAIN_MS, "ATE0");
    if (at_modem_command(modem, AT_PLAIN_MS, "ATV1") == AT_OK)
        at_set_numeric(modem->dialogue, false);
    return at_modem_command(modem, AT_PLAIN_MS, "AT+CMEE=1") == AT_GONE ? AT_BROKEN : AT_READY;
}

/* RTS/CTS in the modem first, then on our side, and only when the line has it. A
 * command that the operator has named is given in any case. */
static bool shake_hands(struct at_modem *modem)
{
    const struct at_profile *profile = modem->profile;
    bool wanted = profile->flow_control && !modem->knowledge->takes_any_speed &&
                  at_port_hears_cts(modem->port);

    if (profile->handshake == NULL || profile->handshake[0] == '\0' ||
        (!wanted && !profile->always_handshake))
        return true;
    switch (at_modem_command(modem, AT_PLAIN_MS, "%s", profile->handshake)) {
    case AT_GONE:
        return false;
    case AT_OK:
        if (wanted)
            at_port_set_flow_control(modem->port, true);
        return true;
    default:
        log_to(modem->log, LOG_LEVEL_INFO, "%s: the modem did not take %s", modem->name,
               profile->handshake);
        return true;
    }
}

void at_modem_set_pace(struct at_modem *modem)
{
    if (modem->profile->chunk == 0 && modem->knowledge->is_slow_reader)
        at_port_set_chunks(modem->port, SLOW_CHUNK, SLOW_GAP_MS);
    else
        at_port_set_chunks(modem->port, modem->profile->chunk, modem->profile->gap_ms);
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
        modem->knowledge->profile = modem->profile;
    }
    bytes_free(&all);
    at_modem_set_pace(modem);
    if (!shake_hands(modem))
        return AT_BROKEN;
    if (modem->profile->prepare != NULL)
        at_modem_command(modem, AT_PLAIN_MS, "%s", modem->profile->prepare);
    return AT_READY;
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

static enum at_readiness service_centre(struct at_modem *modem, struct bytes *detail)
{
    if (modem->settings->sms_center == NULL)
        return AT_READY;
    switch (at_modem_command(modem, AT_PLAIN_MS, "AT+CSCA=\"%s\"", modem->settings->sms_center)) {
    case AT_GONE:
        return AT_BROKEN;
    case AT_OK:
        break;
    default:
        if (at_modem_error_is(modem, CAUSE_WAIT)) {
            bytes_append_str(detail, "the SIM is not ready yet");
            return AT_NOT_YET;
        }
        log_to(modem->log, LOG_LEVEL_WARNING, "%s: the modem did not take the number in sms-center",
               modem->name);
        break;
    }
    return AT_READY;
}

/* `+CSCA: "+491710760000",145` */
static bool read_centre(struct at_modem *modem, struct bytes *number)
{
    struct slice value;
    size_t start, end;

    if (at_modem_command(modem, AT_PLAIN_MS, "AT+CSCA?") != AT_OK)
        return false;
    value = at_answer_value(&modem->answer, "+CSCA:");
    start = slice_find(value, '"', 0);
    end = slice_find(value, '"', start + 1);
    if (end >= value.len || end <= start + 1 || end - start > 25)
        return false;
    bytes_append_slice(number, slice_sub(value, start + 1, end - start - 1));
    return true;
}

bool at_modem_set_centre(struct at_modem *modem)
{
    struct bytes number = {0};
    bool set;

    if (modem->settings->sms_center != NULL)
        bytes_append_str(&number, modem->settings->sms_center);
    set = (number.len > 0 || read_centre(modem, &number)) &&
          at_modem_command(modem, AT_PLAIN_MS, "AT+CSCA=\"%s\"", bytes_str(&number)) == AT_OK;
    bytes_free(&number);
    return set;
}

/* --- registration ---------------------------------------------------------------------- */

/* The second field of `+CREG: n,stat`: 1 and 5 to 7, 9, 10 are good for SMS. A
 * line with one field came unasked. *status is the last one seen. */
static bool says_registered(const struct at_answer *answer, const char *prefix, long *status)
{
    struct slice rest = bytes_slice(&answer->lines), value, field;

    while (at_answer_next(&rest, prefix, &value)) {
        long found;

        if (!slice_next_item(&value, ',', &field) || !slice_next_item(&value, ',', &field) ||
            !slice_to_number(slice_trim(field), 0, 99, &found))
            continue;
        *status = found;
        if (found == 1 || (found >= 5 && found <= 7) || found == 9 || found == 10)
            return true;
    }
    return false;
}

static void nudge(struct at_modem *modem, long status)
{
    const struct at_nudge_step *step = at_nudge_next(&modem->nudges, status, clock_monotonic_ms());

    for (int i = 0; step != NULL && i < AT_NUDGE_COMMANDS && step->commands[i] != NULL; i++) {
        log_to(modem->log, LOG_LEVEL_INFO, "%s: it does not look for a network: %s", modem->name,
               step->commands[i]);
        at_modem_command(modem, NUDGE_MS, "%s", step->commands[i]);
    }
}

enum at_condition at_modem_registration(struct at_modem *modem)
{
    static const struct {
        const char *command, *prefix;
    } questions[] = {{"AT+CREG?", "+CREG:"}, {"AT+CEREG?", "+CEREG:"}, {"AT+CGREG?", "+CGREG:"}};
    long status = -1;

    modem->next_check = clock_monotonic_ms() + AT_CHECK_EVERY_MS;
    for (size_t i = 0; i < sizeof questions / sizeof questions[0]; i++) {
        enum at_final final = at_modem_command(modem, AT_PLAIN_MS, "%s", questions[i].command);

        if (final == AT_GONE || final == AT_TIMEOUT)
            return AT_CLOSED;
        if (final == AT_RESTARTED)
            return AT_AGAIN;
        if ((final == AT_OK && says_registered(&modem->answer, questions[i].prefix, &status)) ||
            (final == AT_ERROR && i == 0 && status < 0 && !at_modem_error_is(modem, CAUSE_WAIT))) {
            at_nudge_forget(&modem->nudges); /* or it does not say */
            at_modem_tell_registration(modem, status);
            return AT_GOOD;
        }
    }
    at_modem_tell_registration(modem, status);
    nudge(modem, status);
    return AT_UNREGISTERED;
}

static enum at_readiness registration(struct at_modem *modem, struct bytes *detail)
{
    switch (at_modem_registration(modem)) {
    case AT_UNREGISTERED:
        if (at_modem_ask_about(modem) == AT_CLOSED) /* no signal may be the reason */
            return AT_BROKEN;
        bytes_append_str(detail, "not registered in the network");
        return AT_NOT_YET;
    case AT_CLOSED:
        return AT_BROKEN;
    default:
        return AT_READY;
    }
}

/* Before the first message goes out: limits count by SIM. */
static enum at_readiness which_sim(struct at_modem *modem, struct bytes *detail)
{
    (void)detail;
    return at_modem_ask_sim(modem) ? AT_READY : AT_BROKEN;
}

static enum at_readiness what_is_stored(struct at_modem *modem, struct bytes *detail)
{
    (void)detail;
    modem->next_poll = clock_monotonic_ms() + AT_POLL_EVERY_MS;
    return at_modem_read_all(modem) ? AT_READY : AT_BROKEN;
}

/* --- all together ------------------------------------------------------------------------ */

static enum at_readiness bring_up_once(struct at_modem *modem, struct bytes *detail)
{
    static enum at_readiness (*const steps[])(struct at_modem *,
                                              struct bytes *) = {wake,
                                                                 talk_plainly,
                                                                 identify,
                                                                 at_modem_unlock,
                                                                 which_sim,
                                                                 at_modem_choose_mode,
                                                                 message_service,
                                                                 service_centre,
                                                                 at_modem_choose_memory,
                                                                 at_modem_choose_indications,
                                                                 what_is_stored,
                                                                 registration};

    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        enum at_readiness readiness = is_stopped(modem) ? AT_NOT_YET : steps[i](modem, detail);

        if (readiness != AT_READY)
            return readiness;
    }
    return AT_READY;
}

enum at_readiness at_modem_bring_up(struct at_modem *modem, struct bytes *detail)
{
    enum at_readiness readiness = AT_BROKEN;

    for (int i = 0; i < RESTARTS_MAX; i++) {
        at_forget_restarts(modem->dialogue);
        bytes_clear(detail);
        readiness = bring_up_once(modem, detail);
        if (readiness == AT_HOPELESS || !at_has_restarted(modem->dialogue))
            break; /* else it booted in the middle: all again */
    }
    at_forget_restarts(modem->dialogue);
    return readiness;
}

/* --- the modem as a whole ---------------------------------------------------------------- */

struct at_modem *at_modem_create(const struct at_settings *settings, const struct at_host *host,
                                 struct at_knowledge *knowledge, struct at_port *port,
                                 const char *name, struct log_file *log)
{
    struct at_modem *modem = memory_zalloc(1, sizeof *modem);

    modem->settings = settings;
    modem->host = host;
    modem->knowledge = knowledge;
    modem->name = memory_strdup(name);
    modem->log = log;
    modem->port = port;
    modem->dialogue = at_dialogue_create(port, name, log);
    at_set_prefix(modem->dialogue, settings->prefix);
    modem->speaks_text = knowledge->spoke_text;
    at_set_text_mode(modem->dialogue, modem->speaks_text);
    modem->profile = knowledge->profile != NULL ? knowledge->profile
                                                : at_settings_profile(settings, slice_unset());
    at_modem_set_pace(modem);
    if (modem->profile->need_sleep)
        at_settle(modem->dialogue, 1000);
    return modem;
}

void at_modem_free(struct at_modem *modem)
{
    if (modem == NULL)
        return;
    at_about_end(modem);
    at_ussd_free(&modem->ussd);
    at_dialogue_free(modem->dialogue);
    at_answer_free(&modem->answer);
    bytes_free(&modem->memory);
    bytes_free(&modem->home);
    bytes_free(&modem->memories);
    bytes_free(&modem->csmp);
    bytes_free(&modem->cnmi);
    bytes_free(&modem->cnmi_set);
    free(modem->name);
    free(modem);
}

bool at_modem_hello(struct at_modem *modem, int tries, int timeout_ms)
{
    at_set_numeric(modem->dialogue, true);
    at_raw(modem->dialogue, &modem->answer, 100, "\x1b\r");
    return answers(modem, tries, timeout_ms);
}

/* Huawei's know AT^RESET only, some others no AT+CFUN with a second number. */
void at_modem_reset(struct at_modem *modem)
{
    static const char *const commands[] = {"AT+CFUN=1,1", "AT^RESET", "AT+CFUN=1"};
    enum at_final final = AT_ERROR;

    if (modem->profile->reset != NULL) {
        at_modem_command(modem, RESET_MS, "%s", modem->profile->reset);
        return;
    }
    for (size_t i = 0; i < sizeof commands / sizeof commands[0] && final == AT_ERROR; i++)
        final = at_modem_command(modem, RESET_MS, "%s", commands[i]);
}

bool at_modem_has_failed(const struct at_modem *modem)
{
    return at_modem_error_is(modem, CAUSE_MODEM);
}

void at_modem_hang_up(struct at_modem *modem)
{
    at_port_drop_dtr(modem->port);
}

bool at_modem_is_gone(const struct at_modem *modem)
{
    return at_port_is_gone(modem->port);
}

bool at_modem_has_imei(struct at_modem *modem, const char *imei, struct bytes *said)
{
    struct slice text;
    size_t digits = 0;

    if (at_modem_command(modem, AT_PLAIN_MS, "AT+CGSN") != AT_OK)
        return false;
    text = bytes_slice(&modem->answer.lines);
    for (size_t i = 0; i < text.len && digits < 16; i++)
        if (text.data[i] >= '0' && text.data[i] <= '9') {
            bytes_append_char(said, text.data[i]);
            digits++;
        }
    /* The last digit is a check that some leave out. */
    return said->len >= 14 && strncmp(bytes_str(said), imei, 14) == 0;
}

int64_t at_modem_next_look(const struct at_modem *modem)
{
    int64_t at = modem->next_poll < modem->next_check ? modem->next_poll : modem->next_check;

    return modem->cnmi.len > 0 && modem->next_recheck < at ? modem->next_recheck : at;
}

bool at_modem_has_events(const struct at_modem *modem)
{
    return at_peek_events(modem->dialogue) != NULL;
}

bool at_modem_wait(struct at_modem *modem, int wake_fd, int timeout_ms)
{
    return at_wait(modem->dialogue, wake_fd, timeout_ms);
}

bool at_modem_probe(struct at_modem *modem)
{
    for (int i = 0; i < 2; i++)
        switch (at_modem_command(modem, AT_PROBE_MS, "%s", modem->profile->keepalive)) {
        case AT_GONE:
            return false;
        case AT_TIMEOUT:
            break;
        default:
            return true;
        }
    return false;
}

enum at_condition at_modem_check(struct at_modem *modem)
{
    int64_t now = clock_monotonic_ms();

    if (now >= modem->next_recheck && !at_modem_recheck_indications(modem))
        return AT_CLOSED;
    return now >= modem->next_check ? at_modem_registration(modem) : AT_GOOD;
}
