/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pdu - see pdu.h.
 */
#include "gw/sms/pdu.h"

#include <string.h>

/* Modems that pad a line to a record of the SIM stay below this. */
#define LINE_OCTETS_MAX 256

/* --- hex -------------------------------------------------------------------- */

#define BLOCK 16 /* octets; loops of a fixed length become vector instructions */

static bool is_digit(unsigned char c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

static bool refuse_digits(struct slice digits, struct sms_fault *fault)
{
    size_t i = 0;
    while (i < digits.len && is_digit(digits.data[i]))
        i++;
    if (i < digits.len)
        return sms_fault(fault, i / 2, "not a hex digit");
    return sms_fault(fault, digits.len / 2, "odd number of hex digits");
}

static unsigned digit_value(unsigned char c)
{
    return (c & 0x0Fu) + (c >> 6) * 9u;
}

/* A block of digits to octets; false when one of them is none. */
static inline bool unhex_block(const unsigned char *digits, unsigned char *octets)
{
    unsigned char values[2 * BLOCK], both[BLOCK], bad = 0;
    for (int i = 0; i < 2 * BLOCK; i++) {
        unsigned char decimal = (unsigned char)(digits[i] - '0');
        unsigned char letter = (unsigned char)((digits[i] | 0x20) - 'a');
        values[i] = decimal < 10 ? decimal : (unsigned char)(letter + 10);
        bad |= decimal >= 10 && letter >= 6;
    }
    for (int i = 0; i < BLOCK; i++)
        both[i] = (unsigned char)(values[2 * i] << 4 | values[2 * i + 1]);
    memcpy(octets, both, sizeof(both));
    return bad == 0;
}

static bool unhex(struct slice digits, unsigned char octets[LINE_OCTETS_MAX], size_t *len,
                  struct sms_fault *fault)
{
    size_t i = 0;
    if (digits.len / 2 > LINE_OCTETS_MAX)
        return sms_fault(fault, LINE_OCTETS_MAX, "longer than any PDU");
    for (; i + 2 * BLOCK <= digits.len; i += 2 * BLOCK) {
        if (!unhex_block(digits.data + i, octets + i / 2))
            return refuse_digits(digits, fault);
    }
    for (; i + 2 <= digits.len; i += 2) {
        if (!is_digit(digits.data[i]) || !is_digit(digits.data[i + 1]))
            return refuse_digits(digits, fault);
        octets[i / 2] =
            (unsigned char)(digit_value(digits.data[i]) << 4 | digit_value(digits.data[i + 1]));
    }
    if (i < digits.len)
        return refuse_digits(digits, fault);
    *len = digits.len / 2;
    return true;
}

static inline unsigned char digit_of(unsigned nibble)
{
    return (unsigned char)(nibble + '0' + (nibble > 9 ? 'A' - '0' - 10 : 0));
}

static inline void hex_block(const unsigned char *octets, char *digits)
{
    unsigned char both[2 * BLOCK];
    for (int i = 0; i < BLOCK; i++) {
        both[2 * i] = digit_of(octets[i] >> 4);
        both[2 * i + 1] = digit_of(octets[i] & 0xFu);
    }
    memcpy(digits, both, sizeof(both));
}

_Static_assert(PDU_OCTETS_MAX % BLOCK == 0, "a line is made of whole blocks");

/* octets must be a buffer of PDU_OCTETS_MAX: whole blocks are read and written. */
static void hex(const unsigned char *octets, size_t len, struct pdu_line *line)
{
    for (size_t i = 0; i < len; i += BLOCK)
        hex_block(octets + i, line->digits + 2 * i);
    line->digits[2 * len] = 0;
    line->len = 2 * len;
}

/* --- lines -------------------------------------------------------------------- */

bool pdu_decode(struct slice digits, enum tpdu_direction direction, bool with_smsc, struct pdu *pdu,
                struct sms_fault *fault)
{
    unsigned char octets[LINE_OCTETS_MAX];
    size_t len = 0, pos = 0;
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
