/* SPDX-License-Identifier: Apache-2.0 */
/*
 * incoming - see incoming.h. Here are the beginning of an MO's way (which
 * service) and its end (the reply); between them request.c and local.c.
 */
#include "gw/smsbox/incoming.h"

#include <stdlib.h>
#include <time.h>

#include "gw/smsbox/mo.h"
#include "gw/smsbox/receivers.h"
#include "gw/smsbox/submit.h"
#include "gw/smsbox/text.h"
#include "gwlib/charset.h"
#include "gwlib/memory.h"

/* --- the end ------------------------------------------------------------------ */

void mo_end(struct mo *mo, enum ack_result result)
{
    struct job *job = mo->job;
    bytes_free(&mo->recoded);
    bytes_free(&mo->url);
    free(mo);
    job_finish(job, result);
}

static void on_reply_acknowledged(enum bearer_outcome outcome, void *arg)
{
    struct mo *mo = arg;
    if (outcome == BEARER_REFUSED)
        log_warning("the reply to <%.*s> was refused: no route", (int)mo->sms.sender.len,
                    (const char *)mo->sms.sender.data);
    mo_end(mo, ACK_SUCCESS);
}

/* The fields that every reply has. */
static struct sms reply_to(const struct mo *mo)
{
    struct sms sms = sms_blank();
    sms.sender = mo->sms.receiver;
    sms.smsc_id = mo->sms.smsc_id;
    sms.sms_type = SMS_MT_REPLY;
    sms.time = (int64_t)time(NULL);
    sms.boxc_id = slice_str(mo->incoming->settings->box_id);
    if (mo->service != NULL && mo->service->dlr_mask != SMS_UNSET) {
        sms.dlr_mask = mo->service->dlr_mask;
        sms.dlr_url = slice_str(mo->service->dlr_url);
        sms.service = slice_str(mo->service->name);
    }
    return sms;
}

/* Submits it, by the rules of the service; the MO ends with the acknowledgement. */
static void send_to(struct mo *mo, const struct sms *sms, const struct slice *receivers,
                    size_t receiver_count)
{
    struct pieces_options whole = pieces_options_whole();
    whole.max_messages = 1;
    whole.concatenation = false;
    char id[UUID_TEXT_LEN + 1];
    uuid_format(&mo->sms.id, id);
    struct submit_order order = {.sms = *sms,
                                 .receivers = receivers,
                                 .receiver_count = receiver_count,
                                 .pieces = mo->service != NULL ? &mo->service->pieces : &whole,
                                 .origin = slice_str(id),
                                 .patient = true};
    struct submit_receipt receipt =
        submit_messages(mo->incoming->bearer, &order, on_reply_acknowledged, mo);
    if (receipt.messages == 0)
        mo_end(mo, ACK_SUCCESS);
}

/* Nothing to say: nothing, or words for it in the given message. */
static bool is_silent(const struct mo *mo, struct sms *sms)
{
    if (sms->msgdata.len > 0 || sms->udhdata.len > 0)
        return false;
    if (mo->service != NULL && mo->service->omit_empty)
        return true;
    sms->msgdata = slice_str(mo->incoming->settings->text_emptymessage);
    if (sms->coding != SMS_UNSET)
        sms->coding = SMS_CODING_7BIT;
    return sms->msgdata.len == 0;
}

/* Whether the handset has had its answers to this text for this minute. */
static bool is_loop(const struct mo *mo)
{
    const struct incoming *incoming = mo->incoming;
    const struct sms *sms = job_sms(mo->job);
    bool first;
    if (loop_guard_allows(incoming->guard, sms->sender, sms->msgdata, loop_now(incoming->loop),
                          &first))
        return false;
    if (first)
        log_warning("<%.*s> had loop-guard-answers (%ld) answers to one text in a minute: is it a "
                    "program that answers, too? It gets no more for this minute",
                    (int)sms->sender.len, (const char *)sms->sender.data,
                    incoming->settings->loop_guard_answers);
    return true;
}

/* To the handset. */
static void send_reply(struct mo *mo, struct sms *sms)
{
    struct slice handset = mo->sms.sender;
    if (is_silent(mo, sms) || is_loop(mo))
        mo_end(mo, ACK_SUCCESS);
    else
        send_to(mo, sms, &handset, 1);
}

static void log_refused_fields(const struct mo *mo, const struct reply *reply)
{
    static struct log_limit limit = {.interval_s = 10};
    if (reply->refused_fields)
        log_limited(&limit, LOG_LEVEL_WARNING,
                    "service <%s>: fields of the answer are ignored, for accept-x-kannel-headers "
                    "is not set",
                    mo->service->name);
    if (reply->misformed != NULL)
        log_limited(&limit, LOG_LEVEL_WARNING, "service <%s>: fields of the answer are ignored: %s",
                    mo->service->name, reply->misformed);
}

void mo_reply_answer(struct mo *mo, struct reply *reply)
{
    log_refused_fields(mo, reply);
    struct sms sms = reply_to(mo);
    struct slice dlr_url = sms.dlr_url;
    int32_t dlr_mask = sms.dlr_mask;
    form_fill(&reply->form, &sms, sms.time);
    if (sms.dlr_url.len == 0)
        sms.dlr_url = dlr_url;
    if (sms.dlr_mask == SMS_UNSET)
        sms.dlr_mask = dlr_mask;
    sms.service = slice_str(mo->service->name);
    sms.charset = bytes_slice(&reply->charset);
    sms.msgdata = bytes_slice(&reply->content);
    if (reply->form.from.len > 0 && mo->service->faked_sender == NULL)
        sms.sender = reply->form.from;
    if (reply->form.smsc.len > 0)
        sms.smsc_id = reply->form.smsc;
    struct receivers receivers;
    receivers_read(&receivers, reply->form.to, &(struct receivers_rules){0});
    if (receivers.count == 0)
        send_reply(mo, &sms);
    else if (is_silent(mo, &sms))
        mo_end(mo, ACK_SUCCESS);
    else
        send_to(mo, &sms, receivers.allowed, receivers.count);
    receivers_free(&receivers);
}

void mo_reply_failure(struct mo *mo, const char *text, struct slice charset)
{
    struct sms sms = reply_to(mo);
    sms.coding = SMS_CODING_7BIT;
    sms.charset = charset;
    sms.msgdata = slice_str(text);
    if (mo->service != NULL)
        sms.service = slice_str(mo->service->name);
    send_reply(mo, &sms);
}

void mo_reply_fixed(struct mo *mo, struct slice text)
{
    struct bytes content = {0};
    struct sms sms = reply_to(mo);
    text_to_content(&content, SMS_CODING_7BIT, text, text_guess_charset(text));
    sms.msgdata = bytes_slice(&content);
    send_reply(mo, &sms);
    bytes_free(&content);
}

/* --- the beginning --------------------------------------------------------------- */

/* mo-recode: UCS-2 that converts becomes UTF-8. */
static void recode(struct mo *mo)
{
    struct sms *sms = &mo->sms;
    if (!mo->incoming->settings->mo_recode || sms->coding != SMS_CODING_UCS2)
        return;
    if (!charset_convert(&mo->recoded, "UTF-8", sms->msgdata, "UTF-16BE"))
        return;
    sms->msgdata = bytes_slice(&mo->recoded);
    sms->coding = SMS_CODING_7BIT;
    sms->charset = slice_str("UTF-8");
}

/* The number that a reply comes from, and that services are told. */
static void choose_own_number(struct mo *mo)
{
    const char *global = mo->incoming->settings->global_sender;
    if (mo->service != NULL && mo->service->faked_sender != NULL)
        mo->sms.receiver = slice_str(mo->service->faked_sender);
    else if (global != NULL)
        mo->sms.receiver = slice_str(global);
}

static void log_arrival(const struct sms *sms)
{
    if (!log_wants(LOG_LEVEL_INFO))
        return;
    log_info("Starting to service <%.*s> from <%.*s> to <%.*s>", text_log_length(sms->msgdata),
             (const char *)sms->msgdata.data, (int)sms->sender.len, (const char *)sms->sender.data,
             (int)sms->receiver.len, (const char *)sms->receiver.data);
}

static void reply_no_service(struct mo *mo)
{
    const struct sms *sms = &mo->sms;
    log_warning("No translation found for <%.*s> from <%.*s> to <%.*s>",
                text_log_length(sms->msgdata), (const char *)sms->msgdata.data,
                (int)sms->sender.len, (const char *)sms->sender.data, (int)sms->receiver.len,
                (const char *)sms->receiver.data);
    choose_own_number(mo);
    mo_reply_fixed(mo, slice_str(mo->incoming->settings->text_requestfailed));
}

static void serve(struct mo *mo)
{
    choose_own_number(mo);
    switch (mo->service->action) {
    case SERVICE_GET_URL:
    case SERVICE_POST_URL:
    case SERVICE_POST_XML:
        mo_request(mo);
        break;
    case SERVICE_FILE:
    case SERVICE_TEXT:
    case SERVICE_EXEC:
        mo_run_locally(mo);
        break;
    }
}

void incoming_start(struct incoming *incoming, struct job *job)
{
    struct mo *mo = memory_zalloc(1, sizeof(*mo));
    mo->incoming = incoming;
    mo->job = job;
    mo->sms = *job_sms(job);
    if (!slice_is_set(mo->sms.msgdata))
        mo->sms.msgdata = slice_str("");
    if (mo->sms.sender.len == 0 || mo->sms.receiver.len == 0) {
        log_error("smsbox: a message without sender or receiver was refused");
        mo_end(mo, ACK_FAILED);
        return;
    }
    recode(mo);
    log_arrival(&mo->sms);
    mo->service = services_find(incoming->services, &mo->sms);
    if (mo->service == NULL)
        reply_no_service(mo);
    else
        serve(mo);
}
