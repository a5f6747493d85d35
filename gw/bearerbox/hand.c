/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hand of a connection: see hand.h.
 */
#include "gw/bearerbox/hand.h"

void hand_append(struct hand *hand, struct outgoing *outgoing)
{
    outgoing->next = NULL;
    if (hand->last != NULL)
        hand->last->next = outgoing;
    else
        hand->first = outgoing;
    hand->last = outgoing;
    hand->count++;
}

void hand_prepend(struct hand *hand, struct outgoing *outgoing)
{
    outgoing->next = hand->first;
    hand->first = outgoing;
    if (hand->last == NULL)
        hand->last = outgoing;
    hand->count++;
}

struct outgoing *hand_take(struct hand *hand)
{
    struct outgoing *outgoing = hand->first;

    if (outgoing == NULL)
        return NULL;
    hand->first = outgoing->next;
    if (hand->first == NULL)
        hand->last = NULL;
    hand->count--;
    return outgoing;
}
