/* SPDX-License-Identifier: Apache-2.0 */
/*
 * admin - the HTTP administration of the bearerbox (doc/bearerbox.8).
 *
 * Every answer has status 200 and a body in the asked format. A wrong password
 * costs its address a delay that grows with each failure; other addresses do not
 * notice.
 */
#ifndef GW_BEARERBOX_ADMIN_H
#define GW_BEARERBOX_ADMIN_H

#include "gw/bearerbox/gateway.h"

struct admin_port;

/* Opens admin-port. NULL with the reason appended to *error. */
struct admin_port *admin_open(struct gateway *gateway, struct bytes *error);
void admin_close(struct admin_port *port);

#endif
