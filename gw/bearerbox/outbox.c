/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Taking an MT: see outbox.h.
 *
 * A message that finds a connection free, and nobody waiting before it, is
 * stored as SENDING at once: one commit before the acknowledgement and the
 * driver. All others are stored as QUEUED in the lane of their route.
 */
#include "gw/bearerbox/outbox.h"

#include <stdlib.h>

#include "gw/bearerbox/access_log.h"
#include "gw/bearerbox/boxes.h"
#include "gw/bearerbox/dispatch.h"
#include "gw/bearerbox/lists.h"
#include "gw/bearerbox/numbers.h"
#include "gw/bearerbox/outcome.h"
#include "gw/bearerbox/reports.h"
#include "gw/bearerbox/router.h"
#include "gwlib/clock.h"
#include "gwlib/log.h"
#include "gwlib/memory.h"

/* A message on its way to the store. */
struct submission {
    struct gateway *gateway;
    int64_t session;
    struct uuid id; /* as the box knows it */
    int64_t time;
    struct message *message;
    struct lane *lane;
    struct bearer *direct; /* or NULL */
    int64_t due_ms;        /* DEFERRED, else 0 */
};

static void submission_free(struct submission *submission)
{
    message_unref(submission->message);
    free(submission);
}

/* --- stored ------------------------------------------------------------------- */

static void go_on(struct submission *submission, int64_t number)
{
    if (submission->direct != NULL)
        dispatch_direct(submission->lane, submission->direct, number, submission->message);
    else if (submission->due_ms > 0)
        lanes_due_at(submission->gateway->lanes, submission->due_ms);
    else
        lane_offer(submission->lane, number, submission->message);
}

static void submission_stored(enum store_status status, int64_t number, void *arg)
{
    struct submission *submission = arg;
    struct boxes *boxes = submission->gateway->boxes;
    enum ack_result result = ACK_FAILED_TEMPORARY;

    if (status == STORE_OK || status == STORE_DUPLICATE)
        result = dispatch_lane_is_live(submission->lane) ? ACK_SUCCESS : ACK_BUFFERED;
    boxes_ack(boxes, submission->session, result, submission->time, &submission->id);
    if (status == STORE_OK)
        go_on(submission, number);
    else if (submission->direct != NULL)
        dispatch_release(submission->direct);
    submission_free(submission);
}

static void store(struct submission *submission)
{
    struct store_insert insert = {
        .kind = STORE_MT,
        .state = STATE_QUEUED,
        .message = submission->message,
        .queue = slice_str(lane_name(submission->lane)),
        .refuse_duplicate = true,
    };
    int64_t deferred = message_sms(submission->message)->deferred;

    if (deferred != SMS_UNSET && deferred > clock_wall()) {
        insert.state = STATE_DEFERRED;
        insert.due_ms = submission->due_ms = deferred * 1000;
    } else {
        submission->direct =
            dispatch_reserve(submission->lane, message_sms(submission->message)->priority);
    }
    if (submission->direct != NULL) {
        insert.state = STATE_SENDING;
        insert.link = slice_str(reports_link_name(submission->direct->smsc));
    }
    store_insert(submission->gateway->store, &insert, submission_stored, submission);
}

/* --- refused -------------------------------------------------------------------- */

static void refuse(struct gateway *gateway, int64_t session, const struct sms *sms,
                   enum ack_result result)
{
    boxes_ack(gateway->boxes, session, result, sms->time, &sms->id);
}

static void refuse_for_good(struct gateway *gateway, int64_t session, const struct sms *sms,
                            const char *event, const char *why)
{
    outcome_refuse(gateway, sms, event, NULL, slice_str(why), slice_unset());
    refuse(gateway, session, sms, ACK_FAILED);
}

static bool is_complete(const struct sms *sms)
{
    return slice_is_set(sms->sender) && !slice_is_empty(sms->receiver) &&
           slice_is_set(sms->msgdata);
}

static bool is_full(const struct gateway *gateway)
{
    return store_counts(gateway->store).mt_waiting >= gateway->settings.outgoing_limit;
}

/* The conditions that need no route: true when the message may go on. */
static bool check(struct gateway *gateway, int64_t session, const struct sms *sms)
{
    static struct log_limit incomplete, full;

    if (gateway->state == GATEWAY_SHUTDOWN) {
        refuse(gateway, session, sms, ACK_FAILED_TEMPORARY);
        return false;
    }
    if (!is_complete(sms)) {
        log_limited(&incomplete, LOG_LEVEL_ERROR,
                    "A box sent a message without sender, receiver or text: refused");
        refuse(gateway, session, sms, ACK_FAILED);
        return false;
    }
    if (is_full(gateway)) {
        log_limited(&full, LOG_LEVEL_WARNING,
                    "sms-outgoing-queue-limit is reached, new messages are refused");
        refuse(gateway, session, sms, ACK_FAILED_TEMPORARY);
        return false;
    }
    if (sms->validity != SMS_UNSET && sms->validity <= clock_wall()) {
        refuse_for_good(gateway, session, sms, "EXPIRED SMS", "validity expired");
        return false;
    }
    return true;
}

/* --- taking it -------------------------------------------------------------------- */

/* The message as it is stored: the receiver in one form, an id of its own, and
 * a type that says it goes to an SMSC. */
static struct sms normalised(const struct gateway *gateway, const struct sms *given,
                             struct bytes *receiver)
{
    struct sms sms = *given;

    if (numbers_unify(gateway->settings.unified_prefix, sms.receiver, receiver))
        sms.receiver = bytes_slice(receiver);
    if (uuid_is_nil(&sms.id))
        sms.id = uuid_generate();
    if (sms.sms_type != SMS_MT_REPLY && sms.sms_type != SMS_REPORT_MT)
        sms.sms_type = SMS_MT_PUSH;
    if (sms.time == SMS_UNSET)
        sms.time = clock_wall();
    return sms;
}

static bool refused_by_lists(struct gateway *gateway, int64_t session, const struct sms *given,
                             const struct sms *sms)
{
    const char *why = lists_refuse(gateway->lists, sms);
    struct bytes event = {0};

    if (why == NULL)
        return false;
    bytes_printf(&event, "REJECTED Send SMS - %s SMS", why);
    refuse_for_good(gateway, session, given, bytes_str(&event), why);
    bytes_free(&event);
    return true;
}

static void route_and_store(struct gateway *gateway, int64_t session, const struct sms *given,
                            const struct sms *sms)
{
    struct bytes lane = {0};
    struct submission *submission;

    if (!router_lane_name(gateway->links, sms, &lane)) {
        refuse_for_good(gateway, session, given, "DISCARDED SMS", "no SMSC");
        bytes_free(&lane);
        return;
    }
    submission = memory_zalloc(1, sizeof *submission);
    submission->gateway = gateway;
    submission->session = session;
    submission->id = given->id;
    submission->time = given->time;
    submission->message = message_create(sms);
    submission->lane = lane_get(gateway->lanes, STORE_MT, bytes_slice(&lane));
    store(submission);
    bytes_free(&lane);
}

void outbox_submit(struct gateway *gateway, int64_t session, const struct sms *given)
{
    struct bytes receiver = {0};
    struct sms sms;

    if (!check(gateway, session, given))
        return;
    sms = normalised(gateway, given, &receiver);
    if (!refused_by_lists(gateway, session, given, &sms))
        route_and_store(gateway, session, given, &sms);
    bytes_free(&receiver);
}

/* --- what goes out again ------------------------------------------------------------ */

struct forwarding {
    struct gateway *gateway;
    struct message *message;
    struct lane *lane; /* NULL: nobody takes it */
    smsc_stored_fn *stored;
    void *arg;
};

static void forwarding_stored(enum store_status status, int64_t number, void *arg)
{
    struct forwarding *forwarding = arg;

    forwarding->stored(status == STORE_OK || status == STORE_DUPLICATE, forwarding->arg);
    if (status == STORE_OK && forwarding->lane != NULL)
        lane_offer(forwarding->lane, number, forwarding->message);
    message_unref(forwarding->message);
    free(forwarding);
}

static void store_forwarding(struct forwarding *forwarding)
{
    struct store_insert insert = {
        .kind = STORE_MT,
        .state = STATE_FAILED,
        .message = forwarding->message,
        .error = slice_str("no SMSC"),
        .refuse_duplicate = true, /* the network repeated the MO */
    };

    if (forwarding->lane != NULL) {
        insert.state = STATE_QUEUED;
        insert.queue = slice_str(lane_name(forwarding->lane));
        insert.error = slice_unset();
    }
    store_insert(forwarding->gateway->store, &insert, forwarding_stored, forwarding);
}

void outbox_forward(struct gateway *gateway, const struct sms *mo, struct slice smsc_id,
                    smsc_stored_fn *stored, void *arg)
{
    struct forwarding *forwarding;
    struct bytes receiver = {0}, lane = {0};
    struct sms sms = normalised(gateway, mo, &receiver);

    if (is_full(gateway)) {
        bytes_free(&receiver);
        stored(false, arg); /* the network has to wait */
        return;
    }
    sms.smsc_id = smsc_id;
    sms.boxc_id = slice_unset();
    forwarding = memory_zalloc(1, sizeof *forwarding);
    *forwarding = (struct forwarding){gateway, message_create(&sms), NULL, stored, arg};
    if (router_lane_name(gateway->links, &sms, &lane))
        forwarding->lane = lane_get(gateway->lanes, STORE_MT, bytes_slice(&lane));
    else
        access_log_write(gateway->access_log, "DISCARDED SMS", NULL, &sms);
    store_forwarding(forwarding);
    bytes_free(&receiver);
    bytes_free(&lane);
}
