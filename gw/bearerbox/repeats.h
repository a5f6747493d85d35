/* SPDX-License-Identifier: Apache-2.0 */
/*
 * repeats - which delivery reports were told to a box, so that one that the
 * network sends again is known: it did not hear our acknowledgement, or it sends
 * everything twice.
 *
 * Two are the same when connection, id, event and text are; the text of an SMPP
 * receipt has the times in it. Ids that come again by nature (a modem numbers
 * from 0 to 255) are never taken for it. Bounded: the oldest is forgotten. Pure
 * memory.
 */
#ifndef GW_BEARERBOX_REPEATS_H
#define GW_BEARERBOX_REPEATS_H

#include "gw/msg/message.h"

#define REPEATS_MOST 5000

struct repeats;

struct repeats *repeats_create(void);
/* NULL is fine. */
void repeats_free(struct repeats *repeats);

/* report: smsc_id, foreign_id, the event in dlr_mask, and the text count. */
void repeats_note(struct repeats *repeats, const struct sms *report);
bool repeats_knows(const struct repeats *repeats, const struct sms *report);

#endif
