/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker - a modem's thread: have the modem brought up (opening.c), then send,
 * receive and probe until something breaks; then again.
 *
 * A trouble of the modem costs no message a try: the state is told before the
 * message is given back, so that the bearerbox does not count it. A message whose
 * answer was lost is held (held.h) while others are sent.
 *
 * Delivery reports are found by the reference that +CMGS gave (3GPP TS 23.040,
 * section 9.2.3.6), together with the receiver: the reference counts to 255.
 */
#include <stdlib.h>
#include <string.h>

#include "gw/smsc/at/driver_internal.h"
#include "gwlib/clock.h"

#define IDLE_WAIT_MS    8000 /* a modem that restarts without a word is noticed by then */
#define PAUSE_FIRST_MS  4000
#define PAUSE_LAST_MS   8000 /* for the network or a busy SIM */
#define STOP_FIRST_MS   60000
#define STOP_LAST_MS    600000
#define GO_ON_SLOWLY_MS 250

/* --- the modem's host -------------------------------------------------------------------- */

static bool host_deliver(void *arg, const struct sms *sms)
{
    struct at_driver *driver = arg;

    return at_orders_receiving(&driver->orders) && at_note_message(driver, sms);
}

static bool host_report(void *arg, int reference, struct slice receiver, uint8_t status,
                        int64_t time)
{
    struct at_driver *driver = arg;

    at_holding_take_report(driver, reference, receiver);
    return at_note_report(driver, reference, receiver, status, time);
}

static void host_late_result(void *arg, int reference, struct slice error)
{
    at_holding_take_answer(arg, reference, error);
}

static bool host_stopped(void *arg)
{
    struct at_driver *driver = arg;

    return at_orders_stopped(&driver->orders);
}

static void host_fact(void *arg, enum smsc_fact fact, struct slice value)
{
    at_note_fact(arg, fact, value);
}

static void host_tally(void *arg, enum smsc_tally tally)
{
    at_note_tally(arg, tally);
}

static bool host_wanted(void *arg)
{
    struct at_driver *driver = arg;

    return at_orders_wait_for_thread(&driver->orders);
}

static const struct at_host host_calls = {host_deliver, host_report, host_late_result, host_stopped,
                                          host_wanted,  host_fact,   host_tally,       NULL};

/* --- without a modem ------------------------------------------------------------------- */

/* A message that came while nothing can be sent goes back at once. */
static void give_back(struct at_driver *driver, struct smsc_submit *submit)
{
    if (submit != NULL)
        at_note_outcome(driver, submit, AT_LOST, slice_str("the modem is not ready"));
}

static void give_back_again(struct at_driver *driver)
{
    for (size_t i = 0; i < driver->again_count; i++)
        give_back(driver, driver->again[i]);
    driver->again_count = 0;
    at_worker_note_window(driver);
}

void at_worker_note_window(struct at_driver *driver)
{
    at_note_window(driver, 1 + driver->held.count + driver->again_count);
}

/* The question that waits, if any, answered by those who can. */
static void answer_ussd(struct at_driver *driver, bool can)
{
    struct at_ussd_order *order = at_orders_take_ussd(&driver->orders);
    enum smsc_ussd_result result = SMSC_USSD_FAILED;
    struct bytes text = {0};

    if (order == NULL)
        return;
    if (can)
        result = at_modem_ussd(driver->modem, slice_str(order->code), order->is_answer,
                               at_orders_receiving(&driver->orders), &text);
    else
        bytes_append_str(&text, "the modem is not ready");
    at_ussd_order_free(order);
    at_note_ussd(driver, result, bytes_slice(&text));
    bytes_free(&text);
}

void at_worker_pause(struct at_driver *driver, int64_t ms)
{
    int64_t end = clock_monotonic_ms() + ms;
    int64_t left;

    give_back_again(driver);
    while (!at_orders_stopped(&driver->orders) && (left = end - clock_monotonic_ms()) > 0) {
        struct smsc_submit *submit;

        at_orders_wait(&driver->orders, (int)left);
        while ((submit = at_orders_take(&driver->orders)) != NULL)
            give_back(driver, submit);
        answer_ussd(driver, false);
        at_holding_watch(driver);
    }
}

/* The modem has just been heard. */
static void probe_later(struct at_driver *driver)
{
    driver->next_probe = clock_monotonic_ms() + (driver->settings.keepalive_s > 0
                                                     ? driver->settings.keepalive_s * INT64_C(1000)
                                                     : IDLE_WAIT_MS);
}

/* --- sending ------------------------------------------------------------------------------ */

static void suspend(struct at_driver *driver, enum at_outcome why, const char *detail)
{
    int64_t ms = why == AT_STOP
                     ? at_opening_growing(STOP_FIRST_MS, STOP_LAST_MS, driver->suspensions)
                     : at_opening_growing(PAUSE_FIRST_MS, PAUSE_LAST_MS, driver->suspensions);

    if (!driver->suspended || why == AT_STOP)
        log_to(driver->log, why == AT_STOP ? LOG_LEVEL_ERROR : LOG_LEVEL_WARNING,
               "%s: nothing is sent for now: %s", driver->name, detail);
    driver->suspended = true;
    driver->suspensions++;
    driver->resume_at = clock_monotonic_ms() + ms;
    at_note_state(driver, SMSC_RECONNECTING, detail);
}

/* Looks whether sending may go on. */
static enum at_condition resume(struct at_driver *driver)
{
    enum at_condition condition = at_modem_registration(driver->modem);

    if (condition == AT_GOOD) {
        driver->suspended = false;
        at_note_state(driver, SMSC_ONLINE, "");
    } else if (condition == AT_UNREGISTERED) {
        suspend(driver, AT_PAUSE, "not registered in the network");
        condition = AT_GOOD;
    }
    return condition;
}

static void note_sent(struct at_driver *driver, struct smsc_submit *submit, int reference)
{
    struct bytes text = {0};

    driver->suspensions = 0;
    driver->failures = 0;
    at_rescue_works(&driver->opening.rescue);
    driver->barred = (struct uuid){{0}};
    at_holding_compare(driver, reference);
    driver->knowledge.reference = reference;
    if (reference < 0) /* the modem did not tell; reports come with the receiver, too */
        reference = at_references_next(&driver->references);
    if (reference < 0)
        driver->references.last = -1; /* it counts on, unseen */
    at_references_note(&driver->references, reference, message_sms(submit->message)->receiver);
    if (reference >= 0)
        bytes_printf(&text, "%d", reference);
    at_note_outcome(driver, submit, AT_SENT, bytes_slice(&text));
    bytes_free(&text);
}

/* A bar on one receiver costs that message; when another one meets it, too, and
 * none goes out, it is the SIM that is barred. */
static enum at_outcome judge_bar(struct at_driver *driver, const struct uuid *id)
{
    bool is_other = !uuid_is_nil(&driver->barred) && !uuid_equal(&driver->barred, id);

    driver->barred = *id;
    return is_other ? AT_STOP : AT_TRY_FEW;
}

/* What becomes of a message that was not sent: some errors are worth few tries,
 * and one that always gets the modem into trouble must not stop the others. */
static enum at_outcome judge_again(struct at_driver *driver, const struct smsc_submit *submit,
                                   enum at_outcome outcome)
{
    const struct uuid *id = &message_sms(submit->message)->id;

    if (outcome == AT_BARRED)
        outcome = judge_bar(driver, id);
    if (outcome == AT_TRY_FEW && at_tries_spend(&driver->tries, id, submit->part))
        return AT_REFUSED;
    if ((outcome == AT_PAUSE || outcome == AT_LOST) &&
        at_tries_spend(&driver->stuck, id, submit->part))
        return AT_TRY_LATER;
    return outcome;
}

static void note_failed(struct at_driver *driver, struct smsc_submit *submit,
                        enum at_outcome outcome, const char *text)
{
    log_to(driver->log, LOG_LEVEL_WARNING, "%s: not sent: %s", driver->name, text);
    at_held_blur(&driver->held, &driver->references);
    at_references_fail(&driver->references);
    outcome = judge_again(driver, submit, outcome);
    if (outcome == AT_PAUSE || outcome == AT_STOP)
        suspend(driver, outcome, text);
    else if (outcome == AT_LOST)
        at_note_state(driver, SMSC_RECONNECTING, text);
    at_note_outcome(driver, submit, outcome, slice_str(text));
}

/* The message may be sent, and the modem needs help. */
static bool must_be_opened(enum at_outcome outcome)
{
    return outcome == AT_UNCERTAIN_LOST || outcome == AT_UNCERTAIN_SILENT;
}

static enum at_condition send_one(struct at_driver *driver, struct smsc_submit *submit)
{
    struct bytes text = {0};
    int reference = -1;
    enum at_outcome outcome;

    at_held_go_on(&driver->held);
    driver->knowledge.awaits_others = at_held_answered(&driver->held) < driver->held.count;
    outcome = at_modem_send(driver->modem, submit, &reference, &text);
    driver->asked = outcome == AT_LOST || must_be_opened(outcome);
    switch (outcome) {
    case AT_SENT:
        note_sent(driver, submit, reference);
        break;
    case AT_UNCERTAIN:
    case AT_UNCERTAIN_LOST:
    case AT_UNCERTAIN_SILENT:
    case AT_UNCERTAIN_ANSWERED:
        log_to(driver->log, LOG_LEVEL_WARNING, "%s: perhaps sent: %s", driver->name,
               bytes_str(&text));
        if (must_be_opened(outcome))
            at_note_state(driver, SMSC_RECONNECTING, "the modem is brought up again");
        at_holding_add(driver, submit, outcome);
        break;
    default:
        note_failed(driver, submit, outcome, bytes_str(&text));
        break;
    }
    bytes_free(&text);
    return driver->asked ? AT_CLOSED : AT_GOOD;
}

static struct smsc_submit *next_submit(struct at_driver *driver)
{
    struct smsc_submit *submit = driver->again[0];

    if (driver->again_count == 0)
        return at_orders_take(&driver->orders);
    driver->again_count--;
    for (size_t i = 0; i < driver->again_count; i++)
        driver->again[i] = driver->again[i + 1];
    return submit;
}

/* The next message, when there is one and it may go out. */
static enum at_condition send_next(struct at_driver *driver)
{
    size_t again = driver->again_count;
    struct smsc_submit *submit = next_submit(driver);
    enum at_condition condition = AT_GOOD;

    if (submit == NULL)
        return AT_GOOD;
    if (driver->suspended)
        give_back(driver, submit);
    else
        condition = send_one(driver, submit);
    if (again > 0)
        at_worker_note_window(driver);
    probe_later(driver);
    return condition;
}

/* --- working ------------------------------------------------------------------------------- */

static enum at_condition probe_when_due(struct at_driver *driver)
{
    enum at_condition condition = at_modem_check(driver->modem);

    if (condition == AT_UNREGISTERED && !driver->suspended)
        suspend(driver, AT_PAUSE, "not registered in the network");
    if (condition != AT_GOOD && condition != AT_UNREGISTERED)
        return condition;
    condition = at_modem_ask_about(driver->modem);
    if (condition != AT_GOOD || clock_monotonic_ms() < driver->next_probe)
        return condition;
    probe_later(driver);
    return at_modem_probe(driver->modem) ? AT_GOOD : AT_CLOSED;
}

static int earliest(const struct at_driver *driver)
{
    int64_t at = driver->next_probe, left;

    if (at_modem_next_look(driver->modem) < at)
        at = at_modem_next_look(driver->modem);
    if (driver->suspended && driver->resume_at < at)
        at = driver->resume_at;
    if (driver->holding_until < at)
        at = driver->holding_until;
    left = at - clock_monotonic_ms();
    return driver->again_count > 0 || left < 0 ? 0 : (int)left;
}

/* Until there is something to do. While nothing is received, what came waits and is
 * no reason to look again and again. */
static bool wait_for_work(struct at_driver *driver)
{
    int timeout_ms = earliest(driver);

    if (at_orders_receiving(&driver->orders) || !at_modem_has_events(driver->modem))
        return at_modem_wait(driver->modem, driver->orders.wake_fd, timeout_ms);
    at_orders_wait(&driver->orders, timeout_ms);
    return true;
}

/* One round of work. */
static enum at_condition work(struct at_driver *driver)
{
    enum at_condition condition =
        at_modem_has_restarted(driver->modem) ? AT_AGAIN : send_next(driver);

    driver->holding_until = at_holding_watch(driver);
    answer_ussd(driver, condition == AT_GOOD && !driver->suspended);
    if (condition == AT_GOOD && at_orders_receiving(&driver->orders))
        condition = at_modem_receive(driver->modem);
    if (condition == AT_GOOD && driver->suspended && clock_monotonic_ms() >= driver->resume_at)
        condition = resume(driver);
    if (condition == AT_GOOD)
        condition = probe_when_due(driver);
    if (condition == AT_GOOD && !at_orders_stopped(&driver->orders) && !wait_for_work(driver))
        condition = AT_CLOSED;
    return condition;
}

static void serve(struct at_driver *driver)
{
    enum at_condition condition = AT_GOOD;

    driver->failures = 0;
    driver->suspended = driver->asked = driver->knowledge.asked_in_vain = false;
    probe_later(driver);
    at_holding_resume(driver);
    at_note_state(driver, SMSC_ONLINE, "");
    while (condition == AT_GOOD && !at_orders_stopped(&driver->orders))
        condition = work(driver);
    if (at_orders_stopped(&driver->orders))
        return;
    log_to(driver->log, LOG_LEVEL_WARNING, "%s: the modem is brought up again", driver->name);
    at_note_state(driver, SMSC_RECONNECTING, "the modem is brought up again");
    if (condition == AT_CLOSED)
        at_opening_trouble(driver, driver->asked || driver->knowledge.asked_in_vain);
    else
        at_rescue_starts(&driver->opening.rescue, clock_monotonic_ms());
    if (driver->modem != NULL) /* else it has waited while it was closed */
        at_worker_pause(driver, GO_ON_SLOWLY_MS);
}

void *at_worker_run(void *arg)
{
    struct at_driver *driver = arg;

    driver->host = host_calls;
    driver->host.arg = driver;
    driver->failures = 0;
    at_rescue_init(&driver->opening.rescue, false, driver->settings.power_hook != NULL);
    while (!at_orders_stopped(&driver->orders))
        if (at_opening_run(driver))
            serve(driver);
    at_opening_close(driver);
    give_back_again(driver);
    at_holding_give_up_all(driver);
    at_note_ended(driver);
    return NULL;
}
