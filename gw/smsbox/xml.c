/* SPDX-License-Identifier: Apache-2.0 */
/*
 * xml - see xml.h.
 *
 * Values are gathered from text and CDATA nodes only, never through an entity
 * reference, so that what a document declares cannot matter.
 */
#include "gw/smsbox/xml.h"

#include <libxml/parser.h>
#include <libxml/tree.h>
#include <limits.h>
#include <time.h>

#include "gwlib/url.h"

/* --- reading ------------------------------------------------------------------- */

static bool is_element(const xmlNode *node, const char *name)
{
    return node->type == XML_ELEMENT_NODE && xmlStrEqual(node->name, BAD_CAST name);
}

static const xmlNode *child(const xmlNode *node, const char *name)
{
    if (node == NULL)
        return NULL;
    for (const xmlNode *c = node->children; c != NULL; c = c->next)
        if (is_element(c, name))
            return c;
    return NULL;
}

static void append_text(const xmlNode *node, struct bytes *to)
{
    for (const xmlNode *c = node->children; c != NULL; c = c->next)
        if ((c->type == XML_TEXT_NODE || c->type == XML_CDATA_SECTION_NODE) && c->content != NULL)
            bytes_append_str(to, (const char *)c->content);
}

/* The text below the element, stripped; unset without element. */
static struct slice value(struct form *form, const xmlNode *parent, const char *name)
{
    const xmlNode *node = child(parent, name);
    if (node == NULL)
        return slice_unset();
    struct bytes text = {0};
    append_text(node, &text);
    return slice_trim(form_keep(form, &text));
}

static struct slice either(struct form *form, const xmlNode *parent, const char *name,
                           const char *other)
{
    return child(parent, name) != NULL ? value(form, parent, name) : value(form, parent, other);
}

/* A number, without keeping its text. */
static long number(const xmlNode *parent, const char *name)
{
    const xmlNode *node = child(parent, name);
    if (node == NULL)
        return SMS_UNSET;
    struct bytes text = {0};
    append_text(node, &text);
    long n = form_number(bytes_slice(&text));
    bytes_free(&text);
    return n;
}

static void append_receiver(const xmlNode *node, struct bytes *to)
{
    if (to->len > 0)
        bytes_append_char(to, ' ');
    append_text(node, to);
}

/* All <number> of all <da>, with blanks between. */
static void read_receivers(struct form *form, const xmlNode *submit)
{
    struct bytes to = {0};
    bool found = false;
    for (const xmlNode *da = submit->children; da != NULL; da = da->next) {
        if (!is_element(da, "da"))
            continue;
        for (const xmlNode *c = da->children; c != NULL; c = c->next) {
            if (!is_element(c, "number"))
                continue;
            append_receiver(c, &to);
            found = true;
        }
    }
    if (found)
        form->to = slice_trim(form_keep(form, &to));
    bytes_free(&to);
}

/* The text is URL-decoded after it was stripped. */
static void read_text(struct form *form, const xmlNode *submit)
{
    struct slice raw = value(form, submit, "ud");
    struct bytes decoded = {0};
    url_decode(&decoded, raw);
    form->text = form_keep(form, &decoded);
    form->charset = slice_str("UTF-8");
}

static void read_coding(struct form *form, const xmlNode *dcs)
{
    form->mclass = number(dcs, "mclass");
    form->coding = number(dcs, "coding");
    form->mwi = number(dcs, "mwi");
    form->compress = number(dcs, "compress");
    form->alt_dcs = number(dcs, "alt-dcs");
}

static void read_submit(struct form *form, const xmlNode *submit)
{
    const xmlNode *from = child(submit, "from");
    const xmlNode *report = child(submit, "statusrequest");
    read_receivers(form, submit);
    read_text(form, submit);
    read_coding(form, child(submit, "dcs"));
    struct slice udh = value(form, submit, "udh");
    if (udh.len > 0)
        form_set_udh(form, udh);
    form->from = value(form, child(submit, "oa"), "number");
    form->username = either(form, from, "username", "user");
    form->password = either(form, from, "password", "pass");
    form->account = value(form, from, "account");
    form->binfo = value(form, from, "binfo");
    form->smsc = either(form, submit, "smsc", "to");
    form->dlr_mask = number(report, "dlr-mask");
    form->dlr_url = value(form, report, "dlr-url");
    form->meta_data = value(form, submit, "meta-data");
    form->pid = number(submit, "pid");
    form->rpi = number(submit, "rpi");
    form->priority = number(submit, "priority");
    form->validity = number(child(submit, "vp"), "delay");
    form->deferred = number(child(submit, "timing"), "delay");
}

bool xml_read_form(struct form *form, struct slice document)
{
    if (document.len == 0 || document.len > INT_MAX)
        return false;
    xmlDoc *doc = xmlReadMemory((const char *)document.data, (int)document.len, NULL, NULL,
                                XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING |
                                    XML_PARSE_COMPACT);
    if (doc == NULL)
        return false;
    const xmlNode *root = xmlDocGetRootElement(doc);
    const xmlNode *submit =
        root != NULL && is_element(root, "message") ? child(root, "submit") : NULL;
    if (submit != NULL)
        read_submit(form, submit);
    xmlFreeDoc(doc);
    return submit != NULL;
}

/* --- writing --------------------------------------------------------------------- */

#define INDENT "  \t\t"

static void append_escaped(struct bytes *to, struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        switch (text.data[i]) {
        case '<':
            bytes_append_str(to, "&lt;");
            break;
        case '>':
            bytes_append_str(to, "&gt;");
            break;
        case '&':
            bytes_append_str(to, "&amp;");
            break;
        default:
            bytes_append_char(to, text.data[i] < ' ' ? ' ' : text.data[i]);
            break;
        }
    }
}

static void element(struct bytes *to, const char *name, struct slice text)
{
    if (text.len == 0)
        return;
    bytes_printf(to, INDENT "<%s>", name);
    append_escaped(to, text);
    bytes_printf(to, "</%s>\n", name);
}

static void encoded_element(struct bytes *to, const char *name, struct slice text)
{
    struct bytes encoded = {0};
    url_encode(&encoded, text);
    element(to, name, bytes_slice(&encoded));
    bytes_free(&encoded);
}

static void number_element(struct bytes *to, const char *name, int64_t n)
{
    if (n != SMS_UNSET)
        bytes_printf(to, INDENT "<%s>%lld</%s>\n", name, (long long)n, name);
}

/* <name>...</name> around what is there; nothing around nothing. */
static void container(struct bytes *to, const char *name, struct bytes *inner)
{
    if (inner->len > 0) {
        bytes_printf(to, INDENT "<%s>", name);
        bytes_append_slice(to, bytes_slice(inner));
        bytes_printf(to, "</%s>\n", name);
    }
    bytes_clear(inner);
}

static void write_coding(struct bytes *to, const struct sms *sms, struct bytes *inner)
{
    number_element(inner, "coding", sms->coding);
    number_element(inner, "mclass", sms->mclass);
    number_element(inner, "alt-dcs", sms->alt_dcs);
    number_element(inner, "mwi", sms->mwi);
    number_element(inner, "compress", sms->compress);
    container(to, "dcs", inner);
}

static void write_delay(struct bytes *to, const char *name, int64_t when, int64_t now,
                        struct bytes *inner)
{
    if (when != SMS_UNSET)
        number_element(inner, "delay", (when - now) / 60);
    container(to, name, inner);
}

static void write_time(struct bytes *to, int64_t when)
{
    time_t seconds = (time_t)when;
    struct tm tm;
    if (gmtime_r(&seconds, &tm) == NULL)
        return;
    bytes_printf(to,
                 INDENT "<at><year>%04d</year><month>%02d</month><day>%02d</day><hour>%02d</hour>"
                        "<minute>%02d</minute><second>%02d</second><timezone>0</timezone></at>\n",
                 tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

void xml_write_mo(struct bytes *to, const struct xml_order *order)
{
    const struct sms *sms = order->sms;
    struct bytes inner = {0};
    bytes_printf(to, "<?xml version=\"1.0\" encoding=\"%s\"?>\n<message cid=\"1\">\n\t<submit>\n",
                 order->charset);
    if (order->send_sender)
        element(&inner, "number", sms->sender);
    container(to, "oa", &inner);
    element(&inner, "number", sms->receiver);
    container(to, "da", &inner);
    encoded_element(to, "udh", sms->udhdata);
    encoded_element(to, "ud", order->text);
    number_element(to, "pid", sms->pid);
    number_element(to, "rpi", sms->rpi);
    write_coding(to, sms, &inner);
    write_delay(to, "timing", sms->deferred, order->now, &inner);
    write_delay(to, "vp", sms->validity, order->now, &inner);
    write_time(to, sms->time);
    element(&inner, "account", sms->smsc_id);
    container(to, "from", &inner);
    element(&inner, "service", order->service);
    container(to, "to", &inner);
    encoded_element(to, "meta-data", sms->meta_data);
    bytes_append_str(to, "\t</submit>\n</message>\n");
    bytes_free(&inner);
}
