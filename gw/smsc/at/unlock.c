/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The SIM and its PIN (3GPP TS 27.007 section 8.3; spec at-modems, section 4).
 *
 * A PIN is sent only for exactly "SIM PIN", and once: what was tried is written
 * down before, and one that was refused is not tried again before the
 * configuration has another. A PUK is never sent.
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

/* The SIM's own number; before the PIN many do not tell it: the modem's then. */
static void identify_sim(struct at_modem *modem, struct bytes *id)
{
    static const char *const questions[] = {"AT+CCID", "AT+ICCID", "AT^ICCID?", "AT+QCCID",
                                            "AT+CGSN"};

    for (size_t i = 0; i < sizeof questions / sizeof questions[0]; i++)
        if (at_modem_command(modem, AT_PLAIN_MS, "%s", questions[i]) == AT_OK &&
            find_number(&modem->answer, id))
            return;
    bytes_append_str(id, modem->settings->device);
}

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

static enum at_readiness give_pin(struct at_modem *modem, struct bytes *detail)
{
    struct bytes sim = {0};
    enum at_readiness readiness;

    if (modem->settings->pin == NULL) {
        bytes_append_str(detail, "the SIM wants its PIN and none is configured");
        return AT_HOPELESS;
    }
    identify_sim(modem, &sim);
    switch (at_pin_memory_ask(&modem->knowledge->pins, bytes_slice(&sim), modem->settings->pin)) {
    case AT_PIN_NEW:
        readiness = send_pin(modem, bytes_slice(&sim), detail);
        break;
    case AT_PIN_TRIED: /* its answer was lost: once more, and then never again */
        at_pin_memory_note(&modem->knowledge->pins, bytes_slice(&sim), modem->settings->pin,
                           AT_PIN_REFUSED);
        readiness = send_pin(modem, bytes_slice(&sim), detail);
        if (readiness == AT_BROKEN)
            at_pin_memory_note(&modem->knowledge->pins, bytes_slice(&sim), modem->settings->pin,
                               AT_PIN_REFUSED);
        break;
    default:
        readiness = refused(detail, "earlier");
        break;
    }
    bytes_free(&sim);
    return readiness;
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
    return AT_READY; /* READY, SIM PIN2, SIM PUK2 */
}
