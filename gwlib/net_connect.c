/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connecting: see net_connect.h. One attempt at a time: a non-blocking socket
 * and an event that waits until it becomes writable or its share of the time is
 * over. The limit over all attempts is the caller's.
 */
#include "gwlib/net_connect.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gwlib/memory.h"
#include "gwlib/net_resolve.h"

struct net_connector {
    struct loop *loop;
    char *host;
    char *local_host;
    int local_port;
    int64_t deadline; /* loop_now() at which everything is to be over */
    net_connector_fn *fn;
    void *arg;
    struct net_lookup *lookup;
    struct addrinfo *addresses;
    struct addrinfo *next; /* to be tried */
    int fd;                /* of the attempt under way, or -1 */
    struct event *attempt;
    int last_error; /* errno of the attempt before */
};

static void end_attempt(struct net_connector *connector)
{
    if (connector->attempt != NULL)
        event_free(connector->attempt);
    connector->attempt = NULL;
    if (connector->fd >= 0)
        close(connector->fd);
    connector->fd = -1;
}

void net_connector_cancel(struct net_connector *connector)
{
    if (connector == NULL)
        return;
    net_lookup_cancel(connector->lookup);
    end_attempt(connector);
    if (connector->addresses != NULL)
        freeaddrinfo(connector->addresses);
    free(connector->host);
    free(connector->local_host);
    free(connector);
}

static void report(struct net_connector *connector, const char *error)
{
    net_connector_fn *fn = connector->fn;
    void *arg = connector->arg;
    int fd = -1;

    if (error == NULL) {
        fd = connector->fd;
        connector->fd = -1;
    }
    net_connector_cancel(connector);
    fn(fd, error, arg);
}

/* The address to bind to, in the family of the peer. */
static bool local_address(const struct net_connector *connector, int family,
                          struct sockaddr_storage *address, socklen_t *len)
{
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
                             .ai_family = family,
                             .ai_socktype = SOCK_STREAM};
    struct addrinfo *found;
    char port[12];

    snprintf(port, sizeof(port), "%d", connector->local_port);
    if (getaddrinfo(connector->local_host, port, &hints, &found) != 0) {
        errno = EADDRNOTAVAIL;
        return false;
    }
    memcpy(address, found->ai_addr, found->ai_addrlen);
    *len = found->ai_addrlen;
    freeaddrinfo(found);
    return true;
}

static bool bind_local(const struct net_connector *connector, int fd, int family)
{
    struct sockaddr_storage address;
    socklen_t len;
    int on = 1;

    if (connector->local_host == NULL && connector->local_port == 0)
        return true;
    if (connector->local_port != 0)
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    return local_address(connector, family, &address, &len) &&
           bind(fd, (struct sockaddr *)&address, len) == 0;
}

/* On the way to a port of our own machine that nobody listens on, the kernel
 * may choose that very port for our end: then we talk to ourselves. */
static bool is_connected_to_itself(int fd)
{
    struct sockaddr_storage here = {0}, there = {0};
    socklen_t here_len = sizeof(here), there_len = sizeof(there);

    return getsockname(fd, (struct sockaddr *)&here, &here_len) == 0 &&
           getpeername(fd, (struct sockaddr *)&there, &there_len) == 0 && here_len == there_len &&
           memcmp(&here, &there, here_len) == 0;
}

static int attempt_error(int fd, short what)
{
    int error = 0;
    socklen_t len = sizeof(error);

    if (what & EV_TIMEOUT)
        return ETIMEDOUT;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
        return errno;
    return error == 0 && is_connected_to_itself(fd) ? ECONNREFUSED : error;
}

static void try_next(struct net_connector *connector);

static void attempt_over(evutil_socket_t fd, short what, void *arg)
{
    struct net_connector *connector = arg;
    int error = attempt_error((int)fd, what);

    if (error == 0) {
        report(connector, NULL);
        return;
    }
    connector->last_error = error;
    end_attempt(connector);
    try_next(connector);
}

/* What is left of the time, shared with the addresses behind this one. */
static struct timeval share_of_time(const struct net_connector *connector,
                                    const struct addrinfo *address)
{
    int64_t left = connector->deadline - loop_now(connector->loop);
    int64_t sharers = 0;

    for (; address != NULL; address = address->ai_next)
        sharers++;
    left = left > sharers ? left / sharers : 1;
    return (struct timeval){.tv_sec = (time_t)(left / 1000),
                            .tv_usec = (suseconds_t)(left % 1000 * 1000)};
}

static bool start_attempt(struct net_connector *connector, const struct addrinfo *address)
{
    struct timeval share = share_of_time(connector, address);
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    connector->fd = fd;
    if (fd < 0 || !bind_local(connector, fd, address->ai_family) ||
        (connect(fd, address->ai_addr, address->ai_addrlen) != 0 && errno != EINPROGRESS)) {
        connector->last_error = errno;
        end_attempt(connector);
        return false;
    }
    connector->attempt =
        event_new(loop_event_base(connector->loop), fd, EV_WRITE, attempt_over, connector);
    event_add(connector->attempt, &share);
    return true;
}

static void try_next(struct net_connector *connector)
{
    while (connector->next != NULL) {
        struct addrinfo *address = connector->next;

        connector->next = address->ai_next;
        if (start_attempt(connector, address))
            return;
    }
    report(connector, strerror(connector->last_error));
}

static void resolved(struct addrinfo *addresses, const char *error, void *arg)
{
    struct net_connector *connector = arg;
    char text[256];

    connector->lookup = NULL;
    if (addresses == NULL) {
        snprintf(text, sizeof(text), "%.128s: %s", connector->host, error);
        report(connector, text);
        return;
    }
    connector->addresses = connector->next = addresses;
    try_next(connector);
}

struct net_connector *net_connector_start(struct loop *loop, const struct net_target *target,
                                          net_connector_fn *fn, void *arg)
{
    struct net_connector *connector = memory_zalloc(1, sizeof(*connector));

    connector->loop = loop;
    connector->host = memory_strdup(target->host);
    connector->local_host = memory_strdup(target->local_host);
    connector->local_port = target->local_port;
    connector->deadline = loop_now(loop) + target->connect_timeout_ms;
    connector->fn = fn;
    connector->arg = arg;
    connector->fd = -1;
    connector->lookup = net_lookup_start(loop, target->host, target->port, resolved, connector);
    return connector;
}
