/* SPDX-License-Identifier: Apache-2.0 */
/*
 * held - a message that was given to the modem and whose answer was lost: only
 * the network knows whether it was sent (spec at-modems, section 7).
 *
 * It is held until something tells: a late answer, a status report with the
 * reference it must have got, or the reference of the next message, which grows
 * by one for each that was accepted. Only when nothing tells within its time it
 * is uncertain for good.
 *
 * No input or output; for one thread.
 */
#ifndef GW_SMSC_AT_HELD_H
#define GW_SMSC_AT_HELD_H

#include "gw/smsc/smsc.h"

enum { AT_REFERENCES = 256 };

/* Which references were given to which receivers. */
struct at_references {
    int last;                           /* -1: none yet */
    int failures;                       /* since then */
    bool counts_attempts;               /* this modem's counter grows with failures too */
    unsigned char known[AT_REFERENCES]; /* 1: the next entry is valid */
    uint64_t receivers[AT_REFERENCES];  /* hash of the last digits */
};

void at_references_init(struct at_references *references);
void at_references_note(struct at_references *references, int reference, struct slice receiver);
/* The modem refused a message. Most do not count those, as can be seen from the
 * next one that is accepted; a counter that does tells nothing of a lost answer. */
void at_references_fail(struct at_references *references);

struct at_held {
    struct smsc_submit *submit; /* NULL: nothing is held */
    int reference;              /* that it has if it was sent; -1: not known */
    bool lost;                  /* with its connection: no late answer can come */
    int64_t until;              /* monotonic ms */
};

void at_held_begin(struct at_held *held, const struct at_references *references,
                   struct smsc_submit *submit, bool lost);
/* The modem works again: from now on its time counts. */
void at_held_resume(struct at_held *held);
/* Another message failed meanwhile: references tell nothing any more. */
void at_held_blur(struct at_held *held);

enum at_verdict { AT_HELD_UNKNOWN, AT_HELD_SENT, AT_HELD_NOT_SENT };

/* A later message was accepted with this reference. */
enum at_verdict at_held_compare(struct at_held *held, int reference);
/* Whether a status report can only be the held message's. */
bool at_held_is_reported(const struct at_held *held, const struct at_references *references,
                         int reference, struct slice receiver);

#endif
