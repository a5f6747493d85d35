/* SPDX-License-Identifier: Apache-2.0 */
/*
 * holding - what the modem's thread does with messages whose answers were lost
 * (held.h): whatever is heard of them settles them. What nothing is heard of is
 * uncertain in the end, and the gateway's uncertain-policy decides.
 */
#include "gw/smsc/at/driver_internal.h"
#include "gwlib/clock.h"

static struct smsc_submit *take(struct at_driver *driver, size_t i, int reference)
{
    struct smsc_submit *submit = at_held_take(&driver->held, i, reference);

    if (submit == driver->in_memory)
        driver->in_memory = NULL;
    at_worker_note_window(driver);
    return submit;
}

/* Whether no other message was accepted since the held ones. */
static bool are_latest(const struct at_driver *driver)
{
    return driver->held.base >= 0;
}

static void settle_sent(struct at_driver *driver, size_t i, int reference)
{
    bool latest = are_latest(driver);
    struct smsc_submit *submit = take(driver, i, reference);
    struct slice receiver = message_sms(submit->message)->receiver;
    struct bytes text = {0};

    log_to(driver->log, LOG_LEVEL_INFO,
           "%s: the message whose answer was lost was sent, its reference is %d", driver->name,
           reference);
    if (latest) {
        at_references_note(&driver->references, reference, receiver);
        driver->knowledge.reference = reference;
    } else {
        at_references_mark(&driver->references, reference, receiver);
    }
    if (reference >= 0)
        bytes_printf(&text, "%d", reference);
    at_note_tally(driver, SMSC_TALLY_SETTLED);
    at_note_outcome(driver, submit, AT_SENT, bytes_slice(&text));
    bytes_free(&text);
}

static void settle_failed(struct at_driver *driver, size_t i, enum at_outcome outcome,
                          struct slice why)
{
    struct smsc_submit *submit = take(driver, i, -1);

    at_note_tally(driver, SMSC_TALLY_SETTLED);
    at_note_outcome(driver, submit, outcome, why);
}

/* It is known not to be sent: it goes out next. */
static void send_again(struct at_driver *driver, size_t i)
{
    struct smsc_submit *submit = take(driver, i, -1);

    log_to(driver->log, LOG_LEVEL_INFO,
           "%s: the message whose answer was lost was not sent, it is sent now", driver->name);
    at_note_tally(driver, SMSC_TALLY_SETTLED);
    driver->again[driver->again_count++] = submit;
    at_worker_note_window(driver);
}

/* One whose answer gets lost each time is not sent for ever. */
static void give_up(struct at_driver *driver, size_t i)
{
    const struct smsc_submit *held = driver->held.items[i].submit;
    bool often = at_tries_spend(&driver->unanswered, &message_sms(held->message)->id, held->part);
    struct smsc_submit *submit;

    if (are_latest(driver))
        driver->references.last = -1; /* it may have the next one or not */
    submit = take(driver, i, -1);
    at_note_tally(driver, SMSC_TALLY_UNCERTAIN);
    at_note_outcome(driver, submit, often ? AT_REFUSED : AT_UNCERTAIN,
                    slice_str(often ? "no answer after the message was given to the modem, again"
                                    : "no answer after the message was given to the modem"));
}

/* Asks the memory that the message was to be sent from. */
static void ask_memory(struct at_driver *driver)
{
    size_t i = 0;

    while (i < driver->held.count && driver->held.items[i].submit != driver->in_memory)
        i++;
    if (driver->in_memory == NULL || i == driver->held.count || driver->modem == NULL)
        return;
    switch (at_modem_look_at_stored(driver->modem)) {
    case AT_STORED_SENT:
        settle_sent(driver, i, at_held_reference(&driver->held, i));
        break;
    case AT_STORED_UNSENT:
        /* A modem that went down or is busy with it may have had no time to note that it was sent.
         */
        if (driver->held.items[i].why == AT_HELD_UNANSWERED ||
            driver->held.items[i].why == AT_HELD_ANSWERED)
            send_again(driver, i);
        break;
    case AT_STORED_UNKNOWN:
        break;
    }
    driver->in_memory = NULL;
}

void at_holding_add(struct at_driver *driver, struct smsc_submit *submit, enum at_outcome why)
{
    enum at_held_why reason = why == AT_UNCERTAIN_LOST       ? AT_HELD_LOST
                              : why == AT_UNCERTAIN_SILENT   ? AT_HELD_SILENT
                              : why == AT_UNCERTAIN_ANSWERED ? AT_HELD_ANSWERED
                                                             : AT_HELD_UNANSWERED;

    if (driver->held.count == AT_HELD_MAX)
        give_up(driver, 0);
    at_held_add(&driver->held, &driver->references, submit, reason);
    driver->held.items[driver->held.count - 1].given_at = driver->knowledge.given_at;
    driver->in_memory = driver->knowledge.stored.is_there ? submit : NULL;
    if (reason == AT_HELD_UNANSWERED || reason == AT_HELD_ANSWERED)
        ask_memory(driver);
    at_worker_note_window(driver);
}

void at_holding_resume(struct at_driver *driver)
{
    if (driver->modem != NULL)
        at_modem_take_late_results(driver->modem);
    at_held_resume(&driver->held);
    ask_memory(driver);
}

int64_t at_holding_watch(struct at_driver *driver)
{
    int64_t until = INT64_MAX;
    size_t due = at_held_due(&driver->held, &until);

    if (due == driver->held.count)
        return until;
    /* A report of it may lie in the modem. */
    if (driver->modem != NULL && driver->held.items[due].submit->want_report)
        at_modem_read_all(driver->modem);
    due = at_held_due(&driver->held, &until);
    if (due < driver->held.count)
        give_up(driver, due);
    until = INT64_MAX;
    at_held_due(&driver->held, &until);
    return until;
}

void at_holding_give_up_all(struct at_driver *driver)
{
    while (driver->held.count > 0)
        give_up(driver, 0);
}

void at_holding_compare(struct at_driver *driver, int reference)
{
    switch (at_held_compare(&driver->held, reference)) {
    case AT_HELD_ALL_SENT:
        while (driver->held.count > 0)
            settle_sent(driver, 0, at_held_reference(&driver->held, 0));
        break;
    case AT_HELD_NONE_SENT:
        while (driver->held.count > 0 && driver->again_count < AT_HELD_MAX)
            send_again(driver, 0);
        break;
    case AT_HELD_UNKNOWN:
        break;
    }
}

void at_holding_take_report(struct at_driver *driver, int reference, struct slice receiver)
{
    size_t i = at_held_reported(&driver->held, &driver->references, reference, receiver);

    if (i < driver->held.count)
        settle_sent(driver, i, reference);
}

void at_holding_take_answer(struct at_driver *driver, int reference, struct slice error)
{
    size_t i = at_held_answered(&driver->held);
    struct bytes text = {0};
    enum at_outcome outcome;

    if (i == driver->held.count)
        return;
    at_patience_note(&driver->knowledge.results,
                     clock_monotonic_ms() - driver->held.items[i].given_at);
    if (reference >= 0) {
        settle_sent(driver, i, reference);
        return;
    }
    outcome = at_send_judge(error, &text);
    if (outcome != AT_UNCERTAIN_ANSWERED)
        settle_failed(driver, i, outcome == AT_REFUSED ? AT_REFUSED : AT_TRY_LATER,
                      bytes_slice(&text));
    bytes_free(&text);
}
