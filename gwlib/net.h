/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net - TCP and TLS listeners and connections on the loop.
 *
 * A connection has an input buffer that its owner reads by peek and consume,
 * and an output buffer that empties itself. IPv4 and IPv6 alike. Loop thread
 * only.
 *
 * Ownership: a connection belongs to who opened or accepted it, until
 * net_conn_close() or net_conn_finish(). After `closed` was reported the owner
 * still has to close it. Nothing is reported after net_conn_close().
 */
#ifndef GWLIB_NET_H
#define GWLIB_NET_H

#include <stdbool.h>
#include <stddef.h>

#include "gwlib/acl.h"
#include "gwlib/bytes.h"
#include "gwlib/loop.h"
#include "gwlib/tls.h"

struct net_conn;
struct net_listener;

/* Any of them may be NULL. */
struct net_conn_events {
    /* An outgoing connection is up (TLS included). */
    void (*connected)(struct net_conn *conn, void *arg);
    /* There is more input than before. */
    void (*readable)(struct net_conn *conn, void *arg);
    /* The output buffer became empty. */
    void (*drained)(struct net_conn *conn, void *arg);
    /* End of file, error or timeout; reason is a short text for the log. What
     * was received can still be read; nothing can be sent. */
    void (*closed)(struct net_conn *conn, const char *reason, void *arg);
};

struct net_target {
    const char *host; /* name or address */
    int port;
    const char *local_host;      /* address to bind to, or NULL */
    int local_port;              /* or 0 */
    struct tls_context *tls;     /* or NULL; must outlive the connection */
    unsigned connect_timeout_ms; /* 0 means 30 s */
};

/* Starts to connect; the outcome comes as `connected` or `closed`, never from
 * inside this call. All addresses of a name are tried. What is written before
 * `connected` is sent then. Strings are copied. */
struct net_conn *net_conn_open(struct loop *loop, const struct net_target *target,
                               const struct net_conn_events *events, void *arg);

/* The owner of an accepted connection says what it wants to hear. events must
 * live as long as the connection (a static table). */
void net_conn_set_events(struct net_conn *conn, const struct net_conn_events *events, void *arg);

/* Octets waiting to be read. */
size_t net_conn_available(struct net_conn *conn);
/* The first n (at most what is available) in one piece; valid until the next
 * call on this connection. */
struct slice net_conn_peek(struct net_conn *conn, size_t n);
void net_conn_consume(struct net_conn *conn, size_t n);
/* The first line without its LF or CR LF into *line, consumed: true. False when
 * no whole line is there. */
bool net_conn_read_line(struct net_conn *conn, struct bytes *line);

/* Back-pressure: while paused the peer's data stays in the kernel. */
void net_conn_pause(struct net_conn *conn, bool paused);

/* Queues a copy. Silently nothing after `closed`. */
void net_conn_write(struct net_conn *conn, struct slice data);
/* Octets queued and not yet taken by the kernel. */
size_t net_conn_unsent(struct net_conn *conn);

/* Ends and frees at once; unsent output is lost. NULL is fine. */
void net_conn_close(struct net_conn *conn);
/* Sends what is queued, then ends and frees; no more reports. Gives up after
 * 5 s. */
void net_conn_finish(struct net_conn *conn);

/* Numeric address of the peer, "127.0.0.1" or "::1", and "?" when unknown. */
const char *net_conn_peer(const struct net_conn *conn);
bool net_conn_is_tls(const struct net_conn *conn);

struct net_listen_options {
    const char *interface; /* address, or NULL for all, IPv4 and IPv6 */
    int port;              /* 0: the kernel chooses; see net_listener_port() */
    const struct acl *acl; /* or NULL; refused clients are closed and logged, limited */
    struct tls_context *tls;
    unsigned max_connections; /* 0 means 1000; above it new ones are closed */
};

/* A new connection, after its handshake when it is TLS: who does not get so far
 * is closed and logged, limited. */
typedef void net_accept_fn(struct net_conn *conn, void *arg);

/* NULL with the reason appended to *error ("port 13001: Address already in
 * use"). acl and tls must outlive the listener. */
struct net_listener *net_listen(struct loop *loop, const struct net_listen_options *options,
                                net_accept_fn *accepted, void *arg, struct bytes *error);
int net_listener_port(const struct net_listener *listener);
/* While paused, new connections wait in the backlog. */
void net_listener_pause(struct net_listener *listener, bool paused);
/* Accepted connections live on. NULL is fine. */
void net_listener_close(struct net_listener *listener);

#endif
