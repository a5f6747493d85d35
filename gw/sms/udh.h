/* SPDX-License-Identifier: Apache-2.0 */
/*
 * udh - the user data header of 3GPP TS 23.040 section 9.2.3.24: a length octet
 * and information elements of id, length, data.
 *
 * "udh" means the header with its length octet, as in a message's udhdata and
 * on the wire; an unset or empty slice is no header. Unknown elements are kept
 * and skipped. Everything is pure; slices point into what was given.
 */
#ifndef GW_SMS_UDH_H
#define GW_SMS_UDH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gw/sms/fault.h"
#include "gw/sms/gsm7.h"
#include "gwlib/bytes.h"

#define UDH_MAX 140 /* octets, with the length octet: the whole user data */

enum udh_element_id {
    UDH_CONCAT_8 = 0x00,
    UDH_SPECIAL_MESSAGE = 0x01, /* message waiting */
    UDH_PORTS_8 = 0x04,
    UDH_PORTS_16 = 0x05,
    UDH_CONCAT_16 = 0x08,
    UDH_SINGLE_SHIFT = 0x24,
    UDH_LOCKING_SHIFT = 0x25
};

struct udh_element {
    uint8_t id;
    struct slice data;
};

/* Whether the elements fill the header exactly; a fault names the octet. No
 * header and the header of one 0 octet are fine. */
bool udh_check(struct slice udh, struct sms_fault *fault);

/* The element at *pos and *pos moved past it; start with *pos = 0. False at the
 * end, and where an element runs past it. */
bool udh_next(struct slice udh, size_t *pos, struct udh_element *element);

/* Printable name of an element id: "concatenation, 8-bit reference"; "unknown". */
const char *udh_element_name(unsigned id);

/* --- what it says -------------------------------------------------------- */

struct udh_concat {
    uint8_t bits; /* width of the reference, 8 or 16; 0: not a part */
    uint8_t total;
    uint8_t part; /* 1..total */
    uint16_t ref;
};

struct udh_ports {
    uint8_t bits; /* 8 or 16; 0: none */
    uint16_t destination;
    uint16_t source;
};

struct udh_info {
    struct udh_concat concat; /* ignored when its numbers make no sense */
    struct udh_ports ports;
    int locking, shift;        /* language numbers as sent; -1: none */
    struct gsm7_tables tables; /* of those that exist */
};

/* The last element of a kind wins, as 23.040 wants. */
void udh_read(struct slice udh, struct udh_info *info);

/* --- making one ----------------------------------------------------------- */

/* A header under construction; all zero is "no header". */
struct udh {
    size_t len; /* with the length octet */
    unsigned char octets[UDH_MAX];
};

static inline struct slice udh_slice(const struct udh *udh)
{
    return slice_of(udh->octets, udh->len);
}

/* Takes a header over; false when it is longer than UDH_MAX or udh_check()
 * fails. */
bool udh_set(struct udh *udh, struct slice octets, struct sms_fault *fault);

/* Adds one element behind the others; false when it does not fit. */
bool udh_add(struct udh *udh, uint8_t id, struct slice data);
bool udh_add_concat(struct udh *udh, const struct udh_concat *concat);

/* The header without its concatenation elements: what is left of it once a long
 * message is joined. Empty when nothing is left. */
void udh_without_concat(struct slice udh, struct udh *rest);

#endif
