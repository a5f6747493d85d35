/* SPDX-License-Identifier: Apache-2.0 */
/*
 * place - where the store is, by store-file, store-type and store-location
 * (doc/kannel.conf.5).
 */
#ifndef GW_BEARERBOX_PLACE_H
#define GW_BEARERBOX_PLACE_H

#include <stdbool.h>

#include "gwlib/bytes.h"
#include "gwlib/conf.h"

/* Appends the path; false when the configuration wants no store. What is
 * chosen or ignored is logged. */
bool place_of_store(const struct conf_group *core, struct bytes *path);

#endif
