/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gsm7 - the GSM 7-bit alphabets of 3GPP TS 23.038: the default alphabet, its
 * extension behind the escape, the national locking and single shift tables,
 * and the packing of septets into octets.
 *
 * Three forms of a text occur: UTF-8; septets, one in each octet (what SMPP
 * carries with data_coding 0, and what is counted); and packed octets (what a
 * TPDU carries). Everything is pure, works in buffers of the caller and is
 * total: damaged UTF-8 counts as one character without a place an octet.
 */
#ifndef GW_SMS_GSM7_H
#define GW_SMS_GSM7_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gw/sms/fault.h"
#include "gwlib/bytes.h"

#define GSM7_ESCAPE    0x1B
#define GSM7_LANGUAGES 14 /* 0 default, 1 Turkish .. 13 Urdu */

/* National language numbers as in the UDH elements 0x25 and 0x24; a number
 * without such a table means the default table. {0, 0} is plain GSM 03.38. */
struct gsm7_tables {
    uint8_t locking;
    uint8_t shift;
};
#define GSM7_DEFAULT ((struct gsm7_tables){0, 0})

/* "default", "turkish", ...; NULL for a reserved number. */
const char *gsm7_language_name(unsigned language);
bool gsm7_has_locking(unsigned language);
bool gsm7_has_shift(unsigned language);

/* Septets that a character takes: 1, 2 with escape, 0 when it has no place. */
unsigned gsm7_cost(unsigned long code_point, struct gsm7_tables tables);

/* Whether every character of the UTF-8 text has a place. */
bool gsm7_fits(struct slice text, struct gsm7_tables tables);

/* Septets of the UTF-8 text when every character without a place becomes one. */
size_t gsm7_count(struct slice text, struct gsm7_tables tables);

/*
 * UTF-8 to septets. A character without a place becomes `replacement` (which
 * must itself have a place of one septet: '?'), or is a fault when replacement
 * is 0. False, too, when capacity septets are not enough; gsm7_count() of them
 * always are. fault->octet is the position in the text.
 */
bool gsm7_encode(struct slice text, struct gsm7_tables tables, char replacement, uint8_t *septets,
                 size_t capacity, size_t *count, struct sms_fault *fault);

/*
 * Septets (bit 7 is ignored) to UTF-8; returns the octets written, at most
 * GSM7_UTF8_MAX(count). Total, by the rules of 23.038: an escape before a place
 * that is empty shows the character of the main table, an escape at the end or
 * before another escape a space; an empty place of a locking table shows the
 * default table's character.
 */
#define GSM7_UTF8_MAX(septets) (3 * (septets))
size_t gsm7_decode(const uint8_t *septets, size_t count, struct gsm7_tables tables, char *utf8);

/* Appends the UTF-8 text with `replacement` for each character without a place. */
void gsm7_append_replaced(struct bytes *to, struct slice text, struct gsm7_tables tables,
                          char replacement);

/* --- packing ------------------------------------------------------------ */

/* Octets that hold so many septets behind so many fill bits. */
#define GSM7_PACKED(septets, fill_bits) (((septets)*7 + (fill_bits) + 7) / 8)

/* Writes GSM7_PACKED(count, fill_bits) octets; fill_bits 0..6 zero bits go
 * before the first septet, zero bits behind the last. Returns that number. */
size_t gsm7_pack(const uint8_t *septets, size_t count, unsigned fill_bits, unsigned char *octets);

/* Reads count septets from bit first_bit on. False, and nothing written, when
 * len octets do not hold them. */
bool gsm7_unpack(const unsigned char *octets, size_t len, size_t first_bit, size_t count,
                 uint8_t *septets);

#endif
