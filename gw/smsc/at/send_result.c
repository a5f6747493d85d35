/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waiting for what becomes of a message that was given to the modem: see modem.h.
 *
 * How long, depends on what the modem is used to (patience.h). When nothing came it
 * is asked whether it lives, briefly; one that does not say is opened anew, and its
 * answer may still come there: a modem that waits for a slow network hears nothing
 * meanwhile. Nothing is told to restart before the time that such a network takes.
 */
#include "gw/smsc/at/modem_internal.h"

#include "gwlib/clock.h"

#define QUIET_MS         200
#define TALKING_MS       10000 /* for a modem that says other things meanwhile */
#define LISTEN_MS        30000 /* a network takes so long on bad days */
#define LOOK_EVERY_MS    1000
#define AFTER_RESTART_MS 2000 /* what looked like a restart may have been none */
#define AFTER_ERROR_MS   1000 /* for a result behind an ERROR that answered something else */
#define PROBES           2    /* the first one may only wake it */
#define PROBE_MS         1000

static const struct at_patience_range for_result = {7000, 9000, 60000};
static const struct at_patience_range for_prompt = {5000, AT_PROMPT_MS, AT_PROMPT_MS};

/* 12, or "12". */
static bool read_reference(struct slice field, long *reference)
{
    field = slice_trim(field);
    if (field.len >= 2 && field.data[0] == '"')
        field = slice_sub(field, 1, field.len - 2);
    return slice_to_number(field, 0, 255, reference);
}

/* `+CMGS: 12[,...]`, `+CMSS: 12`. A line before the last one answers an earlier
 * message whose answer was given up. */
static int take_references(struct at_modem *modem)
{
    struct slice rest = bytes_slice(&modem->answer.lines), line, value, field;
    long reference = -1;

    while (slice_next_item(&rest, '\n', &line)) {
        if (!slice_starts_with(line, slice_str("+CMGS:")) &&
            !slice_starts_with(line, slice_str("+CMSS:")))
            continue;
        if (reference >= 0)
            modem->host->late_result(modem->host->arg, (int)reference, slice_unset());
        value = slice_sub(line, 6, line.len);
        if (!slice_next_item(&value, ',', &field) || !read_reference(field, &reference))
            reference = -1;
    }
    return (int)reference;
}

static enum at_outcome result(struct at_modem *modem, struct at_attempt *attempt)
{
    bytes_clear(attempt->text);
    switch (modem->answer.final) {
    case AT_OK:
        attempt->reference = take_references(modem);
        return AT_SENT;
    case AT_ERROR:
        /* The network has it, whatever the modem met then; unless that is the late
         * answer of an earlier one. */
        attempt->reference = modem->knowledge->awaits_others ? -1 : take_references(modem);
        return attempt->reference >= 0 ? AT_SENT : at_attempt_failed(modem, attempt);
    default:
        /* The reference without its OK is an answer too. */
        attempt->reference = take_references(modem);
        if (attempt->reference >= 0 && modem->answer.final == AT_TIMEOUT)
            return AT_SENT;
        bytes_append_str(attempt->text, "no answer after the message was given to the modem");
        return AT_UNCERTAIN_LOST;
    }
}

/* Nobody answers: either it is lost, or its answer comes when the port is open
 * again. */
static enum at_outcome silent(struct at_modem *modem, struct at_attempt *attempt, int64_t started)
{
    enum at_outcome outcome = result(modem, attempt);

    if (outcome != AT_UNCERTAIN_LOST)
        return outcome;
    modem->knowledge->listen_until = started + LISTEN_MS;
    return AT_UNCERTAIN_SILENT;
}

/*
 * Nothing came. A modem that answers the next command has no more to say about
 * this one, or says it late; one that does not is opened anew.
 */
static enum at_outcome look_for_life(struct at_modem *modem, struct at_attempt *attempt,
                                     int64_t started)
{
    if (modem->answer.final == AT_RESTARTED &&
        at_listen(modem->dialogue, &modem->answer, AFTER_RESTART_MS) != AT_TIMEOUT)
        return result(modem, attempt);
    if (modem->answer.final != AT_TIMEOUT)
        return result(modem, attempt);
    for (int i = 0; i < PROBES && !modem->host->stopped(modem->host->arg); i++) {
        struct at_answer probe = {.final = AT_TIMEOUT};
        enum at_final final = at_command(modem->dialogue, &probe, PROBE_MS, "AT");

        at_answer_free(&probe);
        if (final == AT_OK || final == AT_ERROR) {
            enum at_outcome outcome = result(modem, attempt);

            if (!at_settle(modem->dialogue, QUIET_MS))
                return outcome == AT_SENT ? AT_SENT : AT_UNCERTAIN_LOST;
            return outcome == AT_SENT ? AT_SENT : AT_UNCERTAIN;
        }
        if (final != AT_TIMEOUT)
            return result(modem, attempt);
    }
    return silent(modem, attempt, started);
}

/* Whether a status report is waiting that can only be this message's. */
static bool is_reported(const struct at_modem *modem)
{
    int expected = (modem->knowledge->reference + 1) & 255;

    if (modem->knowledge->reference < 0)
        return false;
    for (const struct at_event *event = at_peek_events(modem->dialogue); event != NULL;
         event = event->next)
        if (at_modem_reported(modem, event) == expected)
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
    if (at_listen(modem->dialogue, &later, AFTER_ERROR_MS) == AT_RESTARTED)
        at_listen(modem->dialogue, &later, AFTER_ERROR_MS); /* perhaps it was none */
    if (later.final == AT_OK && (slice_is_set(at_answer_value(&later, "+CMGS:")) ||
                                 slice_is_set(at_answer_value(&later, "+CMSS:")))) {
        at_answer_free(&modem->answer);
        modem->answer = later;
        return;
    }
    at_answer_free(&later);
}

int at_prompt_patience(const struct at_modem *modem)
{
    return at_patience_ms(&modem->knowledge->prompts, &for_prompt);
}

void at_note_prompt(struct at_modem *modem, int64_t started)
{
    at_patience_note(&modem->knowledge->prompts, clock_monotonic_ms() - started);
}

static int result_patience(const struct at_modem *modem)
{
    return at_patience_ms(&modem->knowledge->results, &for_result);
}

/* On the status page, too. */
static void note_result(struct at_modem *modem, int64_t started)
{
    struct bytes shown = {0};

    at_patience_note(&modem->knowledge->results, clock_monotonic_ms() - started);
    bytes_printf(&shown, "%d s", (result_patience(modem) + 500) / 1000);
    at_modem_tell(modem, SMSC_FACT_PATIENCE, bytes_slice(&shown));
    bytes_free(&shown);
}

enum at_outcome at_attempt_result(struct at_modem *modem, struct at_attempt *attempt,
                                  enum at_final final, int64_t started)
{
    int64_t end = started + result_patience(modem);
    uint64_t heard = at_port_received(modem->port);

    modem->knowledge->given_at = started;
    while (final == AT_TIMEOUT && clock_monotonic_ms() < end) {
        if (is_reported(modem) && at_modem_probe(modem)) {
            attempt->reference = (modem->knowledge->reference + 1) & 255;
            return AT_SENT;
        }
        final = at_listen(modem->dialogue, &modem->answer, LOOK_EVERY_MS);
        if (at_port_received(modem->port) > heard && end < started + TALKING_MS)
            end = started + TALKING_MS;
    }
    if (final != AT_OK && final != AT_ERROR)
        return look_for_life(modem, attempt, started);
    if (final == AT_ERROR)
        doubt_error(modem);
    note_result(modem, started);
    return result(modem, attempt);
}
