/* SPDX-License-Identifier: Apache-2.0 */
/*
 * notes - what a modem's thread tells the loop, and what the loop makes of it.
 * A note is made on the thread, posted, taken and freed on the loop. Nothing of a
 * submit is touched by the thread after its outcome was posted.
 */
#include <stdlib.h>

#include "gw/sms/cause.h"
#include "gw/smsc/at/driver_internal.h"
#include "gwlib/memory.h"

#define STORE_WAIT_MS 20000 /* while a message is with us */

enum note_kind {
    NOTE_STATE,
    NOTE_WINDOW,
    NOTE_FACT,
    NOTE_TALLY,
    NOTE_OUTCOME,
    NOTE_MESSAGE,
    NOTE_REPORT,
    NOTE_USSD,
    NOTE_ENDED
};

struct note {
    struct at_driver *driver;
    enum note_kind kind;
    enum smsc_state state;
    size_t window;
    enum smsc_fact fact;
    enum smsc_tally tally;
    struct smsc_submit *submit;
    enum at_outcome outcome;
    enum smsc_ussd_result ussd;
    struct bytes text;       /* detail, fact, error, or reference */
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
    case AT_UNCERTAIN_LOST:
    case AT_UNCERTAIN_SILENT:
    case AT_UNCERTAIN_ANSWERED:
        smsc_failed(smsc, note->submit, SMSC_UNCERTAIN, text, slice_unset());
        break;
    case AT_TRY_LATER:
    case AT_TRY_FEW:
    case AT_PAUSE:
    case AT_STOP:
    case AT_BARRED:
    case AT_LOST:
        smsc_failed(smsc, note->submit, SMSC_TEMPORARY, text, slice_unset());
        break;
    }
}

static void end_of_thread(struct at_driver *driver)
{
    struct smsc_submit *submit;
    struct at_ussd_order *order;

    pthread_join(driver->thread, NULL);
    driver->running = false;
    while ((submit = at_orders_take(&driver->orders)) != NULL) /* not seen any more */
        smsc_failed(driver->smsc, submit, SMSC_TEMPORARY, slice_str("stopped"), slice_unset());
    order = at_orders_take_ussd(&driver->orders);
    if (order != NULL) {
        at_ussd_order_free(order);
        smsc_ussd_answered(driver->smsc, SMSC_USSD_FAILED, slice_str("stopped"));
    }
    smsc_set_state(driver->smsc, SMSC_DEAD, NULL);
}

static void take_note(void *arg)
{
    struct note *note = arg;

    switch (note->kind) {
    case NOTE_STATE:
        smsc_set_state(note->driver->smsc, note->state, bytes_str(&note->text));
        break;
    case NOTE_WINDOW:
        smsc_set_window(note->driver->smsc, note->window);
        break;
    case NOTE_FACT:
        smsc_set_fact(note->driver->smsc, note->fact, bytes_slice(&note->text));
        break;
    case NOTE_TALLY:
        smsc_count(note->driver->smsc, note->tally, 1);
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
    case NOTE_USSD:
        smsc_ussd_answered(note->driver->smsc, note->ussd, bytes_slice(&note->text));
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

static struct note *note_create(struct at_driver *driver, enum note_kind kind)
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

void at_note_state(struct at_driver *driver, enum smsc_state state, const char *detail)
{
    struct note *note = note_create(driver, NOTE_STATE);

    note->state = state;
    bytes_append_str(&note->text, detail);
    note_post(note);
}

void at_note_window(struct at_driver *driver, size_t submits)
{
    struct note *note = note_create(driver, NOTE_WINDOW);

    note->window = submits;
    note_post(note);
}

void at_note_fact(struct at_driver *driver, enum smsc_fact fact, struct slice value)
{
    struct note *note = note_create(driver, NOTE_FACT);

    note->fact = fact;
    bytes_append_slice(&note->text, value);
    note_post(note);
}

void at_note_tally(struct at_driver *driver, enum smsc_tally tally)
{
    struct note *note = note_create(driver, NOTE_TALLY);

    note->tally = tally;
    note_post(note);
}

void at_note_outcome(struct at_driver *driver, struct smsc_submit *submit, enum at_outcome outcome,
                     struct slice text)
{
    struct note *note = note_create(driver, NOTE_OUTCOME);

    note->submit = submit;
    note->outcome = outcome;
    bytes_append_slice(&note->text, text);
    note_post(note);
}

bool at_note_message(struct at_driver *driver, const struct sms *sms)
{
    struct note *note = note_create(driver, NOTE_MESSAGE);
    struct at_question *question = at_question_create();

    note->message = message_create(sms);
    note->question = question;
    note_post(note);
    return at_question_wait(question, STORE_WAIT_MS);
}

bool at_note_report(struct at_driver *driver, int reference, struct slice receiver, uint8_t status,
                    int64_t time)
{
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

void at_note_ussd(struct at_driver *driver, enum smsc_ussd_result result, struct slice text)
{
    struct note *note = note_create(driver, NOTE_USSD);

    note->ussd = result;
    bytes_append_slice(&note->text, text);
    note_post(note);
}

void at_note_ended(struct at_driver *driver)
{
    note_post(note_create(driver, NOTE_ENDED));
}
