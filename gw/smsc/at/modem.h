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
#include "gw/sms/pdu.h"
#include "gw/smsc/at/about.h"
#include "gw/smsc/at/dialogue.h"
#include "gw/smsc/at/patience.h"
#include "gw/smsc/at/pin_memory.h"
#include "gw/smsc/at/seen.h"
#include "gw/smsc/at/settings.h"
#include "gw/smsc/at/ussd.h"
#include "gw/smsc/at/written.h"
#include "gw/smsc/smsc.h"

/* Who owns the modem. Called on the modem's thread. */
struct at_host {
    /* Blocks until the message is stored (true) or could not be (false). */
    bool (*deliver)(void *arg, const struct sms *sms);
    /* The same for a status report. */
    bool (*report)(void *arg, int reference, struct slice receiver, uint8_t status, int64_t time);
    /* A result that was given up came after all: the reference, or -1 and the
     * error. */
    void (*late_result)(void *arg, int reference, struct slice error);
    /* Whether everything is to end: long procedures stop early then. */
    bool (*stopped)(void *arg);
    /* Whether something waits to be done: what is done in idle moments gives way. */
    bool (*wanted)(void *arg);
    /* What is known of the modem (unset: not any more), and what happened to it. */
    void (*fact)(void *arg, enum smsc_fact fact, struct slice value);
    void (*tally)(void *arg, enum smsc_tally tally);
    void *arg;
};

/* A message that was written into the modem's memory to be sent from there, and
 * whose fate is not known. */
struct at_stored {
    bool is_there;
    char memory[16]; /* "SM"; "": the modem's own choice */
    int index;
    struct pdu_line line;
};

/* What is known of a modem and its SIM and outlives the connection to it. */
struct at_knowledge {
    struct at_pin_memory pins;
    struct at_seen seen; /* PDUs that are stored already */
    struct at_sim_memory sim;
    int speed;                        /* that answered; 0: not yet known */
    bool takes_any_speed;             /* the port has none that matters */
    int silences;                     /* in a row */
    const struct at_profile *profile; /* that was found; NULL: not yet */
    int reference;                    /* of the message sent last; -1: not known */
    struct at_patience results;       /* of messages */
    struct at_patience prompts;
    struct at_patience lists;
    bool asked_in_vain;       /* AT, by the last look whether it is there */
    bool awaits_others;       /* answers of earlier messages may come yet */
    int64_t given_at;         /* the last message was, or is; monotonic ms */
    int64_t listen_until;     /* its answer may come so late, on the next connection */
    int pause_ms;             /* before a command; learnt from surplus answers */
    bool refused_indications; /* AT+CNMI, the last time; few are tried again */
    struct at_stored stored;
    struct at_written written; /* what it is about, also after a crash */
    struct at_left left;
    bool omits_smsc;       /* phase 1: PDUs have no SMSC field; learnt from errors */
    bool spoke_text;       /* what comes before the mode is set is read as text mode's */
    bool knows_form;       /* a PDU of that form was sent or read */
    bool tried_forms;      /* both, for one message */
    bool is_slow_reader;   /* it loses characters of lines that come at once */
    bool means_it;         /* it found no sense in a message, and none again */
    bool refuses_validity; /* TP-VP */
};

struct at_modem;

/* Takes the port over. The other pointers must outlive it. */
struct at_modem *at_modem_create(const struct at_settings *settings, const struct at_host *host,
                                 struct at_knowledge *knowledge, struct at_port *port,
                                 const char *name, struct log_file *log);
void at_modem_free(struct at_modem *modem);
/* Before it is closed: hands on the messages and reports that it gave and nobody has
 * taken yet. They are not acknowledged; those that come again are known. */
void at_modem_take_last(struct at_modem *modem);
/* Hands on the results of messages that came while nobody waited for them. */
void at_modem_take_late_results(struct at_modem *modem);

enum at_readiness {
    AT_READY,
    AT_NOT_YET, /* wait and ask again: not registered, SIM busy */
    AT_BROKEN,  /* close, open, bring up again */
    AT_HOPELESS /* nothing more until somebody does something: wrong PIN, PUK */
};

/* Brings the modem up. detail gets a word for the status page when it is not
 * ready. May be called again after AT_NOT_YET, AT_HOPELESS, or a restart. */
enum at_readiness at_modem_bring_up(struct at_modem *modem, struct bytes *detail);

/* --- for a modem in trouble ------------------------------------------------- */

/* ESC, which leaves a prompt, and AT: whether it answers one of so many. */
bool at_modem_hello(struct at_modem *modem, int tries, int timeout_ms);
/* Restarts it: the profile's reset-string, else AT+CFUN=1,1. */
void at_modem_reset(struct at_modem *modem);
/* Whether the last answer was an error of the modem itself: SIM failure, memory
 * failure. */
bool at_modem_has_failed(const struct at_modem *modem);
/* Lowers DTR for a second, where there is one. */
void at_modem_hang_up(struct at_modem *modem);
/* The device itself is lost, and not only the modem silent. */
bool at_modem_is_gone(const struct at_modem *modem);
/* Whether AT+CGSN answers with that serial number; what it said is in *said. */
bool at_modem_has_imei(struct at_modem *modem, const char *imei, struct bytes *said);

/* --- working with one that is ready ------------------------------------------- */

enum at_outcome {
    AT_SENT,               /* reference: TP-MR, or -1 when the modem does not tell */
    AT_TRY_LATER,          /* not sent; the message's tries count */
    AT_TRY_FEW,            /* the same, at most three times */
    AT_REFUSED,            /* never will be */
    AT_PAUSE,              /* not sent; the modem needs a moment, the message keeps its tries */
    AT_STOP,               /* not sent; with this SIM nothing will be */
    AT_BARRED,             /* not sent; with this SIM, or to this receiver, nothing will be */
    AT_UNCERTAIN,          /* the network may have it; the modem answers commands */
    AT_UNCERTAIN_LOST,     /* the network may have it, and the modem must be brought up again */
    AT_UNCERTAIN_SILENT,   /* the same; its answer may come yet, from the port opened anew */
    AT_UNCERTAIN_ANSWERED, /* the network may have it, and no other answer will come */
    AT_LOST                /* not sent, and the modem must be brought up again */
};

/* Sends one part. text gets what the modem said when it was not sent. */
enum at_outcome at_modem_send(struct at_modem *modem, const struct smsc_submit *submit,
                              int *reference, struct bytes *text);

/* What the memory says of a message that was to be sent from there and whose
 * answer was lost. */
enum at_stored_verdict { AT_STORED_UNKNOWN, AT_STORED_SENT, AT_STORED_UNSENT };
enum at_stored_verdict at_modem_look_at_stored(struct at_modem *modem);

/* What a final error means for the message that was sent; text gets it in words. */
enum at_outcome at_send_judge(struct slice error, struct bytes *text);

/* What the host is to do after a look at the modem. */
enum at_condition {
    AT_GOOD,
    AT_UNREGISTERED, /* hold what is to be sent */
    AT_AGAIN,        /* the modem restarted: bring it up again, as it is */
    AT_CLOSED        /* open it again */
};

/* Whether it has lost its settings, so that nothing may be sent before it is
 * brought up again; says so in the log. */
bool at_modem_has_restarted(const struct at_modem *modem);

/* Looks into all memories now. */
bool at_modem_read_all(struct at_modem *modem);

/* Passes on what came unasked, and what is stored in the modem when it is time
 * to look. */
enum at_condition at_modem_receive(struct at_modem *modem);

/* Looks after the settings that modems forget, and the registration: for idle
 * moments, does something once in a while only. */
enum at_condition at_modem_check(struct at_modem *modem);
/* Looks what is to be told of the modem (about.h): for idle moments, asks once a
 * minute. */
enum at_condition at_modem_ask_about(struct at_modem *modem);
/* Whether messages can be sent now; asks the modem. */
enum at_condition at_modem_registration(struct at_modem *modem);

/* When at_modem_receive() or at_modem_check() has something to do of itself. */
int64_t at_modem_next_look(const struct at_modem *modem);

/* Waits until something comes, the descriptor is readable or the time is up.
 * False when the device is gone. */
bool at_modem_wait(struct at_modem *modem, int wake_fd, int timeout_ms);

/* Whether something came that at_modem_receive() would take. */
bool at_modem_has_events(const struct at_modem *modem);

/* Keep-alive. False when there was no answer, twice. */
bool at_modem_probe(struct at_modem *modem);

#endif
