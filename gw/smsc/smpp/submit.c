/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Composing submit_sm: see submit.h.
 */
#include "gw/smsc/smpp/submit.h"

#include "gw/sms/dcs.h"
#include "gw/sms/gsm7.h"
#include "gw/sms/udh.h"
#include "gw/smsc/smpp/meta.h"
#include "gwlib/charset.h"

#define ADDRESS_MAX         20  /* octets of an address without its NUL */
#define SHORT_MESSAGE_MAX   254 /* longer goes as message_payload */
#define VERSION_WITH_TLVS   0x34
#define SERVICE_TYPE_LEN    5
#define PRIORITY_MAX        3
#define INTERMEDIATE_NOTICE 0x10 /* registered_delivery: tell about delays too */

/* Types of number and numbering plans (section 5.2.5, 5.2.6). */
enum { TON_INTERNATIONAL = 1, TON_NATIONAL = 2, TON_ALPHANUMERIC = 5 };
enum { NPI_UNKNOWN = 0, NPI_ISDN = 1 };

void submit_scratch_free(struct submit_scratch *scratch)
{
    bytes_free(&scratch->source);
    bytes_free(&scratch->destination);
    bytes_free(&scratch->message);
    bytes_free(&scratch->tlvs);
}

/* --- addresses ------------------------------------------------------------------- */

static bool all_digits(struct slice s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.data[i] < '0' || s.data[i] > '9')
            return false;
    return true;
}

static bool has_plus(struct slice address)
{
    return address.len > 0 && address.data[0] == '+';
}

static void append_septets(struct bytes *to, struct slice text, struct gsm7_tables tables)
{
    size_t room = gsm7_count(text, tables);
    size_t count = 0;

    bytes_reserve(to, room + 1);
    gsm7_encode(text, tables, '?', to->data + to->len, room, &count, NULL);
    to->len += count;
    to->data[to->len] = 0;
}

/* In SMPP '@' of the GSM alphabet would be a NUL, which ends an address. */
static void append_alphanumeric(struct bytes *to, struct slice name, const char *charset)
{
    if (charset != NULL) {
        charset_convert_lossy(to, charset, name, "UTF-8", '?');
        return;
    }
    append_septets(to, name, GSM7_DEFAULT);
    for (size_t i = 0; i < to->len; i++)
        if (to->data[i] == 0)
            to->data[i] = '?';
}

static void set_source(struct submit_scratch *scratch, const struct smpp_settings *settings,
                       struct slice sender, struct smpp_sm *sm)
{
    struct slice digits = has_plus(sender) ? slice_sub(sender, 1, sender.len) : sender;

    sm->source_addr_ton =
        (uint8_t)(settings->source_ton != SETTINGS_AUTO ? settings->source_ton : TON_NATIONAL);
    sm->source_addr_npi =
        (uint8_t)(settings->source_npi != SETTINGS_AUTO ? settings->source_npi : NPI_ISDN);
    if (settings->autodetect && !all_digits(digits)) {
        sm->source_addr_ton = TON_ALPHANUMERIC;
        sm->source_addr_npi = NPI_UNKNOWN;
        append_alphanumeric(&scratch->source, sender, settings->addr_charset);
    } else if (settings->autodetect && has_plus(sender)) {
        sm->source_addr_ton = TON_INTERNATIONAL;
        bytes_append_slice(&scratch->source, digits);
    } else {
        bytes_append_slice(&scratch->source, sender);
    }
    sm->source_addr = bytes_slice(&scratch->source);
}

static void set_destination(struct submit_scratch *scratch, const struct smpp_settings *settings,
                            struct slice receiver, struct smpp_sm *sm)
{
    bool international = has_plus(receiver);

    sm->dest_addr_npi =
        (uint8_t)(settings->dest_npi != SETTINGS_AUTO ? settings->dest_npi : NPI_ISDN);
    if (international)
        sm->dest_addr_ton = TON_INTERNATIONAL;
    else
        sm->dest_addr_ton =
            (uint8_t)(settings->dest_ton != SETTINGS_AUTO ? settings->dest_ton : TON_NATIONAL);
    bytes_append_slice(&scratch->destination, slice_sub(receiver, international, receiver.len));
    sm->destination_addr = bytes_slice(&scratch->destination);
}

/* A number that was cut would be somebody else's. */
static uint32_t check_addresses(const struct smpp_sm *sm)
{
    if (sm->source_addr.len > ADDRESS_MAX ||
        slice_find(sm->source_addr, 0, 0) < sm->source_addr.len)
        return SMPP_ESME_RINVSRCADR;
    if (sm->destination_addr.len == 0 || sm->destination_addr.len > ADDRESS_MAX ||
        slice_find(sm->destination_addr, 0, 0) < sm->destination_addr.len)
        return SMPP_ESME_RINVDSTADR;
    return SMPP_ESME_ROK;
}

/* --- flags ------------------------------------------------------------------------- */

/* Kannel writes a class in the 0xF0 form unless the text is UCS-2. */
static uint8_t data_coding(const struct sms *sms, const struct smpp_settings *settings)
{
    struct dcs_fields fields = {.coding = (int)sms_coding(sms),
                                .mclass = sms->mclass,
                                .mwi = sms->mwi,
                                .compress = sms->compress,
                                .alt_dcs = sms->alt_dcs};

    if (settings->alt_dcs || (sms->mclass != SMS_UNSET && sms->compress != 1))
        fields.alt_dcs = 1;
    return dcs_from_fields(&fields);
}

static uint8_t esm_class(const struct sms *sms, const struct smpp_settings *settings)
{
    uint8_t class = settings->esm_class;

    if (!slice_is_empty(sms->udhdata))
        class |= SMPP_ESM_UDHI;
    if (sms->rpi > 0)
        class |= SMPP_ESM_REPLY_PATH;
    return class;
}

static uint8_t registered_delivery(const struct smsc_submit *submit)
{
    const struct sms *sms = message_sms(submit->message);
    uint8_t wanted = 0;

    if (!submit->want_report)
        return 0;
    if (sms_wants(sms, DLR_DELIVERED))
        wanted = 1;
    else if (sms_wants(sms, DLR_FAILED | DLR_EXPIRED | DLR_UNKNOWN))
        wanted = 2;
    if (sms_wants(sms, DLR_BUFFERED))
        wanted |= INTERMEDIATE_NOTICE;
    return wanted;
}

static void set_flags(const struct smpp_settings *settings, const struct smsc_submit *submit,
                      struct smpp_sm *sm)
{
    const struct sms *sms = message_sms(submit->message);

    if (!slice_is_empty(sms->binfo))
        sm->service_type = slice_sub(sms->binfo, 0, SERVICE_TYPE_LEN);
    else if (settings->service_type != NULL)
        sm->service_type = slice_sub(slice_str(settings->service_type), 0, SERVICE_TYPE_LEN);
    sm->esm_class = esm_class(sms, settings);
    sm->protocol_id = (uint8_t)(sms->pid > 0 ? sms->pid : 0);
    sm->priority_flag = sms->priority >= 0 && sms->priority <= PRIORITY_MAX ? (uint8_t)sms->priority
                                                                            : settings->priority;
    sm->registered_delivery = registered_delivery(submit);
    sm->data_coding = data_coding(sms, settings);
}

static void set_times(struct submit_scratch *scratch, const struct smpp_settings *settings,
                      const struct sms *sms, int64_t now, struct smpp_sm *sm)
{
    int64_t validity = sms->validity;

    if (validity < 0 && settings->validity_minutes > 0)
        validity = now + settings->validity_minutes * 60;
    if (validity >= 0) {
        smpp_time_format(validity, scratch->validity);
        sm->validity_period = slice_str(scratch->validity);
    }
    if (sms->deferred > now) {
        smpp_time_format(sms->deferred, scratch->schedule);
        sm->schedule_delivery_time = slice_str(scratch->schedule);
    }
}

/* --- content ----------------------------------------------------------------------- */

static struct gsm7_tables tables_of(struct slice udh)
{
    struct udh_info info;

    if (slice_is_empty(udh))
        return GSM7_DEFAULT;
    udh_read(udh, &info);
    return info.tables;
}

static void append_content(struct bytes *to, const struct smpp_settings *settings,
                           const struct sms *sms)
{
    bytes_append_slice(to, sms->udhdata);
    if (sms_coding(sms) != SMS_CODING_7BIT)
        bytes_append_slice(to, sms->msgdata);
    else if (settings->charset != NULL)
        charset_convert_lossy(to, settings->charset, sms->msgdata, "UTF-8", '?');
    else
        append_septets(to, sms->msgdata, tables_of(sms->udhdata));
}

static void set_content(struct submit_scratch *scratch, const struct smpp_settings *settings,
                        const struct smsc_submit *submit, struct smpp_sm *sm)
{
    const struct sms *sms = message_sms(submit->message);
    bool tlvs = settings->version >= VERSION_WITH_TLVS;

    append_content(&scratch->message, settings, sms);
    if (scratch->message.len > SHORT_MESSAGE_MAX)
        smpp_tlv_append(&scratch->tlvs, SMPP_TLV_MESSAGE_PAYLOAD, bytes_slice(&scratch->message));
    else
        sm->short_message = bytes_slice(&scratch->message);
    if (tlvs && submit->part < submit->parts)
        smpp_tlv_append_number(&scratch->tlvs, SMPP_TLV_MORE_MESSAGES_TO_SEND, 1, 1);
    if (tlvs)
        meta_append_tlvs(&scratch->tlvs, settings, sms->meta_data);
}

uint32_t submit_compose(struct submit_scratch *scratch, const struct smpp_settings *settings,
                        const struct smsc_submit *submit, int64_t now, struct smpp_pdu *pdu)
{
    const struct sms *sms = message_sms(submit->message);

    bytes_clear(&scratch->source);
    bytes_clear(&scratch->destination);
    bytes_clear(&scratch->message);
    bytes_clear(&scratch->tlvs);
    *pdu = smpp_pdu_blank(SMPP_SUBMIT_SM, 0);
    set_source(scratch, settings, sms->sender, &pdu->sm);
    set_destination(scratch, settings, sms->receiver, &pdu->sm);
    set_flags(settings, submit, &pdu->sm);
    set_times(scratch, settings, sms, now, &pdu->sm);
    set_content(scratch, settings, submit, &pdu->sm);
    pdu->tlvs = bytes_slice(&scratch->tlvs);
    if (scratch->message.len > SMPP_LENGTH_MAX / 2)
        return SMPP_ESME_RINVMSGLEN;
    return check_addresses(&pdu->sm);
}
