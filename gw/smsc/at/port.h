/* SPDX-License-Identifier: Apache-2.0 */
/*
 * port - the octet stream to a modem: a serial or USB port, or a TCP connection.
 *
 * For the modem's own thread: calls block, each with its deadline. Waiting for
 * input also ends when the wake descriptor becomes readable. End of file and
 * every error mean that the device is gone.
 */
#ifndef GW_SMSC_AT_PORT_H
#define GW_SMSC_AT_PORT_H

#include <stdbool.h>

#include "gwlib/bytes.h"

struct at_port;

struct at_port_target {
    const char *device; /* path, or "rawtcp" */
    const char *host;   /* rawtcp */
    int tcp_port;       /* rawtcp */
    int speed;          /* bit/s; 0 leaves it as it is */
    bool flow_control;  /* RTS/CTS */
};

/*
 * Opens, locks out other programs, sets 8N1 without any processing, throws away
 * what waits. NULL and the reason appended to *error ("No such file or
 * directory").
 */
struct at_port *at_port_open(const struct at_port_target *target, struct bytes *error);
/* A descriptor that is open already; takes it over. For tests and TCP. */
struct at_port *at_port_adopt(int fd);
/* False when the port has no speed, or not this one. */
bool at_port_set_speed(struct at_port *port, int speed);
void at_port_close(struct at_port *port); /* NULL is fine */

enum at_port_result { AT_PORT_OK, AT_PORT_TIMEOUT, AT_PORT_WOKEN, AT_PORT_GONE };

/* At least one octet by the deadline (clock_monotonic_ms()); wake_fd -1: none. */
enum at_port_result at_port_read(struct at_port *port, int wake_fd, int64_t deadline,
                                 unsigned char *data, size_t size, size_t *len);
/* All of it, within 10 s. */
enum at_port_result at_port_write(struct at_port *port, struct slice data);

#endif
