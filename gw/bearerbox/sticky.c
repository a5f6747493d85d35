/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sticky senders: see sticky.h. The hash keeps its entries in the order of their
 * last use.
 */
#include "gw/bearerbox/sticky.h"

#include <stdlib.h>
#include <uthash.h>

#include "gwlib/memory.h"

#define NUMBER_MAX 32 /* octets of a number that count */

struct contact {
    char number[NUMBER_MAX];
    char *key;
    UT_hash_handle hh;
};

struct sticky {
    struct contact *contacts;
};

struct sticky *sticky_create(void)
{
    return memory_zalloc(1, sizeof(struct sticky));
}

static void forget(struct sticky *sticky, struct contact *contact)
{
    HASH_DEL(sticky->contacts, contact);
    free(contact->key);
    free(contact);
}

void sticky_free(struct sticky *sticky)
{
    if (sticky == NULL)
        return;
    while (sticky->contacts != NULL)
        forget(sticky, sticky->contacts);
    free(sticky);
}

/* +49171..., 0049171... and 49171... are one. */
static void write_number(char to[NUMBER_MAX], struct slice number)
{
    if (slice_starts_with(number, slice_str("+")))
        number = slice_sub(number, 1, number.len);
    else if (slice_starts_with(number, slice_str("00")))
        number = slice_sub(number, 2, number.len);
    number = slice_sub(number, 0, NUMBER_MAX);
    memset(to, 0, NUMBER_MAX);
    if (number.len > 0)
        memcpy(to, number.data, number.len);
}

static struct contact *find(const struct sticky *sticky, struct slice number)
{
    char key[NUMBER_MAX];
    struct contact *contact;

    write_number(key, number);
    HASH_FIND(hh, sticky->contacts, key, NUMBER_MAX, contact);
    return contact;
}

void sticky_note(struct sticky *sticky, struct slice number, const char *key)
{
    struct contact *contact = find(sticky, number);

    if (number.len == 0)
        return;
    if (contact != NULL)
        HASH_DEL(sticky->contacts, contact);
    else
        contact = memory_zalloc(1, sizeof *contact);
    if (HASH_COUNT(sticky->contacts) >= STICKY_NUMBERS_MAX)
        forget(sticky, sticky->contacts);
    if (contact->key == NULL || strcmp(contact->key, key) != 0) {
        free(contact->key);
        contact->key = memory_strdup(key);
    }
    write_number(contact->number, number);
    HASH_ADD(hh, sticky->contacts, number, NUMBER_MAX, contact);
}

const char *sticky_find(const struct sticky *sticky, struct slice number)
{
    struct contact *contact = find(sticky, number);

    return contact != NULL ? contact->key : NULL;
}
