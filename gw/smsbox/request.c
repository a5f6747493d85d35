/* SPDX-License-Identifier: Apache-2.0 */
/*
 * request - the services that ask an application by HTTP: get-url, post-url,
 * post-xml.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gw/smsbox/escapes.h"
#include "gw/smsbox/mo.h"
#include "gw/smsbox/text.h"
#include "gw/smsbox/xml.h"
#include "gwlib/url.h"

#define MAX_HEADERS 24

/* The headers of one request, with the memory that their values need. */
struct headers {
    struct http_header items[MAX_HEADERS];
    char *values[MAX_HEADERS];
    size_t count;
};

/* A value that came over the air must not end the line. */
static void add(struct headers *headers, const char *name, struct slice value)
{
    if (value.len == 0)
        return;
    LOG_ASSERT(headers->count < MAX_HEADERS);
    struct bytes visible = {0};
    text_append_visible(&visible, value);
    char *text = bytes_take(&visible);
    headers->values[headers->count] = text;
    headers->items[headers->count++] = (struct http_header){name, text};
}

static void add_number(struct headers *headers, const char *name, int64_t value)
{
    char text[24];
    if (value == SMS_UNSET)
        return;
    snprintf(text, sizeof(text), "%lld", (long long)value);
    add(headers, name, slice_str(text));
}

static void add_encoded(struct headers *headers, const char *name, struct slice value)
{
    struct bytes encoded = {0};
    url_encode(&encoded, value);
    add(headers, name, bytes_slice(&encoded));
    bytes_free(&encoded);
}

static void add_time(struct headers *headers, const char *name, int64_t when)
{
    time_t seconds = (time_t)when;
    struct tm tm;
    char text[40];
    if (gmtime_r(&seconds, &tm) != NULL &&
        strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm) > 0)
        add(headers, name, slice_str(text));
}

static void headers_free(struct headers *headers)
{
    for (size_t i = 0; i < headers->count; i++)
        free(headers->values[i]);
}

static int64_t minutes_from(int64_t when, int64_t now)
{
    return when == SMS_UNSET ? SMS_UNSET : (when - now) / 60;
}

/* --- the text for the application ------------------------------------------------ */

/* What its request carries: the MO with its text in the service's charset. */
struct view {
    struct sms sms;
    struct bytes converted;
    const char *charset; /* of the text when it is one */
};

static struct view view_of(const struct mo *mo)
{
    struct view view = {.sms = mo->sms, .charset = "UTF-8"};
    const char *alt = mo->service->alt_charset;
    bool is_text = mo->sms.coding == SMS_CODING_7BIT || mo->sms.coding == SMS_UNSET;
    if (alt != NULL && is_text &&
        text_convert(&view.converted, alt, mo->sms.msgdata, slice_str("UTF-8"))) {
        view.sms.msgdata = bytes_slice(&view.converted);
        view.charset = alt;
    }
    return view;
}

static struct slice body_of(const struct mo *mo, const struct view *view)
{
    return mo->service->strip_keyword ? escapes_without_first_word(view->sms.msgdata)
                                      : view->sms.msgdata;
}

/* --- the answer ------------------------------------------------------------------- */

static void log_request(const struct mo *mo, struct slice reply, const struct http_answer *answer)
{
    if (mo->incoming->access_log == NULL)
        return;
    struct bytes line = {0};
    bytes_append_str(&line, "SMS HTTP-request sender:");
    text_append_visible(&line, mo->sms.sender);
    bytes_append_str(&line, " request: '");
    text_append_visible(&line, reply);
    bytes_append_str(&line, "' url: '");
    text_append_url(&line, bytes_slice(&mo->url));
    bytes_printf(&line, "' reply: %d '", answer->status);
    if (answer->status == 200)
        bytes_append_str(&line, "<< successful >>");
    else
        text_append_visible(&line, answer->body);
    bytes_append_char(&line, '\'');
    line_log_write(mo->incoming->access_log, bytes_slice(&line));
    bytes_free(&line);
}

/* The handset is told that its message was not served, and may send it again. A
 * service that replies nothing gets it again itself, when the application is away
 * or broken. */
static bool nobody_hears(const struct mo *mo, const struct http_answer *answer)
{
    return mo->service->pieces.max_messages == 0 && (answer->status == 0 || answer->status >= 500);
}

static void on_answer(const struct http_answer *answer, void *arg)
{
    struct mo *mo = arg;
    const struct settings *settings = mo->incoming->settings;
    if (!fetch_succeeded(answer)) {
        log_request(mo, slice_str(settings->text_couldnotfetch), answer);
        if (nobody_hears(mo, answer)) {
            mo_end(mo, ACK_FAILED_TEMPORARY);
            return;
        }
        mo_reply_failure(mo, settings->text_couldnotfetch, slice_unset());
        return;
    }
    struct reply_rules rules = {.accept_headers = mo->service->accept_headers,
                                .prefix = mo->service->prefix,
                                .suffix = mo->service->suffix,
                                .alt_charset = mo->service->alt_charset};
    struct reply reply;
    reply_read(&reply, answer, &rules);
    if (reply.kind == REPLY_TEXT) {
        log_request(mo, bytes_slice(&reply.content), answer);
        mo_reply_answer(mo, &reply);
    } else {
        log_request(mo, slice_str(settings->text_couldnotrepresent), answer);
        mo_reply_failure(mo, settings->text_couldnotrepresent, bytes_slice(&reply.charset));
    }
    reply_free(&reply);
}

/* --- the three kinds ----------------------------------------------------------------- */

static void start(struct mo *mo, const struct headers *headers, struct slice body)
{
    struct http_request request = {.url = bytes_str(&mo->url),
                                   .headers = headers->items,
                                   .header_count = headers->count,
                                   .body = body};
    fetch_start(mo->incoming->fetcher, &request, on_answer, mo);
}

static void get(struct mo *mo)
{
    struct headers headers = {0};
    if (mo->service->send_sender)
        add(&headers, "X-Kannel-From", mo->sms.sender);
    start(mo, &headers, slice_unset());
    headers_free(&headers);
}

static void add_content_type(struct headers *headers, const struct view *view)
{
    char type[80];
    if (view->sms.coding == SMS_CODING_8BIT) {
        add(headers, "Content-Type", slice_str("application/octet-stream"));
        return;
    }
    const char *charset = view->sms.coding == SMS_CODING_UCS2 ? "UTF-16BE" : view->charset;
    snprintf(type, sizeof(type), "text/plain; charset=\"%s\"", charset);
    add(headers, "Content-Type", slice_str(type));
}

static void post(struct mo *mo, const struct view *view)
{
    const struct sms *sms = &view->sms;
    int64_t now = (int64_t)time(NULL);
    struct headers headers = {0};
    add_content_type(&headers, view);
    if (mo->service->send_sender)
        add(&headers, "X-Kannel-From", sms->sender);
    add(&headers, "X-Kannel-To", sms->receiver);
    add_time(&headers, "X-Kannel-Time", sms->time);
    add_time(&headers, "Date", now);
    add_encoded(&headers, "X-Kannel-UDH", sms->udhdata);
    add(&headers, "X-Kannel-SMSC", sms->smsc_id);
    add_number(&headers, "X-Kannel-MClass", sms->mclass);
    add_number(&headers, "X-Kannel-PID", sms->pid);
    add_number(&headers, "X-Kannel-RPI", sms->rpi);
    add_number(&headers, "X-Kannel-Alt-DCS", sms->alt_dcs);
    add_number(&headers, "X-Kannel-MWI", sms->mwi);
    add_number(&headers, "X-Kannel-Coding", sms->coding);
    add_number(&headers, "X-Kannel-Compress", sms->compress);
    add_number(&headers, "X-Kannel-Validity", minutes_from(sms->validity, now));
    add_number(&headers, "X-Kannel-Deferred", minutes_from(sms->deferred, now));
    add(&headers, "X-Kannel-Service", slice_str(mo->service->name));
    add(&headers, "X-Kannel-BInfo", sms->binfo);
    add(&headers, "X-Kannel-Meta-Data", sms->meta_data);
    start(mo, &headers, body_of(mo, view));
    headers_free(&headers);
}

/* The charset in the declaration is about the frame: the text is URL-encoded. */
static void post_xml(struct mo *mo, const struct view *view)
{
    bool recoded = view->sms.charset.len > 0;
    const char *charset = recoded ? "UTF-8" : "ISO-8859-1";
    char type[80];
    int64_t now = (int64_t)time(NULL);
    struct headers headers = {0};
    struct bytes document = {0};
    snprintf(type, sizeof(type), "text/xml; charset=\"%s\"", charset);
    add(&headers, "Content-Type",
        slice_str(recoded || view->sms.coding == SMS_CODING_UCS2 ? type : "text/xml"));
    add_time(&headers, "Date", now);
    struct xml_order order = {.sms = &view->sms,
                              .text = body_of(mo, view),
                              .service = slice_str(mo->service->name),
                              .charset = charset,
                              .send_sender = mo->service->send_sender,
                              .now = now};
    xml_write_mo(&document, &order);
    start(mo, &headers, bytes_slice(&document));
    bytes_free(&document);
    headers_free(&headers);
}

void mo_request(struct mo *mo)
{
    struct view view = view_of(mo);
    struct escapes escapes =
        escapes_begin(&view.sms, slice_str(mo->service->name), false, (int64_t)time(NULL));
    escapes_expand(&escapes, mo->service->pattern, &mo->url);
    if (mo->service->action == SERVICE_GET_URL)
        get(mo);
    else if (mo->service->action == SERVICE_POST_URL)
        post(mo, &view);
    else
        post_xml(mo, &view);
    bytes_free(&view.converted);
}
