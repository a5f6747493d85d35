/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asking a modem: see gwmodem_state.h.
 */
#include "gw/tools/gwmodem_state.h"

#include <string.h>

void state_init(struct modem_state *state)
{
    memset(state, 0, sizeof *state);
    state->sim_error = state->pin_tries = state->registration = -1;
    state->signal = 99;
}

/* --- pieces of answers ----------------------------------------------------------- */

static void put(char *to, size_t size, struct slice from)
{
    size_t len = from.len < size - 1 ? from.len : size - 1;

    if (len > 0)
        memcpy(to, from.data, len);
    to[len] = '\0';
}

static struct slice unquoted(struct slice text)
{
    text = slice_trim(text);
    if (text.len >= 2 && text.data[0] == '"' && text.data[text.len - 1] == '"')
        return slice_sub(text, 1, text.len - 2);
    return text;
}

/* Field number n of "a,\"b\",c". */
static struct slice field(struct slice value, int n)
{
    struct slice item = slice_unset();

    for (int i = 0; i <= n; i++)
        if (!slice_next_item(&value, ',', &item))
            return slice_unset();
    return unquoted(item);
}

static int number_field(struct slice value, int n)
{
    long number;

    return slice_to_number(field(value, n), 0, 100000, &number) ? (int)number : -1;
}

/* The first line of an answer, without a prefix "+CGMI: " and quotes. */
static void ask_text(struct link *link, const char *command, char *to, size_t size)
{
    struct slice rest, line;

    if (!link_ask(link, "%s", command))
        return;
    rest = bytes_slice(&link->answer.lines);
    if (!slice_next_item(&rest, '\n', &line))
        return;
    if (line.len > 0 && (line.data[0] == '+' || line.data[0] == '^')) {
        size_t colon = slice_find(line, ':', 0);

        if (colon < line.len && colon < 10)
            line = slice_sub(line, colon + 1, line.len);
    }
    put(to, size, unquoted(line));
}

unsigned state_offered(struct slice value, int group)
{
    unsigned offered = 0;
    int depth = 0, at = 0, from = -1, number = -1;

    for (size_t i = 0; i <= value.len; i++) {
        unsigned char c = i < value.len ? value.data[i] : ',';

        if (c >= '0' && c <= '9') {
            number = (number < 0 ? 0 : number * 10 % 1000) + (c - '0');
            continue;
        }
        if (c == '-' && number >= 0) {
            from = number;
            number = -1;
            continue;
        }
        for (int n = from >= 0 ? from : number; at == group && n >= 0 && n <= number && n < 32; n++)
            offered |= 1u << n;
        if (c != '"')
            from = number = -1;
        depth += (c == '(') - (c == ')');
        at += c == ',' && depth <= 0;
    }
    return offered;
}

/* --- the questions ------------------------------------------------------------------ */

void state_ask_identity(struct link *link, struct modem_state *state)
{
    link_ask(link, "ATE0");
    if (link_ask(link, "ATV1"))
        at_set_numeric(link->dialogue, false);
    link_ask(link, "AT+CMEE=1");
    ask_text(link, "AT+CGMI", state->manufacturer, sizeof state->manufacturer);
    ask_text(link, "AT+CGMM", state->model, sizeof state->model);
    ask_text(link, "AT+CGMR", state->revision, sizeof state->revision);
    ask_text(link, "AT+CGSN", state->imei, sizeof state->imei);
    if (state->model[0] == '\0')
        ask_text(link, "ATI", state->model, sizeof state->model);
}

/* Section 4: each vendor has its own question for the tries that are left. */
static void ask_pin_tries(struct link *link, struct modem_state *state)
{
    static const struct {
        const char *command, *prefix;
        int field;
    } questions[] = {{"AT^CPIN?", "^CPIN:", 3},
                     {"AT+SPIC", "+SPIC:", 0},
                     {"AT#PCT", "#PCT:", 0},
                     {"AT+QPINC=\"SC\"", "+QPINC:", 1}};

    for (size_t i = 0; i < sizeof questions / sizeof questions[0] && state->pin_tries < 0; i++)
        if (link_ask(link, "%s", questions[i].command))
            state->pin_tries = number_field(at_answer_value(&link->answer, questions[i].prefix),
                                            questions[i].field);
}

void state_ask_sim(struct link *link, struct modem_state *state)
{
    state->sim_error = -1;
    state->sim[0] = '\0';
    if (link_ask(link, "AT+CPIN?"))
        put(state->sim, sizeof state->sim, unquoted(at_answer_value(&link->answer, "+CPIN:")));
    else
        state->sim_error = link_error(link);
    if (strcmp(state->sim, "SIM PIN") == 0)
        ask_pin_tries(link, state);
}

void state_ask_subscriber(struct link *link, struct modem_state *state)
{
    static const char *const cards[] = {"AT+CCID", "AT+ICCID", "AT^ICCID?", "AT+QCCID"};

    ask_text(link, "AT+CIMI", state->imsi, sizeof state->imsi);
    for (size_t i = 0; i < sizeof cards / sizeof cards[0] && state->iccid[0] == '\0'; i++)
        ask_text(link, cards[i], state->iccid, sizeof state->iccid);
    if (link_ask(link, "AT+CNUM"))
        put(state->own_number, sizeof state->own_number,
            field(at_answer_value(&link->answer, "+CNUM:"), 1));
}

static bool is_registered(int stat)
{
    return stat == 1 || (stat >= 5 && stat <= 7) || stat == 9 || stat == 10;
}

/* The second field; a line with one came unasked. */
static void ask_registration(struct link *link, struct modem_state *state)
{
    static const char *const names[] = {"+CREG", "+CEREG", "+CGREG"};

    state->registration = -1;
    for (size_t i = 0; i < 3 && !is_registered(state->registration); i++) {
        struct slice rest, value;

        if (!link_ask(link, "AT%s?", names[i]))
            continue;
        rest = bytes_slice(&link->answer.lines);
        while (at_answer_next(&rest, names[i], &value)) {
            int stat = number_field(slice_sub(value, 1, value.len), 1);

            if (stat >= 0 && (state->registration < 0 || is_registered(stat)))
                state->registration = stat;
        }
    }
}

void state_ask_network(struct link *link, struct modem_state *state)
{
    struct slice name;

    ask_registration(link, state);
    if (link_ask(link, "AT+COPS?")) {
        name = field(at_answer_value(&link->answer, "+COPS:"), 2);
        put(state->operator_name, sizeof state->operator_name, name);
    }
    if (link_ask(link, "AT+CSQ")) {
        int value = number_field(at_answer_value(&link->answer, "+CSQ:"), 0);

        state->signal = value >= 0 && value <= 31 ? value : 99;
    }
}

static void ask_memories(struct link *link, struct modem_state *state)
{
    struct slice value;

    if (!link_ask(link, "AT+CPMS?"))
        return;
    value = at_answer_value(&link->answer, "+CPMS:");
    for (int i = 0; i < 3 && slice_is_set(field(value, i * 3 + 2)); i++) {
        struct state_memory *memory = &state->memories[state->memory_count++];

        put(memory->name, sizeof memory->name, field(value, i * 3));
        memory->used = number_field(value, i * 3 + 1);
        memory->size = number_field(value, i * 3 + 2);
    }
}

void state_ask_service(struct link *link, struct modem_state *state)
{
    if (link_ask(link, "AT+CMGF=?")) {
        unsigned modes = state_offered(at_answer_value(&link->answer, "+CMGF:"), 0);

        state->pdu_mode = (modes & 1) != 0;
        state->text_mode = (modes & 2) != 0;
    }
    if (link_ask(link, "AT+CSCA?")) {
        put(state->service_centre, sizeof state->service_centre,
            field(at_answer_value(&link->answer, "+CSCA:"), 0));
        state->service_centre_asked = true;
    }
    state->memory_count = 0;
    ask_memories(link, state);
    if (link_ask(link, "AT+CNMI=?")) {
        struct slice value = at_answer_value(&link->answer, "+CNMI:");

        state->indications_known = slice_is_set(value);
        state->indications = state_offered(value, 1);
        state->reports = state_offered(value, 3);
    }
}

/* --- what it means --------------------------------------------------------------------- */

bool state_is_registered(const struct modem_state *state)
{
    return is_registered(state->registration);
}

bool state_sim_is_ready(const struct modem_state *state)
{
    return strcmp(state->sim, "READY") == 0 || strcmp(state->sim, "SIM PIN2") == 0 ||
           strcmp(state->sim, "SIM PUK2") == 0;
}

const char *state_registration_text(int registration)
{
    static const char *const texts[] = {"not searching",
                                        "registered",
                                        "searching",
                                        "refused by the network",
                                        "unknown",
                                        "registered, roaming",
                                        "registered for SMS only",
                                        "registered for SMS only, roaming",
                                        "emergency calls only",
                                        "registered",
                                        "registered, roaming"};

    if (registration < 0 || registration >= (int)(sizeof texts / sizeof texts[0]))
        return "not told";
    return texts[registration];
}

int state_signal_dbm(const struct modem_state *state)
{
    return state->signal <= 31 ? -113 + 2 * state->signal : 0;
}
