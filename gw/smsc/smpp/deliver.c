/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading deliver_sm and data_sm: see deliver.h.
 */
#include "gw/smsc/smpp/deliver.h"

#include "gw/sms/dcs.h"
#include "gw/sms/gsm7.h"
#include "gw/sms/udh.h"
#include "gw/smsc/smpp/meta.h"
#include "gw/smsc/smpp/receipt.h"
#include "gwlib/charset.h"
#include "gwlib/clock.h"

enum { TON_INTERNATIONAL = 1, TON_ALPHANUMERIC = 5 };

void deliver_scratch_free(struct deliver_scratch *scratch)
{
    bytes_free(&scratch->sender);
    bytes_free(&scratch->receiver);
    bytes_free(&scratch->text);
    bytes_free(&scratch->udh);
    bytes_free(&scratch->meta);
    bytes_free(&scratch->id);
    bytes_free(&scratch->other_id);
}

static void clear(struct deliver_scratch *scratch)
{
    bytes_clear(&scratch->sender);
    bytes_clear(&scratch->receiver);
    bytes_clear(&scratch->text);
    bytes_clear(&scratch->udh);
    bytes_clear(&scratch->meta);
    bytes_clear(&scratch->id);
    bytes_clear(&scratch->other_id);
}

/* --- both commands as one ------------------------------------------------------- */

/* data_sm as the deliver_sm that says the same; a payload as the short message
 * that it stands for. */
static struct smpp_sm unify(const struct smpp_pdu *pdu)
{
    struct smpp_sm sm = {.short_message = slice_of("", 0)};
    struct slice payload;

    if (pdu->command == SMPP_DATA_SM) {
        sm.service_type = pdu->data.service_type;
        sm.source_addr_ton = pdu->data.source_addr_ton;
        sm.source_addr = pdu->data.source_addr;
        sm.dest_addr_ton = pdu->data.dest_addr_ton;
        sm.destination_addr = pdu->data.destination_addr;
        sm.esm_class = pdu->data.esm_class;
        sm.data_coding = pdu->data.data_coding;
    } else {
        sm = pdu->sm;
    }
    if (sm.short_message.len == 0 && smpp_tlv_find(pdu->tlvs, SMPP_TLV_MESSAGE_PAYLOAD, &payload))
        sm.short_message = payload;
    return sm;
}

bool deliver_is_receipt(const struct smpp_pdu *pdu)
{
    uint8_t class = pdu->command == SMPP_DATA_SM ? pdu->data.esm_class : pdu->sm.esm_class;

    return (class & (SMPP_ESM_RECEIPT | SMPP_ESM_SME_ACK | SMPP_ESM_INTERMEDIATE)) != 0;
}

/* --- text --------------------------------------------------------------------------- */

static void append_gsm(struct bytes *to, struct slice octets, struct gsm7_tables tables)
{
    struct bytes septets = {0};

    for (size_t i = 0; i < octets.len; i++)
        bytes_append_char(&septets, octets.data[i] < 0x80 ? octets.data[i] : '?');
    bytes_reserve(to, GSM7_UTF8_MAX(septets.len) + 1);
    to->len += gsm7_decode(septets.data, septets.len, tables, (char *)to->data + to->len);
    to->data[to->len] = 0;
    bytes_free(&septets);
}

/* The charset of text by data_coding (section 5.2.19); NULL: not a text of its
 * own charset. */
static const char *coding_charset(uint8_t data_coding)
{
    switch (data_coding) {
    case 0x01: /* IA5; where it has 8 bits it is this */
    case 0x03:
        return "ISO-8859-1";
    case 0x05:
        return "SHIFT_JIS";
    case 0x06:
        return "ISO-8859-5";
    case 0x07:
        return "ISO-8859-8";
    case 0x0D:
        return "EUC-JP";
    case 0x0E:
        return "EUC-KR";
    default:
        return NULL;
    }
}

static struct gsm7_tables tables_of(struct slice udh)
{
    struct udh_info info;

    if (slice_is_empty(udh))
        return GSM7_DEFAULT;
    udh_read(udh, &info);
    return info.tables;
}

static void append_text(struct bytes *to, const struct smpp_settings *settings, uint8_t data_coding,
                        struct slice udh, struct slice content)
{
    const char *charset = coding_charset(data_coding);

    if (charset == NULL)
        charset = settings->charset;
    if (charset != NULL)
        charset_convert_lossy(to, "UTF-8", content, charset, '?');
    else
        append_gsm(to, content, tables_of(udh));
}

static void set_coding(struct sms *sms, uint8_t data_coding)
{
    struct dcs_fields fields = dcs_to_fields(data_coding);

    if (data_coding == 0x02)
        fields = dcs_to_fields(0x04);
    else if (coding_charset(data_coding) != NULL)
        fields = dcs_to_fields(0x00);
    sms->coding = fields.coding;
    sms->mclass = fields.mclass;
    sms->mwi = fields.mwi;
    if (data_coding < 0x80) /* the other groups say nothing about it */
        sms->compress = fields.compress > 0;
    sms->alt_dcs = fields.alt_dcs > 0;
}

static void set_content(struct deliver_scratch *scratch, const struct smpp_settings *settings,
                        const struct smpp_sm *sm, struct slice content, struct sms *sms)
{
    set_coding(sms, sm->data_coding);
    if (sms->coding == SMS_CODING_7BIT) {
        append_text(&scratch->text, settings, sm->data_coding, sms->udhdata, content);
        content = bytes_slice(&scratch->text);
    }
    sms->msgdata = content;
}

/* --- headers -------------------------------------------------------------------------- */

/* Takes the user data header off the content; false when it is damaged. */
static bool split_udh(struct slice *content, struct slice *udh)
{
    size_t len = content->len > 0 ? (size_t)content->data[0] + 1 : 0;

    if (len == 0 || len > content->len || !udh_check(slice_sub(*content, 0, len), NULL))
        return false;
    *udh = slice_sub(*content, 0, len);
    *content = slice_sub(*content, len, content->len);
    return true;
}

/* The parameters sar_* say what a concatenation element says. */
static void add_segment(struct deliver_scratch *scratch, struct slice tlvs, struct sms *sms)
{
    uint32_t reference, total, part;
    struct udh udh = {0};
    struct udh_concat concat = {.bits = 16};

    if (!smpp_tlv_find_number(tlvs, SMPP_TLV_SAR_MSG_REF_NUM, &reference) ||
        !smpp_tlv_find_number(tlvs, SMPP_TLV_SAR_TOTAL_SEGMENTS, &total) ||
        !smpp_tlv_find_number(tlvs, SMPP_TLV_SAR_SEGMENT_SEQNUM, &part) || total < 2 ||
        total > 255 || part < 1 || part > total)
        return;
    concat.ref = (uint16_t)reference;
    concat.total = (uint8_t)total;
    concat.part = (uint8_t)part;
    if (!slice_is_empty(sms->udhdata) && !udh_set(&udh, sms->udhdata, NULL))
        return;
    if (!udh_add_concat(&udh, &concat))
        return;
    bytes_append_slice(&scratch->udh, udh_slice(&udh));
    sms->udhdata = bytes_slice(&scratch->udh);
}

/* --- addresses -------------------------------------------------------------------------- */

static struct slice read_address(struct bytes *to, uint8_t ton, struct slice address,
                                 const struct smpp_settings *settings)
{
    if (ton == TON_ALPHANUMERIC && settings->addr_charset != NULL) {
        charset_convert_lossy(to, "UTF-8", address, settings->addr_charset, '?');
    } else if (ton == TON_ALPHANUMERIC) {
        append_gsm(to, address, GSM7_DEFAULT);
    } else {
        if (ton == TON_INTERNATIONAL && address.len > 0 && address.data[0] != '+')
            bytes_append_char(to, '+');
        bytes_append_slice(to, address);
    }
    return bytes_slice(to);
}

static void set_addresses(struct deliver_scratch *scratch, const struct smpp_settings *settings,
                          const struct smpp_sm *sm, struct sms *sms)
{
    sms->sender = read_address(&scratch->sender, sm->source_addr_ton, sm->source_addr, settings);
    if (settings->my_number != NULL)
        sms->receiver = slice_str(settings->my_number);
    else
        sms->receiver =
            read_address(&scratch->receiver, sm->dest_addr_ton, sm->destination_addr, settings);
}

/* --- results ------------------------------------------------------------------------------ */

uint32_t deliver_read_message(struct deliver_scratch *scratch, const struct smpp_settings *settings,
                              const struct smpp_pdu *pdu, struct sms *sms)
{
    struct smpp_sm sm = unify(pdu);
    struct slice content = sm.short_message;

    clear(scratch);
    *sms = sms_blank();
    if ((sm.esm_class & SMPP_ESM_UDHI) != 0 && !split_udh(&content, &sms->udhdata))
        return SMPP_ESME_RINVESMCLASS;
    set_addresses(scratch, settings, &sm, sms);
    set_content(scratch, settings, &sm, content, sms);
    add_segment(scratch, pdu->tlvs, sms);
    meta_append_group(&scratch->meta, settings, "smpp", pdu->tlvs);
    sms->meta_data = bytes_slice(&scratch->meta);
    sms->account = slice_str(settings->username);
    sms->pid = sm.protocol_id;
    sms->priority = sm.priority_flag;
    if (sm.service_type.len > 0)
        sms->binfo = sm.service_type;
    if ((sm.esm_class & SMPP_ESM_REPLY_PATH) != 0)
        sms->rpi = 1;
    return SMPP_ESME_ROK;
}

/* With msg-id-type, the id in decimal; and, should the SMSC not keep to it, what
 * it is when it is read in the other base. */
static void read_id(struct deliver_scratch *scratch, const struct smpp_settings *settings,
                    struct slice id)
{
    bool hex =
        settings->id_type != RECEIPT_IDS_AS_TEXT && (settings->id_type & RECEIPT_HEX_DELIVER) != 0;

    if (settings->id_type == RECEIPT_IDS_AS_TEXT) {
        bytes_append_slice(&scratch->id, id);
        return;
    }
    receipt_append_id(&scratch->id, id, hex);
    receipt_append_id(&scratch->other_id, id, !hex);
    if (slice_equal(bytes_slice(&scratch->id), bytes_slice(&scratch->other_id)))
        bytes_clear(&scratch->other_id);
}

bool deliver_read_receipt(struct deliver_scratch *scratch, const struct smpp_settings *settings,
                          const struct smpp_pdu *pdu, struct smsc_report *report)
{
    struct smpp_sm sm = unify(pdu);
    struct receipt receipt;

    clear(scratch);
    if (!receipt_read(sm.short_message, pdu->tlvs, &receipt))
        return false;
    read_id(scratch, settings, receipt.id);
    if (charset_is_utf8(sm.short_message))
        bytes_append_slice(&scratch->text, sm.short_message);
    else
        charset_convert_lossy(&scratch->text, "UTF-8", sm.short_message, "ISO-8859-1", '?');
    meta_append_group(&scratch->meta, settings, "smpp", pdu->tlvs);
    if (receipt.has_error)
        meta_append_item(&scratch->meta, "dlr_err", slice_of(receipt.error, sizeof receipt.error));
    *report = (struct smsc_report){.foreign_id = bytes_slice(&scratch->id),
                                   .other_id = bytes_slice(&scratch->other_id),
                                   .claimed_receiver = sm.source_addr,
                                   .event = receipt.event,
                                   .text = bytes_slice(&scratch->text),
                                   .meta_data = bytes_slice(&scratch->meta),
                                   .account = slice_str(settings->username),
                                   .time = clock_wall()};
    return true;
}
