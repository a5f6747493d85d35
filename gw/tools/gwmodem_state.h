/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gwmodem_state - what a modem says of itself, its SIM, the network and its
 * message service (3GPP TS 27.005, 27.007). Only asks; changes nothing but the
 * form of the answers (ATE0, ATV1, AT+CMEE=1).
 */
#ifndef GW_TOOLS_GWMODEM_STATE_H
#define GW_TOOLS_GWMODEM_STATE_H

#include "gw/tools/gwmodem_link.h"

struct state_memory {
    char name[8];
    int used, size;
};

/* Texts are "" and numbers -1 when the modem does not tell. */
struct modem_state {
    char manufacturer[64], model[64], revision[64], imei[24];
    char sim[32];  /* "READY", "SIM PIN", ... */
    int sim_error; /* +CME ERROR of the question */
    int pin_tries; /* left */
    char imsi[24], iccid[32], own_number[32];
    int registration; /* stat of +CREG, best of the three */
    char operator_name[64];
    int signal; /* 0..31, 99 not known */
    bool pdu_mode, text_mode;
    char service_centre[32];
    bool service_centre_asked; /* it did answer */
    struct state_memory memories[3];
    int memory_count;
    bool indications_known; /* the test command was answered */
    unsigned indications;   /* bit n: mt n is offered */
    unsigned reports;       /* bit n: ds n is offered */
};

void state_init(struct modem_state *state);
void state_ask_identity(struct link *link, struct modem_state *state);
void state_ask_sim(struct link *link, struct modem_state *state);
/* IMSI, ICCID, number: with a SIM that is ready. */
void state_ask_subscriber(struct link *link, struct modem_state *state);
void state_ask_network(struct link *link, struct modem_state *state);
void state_ask_service(struct link *link, struct modem_state *state);

bool state_is_registered(const struct modem_state *state);
bool state_sim_is_ready(const struct modem_state *state);
/* "registered, roaming", ... */
const char *state_registration_text(int registration);
/* dBm; 0 when not known. */
int state_signal_dbm(const struct modem_state *state);

/* The values that group number `group` of a test command's answer offers:
 * `(0-2),(0,1),("0","1")`, brackets may be missing. Pure. */
unsigned state_offered(struct slice value, int group);

#endif
