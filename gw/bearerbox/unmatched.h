/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unmatched - which delivery reports fit no message yet, by the SMSC link and
 * the id that they name, and by age. An SMSC may send the report before its
 * answer to the submit: the answer then looks here, which costs nothing where
 * nothing is kept.
 *
 * Items belong to the caller; how many there are is bounded by him (matching.c).
 * Pure memory.
 */
#ifndef GW_BEARERBOX_UNMATCHED_H
#define GW_BEARERBOX_UNMATCHED_H

#include <stddef.h>
#include <stdint.h>

#include "gwlib/bytes.h"

enum { UNMATCHED_IDS = 2 };

struct unmatched_item;

/* Where an item stands under one of its ids. */
struct unmatched_place {
    struct unmatched_item *item;
    struct slice id;
    struct unmatched_place *next, **back;
};

struct unmatched_item {
    /* The caller's; link and ids must live as long as it is in. */
    struct slice link, ids[UNMATCHED_IDS]; /* an id that is unset or empty is none */
    int64_t arrived_ms;                    /* since 1970 */
    /* Ours. */
    struct unmatched_place places[UNMATCHED_IDS];
    struct unmatched_item *older, *newer;
};

struct unmatched *unmatched_create(void);
/* Items may be in it. */
void unmatched_free(struct unmatched *unmatched);

/* It counts as the newest. */
void unmatched_add(struct unmatched *unmatched, struct unmatched_item *item);
void unmatched_remove(struct unmatched *unmatched, struct unmatched_item *item);
size_t unmatched_count(const struct unmatched *unmatched);
/* NULL when there is none. */
struct unmatched_item *unmatched_oldest(const struct unmatched *unmatched);

/* Calls fn for every item of the link with this id, oldest first; fn may remove
 * its item. */
void unmatched_each(struct unmatched *unmatched, struct slice link, struct slice id,
                    void (*fn)(struct unmatched_item *item, void *arg), void *arg);

#endif
