/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tries - how often messages met an error that is worth a few tries only: a
 * number that does not exist is not tried for ever. The latest messages are
 * remembered. For one thread.
 */
#ifndef GW_SMSC_AT_TRIES_H
#define GW_SMSC_AT_TRIES_H

#include "gwlib/uuid.h"

enum { AT_TRIES_PLACES = 256, AT_TRIES_MAX = 3 };

struct at_tries {
    struct {
        struct uuid id;
        int part, count;       /* count 0: free */
    } places[AT_TRIES_PLACES]; /* all zero is empty */
    size_t next;
};

/* Counts one more; true when that was the last. */
bool at_tries_spend(struct at_tries *tries, const struct uuid *id, int part);

#endif
