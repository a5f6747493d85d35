/* SPDX-License-Identifier: Apache-2.0 */
/*
 * telnet - the telnet protocol (RFC 854, 855) as a filter: octets of the
 * connection in, data out, and what is to be answered. Without input or output;
 * total: any octets are some telnet. Sequences may be cut anywhere between two
 * calls.
 *
 * Options are refused, except that the other side may echo (RFC 857) and both
 * may leave out go-ahead (RFC 858). Subnegotiations are skipped.
 */
#ifndef GW_SMSC_AT_TELNET_H
#define GW_SMSC_AT_TELNET_H

#include <stdint.h>

#include "gwlib/bytes.h"

/* What a CR is on the wire. */
enum at_line_end { AT_CR_LF, AT_CR, AT_CR_NUL };

struct at_telnet {
    enum at_line_end line_end;
    int state;          /* where in a sequence the octets so far ended */
    unsigned char verb; /* WILL, WONT, DO, DONT whose option comes next */
    size_t skipped;     /* octets of a subnegotiation */
    bool after_cr;      /* a NUL now belongs to it */
    uint32_t theirs[8]; /* options that the other side has on, by bit */
    uint32_t ours[8];   /* that we have on */
};

void at_telnet_init(struct at_telnet *telnet, enum at_line_end line_end);
/* Appends the data to *data and what is to be sent back to *reply, which is at
 * most as long as the octets. */
void at_telnet_receive(struct at_telnet *telnet, struct slice octets, struct bytes *data,
                       struct bytes *reply);
/* Appends the data as it goes over the wire. */
void at_telnet_send(const struct at_telnet *telnet, struct slice data, struct bytes *octets);

#endif
