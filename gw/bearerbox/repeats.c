/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reports that were told: see repeats.h. The hash keeps them in the order of
 * their arrival.
 */
#include "gw/bearerbox/repeats.h"

#include <stdlib.h>
#include <uthash.h>

#include "gwlib/memory.h"

#define SHORT_ID  3   /* characters of an id that comes again */
#define TEXT_MOST 200 /* octets that count */

struct told {
    UT_hash_handle hh;
    char key[];
};

struct repeats {
    struct told *all;
};

struct repeats *repeats_create(void)
{
    return memory_zalloc(1, sizeof(struct repeats));
}

static void forget(struct repeats *repeats, struct told *told)
{
    HASH_DEL(repeats->all, told);
    free(told);
}

void repeats_free(struct repeats *repeats)
{
    if (repeats == NULL)
        return;
    while (repeats->all != NULL)
        forget(repeats, repeats->all);
    free(repeats);
}

/* False when it is none that can be known again. */
static bool write_key(struct bytes *key, const struct sms *report)
{
    if (report->foreign_id.len <= SHORT_ID)
        return false;
    bytes_printf(key, "%d %zu ", (int)report->dlr_mask, report->foreign_id.len);
    bytes_append_slice(key, report->foreign_id);
    bytes_append_slice(key, report->smsc_id);
    bytes_append_char(key, '\0');
    bytes_append_slice(key, slice_sub(report->msgdata, 0, TEXT_MOST));
    return true;
}

static struct told *find(const struct repeats *repeats, const struct bytes *key)
{
    struct told *told;

    HASH_FIND(hh, repeats->all, bytes_str(key), key->len, told);
    return told;
}

void repeats_note(struct repeats *repeats, const struct sms *report)
{
    struct bytes key = {0};

    if (write_key(&key, report) && find(repeats, &key) == NULL) {
        struct told *told = memory_zalloc(1, sizeof *told + key.len);

        memcpy(told->key, bytes_str(&key), key.len);
        if (HASH_COUNT(repeats->all) >= REPEATS_MOST)
            forget(repeats, repeats->all);
        HASH_ADD_KEYPTR(hh, repeats->all, told->key, key.len, told);
    }
    bytes_free(&key);
}

bool repeats_knows(const struct repeats *repeats, const struct sms *report)
{
    struct bytes key = {0};
    bool known = write_key(&key, report) && find(repeats, &key) != NULL;

    bytes_free(&key);
    return known;
}
