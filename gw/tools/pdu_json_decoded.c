/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pdu_json_decoded - a decoded PDU as JSON, see pdu_json.h. Beyond the schema:
 * surplus (octets behind the end), compressed, lp (loop prevention), mwi_udh
 * where both the DCS and the header indicate waiting messages, and the octets
 * of time stamps that make no sense (scts_raw, dt_raw; the time is null then).
 */
#include <string.h>

#include "gw/sms/cause.h"
#include "gw/sms/utf16.h"
#include "gw/tools/pdu_json.h"

static void set(json_t *object, const char *name, json_t *value)
{
    json_object_set_new(object, name, value);
}

static void set_hex(json_t *object, const char *name, struct slice octets)
{
    struct bytes hex = {0};
    bytes_append_hex(&hex, octets, true);
    set(object, name, json_string(bytes_str(&hex)));
    bytes_free(&hex);
}

static void set_flag(json_t *object, const char *name, bool value)
{
    set(object, name, json_boolean(value));
}

static void set_address(json_t *object, const char *name, const struct sms_address *address)
{
    char toa[16];
    strcat(strcpy(toa, name), "_toa");
    set(object, name, json_stringn(address->text, address->len));
    set(object, toa, json_integer(address->toa));
}

static void set_time(json_t *object, const char *name, const struct timestamp *timestamp)
{
    char text[TIMESTAMP_TEXT_MAX], raw[16];
    if (timestamp_format(timestamp, text) > 0) {
        set(object, name, json_string(text));
        return;
    }
    set(object, name, json_null());
    strcat(strcpy(raw, name), "_raw");
    set_hex(object, raw, slice_of(timestamp->octets, TIMESTAMP_OCTETS));
}

/* --- header --------------------------------------------------------------------- */

static json_t *waiting_elements(struct slice udh)
{
    json_t *list = json_array();
    struct udh_element element;
    for (size_t pos = 0; udh_next(udh, &pos, &element);) {
        if (element.id != UDH_SPECIAL_MESSAGE || element.data.len != 2)
            continue;
        json_t *waiting = json_object();
        set(waiting, "type", json_integer(element.data.data[0] & 0x7F));
        set_flag(waiting, "store", (element.data.data[0] & 0x80) != 0);
        set(waiting, "count", json_integer(element.data.data[1]));
        json_array_append_new(list, waiting);
    }
    return list;
}

static void set_concat(json_t *object, const struct udh_concat *concat)
{
    json_t *value = json_object();
    set(value, "ref", json_integer(concat->ref));
    set(value, "total", json_integer(concat->total));
    set(value, "seq", json_integer(concat->part));
    set(value, "bits", json_integer(concat->bits));
    set(object, "concat", value);
}

static void set_ports(json_t *object, const struct udh_ports *ports)
{
    json_t *value = json_object();
    set(value, "dst", json_integer(ports->destination));
    set(value, "src", json_integer(ports->source));
    set(value, "bits", json_integer(ports->bits));
    set(object, "ports", value);
}

static void set_header(json_t *object, const struct tpdu *tpdu)
{
    struct slice udh = udh_slice(&tpdu->udh);
    struct udh_info info;
    udh_read(udh, &info);
    set_hex(object, "udh", slice_sub(udh, 1, udh.len));
    if (info.concat.bits != 0)
        set_concat(object, &info.concat);
    if (info.ports.bits != 0)
        set_ports(object, &info.ports);
    if (info.shift >= 0)
        set(object, "shift", json_integer(info.shift));
    if (info.locking >= 0)
        set(object, "lock", json_integer(info.locking));
    json_t *waiting = waiting_elements(udh);
    if (json_array_size(waiting) > 0)
        set(object, json_object_get(object, "mwi") != NULL ? "mwi_udh" : "mwi", waiting);
    else
        json_decref(waiting);
}

/* --- user data --------------------------------------------------------------------- */

static void set_coding(json_t *object, const struct tpdu *tpdu)
{
    struct dcs dcs = dcs_decode(tpdu->has_dcs ? tpdu->dcs : 0);
    set(object, "alphabet", json_string(dcs_alphabet_name(tpdu->alphabet)));
    set(object, "class", dcs.class == DCS_NO_CLASS ? json_null() : json_integer(dcs.class));
    if (dcs.compressed)
        set_flag(object, "compressed", true);
    if (!dcs_is_waiting(&dcs))
        return;
    json_t *waiting = json_object();
    set_flag(waiting, "store", dcs.group != DCS_WAITING_DISCARD);
    set_flag(waiting, "active", dcs.waiting_active);
    set(waiting, "type", json_string(dcs_waiting_name(dcs.waiting_type)));
    set(object, "mwi", waiting);
}

static void set_content(json_t *object, const struct tpdu *tpdu)
{
    char text[UTF16_UTF8_MAX(TPDU_USER_DATA_MAX)];
    switch (tpdu->alphabet) {
    case DCS_GSM7:
        set(object, "text", json_stringn((const char *)tpdu->content, tpdu->content_len));
        break;
    case DCS_8BIT:
        set_hex(object, "data", tpdu_content(tpdu));
        break;
    case DCS_UCS2:
        set(object, "text", json_stringn(text, utf16_to_utf8(tpdu_content(tpdu), text)));
        break;
    }
}

static void set_user_data(json_t *object, const struct tpdu *tpdu)
{
    set_coding(object, tpdu);
    set(object, "udl", json_integer(tpdu->udl));
    if (tpdu->has_header)
        set_header(object, tpdu);
    set_content(object, tpdu);
}

/* --- types ------------------------------------------------------------------------------ */

static json_t *validity(const struct validity *validity)
{
    json_t *value = json_object();
    set(value, "kind", json_string(validity_kind_name(validity->kind)));
    if (validity->kind == VALIDITY_RELATIVE) {
        set(value, "code", json_integer(validity->code));
        set(value, "minutes", json_integer((json_int_t)validity_minutes(validity->code)));
    } else if (validity->kind == VALIDITY_ABSOLUTE) {
        set_time(value, "time", &validity->time);
    } else {
        set_hex(value, "raw", slice_of(validity->octets, sizeof(validity->octets)));
    }
    return value;
}

static void set_network_flags(json_t *object, const struct tpdu *tpdu, const char *report)
{
    set_flag(object, "mms", tpdu->more_messages);
    set_flag(object, report, tpdu->report);
    set_flag(object, "udhi", tpdu->has_header);
    if (tpdu->loop_prevention)
        set_flag(object, "lp", true);
}

static void set_deliver(json_t *object, const struct tpdu *tpdu)
{
    set_network_flags(object, tpdu, "sri");
    set_flag(object, "rp", tpdu->reply_path);
    set_address(object, "oa", &tpdu->address);
    set(object, "pid", json_integer(tpdu->pid));
    set(object, "dcs", json_integer(tpdu->dcs));
    set_time(object, "scts", &tpdu->scts);
    set_user_data(object, tpdu);
}

static void set_submit(json_t *object, const struct tpdu *tpdu)
{
    set_flag(object, "rd", tpdu->reject_duplicates);
    set_flag(object, "srr", tpdu->report);
    set_flag(object, "udhi", tpdu->has_header);
    set_flag(object, "rp", tpdu->reply_path);
    set(object, "mr", json_integer(tpdu->mr));
    set_address(object, "da", &tpdu->address);
    set(object, "pid", json_integer(tpdu->pid));
    set(object, "dcs", json_integer(tpdu->dcs));
    if (tpdu->validity.kind != VALIDITY_NONE)
        set(object, "vp", validity(&tpdu->validity));
    set_user_data(object, tpdu);
}

static void set_status_report(json_t *object, const struct tpdu *tpdu)
{
    set_network_flags(object, tpdu, "srq");
    set(object, "mr", json_integer(tpdu->mr));
    set_address(object, "ra", &tpdu->address);
    set_time(object, "scts", &tpdu->scts);
    set_time(object, "dt", &tpdu->dt);
    set(object, "st", json_integer(tpdu->st));
    set(object, "dlr", json_string(cause_dlr_name(cause_status(tpdu->st).result)));
}

/* The parts that the parameter indicator announces. */
static void set_tail(json_t *object, const struct tpdu *tpdu)
{
    if (tpdu->pi >= 0)
        set(object, "pi", json_integer(tpdu->pi));
    if (tpdu->has_pid)
        set(object, "pid", json_integer(tpdu->pid));
    if (tpdu->has_dcs)
        set(object, "dcs", json_integer(tpdu->dcs));
    if (tpdu->has_user_data)
        set_user_data(object, tpdu);
}

static void set_report(json_t *object, const struct tpdu *tpdu)
{
    set_flag(object, "udhi", tpdu->has_header);
    if (tpdu->fcs >= 0)
        set(object, "fcs", json_integer(tpdu->fcs));
    if (tpdu->type == TPDU_SUBMIT_REPORT)
        set_time(object, "scts", &tpdu->scts);
}

json_t *pdu_json_decoded(const struct pdu *pdu)
{
    const struct tpdu *tpdu = &pdu->tpdu;
    json_t *object = json_object();
    if (pdu->smsc.present)
        set_address(object, "smsc", &pdu->smsc);
    else
        set(object, "smsc", json_null());
    set(object, "tpdu_len", json_integer((json_int_t)pdu->tpdu_len));
    set(object, "type", json_string(tpdu_type_name(tpdu->type)));
    switch (tpdu->type) {
    case TPDU_DELIVER:
        set_deliver(object, tpdu);
        break;
    case TPDU_SUBMIT:
        set_submit(object, tpdu);
        break;
    case TPDU_STATUS_REPORT:
        set_status_report(object, tpdu);
        set_tail(object, tpdu);
        break;
    case TPDU_DELIVER_REPORT:
    case TPDU_SUBMIT_REPORT:
        set_report(object, tpdu);
        set_tail(object, tpdu);
        break;
    }
    if (tpdu->surplus > 0)
        set(object, "surplus", json_integer((json_int_t)tpdu->surplus));
    return object;
}
