/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The list of what is in the store (admin command store-status): see status.h.
 */
#include "gw/bearerbox/status.h"

#include <time.h>

#define COLUMNS 10

static const char *const titles[COLUMNS] = {"SMS ID",  "Type",   "Time",  "Sender", "Receiver",
                                            "SMSC ID", "BOX ID", "Flags", "UDH",    "Message"};
static const char *const elements[COLUMNS] = {"id",      "type",   "time",  "sender",   "receiver",
                                              "smsc-id", "box-id", "flags", "udh-data", "msg-data"};

static const char *type_name(int32_t sms_type)
{
    switch (sms_type) {
    case SMS_MO:
        return "MO";
    case SMS_MT_REPLY:
        return "MT-REPLY";
    case SMS_MT_PUSH:
        return "MT-PUSH";
    case SMS_REPORT_MO:
        return "DLR-MO";
    case SMS_REPORT_MT:
        return "DLR-MT";
    default:
        return "";
    }
}

static void put_time(struct bytes *to, int64_t moment)
{
    time_t when = (time_t)moment;
    struct tm tm;
    char text[32];

    localtime_r(&when, &tm);
    strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &tm);
    bytes_append_str(to, text);
}

/* Octets and UCS-2 are URL-encoded; text is given as it is, in one line. */
static void put_text(struct bytes *to, const struct sms *sms)
{
    if (sms->coding == SMS_CODING_8BIT || sms->coding == SMS_CODING_UCS2) {
        for (size_t i = 0; i < sms->msgdata.len; i++)
            bytes_printf(to, "%%%02X", sms->msgdata.data[i]);
        return;
    }
    for (size_t i = 0; i < sms->msgdata.len; i++)
        bytes_append_char(to, sms->msgdata.data[i] < 0x20 ? ' ' : sms->msgdata.data[i]);
}

static void put_column(struct bytes *to, const struct sms *sms, int column)
{
    char id[UUID_TEXT_LEN + 1];

    switch (column) {
    case 0:
        uuid_format(&sms->id, id);
        bytes_append_str(to, id);
        break;
    case 1:
        bytes_append_str(to, type_name(sms->sms_type));
        break;
    case 2:
        put_time(to, sms->time);
        break;
    case 3:
        bytes_append_slice(to, sms->sender);
        break;
    case 4:
        bytes_append_slice(to, sms->receiver);
        break;
    case 5:
        bytes_append_slice(to, sms->smsc_id);
        break;
    case 6:
        bytes_append_slice(to, sms->boxc_id);
        break;
    case 7:
        bytes_printf(to, "%d:%d:%d:%d:%d", (int)sms->mclass, (int)sms->coding, (int)sms->mwi,
                     (int)sms->compress, (int)sms->dlr_mask);
        break;
    case 8:
        for (size_t i = 0; i < sms->udhdata.len; i++)
            bytes_printf(to, "%%%02X", sms->udhdata.data[i]);
        break;
    default:
        put_text(to, sms);
        break;
    }
}

static void put_message(struct bytes *to, enum status_format format, const struct sms *sms)
{
    struct bytes value = {0};

    for (int column = 0; column < COLUMNS; column++) {
        bytes_clear(&value);
        put_column(&value, sms, column);
        if (format == STATUS_XML) {
            bytes_printf(to, "\t<%s>", elements[column]);
            status_escape(to, bytes_slice(&value));
            bytes_printf(to, "</%s>\n", elements[column]);
        } else if (format == STATUS_TEXT) {
            bytes_printf(to, "%s[%s]", column > 0 ? " " : "", bytes_str(&value));
        } else {
            bytes_append_str(to, format == STATUS_HTML ? "<td>" : column > 0 ? " [" : "[");
            status_escape(to, bytes_slice(&value));
            bytes_append_str(to, format == STATUS_HTML ? "</td>" : "]");
        }
    }
    bytes_free(&value);
}

static void put_titles(struct bytes *to, enum status_format format)
{
    if (format == STATUS_XML)
        return;
    if (format == STATUS_HTML)
        bytes_append_str(to, "<table border=1>\n<tr>");
    for (int column = 0; column < COLUMNS; column++) {
        if (format == STATUS_HTML)
            bytes_printf(to, "<td>%s</td>", titles[column]);
        else
            bytes_printf(to, "%s[%s]", column > 0 ? " " : "", titles[column]);
    }
    bytes_append_str(to, format == STATUS_HTML ? "</tr>\n" : "\n");
}

void status_print_messages(enum status_format format, const struct store_entry *entries,
                           size_t count, struct bytes *to)
{
    put_titles(to, format);
    for (size_t i = 0; i < count; i++) {
        if (format == STATUS_XML)
            bytes_append_str(to, "\t<message>\n");
        if (format == STATUS_HTML)
            bytes_append_str(to, "<tr>");
        put_message(to, format, message_sms(entries[i].message));
        if (format == STATUS_XML)
            bytes_append_str(to, "\t</message>\n");
        else
            bytes_append_str(to, format == STATUS_HTML ? "</tr>\n" : "\n");
    }
    if (format == STATUS_HTML)
        bytes_append_str(to, "</table>");
}
