/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections: see net.h. libevent's bufferevents do the reading and writing,
 * plain or through OpenSSL; a round of the loop in which an owner writes many
 * times ends in one write to the kernel. Without TLS that is made by an event of
 * the connection's own, which runs behind what the round found, and only what the
 * kernel does not take then is left to the bufferevent: to ask first whether the
 * socket can be written would cost three more calls of the kernel.
 *
 * A connection's life is one line of states (net_conn.h): it is changed in
 * become_up(), end(), net_conn_finish() only. Every report to an owner is the
 * last thing its function does, because the owner may close inside it.
 */
#include "gwlib/net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "gwlib/log.h"
#include "gwlib/memory.h"
#include "gwlib/net_conn.h"

#define OPEN_TIMEOUT_MS   30000
#define FINISH_TIMEOUT_MS 5000
/* At most so much at once, in either direction: so nobody starves. */
#define NET_CHUNK ((size_t)64 * 1024)

/* --- sockets ------------------------------------------------------------- */

static void set_option(int fd, int level, int option, int value)
{
    setsockopt(fd, level, option, &value, sizeof(value));
}

/* A peer whose machine is gone is noticed after two idle minutes. */
static void prepare_socket(int fd)
{
    set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
#ifdef TCP_KEEPIDLE
    set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, 60);
    set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, 15);
    set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, 4);
#endif
}

void net_format_address(const struct sockaddr *address, char text[INET6_ADDRSTRLEN])
{
    const struct sockaddr_in *ipv4 = (const void *)address;
    const struct sockaddr_in6 *ipv6 = (const void *)address;
    const void *octets = NULL;
    int family = AF_INET;

    if (address->sa_family == AF_INET) {
        octets = &ipv4->sin_addr;
    } else if (address->sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&ipv6->sin6_addr)) {
        octets = &ipv6->sin6_addr.s6_addr[12];
    } else if (address->sa_family == AF_INET6) {
        octets = &ipv6->sin6_addr;
        family = AF_INET6;
    }
    if (octets == NULL || inet_ntop(family, octets, text, INET6_ADDRSTRLEN) == NULL)
        memcpy(text, "?", 2);
}

static void note_peer(struct net_conn *conn, int fd)
{
    struct sockaddr_storage address = {0};
    socklen_t len = sizeof(address);

    getpeername(fd, (struct sockaddr *)&address, &len);
    net_format_address((struct sockaddr *)&address, conn->peer);
}

/* --- reports of libevent ------------------------------------------------- */

/* From here on it is the bufferevent's to send it. */
static void hand_over_written(struct net_conn *conn)
{
    if (conn->written != NULL && evbuffer_get_length(conn->written) > 0)
        bufferevent_write_buffer(conn->bev, conn->written);
}

static void become_up(struct net_conn *conn)
{
    hand_over_written(conn);
    if (conn->state == NET_CONN_FINISHING)
        return; /* and the end comes when all is written */
    loop_timer_cancel(conn->timer);
    conn->state = NET_CONN_UP;
    net_conn_pause(conn, conn->paused);
    if (conn->events != NULL && conn->events->connected != NULL)
        conn->events->connected(conn, conn->arg);
}

/* After an end of file what was queued before may still leave; after an error
 * nothing can. */
static void end(struct net_conn *conn, bool failed, const char *reason)
{
    if (conn->state == NET_CONN_UP)
        hand_over_written(conn);
    if (conn->bev != NULL) {
        bool rest = !failed && conn->tls == NULL && net_conn_unsent(conn) > 0;

        bufferevent_disable(conn->bev, rest ? EV_READ : EV_READ | EV_WRITE);
        if (conn->state == NET_CONN_FINISHING && rest)
            return;
    }
    if (conn->state == NET_CONN_FINISHING) {
        net_conn_close(conn);
        return;
    }
    if (conn->state == NET_CONN_ENDED)
        return;
    loop_timer_cancel(conn->timer);
    conn->state = NET_CONN_ENDED;
    if (conn->events != NULL && conn->events->closed != NULL)
        conn->events->closed(conn, reason, conn->arg);
}

static void on_readable(struct bufferevent *bev, void *arg)
{
    struct net_conn *conn = arg;

    if (conn->state == NET_CONN_FINISHING) {
        struct evbuffer *input = bufferevent_get_input(bev);

        evbuffer_drain(input, evbuffer_get_length(input));
        return;
    }
    if (conn->events != NULL && conn->events->readable != NULL)
        conn->events->readable(conn, conn->arg);
}

static void on_drained(struct bufferevent *bev, void *arg)
{
    struct net_conn *conn = arg;

    (void)bev;
    if (!conn->filled || net_conn_unsent(conn) > 0)
        return;
    conn->filled = false;
    if (conn->state == NET_CONN_FINISHING)
        net_conn_close(conn);
    else if (conn->state == NET_CONN_UP && conn->events != NULL && conn->events->drained != NULL)
        conn->events->drained(conn, conn->arg);
}

static void write_now(evutil_socket_t fd, short what, void *arg)
{
    struct net_conn *conn = arg;

    (void)what;
    (void)fd;
    if (conn->written == NULL || evbuffer_get_length(conn->written) == 0)
        return;
    evbuffer_write_atmost(conn->written, bufferevent_getfd(conn->bev), (ev_ssize_t)NET_CHUNK);
    if (evbuffer_get_length(conn->written) > 0)
        hand_over_written(conn);
    else
        on_drained(conn->bev, conn);
}

/* What went wrong, in OpenSSL's words when it was TLS. */
static void error_reason(struct bufferevent *bev, int error, char *text, size_t size)
{
    SSL *ssl = bufferevent_openssl_get_ssl(bev);
    long verdict = ssl != NULL ? SSL_get_verify_result(ssl) : X509_V_OK;
    unsigned long code = ssl != NULL ? bufferevent_get_openssl_error(bev) : 0;
    const char *reason = code != 0 ? ERR_reason_error_string(code) : NULL;

    if (verdict != X509_V_OK)
        snprintf(text, size, "TLS: certificate: %s", X509_verify_cert_error_string(verdict));
    else if (reason != NULL)
        snprintf(text, size, "TLS: %s", reason);
    else
        snprintf(text, size, "%s", error != 0 ? strerror(error) : "connection failed");
}

static void on_event(struct bufferevent *bev, short what, void *arg)
{
    struct net_conn *conn = arg;
    int error = errno;
    char reason[160] = "closed by the other side";

    if (what & BEV_EVENT_CONNECTED) {
        become_up(conn);
        return;
    }
    if (what & BEV_EVENT_ERROR)
        error_reason(bev, error, reason, sizeof(reason));
    end(conn, (what & BEV_EVENT_ERROR) != 0, reason);
}

static void time_is_up(void *arg)
{
    struct net_conn *conn = arg;

    if (conn->state == NET_CONN_FINISHING) {
        net_conn_close(conn);
        return;
    }
    net_connector_cancel(conn->connector);
    conn->connector = NULL;
    end(conn, true, conn->bev != NULL ? "TLS handshake timed out" : "connecting timed out");
}

/* --- opening ------------------------------------------------------------- */

static struct net_conn *create(struct loop *loop, struct tls_context *tls)
{
    struct net_conn *conn = memory_zalloc(1, sizeof(*conn));

    conn->loop = loop;
    conn->tls = tls;
    conn->timer = loop_timer_create(loop, time_is_up, conn);
    memcpy(conn->peer, "?", 2);
    return conn;
}

/* From here on the socket is the bufferevent's. */
static void attach(struct net_conn *conn, int fd, enum bufferevent_ssl_state role)
{
    struct event_base *base = loop_event_base(conn->loop);

    prepare_socket(fd);
    if (conn->tls != NULL)
        conn->bev = bufferevent_openssl_socket_new(base, fd, tls_session(conn->tls, conn->host),
                                                   role, BEV_OPT_CLOSE_ON_FREE);
    else
        conn->bev = bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE);
    LOG_ASSERT(conn->bev != NULL);
    if (conn->tls == NULL)
        conn->write_now = event_new(base, -1, 0, write_now, conn);
    bufferevent_set_max_single_read(conn->bev, NET_CHUNK);
    bufferevent_set_max_single_write(conn->bev, NET_CHUNK);
    bufferevent_setcb(conn->bev, on_readable, on_drained, on_event, conn);
    bufferevent_enable(conn->bev, EV_READ | EV_WRITE);
}

static void socket_connected(int fd, const char *error, void *arg)
{
    struct net_conn *conn = arg;

    conn->connector = NULL;
    if (fd < 0) {
        end(conn, true, error);
        return;
    }
    note_peer(conn, fd);
    attach(conn, fd, BUFFEREVENT_SSL_CONNECTING);
    if (conn->tls == NULL)
        become_up(conn);
}

struct net_conn *net_conn_open(struct loop *loop, const struct net_target *target,
                               const struct net_conn_events *events, void *arg)
{
    struct net_conn *conn = create(loop, target->tls);
    struct net_target limited = *target;

    if (limited.connect_timeout_ms == 0)
        limited.connect_timeout_ms = OPEN_TIMEOUT_MS;
    conn->host = memory_strdup(target->host);
    net_conn_set_events(conn, events, arg);
    conn->connector = net_connector_start(loop, &limited, socket_connected, conn);
    loop_timer_set(conn->timer, limited.connect_timeout_ms);
    return conn;
}

struct net_conn *net_conn_accept(struct loop *loop, int fd, const struct sockaddr *peer,
                                 struct tls_context *tls)
{
    struct net_conn *conn = create(loop, tls);

    net_format_address(peer, conn->peer);
    attach(conn, fd, BUFFEREVENT_SSL_ACCEPTING);
    if (tls == NULL)
        conn->state = NET_CONN_UP;
    else
        loop_timer_set(conn->timer, OPEN_TIMEOUT_MS);
    return conn;
}

void net_conn_set_events(struct net_conn *conn, const struct net_conn_events *events, void *arg)
{
    conn->events = events;
    conn->arg = arg;
}

/* --- reading ------------------------------------------------------------- */

static struct evbuffer *input_of(struct net_conn *conn)
{
    return conn->bev != NULL ? bufferevent_get_input(conn->bev) : NULL;
}

size_t net_conn_available(struct net_conn *conn)
{
    return conn->bev != NULL ? evbuffer_get_length(input_of(conn)) : 0;
}

struct slice net_conn_peek(struct net_conn *conn, size_t n)
{
    size_t available = net_conn_available(conn);

    if (n > available)
        n = available;
    if (n == 0)
        return slice_of("", 0);
    return slice_of(evbuffer_pullup(input_of(conn), (ev_ssize_t)n), n);
}

void net_conn_consume(struct net_conn *conn, size_t n)
{
    LOG_ASSERT(n <= net_conn_available(conn));
    if (n > 0)
        evbuffer_drain(input_of(conn), n);
}

bool net_conn_read_line(struct net_conn *conn, struct bytes *line)
{
    struct evbuffer_ptr found;
    size_t ending_len, len;

    if (conn->bev == NULL)
        return false;
    found = evbuffer_search_eol(input_of(conn), NULL, &ending_len, EVBUFFER_EOL_CRLF);
    if (found.pos < 0)
        return false;
    len = (size_t)found.pos;
    bytes_clear(line);
    bytes_append_slice(line, net_conn_peek(conn, len));
    net_conn_consume(conn, len + ending_len);
    return true;
}

void net_conn_pause(struct net_conn *conn, bool paused)
{
    conn->paused = paused;
    if (conn->state != NET_CONN_UP)
        return;
    if (paused) {
        bufferevent_disable(conn->bev, EV_READ);
        return;
    }
    bufferevent_enable(conn->bev, EV_READ);
    /* What was read and left lying while paused would else wait for the peer's
     * next octets, which may never come. */
    if (net_conn_available(conn) > 0)
        bufferevent_trigger(conn->bev, EV_READ, BEV_TRIG_DEFER_CALLBACKS);
}

/* --- writing ------------------------------------------------------------- */

void net_conn_write(struct net_conn *conn, struct slice data)
{
    if (data.len == 0 || conn->state == NET_CONN_ENDED)
        return;
    conn->filled = true;
    if (conn->state == NET_CONN_UP &&
        (conn->tls != NULL || evbuffer_get_length(bufferevent_get_output(conn->bev)) > 0)) {
        bufferevent_write(conn->bev, data.data, data.len);
        return;
    }
    if (conn->written == NULL)
        conn->written = evbuffer_new();
    LOG_ASSERT(conn->written != NULL);
    if (conn->state == NET_CONN_UP && evbuffer_get_length(conn->written) == 0)
        event_active(conn->write_now, EV_WRITE, 0);
    evbuffer_add(conn->written, data.data, data.len);
}

size_t net_conn_unsent(struct net_conn *conn)
{
    size_t unsent = conn->written != NULL ? evbuffer_get_length(conn->written) : 0;

    if (conn->bev != NULL)
        unsent += evbuffer_get_length(bufferevent_get_output(conn->bev));
    return unsent;
}

/* --- ending -------------------------------------------------------------- */

/* Says good-bye in TLS without waiting for the answer. */
static void shut_tls_down(struct net_conn *conn)
{
    SSL *ssl = bufferevent_openssl_get_ssl(conn->bev);

    SSL_set_shutdown(ssl, SSL_RECEIVED_SHUTDOWN);
    SSL_shutdown(ssl);
    ERR_clear_error();
}

void net_conn_close(struct net_conn *conn)
{
    if (conn == NULL)
        return;
    net_connector_cancel(conn->connector);
    loop_timer_free(conn->timer);
    loop_ending_remove(&conn->ending);
    if (conn->bev != NULL) {
        if (conn->tls != NULL && conn->state != NET_CONN_ENDED)
            shut_tls_down(conn);
        bufferevent_free(conn->bev);
    }
    if (conn->write_now != NULL)
        event_free(conn->write_now);
    if (conn->written != NULL)
        evbuffer_free(conn->written);
    if (conn->listener != NULL)
        net_listener_forget(conn->listener, conn);
    free(conn->host);
    free(conn);
}

static void close_at_last(void *arg)
{
    net_conn_close(arg);
}

/* Gives the kernel at once what it takes: mostly that is all, and nothing needs
 * to be waited for. */
static void flush_now(struct net_conn *conn)
{
    struct evbuffer *output = bufferevent_get_output(conn->bev);

    evbuffer_unfreeze(output, 1); /* a bufferevent keeps it locked for others */
    while (evbuffer_get_length(output) > 0 &&
           evbuffer_write(output, bufferevent_getfd(conn->bev)) > 0)
        continue;
    evbuffer_freeze(output, 1);
}

/* A socket that is closed with unread input resets the connection, and the
 * peer may lose what we sent last. */
static void discard_input(struct net_conn *conn)
{
    char unread[4096];
    int rounds = 16;

    while (rounds-- > 0 &&
           recv(bufferevent_getfd(conn->bev), unread, sizeof(unread), MSG_DONTWAIT) > 0)
        continue;
}

static bool can_send(const struct net_conn *conn)
{
    return conn->state != NET_CONN_ENDED ||
           (conn->bev != NULL && (bufferevent_get_enabled(conn->bev) & EV_WRITE) != 0);
}

void net_conn_finish(struct net_conn *conn)
{
    conn->events = NULL;
    if (conn->state == NET_CONN_UP)
        hand_over_written(conn);
    if (conn->bev != NULL && conn->tls == NULL) {
        if (can_send(conn))
            flush_now(conn);
        discard_input(conn);
    }
    if (!can_send(conn) || net_conn_unsent(conn) == 0) {
        net_conn_close(conn);
        return;
    }
    if (conn->state == NET_CONN_UP)
        bufferevent_enable(conn->bev, EV_READ);
    conn->state = NET_CONN_FINISHING;
    loop_timer_set(conn->timer, FINISH_TIMEOUT_MS);
    conn->ending = (struct loop_ending){.fn = close_at_last, .arg = conn};
    loop_ending_add(conn->loop, &conn->ending);
}

const char *net_conn_peer(const struct net_conn *conn)
{
    return conn->peer;
}

bool net_conn_is_tls(const struct net_conn *conn)
{
    return conn->tls != NULL;
}
