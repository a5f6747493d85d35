/* SPDX-License-Identifier: Apache-2.0 */
/*
 * router - which SMSC connection may carry an MT, and which box gets an MO.
 *
 * For an MT the answer is a set: the names of all connections whose rules accept
 * the message, those that prefer it marked. Messages with the same set share a
 * lane (lane.h), and whichever of its connections is free takes the next
 * message; a connection that fails is covered by the others without any
 * message being moved. The set is the lane's name: keys in file order, joined
 * by ';', each followed by '!' when preferred. "one;two!".
 */
#ifndef GW_BEARERBOX_ROUTER_H
#define GW_BEARERBOX_ROUTER_H

#include "gw/bearerbox/links.h"

/* Appends the lane name; false, and nothing appended, when no connection
 * accepts the message. */
bool router_lane_name(const struct links *links, const struct sms *sms, struct bytes *name);

/* The next member of a lane name: true and its key until all are seen. */
bool router_next_member(struct slice *rest, struct slice *key, bool *preferred);

/*
 * The box an MO is for: its boxc_id, or what smsbox-route says by receiver and
 * SMSC; empty: any box without id. The slice lives as long as the sms or the
 * configuration.
 */
struct slice router_box(const struct conf *conf, const struct sms *sms);

#endif
