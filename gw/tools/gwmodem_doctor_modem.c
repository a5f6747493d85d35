/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The doctor's way from a modem that answers to one that can send and receive:
 * SIM, PIN, network, service centre, memories, indications, and the smsc group at
 * its end.
 */
#include <ctype.h>
#include <string.h>

#include "gw/smsc/at/usb_ids.h"
#include "gw/tools/gwmodem_doctor.h"
#include "gwlib/clock.h"

enum {
    WAIT_S = 30, /* for the network */
    SIM_MS = 20000,
    PAUSE_MS = 1000,
    WEAK_SIGNAL = 5,
    CME_NO_SIM = 10,
    CME_SIM_BUSY = 14,
    CMS_NO_SIM = 310
};

static int64_t deadline_of(const struct patient *patient)
{
    int wait_s = patient->options->wait_s >= 0 ? patient->options->wait_s : WAIT_S;

    return clock_monotonic_ms() + (int64_t)wait_s * 1000;
}

/* False when the time is over or the device gone. */
static bool pause_until(struct patient *patient, int64_t deadline)
{
    int64_t left = deadline - clock_monotonic_ms();

    if (left <= 0)
        return false;
    return at_settle(patient->link.dialogue, left < PAUSE_MS ? (int)left + 1 : PAUSE_MS);
}

/* --- SIM ------------------------------------------------------------------------------ */

static bool is_digits(const char *text)
{
    size_t len = strlen(text);

    return len >= 4 && len <= 8 && strspn(text, "0123456789") == len;
}

/* Once, and never the last try. */
static bool give_pin(struct patient *patient, struct modem_state *state)
{
    const char *pin = patient->options->pin;

    if (state->pin_tries == 1)
        return verdict_stop(patient->verdict, "pin-last-try",
                            "put the SIM into a phone and enter its PIN there",
                            "the SIM has only one try for its PIN left, which is not risked here");
    if (!is_digits(pin))
        return verdict_stop(patient->verdict, "pin-needed", "give four to eight digits as --pin",
                            "what was given as the PIN is none");
    if (at_command_secret(patient->link.dialogue, &patient->link.answer, SIM_MS, "AT+CPIN=\"%s\"",
                          pin) != AT_OK)
        return verdict_stop(patient->verdict, "pin-wrong",
                            "do not try again before you are sure: after three wrong ones the SIM "
                            "is locked",
                            "the SIM refused the PIN (%s)", bytes_str(&patient->link.answer.error));
    return true;
}

static bool stop_at_pin(struct patient *patient, const struct modem_state *state)
{
    const char *remedy = "run this again with --pin PIN, and put \"pin = PIN\" into the smsc group";

    if (state->pin_tries >= 0)
        return verdict_stop(patient->verdict, "pin-needed", remedy,
                            "the SIM wants its PIN (%d tries left)", state->pin_tries);
    return verdict_stop(patient->verdict, "pin-needed", remedy, "the SIM wants its PIN");
}

static bool stop_at_lock(struct patient *patient, const struct modem_state *state)
{
    if (strcmp(state->sim, "SIM PUK") == 0)
        return verdict_stop(patient->verdict, "puk-needed",
                            "put the SIM into a phone and enter the PUK from its letter there, or "
                            "type AT+CPIN=\"PUK\",\"new PIN\" in gwmodem terminal",
                            "the SIM is locked after wrong PINs and wants its PUK");
    if (strncmp(state->sim, "PH-SIM", 6) == 0 || strncmp(state->sim, "PH-FSIM", 7) == 0)
        return verdict_stop(patient->verdict, "sim-lock",
                            "use the SIM it belongs to, or have the modem unlocked",
                            "the modem is locked to another SIM (%s)", state->sim);
    return verdict_stop(patient->verdict, "network-lock",
                        "use a SIM of the network that sold the modem, or have it unlocked",
                        "the modem is locked to another network (%s)", state->sim);
}

static bool stop_at_sim_error(struct patient *patient, const struct modem_state *state)
{
    if (state->sim_error == CME_NO_SIM || state->sim_error == CMS_NO_SIM)
        return verdict_stop(patient->verdict, "sim-missing",
                            "put a SIM in, contacts down, and plug the modem in again",
                            "there is no SIM in the modem");
    return verdict_stop(
        patient->verdict, "sim-failure", "take the SIM out, clean it, and try it in a phone",
        "the modem cannot read its SIM (%s)", bytes_str(&patient->link.answer.error));
}

static bool check_sim(struct patient *patient, struct modem_state *state)
{
    int64_t deadline = deadline_of(patient);
    bool given = false;

    for (;;) {
        state_ask_sim(&patient->link, state);
        if (state_sim_is_ready(state))
            break;
        if (strcmp(state->sim, "SIM PIN") == 0 && !given) {
            if (patient->options->pin == NULL)
                return stop_at_pin(patient, state);
            given = true;
            if (!give_pin(patient, state))
                return false;
        } else if (state->sim[0] != '\0' && !given) {
            return stop_at_lock(patient, state);
        } else if (state->sim_error != CME_SIM_BUSY && !given) {
            return stop_at_sim_error(patient, state);
        }
        if (!pause_until(patient, deadline))
            return verdict_stop(patient->verdict, "sim-busy", "wait a minute and try again",
                                "the SIM is not ready yet");
    }
    state_ask_subscriber(&patient->link, state);
    verdict_step(patient->verdict, "the SIM is ready");
    return true;
}

/* --- network ---------------------------------------------------------------------------- */

static bool stop_at_network(struct patient *patient, const struct modem_state *state)
{
    const char *signal_remedy = "connect an antenna or move the modem to a window";

    if (state->registration == 3)
        return verdict_stop(patient->verdict, "registration-denied",
                            "ask the operator whether the SIM is active, paid and allowed in this "
                            "modem (IMEI)",
                            "the network refuses this SIM (registration state 3)");
    if (state->registration == 8)
        return verdict_stop(patient->verdict, "emergency-only",
                            "use a SIM whose network is received here",
                            "the network allows emergency calls only (registration state 8)");
    if (state->signal == 0)
        return verdict_stop(patient->verdict, "no-signal", signal_remedy,
                            "the modem receives no network");
    return verdict_stop(patient->verdict, "not-registered",
                        state->registration == 0
                            ? "type AT+CFUN=1 and then AT+COPS=0 in gwmodem terminal"
                            : "wait some minutes; check the antenna and that the SIM is active",
                        "the modem is not registered in a network (registration state %d: %s)",
                        state->registration, state_registration_text(state->registration));
}

static bool check_network(struct patient *patient, struct modem_state *state)
{
    int64_t deadline = deadline_of(patient);

    do
        state_ask_network(&patient->link, state);
    while (!state_is_registered(state) && state->registration != 3 &&
           pause_until(patient, deadline));
    if (!state_is_registered(state) && state->registration >= 0)
        return stop_at_network(patient, state);
    verdict_step(patient->verdict, "%s%s%s", state_registration_text(state->registration),
                 state->operator_name[0] != '\0' ? " in " : "", state->operator_name);
    if (state->signal <= WEAK_SIGNAL)
        verdict_warn(patient->verdict, "weak-signal",
                     "connect an antenna or move the modem to a window",
                     "the signal is weak (%d dBm)", state_signal_dbm(state));
    return true;
}

/* --- message service --------------------------------------------------------------------- */

static void check_memories(struct patient *patient, const struct modem_state *state)
{
    const struct state_memory *first = &state->memories[0], *third = &state->memories[2];

    for (int i = 0; i < state->memory_count; i += 2)
        if (state->memories[i].size > 0 && state->memories[i].used >= state->memories[i].size) {
            verdict_warn(patient->verdict, "memory-full",
                         "start the gateway, which takes them, or run \"gwmodem receive DEVICE "
                         "--delete\"",
                         "the memory %s is full (%d/%d), no message can come in",
                         state->memories[i].name, state->memories[i].used, state->memories[i].size);
            break;
        }
    if (state->memory_count == 3 && strcmp(first->name, third->name) != 0)
        verdict_warn(patient->verdict, "memories-differ",
                     "nothing to do, the gateway looks into both",
                     "messages are read from %s (mem1) but received into %s (mem3)", first->name,
                     third->name);
}

static bool check_service(struct patient *patient, struct modem_state *state)
{
    int64_t deadline = deadline_of(patient);

    state_ask_service(&patient->link, state);
    while (!state->service_centre_asked && pause_until(patient, deadline))
        state_ask_service(&patient->link, state); /* the SIM may need a moment */
    if (!state->pdu_mode && !state->text_mode)
        return verdict_stop(patient->verdict, "no-sms",
                            "try the device's other ports, or another modem",
                            "the modem has no commands for SMS (AT+CMGF=?)");
    if (state->service_centre_asked && state->service_centre[0] == '\0')
        return verdict_stop(patient->verdict, "smsc-empty",
                            "ask the operator for it and type AT+CSCA=\"+NUMBER\" in gwmodem "
                            "terminal, or put \"sms-center = +NUMBER\" into the smsc group",
                            "the number of the service centre is empty, nothing can be sent");
    if (!state->pdu_mode)
        verdict_warn(patient->verdict, "text-mode-only", "use another modem for long messages",
                     "the modem knows text mode only");
    verdict_step(patient->verdict, "the service centre is %s",
                 state->service_centre_asked ? state->service_centre : "not told");
    check_memories(patient, state);
    if (!state->indications_known || (state->indications & 6) == 0)
        verdict_warn(patient->verdict, "no-indications",
                     "nothing to do, the gateway looks for messages once a minute",
                     "the modem does not tell of new messages (AT+CNMI offers neither 1 nor 2)");
    if (!state->indications_known || (state->reports & 6) == 0)
        verdict_warn(patient->verdict, "no-reports", "use another modem if you need them",
                     "this model hands over no delivery reports");
    return true;
}

/* --- the group --------------------------------------------------------------------------- */

/* Letters and digits of the model, for smsc-id. */
static void append_id(struct bytes *group, const struct modem_state *state)
{
    size_t before = group->len;

    for (const char *c = state->model; *c != '\0' && group->len - before < 16; c++)
        if (isalnum((unsigned char)*c))
            bytes_append_char(group, (unsigned char)tolower((unsigned char)*c));
    if (group->len == before)
        bytes_append_str(group, "modem");
    if (strlen(state->imei) >= 4)
        bytes_printf(group, "-%s", state->imei + strlen(state->imei) - 4);
}

static const char *device_of(const struct patient *patient)
{
    if (patient->port == NULL)
        return patient->device;
    return patient->port->by_id[0] != '\0' ? patient->port->by_id : patient->port->device;
}

static void write_group(struct patient *patient, const struct modem_state *state)
{
    struct bytes *group = &patient->verdict->group;

    bytes_append_str(group, "group = smsc\nsmsc = at\nsmsc-id = ");
    append_id(group, state);
    bytes_printf(group, "\nmodemtype = auto\ndevice = %s\n", device_of(patient));
    if (patient->link.speed > 0)
        bytes_printf(group, "speed = %d\n", patient->link.speed);
    if (state->own_number[0] != '\0')
        bytes_printf(group, "my-number = %s\n", state->own_number);
    if (patient->options->pin != NULL)
        bytes_printf(group, "pin = %s\n", patient->options->pin);
}

bool doctor_examine_modem(struct patient *patient)
{
    struct modem_state state;

    patient->verdict->rank = 2;
    state_init(&state);
    state_ask_identity(&patient->link, &state);
    verdict_step(patient->verdict, "%s %s", state.manufacturer, state.model);
    if (!check_sim(patient, &state) || !check_network(patient, &state) ||
        !check_service(patient, &state))
        return false;
    write_group(patient, &state);
    return true;
}
