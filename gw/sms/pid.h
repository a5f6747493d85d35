/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pid - what a protocol identifier octet means (3GPP TS 23.040 section 9.2.3.9).
 */
#ifndef GW_SMS_PID_H
#define GW_SMS_PID_H

#include <stdint.h>

enum pid_kind {
    PID_DEFAULT,        /* 00..1F: plain SMS between phones */
    PID_TELEMATIC,      /* 20..3F: another network: fax, voice, e-mail */
    PID_TYPE_0,         /* 40: acknowledged, not shown: a "ping" */
    PID_REPLACE,        /* 41..47: replaces an earlier one of the same number */
    PID_RETURN_CALL,    /* 5F */
    PID_DATA_DOWNLOAD,  /* 7C ANSI-136 R-DATA, 7D ME, 7F (U)SIM */
    PID_DEPERSONALISE,  /* 7E */
    PID_OTHER,          /* what else begins with 01: device triggering and the like */
    PID_RESERVED,       /* 80..BF */
    PID_CENTRE_SPECIFIC /* C0..FF: the service centre's own */
};

enum pid_kind pid_kind(uint8_t pid);
/* "default", "telematic", "type 0", "replace", ... */
const char *pid_kind_name(enum pid_kind kind);

/* The device of a telematic one: "voice telephone", "internet electronic mail". */
const char *pid_telematic_name(uint8_t pid);

#endif
