/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reply - see reply.h.
 *
 * One function a type of answer. Each leaves in the reply: the content, the
 * charset that was used, and the fields.
 */
#include "gw/smsbox/reply.h"

#include "gw/smsbox/html.h"
#include "gw/smsbox/text.h"
#include "gw/smsbox/xml.h"

static struct slice header_value(void *source, const char *name)
{
    return http_answer_header(source, name);
}

/* Any X-Kannel header besides those that are read. */
static bool has_fields(const struct http_answer *answer)
{
    for (size_t i = 0; i < answer->header_count; i++)
        if (slice_equal_nocase(slice_sub(slice_str(answer->headers[i].name), 0, 9), "X-Kannel-"))
            return true;
    return false;
}

/* All fields unset, but what they borrow from is kept. */
static void drop_fields(struct form *form)
{
    struct form blank;
    form_init(&blank);
    memcpy(blank.kept, form->kept, sizeof(form->kept));
    blank.kept_count = form->kept_count;
    *form = blank;
}

/* A reply with bad fields is better sent without them than lost. */
static void check_fields(struct reply *reply)
{
    reply->misformed = form_check_udh(&reply->form);
    if (reply->misformed == NULL)
        reply->misformed = form_check_fields(&reply->form);
    if (reply->misformed != NULL)
        drop_fields(&reply->form);
}

static void read_fields(struct reply *reply, const struct http_answer *answer,
                        const struct reply_rules *rules)
{
    if (!rules->accept_headers) {
        reply->refused_fields = has_fields(answer);
        return;
    }
    form_read_headers(&reply->form, header_value, (void *)(uintptr_t)answer);
    check_fields(reply);
}

static enum sms_coding coding_of(struct reply *reply)
{
    if (reply->form.coding == SMS_UNSET)
        reply->form.coding = reply->form.udh.len > 0 ? SMS_CODING_8BIT : SMS_CODING_7BIT;
    return (enum sms_coding)reply->form.coding;
}

static bool is_ascii(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] >= 0x80)
            return false;
    return true;
}

/* The charset of a text: as declared, else as the service has it, else guessed.
 * Plain ASCII is called what Kannel calls it. */
static void settle_charset(struct reply *reply, struct slice text, const struct reply_rules *rules)
{
    if (reply->charset.len > 0)
        return;
    if (rules->alt_charset != NULL)
        bytes_append_str(&reply->charset, rules->alt_charset);
    else if (is_ascii(text))
        bytes_append_str(&reply->charset, "ISO-8859-1");
    else
        bytes_append_slice(&reply->charset, text_guess_charset(text));
}

static void convert(struct reply *reply, struct slice text)
{
    if (!text_to_content(&reply->content, coding_of(reply), text, bytes_slice(&reply->charset)))
        reply->kind = REPLY_UNREPRESENTABLE;
}

static void read_plain(struct reply *reply, const struct http_answer *answer,
                       const struct reply_rules *rules)
{
    read_fields(reply, answer, rules);
    settle_charset(reply, answer->body, rules);
    convert(reply, answer->body);
}

static void read_html(struct reply *reply, const struct http_answer *answer,
                      const struct reply_rules *rules)
{
    struct bytes utf8 = {0}, text = {0};
    read_fields(reply, answer, rules);
    struct slice page = html_cut(answer->body, rules->prefix, rules->suffix);
    settle_charset(reply, page, rules);
    if (text_convert(&utf8, "UTF-8", page, bytes_slice(&reply->charset))) {
        html_to_text(&text, bytes_slice(&utf8));
        text_to_content(&reply->content, coding_of(reply), bytes_slice(&text), slice_str("UTF-8"));
    } else {
        reply->kind = REPLY_UNREPRESENTABLE;
    }
    bytes_free(&utf8);
    bytes_free(&text);
}

/* Octets are octets only for who may say so; else they are a text. */
static void read_octets(struct reply *reply, const struct http_answer *answer,
                        const struct reply_rules *rules)
{
    read_fields(reply, answer, rules);
    bytes_clear(&reply->charset);
    if (rules->accept_headers && reply->form.coding == SMS_UNSET)
        reply->form.coding = SMS_CODING_8BIT;
    convert(reply, answer->body);
}

/* Of an XML answer that may not set fields only the text counts. */
static void read_xml(struct reply *reply, const struct http_answer *answer,
                     const struct reply_rules *rules)
{
    if (!xml_read_form(&reply->form, answer->body)) {
        reply->kind = REPLY_UNREPRESENTABLE;
        return;
    }
    bytes_clear(&reply->charset);
    bytes_append_str(&reply->charset, "UTF-8");
    struct slice text = reply->form.text;
    if (rules->accept_headers) {
        check_fields(reply);
    } else {
        reply->refused_fields = reply->form.to.len > 0 || reply->form.from.len > 0 ||
                                reply->form.smsc.len > 0 || reply->form.udh.len > 0;
        drop_fields(&reply->form);
    }
    convert(reply, text);
}

static bool is(const struct bytes *type, const char *name)
{
    return slice_equal_str(bytes_slice(type), name);
}

void reply_read(struct reply *reply, const struct http_answer *answer,
                const struct reply_rules *rules)
{
    struct bytes type = {0};
    *reply = (struct reply){.kind = REPLY_TEXT};
    form_init(&reply->form);
    http_content_type(http_answer_header(answer, "Content-Type"), &type, &reply->charset);
    if (is(&type, "text/plain"))
        read_plain(reply, answer, rules);
    else if (is(&type, "text/html") || is(&type, "text/vnd.wap.wml"))
        read_html(reply, answer, rules);
    else if (is(&type, "text/xml"))
        read_xml(reply, answer, rules);
    else if (is(&type, "application/octet-stream") || type.len == 0)
        read_octets(reply, answer, rules);
    else
        reply->kind = REPLY_UNREPRESENTABLE;
    bytes_free(&type);
}

void reply_free(struct reply *reply)
{
    form_free(&reply->form);
    bytes_free(&reply->content);
    bytes_free(&reply->charset);
}
