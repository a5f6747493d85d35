/* SPDX-License-Identifier: Apache-2.0 */
/*
 * about - what a modem tells of itself, its SIM and the network: the facts of the
 * status page (gw/smsc/facts.def). The SIM's names are asked when the modem is
 * brought up, before anything is sent, because limits count by SIM; the rest when
 * the modem is idle, at most once a minute. No answer is needed for anything: a
 * question that is refused or not answered is not asked again for long.
 *
 * The modem's thread.
 */
#ifndef GW_SMSC_AT_ABOUT_H
#define GW_SMSC_AT_ABOUT_H

#include "gw/smsc/smsc.h"

#define AT_ABOUT_QUESTIONS 16

/* The questions of one minute, which may be interrupted. */
struct at_about_round {
    size_t next; /* to be asked */
    bool asked[SMSC_FACTS], found[SMSC_FACTS];
};

/* Of one modem. All zero at first. */
struct at_about {
    struct at_about_round round;
    int64_t next;                         /* when to ask again; monotonic ms */
    uint8_t refusals[AT_ABOUT_QUESTIONS]; /* of each question, in a row */
    bool known[SMSC_FACTS];
    bool said[SMSC_FACTS]; /* that told[] is what the host was told */
    int models_asked;      /* how often the model was asked for */
    bool named;            /* the operator is asked by name */
    int weak_dbm;          /* that was said; 0: it is not weak */
    struct bytes told[SMSC_FACTS];
};

/* Of one connection, for as long as the process runs. All zero at first. */
struct at_sim_memory {
    struct bytes imsi, iccid; /* of the last SIM */
    uint32_t silent;          /* questions that this kind of modem does not answer at all */
};
void at_sim_memory_free(struct at_sim_memory *memory);

struct at_modem;
/* IMSI and ICCID; says so when the SIM is another than before. False when the
 * device is gone. */
bool at_modem_ask_sim(struct at_modem *modem);
/* Tells the host, when it is new. value unset: not known any more. */
void at_modem_tell(struct at_modem *modem, enum smsc_fact fact, struct slice value);
/* The status that +CREG? or its like gave. */
void at_modem_tell_registration(struct at_modem *modem, long status);
/* The modem goes: what was true of its radio is not known any more. */
void at_about_end(struct at_modem *modem);

#endif
