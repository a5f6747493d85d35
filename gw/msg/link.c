/* SPDX-License-Identifier: Apache-2.0 */
/*
 * link - see link.h.
 *
 * The owner may close the link from inside any of its callbacks. A frame still
 * borrows from the connection's input then, so the end is only noted and
 * carried out when the callback has returned (`busy`).
 */
#include "gw/msg/link.h"

#include <stdlib.h>

#include "gwlib/memory.h"

struct link {
    struct net_conn *conn;
    const struct link_events *events;
    void *arg;
    struct bytes scratch; /* the frame that is being packed */
    bool busy;            /* inside a callback of the owner */
    bool broken;          /* closed was reported: nothing more is */
    bool paused;
    enum { STAYS, CLOSES, FINISHES } end; /* what the owner asked for while busy */
};

/* --- ending ------------------------------------------------------------ */

static void end_link(struct link *link, bool after_output)
{
    if (after_output)
        net_conn_finish(link->conn);
    else
        net_conn_close(link->conn);
    bytes_free(&link->scratch);
    free(link);
}

void link_close(struct link *link)
{
    if (link == NULL)
        return;
    if (link->busy)
        link->end = CLOSES;
    else
        end_link(link, false);
}

void link_finish(struct link *link)
{
    if (link->busy)
        link->end = link->end == CLOSES ? CLOSES : FINISHES;
    else
        end_link(link, true);
}

/* After a callback: carries out what was asked for in it. False when the link
 * is gone. */
static bool survive_callback(struct link *link)
{
    link->busy = false;
    if (link->end == STAYS)
        return true;
    end_link(link, link->end == FINISHES);
    return false;
}

static void report_closed(struct link *link, const char *reason)
{
    if (link->broken)
        return;
    link->broken = true;
    link->busy = true;
    link->events->closed(link, reason, link->arg);
    survive_callback(link);
}

/* --- receiving --------------------------------------------------------- */

/* Hands one frame to the owner. False when the link is gone or broken. */
static bool deliver_frame(struct link *link, size_t length)
{
    struct slice octets = net_conn_peek(link->conn, length);
    struct frame frame;
    const char *error = frame_unpack(slice_sub(octets, 4, length - 4), &frame);

    if (error != NULL) {
        report_closed(link, error);
        return false;
    }
    link->busy = true;
    link->events->frame(link, &frame, link->arg);
    if (link->end == STAYS)
        net_conn_consume(link->conn, length);
    return survive_callback(link);
}

static void read_frames(struct link *link)
{
    while (!link->paused && !link->broken) {
        size_t available = net_conn_available(link->conn);
        if (available < 4)
            return;
        long length = frame_length(net_conn_peek(link->conn, 4));

        if (length < 0) {
            report_closed(link, "impossible length of a frame");
            return;
        }
        if (available < (size_t)length || !deliver_frame(link, (size_t)length))
            return;
    }
}

static void on_connected(struct net_conn *conn, void *arg)
{
    struct link *link = arg;

    (void)conn;
    if (link->events->connected == NULL)
        return;
    link->busy = true;
    link->events->connected(link, link->arg);
    survive_callback(link);
}

static void on_readable(struct net_conn *conn, void *arg)
{
    (void)conn;
    read_frames(arg);
}

static void on_closed(struct net_conn *conn, const char *reason, void *arg)
{
    (void)conn;
    report_closed(arg, reason);
}

static const struct net_conn_events conn_events = {
    .connected = on_connected,
    .readable = on_readable,
    .closed = on_closed,
};

/* --- opening ----------------------------------------------------------- */

static struct link *link_create(const struct link_events *events, void *arg)
{
    struct link *link = memory_zalloc(1, sizeof *link);

    link->events = events;
    link->arg = arg;
    return link;
}

struct link *link_accept(struct net_conn *conn, const struct link_events *events, void *arg)
{
    struct link *link = link_create(events, arg);

    link->conn = conn;
    net_conn_set_events(conn, &conn_events, link);
    return link;
}

struct link *link_open(struct loop *loop, const struct net_target *target,
                       const struct link_events *events, void *arg)
{
    struct link *link = link_create(events, arg);

    link->conn = net_conn_open(loop, target, &conn_events, link);
    return link;
}

/* --- sending ----------------------------------------------------------- */

void link_send(struct link *link, const struct frame *frame)
{
    if (link->broken)
        return;
    bytes_clear(&link->scratch);
    frame_pack(&link->scratch, frame);
    net_conn_write(link->conn, bytes_slice(&link->scratch));
}

void link_send_sms(struct link *link, const struct message *message)
{
    struct frame frame = {.type = FRAME_sms, .u.sms = *message_sms(message)};

    link_send(link, &frame);
}

void link_send_ack(struct link *link, enum ack_result result, int64_t time, const struct uuid *id)
{
    struct frame frame = {.type = FRAME_ack,
                          .u.ack = {.nack = (int32_t)result, .time = time, .id = *id}};

    link_send(link, &frame);
}

void link_send_admin(struct link *link, enum admin_command command, struct slice boxc_id)
{
    struct frame frame = {.type = FRAME_admin,
                          .u.admin = {.command = (int32_t)command, .boxc_id = boxc_id}};

    link_send(link, &frame);
}

void link_send_heartbeat(struct link *link, int load)
{
    struct frame frame = {.type = FRAME_heartbeat, .u.heartbeat = {.load = load}};

    link_send(link, &frame);
}

/* --- asking ------------------------------------------------------------ */

size_t link_unsent(const struct link *link)
{
    return net_conn_unsent(link->conn);
}

const char *link_peer(const struct link *link)
{
    return net_conn_peer(link->conn);
}

bool link_is_tls(const struct link *link)
{
    return net_conn_is_tls(link->conn);
}

void link_pause(struct link *link, bool paused)
{
    link->paused = paused;
    net_conn_pause(link->conn, paused);
}
