/* SPDX-License-Identifier: Apache-2.0 */
/*
 * place - where the store is, by store-file, store-type and store-location
 * (doc/kannel.conf.5), and the small files beside it.
 */
#ifndef GW_CONF_PLACE_H
#define GW_CONF_PLACE_H

#include <stdbool.h>

#include "gwlib/bytes.h"
#include "gwlib/conf.h"

/* Appends the path; false when the configuration wants no store. What is
 * chosen or ignored is logged. */
bool place_of_store(const struct conf_group *core, struct bytes *path);

/*
 * Appends the path of a file beside the store: "kannel.store.pins-AT2[x]" for kind
 * "pins" and name "AT2[x]", without the characters of the name that paths cannot
 * have. False, and nothing appended, when there is no store. core may be NULL.
 */
bool place_beside_store(const struct conf_group *core, const char *kind, const char *name,
                        struct bytes *path);

#endif
