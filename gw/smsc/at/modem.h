/* SPDX-License-Identifier: Apache-2.0 */
/*
 * modem - one GSM modem: bring-up, sending, receiving. Straight-line code on the
 * modem's own thread; every step has its own time limit.
 *
 * 3GPP TS 27.005 (SMS), 27.007 (general), 23.040 (PDUs). A message goes to the
 * host before the modem is told that we have it: +CNMA and +CMGD come after the
 * host said "stored".
 */
#ifndef GW_SMSC_AT_MODEM_H
#define GW_SMSC_AT_MODEM_H

#include "gw/msg/message.h"
#include "gw/smsc/at/dialogue.h"
#include "gw/smsc/at/settings.h"

/* Who owns the modem. Called on the modem's thread. */
struct at_host {
    /* Blocks until the message is stored (true) or could not be (false). */
    bool (*deliver)(void *arg, const struct sms *sms);
    /* The same for a status report. */
    bool (*report)(void *arg, int reference, struct slice receiver, uint8_t status, int64_t time);
    void *arg;
};

struct at_modem;

/* Takes the port over. settings and host must outlive it. */
struct at_modem *at_modem_create(const struct at_settings *settings, const struct at_host *host,
                                 struct at_port *port, const char *name, struct log_file *log);
void at_modem_free(struct at_modem *modem);

enum at_readiness {
    AT_READY,
    AT_NOT_YET, /* wait and ask again: not registered, SIM busy */
    AT_BROKEN,  /* close, open, bring up again */
    AT_HOPELESS /* nothing more until the configuration changes: wrong PIN, PUK */
};

/* Brings the modem up. detail gets a word for the status page when it is not
 * ready. May be called again after AT_NOT_YET. */
enum at_readiness at_modem_bring_up(struct at_modem *modem, struct bytes *detail);

enum at_outcome {
    AT_SENT,      /* reference is valid */
    AT_TRY_LATER, /* not sent */
    AT_REFUSED,   /* never will be */
    AT_UNCERTAIN, /* the network may have it */
    AT_LOST       /* not sent, and the modem needs to be brought up again */
};

/* Sends one part. text gets what the modem said when it was not sent. */
enum at_outcome at_modem_send(struct at_modem *modem, const struct sms *sms, bool want_report,
                              int *reference, struct bytes *text);

/* Passes on what came unasked, and what is stored in the modem when it is time
 * to look. False when the modem needs to be brought up again. */
bool at_modem_receive(struct at_modem *modem);

/* Waits until something comes, the descriptor is readable or the time is up.
 * False when the device is gone. */
bool at_modem_wait(struct at_modem *modem, int wake_fd, int timeout_ms);

/* One keep-alive command. False when there was no answer. */
bool at_modem_probe(struct at_modem *modem);

#endif
