/* SPDX-License-Identifier: Apache-2.0 */
/*
 * outcome - a message while an SMSC connection has it, and what becomes of it:
 * accepted, refused, to be tried again, expired. Dispatch decides who sends
 * what; here is what each answer means for the message's state, its reports and
 * the access log.
 */
#ifndef GW_BEARERBOX_OUTCOME_H
#define GW_BEARERBOX_OUTCOME_H

#include "gw/bearerbox/links.h"
#include "gw/bearerbox/parts.h"

/* What all outcomes share; release with free(). */
struct outcomes {
    int last_reference;                     /* of concatenation; counts every message routed */
    void (*settled)(struct bearer *bearer); /* an accepted message is committed as such */
    int64_t uncertain;                      /* answers that were lost */
};

/* A message that one connection is to send: committed as SENDING, or about to
 * be. */
struct outgoing {
    struct bearer *bearer;
    struct lane_item *item;
    struct smsc_submit submit; /* of the part that is next or under way */
    struct parts parts;        /* made at the first hand-over */
    struct bytes foreign_id;   /* of the first part */
    int64_t handed_ms;         /* since 1970: when the driver got it */
    struct outgoing *next;     /* in the bearer's hand */
};

struct outcomes *outcomes_create(void (*settled)(struct bearer *bearer));

struct outgoing *outgoing_create(struct bearer *bearer, struct lane_item *item);
/* Ends it without a word about the message; gives the item back to the caller. */
struct lane_item *outgoing_release(struct outgoing *outgoing);

/* Gives its next part to the driver, which must have room. A message that
 * cannot be cut into parts is refused instead. */
void outgoing_send(struct outgoing *outgoing);

/* The answers of the driver. True when there is another part to send; else the
 * outgoing is gone. */
bool outcome_accepted(struct outgoing *outgoing, struct slice foreign_id, struct slice text,
                      struct slice meta_data);
void outcome_failed(struct outgoing *outgoing, enum smsc_failure failure, struct slice text,
                    struct slice meta_data);

/* It was not sent and waits in its lane again; does not count as an attempt. */
void outcome_put_back(struct outgoing *outgoing);

/* Ends an item that was taken from its lane and whose validity is over: true. */
bool outcome_expired(struct gateway *gateway, struct lane_item *item);

/*
 * A message that is refused before it was stored, or given up: the line in the
 * access log and the report that its sender asked for. why: "no SMSC", follows
 * "NACK/".
 */
void outcome_refuse(struct gateway *gateway, const struct sms *sms, const char *event,
                    const char *smsc, struct slice why, struct slice meta_data);

#endif
