/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ports: see port.h. What all kinds share: reading, writing, the end.
 */
#include "gw/smsc/at/port_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "gwlib/clock.h"
#include "gwlib/memory.h"

#define WRITE_MS 10000 /* without an octet going out */
#define STALL_MS 5000  /* the same, with RTS/CTS: then without it */

bool at_port_fail(struct bytes *error, const char *reason)
{
    bytes_append_str(error, reason);
    return false;
}

struct at_port *at_port_open(const struct at_port_target *target, struct bytes *error)
{
    struct at_port *port = memory_zalloc(1, sizeof *port);
    bool opened;

    port->fd = -1;
    port->name = target->name;
    port->log = target->log;
    if (target->refusal != NULL)
        *target->refusal = (struct at_port_refusal){.busy = false};
    if (strcmp(target->device, "rawtcp") == 0 || strcmp(target->device, "telnet") == 0)
        opened = at_port_open_tcp(port, target, error);
    else
        opened = at_port_open_device(port, target, error);
    if (!opened) {
        at_port_close(port);
        return NULL;
    }
    return port;
}

struct at_port *at_port_adopt(int fd)
{
    struct at_port *port = memory_zalloc(1, sizeof *port);

    port->fd = fd;
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    return port;
}

void at_port_close(struct at_port *port)
{
    if (port == NULL)
        return;
    at_port_close_serial(port);
    if (port->fd >= 0)
        close(port->fd);
    at_port_lock_release(&port->lock);
    at_login_clear(&port->login);
    bytes_free(&port->waiting);
    free(port);
}

bool at_port_is_gone(const struct at_port *port)
{
    return port->gone;
}

uint64_t at_port_received(const struct at_port *port)
{
    return port->received;
}

void at_port_set_chunks(struct at_port *port, int octets, int gap_ms)
{
    port->chunk = octets;
    port->gap_ms = gap_ms;
}

static int remaining_ms(int64_t deadline)
{
    int64_t left = deadline - clock_monotonic_ms();

    return left < 0 ? 0 : left > 3600000 ? 3600000 : (int)left;
}

/* --- writing ------------------------------------------------------------------------- */

static void pause_ms(int ms)
{
    struct timespec time = {ms / 1000, (long)(ms % 1000) * 1000000};

    nanosleep(&time, NULL);
}

/* Nothing could be written for a while. True when it may be tried on. */
static bool wait_for_room(struct at_port *port, int64_t since)
{
    struct pollfd wait = {port->fd, POLLOUT, 0};

    if (poll(&wait, 1, remaining_ms(since + (port->flow_control ? STALL_MS : WRITE_MS))) != 0)
        return true;
    if (!port->flow_control)
        return false;
    if (port->name != NULL)
        log_to(port->log, LOG_LEVEL_WARNING,
               "%s: nothing can be written with RTS/CTS, it is turned off", port->name);
    at_port_set_flow_control(port, false);
    return true;
}

static enum at_port_result gone(struct at_port *port)
{
    port->gone = true;
    return AT_PORT_GONE;
}

/* Also between the end of one command and the next: an answer may come at once. */
static void keep_distance(const struct at_port *port)
{
    int left = remaining_ms(port->written_at + port->gap_ms + 1);

    if (port->chunk > 0 && left > 0)
        pause_ms(left);
}

static enum at_port_result write_raw(struct at_port *port, struct slice data)
{
    int64_t since = clock_monotonic_ms();

    while (data.len > 0) {
        size_t want =
            port->chunk > 0 && data.len > (size_t)port->chunk ? (size_t)port->chunk : data.len;
        ssize_t put;

        keep_distance(port);
        put = write(port->fd, data.data, want);

        if (put >= 0) {
            data = slice_sub(data, (size_t)put, data.len);
            since = clock_monotonic_ms();
            port->written_at = since;
            continue;
        }
        if (errno == EINTR)
            continue;
        if (errno != EAGAIN)
            return gone(port);
        if (!wait_for_room(port, since))
            return AT_PORT_TIMEOUT;
    }
    return AT_PORT_OK;
}

enum at_port_result at_port_write(struct at_port *port, struct slice data)
{
    struct bytes octets = {0};
    enum at_port_result result;

    if (!port->is_telnet)
        return write_raw(port, data);
    at_telnet_send(&port->telnet, data, &octets);
    result = write_raw(port, bytes_slice(&octets));
    bytes_free(&octets);
    return result;
}

/* --- reading -------------------------------------------------------------------------- */

/* A menu may appear at any time, not only in the login. */
static void look_for_menu(struct at_port *port)
{
    const char *text = at_login_answer(&port->login, AT_LOGIN_MENU);
    struct bytes line = {0};

    if (!at_login_is_complete(&port->login) || at_login_asks(&port->login) != AT_LOGIN_MENU)
        return;
    bytes_printf(&line, "%s\r", text);
    at_login_answered(&port->login, AT_LOGIN_MENU);
    at_port_write(port, bytes_slice(&line));
    bytes_free(&line);
}

/* What was read is filtered into port->waiting; telnet's questions are answered. */
static void take_in(struct at_port *port, const unsigned char *data, size_t len)
{
    struct bytes reply = {0};
    size_t before = port->waiting.len;

    port->received += len;
    if (port->is_telnet)
        at_telnet_receive(&port->telnet, slice_of(data, len), &port->waiting, &reply);
    else
        bytes_append(&port->waiting, data, len);
    if (reply.len > 0)
        write_raw(port, bytes_slice(&reply));
    bytes_free(&reply);
    if (port->logs_in && port->waiting.len > before) {
        at_login_take(&port->login,
                      slice_sub(bytes_slice(&port->waiting), before, port->waiting.len));
        look_for_menu(port);
    }
}

static size_t hand_out(struct at_port *port, unsigned char *data, size_t size)
{
    size_t len = port->waiting.len < size ? port->waiting.len : size;

    if (len == 0)
        return 0;
    memcpy(data, port->waiting.data, len);
    bytes_consume(&port->waiting, len);
    return len;
}

enum at_port_result at_port_read(struct at_port *port, int wake_fd, int64_t deadline,
                                 unsigned char *data, size_t size, size_t *len)
{
    struct pollfd wait[2] = {{port->fd, POLLIN, 0}, {wake_fd, POLLIN, 0}};
    unsigned char octets[1024];

    while ((*len = hand_out(port, data, size)) == 0) {
        int ready = poll(wait, wake_fd >= 0 ? 2 : 1, remaining_ms(deadline));
        ssize_t got;

        if (ready < 0 && errno == EINTR)
            continue;
        if (ready == 0)
            return AT_PORT_TIMEOUT;
        if (ready < 0)
            return gone(port);
        if (wait[0].revents == 0)
            return AT_PORT_WOKEN;
        got = read(port->fd, octets, sizeof octets);
        if (got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN))
            return gone(port);
        if (got > 0)
            take_in(port, octets, (size_t)got);
        if (port->waiting.len == 0 && clock_monotonic_ms() > deadline)
            return AT_PORT_TIMEOUT; /* telnet's own talk is no data */
    }
    return AT_PORT_OK;
}
