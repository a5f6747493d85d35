/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session - one SMPP session as ESME: connect, bind, keep alive, unbind (SMPP 3.4
 * section 2). It answers enquire_link and unbind by itself and passes all other
 * PDUs on, in the order of the wire. Loop thread only.
 *
 * A session lives from smpp_session_open() to smpp_session_close(), which may be
 * called from inside any report. Nothing is reported after it.
 */
#ifndef GW_SMSC_SMPP_SESSION_H
#define GW_SMSC_SMPP_SESSION_H

#include "gw/smsc/smpp/pdu.h"
#include "gw/smsc/smpp/settings.h"
#include "gw/smsc/smsc.h"

struct smpp_session;

struct smpp_session_events {
    void (*bound)(void *arg);
    /* Valid during the call. */
    void (*received)(const struct smpp_pdu *pdu, void *arg);
    /* Refused, lost, silent for too long, or unbound; the owner closes it then.
     * reason is for people and valid during the call. */
    void (*ended)(const char *reason, void *arg);
};

/*
 * Connects to a port of the SMSC and binds by this command (SMPP_BIND_...). The
 * settings and the smsc (for loop and log) must outlive it.
 */
struct smpp_session *smpp_session_open(struct smsc *smsc, const struct smpp_settings *settings,
                                       int port, uint32_t bind_command,
                                       const struct smpp_session_events *events, void *arg);
/* At once and for good. NULL is fine. */
void smpp_session_close(struct smpp_session *session);

/* Sends unbind and waits for the answer a little; then `ended` comes. */
void smpp_session_unbind(struct smpp_session *session);

bool smpp_session_is_bound(const struct smpp_session *session);

/* Sends a request; its sequence number is set here and returned. */
uint32_t smpp_session_request(struct smpp_session *session, struct smpp_pdu *pdu);
/* Answers the request with that command and sequence number. */
void smpp_session_respond(struct smpp_session *session, uint32_t command, uint32_t status,
                          uint32_t sequence);

/* Octets written so far, and how many of them the kernel has taken. */
uint64_t smpp_session_written(const struct smpp_session *session);
uint64_t smpp_session_flushed(const struct smpp_session *session);

/* While paused nothing is read; silence does not count then. */
void smpp_session_pause(struct smpp_session *session, bool paused);

#endif
