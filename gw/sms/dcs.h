/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dcs - the data coding scheme octet of a TPDU (3GPP TS 23.038 section 4), which
 * SMPP's data_coding and the escape code %O show too, and the message fields
 * (coding, mclass, mwi, compress, alt-dcs) that stand for it in Kannel's world.
 */
#ifndef GW_SMS_DCS_H
#define GW_SMS_DCS_H

#include <stdbool.h>
#include <stdint.h>

/* The numbers are those of a message's coding. */
enum dcs_alphabet { DCS_GSM7 = 0, DCS_8BIT = 1, DCS_UCS2 = 2 };

enum dcs_group {
    DCS_GENERAL,         /* 00xxxxxx */
    DCS_AUTO_DELETE,     /* 01xxxxxx: marked for automatic deletion */
    DCS_RESERVED,        /* 1000xxxx..1011xxxx: read as the default alphabet */
    DCS_WAITING_DISCARD, /* 1100xxxx: message waiting, text not kept */
    DCS_WAITING_STORE,   /* 1101xxxx */
    DCS_WAITING_UCS2,    /* 1110xxxx: store, UCS2 */
    DCS_CODING_CLASS     /* 1111xxxx: what alt-dcs=1 asks for */
};

enum dcs_waiting_type { DCS_VOICEMAIL = 0, DCS_FAX = 1, DCS_EMAIL = 2, DCS_OTHER = 3 };

#define DCS_NO_CLASS (-1)

struct dcs {
    enum dcs_group group;
    enum dcs_alphabet alphabet;
    int class; /* 0 flash, 1 ME, 2 SIM, 3 TE; DCS_NO_CLASS */
    bool compressed;
    bool waiting_active;                /* the three waiting groups */
    enum dcs_waiting_type waiting_type; /* the three waiting groups */
};

/* Total: every octet means something. */
struct dcs dcs_decode(uint8_t octet);
bool dcs_is_waiting(const struct dcs *dcs);

/* "gsm7", "8bit", "ucs2". */
const char *dcs_alphabet_name(enum dcs_alphabet alphabet);
const char *dcs_group_name(enum dcs_group group);
/* "voicemail", "fax", "email", "other". */
const char *dcs_waiting_name(enum dcs_waiting_type type);
/* "flash", "me", "sim", "te"; "none" for anything else. */
const char *dcs_class_name(int class);

/* --- message fields ----------------------------------------------------- */

/* As in struct sms; -1 is unset. mwi: 0..3 turns voicemail, fax, email, other
 * on, 4..7 the same off. */
struct dcs_fields {
    int coding;
    int mclass;
    int mwi;
    int compress;
    int alt_dcs;
};
#define DCS_FIELDS_UNSET ((struct dcs_fields){-1, -1, -1, -1, -1})

/*
 * The octet of these fields (coding unset means 0):
 *   plain: 0x00, 0x04, 0x08; mclass adds 0x10 + class; compress adds 0x20;
 *   alt_dcs 1: 0xF0 + class, 8-bit adds 4 (class 1 when unset; UCS-2 has no such
 *   form and keeps the plain one);
 *   mwi on: 0xD8 + type, off: 0xC0 + type; UCS-2: 0xE8 and 0xE0 (8-bit has no
 *   such form and keeps the plain one, without the indication).
 */
uint8_t dcs_from_fields(const struct dcs_fields *fields);

/* The fields of a received octet; compress and alt_dcs are unset or 1. */
struct dcs_fields dcs_to_fields(uint8_t octet);

#endif
