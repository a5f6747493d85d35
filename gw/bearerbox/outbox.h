/* SPDX-License-Identifier: Apache-2.0 */
/*
 * outbox - taking an MT from a box: check, route, store, acknowledge.
 *
 * The acknowledgement goes out after the message is committed. Answers: doc/
 * box-protocol.md, section 4.
 */
#ifndef GW_BEARERBOX_OUTBOX_H
#define GW_BEARERBOX_OUTBOX_H

#include "gw/bearerbox/gateway.h"

/* A boxes_submit_fn. */
void outbox_submit(struct gateway *gateway, int64_t session, const struct sms *sms);

#endif
