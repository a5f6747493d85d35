/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What becomes of a message at an SMSC connection: see outcome.h. Every path
 * ends in one store_update() that is issued together with the reports it
 * causes, so that they are committed together.
 */
#include "gw/bearerbox/outcome.h"

#include <stdlib.h>

#include "gw/bearerbox/access_log.h"
#include "gw/bearerbox/matching.h"
#include "gw/bearerbox/reports.h"
#include "gw/bearerbox/retry.h"
#include "gwlib/clock.h"
#include "gwlib/log.h"
#include "gwlib/memory.h"

#define LOST_MOST_S 3600 /* between two tries of what loses its answer each time */

struct outcomes *outcomes_create(void (*settled)(struct bearer *bearer))
{
    struct outcomes *outcomes = memory_zalloc(1, sizeof *outcomes);

    outcomes->last_reference = (int)random_below(256);
    outcomes->settled = settled;
    return outcomes;
}

/* --- outgoing ----------------------------------------------------------------- */

struct outgoing *outgoing_create(struct bearer *bearer, struct lane_item *item)
{
    struct outgoing *outgoing = memory_zalloc(1, sizeof *outgoing);

    outgoing->bearer = bearer;
    outgoing->item = item;
    outgoing->submit.owner = outgoing;
    return outgoing;
}

struct lane_item *outgoing_release(struct outgoing *outgoing)
{
    struct lane_item *item = outgoing->item;

    parts_free(&outgoing->parts);
    bytes_free(&outgoing->foreign_id);
    free(outgoing);
    return item;
}

static const struct sms *outgoing_sms(const struct outgoing *outgoing)
{
    return message_sms(outgoing->item->message);
}

/*
 * Cuts the message for this connection. A message that was cut before goes on
 * with its old reference behind the parts that were accepted, provided that it
 * falls into the same number of parts here.
 */
static bool make_parts(struct outgoing *outgoing)
{
    struct bearer *bearer = outgoing->bearer;
    struct lane_item *item = outgoing->item;
    struct outcomes *outcomes = bearer->gateway->outcomes;
    bool resumed = item->parts > 1 && item->parts_sent > 0;

    outcomes->last_reference = (outcomes->last_reference + 1) & 0xff;
    outgoing->parts = parts_make(item->message, smsc_max_octets(bearer->smsc),
                                 resumed ? item->reference : outcomes->last_reference,
                                 bearer->rules.unified_prefix);
    if (!resumed)
        item->reference = outcomes->last_reference;
    if (item->parts != outgoing->parts.count)
        item->parts_sent = 0;
    item->parts = outgoing->parts.count;
    return outgoing->parts.count > 0;
}

void outgoing_send(struct outgoing *outgoing)
{
    struct smsc_submit *submit = &outgoing->submit;
    struct lane_item *item = outgoing->item;

    if (outgoing->parts.messages == NULL && !make_parts(outgoing)) {
        outcome_failed(outgoing, SMSC_PERMANENT, slice_str("message too long"), slice_unset());
        return;
    }
    submit->message = outgoing->parts.messages[item->parts_sent];
    submit->part = item->parts_sent + 1;
    submit->parts = outgoing->parts.count;
    submit->want_report = sms_wants(outgoing_sms(outgoing), DLR_FROM_SMSC);
    outgoing->handed_ms = clock_wall_ms();
    smsc_send(outgoing->bearer->smsc, submit);
}

/* --- endings ------------------------------------------------------------------- */

static const char *bearer_label(const struct bearer *bearer)
{
    return reports_link_name(bearer->smsc);
}

/* The state that the message goes to, and the end of the outgoing. */
static void finish(struct outgoing *outgoing, const struct store_change *change)
{
    store_update(outgoing->bearer->gateway->store, outgoing->item->number, change, NULL, NULL);
    lane_drop(outgoing_release(outgoing));
}

void outcome_refuse(struct gateway *gateway, const struct sms *sms, const char *event,
                    const char *smsc, struct slice why, struct slice meta_data)
{
    struct bytes text = {0};
    struct report_content content = {
        .event = DLR_SMSC_REFUSED,
        .smsc_id = smsc != NULL ? slice_str(smsc) : sms->smsc_id,
        .driver_meta = meta_data,
    };

    bytes_append_str(&text, "NACK/");
    bytes_append_slice(&text, why);
    content.text = bytes_slice(&text);
    access_log_write(gateway->access_log, event, smsc, sms);
    reports_make(gateway->reports, sms, &content);
    bytes_free(&text);
}

static void fail(struct outgoing *outgoing, const char *event, struct slice why,
                 struct slice meta_data)
{
    struct bearer *bearer = outgoing->bearer;
    struct store_change change = store_change_none();

    bearer->failed++;
    outcome_refuse(bearer->gateway, outgoing_sms(outgoing), event, bearer_label(bearer), why,
                   meta_data);
    change.state = STATE_FAILED;
    change.error = why;
    finish(outgoing, &change);
}

bool outcome_expired(struct gateway *gateway, struct lane_item *item)
{
    const struct sms *sms = message_sms(item->message);
    struct store_change change = store_change_none();

    if (sms->validity == SMS_UNSET || sms->validity > clock_wall())
        return false;
    outcome_refuse(gateway, sms, "EXPIRED SMS", NULL, slice_str("validity expired"), slice_unset());
    change.state = STATE_EXPIRED;
    change.error = slice_str("validity expired");
    store_update(gateway->store, item->number, &change, NULL, NULL);
    lane_drop(item);
    return true;
}

/* --- accepted -------------------------------------------------------------------- */

/* Of a long message each part has its id, where a report will name it. */
static void name_part(struct outgoing *outgoing, struct store_change *change,
                      struct slice foreign_id)
{
    struct lane_item *item = outgoing->item;

    if (outgoing->foreign_id.len > 0)
        change->foreign_id = bytes_slice(&outgoing->foreign_id);
    if (item->parts < 2)
        return;
    change->parts = item->parts;
    change->parts_sent = item->parts_sent;
    if (outgoing->submit.want_report && foreign_id.len > 0) {
        change->part = outgoing->submit.part;
        change->part_id = foreign_id;
    }
}

static void note_part(struct outgoing *outgoing, struct slice foreign_id)
{
    struct lane_item *item = outgoing->item;
    struct store_change change = store_change_none();

    name_part(outgoing, &change, foreign_id);
    change.reference = item->reference;
    store_update(outgoing->bearer->gateway->store, item->number, &change, NULL, NULL);
}

static void count_sent(struct bearer *bearer, const struct sms *sms)
{
    struct gateway *gateway = bearer->gateway;
    int64_t now = loop_now(gateway->loop);
    bool report = sms->sms_type == SMS_REPORT_MT;

    counter_add(report ? &gateway->dlr_sent : &gateway->sms_sent, 1, now);
    counter_add(report ? &bearer->dlr_sent : &bearer->sms_sent, 1, now);
    access_log_write(gateway->access_log, report ? "Sent DLR" : "Sent SMS", bearer_label(bearer),
                     sms);
}

static void report_accepted(struct outgoing *outgoing, struct slice text, struct slice meta_data)
{
    struct bytes full = {0};
    struct report_content content = {
        .event = DLR_SMSC_ACCEPTED,
        .foreign_id = bytes_slice(&outgoing->foreign_id),
        .smsc_id = slice_str(bearer_label(outgoing->bearer)),
        .driver_meta = meta_data,
    };

    bytes_append_str(&full, "ACK/");
    bytes_append_slice(&full, text);
    content.text = bytes_slice(&full);
    reports_make(outgoing->bearer->gateway->reports, outgoing_sms(outgoing), &content);
    bytes_free(&full);
}

static void settled(enum store_status status, void *arg)
{
    struct bearer *bearer = arg;

    (void)status;
    bearer->hand.settling--;
    bearer->gateway->outcomes->settled(bearer);
}

/* One that came before the answer. */
static void look_for_report(struct outgoing *outgoing, struct slice foreign_id)
{
    if (outgoing->submit.want_report && foreign_id.len > 0)
        matching_accepted(outgoing->bearer->gateway->matching, bearer_label(outgoing->bearer),
                          foreign_id, outgoing->handed_ms);
}

/* The end of an accepted message, which keeps its place in the window until it
 * is committed. */
static void settle(struct outgoing *outgoing, const struct store_change *change,
                   struct slice foreign_id)
{
    struct bearer *bearer = outgoing->bearer;
    struct store_change kept = *change;

    kept.keep_trying = true; /* it was sent, whatever becomes of the file */
    bearer->hand.settling++;
    /* A wide window has places left while this one waits for company. */
    kept.patient = bearer->hand.settling * 2 < smsc_prefetch(bearer->smsc);
    store_update(bearer->gateway->store, outgoing->item->number, &kept, settled, bearer);
    look_for_report(outgoing, foreign_id);
    lane_drop(outgoing_release(outgoing));
}

bool outcome_accepted(struct outgoing *outgoing, struct slice foreign_id, struct slice text,
                      struct slice meta_data)
{
    struct lane_item *item = outgoing->item;
    const struct sms *sms = outgoing_sms(outgoing);
    struct store_change change = store_change_none();

    if (outgoing->submit.part == 1) {
        bytes_clear(&outgoing->foreign_id);
        bytes_append_slice(&outgoing->foreign_id, foreign_id);
    }
    item->parts_sent++;
    if (item->parts_sent < item->parts) {
        note_part(outgoing, foreign_id);
        look_for_report(outgoing, foreign_id);
        return true;
    }
    count_sent(outgoing->bearer, sms);
    if (sms_wants(sms, DLR_SMSC_ACCEPTED))
        report_accepted(outgoing, text, meta_data);
    change.state = sms_wants(sms, DLR_FROM_SMSC) ? STATE_SENT : STATE_ACCEPTED;
    name_part(outgoing, &change, foreign_id);
    settle(outgoing, &change, foreign_id);
    return false;
}

/* --- failed ------------------------------------------------------------------------ */

static void put_back(struct outgoing *outgoing)
{
    struct gateway *gateway = outgoing->bearer->gateway;
    struct lane_item *item = outgoing_release(outgoing);
    struct store_change change = store_change_none();

    change.state = STATE_QUEUED;
    change.attempts = item->attempts;
    store_update(gateway->store, item->number, &change, NULL, NULL);
    lane_give_back(item);
}

void outcome_put_back(struct outgoing *outgoing)
{
    outgoing->item->attempts--; /* it was none */
    put_back(outgoing);
}

static void try_later(struct outgoing *outgoing, int64_t wait_ms, struct slice why)
{
    struct gateway *gateway = outgoing->bearer->gateway;
    struct lane_item *item = outgoing_release(outgoing);
    struct store_change change = store_change_none();

    change.state = STATE_DEFERRED;
    change.due_ms = clock_wall_ms() + wait_ms;
    change.error = why;
    store_update(gateway->store, item->number, &change, NULL, NULL);
    lanes_due_at(gateway->lanes, change.due_ms);
    lane_drop(item);
}

static void hold(struct outgoing *outgoing, struct slice why)
{
    struct store_change change = store_change_none();

    change.state = STATE_HELD;
    change.error = why;
    finish(outgoing, &change);
}

static void note_uncertain(struct outgoing *outgoing)
{
    const struct sms *sms = outgoing_sms(outgoing);
    bool held = outgoing->bearer->gateway->settings.hold_uncertain;
    char id[UUID_TEXT_LEN + 1];

    uuid_format(&sms->id, id);
    outgoing->bearer->gateway->outcomes->uncertain++;
    log_warning("SMSC <%s>: the answer for message %s to <%.*s> was lost, it %s",
                smsc_name(outgoing->bearer->smsc), id, (int)sms->receiver.len,
                (const char *)sms->receiver.data,
                held ? "is held, see gwstore(1)" : "will be sent again");
}

/*
 * The connection went with the answer, and maybe because of this message: then it
 * would take what is sent along with it down again and again. So the first time it
 * goes again at once, and then later and later, some by chance before the others.
 */
static void lost_again(struct outgoing *outgoing, struct slice why)
{
    int64_t first_s = outgoing->bearer->gateway->settings.resend_freq_s;
    struct retry_rules rules = {first_s, first_s < LOST_MOST_S ? LOST_MOST_S : first_s, 0};
    int times = outgoing->item->attempts - 1;

    if (times < 1 || !gateway_moves(outgoing->bearer->gateway))
        put_back(outgoing);
    else
        try_later(outgoing, retry_wait_ms(&rules, times), why);
}

static void come_back(struct outgoing *outgoing, enum smsc_failure failure, struct slice why)
{
    if (failure == SMSC_UNCERTAIN)
        lost_again(outgoing, why);
    else
        outcome_put_back(outgoing);
}

void outcome_failed(struct outgoing *outgoing, enum smsc_failure failure, struct slice text,
                    struct slice meta_data)
{
    struct bearer *bearer = outgoing->bearer;
    long retries = bearer->gateway->settings.resend_retry;

    if (failure == SMSC_PERMANENT) {
        fail(outgoing, "REJECTED Send SMS", text, meta_data);
        return;
    }
    if (failure == SMSC_UNCERTAIN)
        note_uncertain(outgoing);
    if (failure == SMSC_UNCERTAIN && bearer->gateway->settings.hold_uncertain)
        hold(outgoing, text);
    else if (smsc_state(bearer->smsc) != SMSC_ONLINE || !gateway_moves(bearer->gateway))
        come_back(outgoing, failure, text);
    else if (retries >= 0 && outgoing->item->attempts > retries)
        fail(outgoing, "DISCARDED SMS", slice_str("Retries Exceeded"), meta_data);
    else
        try_later(outgoing, bearer->gateway->settings.resend_freq_s * 1000, text);
}
