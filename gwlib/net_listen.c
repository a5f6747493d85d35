/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Listeners: the second half of net.h. libevent's evconnlistener accepts; we
 * decide who may stay: access list, number of connections, and with TLS only
 * who has shaken hands is shown to the owner. When the process runs out of
 * descriptors the listener rests for a second instead of spinning.
 */
#include <errno.h>
#include <event2/listener.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <utlist.h>

#include "gwlib/log.h"
#include "gwlib/memory.h"
#include "gwlib/net.h"
#include "gwlib/net_conn.h"

#define NET_BACKLOG             1024
#define MAX_CONNECTIONS_DEFAULT 1000
#define REST_MS                 1000

struct net_listener {
    struct loop *loop;
    struct evconnlistener *evlistener;
    int port;
    const struct acl *acl;
    struct tls_context *tls;
    unsigned max_connections;
    unsigned open_connections;
    struct net_conn *conns; /* all that were accepted and live */
    net_accept_fn *accepted;
    void *arg;
    bool paused;             /* by the owner */
    struct loop_timer *rest; /* running while descriptors are short */
    bool resting;
    struct log_limit refused, crowded, starved, failed;
};

/* --- the socket ---------------------------------------------------------- */

static int listen_on(int family, const struct sockaddr *address, socklen_t len, bool both)
{
    int on = 1, off = 0, error;
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if ((!both || setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)) == 0) &&
        bind(fd, address, len) == 0 && listen(fd, NET_BACKLOG) == 0)
        return fd;
    error = errno;
    close(fd);
    errno = error;
    return -1;
}

/* IPv4 and IPv6 on one socket; on a machine without IPv6, IPv4. */
static int listen_on_all(int port)
{
    struct sockaddr_in6 ipv6 = {
        .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port), .sin6_addr = IN6ADDR_ANY_INIT};
    struct sockaddr_in ipv4 = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr = {htonl(INADDR_ANY)}};
    int fd = listen_on(AF_INET6, (struct sockaddr *)&ipv6, sizeof(ipv6), true);

    if (fd < 0 && errno != EADDRINUSE && errno != EACCES)
        fd = listen_on(AF_INET, (struct sockaddr *)&ipv4, sizeof(ipv4), false);
    return fd;
}

/* A name is looked up here and now: that happens at the start of a process. */
static int listen_on_interface(const char *interface, int port, const char **reason)
{
    struct addrinfo hints = {.ai_flags = AI_PASSIVE | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found;
    char service[12];
    int error, fd;

    snprintf(service, sizeof(service), "%d", port);
    error = getaddrinfo(interface, service, &hints, &found);
    if (error != 0) {
        *reason = gai_strerror(error);
        return -1;
    }
    fd = listen_on(found->ai_family, found->ai_addr, found->ai_addrlen, false);
    if (fd < 0)
        *reason = strerror(errno);
    freeaddrinfo(found);
    return fd;
}

static int open_socket(const struct net_listen_options *options, struct bytes *error)
{
    const char *reason = NULL;
    int fd;

    if (options->port < 0 || options->port > 65535) {
        bytes_printf(error, "port %d: no such port", options->port);
        return -1;
    }
    if (options->interface == NULL) {
        fd = listen_on_all(options->port);
        if (fd < 0)
            bytes_printf(error, "port %d: %s", options->port, strerror(errno));
        return fd;
    }
    fd = listen_on_interface(options->interface, options->port, &reason);
    if (fd < 0)
        bytes_printf(error, "%s port %d: %s", options->interface, options->port, reason);
    return fd;
}

static int port_of(int fd)
{
    struct sockaddr_storage address = {0};
    socklen_t len = sizeof(address);

    getsockname(fd, (struct sockaddr *)&address, &len);
    return ntohs(address.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&address)->sin6_port
                                               : ((struct sockaddr_in *)&address)->sin_port);
}

/* --- accepting ----------------------------------------------------------- */

static void enable_or_disable(struct net_listener *listener)
{
    if (listener->paused || listener->resting)
        evconnlistener_disable(listener->evlistener);
    else
        evconnlistener_enable(listener->evlistener);
}

static bool may_stay(struct net_listener *listener, const char *peer)
{
    if (!acl_allows(listener->acl, peer)) {
        log_limited(&listener->refused, LOG_LEVEL_WARNING,
                    "Connection from %s to port %d refused by the access list.", peer,
                    listener->port);
        return false;
    }
    if (listener->open_connections >= listener->max_connections) {
        log_limited(&listener->crowded, LOG_LEVEL_WARNING,
                    "Connection from %s to port %d refused: %u are open already.", peer,
                    listener->port, listener->open_connections);
        return false;
    }
    return true;
}

static void handshake_done(struct net_conn *conn, void *arg)
{
    struct net_listener *listener = arg;

    net_conn_set_events(conn, NULL, NULL);
    listener->accepted(conn, listener->arg);
}

static void handshake_failed(struct net_conn *conn, const char *reason, void *arg)
{
    struct net_listener *listener = arg;

    log_limited(&listener->failed, LOG_LEVEL_WARNING, "Connection from %s to port %d: %s",
                net_conn_peer(conn), listener->port, reason);
    net_conn_close(conn);
}

static const struct net_conn_events handshake_events = {.connected = handshake_done,
                                                        .closed = handshake_failed};

static void on_accept(struct evconnlistener *evlistener, evutil_socket_t fd,
                      struct sockaddr *address, int len, void *arg)
{
    struct net_listener *listener = arg;
    struct net_conn *conn;
    char peer[INET6_ADDRSTRLEN];

    (void)evlistener;
    (void)len;
    net_format_address(address, peer);
    if (!may_stay(listener, peer)) {
        close((int)fd);
        return;
    }
    conn = net_conn_accept(listener->loop, (int)fd, address, listener->tls);
    conn->listener = listener;
    DL_APPEND(listener->conns, conn);
    listener->open_connections++;
    if (listener->tls != NULL)
        net_conn_set_events(conn, &handshake_events, listener);
    else
        listener->accepted(conn, listener->arg);
}

void net_listener_forget(struct net_listener *listener, struct net_conn *conn)
{
    DL_DELETE(listener->conns, conn);
    conn->listener = NULL;
    listener->open_connections--;
}

/* EMFILE and its like: the connection stays in the backlog, and accept() would
 * fail again at once. */
static void on_accept_error(struct evconnlistener *evlistener, void *arg)
{
    struct net_listener *listener = arg;
    int error = errno;

    (void)evlistener;
    log_limited(&listener->starved, LOG_LEVEL_ERROR, "Port %d cannot accept a connection: %s",
                listener->port, strerror(error));
    listener->resting = true;
    enable_or_disable(listener);
    loop_timer_set(listener->rest, REST_MS);
}

static void rested(void *arg)
{
    struct net_listener *listener = arg;

    listener->resting = false;
    enable_or_disable(listener);
}

/* --- the listener -------------------------------------------------------- */

struct net_listener *net_listen(struct loop *loop, const struct net_listen_options *options,
                                net_accept_fn *accepted, void *arg, struct bytes *error)
{
    int fd = open_socket(options, error);
    struct net_listener *listener;

    if (fd < 0)
        return NULL;
    listener = memory_zalloc(1, sizeof(*listener));
    listener->loop = loop;
    listener->port = port_of(fd);
    listener->acl = options->acl;
    listener->tls = options->tls;
    listener->max_connections =
        options->max_connections > 0 ? options->max_connections : MAX_CONNECTIONS_DEFAULT;
    listener->accepted = accepted;
    listener->arg = arg;
    listener->rest = loop_timer_create(loop, rested, listener);
    /* Backlog 0: it listens already. */
    listener->evlistener = evconnlistener_new(loop_event_base(loop), on_accept, listener,
                                              LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
    LOG_ASSERT(listener->evlistener != NULL);
    evconnlistener_set_error_cb(listener->evlistener, on_accept_error);
    return listener;
}

int net_listener_port(const struct net_listener *listener)
{
    return listener->port;
}

void net_listener_pause(struct net_listener *listener, bool paused)
{
    listener->paused = paused;
    enable_or_disable(listener);
}

void net_listener_close(struct net_listener *listener)
{
    struct net_conn *conn, *next;

    if (listener == NULL)
        return;
    DL_FOREACH_SAFE(listener->conns, conn, next)
    {
        bool unseen = conn->events == &handshake_events;

        net_listener_forget(listener, conn);
        if (unseen)
            net_conn_close(conn);
    }
    evconnlistener_free(listener->evlistener);
    loop_timer_free(listener->rest);
    free(listener);
}
