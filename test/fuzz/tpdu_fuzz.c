/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any octets as a TPDU, in all directions, and as a line of hex digits. What
 * decodes is printed by name and encoded again; that decodes to the same.
 */
#include <stdlib.h>

#include "gw/sms/cause.h"
#include "gw/sms/pdu.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool uses_default_tables(const struct tpdu *tpdu)
{
    struct udh_info info;
    udh_read(udh_slice(&tpdu->udh), &info);
    return info.tables.locking == 0 && info.tables.shift == 0;
}

static enum tpdu_direction direction_of(const struct tpdu *tpdu)
{
    return tpdu->type == TPDU_SUBMIT || tpdu->type == TPDU_DELIVER_REPORT ? TPDU_FROM_TE
                                                                          : TPDU_TO_TE;
}

static void encode_again(const struct tpdu *tpdu)
{
    unsigned char octets[TPDU_OCTETS_MAX];
    struct tpdu again;
    size_t len;
    if (!tpdu_encode(tpdu, '?', octets, &len, NULL)) {
        /* A character shown for an empty place may need an escape. */
        if (tpdu->alphabet == DCS_GSM7 && !uses_default_tables(tpdu))
            return;
        abort();
    }
    if (len > TPDU_OCTETS_MAX ||
        !tpdu_decode(slice_of(octets, len), direction_of(tpdu), &again, NULL))
        abort();
    bool same_text = tpdu->alphabet != DCS_GSM7 || uses_default_tables(tpdu);
    if (same_text && !slice_equal(tpdu_content(tpdu), tpdu_content(&again)))
        abort();
    if (!slice_equal(udh_slice(&tpdu->udh), udh_slice(&again.udh)))
        abort();
}

static void look_at(const struct tpdu *tpdu)
{
    char text[TIMESTAMP_TEXT_MAX];
    struct dcs dcs = dcs_decode(tpdu->dcs);
    timestamp_format(&tpdu->scts, text);
    if (tpdu->scts.valid)
        timestamp_to_unix(&tpdu->scts);
    validity_enhanced_seconds(tpdu->validity.octets, NULL);
    if (cause_status(tpdu->st).text == NULL || dcs_group_name(dcs.group) == NULL)
        abort();
    if (tpdu->address.len >= sizeof(tpdu->address.text) ||
        tpdu->address.text[tpdu->address.len] != 0)
        abort();
}

static void try_octets(struct slice octets, enum tpdu_direction direction)
{
    struct tpdu tpdu;
    struct sms_fault fault;
    if (tpdu_decode(octets, direction, &tpdu, &fault)) {
        look_at(&tpdu);
        encode_again(&tpdu);
    } else if (fault.octet > octets.len || fault.reason == NULL) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice input = slice_of(data, size);
    struct pdu pdu;
    try_octets(input, TPDU_TO_TE);
    try_octets(input, TPDU_FROM_TE);
    try_octets(input, TPDU_EITHER);
    pdu_decode(input, TPDU_EITHER, true, &pdu, NULL);
    pdu_decode(input, TPDU_TO_TE, false, &pdu, NULL);
    return 0;
}
