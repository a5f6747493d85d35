/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hand - the messages that a connection has in hand (struct hand, links.h), in
 * order.
 */
#ifndef GW_BEARERBOX_HAND_H
#define GW_BEARERBOX_HAND_H

#include "gw/bearerbox/links.h"
#include "gw/bearerbox/outcome.h"

void hand_append(struct hand *hand, struct outgoing *outgoing);
void hand_prepend(struct hand *hand, struct outgoing *outgoing);
/* The first, or NULL. */
struct outgoing *hand_take(struct hand *hand);

#endif
