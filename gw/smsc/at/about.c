/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Questions about a modem: see about.h. They are a table; of several for one fact
 * the first that is answered counts.
 */
#include "gw/smsc/at/about.h"

#include "gw/smsc/at/about_answers.h"
#include "gw/smsc/at/modem_internal.h"
#include "gwlib/clock.h"

#define EVERY_MS     60000
#define ANSWER_MS    10000 /* some look into the SIM or the network for it */
#define REFUSALS_MAX 3
#define QUIET_MS     500
#define BETTER_DBM   6 /* so much better than weak: a new weakness is worth a word */

enum when {
    SIM,    /* when it is brought up */
    ONCE,   /* when there is time, until it is known */
    ALWAYS, /* every time */
};

static bool read_signal(struct slice lines, struct bytes *value)
{
    struct at_signal signal;

    if (!at_about_signal(lines, &signal))
        return false;
    bytes_printf(value, "%d", signal.dbm);
    return true;
}

static bool read_operator(struct slice lines, struct bytes *value)
{
    bool numeric;

    return at_about_operator(lines, value, &numeric);
}

static const struct {
    const char *command;
    enum smsc_fact fact;
    enum when when;
    bool (*read)(struct slice lines, struct bytes *value);
} questions[] = {
    {"AT+CIMI", SMSC_FACT_IMSI, SIM, at_about_imsi},
    {"AT+CCID", SMSC_FACT_ICCID, SIM, at_about_iccid},
    {"AT+ICCID", SMSC_FACT_ICCID, SIM, at_about_iccid},
    {"AT^ICCID?", SMSC_FACT_ICCID, SIM, at_about_iccid},
    {"AT+QCCID", SMSC_FACT_ICCID, SIM, at_about_iccid},
    {"AT+CGSN", SMSC_FACT_IMEI, ONCE, at_about_imei},
    {"AT+CNUM", SMSC_FACT_NUMBER, ONCE, at_about_number},
    {"AT+CSCA?", SMSC_FACT_SERVICE_CENTRE, ONCE, at_about_service_centre},
    {"AT+COPS?", SMSC_FACT_OPERATOR, ALWAYS, read_operator},
    {"AT+CSQ", SMSC_FACT_SIGNAL, ALWAYS, read_signal},
    {"AT+CESQ", SMSC_FACT_SIGNAL, ALWAYS, read_signal},
    {"AT^HCSQ?", SMSC_FACT_SIGNAL, ALWAYS, read_signal},
    {"AT+QCSQ", SMSC_FACT_SIGNAL, ALWAYS, read_signal},
};
#define COUNT (sizeof questions / sizeof questions[0])

_Static_assert(COUNT <= AT_ABOUT_QUESTIONS && COUNT <= 32, "room for each question");

void at_sim_memory_free(struct at_sim_memory *memory)
{
    bytes_free(&memory->imsi);
    bytes_free(&memory->iccid);
}

/* --- telling -------------------------------------------------------------------------- */

void at_modem_tell(struct at_modem *modem, enum smsc_fact fact, struct slice value)
{
    struct bytes *told = &modem->about.told[fact];

    modem->about.known[fact] = value.len > 0;
    if (modem->about.said[fact] && slice_equal(value, bytes_slice(told)))
        return;
    modem->about.said[fact] = true;
    bytes_clear(told);
    bytes_append_slice(told, value);
    if (modem->host->fact != NULL)
        modem->host->fact(modem->host->arg, fact, value);
}

void at_modem_tell_registration(struct at_modem *modem, long status)
{
    at_modem_tell(modem, SMSC_FACT_REGISTRATION, slice_str(at_about_registration(status)));
}

void at_about_end(struct at_modem *modem)
{
    static const enum smsc_fact passing[] = {SMSC_FACT_SIGNAL, SMSC_FACT_OPERATOR,
                                             SMSC_FACT_REGISTRATION};

    for (size_t i = 0; i < sizeof passing / sizeof passing[0]; i++)
        at_modem_tell(modem, passing[i], slice_unset());
    for (int i = 0; i < SMSC_FACTS; i++)
        bytes_free(&modem->about.told[i]);
}

static void compare_sim(struct at_modem *modem, const char *what, struct bytes *before,
                        struct slice now)
{
    if (before->len > 0 && !slice_equal(now, bytes_slice(before)))
        log_to(modem->log, LOG_LEVEL_WARNING, "%s: another SIM: its %s is %.*s, it was %s",
               modem->name, what, (int)now.len, (const char *)now.data, bytes_str(before));
    bytes_clear(before);
    bytes_append_slice(before, now);
}

/* Weak or good again: said when it changes, not every minute. */
static void watch_signal(struct at_modem *modem)
{
    struct at_signal signal;

    if (!at_about_signal(bytes_slice(&modem->answer.lines), &signal))
        return;
    if (signal.weak && modem->about.weak_dbm == 0) {
        log_to(modem->log, LOG_LEVEL_WARNING, "%s: the signal is weak, %d dBm: messages may fail",
               modem->name, signal.dbm);
        modem->about.weak_dbm = signal.dbm;
    } else if (!signal.weak && signal.dbm >= modem->about.weak_dbm + BETTER_DBM) {
        modem->about.weak_dbm = 0;
    }
}

/* --- asking ----------------------------------------------------------------------------- */

/* A question without an answer: is there anybody? */
static enum at_condition silent(struct at_modem *modem)
{
    return at_settle(modem->dialogue, QUIET_MS) && at_modem_probe(modem) ? AT_GOOD : AT_CLOSED;
}

/* True when the answer is in; else *condition says whether to go on. */
static bool ask(struct at_modem *modem, const char *command, int timeout_ms,
                enum at_condition *condition)
{
    *condition = AT_GOOD;
    switch (at_modem_command(modem, timeout_ms, "%s", command)) {
    case AT_OK:
        return true;
    case AT_ERROR:
        break;
    case AT_RESTARTED:
        *condition = AT_AGAIN;
        break;
    case AT_TIMEOUT:
        *condition = silent(modem);
        modem->answer.final = AT_TIMEOUT; /* of the question, not of the look */
        break;
    default:
        *condition = AT_CLOSED;
        break;
    }
    return false;
}

static void take_value(struct at_modem *modem, size_t i, struct slice value)
{
    switch (questions[i].fact) {
    case SMSC_FACT_IMSI:
        compare_sim(modem, "IMSI", &modem->knowledge->sim.imsi, value);
        break;
    case SMSC_FACT_ICCID:
        compare_sim(modem, "ICCID", &modem->knowledge->sim.iccid, value);
        break;
    case SMSC_FACT_SIGNAL:
        watch_signal(modem);
        break;
    default:
        break;
    }
    at_modem_tell(modem, questions[i].fact, value);
}

/* The SIM or its service is not ready yet: no refusal. */
static bool is_busy(const struct at_modem *modem)
{
    return at_modem_error_is(modem, CAUSE_WAIT) || at_modem_error_is(modem, CAUSE_SIM) ||
           at_modem_error_is(modem, CAUSE_PIN);
}

static enum at_condition put_question(struct at_modem *modem, size_t i, bool *answered)
{
    struct bytes value = {0};
    enum at_condition condition;

    if (!ask(modem, questions[i].command, questions[i].when == SIM ? AT_PLAIN_MS : ANSWER_MS,
             &condition)) {
        if (!is_busy(modem))
            modem->about.refusals[i]++;
        if (modem->answer.final == AT_TIMEOUT && condition == AT_GOOD)
            modem->knowledge->sim.silent |= UINT32_C(1) << i;
        return condition;
    }
    modem->about.refusals[i] = 0;
    *answered = questions[i].read(bytes_slice(&modem->answer.lines), &value);
    if (*answered)
        take_value(modem, i, bytes_slice(&value));
    bytes_free(&value);
    return condition;
}

static bool worth_asking(const struct at_modem *modem, size_t i)
{
    return modem->about.refusals[i] < REFUSALS_MAX &&
           (modem->knowledge->sim.silent & UINT32_C(1) << i) == 0;
}

/* What was asked for and not found is not known. */
static void tell_unknown(struct at_modem *modem, const struct at_about_round *round)
{
    for (int fact = 0; fact < SMSC_FACTS; fact++)
        if (round->asked[fact] && !round->found[fact])
            at_modem_tell(modem, (enum smsc_fact)fact, slice_unset());
}

/* Of several questions for one fact the first that is answered counts. */
static enum at_condition ask_in_round(struct at_modem *modem, size_t i,
                                      struct at_about_round *round)
{
    enum smsc_fact fact = questions[i].fact;

    if (round->found[fact] || !worth_asking(modem, i))
        return AT_GOOD;
    round->asked[fact] = true;
    return put_question(modem, i, &round->found[fact]);
}

/* Manufacturer, model and firmware in one line, each once. */
static enum at_condition ask_model(struct at_modem *modem)
{
    static const char *const commands[] = {"AT+CGMI", "AT+CGMM", "AT+CGMR"};
    enum at_condition condition = AT_GOOD;
    struct bytes model = {0};

    for (size_t i = 0; i < sizeof commands / sizeof commands[0] && condition == AT_GOOD; i++) {
        struct bytes text = {0};

        if (ask(modem, commands[i], AT_PLAIN_MS, &condition) &&
            at_about_text(bytes_slice(&modem->answer.lines), &text)) {
            if (slice_starts_with(bytes_slice(&text), bytes_slice(&model)))
                bytes_clear(&model); /* the model names its maker already */
            bytes_printf(&model, "%s%s", model.len > 0 ? " " : "", bytes_str(&text));
        }
        bytes_free(&text);
    }
    modem->about.models_asked = model.len > 0 ? REFUSALS_MAX : modem->about.models_asked + 1;
    if (model.len > 0)
        at_modem_tell(modem, SMSC_FACT_MODEL, bytes_slice(&model));
    bytes_free(&model);
    return condition;
}

/* Some give the operator's number until they are asked for the name. */
static enum at_condition prefer_name(struct at_modem *modem)
{
    const struct bytes *operator_name = &modem->about.told[SMSC_FACT_OPERATOR];
    long number;
    enum at_condition condition;

    if (modem->about.named || !slice_to_number(bytes_slice(operator_name), 10000, 999999, &number))
        return AT_GOOD;
    modem->about.named = true;
    if (ask(modem, "AT+COPS=3,0", AT_PLAIN_MS, &condition))
        for (size_t i = 0; i < COUNT && condition == AT_GOOD; i++)
            if (questions[i].fact == SMSC_FACT_OPERATOR) {
                bool answered = false;

                condition = put_question(modem, i, &answered);
            }
    return condition;
}

bool at_modem_ask_sim(struct at_modem *modem)
{
    struct at_about_round round = {.next = 0};
    enum at_condition condition = AT_GOOD;

    for (size_t i = 0; i < COUNT && condition == AT_GOOD; i++)
        if (questions[i].when == SIM && !modem->host->stopped(modem->host->arg))
            condition = ask_in_round(modem, i, &round);
    tell_unknown(modem, &round);
    return condition != AT_CLOSED;
}

/* Something came that is not to wait: a message that wants its +CNMA, one that is to
 * be sent. The round goes on later. */
static bool is_interrupted(const struct at_modem *modem)
{
    return at_peek_events(modem->dialogue) != NULL || modem->host->stopped(modem->host->arg) ||
           modem->host->wanted(modem->host->arg);
}

static enum at_condition go_on(struct at_modem *modem)
{
    struct at_about_round *round = &modem->about.round;
    enum at_condition condition = AT_GOOD;

    for (; round->next < COUNT && condition == AT_GOOD; round->next++) {
        size_t i = round->next;

        if (is_interrupted(modem))
            return AT_GOOD;
        if (questions[i].when == ALWAYS || !modem->about.known[questions[i].fact])
            condition = ask_in_round(modem, i, round);
    }
    return condition;
}

enum at_condition at_modem_ask_about(struct at_modem *modem)
{
    struct at_about *about = &modem->about;
    enum at_condition condition;
    int64_t now = clock_monotonic_ms();

    if (now < about->next || is_interrupted(modem))
        return AT_GOOD;
    condition = about->models_asked < REFUSALS_MAX ? ask_model(modem) : AT_GOOD;
    if (condition == AT_GOOD)
        condition = go_on(modem);
    if (condition != AT_GOOD || about->round.next < COUNT)
        return condition;
    tell_unknown(modem, &about->round);
    about->round = (struct at_about_round){.next = 0};
    about->next = now + EVERY_MS;
    return prefer_name(modem);
}
