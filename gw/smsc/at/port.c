/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ports: see port.h. libserialport opens what the system lists as a serial port;
 * other terminals (a pseudo terminal, a port in a container without /sys) are
 * opened and set here by termios.
 */
#include "gw/smsc/at/port.h"

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#ifdef HAVE_SERIALPORT
#include <libserialport.h>
#endif

#include "gwlib/clock.h"
#include "gwlib/memory.h"

#define CONNECT_MS 10000
#define WRITE_MS   10000

struct at_port {
    int fd;
#ifdef HAVE_SERIALPORT
    struct sp_port *serial; /* owns fd when set */
#endif
};

static bool fail(struct bytes *error, const char *what)
{
    bytes_append_str(error, what);
    return false;
}

/* --- serial --------------------------------------------------------------------- */

#ifdef HAVE_SERIALPORT
static bool set_serial(struct sp_port *serial, const struct at_port_target *target)
{
    return (target->speed == 0 || sp_set_baudrate(serial, target->speed) == SP_OK) &&
           sp_set_bits(serial, 8) == SP_OK && sp_set_parity(serial, SP_PARITY_NONE) == SP_OK &&
           sp_set_stopbits(serial, 1) == SP_OK &&
           sp_set_flowcontrol(serial, target->flow_control ? SP_FLOWCONTROL_RTSCTS
                                                           : SP_FLOWCONTROL_NONE) == SP_OK;
}

/* False when the system does not list it: another way may open it. */
static bool open_listed(struct at_port *port, const struct at_port_target *target,
                        struct bytes *error)
{
    if (sp_get_port_by_name(target->device, &port->serial) != SP_OK)
        return false;
    if (sp_open(port->serial, SP_MODE_READ_WRITE) != SP_OK ||
        sp_get_port_handle(port->serial, &port->fd) != SP_OK) {
        fail(error, strerror(sp_last_error_code()));
        return true;
    }
    if (!set_serial(port->serial, target)) {
        fail(error, "cannot set the line");
        port->fd = -1;
        return true;
    }
    sp_flush(port->serial, SP_BUF_BOTH);
    return true;
}
#endif

static bool set_speed(struct termios *line, int speed)
{
    static const struct {
        int speed;
        speed_t code;
    } speeds[] = {{1200, B1200},     {2400, B2400},     {4800, B4800},    {9600, B9600},
                  {19200, B19200},   {38400, B38400},   {57600, B57600},  {115200, B115200},
                  {230400, B230400}, {460800, B460800}, {921600, B921600}};

    for (size_t i = 0; i < sizeof speeds / sizeof speeds[0]; i++)
        if (speeds[i].speed == speed)
            return cfsetispeed(line, speeds[i].code) == 0 && cfsetospeed(line, speeds[i].code) == 0;
    return false;
}

static bool set_terminal(int fd, const struct at_port_target *target)
{
    struct termios line;

    if (tcgetattr(fd, &line) != 0)
        return false;
    cfmakeraw(&line);
    line.c_cflag |= CLOCAL | CREAD;
    line.c_cflag &= ~(tcflag_t)(CSTOPB | HUPCL);
    if (target->flow_control)
        line.c_cflag |= CRTSCTS;
    else
        line.c_cflag &= ~(tcflag_t)CRTSCTS;
    set_speed(&line, target->speed);
    return tcsetattr(fd, TCSANOW, &line) == 0 && tcflush(fd, TCIOFLUSH) == 0;
}

static bool open_terminal(struct at_port *port, const struct at_port_target *target,
                          struct bytes *error)
{
    port->fd = open(target->device, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (port->fd < 0)
        return fail(error, strerror(errno));
    if (!set_terminal(port->fd, target))
        return fail(error, errno == ENOTTY ? "not a serial port" : strerror(errno));
    return true;
}

static bool lock_out_others(struct at_port *port, struct bytes *error)
{
    if (flock(port->fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
        return fail(error, "in use by another program");
    ioctl(port->fd, TIOCEXCL);
    return true;
}

static bool open_device(struct at_port *port, const struct at_port_target *target,
                        struct bytes *error)
{
    if (access(target->device, F_OK) != 0)
        return fail(error, strerror(errno));
#ifdef HAVE_SERIALPORT
    if (open_listed(port, target, error))
        return port->fd >= 0 && lock_out_others(port, error);
#endif
    return open_terminal(port, target, error) && lock_out_others(port, error);
}

/* --- TCP ------------------------------------------------------------------------- */

static int connect_to(const struct addrinfo *address)
{
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct pollfd wait = {fd, POLLOUT, 0};
    int failure = 0, on = 1;
    socklen_t size = sizeof failure;

    if (fd < 0)
        return -1;
    if (connect(fd, address->ai_addr, address->ai_addrlen) != 0 && errno != EINPROGRESS)
        failure = errno;
    else if (poll(&wait, 1, CONNECT_MS) != 1)
        failure = ETIMEDOUT;
    else
        getsockopt(fd, SOL_SOCKET, SO_ERROR, &failure, &size);
    if (failure == 0) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        return fd;
    }
    close(fd);
    errno = failure;
    return -1;
}

static bool open_tcp(struct at_port *port, const struct at_port_target *target, struct bytes *error)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found;
    char service[12];
    int code;

    snprintf(service, sizeof service, "%d", target->tcp_port);
    code = getaddrinfo(target->host, service, &hints, &found);
    if (code != 0)
        return fail(error, gai_strerror(code));
    for (const struct addrinfo *one = found; one != NULL && port->fd < 0; one = one->ai_next)
        port->fd = connect_to(one);
    freeaddrinfo(found);
    return port->fd >= 0 || fail(error, strerror(errno));
}

/* --- both -------------------------------------------------------------------------- */

struct at_port *at_port_open(const struct at_port_target *target, struct bytes *error)
{
    struct at_port *port = memory_zalloc(1, sizeof *port);
    bool opened;

    port->fd = -1;
    if (strcmp(target->device, "rawtcp") == 0)
        opened = open_tcp(port, target, error);
    else
        opened = open_device(port, target, error);
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

bool at_port_set_speed(struct at_port *port, int speed)
{
    struct termios line;

    return isatty(port->fd) && tcgetattr(port->fd, &line) == 0 && set_speed(&line, speed) &&
           tcsetattr(port->fd, TCSANOW, &line) == 0 && tcflush(port->fd, TCIFLUSH) == 0;
}

void at_port_close(struct at_port *port)
{
    if (port == NULL)
        return;
#ifdef HAVE_SERIALPORT
    if (port->serial != NULL) {
        sp_close(port->serial);
        sp_free_port(port->serial);
        free(port);
        return;
    }
#endif
    if (port->fd >= 0)
        close(port->fd);
    free(port);
}

static int remaining_ms(int64_t deadline)
{
    int64_t left = deadline - clock_monotonic_ms();

    return left < 0 ? 0 : left > 3600000 ? 3600000 : (int)left;
}

enum at_port_result at_port_read(struct at_port *port, int wake_fd, int64_t deadline,
                                 unsigned char *data, size_t size, size_t *len)
{
    struct pollfd wait[2] = {{port->fd, POLLIN, 0}, {wake_fd, POLLIN, 0}};

    for (;;) {
        int ready = poll(wait, wake_fd >= 0 ? 2 : 1, remaining_ms(deadline));
        ssize_t got;

        if (ready < 0 && errno == EINTR)
            continue;
        if (ready == 0)
            return AT_PORT_TIMEOUT;
        if (ready < 0)
            return AT_PORT_GONE;
        if (wait[0].revents == 0)
            return AT_PORT_WOKEN;
        got = read(port->fd, data, size);
        if (got > 0) {
            *len = (size_t)got;
            return AT_PORT_OK;
        }
        if (got < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        return AT_PORT_GONE;
    }
}

enum at_port_result at_port_write(struct at_port *port, struct slice data)
{
    int64_t deadline = clock_monotonic_ms() + WRITE_MS;
    struct pollfd wait = {port->fd, POLLOUT, 0};

    while (data.len > 0) {
        ssize_t put = write(port->fd, data.data, data.len);

        if (put >= 0) {
            data = slice_sub(data, (size_t)put, data.len);
            continue;
        }
        if (errno == EINTR)
            continue;
        if (errno != EAGAIN)
            return AT_PORT_GONE;
        if (poll(&wait, 1, remaining_ms(deadline)) == 0)
            return AT_PORT_TIMEOUT;
    }
    return AT_PORT_OK;
}
