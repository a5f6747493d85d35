/* SPDX-License-Identifier: Apache-2.0 */
/*
 * port_internal - what a port is made of, for the files that are the port: port,
 * port_serial, port_tcp.
 */
#ifndef GW_SMSC_AT_PORT_INTERNAL_H
#define GW_SMSC_AT_PORT_INTERNAL_H

#include "gw/smsc/at/port.h"
#include "gw/smsc/at/port_lock.h"

struct at_port {
    int fd;
    void *serial; /* libserialport's, owns fd then; or NULL */
    struct at_port_lock lock;
    bool is_telnet, logs_in;
    struct at_telnet telnet;
    struct at_login login;
    struct bytes waiting; /* data without telnet's own, not yet handed out */
    uint64_t received;
    bool gone;
    bool flow_control;
    int chunk, gap_ms;
    int64_t written_at; /* the last chunk */
    const char *name;   /* for the log, or NULL */
    struct log_file *log;
};

/* Both false with a reason. */
bool at_port_open_device(struct at_port *port, const struct at_port_target *target,
                         struct bytes *error);
bool at_port_open_tcp(struct at_port *port, const struct at_port_target *target,
                      struct bytes *error);
void at_port_close_serial(struct at_port *port);

/* Appends the reason; always false. */
bool at_port_fail(struct bytes *error, const char *reason);

#endif
