/* SPDX-License-Identifier: Apache-2.0 */
/*
 * identity - ids of messages that follow from where a message comes from: the
 * same MO, or the same Idempotency-Key, gives the same ids again, so that
 * bearerbox recognises what it has already and no second SMS is made.
 */
#ifndef GW_SMSBOX_IDENTITY_H
#define GW_SMSBOX_IDENTITY_H

#include "gwlib/bytes.h"
#include "gwlib/uuid.h"

/* Of the part-th message to that receiver that comes from `origin`. An unset
 * origin gives a fresh random id. */
struct uuid identity_of_part(struct slice origin, struct slice receiver, unsigned part);

#endif
