/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inbox - what comes from the SMSC connections: messages and reports.
 *
 * A message is committed before the network is told that we have it. Parts of
 * long messages are kept in the store until their message is whole; then the
 * whole takes their place in one commit. After sms-combine-concatenated-mo-
 * timeout the parts that came are handed on as they are.
 */
#ifndef GW_BEARERBOX_INBOX_H
#define GW_BEARERBOX_INBOX_H

#include "gw/bearerbox/links.h"

struct inbox *inbox_create(struct gateway *gateway);
void inbox_free(struct inbox *inbox);
/* Takes up the parts that the store holds; before the links start. */
void inbox_start(struct inbox *inbox);

void inbox_receive(struct bearer *bearer, struct message *message, smsc_stored_fn *stored,
                   void *arg);
void inbox_receive_report(struct bearer *bearer, const struct smsc_report *report,
                          smsc_stored_fn *stored, void *arg);

#endif
