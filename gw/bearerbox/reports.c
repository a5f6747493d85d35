/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Delivery reports: see reports.h.
 */
#include "gw/bearerbox/reports.h"

#include <stdlib.h>

#include "gw/bearerbox/access_log.h"
#include "gw/bearerbox/boxes.h"
#include "gwlib/clock.h"
#include "gwlib/memory.h"

struct reports {
    struct gateway *gateway;
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

void reports_free(struct reports *reports)
{
    free(reports);
}

const char *reports_link_name(const struct smsc *smsc)
{
    return smsc_id(smsc) != NULL ? smsc_id(smsc) : smsc_name(smsc);
}

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
