/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Delivery reports: see reports.h.
 *
 * An SMSC may send the report before its answer to the submit. Such a report is
 * looked for again a few times, as long as the connection has unanswered
 * submits, before it counts as unmatched.
 */
#include "gw/bearerbox/reports.h"

#include <stdlib.h>

#include "gw/bearerbox/access_log.h"
#include "gw/bearerbox/boxes.h"
#include "gwlib/clock.h"
#include "gwlib/log.h"
#include "gwlib/memory.h"

#define LOOK_AGAIN_MS    500
#define LOOK_AGAIN_TIMES 6
#define SUFFIX_DIGITS    7 /* of a number that networks leave alone */

struct reports {
    struct gateway *gateway;
    int64_t unmatched;
    struct incoming_report *open; /* being matched */
};

/* A report on its way from the driver to the store. */
struct incoming_report {
    struct reports *reports;
    const struct smsc *smsc;
    struct bytes foreign_id, receiver, text, meta_data, account;
    enum dlr_event event;
    int64_t time;
    smsc_stored_fn *stored;
    void *arg;
    int looks;
    struct loop_timer *timer; /* only while waiting to look again */
    struct incoming_report *next, **place;
};

/* A report that is being stored. */
struct stored_report {
    struct gateway *gateway;
    struct message *message;
};

struct reports *reports_create(struct gateway *gateway)
{
    struct reports *reports = memory_zalloc(1, sizeof *reports);

    reports->gateway = gateway;
    return reports;
}

static void incoming_free(struct incoming_report *incoming)
{
    *incoming->place = incoming->next;
    if (incoming->next != NULL)
        incoming->next->place = incoming->place;
    loop_timer_free(incoming->timer);
    bytes_free(&incoming->foreign_id);
    bytes_free(&incoming->receiver);
    bytes_free(&incoming->text);
    bytes_free(&incoming->meta_data);
    bytes_free(&incoming->account);
    free(incoming);
}

void reports_free(struct reports *reports)
{
    if (reports == NULL)
        return;
    while (reports->open != NULL)
        incoming_free(reports->open);
    free(reports);
}

int64_t reports_unmatched(const struct reports *reports)
{
    return reports->unmatched;
}

const char *reports_link_name(const struct smsc *smsc)
{
    return smsc_id(smsc) != NULL ? smsc_id(smsc) : smsc_name(smsc);
}

/* --- making a report ------------------------------------------------------- */

static void report_stored(enum store_status status, int64_t number, void *arg)
{
    struct stored_report *report = arg;

    if (status == STORE_OK)
        boxes_offer(report->gateway->boxes, STORE_REPORT, message_sms(report->message)->boxc_id,
                    number, report->message);
    message_unref(report->message);
    free(report);
}

/* For what the gateway or the SMSC's answer says (8, 16) the MT's own meta-data
 * come first, for what the network says later only the driver's, behind. */
static void compose_meta(struct bytes *meta, const struct sms *mt,
                         const struct report_content *content)
{
    bool answer = (content->event & (DLR_SMSC_ACCEPTED | DLR_SMSC_REFUSED)) != 0;

    if (answer) {
        bytes_append_slice(meta, mt->meta_data);
        bytes_append_slice(meta, content->driver_meta);
    }
    bytes_printf(meta, "?orig_msg?dlr_mask=%d&", (int)mt->dlr_mask);
    if (!answer)
        bytes_append_slice(meta, content->driver_meta);
}

static struct sms compose_report(const struct sms *mt, const struct report_content *content,
                                 struct slice meta)
{
    struct sms report = sms_blank();

    report.sender = mt->sender;
    report.receiver = mt->receiver;
    report.msgdata = slice_is_set(content->text) ? content->text : slice_str("");
    report.time = content->time != 0 ? content->time : clock_wall();
    report.smsc_id = content->smsc_id;
    report.foreign_id = content->foreign_id;
    report.service = mt->service;
    report.account = content->account;
    report.id = uuid_generate();
    report.sms_type = SMS_REPORT_MO;
    report.dlr_mask = (int32_t)content->event;
    report.dlr_url = mt->dlr_url;
    report.boxc_id = mt->boxc_id;
    report.meta_data = meta;
    return report;
}

void reports_make(struct reports *reports, const struct sms *mt,
                  const struct report_content *content)
{
    struct gateway *gateway = reports->gateway;
    struct bytes meta = {0};
    struct stored_report *stored;
    struct store_insert insert = {.kind = STORE_REPORT, .state = STATE_RECEIVED};
    struct sms report;
    int wanted = (int)content->event;

    if (content->event == DLR_SMSC_REFUSED)
        wanted |= DLR_FAILED; /* who wants to hear of failures hears of this one too */
    if (!sms_wants(mt, wanted))
        return;
    compose_meta(&meta, mt, content);
    report = compose_report(mt, content, bytes_slice(&meta));
    stored = memory_zalloc(1, sizeof *stored);
    stored->gateway = gateway;
    stored->message = message_create(&report);
    /* What the SMSC's answer or the gateway says, nobody will say again. */
    insert.keep_trying = (content->event & (DLR_SMSC_ACCEPTED | DLR_SMSC_REFUSED)) != 0;
    insert.message = stored->message;
    insert.queue = slice_is_set(report.boxc_id) ? report.boxc_id : slice_str("");
    access_log_write(gateway->access_log, "Receive DLR", NULL, &report);
    counter_add(&gateway->dlr_received, 1, loop_now(gateway->loop));
    store_insert(gateway->store, &insert, report_stored, stored);
    bytes_free(&meta);
}

/* --- matching a report from the network -------------------------------------- */

static void incoming_done(struct incoming_report *incoming, bool stored)
{
    incoming->stored(stored, incoming->arg);
    incoming_free(incoming);
}

/* Networks change the form of numbers (+49170..., 0170...): the last digits
 * tell. */
static bool same_handset(struct slice a, struct slice b)
{
    size_t n = a.len < b.len ? a.len : b.len;

    if (n > SUFFIX_DIGITS)
        n = SUFFIX_DIGITS;
    return slice_equal(slice_sub(a, a.len - n, n), slice_sub(b, b.len - n, n));
}

static const struct store_entry *choose_entry(const struct incoming_report *incoming,
                                              const struct store_entry *entries, size_t count)
{
    if (incoming->receiver.len == 0)
        return count > 0 ? &entries[0] : NULL;
    for (size_t i = 0; i < count; i++)
        if (same_handset(message_sms(entries[i].message)->receiver,
                         bytes_slice(&incoming->receiver)))
            return &entries[i];
    return NULL;
}

static enum message_state state_after(enum dlr_event event)
{
    switch (event) {
    case DLR_DELIVERED:
        return STATE_DELIVERED;
    case DLR_FAILED:
    case DLR_UNKNOWN:
        return STATE_FAILED;
    case DLR_EXPIRED:
        return STATE_EXPIRED;
    default:
        return 0; /* still on its way */
    }
}

static void matched_stored(enum store_status status, void *arg)
{
    incoming_done(arg, status != STORE_FAILED);
}

static void report_matched(struct incoming_report *incoming, const struct store_entry *entry)
{
    struct reports *reports = incoming->reports;
    struct store_change change = store_change_none();
    struct report_content content = {
        .event = incoming->event,
        .text = bytes_slice(&incoming->text),
        .foreign_id = bytes_slice(&incoming->foreign_id),
        .smsc_id = slice_str(smsc_id(incoming->smsc)),
        .account = incoming->account.len > 0 ? bytes_slice(&incoming->account) : slice_unset(),
        .driver_meta = bytes_slice(&incoming->meta_data),
        .time = incoming->time,
    };

    reports_make(reports, message_sms(entry->message), &content);
    change.state = state_after(incoming->event);
    if (change.state == STATE_FAILED || change.state == STATE_EXPIRED)
        change.error = bytes_slice(&incoming->text);
    store_update(reports->gateway->store, entry->number, &change, matched_stored, incoming);
}

static void report_unmatched(struct incoming_report *incoming)
{
    static struct log_limit limit;

    incoming->reports->unmatched++;
    log_limited(&limit, LOG_LEVEL_WARNING,
                "SMSC <%s>: delivery report for the unknown message <%s>, dropped",
                smsc_name(incoming->smsc), bytes_str(&incoming->foreign_id));
    incoming_done(incoming, true);
}

static void look_for(void *arg);

static void found(enum store_status status, const struct store_entry *entries, size_t count,
                  void *arg)
{
    struct incoming_report *incoming = arg;
    const struct store_entry *entry;

    if (status == STORE_FAILED) {
        incoming_done(incoming, false);
        return;
    }
    entry = choose_entry(incoming, entries, count);
    if (entry != NULL) {
        report_matched(incoming, entry);
    } else if (incoming->looks < LOOK_AGAIN_TIMES && smsc_outstanding(incoming->smsc) > 0) {
        if (incoming->timer == NULL)
            incoming->timer =
                loop_timer_create(incoming->reports->gateway->loop, look_for, incoming);
        loop_timer_set(incoming->timer, LOOK_AGAIN_MS);
    } else {
        report_unmatched(incoming);
    }
}

static void look_for(void *arg)
{
    struct incoming_report *incoming = arg;

    incoming->looks++;
    store_find_sent(incoming->reports->gateway->store, slice_str(reports_link_name(incoming->smsc)),
                    bytes_slice(&incoming->foreign_id), found, incoming);
}

void reports_receive(struct reports *reports, const struct smsc *smsc,
                     const struct smsc_report *report, smsc_stored_fn *stored, void *arg)
{
    struct incoming_report *incoming = memory_zalloc(1, sizeof *incoming);

    incoming->reports = reports;
    incoming->smsc = smsc;
    bytes_append_slice(&incoming->foreign_id, report->foreign_id);
    bytes_append_slice(&incoming->receiver, report->receiver);
    bytes_append_slice(&incoming->text, report->text);
    bytes_append_slice(&incoming->meta_data, report->meta_data);
    bytes_append_slice(&incoming->account, report->account);
    incoming->event = report->event;
    incoming->time = report->time;
    incoming->stored = stored;
    incoming->arg = arg;
    incoming->next = reports->open;
    if (incoming->next != NULL)
        incoming->next->place = &incoming->next;
    incoming->place = &reports->open;
    reports->open = incoming;
    look_for(incoming);
}
