/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unasked - what a modem says without being asked: new messages and reports
 * (3GPP TS 27.005 section 3.4.1), signs of a restart, results that come late.
 *
 * Lines go in one by one and events come out in order. `+CMT:` and `+CDS:` take
 * the PDU line with them; noise between the two is let pass, for a few lines. In
 * text mode the line behind `+CMT:` is the text, whatever it says, and a report
 * is its header alone.
 * No input or output here; for one thread.
 */
#ifndef GW_SMSC_AT_UNASKED_H
#define GW_SMSC_AT_UNASKED_H

#include <stdbool.h>

#include "gwlib/bytes.h"

enum at_event_kind {
    AT_EVENT_MESSAGE,       /* +CMT: pdu */
    AT_EVENT_REPORT,        /* +CDS: pdu */
    AT_EVENT_STORED,        /* +CMTI: memory, index */
    AT_EVENT_STORED_REPORT, /* +CDSI: memory, index */
    AT_EVENT_BROADCAST,     /* +CBM: or +CBMI:, which nobody wants */
    AT_EVENT_FULL,          /* the memory is full: time to look into it */
    AT_EVENT_USSD,          /* +CUSD: pdu holds what follows, lines joined by LF */
    AT_EVENT_RESTARTED,     /* a line that modems send when they boot */
    AT_EVENT_REFERENCE,     /* a +CMGS: that nobody waits for any more: index */
    AT_EVENT_LATE_ERROR     /* an error that nobody waits for: pdu holds the line */
};

struct at_event {
    enum at_event_kind kind;
    struct bytes pdu;    /* hex digits; in text mode the text */
    struct bytes header; /* in text mode: what followed +CMT: or +CDS: */
    struct bytes memory; /* "SM" */
    int index;
    struct at_event *next;
};

void at_event_free(struct at_event *event);

/* All zero is not valid: at_unasked_init(). */
struct at_unasked {
    struct at_event *events, **last;
    size_t count;
    struct at_event *announced; /* a +CMT: or +CDS: whose PDU line is due */
    long announced_octets;      /* of its TPDU; -1: not said */
    int lines_passed;           /* since then */
    struct at_event *ussd;      /* a +CUSD: whose text goes on in the next line */
    int ussd_lines;             /* it has */
    struct bytes boot;          /* the last ^BOOT:, which some repeat for ever */
    bool text_mode;             /* set by the owner */
};

void at_unasked_init(struct at_unasked *unasked);
void at_unasked_clear(struct at_unasked *unasked);

/* Whether the line is one that comes unasked; it is taken then. */
bool at_unasked_take(struct at_unasked *unasked, struct slice line);
/* A result that came when no command was running. */
void at_unasked_take_late(struct at_unasked *unasked, struct slice line);
/* The oldest event, or NULL; the caller frees it. */
struct at_event *at_unasked_next(struct at_unasked *unasked);
/* The oldest of that kind, out of its turn. */
struct at_event *at_unasked_next_of(struct at_unasked *unasked, enum at_event_kind kind);
bool at_unasked_has(const struct at_unasked *unasked, enum at_event_kind kind);
void at_unasked_forget(struct at_unasked *unasked, enum at_event_kind kind);

/* The number at the end of `+CMT: ,23` or `+CMGR: 0,,23`; -1: there is none. */
long at_line_last_number(struct slice line);
/* Whether the line can be the PDU that such a header announced: hex digits, the
 * announced octets of TPDU and perhaps an SMSC field. octets -1: not said. */
bool at_line_is_pdu(struct slice line, long octets);
/* Whether the line is no text of that length, in any of the character sets, but
 * looks like what modems say. characters < 0: false. */
bool at_line_is_chatter(struct slice line, long characters);

#endif
