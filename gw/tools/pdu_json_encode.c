/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pdu_json_encode - JSON to SUBMIT PDUs, see pdu_json.h: the object is read into
 * a struct order, the order is split and encoded.
 *
 * Beyond the schema: `clusters` true or false, whether cuts keep grapheme
 * clusters whole, as the gateway does. Default: no; the vectors fill every part
 * greedily and keep only escape and surrogate pairs together.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "gw/sms/encoding.h"
#include "gw/sms/utf16.h"
#include "gw/tools/pdu_json.h"

struct order {
    struct sms_address smsc;
    struct tpdu tpdu;     /* all but header and content */
    struct udh udh;       /* of the message, in GSM 7-bit with the national elements */
    struct bytes content; /* in the form of the alphabet */
    uint16_t ref;
    uint8_t ref_bits;
    bool keep_clusters;
};

struct reader {
    json_t *input;
    struct pdu_json_error *error;
};

static bool refuse(const struct reader *reader, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static bool refuse(const struct reader *reader, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(reader->error->text, sizeof(reader->error->text), format, args);
    va_end(args);
    return false;
}

/* --- fields of the object ----------------------------------------------------------- */

static json_t *field(const struct reader *reader, const char *name)
{
    json_t *value = json_object_get(reader->input, name);
    return json_is_null(value) ? NULL : value;
}

/* *value stays as it is when the field is absent. */
static bool read_number(const struct reader *reader, const char *name, long max, long *value)
{
    json_t *found = field(reader, name);
    if (found == NULL)
        return true;
    if (!json_is_integer(found) || json_integer_value(found) < 0 || json_integer_value(found) > max)
        return refuse(reader, "%s: not a number 0..%ld", name, max);
    *value = (long)json_integer_value(found);
    return true;
}

static bool read_flag(const struct reader *reader, const char *name, bool *value)
{
    json_t *found = field(reader, name);
    if (found == NULL)
        return true;
    if (!json_is_boolean(found))
        return refuse(reader, "%s: not true or false", name);
    *value = json_is_true(found);
    return true;
}

static bool read_string(const struct reader *reader, const char *name, struct slice *value)
{
    json_t *found = field(reader, name);
    if (found == NULL)
        return true;
    if (!json_is_string(found))
        return refuse(reader, "%s: not a string", name);
    *value = slice_of(json_string_value(found), json_string_length(found));
    return true;
}

static bool read_hex(const struct reader *reader, const char *name, struct bytes *octets)
{
    struct slice digits = slice_unset();
    if (!read_string(reader, name, &digits))
        return false;
    if (slice_is_set(digits) && !bytes_append_unhex(octets, digits))
        return refuse(reader, "%s: not hex digits, two an octet", name);
    return true;
}

/* As the schema has it: digits (also a, b, c) are of type 0x81 without a plus. */
static long schema_toa(struct slice text)
{
    static const char digits[] = "0123456789*#abc";
    if (text.len > 0 && text.data[0] == '+')
        return ADDRESS_TOA_INTERNATIONAL;
    for (size_t i = 0; i < text.len; i++) {
        if (memchr(digits, text.data[i], sizeof(digits) - 1) == NULL)
            return ADDRESS_TOA_AUTO;
    }
    return ADDRESS_TOA_UNKNOWN;
}

static bool read_address(const struct reader *reader, const char *name, struct sms_address *address)
{
    char toa_name[16];
    struct slice text = slice_unset();
    struct sms_fault fault;
    long toa = ADDRESS_TOA_AUTO;
    strcat(strcpy(toa_name, name), "_toa");
    if (!read_string(reader, name, &text) || !read_number(reader, toa_name, 255, &toa))
        return false;
    if (!slice_is_set(text))
        return true;
    if (toa == ADDRESS_TOA_AUTO)
        toa = schema_toa(text);
    if (!address_from_text(text, (int)toa, address, &fault))
        return refuse(reader, "%s: octet %zu: %s", name, fault.octet, fault.reason);
    return true;
}

/* --- the order -------------------------------------------------------------------------- */

static bool read_validity(const struct reader *reader, struct validity *validity)
{
    struct slice until = slice_unset();
    long code = -1, minutes = -1;
    if (!read_number(reader, "vp", 255, &code) ||
        !read_number(reader, "validity_minutes", 1L << 40, &minutes) ||
        !read_string(reader, "vp_absolute", &until))
        return false;
    if (slice_is_set(until)) {
        validity->kind = VALIDITY_ABSOLUTE;
        if (!timestamp_parse(until, &validity->time))
            return refuse(reader, "vp_absolute: not a time as 2027-06-05T04:03:02+02:00");
    } else if (code >= 0 || minutes >= 0) {
        validity->kind = VALIDITY_RELATIVE;
        validity->code = code >= 0 ? (uint8_t)code : validity_code((unsigned long)minutes);
    }
    return true;
}

static bool read_header(const struct reader *reader, struct order *order)
{
    struct bytes elements = {0};
    struct sms_fault fault;
    long ref = 0, ref_bits = 8;
    bool good = read_number(reader, "ref_bits", 16, &ref_bits) &&
                read_number(reader, "ref", ref_bits == 16 ? 65535 : 255, &ref) &&
                read_hex(reader, "udh", &elements);
    if (good && ref_bits != 8 && ref_bits != 16)
        good = refuse(reader, "ref_bits: not 8 or 16");
    if (good && elements.len > UDH_MAX - 1)
        good = refuse(reader, "udh: longer than 139 octets");
    if (good && field(reader, "udh") != NULL) {
        unsigned char octets[UDH_MAX];
        octets[0] = (unsigned char)elements.len;
        memcpy(octets + 1, bytes_slice(&elements).data, elements.len);
        good = udh_set(&order->udh, slice_of(octets, elements.len + 1), &fault) ||
               refuse(reader, "udh: octet %zu: %s", fault.octet - 1, fault.reason);
    }
    bytes_free(&elements);
    order->ref = (uint16_t)ref;
    order->ref_bits = (uint8_t)ref_bits;
    return good;
}

/* The header with elements 0x24 and 0x25; their numbers are written even if
 * reserved. */
static bool read_tables(const struct reader *reader, const struct order *order, struct udh *udh)
{
    long shift = -1, lock = -1;
    *udh = order->udh;
    if (!read_number(reader, "shift", 255, &shift) || !read_number(reader, "lock", 255, &lock))
        return false;
    uint8_t shift_octet = (uint8_t)shift, lock_octet = (uint8_t)lock;
    if (shift >= 0 && !udh_add(udh, UDH_SINGLE_SHIFT, slice_of(&shift_octet, 1)))
        return refuse(reader, "shift: no room in the header");
    if (lock >= 0 && !udh_add(udh, UDH_LOCKING_SHIFT, slice_of(&lock_octet, 1)))
        return refuse(reader, "lock: no room in the header");
    return true;
}

static struct gsm7_tables tables_of(const struct udh *udh)
{
    struct udh_info info;
    udh_read(udh_slice(udh), &info);
    return info.tables;
}

static bool choose_alphabet(const struct reader *reader, struct slice text, long dcs,
                            struct gsm7_tables tables, enum dcs_alphabet *alphabet)
{
    struct slice wish = slice_str("auto");
    if (!read_string(reader, "alphabet", &wish))
        return false;
    if (slice_equal_str(wish, "gsm7"))
        *alphabet = DCS_GSM7;
    else if (slice_equal_str(wish, "ucs2"))
        *alphabet = DCS_UCS2;
    else if (!slice_equal_str(wish, "auto"))
        return refuse(reader, "alphabet: not auto, gsm7 or ucs2");
    else if (dcs >= 0 && dcs_decode((uint8_t)dcs).alphabet == DCS_UCS2)
        *alphabet = DCS_UCS2;
    else
        *alphabet = gsm7_fits(text, tables) ? DCS_GSM7 : DCS_UCS2;
    return true;
}

static bool read_content(const struct reader *reader, long dcs, struct order *order)
{
    struct slice text = slice_unset();
    struct udh national;
    if (field(reader, "data") != NULL) {
        order->tpdu.alphabet = DCS_8BIT;
        return read_hex(reader, "data", &order->content);
    }
    if (!read_string(reader, "text", &text))
        return false;
    if (!slice_is_set(text))
        return refuse(reader, "neither text nor data");
    if (!read_tables(reader, order, &national) ||
        !choose_alphabet(reader, text, dcs, tables_of(&national), &order->tpdu.alphabet))
        return false;
    if (order->tpdu.alphabet == DCS_GSM7) {
        order->udh = national;
        bytes_append_slice(&order->content, text);
        return true;
    }
    size_t octets = utf16_count(text);
    bytes_reserve(&order->content, octets + 1);
    order->content.len = utf16_from_utf8(text, order->content.data, octets);
    return true;
}

static bool read_coding(const struct reader *reader, struct order *order)
{
    long dcs = -1, class = -1;
    struct dcs_fields fields = DCS_FIELDS_UNSET;
    if (!read_number(reader, "dcs", 255, &dcs) || !read_number(reader, "class", 3, &class) ||
        !read_content(reader, dcs, order))
        return false;
    fields.coding = (int)order->tpdu.alphabet;
    fields.mclass = (int)class;
    order->tpdu.dcs = dcs >= 0 ? (uint8_t)dcs : dcs_from_fields(&fields);
    return true;
}

static bool read_order(const struct reader *reader, struct order *order)
{
    struct tpdu *tpdu = &order->tpdu;
    long pid = 0, mr = 0;
    tpdu_init(tpdu, TPDU_SUBMIT);
    bool good =
        read_address(reader, "smsc", &order->smsc) && read_address(reader, "da", &tpdu->address) &&
        read_number(reader, "pid", 255, &pid) && read_number(reader, "mr", 255, &mr) &&
        read_flag(reader, "srr", &tpdu->report) &&
        read_flag(reader, "rd", &tpdu->reject_duplicates) &&
        read_flag(reader, "rp", &tpdu->reply_path) && read_validity(reader, &tpdu->validity) &&
        read_header(reader, order) && read_coding(reader, order);
    order->keep_clusters = false;
    good = good && read_flag(reader, "clusters", &order->keep_clusters);
    tpdu->pid = (uint8_t)pid;
    tpdu->mr = (uint8_t)mr;
    if (good && !tpdu->address.present)
        return refuse(reader, "da: missing");
    return good;
}

/* --- the parts ---------------------------------------------------------------------------- */

static bool encode_part(const struct reader *reader, const struct order *order,
                        const struct split_plan *plan, unsigned i, json_t *parts)
{
    struct pdu pdu = {.smsc = order->smsc, .tpdu = order->tpdu};
    struct pdu_line line;
    struct sms_fault fault;
    struct slice content = split_part_content(plan, i);
    split_part_udh(plan, i, &pdu.tpdu.udh);
    if (!tpdu_set_content(&pdu.tpdu, order->tpdu.alphabet, content))
        return refuse(reader, "text: character without a place in the alphabet");
    if (!pdu_encode(&pdu, true, 0, &line, &fault))
        return refuse(reader, "text: octet %zu: %s", plan->cut[i] + fault.octet, fault.reason);
    json_array_append_new(parts, json_pack("{s:s#, s:i}", "pdu", line.digits, (int)line.len,
                                           "tpdu_len", (int)line.tpdu_len));
    return true;
}

static json_t *encode_order(const struct reader *reader, const struct order *order)
{
    struct split_rules rules = {.alphabet = order->tpdu.alphabet,
                                .tables = tables_of(&order->udh),
                                .udh = udh_slice(&order->udh),
                                .ref = order->ref,
                                .ref_bits = order->ref_bits,
                                .concat_first = true,
                                .greedy = !order->keep_clusters};
    struct split_plan plan;
    struct sms_fault fault;
    if (!split_plan(&plan, &rules, bytes_slice(&order->content), &fault)) {
        refuse(reader, "text: octet %zu: %s", fault.octet, fault.reason);
        return NULL;
    }
    json_t *parts = json_array();
    for (unsigned i = 0; i < plan.parts; i++) {
        if (!encode_part(reader, order, &plan, i, parts)) {
            json_decref(parts);
            return NULL;
        }
    }
    return json_pack("{s:s, s:o}", "alphabet", dcs_alphabet_name(rules.alphabet), "parts", parts);
}

json_t *pdu_json_encode(json_t *input, struct pdu_json_error *error)
{
    struct reader reader = {input, error};
    struct order order = {0};
    json_t *encoded = NULL;
    error->text[0] = 0;
    if (!json_is_object(input))
        refuse(&reader, "not a JSON object");
    else if (read_order(&reader, &order))
        encoded = encode_order(&reader, &order);
    bytes_free(&order.content);
    return encoded;
}
