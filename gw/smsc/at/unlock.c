/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The SIM and its PIN (3GPP TS 27.007 section 8.3).
 *
 * A PIN is sent only for exactly "SIM PIN", and once: what was tried is written
 * down before, and one that was refused is not tried again before the
 * configuration has another. One whose answer was lost is tried again only when
 * the SIM tells that it counted no mistake. The last try is never used. A PUK is
 * never sent.
 */
#include "gw/smsc/at/modem_internal.h"

#include "gw/sms/cause.h"

/* The first line that is a number of at least ten digits: ICCID or IMEI. */
static bool find_number(const struct at_answer *answer, struct bytes *number)
{
    struct slice rest = bytes_slice(&answer->lines), line;

    while (slice_next_item(&rest, '\n', &line)) {
        size_t start = 0, end;

        while (start < line.len && (line.data[start] < '0' || line.data[start] > '9'))
            start++;
        for (end = start; end < line.len && line.data[end] >= '0' && line.data[end] <= '9'; end++)
            ;
        if (end - start >= 10) {
            bytes_append_slice(number, slice_sub(line, start, end - start));
            return true;
        }
    }
    return false;
}

/* The SIM's own number, empty when it does not tell, as many before the PIN. */
static void identify_sim(struct at_modem *modem, struct bytes *id)
{
    static const char *const questions[] = {"AT+CCID", "AT+ICCID", "AT^ICCID?", "AT+QCCID"};

    for (size_t i = 0; i < sizeof questions / sizeof questions[0]; i++)
        if (at_modem_command(modem, AT_PLAIN_MS, "%s", questions[i]) == AT_OK &&
            find_number(&modem->answer, id))
            return;
}

static void identify_modem(struct at_modem *modem, struct bytes *id)
{
    if (at_modem_command(modem, AT_PLAIN_MS, "AT+CGSN") != AT_OK ||
        !find_number(&modem->answer, id))
        bytes_append_str(id, modem->settings->device);
}

/* --- tries left ------------------------------------------------------------------------ */

enum { PIN_TRIES = 3, UNKNOWN = -1 };

/* Where the modems tell it: which line, and which of its fields. */
static const struct {
    const char *command, *prefix, *about;
    int field;
} counters[] = {
    {"AT+CPINR=\"SIM PIN\"", "+CPINR:", "SIM PIN,", 1}, /* 27.007 section 8.65 */
    {"AT^CPIN?", "^CPIN:", "SIM PIN,", 3},              /* Huawei */
    {"AT+QPINC?", "+QPINC:", "\"SC\",", 1},             /* Quectel */
    {"AT+SPIC", "+SPIC:", "", 0},                       /* SIMCom */
    {"AT^SPIC", "^SPIC:", "", 0},                       /* Siemens */
    {"AT#PCT", "#PCT:", "", 0},                         /* Telit */
    {"AT+UPINCNT", "+UPINCNT:", "", 0},                 /* u-blox */
    {"AT+ZPINPUK=?", "+ZPINPUK:", "", 0},               /* ZTE */
};

static long field_of(struct slice line, int field)
{
    struct slice text = slice_unset();
    long number;

    for (int i = 0; i <= field; i++)
        if (!slice_next_item(&line, ',', &text))
            return UNKNOWN;
    return slice_to_number(slice_trim(text), 0, 99, &number) ? number : UNKNOWN;
}

/* How many wrong PINs the SIM would still bear. */
static long tries_left(struct at_modem *modem)
{
    for (size_t i = 0; i < sizeof counters / sizeof counters[0]; i++) {
        struct slice rest, line;

        if (at_modem_command(modem, AT_PLAIN_MS, "%s", counters[i].command) == AT_GONE)
            return UNKNOWN;
        rest = bytes_slice(&modem->answer.lines);
        while (modem->answer.final == AT_OK && at_answer_next(&rest, counters[i].prefix, &line))
            if (slice_starts_with(line, slice_str(counters[i].about)) &&
                field_of(line, counters[i].field) != UNKNOWN)
                return field_of(line, counters[i].field);
    }
    return UNKNOWN;
}

/* --- the PIN --------------------------------------------------------------------------- */

static enum at_readiness refused(struct bytes *detail, const char *why)
{
    bytes_printf(detail,
                 "the SIM refused the PIN (%s); it is not tried again until the "
                 "configuration has another",
                 why);
    return AT_HOPELESS;
}

static enum at_readiness send_pin(struct at_modem *modem, struct slice sim, struct bytes *detail)
{
    struct at_pin_memory *pins = &modem->knowledge->pins;
    const char *pin = modem->settings->pin;

    at_pin_memory_note(pins, sim, pin, AT_PIN_TRIED);
    switch (at_command_secret(modem->dialogue, &modem->answer, AT_PIN_MS, "AT+CPIN=\"%s\"", pin)) {
    case AT_OK:
        at_pin_memory_note(pins, sim, pin, AT_PIN_NEW);
        bytes_append_str(detail, "the SIM took its PIN");
        return AT_NOT_YET; /* it needs a moment */
    case AT_ERROR:
        if (at_modem_error_is(modem, CAUSE_WAIT)) {
            at_pin_memory_note(pins, sim, pin, AT_PIN_NEW);
            return AT_NOT_YET;
        }
        at_pin_memory_note(pins, sim, pin, AT_PIN_REFUSED);
        return refused(detail, bytes_str(&modem->answer.error));
    default:
        return AT_BROKEN;
    }
}

/* Whether the PIN may be sent; if not, detail says why. */
static bool is_safe(enum at_pin_state state, long left, struct bytes *detail)
{
    if (state == AT_PIN_REFUSED) {
        refused(detail, "earlier");
        return false;
    }
    if (left >= 0 && left <= 1) {
        bytes_printf(detail,
                     "the SIM wants its PIN and has %ld tries left: enter it with a telephone",
                     left);
        return false;
    }
    if (state == AT_PIN_TRIED && left < PIN_TRIES) {
        bytes_append_str(detail, "the answer to the PIN was lost; it is not tried again until the "
                                 "configuration has another");
        return false;
    }
    return true;
}

static enum at_readiness give_pin(struct at_modem *modem, struct bytes *detail)
{
    const char *pin = modem->settings->pin;
    struct at_pin_memory *pins = &modem->knowledge->pins;
    struct bytes sim = {0}, unnamed = {0};
    enum at_readiness readiness = AT_HOPELESS;
    enum at_pin_state state;
    long left;

    if (pin == NULL) {
        bytes_append_str(detail, "the SIM wants its PIN and none is configured");
        return AT_HOPELESS;
    }
    identify_sim(modem, &sim);
    identify_modem(modem, &unnamed);
    left = tries_left(modem);
    if (modem->answer.final != AT_GONE) {
        /* It may have been tried while the SIM did not tell its number. */
        state = at_pin_memory_ask(pins, bytes_slice(&unnamed), pin);
        if (state == AT_PIN_NEW && sim.len > 0)
            state = at_pin_memory_ask(pins, bytes_slice(&sim), pin);
        if (is_safe(state, left, detail))
            readiness = send_pin(modem, bytes_slice(sim.len > 0 ? &sim : &unnamed), detail);
    } else {
        readiness = AT_BROKEN;
    }
    bytes_free(&sim);
    bytes_free(&unnamed);
    return readiness;
}

/* The SIM is open: a PIN whose answer was lost was right. */
static enum at_readiness note_open(struct at_modem *modem)
{
    struct at_pin_memory *pins = &modem->knowledge->pins;
    const char *pin = modem->settings->pin;
    struct bytes names[2] = {{0}};

    if (pin == NULL || pins->lines.len == 0)
        return AT_READY;
    identify_sim(modem, &names[0]);
    identify_modem(modem, &names[1]);
    for (size_t i = 0; i < 2; i++) {
        if (names[i].len > 0 &&
            at_pin_memory_ask(pins, bytes_slice(&names[i]), pin) == AT_PIN_TRIED)
            at_pin_memory_note(pins, bytes_slice(&names[i]), pin, AT_PIN_NEW);
        bytes_free(&names[i]);
    }
    return modem->answer.final == AT_GONE ? AT_BROKEN : AT_READY;
}

/* An error to AT+CPIN?: no SIM, busy, or a modem without the command. */
static enum at_readiness judge_error(struct at_modem *modem, struct bytes *detail)
{
    const struct cause *cause;
    int code;

    if (!cause_parse(bytes_slice(&modem->answer.error), &cause, &code) || code < 0)
        return AT_READY;
    bytes_append_str(detail, cause->text);
    switch (cause->class) {
    case CAUSE_SIM:
    case CAUSE_WAIT:
    case CAUSE_MODEM:
        return AT_NOT_YET;
    default:
        bytes_clear(detail);
        return AT_READY;
    }
}

enum at_readiness at_modem_unlock(struct at_modem *modem, struct bytes *detail)
{
    struct slice state;

    if (modem->profile->no_pin)
        return AT_READY;
    switch (at_modem_command(modem, AT_PLAIN_MS, "AT+CPIN?")) {
    case AT_GONE:
        return AT_BROKEN;
    case AT_ERROR:
        return judge_error(modem, detail);
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
    return slice_equal_str(state, "READY") ? note_open(modem) : AT_READY; /* SIM PIN2, SIM PUK2 */
}
