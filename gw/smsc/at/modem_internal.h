/* SPDX-License-Identifier: Apache-2.0 */
/*
 * modem_internal - the modem's state, for the files that are the modem: bring_up,
 * unlock, indications, send, receive.
 */
#ifndef GW_SMSC_AT_MODEM_INTERNAL_H
#define GW_SMSC_AT_MODEM_INTERNAL_H

#include "gw/sms/cause.h"
#include "gw/smsc/at/modem.h"

/* Time limits in ms (spec at-modems, section 2). */
enum {
    AT_PLAIN_MS = 5000,
    AT_PIN_MS = 15000,
    AT_STORAGE_MS = 10000,
    AT_LIST_MS = 30000,
    AT_PROMPT_MS = 10000,
    AT_POLL_EVERY_MS = 60000,
    AT_CHECK_EVERY_MS = 60000,
    AT_RECHECK_CNMI_MS = 300000
};

struct at_modem {
    const struct at_settings *settings;
    const struct at_host *host;
    struct at_knowledge *knowledge;
    struct at_port *port; /* belongs to the dialogue */
    struct at_dialogue *dialogue;
    struct at_answer answer;
    char *name;
    struct log_file *log;
    const struct at_profile *profile;
    bool identified;
    bool acknowledges;    /* CSMS=1: +CMT and +CDS want a +CNMA */
    int64_t next_poll;    /* when to look into the memory */
    int64_t next_check;   /* when to look at the registration */
    int64_t next_recheck; /* when to look at CNMI */
    int64_t searching_at; /* since when it is not registered; 0: it is */
    int nudges;           /* given meanwhile */
    struct at_about about;
    struct bytes memory;   /* that is read from now; empty: the modem's own choice */
    struct bytes home;     /* where messages arrive, and polls look */
    struct bytes cnmi;     /* what the modem said after it was set; empty: unknown */
    struct bytes cnmi_set; /* the command that set it */
};

/* A command with the pause that the profile asks for. */
enum at_final at_modem_command(struct at_modem *modem, int timeout_ms, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Whether the last answer was an error of that class. */
bool at_modem_error_is(const struct at_modem *modem, enum cause_class class);

/* --- steps of the bring-up: one file each ------------------------------------- */

enum at_readiness at_modem_unlock(struct at_modem *modem, struct bytes *detail);
enum at_readiness at_modem_choose_memory(struct at_modem *modem, struct bytes *detail);
enum at_readiness at_modem_choose_indications(struct at_modem *modem, struct bytes *detail);
/* Sets the indications again when the modem has forgotten them. False when the
 * device is gone. */
bool at_modem_recheck_indications(struct at_modem *modem);

/* Reads one stored message and deletes it when it is in safe hands. */
bool at_modem_read_stored(struct at_modem *modem, struct slice memory, int index);
/* Everything that is stored. False when the device is gone. */
bool at_modem_read_all(struct at_modem *modem);

#endif
