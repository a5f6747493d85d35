/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unmatched - see unmatched.h: a hash table by link and id, and a list by age.
 */
#include "gw/bearerbox/unmatched.h"

#include <stdlib.h>

#include "gwlib/memory.h"

#define BUCKETS 4096

struct unmatched {
    struct unmatched_place *buckets[BUCKETS];
    struct unmatched_item *oldest, *newest;
    size_t count;
};

struct unmatched *unmatched_create(void)
{
    return memory_zalloc(1, sizeof(struct unmatched));
}

void unmatched_free(struct unmatched *unmatched)
{
    free(unmatched);
}

static uint32_t hash_octets(uint32_t hash, struct slice octets)
{
    for (size_t i = 0; i < octets.len; i++)
        hash = (hash ^ octets.data[i]) * 16777619u;
    return (hash ^ 0xff) * 16777619u;
}

static struct unmatched_place **bucket(struct unmatched *unmatched, struct slice link,
                                       struct slice id)
{
    uint32_t hash = hash_octets(hash_octets(2166136261u, link), id);

    return &unmatched->buckets[(hash ^ hash >> 16) % BUCKETS];
}

/* At the end: reports of one message stay in order. */
static void place_in(struct unmatched *unmatched, struct unmatched_item *item, int which)
{
    struct unmatched_place *place = &item->places[which];
    struct unmatched_place **end = bucket(unmatched, item->link, item->ids[which]);

    while (*end != NULL)
        end = &(*end)->next;
    *place = (struct unmatched_place){item, item->ids[which], NULL, end};
    *end = place;
}

void unmatched_add(struct unmatched *unmatched, struct unmatched_item *item)
{
    for (int i = 0; i < UNMATCHED_IDS; i++) {
        item->places[i] = (struct unmatched_place){0};
        if (!slice_is_empty(item->ids[i]))
            place_in(unmatched, item, i);
    }
    item->newer = NULL;
    item->older = unmatched->newest;
    if (item->older != NULL)
        item->older->newer = item;
    else
        unmatched->oldest = item;
    unmatched->newest = item;
    unmatched->count++;
}

void unmatched_remove(struct unmatched *unmatched, struct unmatched_item *item)
{
    for (int i = 0; i < UNMATCHED_IDS; i++) {
        struct unmatched_place *place = &item->places[i];

        if (place->item == NULL)
            continue;
        *place->back = place->next;
        if (place->next != NULL)
            place->next->back = place->back;
    }
    *(item->older != NULL ? &item->older->newer : &unmatched->oldest) = item->newer;
    *(item->newer != NULL ? &item->newer->older : &unmatched->newest) = item->older;
    unmatched->count--;
}

size_t unmatched_count(const struct unmatched *unmatched)
{
    return unmatched->count;
}

struct unmatched_item *unmatched_oldest(const struct unmatched *unmatched)
{
    return unmatched->oldest;
}

void unmatched_each(struct unmatched *unmatched, struct slice link, struct slice id,
                    void (*fn)(struct unmatched_item *item, void *arg), void *arg)
{
    struct unmatched_place *next;

    if (unmatched->count == 0)
        return;
    for (struct unmatched_place *place = *bucket(unmatched, link, id); place != NULL;
         place = next) {
        next = place->next;
        if (slice_equal(place->id, id) && slice_equal(place->item->link, link))
            fn(place->item, arg);
    }
}
