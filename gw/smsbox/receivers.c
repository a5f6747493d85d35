/* SPDX-License-Identifier: Apache-2.0 */
/*
 * receivers - see receivers.h.
 *
 * One array holds the allowed ones from its front and the denied ones from its
 * back. Doubles are found by a hash table only when there are many.
 */
#include "gw/smsbox/receivers.h"

#include <stdlib.h>
#include <uthash.h>

#include "gwlib/memory.h"

struct seen {
    UT_hash_handle hh;
};

static bool is_blank(unsigned char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static size_t count_words(struct slice to)
{
    size_t count = 0;
    for (size_t i = 0; i < to.len; i++)
        if (!is_blank(to.data[i]) && (i == 0 || is_blank(to.data[i - 1])))
            count++;
    return count;
}

static bool next_word(struct slice to, size_t *pos, struct slice *word)
{
    while (*pos < to.len && is_blank(to.data[*pos]))
        ++*pos;
    size_t start = *pos;
    while (*pos < to.len && !is_blank(to.data[*pos]))
        ++*pos;
    *word = slice_of(to.data + start, *pos - start);
    return word->len > 0;
}

static bool has_only(struct slice word, const char *chars)
{
    for (size_t i = 0; chars != NULL && i < word.len; i++)
        if (word.data[i] == '\0' || strchr(chars, word.data[i]) == NULL)
            return false;
    return true;
}

static bool is_allowed(struct slice word, const struct receivers_rules *rules)
{
    return has_only(word, rules->chars) && lists_allow(rules->user, word) &&
           lists_allow(rules->box, word);
}

/* True the first time that a word comes. pool has an entry for each word. */
static bool is_new(struct seen **table, struct seen *entry, struct slice word)
{
    struct seen *found;
    HASH_FIND(hh, *table, word.data, word.len, found);
    if (found != NULL)
        return false;
    HASH_ADD_KEYPTR(hh, *table, word.data, word.len, entry);
    return true;
}

void receivers_read(struct receivers *receivers, struct slice to,
                    const struct receivers_rules *rules)
{
    *receivers = (struct receivers){0};
    size_t room = count_words(to);
    if (room == 0)
        return;
    struct slice *all = room <= 4 ? receivers->small : memory_zalloc(room, sizeof(*all));
    struct seen *pool = room > 1 ? memory_zalloc(room, sizeof(*pool)) : NULL;
    struct seen *table = NULL;
    struct slice word;
    size_t pos = 0, back = room;
    for (size_t i = 0; next_word(to, &pos, &word); i++) {
        if (pool != NULL && !is_new(&table, &pool[i], word))
            continue;
        if (is_allowed(word, rules))
            all[receivers->count++] = word;
        else
            all[--back] = word;
    }
    HASH_CLEAR(hh, table);
    free(pool);
    receivers->allowed = all;
    receivers->denied = all + back;
    receivers->denied_count = room - back;
}

void receivers_free(struct receivers *receivers)
{
    if (receivers->allowed != receivers->small)
        free(receivers->allowed);
    *receivers = (struct receivers){0};
}
