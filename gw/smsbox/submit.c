/* SPDX-License-Identifier: Apache-2.0 */
/*
 * submit - see submit.h.
 */
#include "gw/smsbox/submit.h"

#include <stdlib.h>

#include "gw/smsbox/identity.h"
#include "gwlib/log.h"
#include "gwlib/memory.h"

struct batch {
    unsigned waiting;
    bool answered; /* outcome holds something */
    enum bearer_outcome outcome;
    submit_done_fn *done;
    void *arg;
};

enum bearer_outcome submit_combine(enum bearer_outcome a, enum bearer_outcome b)
{
    if (a == b)
        return a;
    if (a == BEARER_BUSY || b == BEARER_BUSY)
        return BEARER_BUSY;
    if (a == BEARER_BUFFERED || b == BEARER_BUFFERED)
        return BEARER_BUFFERED;
    return BEARER_QUEUED;
}

static void on_answer(enum bearer_outcome outcome, void *arg)
{
    struct batch *batch = arg;
    batch->outcome = batch->answered ? submit_combine(batch->outcome, outcome) : outcome;
    batch->answered = true;
    if (--batch->waiting > 0)
        return;
    batch->done(batch->outcome, batch->arg);
    free(batch);
}

/* Reports are wanted once: for the first of several messages. */
static void ask_no_report(struct sms *sms)
{
    if (sms->dlr_mask == SMS_UNSET)
        return;
    sms->dlr_mask = 0;
    sms->dlr_url = slice_unset();
}

static void send_to_all(struct bearer *bearer, const struct submit_order *order, struct slice text,
                        unsigned part, struct batch *batch)
{
    struct sms sms = order->sms;
    sms.msgdata = text;
    if (part > 0)
        ask_no_report(&sms);
    for (size_t i = 0; i < order->receiver_count; i++) {
        sms.receiver = order->receivers[i];
        sms.id = identity_of_part(order->origin, sms.receiver, part);
        struct message *message = message_create(&sms);
        batch->waiting++;
        bearer_submit(bearer, message, order->patient, on_answer, batch);
        message_unref(message);
    }
}

struct submit_receipt submit_messages(struct bearer *bearer, const struct submit_order *order,
                                      submit_done_fn *done, void *arg)
{
    struct submit_receipt receipt = {0};
    struct batch *batch = memory_zalloc(1, sizeof(*batch));
    *batch = (struct batch){.done = done, .arg = arg};
    struct pieces pieces;
    struct bytes text = {0};
    pieces_begin(&pieces, order->pieces, &order->sms);
    for (unsigned part = 0; pieces_next(&pieces, &text); part++) {
        send_to_all(bearer, order, bytes_slice(&text), part, batch);
        bytes_clear(&text);
    }
    receipt.splits = pieces_count(&pieces);
    receipt.messages = batch->waiting;
    pieces_end(&pieces);
    bytes_free(&text);
    if (receipt.messages == 0)
        free(batch);
    return receipt;
}
