/* SPDX-License-Identifier: Apache-2.0 */
/*
 * join_memory - the storage in memory of join.h: a hash of sets by key, and all
 * sets in a list by age of their last change.
 *
 * The bytes of a key are the strings with their lengths in front, then
 * reference, total and width.
 */
#include <uthash.h>
#include <utlist.h>

#include "gw/sms/join.h"
#include "gwlib/memory.h"

struct entry {
    struct join_set set;
    UT_hash_handle hh;
    struct entry *prev, *next; /* of join_memory.entries */
    bool attached;             /* in the hash */
    size_t key_len;
    unsigned char *key; /* behind the slots, in the same block */
    struct join_slot slots[];
};

struct join_memory {
    struct join_storage storage;
    struct entry *by_key;
    struct entry *entries;
    size_t count;
};

static void append_counted(struct bytes *key, struct slice s)
{
    bytes_printf(key, "%zu:", s.len);
    bytes_append_slice(key, s);
}

static void make_key(const struct join_key *key, struct bytes *made)
{
    append_counted(made, key->sender);
    append_counted(made, key->receiver);
    append_counted(made, key->smsc);
    bytes_printf(made, "%u/%u/%u", key->concat.ref, key->concat.total, key->concat.bits);
}

static struct join_set *find(void *context, const struct join_key *key)
{
    struct join_memory *memory = context;
    struct bytes made = {0};
    struct entry *entry;
    make_key(key, &made);
    HASH_FIND(hh, memory->by_key, made.data, made.len, entry);
    bytes_free(&made);
    return entry != NULL ? &entry->set : NULL;
}

static struct join_set *create(void *context, const struct join_key *key)
{
    struct join_memory *memory = context;
    struct bytes made = {0};
    make_key(key, &made);
    size_t slots = key->concat.total * sizeof(struct join_slot);
    struct entry *entry = memory_zalloc(1, sizeof(*entry) + slots + made.len);
    entry->key = (unsigned char *)entry->slots + slots;
    entry->key_len = made.len;
    memcpy(entry->key, made.data, made.len);
    bytes_free(&made);
    entry->set =
        (struct join_set){.total = key->concat.total, .slots = entry->slots, .owner = entry};
    HASH_ADD_KEYPTR(hh, memory->by_key, entry->key, entry->key_len, entry);
    entry->attached = true;
    DL_APPEND(memory->entries, entry);
    memory->count++;
    return &entry->set;
}

static void detach(void *context, struct join_set *set)
{
    struct join_memory *memory = context;
    struct entry *entry = set->owner;
    if (!entry->attached)
        return;
    HASH_DELETE(hh, memory->by_key, entry);
    DL_DELETE(memory->entries, entry);
    entry->attached = false;
    memory->count--;
}

static void drop(void *context, struct join_set *set)
{
    detach(context, set);
    free(set->owner);
}

struct join_memory *join_memory_create(void)
{
    struct join_memory *memory = memory_zalloc(1, sizeof(*memory));
    memory->storage = (struct join_storage){memory, find, create, detach, drop};
    return memory;
}

void join_memory_free(struct join_memory *memory)
{
    struct entry *entry, *next;
    if (memory == NULL)
        return;
    DL_FOREACH_SAFE(memory->entries, entry, next)
    drop(memory, &entry->set);
    free(memory);
}

const struct join_storage *join_memory_storage(struct join_memory *memory)
{
    return &memory->storage;
}

struct join_set *join_memory_expired(struct join_memory *memory, int64_t begun_until,
                                     int64_t complete_until)
{
    struct entry *entry;
    DL_FOREACH(memory->entries, entry)
    {
        struct join_set *set = &entry->set;
        bool expired =
            set->complete ? set->changed_ms <= complete_until : set->begun_ms <= begun_until;
        if (expired) {
            detach(memory, set);
            return set;
        }
    }
    return NULL;
}

size_t join_memory_count(const struct join_memory *memory)
{
    return memory->count;
}
