/* SPDX-License-Identifier: Apache-2.0 */
/*
 * address - TP-OA, TP-DA, TP-RA and the service centre's address in front of a
 * PDU (3GPP TS 23.040 section 9.1.2.5, 24.011 section 8.2.5).
 *
 * As text a number is its digits with '+' in front when the type of number is
 * international; the digits 10..14 are * # a b c. An alphanumeric address is
 * UTF-8 of at most 11 septets.
 */
#ifndef GW_SMS_ADDRESS_H
#define GW_SMS_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gw/sms/fault.h"
#include "gwlib/bytes.h"

#define ADDRESS_DIGITS_MAX 20
#define ADDRESS_OCTETS_MAX 12 /* length, type, 10 octets */

enum address_ton {
    ADDRESS_UNKNOWN = 0,
    ADDRESS_INTERNATIONAL = 1,
    ADDRESS_NATIONAL = 2,
    ADDRESS_NETWORK = 3,
    ADDRESS_SUBSCRIBER = 4,
    ADDRESS_ALPHANUMERIC = 5,
    ADDRESS_ABBREVIATED = 6,
    ADDRESS_RESERVED = 7
};

#define ADDRESS_TOA_UNKNOWN       0x81
#define ADDRESS_TOA_INTERNATIONAL 0x91
#define ADDRESS_TOA_ALPHANUMERIC  0xD0
#define ADDRESS_TOA_AUTO          (-1)

struct sms_address {
    bool present;  /* false: an SMSC field of length 0 */
    uint8_t toa;   /* type octet: 0x80 | TON << 4 | NPI */
    uint8_t len;   /* octets of text */
    char text[40]; /* ends with a NUL */
};

static inline struct slice address_slice(const struct sms_address *address)
{
    return slice_of(address->text, address->len);
}

static inline enum address_ton address_ton(uint8_t toa)
{
    return (enum address_ton)((toa >> 4) & 7);
}

/* "unknown", "international", ... */
const char *address_ton_name(enum address_ton ton);

/*
 * An address from text. toa ADDRESS_TOA_AUTO: '+' and digits are international
 * (0x91), digits * # alone of unknown type (0x81), anything else alphanumeric
 * (0xD0). A given toa is kept; a '+' is dropped with it. Digits a, b, c need a
 * given toa. Refused: more than 20 digits, more than 11 septets, a character
 * without a place, an empty alphanumeric address.
 */
bool address_from_text(struct slice text, int toa, struct sms_address *address,
                       struct sms_fault *fault);

/*
 * A TP-address (length in semi-octets) at octets[*pos], and *pos moved past it.
 * fault->octet counts from octets[0].
 */
bool address_decode(struct slice octets, size_t *pos, struct sms_address *address,
                    struct sms_fault *fault);
/* The service centre field (length in octets, 0: none). */
bool address_decode_smsc(struct slice octets, size_t *pos, struct sms_address *address,
                         struct sms_fault *fault);

/* Writes at most ADDRESS_OCTETS_MAX octets and returns how many. The address
 * must come from one of the functions above. */
size_t address_encode(const struct sms_address *address, unsigned char *octets);
/* Not present: the one octet 00. */
size_t address_encode_smsc(const struct sms_address *address, unsigned char *octets);

#endif
