/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pdu - a TPDU as modems speak it: hex digits, with the service centre's address
 * in front (3GPP TS 27.005); and a SUBMIT made from the fields of a message.
 *
 * Nothing is allocated.
 */
#ifndef GW_SMS_PDU_H
#define GW_SMS_PDU_H

#include "gw/sms/tpdu.h"

#define PDU_OCTETS_MAX (ADDRESS_OCTETS_MAX + TPDU_OCTETS_MAX)

struct pdu {
    struct sms_address smsc; /* not present: the modem's own (00) */
    struct tpdu tpdu;
    size_t tpdu_len; /* what +CMT announces: without the SMSC field */
};

struct pdu_line {
    size_t len;                          /* digits */
    size_t tpdu_len;                     /* for AT+CMGS= */
    char digits[2 * PDU_OCTETS_MAX + 1]; /* upper case, NUL at the end */
};

/*
 * From hex digits of either case. with_smsc false: phase 1 modems leave the
 * SMSC field out, both ways. fault->octet counts octets (pairs of digits) of the
 * line. Octets behind the end are accepted: tpdu.surplus.
 */
bool pdu_decode(struct slice digits, enum tpdu_direction direction, bool with_smsc, struct pdu *pdu,
                struct sms_fault *fault);

/* Sets tpdu_len of *line. Faults as tpdu_encode(). */
bool pdu_encode(const struct pdu *pdu, bool with_smsc, char replacement, struct pdu_line *line,
                struct sms_fault *fault);

/* One part of a message to send; numbers are -1 when unset, as in struct sms. */
struct pdu_submit {
    struct slice receiver; /* "+4917...", digits, or a name */
    int receiver_toa;      /* ADDRESS_TOA_AUTO, or the type octet to use */
    struct slice smsc;     /* number to put in front; unset: 00 */
    struct slice udh;      /* with length octet, or unset */
    struct slice content;  /* by coding: UTF-8, octets, UTF-16BE */
    struct dcs_fields dcs; /* coding, mclass, mwi, compress, alt_dcs */
    int pid;
    int rpi;           /* 1: reply path */
    int validity;      /* relative code 0..255 (validity_code()); -1: none */
    bool want_report;  /* TP-SRR */
    uint8_t reference; /* TP-MR; most modems put in their own */
};

/* All numbers unset, automatic type of number, nothing else. */
struct pdu_submit pdu_submit_blank(void);

/*
 * A SUBMIT as a line for AT+CMGS. Characters that have no place become '?'.
 * Faults: receiver or UDH refused, content longer than one part.
 */
bool pdu_submit(const struct pdu_submit *submit, bool with_smsc, struct pdu_line *line,
                struct sms_fault *fault);

#endif
