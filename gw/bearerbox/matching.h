/* SPDX-License-Identifier: Apache-2.0 */
/*
 * matching - from a delivery report of the network to the message that it is
 * about, to that message's new state, and to the report for its box.
 *
 * The store finds the message by connection and foreign id, and by the handset
 * where ids come again. What fits no message is kept: see unmatched.h. What was told
 * before is dropped: see repeats.h.
 */
#ifndef GW_BEARERBOX_MATCHING_H
#define GW_BEARERBOX_MATCHING_H

#include "gw/bearerbox/gateway.h"
#include "gw/smsc/smsc.h"

struct matching *matching_create(struct gateway *gateway);
void matching_free(struct matching *matching);
/* Takes up what fitted no message before the restart, and what was told last. */
void matching_start(struct matching *matching);

/*
 * A report from an SMSC connection. `stored` is called when the network may be
 * told that we have it.
 */
void matching_receive(struct matching *matching, struct smsc *smsc,
                      const struct smsc_report *report, smsc_stored_fn *stored, void *arg);

/*
 * The SMSC accepted a message, or a part, and gave it this id; the change of the
 * store that says so was issued before. handed_ms is when it was handed over: a
 * report that came since, and fitted nothing, is looked at again.
 */
void matching_accepted(struct matching *matching, const char *link, struct slice foreign_id,
                       int64_t handed_ms);

#endif
