/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TCP ports: see port.h. The connection, and the login of a gateway or terminal
 * server before its modem can be spoken to. Passwords are not logged.
 */
#include "gw/smsc/at/port_internal.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gwlib/clock.h"

#define CONNECT_MS  10000
#define LOOK_MS     250  /* between looks whether everything is to end */
#define REST_MS     150  /* a prompt is one when nothing follows it */
#define NUDGE_MS    2000 /* without a prompt: some wait for a line end */
#define GIVE_UP_MS  6000 /* without a prompt: there may be none */
#define ACCEPTED_MS 1000 /* nothing more is asked */
#define UNASKED_MS  500  /* the same, when no answer is configured */
#define LOGIN_MS    20000

static bool is_stopped(const struct at_port_target *target)
{
    return target->stopped != NULL && target->stopped(target->arg);
}

/* --- connecting ---------------------------------------------------------------------- */

/* 0 or an errno value. */
static int await_connection(int fd, const struct at_port_target *target)
{
    int64_t deadline = clock_monotonic_ms() + CONNECT_MS;
    struct pollfd wait = {fd, POLLOUT, 0};
    int failure = 0;
    socklen_t size = sizeof failure;

    while (poll(&wait, 1, LOOK_MS) != 1) {
        if (is_stopped(target))
            return ECANCELED;
        if (clock_monotonic_ms() >= deadline)
            return ETIMEDOUT;
    }
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &failure, &size);
    return failure;
}

static int connect_to(const struct addrinfo *address, const struct at_port_target *target)
{
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int failure = 0, on = 1;

    if (fd < 0)
        return -1;
    if (connect(fd, address->ai_addr, address->ai_addrlen) != 0)
        failure = errno == EINPROGRESS ? await_connection(fd, target) : errno;
    if (failure == 0) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
        return fd;
    }
    close(fd);
    errno = failure;
    return -1;
}

static bool connect_host(struct at_port *port, const struct at_port_target *target,
                         struct bytes *error)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found;
    char service[12];
    int code;

    snprintf(service, sizeof service, "%d", target->tcp_port);
    code = getaddrinfo(target->host, service, &hints, &found);
    if (code != 0)
        return at_port_fail(error, gai_strerror(code));
    for (const struct addrinfo *one = found; one != NULL && port->fd < 0; one = one->ai_next)
        port->fd = connect_to(one, target);
    code = errno;
    freeaddrinfo(found);
    return port->fd >= 0 || at_port_fail(error, strerror(code));
}

/* --- the login ------------------------------------------------------------------------- */

/* As the dialogue with the modem is logged; a password as stars. */
static void show_answer(const struct at_port *port, enum at_login_asks asks, const char *text)
{
    static const char *const what[] = {"", "user", "password", "menu"};

    if (port->name != NULL)
        log_to(port->log, LOG_LEVEL_DEBUG, "%s: login, %s: --> %s", port->name, what[asks],
               asks == AT_LOGIN_PASSWORD ? "****" : text);
}

static bool refuse(const struct at_port_target *target, struct bytes *error, const char *reason)
{
    if (target->refusal != NULL)
        target->refusal->login = true;
    return at_port_fail(error, reason);
}

static bool answer(struct at_port *port, const struct at_port_target *target,
                   enum at_login_asks asks, struct bytes *error)
{
    const char *text = at_login_answer(&port->login, asks);
    struct bytes line = {0};
    bool written;

    if (asks == AT_LOGIN_REFUSED)
        return refuse(target, error, "the login was refused: smsc-username or smsc-password");
    if (text == NULL)
        return refuse(target, error,
                      asks == AT_LOGIN_USER
                          ? "a user is asked for, and smsc-username is not set"
                          : "a password is asked for, and smsc-password is not set");
    show_answer(port, asks, text);
    bytes_append_str(&line, text);
    bytes_append_str(&line, port->is_telnet || target->line_end == AT_CR ? "\r" : "\r\n");
    at_login_answered(&port->login, asks);
    written = at_port_write(port, bytes_slice(&line)) == AT_PORT_OK;
    explicit_bzero(line.data, line.len);
    bytes_free(&line);
    return written || at_port_fail(error, "the connection was closed during the login");
}

/* Whether the silence since the last octet says that nothing more is asked. */
static bool is_over(const struct at_login *login, int64_t silent_ms)
{
    if (!at_login_is_wanted(login->words))
        return silent_ms >= UNASKED_MS;
    if (at_login_is_complete(login))
        return login->accepted || silent_ms >= ACCEPTED_MS;
    return silent_ms >= GIVE_UP_MS;
}

static bool log_in(struct at_port *port, const struct at_port_target *target, struct bytes *error)
{
    int64_t start = clock_monotonic_ms(), heard = start;
    bool nudged = false;

    while (clock_monotonic_ms() < start + LOGIN_MS && !is_stopped(target)) {
        unsigned char data[512];
        size_t len;
        enum at_login_asks asks;

        switch (at_port_read(port, -1, clock_monotonic_ms() + REST_MS, data, sizeof data, &len)) {
        case AT_PORT_OK:
            heard = clock_monotonic_ms();
            continue; /* the port has shown it to the login */
        case AT_PORT_GONE:
            return at_port_fail(error, "the connection was closed during the login");
        default:
            break;
        }
        asks = at_login_asks(&port->login);
        if (asks != AT_LOGIN_NOTHING) {
            if (!answer(port, target, asks, error))
                return false;
            heard = clock_monotonic_ms();
        } else if (is_over(&port->login, clock_monotonic_ms() - heard)) {
            return true;
        } else if (!nudged && clock_monotonic_ms() - heard >= NUDGE_MS) {
            nudged = true;
            at_port_write(port, slice_str("\r"));
        }
    }
    return at_port_fail(error, "no end of the login in time");
}

bool at_port_open_tcp(struct at_port *port, const struct at_port_target *target,
                      struct bytes *error)
{
    if (!connect_host(port, target, error))
        return false;
    port->is_telnet = target->telnet || strcmp(target->device, "telnet") == 0;
    at_telnet_init(&port->telnet, target->line_end);
    if (target->login == NULL || (!at_login_is_wanted(target->login) && !port->is_telnet))
        return true;
    at_login_init(&port->login, target->login);
    port->logs_in = true;
    return log_in(port, target, error);
}
