/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parts - an MT in the form one SMSC connection sends it: the receiver in the
 * connection's form of numbers, and cut into concatenated parts when it is
 * longer than max-sms-octets (doc/box-protocol.md, section 4; 3GPP TS 23.040,
 * section 9.2.3.24.1).
 */
#ifndef GW_BEARERBOX_PARTS_H
#define GW_BEARERBOX_PARTS_H

#include "gw/msg/message.h"

#define PARTS_MAX 255

struct parts {
    struct message **messages;
    int count;
};

/*
 * reference is the 8-bit concatenation reference. unified_prefix may be NULL.
 * count is 0 when the message would need more than PARTS_MAX parts, or its UDH
 * leaves no room.
 */
struct parts parts_make(struct message *message, size_t max_octets, int reference,
                        const char *unified_prefix);
void parts_free(struct parts *parts);

#endif
