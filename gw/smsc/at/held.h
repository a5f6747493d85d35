/* SPDX-License-Identifier: Apache-2.0 */
/*
 * held - messages that were given to the modem and whose answers were lost: only
 * the network knows whether they were sent.
 *
 * Each is held until something tells: a late answer, a status report with the
 * reference it must have got, or the reference of the next message, which grows
 * by one for each that was accepted. Only when nothing tells within its time it
 * is uncertain for good. Others go out meanwhile.
 *
 * No input or output; for one thread.
 */
#ifndef GW_SMSC_AT_HELD_H
#define GW_SMSC_AT_HELD_H

#include "gw/smsc/smsc.h"

enum { AT_REFERENCES = 256 };

/* Whether the modem's counter of references grows with messages that fail, too: it
 * shows when one is accepted after some that failed. */
enum at_counting { AT_COUNTS_UNKNOWN, AT_COUNTS_SENT, AT_COUNTS_ATTEMPTS };

/* Which references were given to which receivers. */
struct at_references {
    int last;     /* -1: none yet */
    int failures; /* since then */
    enum at_counting counting;
    unsigned char known[AT_REFERENCES]; /* 1: the next entry is valid */
    uint64_t receivers[AT_REFERENCES];  /* hash of the last digits */
};

void at_references_init(struct at_references *references);
void at_references_note(struct at_references *references, int reference, struct slice receiver);
/* The same for one that was sent before the last one. */
void at_references_mark(struct at_references *references, int reference, struct slice receiver);
/* What the next one gets, as far as that can be known; -1: it cannot. */
int at_references_next(const struct at_references *references);
/* The modem refused a message. Most do not count those; a counter that does tells
 * nothing of a lost answer. */
void at_references_fail(struct at_references *references);

enum { AT_HELD_MAX = 8 };

enum at_held_why {
    AT_HELD_UNANSWERED, /* the modem works; the answer may come late */
    AT_HELD_ANSWERED,   /* the modem said that it does not know; nothing comes late */
    AT_HELD_SILENT,     /* the modem was opened anew: the answer may come until it gets another */
    AT_HELD_LOST        /* with its connection: no late answer can come */
};

struct at_held {
    struct smsc_submit *submit;
    enum at_held_why why;
    int64_t until;    /* monotonic ms */
    int64_t given_at; /* to the modem; the holder sets it */
};

/* All zero and base -1 is empty. */
struct at_held_set {
    struct at_held items[AT_HELD_MAX]; /* the oldest first */
    size_t count;
    int base; /* reference of the message before them; -1: references tell nothing */
};

/* There must be a place. */
void at_held_add(struct at_held_set *held, const struct at_references *references,
                 struct smsc_submit *submit, enum at_held_why why);
/* Takes one out; reference: what it has got, -1: not sent or not known. */
struct smsc_submit *at_held_take(struct at_held_set *held, size_t i, int reference);
/* The modem works again: from now on the time of the lost ones counts. */
void at_held_resume(struct at_held_set *held);
/* The modem is given another message: what it said nothing about stays so. */
void at_held_go_on(struct at_held_set *held);
/* Another message failed meanwhile: references tell nothing any more, unless it is
 * known that those do not count. */
void at_held_blur(struct at_held_set *held, const struct at_references *references);

enum at_verdict { AT_HELD_UNKNOWN, AT_HELD_ALL_SENT, AT_HELD_NONE_SENT };

/* A later message was accepted with this reference. Asked once: after that, or
 * unless all were sent, references tell nothing. */
enum at_verdict at_held_compare(struct at_held_set *held, int reference);
/* What at_held_compare() said was sent has got these. */
int at_held_reference(const struct at_held_set *held, size_t i);
/* The held message that a status report must be about, or count. */
size_t at_held_reported(const struct at_held_set *held, const struct at_references *references,
                        int reference, struct slice receiver);
/* The one that an answer belongs to which nobody waits for any more, or count. */
size_t at_held_answered(const struct at_held_set *held);
/* The first whose time is over, or count; *until: when the next one's is. */
size_t at_held_due(const struct at_held_set *held, int64_t *until);

#endif
