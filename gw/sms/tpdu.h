/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tpdu - the transfer layer of SMS (3GPP TS 23.040 section 9.2.2): SUBMIT,
 * DELIVER, STATUS-REPORT, DELIVER-REPORT and SUBMIT-REPORT, in both directions.
 *
 * struct tpdu is one of them with all its fields; it owns its data (no
 * pointers), so it may live anywhere. Decoding is total: any octets give a
 * struct or a fault that names the octet. Encoding what was decoded gives the
 * same meaning again, and the same octets when the sender kept to the rules
 * (reserved bits and padding are not remembered).
 */
#ifndef GW_SMS_TPDU_H
#define GW_SMS_TPDU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gw/sms/address.h"
#include "gw/sms/dcs.h"
#include "gw/sms/fault.h"
#include "gw/sms/timestamp.h"
#include "gw/sms/udh.h"
#include "gw/sms/validity.h"
#include "gwlib/bytes.h"

#define TPDU_OCTETS_MAX    180 /* room for any of them, by a margin */
#define TPDU_USER_DATA_MAX 140
#define TPDU_SEPTETS_MAX   160
#define TPDU_CONTENT_MAX   GSM7_UTF8_MAX(TPDU_SEPTETS_MAX)

enum tpdu_type {
    TPDU_DELIVER,
    TPDU_DELIVER_REPORT,
    TPDU_SUBMIT,
    TPDU_SUBMIT_REPORT,
    TPDU_STATUS_REPORT
};

/* The type bits mean different things each way. */
enum tpdu_direction {
    TPDU_TO_TE,   /* from the network: DELIVER, SUBMIT-REPORT, STATUS-REPORT */
    TPDU_FROM_TE, /* to the network: SUBMIT, DELIVER-REPORT */
    TPDU_EITHER   /* not known: DELIVER, SUBMIT or STATUS-REPORT */
};

struct tpdu {
    enum tpdu_type type;

    /* first octet */
    bool more_messages;     /* DELIVER, STATUS-REPORT: more wait (MMS bit is 0) */
    bool loop_prevention;   /* DELIVER, STATUS-REPORT */
    bool report;            /* SRI, SRR or SRQ, by type */
    bool reply_path;        /* DELIVER, SUBMIT */
    bool reject_duplicates; /* SUBMIT */
    bool has_header;        /* UDHI; encoding goes by udh.len instead */

    uint8_t mr;                 /* SUBMIT, STATUS-REPORT: message reference */
    struct sms_address address; /* OA, DA or RA */
    uint8_t pid;
    uint8_t dcs;
    struct timestamp scts;    /* DELIVER, STATUS-REPORT, SUBMIT-REPORT */
    struct timestamp dt;      /* STATUS-REPORT: discharge time */
    uint8_t st;               /* STATUS-REPORT: see cause.h */
    struct validity validity; /* SUBMIT */
    int fcs;                  /* the two reports: failure cause; -1: it is an RP-ACK */
    int pi;                   /* parameter indicator of the three reports; -1: absent */

    /* By the reports' parameter indicator; always true in SUBMIT and DELIVER. */
    bool has_pid, has_dcs, has_user_data;

    uint8_t udl;    /* as on the wire; set by decoding */
    size_t surplus; /* octets behind the TPDU's end, found by decoding */
    struct udh udh; /* {len 1, {0}} is a header without elements */
    /*
     * GSM7: UTF-8; 8BIT: octets; UCS2: UTF-16BE, as it came (pairs that were cut
     * in two between parts become whole by joining). For compressed text the
     * octets as they are, with alphabet DCS_8BIT.
     */
    enum dcs_alphabet alphabet;
    uint16_t content_len;
    unsigned char content[TPDU_CONTENT_MAX];
};

static inline struct slice tpdu_content(const struct tpdu *tpdu)
{
    return slice_of(tpdu->content, tpdu->content_len);
}

/* "deliver", "deliver-report", "submit", "submit-report", "status-report". */
const char *tpdu_type_name(enum tpdu_type type);
/* "to-te", "from-te", "either". */
const char *tpdu_direction_name(enum tpdu_direction direction);

/* A blank one: fcs and pi absent, the three "has" true for SUBMIT and DELIVER. */
void tpdu_init(struct tpdu *tpdu, enum tpdu_type type);

/* Copies; false when it is longer than TPDU_CONTENT_MAX. */
bool tpdu_set_content(struct tpdu *tpdu, enum dcs_alphabet alphabet, struct slice content);

/*
 * Everything in *tpdu is set; after a fault its value is not meant to be used.
 * Whether a DELIVER-REPORT or SUBMIT-REPORT is one of failure is told by RP, not
 * by the TPDU: it is taken for one when a failure cause (80..FF) stands where it
 * would.
 */
bool tpdu_decode(struct slice octets, enum tpdu_direction direction, struct tpdu *tpdu,
                 struct sms_fault *fault);

/*
 * Writes at most TPDU_OCTETS_MAX octets. The alphabet of the content is that of
 * tpdu->alphabet, the octet written tpdu->dcs; the caller makes them agree. The
 * national tables are those that the header names. A character without a place
 * becomes `replacement`, or is a fault when that is 0. Faults: content too long
 * for one part (fault->octet: its position in the content).
 */
bool tpdu_encode(const struct tpdu *tpdu, char replacement, unsigned char *octets, size_t *len,
                 struct sms_fault *fault);

/* The same with content from elsewhere (it may be longer than TPDU_CONTENT_MAX:
 * text full of characters without a place). */
bool tpdu_encode_content(const struct tpdu *tpdu, struct slice content, char replacement,
                         unsigned char *octets, size_t *len, struct sms_fault *fault);

#endif
