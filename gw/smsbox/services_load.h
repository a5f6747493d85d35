/* SPDX-License-Identifier: Apache-2.0 */
/*
 * services_load - for services.c only: where the loaded services stand.
 */
#ifndef GW_SMSBOX_SERVICES_LOAD_H
#define GW_SMSBOX_SERVICES_LOAD_H

#include "gw/smsbox/services.h"

/* In file order; the others follow by ->next. */
const struct service *services_first(const struct services *services);

#endif
