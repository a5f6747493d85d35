/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net_conn - the inside of a connection, for net.c and net_listen.c only.
 */
#ifndef GWLIB_NET_CONN_H
#define GWLIB_NET_CONN_H

#include <netinet/in.h>
#include <sys/socket.h>

#include "gwlib/net.h"
#include "gwlib/net_connect.h"

struct bufferevent;
struct evbuffer;
struct event;

enum net_conn_state {
    NET_CONN_OPENING,  /* connecting, or shaking hands */
    NET_CONN_UP,       /* both ways open */
    NET_CONN_ENDED,    /* `closed` reported; what came is still there */
    NET_CONN_FINISHING /* nobody's any more: sends the rest, then frees itself */
};

struct net_conn {
    struct loop *loop;
    enum net_conn_state state;
    const struct net_conn_events *events;
    void *arg;
    struct net_connector *connector; /* while connecting */
    struct bufferevent *bev;         /* from then on */
    struct evbuffer *written;        /* before the connection was up, or in this round */
    struct event *write_now;         /* active while something is written; NULL with TLS */
    struct loop_timer *timer;        /* limit for opening or finishing */
    struct tls_context *tls;
    char *host; /* whose certificate we want to see */
    char peer[INET6_ADDRSTRLEN];
    bool paused;
    bool filled; /* written to since the last `drained` */
    struct loop_ending ending;

    /* The listener's list of what it accepted; NULL when there is none. */
    struct net_listener *listener;
    struct net_conn *prev, *next;
};

/* Takes the socket over. With TLS the handshake begins, and `connected` or
 * `closed` will be reported; without, the connection is up. */
struct net_conn *net_conn_accept(struct loop *loop, int fd, const struct sockaddr *peer,
                                 struct tls_context *tls);

/* The numeric address; IPv4 in its own form also when mapped into IPv6. "?"
 * when it is neither. */
void net_format_address(const struct sockaddr *address, char text[INET6_ADDRSTRLEN]);

/* Called as the last thing before an accepted connection is freed. */
void net_listener_forget(struct net_listener *listener, struct net_conn *conn);

#endif
