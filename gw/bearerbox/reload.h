/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reload - reading the configuration file again while the process works.
 *
 * Only the smsc groups are applied: the rest is for the next start. A file with
 * a mistake changes nothing; what is wrong is in the log.
 */
#ifndef GW_BEARERBOX_RELOAD_H
#define GW_BEARERBOX_RELOAD_H

#include "gw/bearerbox/gateway.h"

/* Starts added groups, stops removed ones, restarts changed ones. False: the
 * file has mistakes. */
bool reload_all(struct gateway *gateway);

/* The groups with that smsc-admin-id. False when there is nothing to add (they
 * are there, or not in the file) or to remove. */
bool reload_add(struct gateway *gateway, struct slice admin_id);
bool reload_remove(struct gateway *gateway, struct slice admin_id);

#endif
