/* SPDX-License-Identifier: Apache-2.0 */
/*
 * link - a connection between two boxes: frames over a net_conn. Loop thread
 * only.
 *
 * A frame that breaks the reading rules ends the link: `closed` is reported
 * with the reason. Heartbeats are sent by who asks for them.
 */
#ifndef GW_MSG_LINK_H
#define GW_MSG_LINK_H

#include "gw/msg/frame.h"
#include "gwlib/net.h"

struct link;

struct link_events {
    void (*connected)(struct link *link, void *arg); /* outgoing links; may be NULL */
    /* The frame borrows from the input: valid during the call. The link may be
     * closed from inside. */
    void (*frame)(struct link *link, const struct frame *frame, void *arg);
    /* The owner still has to call link_close(). */
    void (*closed)(struct link *link, const char *reason, void *arg);
};

/* Takes over an accepted connection. events: a static table. */
struct link *link_accept(struct net_conn *conn, const struct link_events *events, void *arg);
struct link *link_open(struct loop *loop, const struct net_target *target,
                       const struct link_events *events, void *arg);

void link_send(struct link *link, const struct frame *frame);
/* Shorthands. */
void link_send_sms(struct link *link, const struct message *message);
void link_send_ack(struct link *link, enum ack_result result, int64_t time, const struct uuid *id);
void link_send_admin(struct link *link, enum admin_command command, struct slice boxc_id);
void link_send_heartbeat(struct link *link, int load);

/* Octets not yet taken by the kernel: for limits. */
size_t link_unsent(const struct link *link);
const char *link_peer(const struct link *link);
bool link_is_tls(const struct link *link);
/* No more frames are read while paused. Those that wait come afterwards, never
 * from inside this call; the peer's end, if it comes first, loses them. */
void link_pause(struct link *link, bool paused);

void link_close(struct link *link);  /* at once */
void link_finish(struct link *link); /* after what is queued was sent; no more events */

#endif
