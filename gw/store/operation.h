/* SPDX-License-Identifier: Apache-2.0 */
/*
 * operation - one change or question on its way from the loop to the store's
 * thread and, with its answer, back. Private to gw/store/.
 *
 * An operation is one block of memory with the strings of its question; it
 * belongs to one thread at a time. The answer's memory hangs on it and ends
 * with it.
 */
#ifndef GW_STORE_OPERATION_H
#define GW_STORE_OPERATION_H

#include "gw/store/store.h"

enum operation_type {
    OPERATION_INSERT,
    OPERATION_UPDATE,
    OPERATION_RIPEN,
    OPERATION_FETCH,
    OPERATION_LIST,
    OPERATION_LIST_LIVE,
    OPERATION_FIND_SENT,
    OPERATION_FIND_ID
};

/* The question of all types but insert and update. */
struct store_question {
    enum store_kind kind;
    enum message_state state; /* LIST: 0 is any, of the last numbers */
    size_t limit;
    int64_t now_ms;
    struct slice name; /* the queue, or the SMSC link */
    struct slice foreign_id;
    struct uuid id;
};

struct operation {
    struct operation *next;
    enum operation_type type;
    union {
        store_inserted_fn *inserted;
        store_done_fn *done;
        store_ripen_fn *ripened;
        store_entries_fn *entries;
    } callback; /* by type; may be NULL */
    void *arg;

    int64_t number; /* update: which entry; insert: the answer */
    union {
        struct store_insert insert;
        struct store_change change;
        struct store_question question;
    } u;

    bool left_out; /* not carried out: see writer.c */
    enum store_status status;
    struct store_entry *entries; /* answer of a question */
    size_t entry_count;
    struct store_ripe *ripe; /* answer of OPERATION_RIPEN */
    size_t ripe_count;
    int64_t next_due_ms;

    unsigned char octets[]; /* what the slices of u point to */
};

/* Operations in the order of issue. */
struct operation_list {
    struct operation *first, **end;
};
void operation_list_clear(struct operation_list *list);
void operation_list_append(struct operation_list *list, struct operation *operation);
/* Moves all of `from` to the end of `to`. */
void operation_list_move(struct operation_list *to, struct operation_list *from);

/* Copies strings, takes a reference on the message. */
struct operation *operation_insert(const struct store_insert *insert);
struct operation *operation_update(int64_t number, const struct store_change *change);
struct operation *operation_ask(enum operation_type type, const struct store_question *question);

/* Adds room for one more entry or queue to the answer: zeroed. */
struct store_entry *operation_add_entry(struct operation *operation);
struct store_ripe *operation_add_ripe(struct operation *operation);
/* What hangs on one entry of an answer. */
void operation_free_entry(struct store_entry *entry);
/* A copy that the answer may keep; ended by operation_free(). Unset stays unset. */
struct slice operation_copy(struct slice text);

/* Calls the callback with the answer. Loop thread. */
void operation_answer(struct operation *operation);
/* Forgets what was answered so far: for a batch that failed. */
void operation_drop_answer(struct operation *operation);
void operation_free(struct operation *operation);

#endif
