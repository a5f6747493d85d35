/* SPDX-License-Identifier: Apache-2.0 */
/*
 * own_numbers - whether a number is one of ours: my-number of a connection, the
 * number that its SIM tells, or one of own-numbers. A message from there would be
 * our own, come back: the loop guard keeps it from the services.
 */
#ifndef GW_BEARERBOX_OWN_NUMBERS_H
#define GW_BEARERBOX_OWN_NUMBERS_H

#include "gw/bearerbox/gateway.h"

/* False always when loop-guard is off. */
bool own_numbers_hold(const struct gateway *gateway, struct slice number);

/*
 * The same number, written in another way: +49171..., 0049171..., 49171..., and
 * the national 0171... when the other one is international. Short numbers and
 * names must be equal.
 */
bool own_numbers_same(struct slice a, struct slice b);

#endif
