/* SPDX-License-Identifier: Apache-2.0 */
/*
 * port - the octet stream to a modem: a serial or USB port, or a TCP connection,
 * raw or telnet, with a login before it.
 *
 * For the modem's own thread: calls block, each with its deadline. Waiting for
 * input also ends when the wake descriptor becomes readable. End of file and
 * every error mean that the device is gone.
 */
#ifndef GW_SMSC_AT_PORT_H
#define GW_SMSC_AT_PORT_H

#include <stdbool.h>

#include "gw/smsc/at/login.h"
#include "gw/smsc/at/telnet.h"
#include "gwlib/log.h"

struct at_port;

/* Why a port could not be opened, for who wants to know more than the text. */
struct at_port_refusal {
    bool busy;    /* another program has it */
    long pid;     /* that program, by its lock file; 0: not known */
    bool login;   /* the gateway did not take user or password */
    bool missing; /* there is no such device */
};

struct at_port_target {
    const char *device;                 /* path, "rawtcp" or "telnet" */
    const char *host;                   /* of a TCP port */
    int tcp_port;                       /* of a TCP port */
    int speed;                          /* bit/s; 0 leaves it as it is */
    const char *lock_folder;            /* for a lock file; NULL: none */
    const char *lock_name;              /* "ttyUSB0" */
    bool telnet;                        /* a TCP port speaks telnet */
    enum at_line_end line_end;          /* of telnet and the login */
    const struct at_login_words *login; /* NULL: none. Must outlive the port */
    const char *name;                   /* for the log; NULL: nothing is logged */
    struct log_file *log;
    bool (*stopped)(void *arg); /* whether to give up early; NULL: never */
    void *arg;
    struct at_port_refusal *refusal; /* NULL: nobody asks */
};

/*
 * Opens, locks out other programs, sets 8N1 without any processing, throws away
 * what waits; connects and logs in. NULL and the reason appended to *error ("No
 * such file or directory").
 */
struct at_port *at_port_open(const struct at_port_target *target, struct bytes *error);
/* A descriptor that is open already; takes it over. For tests and TCP. */
struct at_port *at_port_adopt(int fd);
void at_port_close(struct at_port *port); /* NULL is fine */

enum at_port_result { AT_PORT_OK, AT_PORT_TIMEOUT, AT_PORT_WOKEN, AT_PORT_GONE };

/* At least one octet by the deadline (clock_monotonic_ms()); wake_fd -1: none. */
enum at_port_result at_port_read(struct at_port *port, int wake_fd, int64_t deadline,
                                 unsigned char *data, size_t size, size_t *len);
/* All of it; within 10 s at a stretch something must go out. */
enum at_port_result at_port_write(struct at_port *port, struct slice data);
/* Whether reading or writing said so. */
bool at_port_is_gone(const struct at_port *port);
/* Octets that came since it was opened. */
uint64_t at_port_received(const struct at_port *port);

/* False when the port has no speed, or not this one. */
bool at_port_set_speed(struct at_port *port, int speed);
/* Whether the other side of a serial line holds CTS up. */
bool at_port_hears_cts(const struct at_port *port);
/* RTS/CTS on our side. When nothing can be written for 5 s it is turned off. */
bool at_port_set_flow_control(struct at_port *port, bool on);
/* For modems that lose octets: so many at once, that long apart. 0: all. */
void at_port_set_chunks(struct at_port *port, int octets, int gap_ms);
/* Lowers DTR for a second; false, at once, when the port has none. */
bool at_port_drop_dtr(struct at_port *port);

#endif
