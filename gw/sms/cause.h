/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cause - why a message was refused and what became of it: the +CMS and +CME
 * error numbers of modems (3GPP TS 27.005 section 3.2.5, 27.007 section 9.2,
 * 24.011 annex E, 23.040 section 9.2.3.22) and the status of a STATUS-REPORT
 * (TP-ST, 23.040 section 9.2.3.15). Constant tables; everything is total.
 */
#ifndef GW_SMS_CAUSE_H
#define GW_SMS_CAUSE_H

#include <stdbool.h>
#include <stdint.h>

#include "gwlib/bytes.h"

/* --- errors of modems ------------------------------------------------------- */

enum cause_family { CAUSE_CMS, CAUSE_CME };

/* What to do; the names are those of cause_table.def. */
enum cause_class {
    CAUSE_PERM,       /* fail the message at once */
    CAUSE_PERM_RETRY, /* perm1: our PDU or a damaged line: flush, one more try, then fail */
    CAUSE_TEMP,       /* retry with growing pauses; prefer another modem */
    CAUSE_TEMP_FEW,   /* temp3: like temp, at most 3 tries */
    CAUSE_WAIT,       /* pause the modem; the message keeps its tries */
    CAUSE_FIX,        /* repair (free memory, drop the feature), then retry once */
    CAUSE_SIM,        /* stop this modem, alarm, give its queue to others */
    CAUSE_PIN,        /* the same: the SIM wants its PIN */
    CAUSE_CONF,       /* the same: configuration (service centre number) */
    CAUSE_MODEM,      /* recovery ladder */
    CAUSE_AMBIGUOUS,  /* amb: it may have been sent */
    CAUSE_VENDOR,     /* vend: the vendor's meaning; treat as temp, at most 3 tries */
    CAUSE_NONE        /* ignore */
};

/* What it means for the message. */
enum cause_fate {
    CAUSE_FATE_TEMPORARY,
    CAUSE_FATE_PERMANENT,
    CAUSE_FATE_MODEM,     /* nothing wrong with the message: the modem needs help */
    CAUSE_FATE_UNCERTAIN, /* it may have been sent */
    CAUSE_FATE_NONE       /* no error at all */
};

struct cause {
    enum cause_family family;
    int code; /* -1: an error without a number */
    enum cause_class class;
    const char *text;   /* "no network service"; never NULL */
    const char *advice; /* a plain sentence for the operator; never NULL */
};

/* Never NULL: unknown numbers get the entry of their range, with code -1 in it. */
const struct cause *cause_find(enum cause_family family, int code);

/*
 * The error a modem's final line tells: "+CMS ERROR: 38", "+CME ERROR: SIM not
 * inserted" (words of CMEE=2, without case), "ERROR" (cause_plain()). False for
 * any other line. *code is the number, -1 when there is none.
 */
bool cause_parse(struct slice line, const struct cause **cause, int *code);

/* A bare ERROR: temp3. */
const struct cause *cause_plain(void);

/* "CMS", "CME". */
const char *cause_family_name(enum cause_family family);
/* "perm", "perm1", "temp", ... as in the table. */
const char *cause_class_name(enum cause_class class);
/* What to do, for people; entries of the table may know better. */
const char *cause_class_advice(enum cause_class class);
enum cause_fate cause_fate(enum cause_class class);
/* "temporary", "permanent", "modem needs help", "uncertain", "none". */
const char *cause_fate_name(enum cause_fate fate);

/* The whole table, for documents and tests; NULL behind the last. */
const struct cause *cause_entry(size_t i);

/* --- TP-ST ------------------------------------------------------------------- */

enum cause_result {
    CAUSE_DELIVERED, /* dlr "delivered" */
    CAUSE_REPLACED,  /* delivered: replaced by the service centre */
    CAUSE_BUFFERED,  /* "buffered": not final, another report will come */
    CAUSE_FAILED,    /* "failed" */
    CAUSE_EXPIRED,   /* failed: validity period over */
    CAUSE_DELETED    /* failed: deleted by sender or service centre */
};

struct cause_status {
    enum cause_result result;
    bool final;
    const char *text; /* "short message transaction received by SME" */
};

struct cause_status cause_status(uint8_t st);
/* "delivered", "replaced", "buffered", "failed", "expired", "deleted". */
const char *cause_result_name(enum cause_result result);
/* The event of a delivery report: "delivered", "buffered" or "failed"; as a bit
 * of dlr_mask 1, 4 or 2. */
const char *cause_dlr_name(enum cause_result result);
int cause_dlr_event(enum cause_result result);

/* TP-FCS of DELIVER-REPORT and SUBMIT-REPORT: "SIM SMS storage full". */
const char *cause_fcs_text(uint8_t fcs);

#endif
