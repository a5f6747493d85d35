/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seen - which PDUs were stored lately: networks repeat a message whose
 * acknowledgement got lost, and modems keep one that could not be deleted. The
 * PDU holds the service centre's time stamp, so that the same octets are the
 * same message.
 *
 * A ring of hashes; the oldest are forgotten. For one thread.
 */
#ifndef GW_SMSC_AT_SEEN_H
#define GW_SMSC_AT_SEEN_H

#include <stdbool.h>
#include <stdint.h>

#include "gwlib/bytes.h"

enum { AT_SEEN_PLACES = 500, AT_LEFT_MAX = 2000 };

struct at_seen {
    struct {
        uint64_t hash;
        int64_t until;        /* monotonic ms; 0: free */
    } places[AT_SEEN_PLACES]; /* all zero is empty */
    size_t next;
};

/* Whether it was noted within the last ten minutes; being asked renews it, so
 * that a message that cannot be deleted stays known. */
bool at_seen_before(struct at_seen *seen, struct slice pdu);
void at_seen_note(struct at_seen *seen, struct slice pdu);

/* PDUs in the memories that are nobody's business: those that lay there at the
 * start and that the configuration says to leave there. */
struct at_left {
    uint64_t hashes[AT_LEFT_MAX];
    size_t count;
    bool settled; /* all memories were looked at */
};

void at_left_note(struct at_left *left, struct slice pdu);
bool at_left_has(const struct at_left *left, struct slice pdu);

#endif
