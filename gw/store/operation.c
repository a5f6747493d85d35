/* SPDX-License-Identifier: Apache-2.0 */
/*
 * operation - see operation.h.
 */
#include "gw/store/operation.h"

#include <stdlib.h>

#include "gwlib/memory.h"

/* --- questions --------------------------------------------------------- */

static struct operation *operation_create(enum operation_type type, size_t octets)
{
    /* One octet more, so that an empty string at the end points inside. */
    struct operation *operation = memory_zalloc(1, sizeof *operation + octets + 1);

    operation->type = type;
    return operation;
}

/* Moves a string into the operation's own memory. */
static void own_string(struct slice *string, unsigned char **place)
{
    if (!slice_is_set(*string))
        return;
    if (string->len > 0)
        memcpy(*place, string->data, string->len);
    string->data = *place;
    *place += string->len;
}

struct operation *operation_insert(const struct store_insert *insert)
{
    struct operation *operation = operation_create(
        OPERATION_INSERT, insert->queue.len + insert->link.len + insert->error.len);
    struct store_insert *own = &operation->u.insert;
    unsigned char *place = operation->octets;

    *own = *insert;
    message_ref(own->message);
    own_string(&own->queue, &place);
    own_string(&own->link, &place);
    own_string(&own->error, &place);
    return operation;
}

struct operation *operation_update(int64_t number, const struct store_change *change)
{
    struct operation *operation = operation_create(
        OPERATION_UPDATE, change->queue.len + change->link.len + change->foreign_id.len +
                              change->error.len + change->part_id.len);
    struct store_change *own = &operation->u.change;
    unsigned char *place = operation->octets;

    operation->number = number;
    *own = *change;
    own_string(&own->queue, &place);
    own_string(&own->link, &place);
    own_string(&own->foreign_id, &place);
    own_string(&own->error, &place);
    own_string(&own->part_id, &place);
    return operation;
}

struct operation *operation_ask(enum operation_type type, const struct store_question *question)
{
    struct operation *operation =
        operation_create(type, question->name.len + question->foreign_id.len);
    struct store_question *own = &operation->u.question;
    unsigned char *place = operation->octets;

    *own = *question;
    own_string(&own->name, &place);
    own_string(&own->foreign_id, &place);
    return operation;
}

/* --- answers ----------------------------------------------------------- */

/* Room for one more element: the array doubles at each power of two. */
static void *grow(void *array, size_t count, size_t size)
{
    if ((count & (count - 1)) == 0)
        array = memory_realloc(array, count > 0 ? 2 * count : 1, size);
    memset((char *)array + count * size, 0, size);
    return array;
}

struct store_entry *operation_add_entry(struct operation *operation)
{
    operation->entries =
        grow(operation->entries, operation->entry_count, sizeof *operation->entries);
    return &operation->entries[operation->entry_count++];
}

struct store_ripe *operation_add_ripe(struct operation *operation)
{
    operation->ripe = grow(operation->ripe, operation->ripe_count, sizeof *operation->ripe);
    return &operation->ripe[operation->ripe_count++];
}

struct slice operation_copy(struct slice text)
{
    if (!slice_is_set(text))
        return text;
    unsigned char *copy = memory_alloc(text.len);
    if (text.len > 0)
        memcpy(copy, text.data, text.len);
    return slice_of(copy, text.len);
}

static void free_copy(struct slice text)
{
    free((void *)(uintptr_t)text.data);
}

void operation_free_entry(struct store_entry *entry)
{
    message_unref(entry->message);
    free_copy(entry->queue);
    free_copy(entry->link);
    free_copy(entry->foreign_id);
    free_copy(entry->error);
}

void operation_answer(struct operation *operation)
{
    switch (operation->type) {
    case OPERATION_INSERT:
        if (operation->callback.inserted != NULL)
            operation->callback.inserted(operation->status, operation->number, operation->arg);
        break;
    case OPERATION_UPDATE:
        if (operation->callback.done != NULL)
            operation->callback.done(operation->status, operation->arg);
        break;
    case OPERATION_RIPEN:
        if (operation->callback.ripened != NULL)
            operation->callback.ripened(operation->ripe, operation->ripe_count,
                                        operation->next_due_ms, operation->arg);
        break;
    default:
        if (operation->callback.entries != NULL)
            operation->callback.entries(operation->status, operation->entries,
                                        operation->entry_count, operation->arg);
    }
}

void operation_drop_answer(struct operation *operation)
{
    for (size_t i = 0; i < operation->entry_count; i++)
        operation_free_entry(&operation->entries[i]);
    for (size_t i = 0; i < operation->ripe_count; i++)
        free_copy(operation->ripe[i].queue);
    free(operation->entries);
    free(operation->ripe);
    operation->entries = NULL;
    operation->ripe = NULL;
    operation->entry_count = 0;
    operation->ripe_count = 0;
    if (operation->type == OPERATION_INSERT)
        operation->number = 0;
    operation->status = STORE_OK;
}

void operation_free(struct operation *operation)
{
    operation_drop_answer(operation);
    if (operation->type == OPERATION_INSERT)
        message_unref(operation->u.insert.message);
    free(operation);
}

/* --- lists ------------------------------------------------------------------ */

void operation_list_clear(struct operation_list *list)
{
    list->first = NULL;
    list->end = &list->first;
}

void operation_list_append(struct operation_list *list, struct operation *operation)
{
    operation->next = NULL;
    *list->end = operation;
    list->end = &operation->next;
}

void operation_list_move(struct operation_list *to, struct operation_list *from)
{
    if (from->first == NULL)
        return;
    *to->end = from->first;
    to->end = from->end;
    operation_list_clear(from);
}
