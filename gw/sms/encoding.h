/* SPDX-License-Identifier: Apache-2.0 */
/*
 * encoding - which alphabet a text is sent in, and what it costs: the default
 * alphabet when every character has a place there; else, on request, a national
 * table when that needs fewer parts than UCS-2; else UCS-2.
 *
 * Also the count (encoding, parts, units used and left) that API and web pages
 * show.
 */
#ifndef GW_SMS_ENCODING_H
#define GW_SMS_ENCODING_H

#include "gw/sms/split.h"

struct encoding_wish {
    uint32_t languages;  /* bit n: national language n may be used; 0: none */
    bool transliterated; /* near forms (transliterate.h) may be used where they save UCS-2 */
    struct slice udh;    /* of the message, with length octet, or unset */
    size_t max_octets;   /* of one part; 0 means SPLIT_OCTETS_MAX */
    uint8_t ref_bits;    /* 8 (also when 0) or 16 */
};
#define ENCODING_ALL_LANGUAGES 0x3FFEu

struct encoding {
    enum dcs_alphabet alphabet;
    struct gsm7_tables tables; /* with DCS_GSM7; the header must then name them */
    unsigned parts;            /* 0: more than SPLIT_PARTS_MAX */
    size_t units;              /* septets, octets or 16-bit units of the text */
    size_t per_part;           /* units that fit into one part of this message */
    size_t left;               /* units that still fit into the last part */
};

/* For UTF-8 text. */
void encoding_choose(struct slice text, const struct encoding_wish *wish,
                     struct encoding *encoding);

/* The same numbers for an alphabet that is settled; content in its form (UTF-8,
 * octets, UTF-16BE). */
void encoding_count(enum dcs_alphabet alphabet, struct gsm7_tables tables, struct slice content,
                    const struct encoding_wish *wish, struct encoding *encoding);

/* Adds the elements 0x24, 0x25 that these tables need; false: no room. */
bool encoding_add_tables(struct udh *udh, struct gsm7_tables tables);

#endif
