/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sendsms - see sendsms.h.
 *
 * A request is one struct that goes through steps, each of which may refuse it:
 * read, authenticate, check, submit. What waits for bearerbox afterwards is the
 * exchange alone.
 */
#include "gw/smsbox/sendsms.h"

#include <stdlib.h>
#include <time.h>

#include "gw/smsbox/answer.h"
#include "gw/smsbox/form.h"
#include "gw/smsbox/post.h"
#include "gw/smsbox/receivers.h"
#include "gw/smsbox/submit.h"
#include "gw/smsbox/text.h"
#include "gwlib/memory.h"

#define MAX_IDEMPOTENCY_KEY 255

struct request {
    struct sendsms *sendsms;
    struct http_exchange *exchange;
    bool by_params; /* GET, or a POST that means the same */
    bool unsupported;
    struct form form;
    struct url_params *params;
    const struct user *user;
    struct receivers receivers;
    struct sms sms;
    struct bytes content;
    struct bytes origin; /* for identity.h; empty without Idempotency-Key */
};

/* A refusal: 0 when there is none. */
struct refusal {
    int status;
    const char *text;
};
#define FINE ((struct refusal){0, NULL})

static struct refusal refuse(int status, const char *text)
{
    return (struct refusal){status, text};
}

int sendsms_answer_for(enum bearer_outcome outcome, const char **text)
{
    switch (outcome) {
    case BEARER_QUEUED:
        *text = "0: Accepted for delivery";
        return 202;
    case BEARER_BUFFERED:
        *text = "3: Queued for later delivery";
        return 202;
    case BEARER_REFUSED:
        *text = "Not routable. Do not try again.";
        return 403;
    case BEARER_BUSY:
        break;
    }
    *text = "Temporal failure, try again later.";
    return 503;
}

/* --- reading ------------------------------------------------------------------ */

static struct slice query_value(void *source, const char *name)
{
    return http_exchange_param(source, name);
}

static struct refusal read_request(struct request *r)
{
    form_init(&r->form);
    if (http_exchange_method(r->exchange) != HTTP_METHOD_POST) {
        form_read_params(&r->form, query_value, r->exchange);
        r->by_params = true;
        return FINE;
    }
    enum post_kind kind = post_read(&r->form, r->exchange, &r->params);
    r->by_params = kind == POST_PARAMS;
    r->unsupported = kind == POST_UNSUPPORTED;
    return kind == POST_INVALID ? refuse(400, "Invalid content-type") : FINE;
}

/* --- the checks (section 3, in its order) ------------------------------------- */

static struct refusal check_credentials(struct request *r)
{
    r->user = users_authenticate(r->sendsms->users, r->form.username, r->form.password,
                                 http_exchange_peer(r->exchange));
    if (r->user == NULL)
        return refuse(403, "Authorization failed for sendsms");
    log_info("sendsms used by <%s>", r->user->username);
    return FINE;
}

static struct refusal check_receiver_given(struct request *r)
{
    static struct log_limit limit = {.interval_s = 1};
    if (!slice_is_set(r->form.to)) {
        log_limited(&limit, LOG_LEVEL_ERROR, "%s got no <to> cgi variable",
                    http_exchange_peer(r->exchange));
        return refuse(400, r->by_params ? "Missing receiver number, rejected"
                                        : "Missing receiver(s) number(s), rejected");
    }
    if (r->form.to.len == 0) {
        log_limited(&limit, LOG_LEVEL_ERROR, "%s got empty <to> cgi variable",
                    http_exchange_peer(r->exchange));
        return refuse(400, "Empty receiver number not allowed, rejected");
    }
    return FINE;
}

static struct refusal check_receivers(struct request *r)
{
    struct receivers_rules rules = {.chars = r->sendsms->settings->sendsms_chars,
                                    .user = r->user->lists,
                                    .box = r->sendsms->lists};
    receivers_read(&r->receivers, r->form.to, &rules);
    if (r->receivers.count == 0)
        return refuse(400, "Number(s) has/have been denied by white- and/or black-lists.");
    if (r->receivers.count > RECEIVERS_MAX)
        return refuse(400, "Too many receivers, rejected");
    return FINE;
}

static struct refusal choose_sender(struct request *r)
{
    const char *global = r->sendsms->settings->global_sender;
    if (r->user->faked_sender != NULL)
        r->sms.sender = slice_str(r->user->faked_sender);
    else if (r->form.from.len > 0)
        r->sms.sender = r->form.from;
    else if (r->user->default_sender != NULL)
        r->sms.sender = slice_str(r->user->default_sender);
    else if (global != NULL)
        r->sms.sender = slice_str(global);
    else
        return refuse(400, "Sender missing and no global set, rejected");
    return FINE;
}

static void choose_smsc(struct request *r)
{
    if (r->user->forced_smsc != NULL)
        r->sms.smsc_id = slice_str(r->user->forced_smsc);
    else if (r->form.smsc.len > 0)
        r->sms.smsc_id = r->form.smsc;
    else
        r->sms.smsc_id = slice_str(r->user->default_smsc);
}

static struct refusal make_content(struct request *r)
{
    if (!text_to_content(&r->content, sms_coding(&r->sms), r->form.text, r->form.charset))
        return refuse(400, "Charset or body misformed, rejected");
    r->sms.msgdata = bytes_slice(&r->content);
    return FINE;
}

static struct slice or_empty(struct slice s)
{
    return slice_is_set(s) ? s : slice_str("");
}

/* Everything of the message but its receiver and id. */
static struct refusal make_message(struct request *r)
{
    struct refusal refusal = choose_sender(r);
    if (refusal.status != 0)
        return refusal;
    const char *misformed = form_check_fields(&r->form);
    if (misformed != NULL)
        return refuse(400, misformed);
    int64_t now = (int64_t)time(NULL);
    form_fill(&r->form, &r->sms, now);
    r->sms.udhdata = or_empty(r->sms.udhdata);
    r->sms.dlr_url = or_empty(r->sms.dlr_url);
    r->sms.time = now;
    r->sms.sms_type = SMS_MT_PUSH;
    r->sms.service = slice_str(r->user->name);
    r->sms.boxc_id = slice_str(r->sendsms->settings->box_id);
    choose_smsc(r);
    return make_content(r);
}

/* --- the access log (logs.md, section 3) ---------------------------------------- */

static void log_receiver(const struct request *r, struct slice receiver, struct bytes *line)
{
    bytes_clear(line);
    bytes_append_str(line, "send-SMS request added - sender:");
    bytes_append_str(line, r->user->username);
    bytes_append_char(line, ':');
    text_append_visible(line, r->sms.sender);
    bytes_append_char(line, ' ');
    bytes_append_str(line, http_exchange_peer(r->exchange));
    bytes_append_str(line, " target:");
    text_append_visible(line, receiver);
    bytes_append_str(line, " request: '");
    if (r->form.udh.len > 0)
        bytes_append_str(line, "<< UDH >>");
    else
        text_append_visible(line, r->form.text);
    bytes_append_char(line, '\'');
    line_log_write(r->sendsms->access_log, bytes_slice(line));
}

static void log_accepted(const struct request *r)
{
    const struct form *form = &r->form;
    if (log_wants(LOG_LEVEL_INFO))
        log_info("sendsms sender:<%s:%.*s> (%s) to:<%.*s> msg:<%.*s>", r->user->username,
                 (int)r->sms.sender.len, (const char *)r->sms.sender.data,
                 http_exchange_peer(r->exchange), text_log_length(form->to),
                 (const char *)form->to.data, text_log_length(form->text),
                 form->text.len > 0 ? (const char *)form->text.data : "");
    if (r->sendsms->access_log == NULL)
        return;
    struct bytes line = {0};
    for (size_t i = 0; i < r->receivers.count; i++)
        log_receiver(r, r->receivers.allowed[i], &line);
    bytes_free(&line);
}

static void log_failed(const struct request *r, const char *text)
{
    struct bytes line = {0};
    bytes_printf(&line, "send-SMS request failed - %s", text);
    line_log_write(r->sendsms->access_log, bytes_slice(&line));
    bytes_free(&line);
}

/* --- the steps together ----------------------------------------------------------- */

static struct refusal check_request(struct request *r)
{
    struct refusal refusal = read_request(r);
    if (refusal.status == 0)
        refusal = check_credentials(r);
    if (refusal.status == 0)
        refusal = check_receiver_given(r);
    if (refusal.status == 0 && r->unsupported)
        refusal = refuse(415, "Unsupported content-type, rejected");
    if (refusal.status == 0) {
        const char *misformed = form_check_udh(&r->form);
        refusal = misformed != NULL ? refuse(400, misformed) : check_receivers(r);
    }
    if (refusal.status != 0)
        return refusal;
    refusal = make_message(r);
    if (refusal.status != 0)
        log_failed(r, refusal.text);
    return refusal;
}

/* The client's own name for this request, if it gave one. */
static void read_origin(struct request *r)
{
    struct slice key = http_exchange_header(r->exchange, "Idempotency-Key");
    if (key.len == 0 || key.len > MAX_IDEMPOTENCY_KEY)
        return;
    bytes_printf(&r->origin, "sendsms:%s:", r->user->username);
    bytes_append_slice(&r->origin, key);
}

static void on_outcome(enum bearer_outcome outcome, void *arg)
{
    struct http_exchange *exchange = arg;
    const char *text;
    int status = sendsms_answer_for(outcome, &text);
    answer_text(exchange, status, text);
}

static void ignore_outcome(enum bearer_outcome outcome, void *arg)
{
    (void)arg;
    if (outcome == BEARER_BUSY || outcome == BEARER_REFUSED) {
        static struct log_limit limit = {.interval_s = 10};
        log_limited(&limit, LOG_LEVEL_ERROR,
                    "bearerbox did not take a message whose client was answered before "
                    "(immediate-sendsms-reply)");
    }
}

/* immediate-sendsms-reply, and max-messages 0. */
static void answer_at_once(struct request *r, unsigned splits)
{
    struct bytes text = {0};
    bytes_append_str(&text, "Sent.");
    if (r->receivers.denied_count > 0)
        bytes_append_str(&text, " Denied receivers are:");
    for (size_t i = 0; i < r->receivers.denied_count; i++) {
        /* they stand in the array from its end */
        bytes_append_char(&text, ' ');
        bytes_append_slice(&text, r->receivers.denied[r->receivers.denied_count - 1 - i]);
    }
    if (splits > 1)
        bytes_printf(&text, " Message splits: %u", splits);
    answer_bytes(r->exchange, 202, bytes_slice(&text));
    bytes_free(&text);
}

static void submit_request(struct request *r)
{
    bool immediate = r->sendsms->settings->immediate_reply;
    read_origin(r);
    struct submit_order order = {.sms = r->sms,
                                 .receivers = r->receivers.allowed,
                                 .receiver_count = r->receivers.count,
                                 .pieces = &r->user->pieces,
                                 .origin =
                                     r->origin.len > 0 ? bytes_slice(&r->origin) : slice_unset(),
                                 .patient = immediate};
    log_accepted(r);
    struct submit_receipt receipt = submit_messages(
        r->sendsms->bearer, &order, immediate ? ignore_outcome : on_outcome, r->exchange);
    if (immediate || receipt.messages == 0)
        answer_at_once(r, receipt.splits);
}

static void request_end(struct request *r)
{
    receivers_free(&r->receivers);
    form_free(&r->form);
    url_params_free(r->params);
    bytes_free(&r->content);
    bytes_free(&r->origin);
}

void sendsms_serve(struct sendsms *sendsms, struct http_exchange *exchange)
{
    struct request r = {.sendsms = sendsms, .exchange = exchange, .sms = sms_blank()};
    struct refusal refusal = check_request(&r);
    if (refusal.status != 0)
        answer_text(exchange, refusal.status, refusal.text);
    else
        submit_request(&r);
    request_end(&r);
}

/* --- over-the-air settings ---------------------------------------------------------- */

/* Who may see that it is not supported; else the refusal that Kannel gives. */
static struct refusal check_ota(struct request *r)
{
    struct refusal refusal = read_request(r);
    bool post = http_exchange_method(r->exchange) == HTTP_METHOD_POST;
    if (refusal.status != 0 && !post)
        return refusal;
    if (r->unsupported || refusal.status != 0) {
        r->form.username = http_exchange_header(r->exchange, "X-Kannel-Username");
        r->form.password = http_exchange_header(r->exchange, "X-Kannel-Password");
    }
    if (check_credentials(r).status != 0)
        return refuse(403, "Authorization failed for sendota");
    struct slice to = r->form.to;
    if (!slice_is_set(to) && !post)
        to = http_exchange_param(r->exchange, "phonenumber");
    if (post)
        return refuse(415, "Unsupported content-type, rejected");
    if (to.len == 0)
        return refuse(400, "Wrong sendota args.");
    return refuse(501, "Over-the-air settings are not supported.");
}

void sendsms_serve_ota(struct sendsms *sendsms, struct http_exchange *exchange)
{
    struct request r = {.sendsms = sendsms, .exchange = exchange, .sms = sms_blank()};
    struct refusal refusal = check_ota(&r);
    answer_text(exchange, refusal.status, refusal.text);
    request_end(&r);
}
