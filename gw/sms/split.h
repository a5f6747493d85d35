/* SPDX-License-Identifier: Apache-2.0 */
/*
 * split - long messages in parts (3GPP TS 23.040 section 9.2.3.24.1; what Kannel
 * 1.4.5 does is in test/data/compat).
 *
 * Two stages, as in Kannel. The smsbox cuts what an application sent to what its
 * user may send (struct split_box: max-messages, header, footer, split-chars,
 * split-suffix) and, with concatenation, hands the result on as one message. The
 * bearerbox divides what is longer than one part of the chosen connection
 * (struct split_plan) and adds the concatenation element.
 *
 * A part is filled as far as it goes. A cut never goes through a character: not
 * through a UTF-8 sequence, an escape pair or a surrogate pair; nor, unless asked
 * for, through a grapheme cluster that would fit into one part.
 *
 * The content is UTF-8 for DCS_GSM7 (characters without a place count as one
 * septet: they are sent as '?'), octets for DCS_8BIT, UTF-16BE for DCS_UCS2.
 */
#ifndef GW_SMS_SPLIT_H
#define GW_SMS_SPLIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gw/sms/dcs.h"
#include "gw/sms/fault.h"
#include "gw/sms/gsm7.h"
#include "gw/sms/udh.h"
#include "gwlib/bytes.h"

#define SPLIT_PARTS_MAX  255
#define SPLIT_OCTETS_MAX 140 /* default max-sms-octets, and the limit of a TPDU */

/*
 * Room for content in a part of max_octets with udh_len octets of header (length
 * octet included), in the units of the alphabet: septets, octets, or 16-bit
 * units. 160 / 153 / 152, 140 / 134 / 133, 70 / 67 / 66.
 */
size_t split_room(enum dcs_alphabet alphabet, size_t max_octets, size_t udh_len);

/* Units that the content takes: septets, octets or 16-bit units. */
size_t split_units(enum dcs_alphabet alphabet, struct gsm7_tables tables, struct slice content);

/* --- the bearerbox's stage ------------------------------------------------ */

struct split_rules {
    enum dcs_alphabet alphabet;
    struct gsm7_tables tables; /* GSM7_DEFAULT: those that the header names, if any */
    struct slice udh;          /* of the message, with length octet, or unset */
    size_t max_octets;         /* of one part with its header; 0 means SPLIT_OCTETS_MAX */
    uint16_t ref;              /* concatenation reference; the low 8 bits when ref_bits is 8 */
    uint8_t ref_bits;          /* 8 (also when 0) or 16 */
    bool concat_first;         /* the concatenation element before the message's own */
    bool greedy;               /* fill to the last unit, through grapheme clusters too */
};

struct split_plan {
    unsigned parts;                  /* 1: not split, the header stays as it is */
    size_t units;                    /* of the whole content */
    size_t room;                     /* units of one part */
    size_t last_units;               /* units used in the last part */
    size_t cut[SPLIT_PARTS_MAX + 1]; /* octet positions: part i is cut[i] .. cut[i + 1] */
    const struct split_rules *rules;
    struct gsm7_tables tables; /* in force */
    struct slice content;
};

/*
 * Where the content is cut. *rules and the content must live as long as the
 * plan is used. Faults: the header is malformed, is itself that of a part and
 * the content does not fit, leaves no room for one character, or the content
 * needs more than 255 parts (octet: where the 256th would begin).
 */
bool split_plan(struct split_plan *plan, const struct split_rules *rules, struct slice content,
                struct sms_fault *fault);

/* Header of part 0 <= i < parts: the message's own and, when there are several
 * parts, 00 03 ref total part (or 08 04 ...) added. */
void split_part_udh(const struct split_plan *plan, unsigned i, struct udh *udh);
/* Content of the part: a piece of the content given. */
struct slice split_part_content(const struct split_plan *plan, unsigned i);

/* --- the smsbox's stage ---------------------------------------------------- */

struct split_box_rules {
    enum dcs_alphabet alphabet;
    struct slice udh;      /* of the message, with length octet, or unset */
    size_t max_octets;     /* sms-length; 0 means SPLIT_OCTETS_MAX */
    unsigned max_messages; /* what goes beyond is cut off */
    bool concatenation;    /* one message comes out, not several */
    struct slice header;   /* in the form of the content, or unset; so are these: */
    struct slice footer;
    struct slice suffix;      /* split-suffix: at the end of all but the last */
    struct slice split_chars; /* UTF-8: a piece ends behind the last one of these */
};

/* Progress; only lost and pieces are for the caller to read. */
struct split_box {
    const struct split_box_rules *rules;
    struct slice content;
    struct gsm7_tables tables; /* those that the header names */
    size_t pos;
    unsigned pieces; /* taken so far, at most max_messages: what concatenation will need */
    bool lost;       /* the end was cut off by max_messages */
    bool done;
    bool plain;  /* header, footer and suffix leave no room: left out */
    size_t room; /* units of one piece without header and footer */
    size_t suffix_units;
};

/*
 * Begins; *rules and content must live until the end. Each piece is header +
 * piece + footer, and all but the last + suffix. A message that fits into one
 * part is one piece, whole. Header, footer and suffix that leave no room for
 * one character are left out. Text for DCS_GSM7 comes out with '?' for
 * characters that GSM 03.38 lacks (or the national tables that the header names).
 */
void split_box_begin(struct split_box *box, const struct split_box_rules *rules,
                     struct slice content);

/* Appends the content of the next message to send to *to; false when there is
 * none. With concatenation there is at most one, of `pieces` pieces joined.
 * An empty content is one message; max_messages 0 is none. */
bool split_box_next(struct split_box *box, struct bytes *to);

#endif
