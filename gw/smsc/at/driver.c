/* SPDX-License-Identifier: Apache-2.0 */
/*
 * driver - smsc = at: a GSM modem behind the driver interface (gw/smsc/smsc.h).
 *
 * The loop's half hands orders down and passes on what the modem's thread notes.
 * The thread's half is a plain loop: open the port, bring the modem up, then
 * send, receive and probe until something breaks; then again, with growing
 * pauses. A port that is not there is a state, shown on the status page, and
 * ends by itself when the device appears.
 *
 * Delivery reports are found by the reference that +CMGS gave (3GPP TS 23.040,
 * section 9.2.3.6), together with the receiver: the reference counts to 255.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "gw/sms/cause.h"
#include "gw/smsc/at/exchange.h"
#include "gw/smsc/at/modem.h"
#include "gwlib/clock.h"
#include "gwlib/memory.h"

#define STORE_WAIT_MS    20000 /* for the store, while a message is with us */
#define SETTLE_WAIT_MS   2000  /* between looks at a modem that is not ready */
#define RETRY_FIRST_MS   1000  /* between attempts to open the port */
#define RETRY_LAST_MS    60000
#define HOPELESS_WAIT_MS 3600000
#define IDLE_WAIT_MS     60000

struct driver {
    struct smsc *smsc;
    struct loop *loop;
    struct at_settings settings;
    struct at_orders orders;
    char *name;
    struct log_file *log;
    pthread_t thread;
    bool running; /* the thread exists; loop */
    /* The rest belongs to the thread. */
    struct at_host host;
    struct at_modem *modem;
    int64_t retry_ms;
    int64_t next_probe;
};

/* --- notes to the loop ---------------------------------------------------------------- */

enum note_kind { NOTE_STATE, NOTE_OUTCOME, NOTE_MESSAGE, NOTE_REPORT, NOTE_ENDED };

struct note {
    struct driver *driver;
    enum note_kind kind;
    enum smsc_state state;
    struct smsc_submit *submit;
    enum at_outcome outcome;
    struct bytes text;       /* detail, error, or reference */
    struct bytes receiver;   /* of a report */
    struct message *message; /* received */
    uint8_t status;          /* TP-ST */
    int64_t time;
    struct at_question *question;
};

static void stored(bool is_stored, void *arg)
{
    at_question_answer(arg, is_stored);
}

static void pass_report(const struct note *note)
{
    struct cause_status status = cause_status(note->status);
    struct smsc_report report = {
        .foreign_id = bytes_slice(&note->text),
        .receiver = bytes_slice(&note->receiver),
        .event = (enum dlr_event)cause_dlr_event(status.result),
        .text = slice_str(status.result == CAUSE_BUFFERED                   ? "Buffered"
                          : cause_dlr_event(status.result) == DLR_DELIVERED ? "Success"
                                                                            : "Failed"),
        .time = note->time,
    };

    smsc_reported(note->driver->smsc, &report, stored, note->question);
}

static void pass_outcome(const struct note *note)
{
    struct smsc *smsc = note->driver->smsc;
    struct slice text = bytes_slice(&note->text);

    switch (note->outcome) {
    case AT_SENT:
        smsc_accepted(smsc, note->submit, text, slice_unset(), slice_unset());
        break;
    case AT_REFUSED:
        smsc_failed(smsc, note->submit, SMSC_PERMANENT, text, slice_unset());
        break;
    case AT_UNCERTAIN:
        smsc_failed(smsc, note->submit, SMSC_UNCERTAIN, text, slice_unset());
        break;
    case AT_TRY_LATER:
    case AT_LOST:
        smsc_failed(smsc, note->submit, SMSC_TEMPORARY, text, slice_unset());
        break;
    }
}

static void end_of_thread(struct driver *driver)
{
    struct smsc_submit *submit;

    pthread_join(driver->thread, NULL);
    driver->running = false;
    submit = at_orders_take(&driver->orders); /* ordered and not seen any more */
    if (submit != NULL)
        smsc_failed(driver->smsc, submit, SMSC_TEMPORARY, slice_str("stopped"), slice_unset());
    smsc_set_state(driver->smsc, SMSC_DEAD, NULL);
}

static void take_note(void *arg)
{
    struct note *note = arg;

    switch (note->kind) {
    case NOTE_STATE:
        smsc_set_state(note->driver->smsc, note->state, bytes_str(&note->text));
        break;
    case NOTE_OUTCOME:
        pass_outcome(note);
        break;
    case NOTE_MESSAGE:
        smsc_received(note->driver->smsc, message_sms(note->message), stored, note->question);
        break;
    case NOTE_REPORT:
        pass_report(note);
        break;
    case NOTE_ENDED:
        end_of_thread(note->driver);
        break;
    }
    message_unref(note->message);
    bytes_free(&note->text);
    bytes_free(&note->receiver);
    free(note);
}

static struct note *note_create(struct driver *driver, enum note_kind kind)
{
    struct note *note = memory_zalloc(1, sizeof *note);

    note->driver = driver;
    note->kind = kind;
    return note;
}

static void note_post(struct note *note)
{
    loop_post(note->driver->loop, take_note, note);
}

static void note_state(struct driver *driver, enum smsc_state state, const char *detail)
{
    struct note *note = note_create(driver, NOTE_STATE);

    note->state = state;
    bytes_append_str(&note->text, detail);
    note_post(note);
}

static void note_outcome(struct driver *driver, struct smsc_submit *submit, enum at_outcome outcome,
                         struct slice text)
{
    struct note *note = note_create(driver, NOTE_OUTCOME);

    note->submit = submit;
    note->outcome = outcome;
    bytes_append_slice(&note->text, text);
    note_post(note);
}

/* --- the modem's host -------------------------------------------------------------------- */

static bool host_deliver(void *arg, const struct sms *sms)
{
    struct driver *driver = arg;
    struct note *note;
    struct at_question *question;

    if (!at_orders_receiving(&driver->orders))
        return false;
    note = note_create(driver, NOTE_MESSAGE);
    question = at_question_create();
    note->message = message_create(sms);
    note->question = question;
    note_post(note);
    return at_question_wait(question, STORE_WAIT_MS);
}

static bool host_report(void *arg, int reference, struct slice receiver, uint8_t status,
                        int64_t time)
{
    struct driver *driver = arg;
    struct note *note = note_create(driver, NOTE_REPORT);
    struct at_question *question = at_question_create();

    bytes_printf(&note->text, "%d", reference);
    bytes_append_slice(&note->receiver, receiver);
    note->status = status;
    note->time = time;
    note->question = question;
    note_post(note);
    return at_question_wait(question, STORE_WAIT_MS);
}

/* --- the thread ------------------------------------------------------------------------------ */

/* Waits without a modem; a submit that was ordered meanwhile goes back. */
static void pause_thread(struct driver *driver, int64_t ms)
{
    int64_t end = clock_monotonic_ms() + ms;
    int64_t left;

    while (!at_orders_stopped(&driver->orders) && (left = end - clock_monotonic_ms()) > 0) {
        struct smsc_submit *submit;

        at_orders_wait(&driver->orders, (int)left);
        submit = at_orders_take(&driver->orders);
        if (submit != NULL)
            note_outcome(driver, submit, AT_LOST, slice_str("the modem is not ready"));
    }
}

static void lose_modem(struct driver *driver)
{
    at_modem_free(driver->modem);
    driver->modem = NULL;
}

/* After a failure: the state with its reason, and a pause that grows. */
static void retry_later(struct driver *driver, const char *detail)
{
    note_state(driver, SMSC_RECONNECTING, detail);
    pause_thread(driver, driver->retry_ms);
    driver->retry_ms = driver->retry_ms * 2 < RETRY_LAST_MS ? driver->retry_ms * 2 : RETRY_LAST_MS;
}

static bool open_port(struct driver *driver)
{
    const struct at_settings *settings = &driver->settings;
    struct at_port_target target = {
        .device = settings->device,
        .host = settings->host,
        .tcp_port = settings->tcp_port,
        .speed = settings->speed != 0 ? settings->speed : 115200,
    };
    struct bytes error = {0};
    struct at_port *port = at_port_open(&target, &error);

    if (port == NULL) {
        struct bytes detail = {0};

        bytes_printf(&detail, "waits for %s: %s", settings->device, bytes_str(&error));
        retry_later(driver, bytes_str(&detail));
        bytes_free(&detail);
    } else {
        driver->modem = at_modem_create(settings, &driver->host, port, driver->name, driver->log);
    }
    bytes_free(&error);
    return driver->modem != NULL;
}

/* True when the modem is ready to work. */
static bool bring_up(struct driver *driver)
{
    struct bytes detail = {0};
    bool ready = false;

    switch (at_modem_bring_up(driver->modem, &detail)) {
    case AT_READY:
        ready = true;
        break;
    case AT_NOT_YET:
        note_state(driver, SMSC_CONNECTING, bytes_str(&detail));
        pause_thread(driver, SETTLE_WAIT_MS);
        break;
    case AT_HOPELESS:
        log_to(driver->log, LOG_LEVEL_ERROR, "%s: %s", driver->name, bytes_str(&detail));
        note_state(driver, SMSC_RECONNECTING, bytes_str(&detail));
        pause_thread(driver, HOPELESS_WAIT_MS);
        break;
    case AT_BROKEN:
        lose_modem(driver);
        retry_later(driver, detail.len > 0 ? bytes_str(&detail) : "the modem does not answer");
        break;
    }
    bytes_free(&detail);
    return ready;
}

static bool send_one(struct driver *driver, struct smsc_submit *submit)
{
    struct bytes text = {0};
    int reference = 0;
    enum at_outcome outcome = at_modem_send(driver->modem, message_sms(submit->message),
                                            submit->want_report, &reference, &text);

    if (outcome == AT_SENT) {
        bytes_clear(&text);
        bytes_printf(&text, "%d", reference);
    } else {
        log_to(driver->log, LOG_LEVEL_WARNING, "%s: not sent: %s", driver->name, bytes_str(&text));
    }
    note_outcome(driver, submit, outcome, bytes_slice(&text));
    bytes_free(&text);
    return outcome != AT_LOST && outcome != AT_UNCERTAIN;
}

static bool probe_when_due(struct driver *driver)
{
    int64_t every = driver->settings.keepalive_s > 0 ? driver->settings.keepalive_s * INT64_C(1000)
                                                     : IDLE_WAIT_MS;

    if (clock_monotonic_ms() < driver->next_probe)
        return true;
    driver->next_probe = clock_monotonic_ms() + every;
    return at_modem_probe(driver->modem);
}

/* One round of work; false when the modem has to be brought up again. */
static bool work(struct driver *driver)
{
    struct smsc_submit *submit = at_orders_take(&driver->orders);
    bool alive = true;

    if (submit != NULL) {
        alive = send_one(driver, submit);
        driver->next_probe = clock_monotonic_ms() + IDLE_WAIT_MS;
    }
    if (alive && at_orders_receiving(&driver->orders))
        alive = at_modem_receive(driver->modem);
    if (alive)
        alive = probe_when_due(driver);
    if (alive && !at_orders_stopped(&driver->orders)) {
        int64_t left = driver->next_probe - clock_monotonic_ms();

        alive = at_modem_wait(driver->modem, driver->orders.wake_fd, left > 0 ? (int)left : 0);
    }
    return alive;
}

static void serve(struct driver *driver)
{
    driver->retry_ms = RETRY_FIRST_MS;
    driver->next_probe = clock_monotonic_ms() + IDLE_WAIT_MS;
    note_state(driver, SMSC_ONLINE, "");
    while (!at_orders_stopped(&driver->orders) && work(driver))
        ;
    if (at_orders_stopped(&driver->orders))
        return;
    log_to(driver->log, LOG_LEVEL_WARNING, "%s: the modem is lost, it is brought up again",
           driver->name);
    note_state(driver, SMSC_RECONNECTING, "the modem is brought up again");
    lose_modem(driver);
}

static void *run(void *arg)
{
    struct driver *driver = arg;

    while (!at_orders_stopped(&driver->orders))
        if ((driver->modem != NULL || open_port(driver)) && bring_up(driver))
            serve(driver);
    lose_modem(driver);
    note_post(note_create(driver, NOTE_ENDED));
    return NULL;
}

/* --- the driver ----------------------------------------------------------------------------------
 */

static void driver_free(void *arg)
{
    struct driver *driver = arg;

    LOG_ASSERT(!driver->running);
    at_orders_destroy(&driver->orders);
    at_settings_free(&driver->settings);
    free(driver->name);
    free(driver);
}

static void *driver_create(struct smsc *smsc, const struct conf_group *group,
                           struct conf_problems *problems)
{
    struct driver *driver = memory_zalloc(1, sizeof *driver);

    driver->smsc = smsc;
    driver->loop = smsc_loop(smsc);
    driver->host = (struct at_host){host_deliver, host_report, driver};
    if (!at_orders_init(&driver->orders) || !at_settings_read(&driver->settings, group, problems)) {
        driver_free(driver);
        return NULL;
    }
    smsc_set_name(smsc, "AT2[%s]", smsc_id(smsc) != NULL ? smsc_id(smsc) : driver->settings.device);
    driver->name = memory_strdup(smsc_name(smsc));
    smsc_set_window(smsc, 1);
    return driver;
}

static void driver_start(void *arg)
{
    struct driver *driver = arg;

    driver->log = smsc_log_file(driver->smsc);
    driver->orders.stop = false;
    driver->retry_ms = RETRY_FIRST_MS;
    smsc_set_state(driver->smsc, SMSC_CONNECTING, NULL);
    if (pthread_create(&driver->thread, NULL, run, driver) != 0) {
        log_error("%s: cannot start a thread", driver->name);
        smsc_set_state(driver->smsc, SMSC_DEAD, "cannot start a thread");
        return;
    }
    driver->running = true;
}

static void driver_stop(void *arg)
{
    struct driver *driver = arg;

    if (!driver->running) {
        smsc_set_state(driver->smsc, SMSC_DEAD, NULL);
        return;
    }
    at_orders_stop(&driver->orders);
}

static void driver_send(void *arg, struct smsc_submit *submit)
{
    struct driver *driver = arg;

    at_orders_send(&driver->orders, submit);
}

static void driver_set_receiving(void *arg, bool receiving)
{
    struct driver *driver = arg;

    at_orders_set_receiving(&driver->orders, receiving);
}

const struct smsc_driver smsc_driver_at = {
    .type = "at",
    .create = driver_create,
    .start = driver_start,
    .stop = driver_stop,
    .send = driver_send,
    .set_receiving = driver_set_receiving,
    .free = driver_free,
};
