/* SPDX-License-Identifier: Apache-2.0 */
/*
 * outbox - taking an MT from a box, or one that came from an SMSC and goes out
 * again: check, route, store, acknowledge.
 *
 * The acknowledgement goes out after the message is committed. Answers: doc/
 * box-protocol.md, section 4.
 */
#ifndef GW_BEARERBOX_OUTBOX_H
#define GW_BEARERBOX_OUTBOX_H

#include "gw/bearerbox/gateway.h"
#include "gw/smsc/smsc.h"

/* A boxes_submit_fn. */
void outbox_submit(struct gateway *gateway, int64_t session, const struct sms *sms);

/* An MO that goes out again with that smsc-id (reroute variables). What no
 * connection takes is stored as failed: the network must not keep it for us. */
void outbox_forward(struct gateway *gateway, const struct sms *mo, struct slice smsc_id,
                    smsc_stored_fn *stored, void *arg);

#endif
