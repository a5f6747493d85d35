/* SPDX-License-Identifier: Apache-2.0 */
/*
 * form - see form.h.
 *
 * The numbers are a table: name of the parameter, of the header, of the answer,
 * and the range. Reading, checking and the texts come from it, in the order in
 * which Kannel checks.
 */
#include "gw/smsbox/form.h"

#include <limits.h>

#include "gwlib/url.h"

#define MAX_ACCOUNT 64
#define MAX_UDH     140
#define MIN_URL     8

struct number_field {
    const char *param, *old_param; /* old: another name that still works */
    const char *header;
    const char *misformed; /* the answer */
    size_t offset;
    long max;
};

#define FIELD(param, old, header, name, member, max)                                               \
    {                                                                                              \
        param, old, "X-Kannel-" header, name " field misformed, rejected",                         \
            offsetof(struct form, member), max                                                     \
    }

static const struct number_field number_fields[] = {
    FIELD("dlr-mask", "dlrmask", "DLR-Mask", "DLR-Mask", dlr_mask, 127),
    FIELD("mclass", "flash", "MClass", "MClass", mclass, 3),
    FIELD("pid", NULL, "PID", "PID", pid, 255),
    FIELD("rpi", NULL, "RPI", "RPI", rpi, 2),
    FIELD("alt-dcs", NULL, "Alt-DCS", "Alt-DCS", alt_dcs, 1),
    FIELD("mwi", NULL, "MWI", "MWI", mwi, 7),
    FIELD("coding", NULL, "Coding", "Coding", coding, 2),
    FIELD("compress", NULL, "Compress", "Compress", compress, 1),
    FIELD("validity", NULL, "Validity", "Validity", validity, INT_MAX / 60),
    FIELD("deferred", NULL, "Deferred", "Deferred", deferred, INT_MAX / 60),
    FIELD("priority", NULL, "Priority", "Priority", priority, 3),
};
#define NUMBER_FIELDS (sizeof(number_fields) / sizeof(number_fields[0]))

static long *number_at(struct form *form, const struct number_field *field)
{
    return (long *)((char *)form + field->offset);
}

void form_init(struct form *form)
{
    *form = (struct form){0};
    for (size_t i = 0; i < NUMBER_FIELDS; i++)
        *number_at(form, &number_fields[i]) = SMS_UNSET;
}

void form_free(struct form *form)
{
    for (size_t i = 0; i < form->kept_count; i++)
        bytes_free(&form->kept[i]);
    form->kept_count = 0;
}

struct slice form_keep(struct form *form, struct bytes *content)
{
    if (form->kept_count == FORM_MAX_KEPT) {
        bytes_free(content);
        return slice_unset();
    }
    struct bytes *place = &form->kept[form->kept_count++];
    *place = *content;
    *content = (struct bytes){0};
    return bytes_slice(place);
}

long form_number(struct slice text)
{
    text = slice_trim(text);
    size_t i = 0;
    bool negative = false;
    if (text.len > 0 && (text.data[0] == '-' || text.data[0] == '+'))
        negative = text.data[i++] == '-';
    long value = 0;
    size_t first = i;
    for (; i < text.len && text.data[i] >= '0' && text.data[i] <= '9'; i++) {
        value = value * 10 + (text.data[i] - '0');
        if (value > INT_MAX)
            value = INT_MAX;
    }
    if (i == first)
        return SMS_UNSET;
    return negative ? -value : value;
}

void form_set_udh(struct form *form, struct slice text)
{
    struct bytes octets = {0};
    if (!bytes_append_unhex(&octets, text))
        url_decode(&octets, text);
    form->udh = form_keep(form, &octets);
}

static struct slice either(form_value_fn *value, void *source, const char *name, const char *old)
{
    struct slice found = value(source, name);
    return slice_is_set(found) ? found : value(source, old);
}

void form_read_params(struct form *form, form_value_fn *value, void *source)
{
    form->username = either(value, source, "username", "user");
    form->password = either(value, source, "password", "pass");
    form->to = value(source, "to");
    form->from = value(source, "from");
    form->text = value(source, "text");
    form->charset = value(source, "charset");
    form->udh = value(source, "udh");
    form->smsc = value(source, "smsc");
    form->dlr_url = either(value, source, "dlr-url", "dlrurl");
    form->account = value(source, "account");
    form->binfo = value(source, "binfo");
    form->meta_data = value(source, "meta-data");
    for (size_t i = 0; i < NUMBER_FIELDS; i++) {
        const struct number_field *field = &number_fields[i];
        struct slice text = value(source, field->param);
        if (!slice_is_set(text) && field->old_param != NULL)
            text = value(source, field->old_param);
        *number_at(form, field) = form_number(text);
    }
}

void form_read_headers(struct form *form, form_value_fn *value, void *source)
{
    form->to = value(source, "X-Kannel-To");
    form->from = value(source, "X-Kannel-From");
    form->smsc = value(source, "X-Kannel-SMSC");
    form->dlr_url = value(source, "X-Kannel-DLR-Url");
    form->account = value(source, "X-Kannel-Account");
    form->binfo = value(source, "X-Kannel-BInfo");
    form->meta_data = value(source, "X-Kannel-Meta-Data");
    struct slice udh = value(source, "X-Kannel-UDH");
    if (udh.len > 0)
        form_set_udh(form, udh);
    for (size_t i = 0; i < NUMBER_FIELDS; i++)
        *number_at(form, &number_fields[i]) = form_number(value(source, number_fields[i].header));
}

const char *form_check_udh(const struct form *form)
{
    if (form->udh.len == 0)
        return NULL;
    if ((size_t)form->udh.data[0] + 1 != form->udh.len)
        return "UDH field misformed, rejected";
    if (form->udh.len > MAX_UDH)
        return "UDH field is too long, rejected";
    return NULL;
}

static bool account_is_fine(struct slice account)
{
    if (account.len > MAX_ACCOUNT)
        return false;
    for (size_t i = 0; i < account.len; i++)
        if (memchr("[]\r\n", account.data[i], 4) != NULL)
            return false;
    return true;
}

static bool url_is_fine(struct slice url)
{
    return url.len >= MIN_URL && (slice_equal_nocase(slice_sub(url, 0, 7), "http://") ||
                                  slice_equal_nocase(slice_sub(url, 0, 8), "https://"));
}

const char *form_check_fields(const struct form *form)
{
    if (!account_is_fine(form->account))
        return "Account field misformed or too long, rejected";
    if (form->dlr_url.len > 0 && !url_is_fine(form->dlr_url))
        return "DLR-URL field misformed, rejected";
    for (size_t i = 0; i < NUMBER_FIELDS; i++) {
        const struct number_field *field = &number_fields[i];
        long value = *number_at((struct form *)(uintptr_t)form, field);
        if (value < SMS_UNSET || value > field->max)
            return field->misformed;
    }
    return NULL;
}

static int64_t moment(long minutes, int64_t now)
{
    return minutes == SMS_UNSET ? SMS_UNSET : now + 60 * (int64_t)minutes;
}

void form_fill(const struct form *form, struct sms *sms, int64_t now)
{
    sms->mclass = (int32_t)form->mclass;
    sms->mwi = (int32_t)form->mwi;
    sms->compress = (int32_t)form->compress;
    sms->alt_dcs = (int32_t)form->alt_dcs;
    sms->pid = (int32_t)form->pid;
    sms->rpi = (int32_t)form->rpi;
    sms->priority = (int32_t)form->priority;
    sms->dlr_mask = (int32_t)form->dlr_mask;
    sms->validity = moment(form->validity, now);
    sms->deferred = moment(form->deferred, now);
    sms->coding = (int32_t)form->coding;
    if (sms->coding == SMS_UNSET)
        sms->coding = form->udh.len > 0 ? SMS_CODING_8BIT : SMS_CODING_7BIT;
    sms->udhdata = form->udh;
    sms->dlr_url = form->dlr_url;
    sms->account = form->account.len > 0 ? form->account : slice_unset();
    sms->binfo = form->binfo.len > 0 ? form->binfo : slice_unset();
    sms->meta_data = form->meta_data;
}
