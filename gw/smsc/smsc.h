/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smsc - the interface between the bearerbox and its bearers.
 *
 * A struct smsc is one connection to an SMSC: what is common to all kinds (ids,
 * limits, state, log), and the driver that does the work. Everything here
 * belongs to the loop's thread; a driver with a thread of its own (modems) has a
 * half that lives on the loop and talks to the other half by mailbox.
 *
 * Downwards: the bearerbox starts and stops a connection and hands it messages
 * as long as smsc_has_room() says so. Upwards: a driver reports through the
 * functions of the last section, and smsc passes on to struct smsc_events.
 *
 * The contract that keeps messages safe: every submit that a driver was handed
 * is answered exactly once, by smsc_accepted() or smsc_failed(), also when the
 * connection breaks or stops. An incoming message or report is acknowledged to
 * the network only after `stored(true)` came back.
 */
#ifndef GW_SMSC_SMSC_H
#define GW_SMSC_SMSC_H

#include "gw/msg/message.h"
#include "gwlib/conf.h"
#include "gwlib/log.h"
#include "gwlib/loop.h"

struct smsc;

/* Printable as on the status page: see smsc_state_name(). */
enum smsc_state {
    SMSC_CONNECTING, /* first attempt, or waiting for a device or client */
    SMSC_ONLINE,
    SMSC_RECONNECTING, /* lost or refused, tries again */
    SMSC_DISCONNECTED, /* stopped by an operator, or stopping */
    SMSC_DEAD          /* given up or stopped; only a start brings it back */
};

/* One message, or one part of a long one, on its way to the network. Owned by
 * the bearerbox; valid until it is answered. */
struct smsc_submit {
    struct message *message; /* fits one part; udhdata holds the concatenation element */
    int part, parts;         /* 1 of 1 when not split */
    bool want_report;        /* ask the SMSC for a delivery report */
    void *owner;             /* the bearerbox's own */
};

enum smsc_failure {
    SMSC_TEMPORARY, /* not sent; may be tried again */
    SMSC_PERMANENT, /* refused; will never work */
    SMSC_UNCERTAIN  /* handed over, the answer was lost */
};

/* What the SMSC tells about a message sent earlier. */
struct smsc_report {
    struct slice foreign_id;
    struct slice receiver; /* the handset, or unset when the network does not say */
    /* The same id in another spelling, and the handset that it would have to be
     * then: for SMSCs that write ids in hexadecimal here and in decimal there. */
    struct slice other_id, claimed_receiver;
    enum dlr_event event;
    struct slice text;      /* receipt text, becomes msgdata */
    struct slice meta_data; /* to be added to the report's, or unset */
    struct slice account;   /* or unset */
    int64_t time;           /* seconds since 1970 */
};

/* Called once on the loop: true, committed to the store (acknowledge it now);
 * false, not stored (tell the network to try later, or keep it). */
typedef void smsc_stored_fn(bool stored, void *arg);

/* What the bearerbox wants to hear; `owner` is the pointer given at creation. It
 * may call smsc_send() from inside any of these, and smsc_free() when the state
 * is SMSC_DEAD. */
struct smsc_events {
    /* Never from inside smsc_start() and smsc_stop(). */
    void (*state)(void *owner, enum smsc_state state);
    /* There is room again after smsc_has_room() said no. */
    void (*ready)(void *owner);
    /* text follows "ACK/" in the report for event 8; meta_data is added to it. */
    void (*accepted)(void *owner, struct smsc_submit *submit, struct slice foreign_id,
                     struct slice text, struct slice meta_data);
    /* text follows "NACK/" in the report for event 16 and is the last error. */
    void (*failed)(void *owner, struct smsc_submit *submit, enum smsc_failure failure,
                   struct slice text, struct slice meta_data);
    /* A message (a part is one too, with its UDH). sms_type, id, time and
     * smsc_id are set already; one that the network repeats has the same id
     * again where that can be known. Who keeps it takes a reference. `stored` may
     * also be called from inside. */
    void (*received)(void *owner, struct message *message, smsc_stored_fn *stored, void *arg);
    void (*reported)(void *owner, const struct smsc_report *report, smsc_stored_fn *stored,
                     void *arg);
};

/* --- for the bearerbox ------------------------------------------------- */

/*
 * A connection from its configuration group: no input or output yet. Mistakes
 * are added to problems; NULL when there was an error. owner and events must
 * outlive it; so must the configuration.
 */
struct smsc *smsc_create(struct loop *loop, const struct conf_group *group,
                         const struct smsc_events *events, void *owner,
                         struct conf_problems *problems);
/* From SMSC_DEAD, which is also the first state; else nothing happens. */
void smsc_start(struct smsc *smsc);
/* Ends the connection; every submit is answered; the state becomes SMSC_DEAD
 * (reported, later) when it is done. */
void smsc_stop(struct smsc *smsc);
/* Only in state SMSC_DEAD; one that would not end is left to the end of the
 * process. NULL is fine. */
void smsc_free(struct smsc *smsc);

/* Free places now: 0 unless it is online, has places in the driver's window, and
 * is within its throughput. */
size_t smsc_room(const struct smsc *smsc);
static inline bool smsc_has_room(const struct smsc *smsc)
{
    return smsc_room(smsc) > 0;
}
/*
 * How many messages of that priority may begin now beyond those under way, as far
 * as limits, quiet hours and an empty account go; SIZE_MAX: as many as there is
 * room for. A message that has begun may be finished. events.state is called when
 * it changes, and smsc_detail() tells why.
 */
size_t smsc_permits(const struct smsc *smsc, int priority);
/* How many messages may be made ready beyond the room, so that a wide window
 * never waits for a commit: 0 for modems and throttled connections. */
size_t smsc_prefetch(const struct smsc *smsc);
/* Only while smsc_has_room(). The answer never comes from inside this call. */
void smsc_send(struct smsc *smsc, struct smsc_submit *submit);
/* It works, and takes no message for so long all the same; NULL: it does again. */
void smsc_set_aside(struct smsc *smsc, const char *why, int64_t ms);
bool smsc_is_aside(const struct smsc *smsc);
/* false: take nothing from the network for now (isolated). Default true. */
void smsc_set_receiving(struct smsc *smsc, bool receiving);

/* --- questions to the network (USSD) --- */

enum smsc_ussd_result {
    SMSC_USSD_DONE,
    SMSC_USSD_MORE,  /* the network waits for an answer */
    SMSC_USSD_FAILED /* text tells why */
};
/* text is UTF-8, valid during the call. */
typedef void smsc_ussd_fn(enum smsc_ussd_result result, struct slice text, void *arg);
/*
 * Sends a code like *100#, or the answer to what the network asked last; an empty
 * text ends the dialogue. done is called exactly once, later, from the loop. False,
 * with the reason appended to *why, when it cannot be asked now.
 */
bool smsc_ussd(struct smsc *smsc, struct slice code, bool is_answer, smsc_ussd_fn *done, void *arg,
               struct bytes *why);

enum smsc_state smsc_state(const struct smsc *smsc);
/* "online", "connecting", "re-connecting", "disconnected", "dead". */
const char *smsc_state_name(enum smsc_state state);
/* Seconds since it became online; 0 when it is not. */
int64_t smsc_online_seconds(const struct smsc *smsc);
/* Why it is in this state, for people: "waits for /dev/ttyUSB0: No such file or
 * directory". "" when there is nothing to say. */
const char *smsc_detail(const struct smsc *smsc);
size_t smsc_outstanding(const struct smsc *smsc);
const char *smsc_id(const struct smsc *smsc);       /* NULL when not configured */
const char *smsc_admin_id(const struct smsc *smsc); /* NULL without id */
/* As on Kannel's status page: "FAKE:24010", "AT2[linuxku]", ... */
const char *smsc_name(const struct smsc *smsc);
/* max-sms-octets. */
size_t smsc_max_octets(const struct smsc *smsc);

/* --- facts and tallies -------------------------------------------------- */

/* What is known about the other end, as text; facts.def tells what is in each. */
enum smsc_fact {
#define FACT(symbol, name, document) SMSC_FACT_##symbol,
#include "gw/smsc/facts.def"
    SMSC_FACTS
};
/* What happened on this connection and is worth counting, since the start. */
enum smsc_tally {
#define TALLY(symbol, name, document) SMSC_TALLY_##symbol,
#include "gw/smsc/tallies.def"
    SMSC_TALLIES
};

/* "signal"; "" for what is none. The same names stand on the status page, in the
 * metrics and in the documents. */
const char *smsc_fact_name(enum smsc_fact fact);
const char *smsc_tally_name(enum smsc_tally tally);
/* A line that explains it. */
const char *smsc_fact_document(enum smsc_fact fact);
const char *smsc_tally_document(enum smsc_tally tally);
/* "" while it is not known. Valid until the loop goes on. */
const char *smsc_fact(const struct smsc *smsc, enum smsc_fact fact);
uint64_t smsc_tally(const struct smsc *smsc, enum smsc_tally tally);

/* --- for drivers -------------------------------------------------------- */

struct smsc_driver {
    const char *type; /* value of the variable smsc */
    /* Reads the configuration; sets name and window. NULL after an error. */
    void *(*create)(struct smsc *smsc, const struct conf_group *group,
                    struct conf_problems *problems);
    void (*start)(void *driver);
    void (*stop)(void *driver); /* must end with smsc_set_state(SMSC_DEAD) */
    void (*send)(void *driver, struct smsc_submit *submit);
    void (*set_receiving)(void *driver, bool receiving); /* may be NULL */
    /* May be NULL. Only while online, and not before the last one is answered. */
    void (*ussd)(void *driver, struct slice code, bool is_answer);
    void (*free)(void *driver);
};

/* One a file; listed in smsc.c. */
extern const struct smsc_driver smsc_driver_fake;
extern const struct smsc_driver smsc_driver_loopback;
extern const struct smsc_driver smsc_driver_at;
extern const struct smsc_driver smsc_driver_smpp;

struct loop *smsc_loop(const struct smsc *smsc);
void smsc_set_name(struct smsc *smsc, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* How many submits the driver takes at once; default 1. */
void smsc_set_window(struct smsc *smsc, size_t submits);
/* Nothing new goes until it is called with NULL: an empty account. */
void smsc_hold(struct smsc *smsc, const char *why);
int64_t smsc_reconnect_delay_ms(const struct smsc *smsc);
/* The log-file of the group, or the main log; the line is prefixed by nothing. */
void smsc_log(const struct smsc *smsc, enum log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The same from another thread. Opened by smsc_start(). */
struct log_file *smsc_log_file(const struct smsc *smsc);
/* Whether anybody would see it: saves making an expensive text. Loop thread. */
bool smsc_logs(const struct smsc *smsc, enum log_level level);

/* detail may be NULL. The same state with another detail is a change too. Leave
 * SMSC_ONLINE before the submits of a lost connection are answered: then they go
 * back to the queue at once. */
void smsc_set_state(struct smsc *smsc, enum smsc_state state, const char *detail);

/* Unset or empty: not known (any more). Other people's octets may be in it. */
void smsc_set_fact(struct smsc *smsc, enum smsc_fact fact, struct slice value);
void smsc_count(struct smsc *smsc, enum smsc_tally tally, unsigned times);

/* The answer to ussd(), exactly one; before SMSC_DEAD. */
void smsc_ussd_answered(struct smsc *smsc, enum smsc_ussd_result result, struct slice text);

void smsc_accepted(struct smsc *smsc, struct smsc_submit *submit, struct slice foreign_id,
                   struct slice text, struct slice meta_data);
void smsc_failed(struct smsc *smsc, struct smsc_submit *submit, enum smsc_failure failure,
                 struct slice text, struct slice meta_data);
/* Fills in sms_type, id, time and smsc_id where they are unset. time is set only
 * when it is the service centre's own: the id follows then from all that tells
 * one message from another, so that one that comes again has the same. */
void smsc_received(struct smsc *smsc, const struct sms *sms, smsc_stored_fn *stored, void *arg);
void smsc_reported(struct smsc *smsc, const struct smsc_report *report, smsc_stored_fn *stored,
                   void *arg);

#endif
