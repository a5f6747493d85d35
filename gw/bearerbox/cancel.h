/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cancel - what an operator takes out of the store: one message, or all waiting
 * for reports.
 */
#ifndef GW_BEARERBOX_CANCEL_H
#define GW_BEARERBOX_CANCEL_H

#include "gw/bearerbox/gateway.h"

/* Comes once, after the commit, not from inside the call. */
typedef void cancel_done_fn(bool good, void *arg);

/*
 * Every entry with that id that waits becomes CANCELLED; so does an MO or report
 * that a box has and did not acknowledge (it will not be delivered again). An MT
 * that an SMSC has, or had, stays as it is: false then, and when the store is in
 * trouble. An id that nobody has is fine.
 */
void cancel_message(struct gateway *gateway, const struct uuid *id, cancel_done_fn *done,
                    void *arg);

/* No report is waited for any more: every SENT entry becomes ACCEPTED, and a
 * report that comes later is dropped as unknown. */
void cancel_reports(struct gateway *gateway, cancel_done_fn *done, void *arg);

#endif
