/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzz: any octets as an SMPP PDU; what can be read can be written and read
 * again, printed, and taken as a message or receipt.
 */
#include <stdlib.h>

#include "gw/smsc/smpp/deliver.h"
#include "gw/smsc/smpp/pdu.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void take(const struct smpp_pdu *pdu)
{
    static const struct settings_tlv tlvs[] = {
        {"port", TLV_INTEGER, 0x204, 2, NULL},
        {"oct", TLV_OCTETSTRING, 0x1400, 5, NULL},
        {"str", TLV_NULTERMINATED, 0x1401, 6, NULL},
    };
    struct smpp_settings settings = {.username = "u", .id_type = 3, .tlv_count = 3};
    struct deliver_scratch scratch = {.text = {0}};
    struct smsc_report report;
    struct sms sms;

    settings.tlvs = (struct settings_tlv *)(uintptr_t)tlvs;
    deliver_read_message(&scratch, &settings, pdu, &sms);
    deliver_read_receipt(&scratch, &settings, pdu, &report);
    deliver_scratch_free(&scratch);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice octets = slice_of(data, size);
    struct bytes packed = {0}, text = {0};
    struct smpp_pdu pdu, back;
    const char *fault = NULL;

    if (!smpp_pdu_unpack(octets, &pdu, &fault)) {
        if (fault == NULL)
            abort();
        return 0;
    }
    smpp_pdu_print(&text, &pdu, "\n");
    smpp_pdu_pack(&packed, &pdu);
    if (smpp_pdu_known(&pdu) && !smpp_pdu_unpack(bytes_slice(&packed), &back, &fault))
        abort();
    if (pdu.command == SMPP_DELIVER_SM || pdu.command == SMPP_DATA_SM)
        take(&pdu);
    bytes_free(&packed);
    bytes_free(&text);
    return 0;
}
