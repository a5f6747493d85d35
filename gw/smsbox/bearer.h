/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bearer - the link to bearerbox.
 *
 * It connects, identifies itself, sends a heartbeat every 30 s, and connects
 * again by itself when the link is lost (after 1, 2, 4, 8, 10, 10 ... s; once
 * it is up, from 1 s again). What was submitted and not acknowledged is sent
 * again on the new link with the same id, so that bearerbox can recognise it.
 *
 * Specification: box-protocol, sections 3 to 5. Loop thread only.
 */
#ifndef GW_SMSBOX_BEARER_H
#define GW_SMSBOX_BEARER_H

#include <stdbool.h>
#include <stddef.h>

#include "gw/msg/frame.h"
#include "gwlib/loop.h"
#include "gwlib/tls.h"

struct bearer;

/* What became of a submitted message, from best to worst. */
enum bearer_outcome {
    BEARER_QUEUED,   /* ack 0: in the queue of an SMSC */
    BEARER_BUFFERED, /* ack 3: stored, no SMSC connected now */
    BEARER_REFUSED,  /* ack 1: no route; do not repeat */
    BEARER_BUSY      /* ack 2, a strange ack, no ack in time, or no link */
};

struct bearer_options {
    const char *host;
    int port;
    struct tls_context *tls; /* or NULL */
    const char *box_id;      /* or NULL */
    unsigned ack_timeout_s;  /* of impatient submissions; 0 means 60 */
};

struct bearer_events {
    /* An MO or a report: to be answered by bearer_ack(). Borrowed. */
    void (*incoming)(const struct sms *sms, void *arg);
    /* bearerbox goes down and wants us to end. No connection is tried any more. */
    void (*shutdown)(void *arg);
    /* The link ended: bearerbox sends again what was not acknowledged, to us or
     * to another box. */
    void (*lost)(void *arg);
    /* How many requests are under way, for the heartbeat. */
    int (*load)(void *arg);
};

/* Strings are borrowed for its life; events: a static table. */
struct bearer *bearer_create(struct loop *loop, const struct bearer_options *options,
                             const struct bearer_events *events, void *arg);
/* Ends the link after what is queued was sent, and opens no other: submissions
 * are answered BEARER_BUSY from now on, what waits already waits for ever. */
void bearer_close(struct bearer *bearer);
/* Callers still waiting hear BEARER_BUSY, from inside. NULL is fine. */
void bearer_free(struct bearer *bearer);

bool bearer_is_connected(const struct bearer *bearer);
/* Submissions not answered yet. */
size_t bearer_waiting(const struct bearer *bearer);

/*
 * Sends an MT and reports bearerbox's answer, exactly once, never from inside
 * this call. Takes a reference of its own.
 *
 * Impatient (a client waits): BEARER_BUSY when there is no link now, or no ack
 * within the time. Patient (a reply): waits for the link and the ack as long as
 * it takes, and tries BEARER_BUSY again every 10 s.
 *
 * Submitting an id that waits already joins it, on its terms: one frame, both
 * hear the answer.
 */
typedef void bearer_answer_fn(enum bearer_outcome outcome, void *arg);
void bearer_submit(struct bearer *bearer, struct message *message, bool patient,
                   bearer_answer_fn *answered, void *arg);

/* Answers an incoming message; false when there is no link: it comes again. */
bool bearer_ack(struct bearer *bearer, const struct sms *sms, enum ack_result result);

/* Any number that is not an ack_result is BEARER_BUSY. */
enum bearer_outcome bearer_outcome_of_ack(int nack);

#endif
