/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Serial and USB ports: see port.h. libserialport opens what the system lists as
 * a serial port; other terminals (a pseudo terminal, a port in a container
 * without /sys) are opened and set here by termios.
 */
#include "gw/smsc/at/port_internal.h"

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#ifdef HAVE_SERIALPORT
#include <libserialport.h>
#endif

#define FIRST_PAUSE_US 100000 /* between opening a line and its first octet */
#define DTR_LOW_US     1000000

/* --- opening ------------------------------------------------------------------------ */

#ifdef HAVE_SERIALPORT
static bool set_serial(struct sp_port *serial, int speed)
{
    return (speed == 0 || sp_set_baudrate(serial, speed) == SP_OK) &&
           sp_set_bits(serial, 8) == SP_OK && sp_set_parity(serial, SP_PARITY_NONE) == SP_OK &&
           sp_set_stopbits(serial, 1) == SP_OK &&
           sp_set_flowcontrol(serial, SP_FLOWCONTROL_NONE) == SP_OK;
}

/* False when the system does not list it: another way may open it. */
static bool open_listed(struct at_port *port, const struct at_port_target *target,
                        struct bytes *error)
{
    struct sp_port *serial;

    if (sp_get_port_by_name(target->device, &serial) != SP_OK)
        return false;
    port->serial = serial;
    if (sp_open(serial, SP_MODE_READ_WRITE) != SP_OK ||
        sp_get_port_handle(serial, &port->fd) != SP_OK) {
        int code = sp_last_error_code();

        if (target->refusal != NULL)
            target->refusal->busy = code == EBUSY;
        at_port_fail(error, code == EBUSY ? "in use by another program" : strerror(code));
        return true;
    }
    fcntl(port->fd, F_SETFD, FD_CLOEXEC);
    if (!set_serial(serial, target->speed)) {
        at_port_fail(error, "cannot set the line");
        port->fd = -1;
        return true;
    }
    sp_flush(serial, SP_BUF_BOTH);
    return true;
}
#endif

void at_port_close_serial(struct at_port *port)
{
#ifdef HAVE_SERIALPORT
    if (port->serial != NULL) {
        sp_close(port->serial);
        sp_free_port(port->serial);
        port->fd = -1;
    }
#endif
    port->serial = NULL;
}

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

static bool set_terminal(int fd, int speed)
{
    struct termios line;

    if (tcgetattr(fd, &line) != 0)
        return false;
    cfmakeraw(&line);
    line.c_cflag |= CLOCAL | CREAD;
    line.c_cflag &= ~(tcflag_t)(CSTOPB | HUPCL | CRTSCTS);
    set_speed(&line, speed);
    return tcsetattr(fd, TCSANOW, &line) == 0 && tcflush(fd, TCIOFLUSH) == 0;
}

static bool open_terminal(struct at_port *port, const struct at_port_target *target,
                          struct bytes *error)
{
    port->fd = open(target->device, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (port->fd < 0 && target->refusal != NULL)
        target->refusal->busy = errno == EBUSY;
    if (port->fd < 0)
        return at_port_fail(error, errno == EBUSY ? "in use by another program" : strerror(errno));
    return true;
}

/* The descriptor is locked before the line is touched: another program may talk. */
static bool settle_terminal(struct at_port *port, const struct at_port_target *target,
                            struct bytes *error)
{
    int up = TIOCM_DTR | TIOCM_RTS;

    if (!at_port_lock_descriptor(port->fd)) {
        if (target->refusal != NULL)
            target->refusal->busy = true;
        return at_port_fail(error, "in use by another program");
    }
    if (port->serial == NULL && !set_terminal(port->fd, target->speed))
        return at_port_fail(error, errno == ENOTTY ? "not a serial port" : strerror(errno));
    if (ioctl(port->fd, TIOCMBIS, &up) == 0)
        usleep(FIRST_PAUSE_US);
    return true;
}

bool at_port_open_device(struct at_port *port, const struct at_port_target *target,
                         struct bytes *error)
{
    long pid = 0;

    if (access(target->device, F_OK) != 0) {
        if (target->refusal != NULL)
            target->refusal->missing = true;
        return at_port_fail(error, strerror(errno));
    }
    if (target->lock_folder != NULL && target->lock_name != NULL &&
        !at_port_lock_take(&port->lock, target->lock_folder, target->lock_name, &pid)) {
        if (target->refusal != NULL)
            *target->refusal = (struct at_port_refusal){.busy = true, .pid = pid};
        return at_port_fail(error, "in use by another program");
    }
#ifdef HAVE_SERIALPORT
    if (open_listed(port, target, error))
        return port->fd >= 0 && settle_terminal(port, target, error);
#endif
    return open_terminal(port, target, error) && settle_terminal(port, target, error);
}

/* --- the line ----------------------------------------------------------------------- */

bool at_port_set_speed(struct at_port *port, int speed)
{
    struct termios line;

    return isatty(port->fd) && tcgetattr(port->fd, &line) == 0 && set_speed(&line, speed) &&
           tcsetattr(port->fd, TCSANOW, &line) == 0 && tcflush(port->fd, TCIFLUSH) == 0;
}

bool at_port_hears_cts(const struct at_port *port)
{
    int lines = 0;

    return ioctl(port->fd, TIOCMGET, &lines) == 0 && (lines & TIOCM_CTS) != 0;
}

bool at_port_set_flow_control(struct at_port *port, bool on)
{
    struct termios line;

    if (!isatty(port->fd) || tcgetattr(port->fd, &line) != 0)
        return false;
    if (on)
        line.c_cflag |= CRTSCTS;
    else
        line.c_cflag &= ~(tcflag_t)CRTSCTS;
    port->flow_control = on;
    return tcsetattr(port->fd, TCSANOW, &line) == 0;
}

bool at_port_drop_dtr(struct at_port *port)
{
    int dtr = TIOCM_DTR;

    if (ioctl(port->fd, TIOCMBIC, &dtr) != 0)
        return false;
    usleep(DTR_LOW_US);
    return ioctl(port->fd, TIOCMBIS, &dtr) == 0;
}
