/* SPDX-License-Identifier: Apache-2.0 */
/*
 * message - the model of a short message: what boxes exchange, routers route
 * and the store keeps.
 *
 * struct sms is a plain value with borrowed strings. struct message is one such
 * value that owns its strings, in one block of memory: immutable and reference
 * counted. Whoever wants another value copies the struct sms, changes the copy
 * and builds another message from it:
 *
 *     struct sms sms = *message_sms(message);
 *     sms.smsc_id = slice_str("linuxku");
 *     struct message *routed = message_create(&sms);
 *
 * References may be taken and given back on any thread.
 */
#ifndef GW_MSG_MESSAGE_H
#define GW_MSG_MESSAGE_H

#include <stdint.h>

#include "gwlib/bytes.h"
#include "gwlib/uuid.h"

#define SMS_UNSET (-1) /* value of an unset number or moment */

enum sms_type {
    SMS_MO = 0,
    SMS_MT_REPLY = 1,
    SMS_MT_PUSH = 2,
    SMS_REPORT_MO = 3, /* a delivery report for a box */
    SMS_REPORT_MT = 4  /* a delivery report that an SMSC shall send */
};

enum sms_coding { SMS_CODING_7BIT = 0, SMS_CODING_8BIT = 1, SMS_CODING_UCS2 = 2 };

/* Bits of dlr_mask, and the event of a report. */
enum dlr_event {
    DLR_DELIVERED = 1,
    DLR_FAILED = 2,
    DLR_BUFFERED = 4,
    DLR_SMSC_ACCEPTED = 8,
    DLR_SMSC_REFUSED = 16,
    DLR_EXPIRED = 32,
    DLR_UNKNOWN = 64
};
/* The events that only a report from the SMSC brings. */
#define DLR_FROM_SMSC (DLR_DELIVERED | DLR_FAILED | DLR_BUFFERED | DLR_EXPIRED | DLR_UNKNOWN)

#define FRAME(name, type) struct name {
#define INTEGER(name) int32_t name;
#define MOMENT(name) int64_t name;
#define STRING(name) struct slice name;
#define IDENTITY(name) struct uuid name;
#define END_FRAME(name) };
#include "gw/msg/frames.def"

struct message;

/* All strings and numbers unset, nil id. */
struct sms sms_blank(void);

/* Whether that event is wanted by the message's dlr_mask (unset wants none). */
bool sms_wants(const struct sms *sms, int events);
/* The coding, with unset resolved: 8-bit when there is a UDH, else 7-bit. */
enum sms_coding sms_coding(const struct sms *sms);

/* Copies everything; one reference. */
struct message *message_create(const struct sms *sms);
struct message *message_ref(struct message *message);
void message_unref(struct message *message); /* NULL is fine */
/* Valid as long as a reference is held. */
const struct sms *message_sms(const struct message *message);

#endif
