/* SPDX-License-Identifier: Apache-2.0 */
/*
 * modem_internal - the modem's state, for bring_up.c, send.c and receive.c.
 */
#ifndef GW_SMSC_AT_MODEM_INTERNAL_H
#define GW_SMSC_AT_MODEM_INTERNAL_H

#include "gw/smsc/at/modem.h"

/* Time limits in ms. */
enum {
    AT_PLAIN_MS = 5000,
    AT_PIN_MS = 20000,
    AT_STORAGE_MS = 10000,
    AT_LIST_MS = 30000,
    AT_PROMPT_MS = 10000,
    AT_RESULT_MS = 60000,
    AT_POLL_EVERY_MS = 60000
};

struct at_modem {
    const struct at_settings *settings;
    const struct at_host *host;
    struct at_dialogue *dialogue;
    struct at_answer answer;
    char *name;
    struct log_file *log;
    const struct at_profile *profile;
    bool identified;
    bool pin_refused;
    bool acknowledges;   /* CSMS=1: +CMT and +CDS want a +CNMA */
    int64_t next_poll;   /* when to look into the memory */
    struct bytes memory; /* that CPMS names now; empty: the modem's own choice */
};

/* A command with the pause that the profile asks for. */
enum at_final at_modem_command(struct at_modem *modem, int timeout_ms, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Reads one stored message and deletes it when it is in safe hands. */
bool at_modem_read_stored(struct at_modem *modem, struct slice memory, int index);
/* Everything that is stored. False when the device is gone. */
bool at_modem_read_all(struct at_modem *modem);

#endif
