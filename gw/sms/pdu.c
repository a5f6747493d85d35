/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pdu - see pdu.h.
 */
#include "gw/sms/pdu.h"

#include <string.h>

/* Modems that pad a line to a record of the SIM stay below this. */
#define LINE_OCTETS_MAX 256

/* --- hex -------------------------------------------------------------------- */

/* Value + 1 of a hex digit; 0 for anything else. */
static const unsigned char digit_values[256] = {
    ['0'] = 1,  ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,  ['6'] = 7,  ['7'] = 8,
    ['8'] = 9,  ['9'] = 10, ['A'] = 11, ['B'] = 12, ['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16,
    ['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16};

static bool unhex(struct slice digits, unsigned char *octets, size_t *len, struct sms_fault *fault)
{
    if (digits.len / 2 > LINE_OCTETS_MAX)
        return sms_fault(fault, LINE_OCTETS_MAX, "longer than any PDU");
    for (size_t i = 0; i + 1 < digits.len; i += 2) {
        unsigned high = digit_values[digits.data[i]], low = digit_values[digits.data[i + 1]];
        if (high == 0 || low == 0)
            return sms_fault(fault, i / 2, "not a hex digit");
        octets[i / 2] = (unsigned char)((high - 1) << 4 | (low - 1));
    }
    if (digits.len % 2 != 0)
        return sms_fault(fault, digits.len / 2, "odd number of hex digits");
    *len = digits.len / 2;
    return true;
}

static void hex(const unsigned char *octets, size_t len, struct pdu_line *line)
{
    static const char digits[] = "0123456789ABCDEF";
    char *to = line->digits;
    for (size_t i = 0; i < len; i++) {
        *to++ = digits[octets[i] >> 4];
        *to++ = digits[octets[i] & 0xF];
    }
    *to = 0;
    line->len = 2 * len;
}

/* --- lines -------------------------------------------------------------------- */

bool pdu_decode(struct slice digits, enum tpdu_direction direction, bool with_smsc, struct pdu *pdu,
                struct sms_fault *fault)
{
    unsigned char octets[LINE_OCTETS_MAX];
    size_t len, pos = 0;
    struct sms_fault inner;
    if (!unhex(digits, octets, &len, fault))
        return false;
    pdu->smsc.present = false;
    pdu->smsc.toa = pdu->smsc.len = 0;
    pdu->smsc.text[0] = 0;
    if (with_smsc && !address_decode_smsc(slice_of(octets, len), &pos, &pdu->smsc, fault))
        return false;
    pdu->tpdu_len = len - pos;
    if (!tpdu_decode(slice_of(octets + pos, len - pos), direction, &pdu->tpdu, &inner))
        return sms_fault(fault, pos + inner.octet, inner.reason);
    return true;
}

static bool encode_line(const struct sms_address *smsc, const struct tpdu *tpdu,
                        struct slice content, char replacement, struct pdu_line *line,
                        struct sms_fault *fault)
{
    unsigned char octets[PDU_OCTETS_MAX];
    size_t front = smsc != NULL ? address_encode_smsc(smsc, octets) : 0, len;
    if (!tpdu_encode_content(tpdu, content, replacement, octets + front, &len, fault))
        return false;
    line->tpdu_len = len;
    hex(octets, front + len, line);
    return true;
}

bool pdu_encode(const struct pdu *pdu, bool with_smsc, char replacement, struct pdu_line *line,
                struct sms_fault *fault)
{
    return encode_line(with_smsc ? &pdu->smsc : NULL, &pdu->tpdu, tpdu_content(&pdu->tpdu),
                       replacement, line, fault);
}

/* --- a message to send ---------------------------------------------------------- */

struct pdu_submit pdu_submit_blank(void)
{
    return (struct pdu_submit){.receiver_toa = ADDRESS_TOA_AUTO,
                               .dcs = DCS_FIELDS_UNSET,
                               .pid = -1,
                               .rpi = -1,
                               .validity = -1};
}

static bool fill_submit(const struct pdu_submit *submit, struct tpdu *tpdu, struct sms_fault *fault)
{
    tpdu_init(tpdu, TPDU_SUBMIT);
    if (!address_from_text(submit->receiver, submit->receiver_toa, &tpdu->address, fault) ||
        !udh_set(&tpdu->udh, submit->udh, fault))
        return false;
    tpdu->mr = submit->reference;
    tpdu->pid = submit->pid >= 0 ? (uint8_t)submit->pid : 0;
    tpdu->dcs = dcs_from_fields(&submit->dcs);
    tpdu->alphabet = submit->dcs.coding == DCS_8BIT   ? DCS_8BIT
                     : submit->dcs.coding == DCS_UCS2 ? DCS_UCS2
                                                      : DCS_GSM7;
    tpdu->report = submit->want_report;
    tpdu->reply_path = submit->rpi == 1;
    if (submit->validity >= 0) {
        tpdu->validity.kind = VALIDITY_RELATIVE;
        tpdu->validity.code = (uint8_t)(submit->validity > 255 ? 255 : submit->validity);
    }
    return true;
}

bool pdu_submit(const struct pdu_submit *submit, bool with_smsc, struct pdu_line *line,
                struct sms_fault *fault)
{
    struct sms_address smsc = {0};
    struct tpdu tpdu;
    if (!slice_is_empty(submit->smsc) &&
        !address_from_text(submit->smsc, ADDRESS_TOA_AUTO, &smsc, fault))
        return false;
    return fill_submit(submit, &tpdu, fault) &&
           encode_line(with_smsc ? &smsc : NULL, &tpdu, submit->content, '?', line, fault);
}
