/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dispatch - MT from their lanes to the SMSC connections, and what becomes of
 * them there.
 *
 * A message is committed as SENDING before a driver gets it, so that after a
 * crash exactly those that an SMSC may have are uncertain. A connection takes as
 * many as its driver has room for; drivers with a wide window get some ready in
 * hand, so that the window never waits for a commit.
 *
 * The parts of a long message go one after the other; what was accepted is
 * noted, and a later attempt goes on where this one ended, with the same
 * reference.
 */
#ifndef GW_BEARERBOX_DISPATCH_H
#define GW_BEARERBOX_DISPATCH_H

#include "gw/bearerbox/links.h"

struct dispatch;

/* Registers for the MT lanes; lanes_start() must come after links_create(). */
struct dispatch *dispatch_create(struct gateway *gateway);
void dispatch_free(struct dispatch *dispatch);

/*
 * A connection of this lane that would take a message now and no other message
 * waits before it; NULL: it has to wait in the lane. A place is kept until
 * dispatch_direct() or dispatch_release().
 */
struct bearer *dispatch_reserve(struct lane *lane, int priority);
void dispatch_release(struct bearer *bearer);
/* The message was stored as SENDING for that connection. */
void dispatch_direct(struct lane *lane, struct bearer *bearer, int64_t number,
                     struct message *message);

/* Whether any connection of the lane is online. */
bool dispatch_lane_is_live(const struct lane *lane);

/* Messages may move again. */
void dispatch_resume(struct dispatch *dispatch);
/* The connections are others than before (links_apply() and its like): messages
 * that wait are routed anew. */
void dispatch_rewire(struct dispatch *dispatch);
/* Puts back what was not handed to a driver yet; for the end. */
void dispatch_stop(struct dispatch *dispatch);

/* From links. */
void dispatch_link_changed(struct dispatch *dispatch, struct bearer *bearer);
void dispatch_link_ready(struct bearer *bearer);
void dispatch_accepted(struct bearer *bearer, struct smsc_submit *submit, struct slice foreign_id,
                       struct slice text, struct slice meta_data);
void dispatch_failed(struct bearer *bearer, struct smsc_submit *submit, enum smsc_failure failure,
                     struct slice text, struct slice meta_data);

/* Messages that wait for this connection, alone or with others, or are with it. */
struct dispatch_queue {
    int64_t messages;
    int64_t oldest_s; /* how long the oldest has been waiting, of those in memory; 0: none */
};
struct dispatch_queue dispatch_queue(const struct bearer *bearer);

#endif
