/* SPDX-License-Identifier: Apache-2.0 */
/*
 * frame - the box protocol's octets: 4 octets length, big-endian, then one
 * packed message (doc/box-protocol.md, section 2). Total functions on any
 * input. Any thread.
 */
#ifndef GW_MSG_FRAME_H
#define GW_MSG_FRAME_H

#include "gw/msg/message.h"

#define FRAME_MAX_LENGTH (1024 * 1024) /* of what follows the length field */

enum frame_type {
#define FRAME(name, type) FRAME_##name = type,
#include "gw/msg/frames.def"
};

enum admin_command {
    ADMIN_SHUTDOWN = 0,
    ADMIN_SUSPEND = 1,
    ADMIN_RESUME = 2,
    ADMIN_IDENTIFY = 3,
    ADMIN_RESTART = 4
};

enum ack_result {
    ACK_SUCCESS = 0,
    ACK_FAILED = 1,           /* do not repeat */
    ACK_FAILED_TEMPORARY = 2, /* try again later */
    ACK_BUFFERED = 3          /* stored, no SMSC connected now */
};

struct frame {
    enum frame_type type;
    union {
#define FRAME(name, type) struct name name;
#include "gw/msg/frames.def"
    } u;
};

/*
 * How long the first frame in the input is, length field included: 0 when more
 * octets are needed to say it, -1 when the length is impossible (below 4 or
 * above FRAME_MAX_LENGTH).
 */
long frame_length(struct slice input);

/*
 * Takes one packed message (without length field) apart. Strings borrow from
 * body. NULL when all is well, else what is wrong ("string longer than the
 * frame"); *frame is then undefined. Octets after the last field are ignored.
 */
const char *frame_unpack(struct slice body, struct frame *frame);

/* Appends the frame with its length field. */
void frame_pack(struct bytes *to, const struct frame *frame);

/* Appends a form for people, one field a line, unset fields left out. */
void frame_print(struct bytes *to, const struct frame *frame);

/* "sms", "ack", ...; "unknown" for another number. */
const char *frame_type_name(int type);

#endif
