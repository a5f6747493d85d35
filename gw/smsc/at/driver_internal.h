/* SPDX-License-Identifier: Apache-2.0 */
/*
 * driver_internal - the driver's two halves: driver.c and notes.c are the loop's,
 * worker.c is the modem's thread. What passes between them is in exchange.h and
 * in the notes below.
 */
#ifndef GW_SMSC_AT_DRIVER_INTERNAL_H
#define GW_SMSC_AT_DRIVER_INTERNAL_H

#include "gw/smsc/at/exchange.h"
#include "gw/smsc/at/held.h"
#include "gw/smsc/at/modem.h"
#include "gw/smsc/at/opening.h"
#include "gw/smsc/at/tries.h"

struct at_driver {
    struct smsc *smsc;
    struct loop *loop;
    struct at_settings settings;
    struct at_orders orders;
    char *name;
    struct log_file *log;
    pthread_t thread;
    bool running; /* the thread exists; loop */
    /* The rest belongs to the thread while it runs. */
    struct at_host host;
    struct at_knowledge knowledge;
    struct at_modem *modem;
    struct at_opening opening;
    struct at_references references;
    struct at_held_set held;
    struct smsc_submit *in_memory;          /* the held one that knowledge.stored is about */
    struct at_tries tries;                  /* of messages that met errors for a few tries */
    struct at_tries stuck;                  /* of messages that the modem gets into trouble with */
    struct at_tries unanswered;             /* of messages that were given up as uncertain */
    struct smsc_submit *again[AT_HELD_MAX]; /* known not to be sent: go out next */
    size_t again_count;
    struct uuid barred; /* the last message that met AT_BARRED; nil: others went out since */
    int failures;       /* of opening and bringing up, in a row */
    bool suspended;     /* nothing is sent before resume_at */
    int64_t resume_at;
    int suspensions; /* in a row */
    bool asked;      /* the last message found the modem in trouble: ESC and AT did not help */
    int64_t next_probe;
    int64_t holding_until; /* when at_holding_watch() has something to do */
};

/* --- the thread ------------------------------------------------------------------ */

void *at_worker_run(void *driver);
/* Waits; what is to be sent meanwhile goes back. */
void at_worker_pause(struct at_driver *driver, int64_t ms);

/* Tells how many messages the modem may have: one, and those that are held. */
void at_worker_note_window(struct at_driver *driver);

/* --- messages whose answers were lost: holding.c ----------------------------------- */

/* The driver keeps it until something tells of it. */
void at_holding_add(struct at_driver *driver, struct smsc_submit *submit, enum at_outcome why);
/* The modem works again. */
void at_holding_resume(struct at_driver *driver);
/* Gives up those whose time is over. Returns when that of the next one is, or
 * INT64_MAX. */
int64_t at_holding_watch(struct at_driver *driver);
void at_holding_give_up_all(struct at_driver *driver);
/* Another message was accepted: what that tells about the held ones. */
void at_holding_compare(struct at_driver *driver, int reference);
/* A status report, or an answer that comes late. */
void at_holding_take_report(struct at_driver *driver, int reference, struct slice receiver);
void at_holding_take_answer(struct at_driver *driver, int reference, struct slice error);

/* --- notes from the thread to the loop ------------------------------------------- */

void at_note_state(struct at_driver *driver, enum smsc_state state, const char *detail);
/* How many messages the modem may hold at once. */
void at_note_window(struct at_driver *driver, size_t submits);
/* Unset: not known any more. */
void at_note_fact(struct at_driver *driver, enum smsc_fact fact, struct slice value);
void at_note_tally(struct at_driver *driver, enum smsc_tally tally);
/* text: the reference of AT_SENT, else why not. */
void at_note_outcome(struct at_driver *driver, struct smsc_submit *submit, enum at_outcome outcome,
                     struct slice text);
/* These two wait until the loop has it stored; false when it could not be. */
bool at_note_message(struct at_driver *driver, const struct sms *sms);
bool at_note_report(struct at_driver *driver, int reference, struct slice receiver, uint8_t status,
                    int64_t time);
/* What came of a question to the network. */
void at_note_ussd(struct at_driver *driver, enum smsc_ussd_result result, struct slice text);
/* The last one: the thread ends. */
void at_note_ended(struct at_driver *driver);

#endif
