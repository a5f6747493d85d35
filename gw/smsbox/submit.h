/* SPDX-License-Identifier: Apache-2.0 */
/*
 * submit - from one text and its receivers to messages for bearerbox, and back
 * from their acknowledgements to one answer.
 *
 * Every message (receiver, and part when the parts are not joined) has an id of
 * its own. The answer comes when all are acknowledged: what they agree on, else
 *   - BEARER_BUSY when bearerbox could not take one of them now: the client
 *     repeats (with an Idempotency-Key without doubles);
 *   - BEARER_BUFFERED or BEARER_QUEUED when some were taken and the others
 *     refused for good: repeating would not help.
 * (Kannel answers with the first acknowledgement.)
 */
#ifndef GW_SMSBOX_SUBMIT_H
#define GW_SMSBOX_SUBMIT_H

#include "gw/smsbox/bearer.h"
#include "gw/smsbox/pieces.h"

struct submit_order {
    struct sms sms; /* all but receiver and id; msgdata is the whole text */
    const struct slice *receivers;
    size_t receiver_count;
    const struct pieces_options *pieces;
    struct slice origin; /* see identity.h; unset: random ids */
    bool patient;        /* see bearer_submit() */
};

struct submit_receipt {
    unsigned messages; /* handed to the link; 0: nothing was to be sent */
    unsigned splits;   /* parts of the text for one receiver */
};

/* `done` comes exactly once, never from inside; not at all when messages is 0. */
typedef void submit_done_fn(enum bearer_outcome outcome, void *arg);
struct submit_receipt submit_messages(struct bearer *bearer, const struct submit_order *order,
                                      submit_done_fn *done, void *arg);

/* The answer for two acknowledgements together. */
enum bearer_outcome submit_combine(enum bearer_outcome a, enum bearer_outcome b);

#endif
