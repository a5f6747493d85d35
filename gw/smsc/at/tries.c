/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tries of messages: see tries.h.
 */
#include "gw/smsc/at/tries.h"

#include <string.h>

bool at_tries_spend(struct at_tries *tries, const struct uuid *id, int part)
{
    for (size_t i = 0; i < AT_TRIES_PLACES; i++)
        if (tries->places[i].count > 0 && tries->places[i].part == part &&
            memcmp(&tries->places[i].id, id, sizeof *id) == 0) {
            if (++tries->places[i].count < AT_TRIES_MAX)
                return false;
            tries->places[i].count = 0;
            return true;
        }
    tries->places[tries->next].id = *id;
    tries->places[tries->next].part = part;
    tries->places[tries->next].count = 1;
    tries->next = (tries->next + 1) % AT_TRIES_PLACES;
    return false;
}
