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

#define IDLE_WAIT_MS    30000
#define PAUSE_FIRST_MS  4000
#define PAUSE_LAST_MS   8000 /* for the network or a busy SIM */
#define STOP_FIRST_MS   60000
#define STOP_LAST_MS    600000
#define GO_ON_SLOWLY_MS 250

/* --- the message whose answer was lost ------------------------------------------------ */

static void settle(struct at_driver *driver, enum at_outcome outcome, int reference,
                   struct slice why)
{
    struct smsc_submit *submit = driver->held.submit;
    struct bytes text = {0};

    driver->held.submit = NULL;
    if (outcome == AT_SENT) {
        struct slice receiver = message_sms(submit->message)->receiver;

        log_to(driver->log, LOG_LEVEL_INFO,
               "%s: the message whose answer was lost was sent, its reference is %d", driver->name,
               reference);
        at_references_note(&driver->references, reference, receiver);
        driver->knowledge.reference = reference;
        bytes_printf(&text, "%d", reference);
    } else {
        bytes_append_slice(&text, why);
    }
    at_note_outcome(driver, submit, outcome, bytes_slice(&text));
    at_note_window(driver, 1);
    bytes_free(&text);
}

static void give_up_held(struct at_driver *driver)
{
    if (driver->held.submit == NULL)
        return;
    driver->references.last = -1; /* it may have one or not */
    settle(driver, AT_UNCERTAIN, -1,
           slice_str("no answer after the message was given to the modem"));
}

static void hold(struct at_driver *driver, struct smsc_submit *submit, bool lost)
{
    give_up_held(driver);
    at_held_begin(&driver->held, &driver->references, submit, lost);
    at_note_window(driver, 2);
}

static void watch_held(struct at_driver *driver)
{
    if (driver->held.submit != NULL && clock_monotonic_ms() >= driver->held.until)
        give_up_held(driver);
}

/* Another message was accepted: what that tells about the held one. */
static void compare_held(struct at_driver *driver, int reference)
{
    struct smsc_submit *submit = driver->held.submit;

    switch (at_held_compare(&driver->held, reference)) {
    case AT_HELD_SENT:
        settle(driver, AT_SENT, driver->held.reference, slice_unset());
        break;
    case AT_HELD_NOT_SENT:
        log_to(driver->log, LOG_LEVEL_INFO,
               "%s: the message whose answer was lost was not sent, it is sent now", driver->name);
        driver->held.submit = NULL;
        driver->again = submit;
        break;
    case AT_HELD_UNKNOWN:
        break;
    }
}

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

    if (at_held_is_reported(&driver->held, &driver->references, reference, receiver))
        settle(driver, AT_SENT, reference, slice_unset());
    return at_note_report(driver, reference, receiver, status, time);
}

static void host_late_result(void *arg, int reference, struct slice error)
{
    struct at_driver *driver = arg;
    struct bytes text = {0};
    enum at_outcome outcome;

    if (driver->held.submit == NULL)
        return;
    if (reference >= 0) {
        settle(driver, AT_SENT, reference, slice_unset());
        return;
    }
    outcome = at_send_judge(error, &text);
    if (outcome != AT_UNCERTAIN)
        settle(driver, outcome == AT_REFUSED ? AT_REFUSED : AT_TRY_LATER, -1, bytes_slice(&text));
    bytes_free(&text);
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

static const struct at_host host_calls = {
    host_deliver, host_report, host_late_result, host_stopped, host_fact, host_tally, NULL};

/* --- without a modem ------------------------------------------------------------------- */

/* A message that came while nothing can be sent goes back at once. */
static void give_back(struct at_driver *driver, struct smsc_submit *submit)
{
    if (submit != NULL)
        at_note_outcome(driver, submit, AT_LOST, slice_str("the modem is not ready"));
}

static void give_back_again(struct at_driver *driver)
{
    struct smsc_submit *submit = driver->again;

    if (submit == NULL)
        return;
    driver->again = NULL;
    give_back(driver, submit);
    at_note_window(driver, 1);
}

void at_worker_pause(struct at_driver *driver, int64_t ms)
{
    int64_t end = clock_monotonic_ms() + ms;
    int64_t left;

    give_back_again(driver);
    while (!at_orders_stopped(&driver->orders) && (left = end - clock_monotonic_ms()) > 0) {
        at_orders_wait(&driver->orders, (int)left);
        give_back(driver, at_orders_take(&driver->orders));
        watch_held(driver);
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
    compare_held(driver, reference);
    at_references_note(&driver->references, reference, message_sms(submit->message)->receiver);
    if (reference >= 0)
        bytes_printf(&text, "%d", reference);
    at_note_outcome(driver, submit, AT_SENT, bytes_slice(&text));
    bytes_free(&text);
}

static void note_failed(struct at_driver *driver, struct smsc_submit *submit,
                        enum at_outcome outcome, const char *text)
{
    log_to(driver->log, LOG_LEVEL_WARNING, "%s: not sent: %s", driver->name, text);
    at_held_blur(&driver->held);
    at_references_fail(&driver->references);
    switch (outcome) {
    case AT_TRY_FEW:
        if (at_tries_spend(&driver->tries, &message_sms(submit->message)->id, submit->part))
            outcome = AT_REFUSED;
        break;
    case AT_PAUSE:
    case AT_STOP:
        suspend(driver, outcome, text);
        break;
    case AT_LOST:
        at_note_state(driver, SMSC_RECONNECTING, text);
        break;
    default:
        break;
    }
    at_note_outcome(driver, submit, outcome, slice_str(text));
}

static enum at_condition send_one(struct at_driver *driver, struct smsc_submit *submit)
{
    struct bytes text = {0};
    int reference = -1;
    enum at_outcome outcome = at_modem_send(driver->modem, message_sms(submit->message),
                                            submit->want_report, &reference, &text);

    switch (outcome) {
    case AT_SENT:
        note_sent(driver, submit, reference);
        break;
    case AT_UNCERTAIN:
    case AT_UNCERTAIN_LOST:
        log_to(driver->log, LOG_LEVEL_WARNING, "%s: perhaps sent: %s", driver->name,
               bytes_str(&text));
        if (outcome == AT_UNCERTAIN_LOST)
            at_note_state(driver, SMSC_RECONNECTING, "the modem is brought up again");
        hold(driver, submit, outcome == AT_UNCERTAIN_LOST);
        break;
    default:
        note_failed(driver, submit, outcome, bytes_str(&text));
        break;
    }
    bytes_free(&text);
    return outcome == AT_LOST || outcome == AT_UNCERTAIN_LOST ? AT_CLOSED : AT_GOOD;
}

/* The next message, when there is one and it may go out. */
static enum at_condition send_next(struct at_driver *driver)
{
    struct smsc_submit *submit = driver->again;
    enum at_condition condition;

    if (submit == NULL)
        submit = at_orders_take(&driver->orders);
    if (submit == NULL)
        return AT_GOOD;
    if (driver->suspended) {
        driver->again = NULL;
        give_back(driver, submit);
        at_note_window(driver, driver->held.submit != NULL ? 2 : 1);
        return AT_GOOD;
    }
    condition = send_one(driver, submit);
    if (submit == driver->again) {
        driver->again = NULL;
        at_note_window(driver, driver->held.submit != NULL ? 2 : 1);
    }
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

    if (driver->suspended && driver->resume_at < at)
        at = driver->resume_at;
    if (driver->held.submit != NULL && driver->held.until < at)
        at = driver->held.until;
    left = at - clock_monotonic_ms();
    return driver->again != NULL || left < 0 ? 0 : (int)left;
}

/* One round of work. */
static enum at_condition work(struct at_driver *driver)
{
    enum at_condition condition =
        at_modem_has_restarted(driver->modem) ? AT_AGAIN : send_next(driver);

    watch_held(driver);
    if (condition == AT_GOOD && at_orders_receiving(&driver->orders))
        condition = at_modem_receive(driver->modem);
    if (condition == AT_GOOD && driver->suspended && clock_monotonic_ms() >= driver->resume_at)
        condition = resume(driver);
    if (condition == AT_GOOD)
        condition = probe_when_due(driver);
    if (condition == AT_GOOD && !at_orders_stopped(&driver->orders) &&
        !at_modem_wait(driver->modem, driver->orders.wake_fd, earliest(driver)))
        condition = AT_CLOSED;
    return condition;
}

static void serve(struct at_driver *driver)
{
    enum at_condition condition = AT_GOOD;

    driver->failures = 0;
    driver->suspended = false;
    probe_later(driver);
    at_held_resume(&driver->held);
    at_note_state(driver, SMSC_ONLINE, "");
    while (condition == AT_GOOD && !at_orders_stopped(&driver->orders))
        condition = work(driver);
    if (at_orders_stopped(&driver->orders))
        return;
    log_to(driver->log, LOG_LEVEL_WARNING, "%s: the modem is brought up again", driver->name);
    at_note_state(driver, SMSC_RECONNECTING, "the modem is brought up again");
    if (condition == AT_CLOSED)
        at_opening_trouble(driver);
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
    give_up_held(driver);
    at_note_ended(driver);
    return NULL;
}
