/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text_mode - what modems say of messages in text mode, AT+CMGF=1 (3GPP TS 27.005
 * section 3), and the character sets of AT+CSCS (27.007 section 5.5) that the
 * texts are in. For the few modems that have no PDU mode.
 *
 * All functions are total: a line from a modem may hold anything. No input or
 * output here.
 */
#ifndef GW_SMSC_AT_TEXT_MODE_H
#define GW_SMSC_AT_TEXT_MODE_H

#include <stdbool.h>
#include <stdint.h>

#include "gw/sms/dcs.h"
#include "gwlib/bytes.h"

/* --- character sets ---------------------------------------------------------- */

enum at_charset {
    AT_IRA,    /* ASCII */
    AT_GSM,    /* an octet a septet */
    AT_LATIN1, /* "8859-1" */
    AT_UCS2,   /* four hex digits a character, in numbers too */
    AT_CHARSETS
};

/* As AT+CSCS names it. */
const char *at_charset_name(enum at_charset charset);
/* The bits 1 << charset of `("GSM","IRA")`. */
unsigned at_charsets_offered(struct slice value);

/* Appends the UTF-8 text in the character set, as it may stand behind a prompt:
 * no CR, Ctrl-Z or ESC. False, and *to as before, when a character has no place. */
bool at_charset_encode(enum at_charset charset, struct slice text, struct bytes *to);
/* Appends what a modem sent as UTF-8. What cannot be in the character set is taken
 * for what it looks like. */
void at_charset_decode(enum at_charset charset, struct slice text, struct bytes *utf8);

/* --- headers ------------------------------------------------------------------ */

enum at_text_kind { AT_TEXT_DELIVER, AT_TEXT_SUBMIT, AT_TEXT_REPORT };

/* Numbers are -1 where the modem does not say (AT+CSDH=0). */
struct at_text_header {
    enum at_text_kind kind;
    struct slice line;    /* the whole */
    struct slice address; /* without quotation marks, in the character set */
    int64_t time;         /* seconds since 1970; of a report: of the event */
    int toa;              /* type of the address */
    int fo;               /* first octet of the TPDU */
    int pid, dcs;
    int length;  /* characters, or octets of 8-bit and UCS-2 data */
    int mr, st;  /* of a report */
    bool unread; /* of a stored one */
};

/* What follows +CMT:, +CDS: and +CMGR:. False: that it is not. */
bool at_text_read_cmt(struct slice value, struct at_text_header *header);
bool at_text_read_cds(struct slice value, struct at_text_header *header);
bool at_text_read_cmgr(struct slice value, struct at_text_header *header);
/* The status of a stored message in words or, as in PDU mode, in numbers. */
bool at_text_read_status(struct slice status, bool *received, bool *unread);
/* What follows +CMGL:, as far as it is the same for all: the index, and whether
 * it is a received message. */
bool at_text_read_cmgl(struct slice value, long *index, bool *received, bool *unread);

/* --- texts ----------------------------------------------------------------------- */

struct at_text_content {
    enum dcs_alphabet alphabet;
    struct bytes udh;     /* with length octet, or empty */
    struct bytes content; /* by alphabet: UTF-8, octets, UTF-16BE */
};

/* The text behind a header. All zero before; free both buffers after. */
void at_text_read_content(const struct at_text_header *header, enum at_charset charset,
                          struct slice text, struct at_text_content *content);
/* The sender or receiver as UTF-8. */
void at_text_read_address(const struct at_text_header *header, enum at_charset charset,
                          struct bytes *address);

#endif
