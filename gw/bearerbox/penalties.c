/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Penalties: see penalties.h.
 */
#include "gw/bearerbox/penalties.h"

#include <string.h>

#define LONGEST_MS 30000

static struct penalty *find(struct penalties *penalties, const char *address)
{
    for (size_t i = 0; i < PENALTIES_MAX; i++)
        if (strcmp(penalties->of[i].address, address) == 0)
            return &penalties->of[i];
    return NULL;
}

static struct penalty *add(struct penalties *penalties, const char *address)
{
    struct penalty *penalty = &penalties->of[penalties->next];

    penalties->next = (penalties->next + 1) % PENALTIES_MAX;
    memset(penalty, 0, sizeof *penalty);
    for (size_t i = 0; address[i] != '\0' && i < sizeof penalty->address - 1; i++)
        penalty->address[i] = address[i];
    return penalty;
}

int64_t penalties_next_ms(struct penalties *penalties, const char *address)
{
    struct penalty *penalty = find(penalties, address);
    int64_t delay;

    if (penalty == NULL)
        penalty = add(penalties, address);
    delay = penalty->failures == 0 ? 10 : (int64_t)penalty->failures * 1000;
    penalty->failures++;
    return delay < LONGEST_MS ? delay : LONGEST_MS;
}

void penalties_forgive(struct penalties *penalties, const char *address)
{
    struct penalty *penalty = find(penalties, address);

    if (penalty != NULL)
        penalty->failures = 0;
}
