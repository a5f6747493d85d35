/* SPDX-License-Identifier: Apache-2.0 */
/*
 * driver - smsc = smpp. What its files share: one driver with its links (one
 * session each: a transceiver, or a transmitter and a receiver), the submits
 * that wait for an answer (window.c) and what the SMSC brought that waits for
 * the store (arrivals.c).
 */
#ifndef GW_SMSC_SMPP_DRIVER_H
#define GW_SMSC_SMPP_DRIVER_H

#include "gw/smsc/smpp/deliver.h"
#include "gw/smsc/smpp/session.h"
#include "gw/smsc/smpp/submit.h"

struct smpp_driver;

/* One session's place; the session comes and goes. */
struct smpp_link {
    struct smpp_driver *driver;
    const char *name; /* "transceiver", ... */
    uint32_t bind_command;
    int port;     /* 0: there is no such link */
    bool failed;  /* the last attempt was in vain */
    char *reason; /* why it is not bound, or NULL */
    struct smpp_session *session;
    unsigned generation; /* which session of this link */
    struct loop_timer *retry;
};

struct smpp_pending; /* window.c */

struct smpp_window {
    struct smpp_pending *pending; /* by sequence number, oldest first */
    struct smpp_pending *refused; /* never sent; answered in the next round */
    struct loop_timer *overdue, *throttle, *refusals;
    struct submit_scratch scratch;
};

struct smpp_driver {
    struct smsc *smsc; /* NULL when freed; arrivals may outlive it */
    struct smpp_settings settings;
    struct smpp_link sender, receiver; /* a transceiver is a sender only */
    struct smpp_window window;
    struct deliver_scratch scratch;
    size_t arrivals; /* under way to the store */
    bool full;       /* too many of them: nothing is read */
    bool receiving;
    bool stopping;
    struct loop_timer *stop;
};

/* Something that a stop waits for is over. */
void driver_check_stop(struct smpp_driver *driver);
/* Ends the session and begins another after reconnect-delay. */
void driver_lose_link(struct smpp_link *link, const char *reason);

/* --- window.c: submits ---------------------------------------------------- */

void window_create(struct smpp_driver *driver);
void window_free(struct smpp_driver *driver);
void window_send(struct smpp_driver *driver, struct smsc_submit *submit);
/* An answer to a submit_sm, or a generic_nack. */
void window_answered(struct smpp_driver *driver, const struct smpp_pdu *pdu);
/* The session is lost: every submit is answered. flushed: octets of the session
 * that left us. */
void window_lost(struct smpp_driver *driver, uint64_t flushed);
bool window_is_empty(const struct smpp_driver *driver);

/* --- arrivals.c: messages and receipts ------------------------------------- */

/* While too many are under way it is not read either. */
void arrivals_link_bound(struct smpp_link *link);
/* A deliver_sm or data_sm. */
void arrivals_take(struct smpp_link *link, const struct smpp_pdu *pdu);
/* After driver free: the memory goes with the last arrival. */
void arrivals_release(struct smpp_driver *driver);

#endif
