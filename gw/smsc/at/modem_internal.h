/* SPDX-License-Identifier: Apache-2.0 */
/*
 * modem_internal - the modem's state, for the files that are the modem: bring_up,
 * unlock, indications, send, send_result, send_stored, send_text, receive, stored.
 */
#ifndef GW_SMSC_AT_MODEM_INTERNAL_H
#define GW_SMSC_AT_MODEM_INTERNAL_H

#include "gw/sms/cause.h"
#include "gw/sms/pdu.h"
#include "gw/smsc/at/modem.h"
#include "gw/smsc/at/nudge.h"
#include "gw/smsc/at/text_mode.h"

/* Time limits in ms. */
enum {
    AT_PLAIN_MS = 5000,
    AT_PROBE_MS = 3000,
    AT_PIN_MS = 15000,
    AT_STORAGE_MS = 10000,
    AT_READ_MS = 5000,
    AT_LIST_MS = 30000,
    AT_PROMPT_MS = 10000,
    AT_POLL_EVERY_MS = 60000,
    AT_CHECK_EVERY_MS = 60000,
    AT_RECHECK_CNMI_MS = 60000,
    AT_DOUBT_CNMI_MS = 5000
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
    bool acknowledges;      /* CSMS=1: +CMT and +CDS want a +CNMA */
    int64_t next_poll;      /* when to look into the memory */
    int64_t next_check;     /* when to look at the registration */
    int64_t next_recheck;   /* when to look at CNMI */
    int64_t doubtful_until; /* and soon again */
    int64_t awake_until;    /* it may sleep from then on; 0: nothing was said yet */
    struct at_nudges nudges;
    struct at_about about;
    struct at_ussd ussd;
    struct bytes memory;   /* that is read from now; empty: the modem's own choice */
    struct bytes home;     /* where messages arrive, and polls look first */
    struct bytes memories; /* that can be read, with commas */
    struct bytes cnmi;     /* what the modem said after it was set; empty: unknown */
    struct bytes cnmi_set; /* the command that set it */
    bool speaks_text;      /* it has no PDU mode: text_mode.h */
    unsigned charsets;     /* text mode: bits of enum at_charset that it offers */
    int charset;           /* text mode: that is set; -1: none of ours */
    struct bytes csmp;     /* text mode: parameters that are set */
    bool said_unjoined;    /* text mode: that long messages come in pieces */
    bool sends_stored;     /* AT+CMGS was refused, AT+CMSS works */
    bool stores_nothing;   /* AT+CMGW was refused */
    bool refuses_cmms;
    bool refuses_headers; /* text mode: it takes no user data header */
    int link_kept;        /* AT+CMMS, as it was set */
    bool full;            /* it said that its memory is */
    int64_t next_full_warning;
    bool listed_unread; /* text mode: what is read now was unread in the list */
};

/* A command with the pause that the profile asks for. */
enum at_final at_modem_command(struct at_modem *modem, int timeout_ms, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* How fast it may be written to, by its profile and what was learnt. */
void at_modem_set_pace(struct at_modem *modem);
/* After a command without an answer: whether it answers AT, asked briefly. */
bool at_modem_is_there(struct at_modem *modem);
/* Whether the last answer was an error of that class. */
bool at_modem_error_is(const struct at_modem *modem, enum cause_class class);

/* --- steps of the bring-up: one file each ------------------------------------- */

/* PDU mode, or text mode where there is no other. */
enum at_readiness at_modem_choose_mode(struct at_modem *modem, struct bytes *detail);
enum at_readiness at_modem_unlock(struct at_modem *modem, struct bytes *detail);
enum at_readiness at_modem_choose_memory(struct at_modem *modem, struct bytes *detail);
enum at_readiness at_modem_choose_indications(struct at_modem *modem, struct bytes *detail);
/* Sets the number of the service centre, sms-center or that of the SIM, once more.
 * False when there is none, or the modem does not take it. */
bool at_modem_set_centre(struct at_modem *modem);
/* Sets the indications again when the modem has forgotten them. False when the
 * device is gone. */
bool at_modem_recheck_indications(struct at_modem *modem);

/* --- sending: the ways are send.c, send_stored.c, send_text.c; the wait for what
 * comes of it is send_result.c ---------------------------------------------------- */

struct at_attempt {
    const struct sms *sms;
    int part;
    bool want_report;
    bool without_validity;
    int reference;      /* of AT_SENT; -1: not told */
    bool again;         /* not sent, and worth one more attempt at once */
    bool malformed;     /* the modem found no sense in it */
    struct bytes *text; /* why not */
};

/* Relative TP-VP, or -1. */
int at_attempt_validity(const struct at_modem *modem, const struct at_attempt *attempt);
/* The last answer was an error. */
enum at_outcome at_attempt_failed(struct at_modem *modem, struct at_attempt *attempt);
/* The last answer was anything but the prompt. */
enum at_outcome at_attempt_without_prompt(struct at_modem *modem, struct at_attempt *attempt);
/* How long the prompt may take: by what this modem is used to. */
int at_prompt_patience(const struct at_modem *modem);
/* It came, to a command given then. */
void at_note_prompt(struct at_modem *modem, int64_t started);
/* Behind the prompt: gives the text to the modem and waits for the result. */
enum at_outcome at_attempt_submit(struct at_modem *modem, struct at_attempt *attempt,
                                  struct slice text);
/* Waits for the result of what was started then, however long it takes; or for a
 * report that tells the same. */
enum at_outcome at_attempt_result(struct at_modem *modem, struct at_attempt *attempt,
                                  enum at_final final, int64_t started);

/* AT+CMGW and AT+CMSS. False: nothing was sent, and never will be this way. */
bool at_send_stored(struct at_modem *modem, struct at_attempt *attempt, const struct pdu_line *line,
                    enum at_outcome *outcome);
/* A stored PDU without what the modem may change: the centre, its reference. */
struct slice at_stored_essence(struct slice digits);
/* Whether the last answer said that the modem does not know the command. */
bool at_modem_lacks_command(const struct at_modem *modem);
/* Text mode: AT+CSCS when it is another one; -1: as it is. False when the device
 * is gone. */
bool at_modem_set_charset(struct at_modem *modem, int charset);
/* In text mode. */
enum at_outcome at_send_text(struct at_modem *modem, struct at_attempt *attempt);

/* --- receiving ----------------------------------------------------------------------- */

enum at_fate {
    AT_SAFE,      /* stored: the modem may forget it */
    AT_KEEP,      /* not stored now: the modem or the network is to keep it */
    AT_UNREADABLE /* never will be; it is in the log */
};

/* Hands a PDU, or text with its header, to the host, unless that was done before. */
enum at_fate at_modem_take_pdu(struct at_modem *modem, struct slice digits);
enum at_fate at_modem_take_text(struct at_modem *modem, const struct at_text_header *header,
                                struct slice text);
/* The reference that a status report among the events tells of; -1: it is none. */
int at_modem_reported(const struct at_modem *modem, const struct at_event *event);
/* What two copies of a message in text mode have in common. */
void at_modem_text_key(const struct at_text_header *header, struct slice text, struct bytes *key);
/* Warns when the memory is full of other people's messages. */
bool at_modem_check_full(struct at_modem *modem);
/* Makes it the memory that is read from. False when the device is gone. */
bool at_modem_select_memory(struct at_modem *modem, struct slice memory);

/* What came behind "+CUSD:", for who waits for it. */
void at_modem_take_ussd(struct at_modem *modem, struct slice value);

/* Reads one stored message and deletes it when it is in safe hands. */
bool at_modem_read_stored(struct at_modem *modem, struct slice memory, int index);
/* Whether PDUs begin with the service centre, as they do since phase 2. */
bool at_modem_has_smsc_field(const struct at_modem *modem);
/* Reads a PDU in the form that the modem uses, and learns which one that is. */
bool at_modem_decode(const struct at_modem *modem, struct slice digits, struct pdu *pdu,
                     struct sms_fault *fault);

#endif
