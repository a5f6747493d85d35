/* SPDX-License-Identifier: Apache-2.0 */
/*
 * status - what is going on, as Kannel's status page tells it: text, HTML, XML
 * and WML (the shape is recorded in test/data/compat/status.txt and .xml).
 */
#ifndef GW_BEARERBOX_STATUS_H
#define GW_BEARERBOX_STATUS_H

#include "gw/bearerbox/gateway.h"

enum status_format { STATUS_TEXT, STATUS_HTML, STATUS_XML, STATUS_WML };

/* Appends the status without the format's frame (admin.h puts it round). */
void status_print(const struct gateway *gateway, enum status_format format, struct bytes *to);

/* Appends the list of live messages (store-status). */
void status_print_messages(enum status_format format, const struct store_entry *entries,
                           size_t count, struct bytes *to);

/* Appends text with what XML and HTML reserve, and control characters, made
 * harmless. */
void status_escape(struct bytes *to, struct slice text);

#endif
