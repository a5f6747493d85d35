/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dcs - see dcs.h.
 */
#include "gw/sms/dcs.h"

#include <stddef.h>

static struct dcs general(uint8_t octet)
{
    static const enum dcs_alphabet alphabets[] = {DCS_GSM7, DCS_8BIT, DCS_UCS2, DCS_GSM7};
    return (struct dcs){
        .group = octet & 0x40 ? DCS_AUTO_DELETE : DCS_GENERAL,
        .alphabet = alphabets[octet >> 2 & 3],
        .class = octet & 0x10 ? octet & 3 : DCS_NO_CLASS,
        .compressed = (octet & 0x20) != 0,
    };
}

static struct dcs waiting(uint8_t octet, enum dcs_group group)
{
    return (struct dcs){
        .group = group,
        .alphabet = group == DCS_WAITING_UCS2 ? DCS_UCS2 : DCS_GSM7,
        .class = DCS_NO_CLASS,
        .waiting_active = (octet & 0x08) != 0,
        .waiting_type = (enum dcs_waiting_type)(octet & 3),
    };
}

struct dcs dcs_decode(uint8_t octet)
{
    if (octet < 0x80)
        return general(octet);
    switch (octet >> 4) {
    case 0xC:
        return waiting(octet, DCS_WAITING_DISCARD);
    case 0xD:
        return waiting(octet, DCS_WAITING_STORE);
    case 0xE:
        return waiting(octet, DCS_WAITING_UCS2);
    case 0xF:
        return (struct dcs){.group = DCS_CODING_CLASS,
                            .alphabet = octet & 0x04 ? DCS_8BIT : DCS_GSM7,
                            .class = octet & 3};
    default:
        return (struct dcs){.group = DCS_RESERVED, .alphabet = DCS_GSM7, .class = DCS_NO_CLASS};
    }
}

bool dcs_is_waiting(const struct dcs *dcs)
{
    return dcs->group == DCS_WAITING_DISCARD || dcs->group == DCS_WAITING_STORE ||
           dcs->group == DCS_WAITING_UCS2;
}

/* --- names ------------------------------------------------------------------- */

#define NAME_OF(names, i)                                                                          \
    ((size_t)(i) < sizeof(names) / sizeof((names)[0]) ? (names)[(size_t)(i)] : "unknown")

const char *dcs_alphabet_name(enum dcs_alphabet alphabet)
{
    static const char *const names[] = {"gsm7", "8bit", "ucs2"};
    return NAME_OF(names, alphabet);
}

const char *dcs_group_name(enum dcs_group group)
{
    static const char *const names[] = {"general",
                                        "automatic deletion",
                                        "reserved",
                                        "message waiting, discard",
                                        "message waiting, store",
                                        "message waiting, store, ucs2",
                                        "data coding and class"};
    return NAME_OF(names, group);
}

const char *dcs_waiting_name(enum dcs_waiting_type type)
{
    static const char *const names[] = {"voicemail", "fax", "email", "other"};
    return NAME_OF(names, type);
}

const char *dcs_class_name(int class)
{
    static const char *const names[] = {"flash", "me", "sim", "te"};
    return class < 0 || class > 3 ? "none" : names[class];
}

/* --- message fields ------------------------------------------------------------- */

static uint8_t plain(const struct dcs_fields *fields)
{
    unsigned octet = 0;
    if (fields->coding == DCS_8BIT)
        octet |= 0x04;
    if (fields->coding == DCS_UCS2)
        octet |= 0x08;
    if (fields->mclass >= 0)
        octet |= 0x10 | ((unsigned)fields->mclass & 3);
    if (fields->compress > 0)
        octet |= 0x20;
    return (uint8_t)octet;
}

uint8_t dcs_from_fields(const struct dcs_fields *fields)
{
    if (fields->mwi >= 0 && fields->coding != DCS_8BIT) {
        bool on = (fields->mwi & 4) == 0;
        unsigned octet = fields->coding == DCS_UCS2 ? 0xE0 : on ? 0xD0 : 0xC0;
        return (uint8_t)(octet | (on ? 0x08 : 0) | ((unsigned)fields->mwi & 3));
    }
    if (fields->alt_dcs == 1 && fields->coding != DCS_UCS2) {
        unsigned class = fields->mclass >= 0 ? (unsigned)fields->mclass & 3 : 1;
        return (uint8_t)(0xF0 | (fields->coding == DCS_8BIT ? 0x04 : 0) | class);
    }
    return plain(fields);
}

struct dcs_fields dcs_to_fields(uint8_t octet)
{
    struct dcs dcs = dcs_decode(octet);
    struct dcs_fields fields = DCS_FIELDS_UNSET;
    fields.coding = (int)dcs.alphabet;
    if (dcs.class != DCS_NO_CLASS)
        fields.mclass = dcs.class;
    if (dcs_is_waiting(&dcs))
        fields.mwi = (int)dcs.waiting_type + (dcs.waiting_active ? 0 : 4);
    if (dcs.compressed)
        fields.compress = 1;
    if (dcs.group == DCS_CODING_CLASS)
        fields.alt_dcs = 1;
    return fields;
}
