/* SPDX-License-Identifier: Apache-2.0 */
/*
 * validity - the validity period of a SUBMIT, TP-VP (3GPP TS 23.040 section
 * 9.2.3.12): relative in one octet, absolute, or enhanced.
 */
#ifndef GW_SMS_VALIDITY_H
#define GW_SMS_VALIDITY_H

#include <stdint.h>

#include "gw/sms/timestamp.h"

/* The numbers are those of TP-VPF. */
enum validity_kind {
    VALIDITY_NONE = 0, /* the service centre chooses */
    VALIDITY_ENHANCED = 1,
    VALIDITY_RELATIVE = 2,
    VALIDITY_ABSOLUTE = 3
};

struct validity {
    enum validity_kind kind;
    uint8_t code;            /* relative */
    struct timestamp time;   /* absolute */
    unsigned char octets[7]; /* enhanced, as sent */
};

/* "none", "enhanced", "relative", "absolute". */
const char *validity_kind_name(enum validity_kind kind);

/* 5 minutes .. 63 weeks. */
unsigned long validity_minutes(uint8_t code);
/* The smallest code that is not shorter; 255 above 63 weeks. */
uint8_t validity_code(unsigned long minutes);

/* Enhanced: the seconds it stands for; -1 for none or a form we do not know.
 * *single_shot (may be NULL) tells whether only one try is wanted. */
long validity_enhanced_seconds(const unsigned char octets[7], bool *single_shot);

#endif
