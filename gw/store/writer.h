/* SPDX-License-Identifier: Apache-2.0 */
/*
 * writer - the store's own thread: takes whatever operations wait as one batch,
 * carries them out in one transaction, commits, and hands the batch back with
 * its answers. While it commits, the next batch gathers. Private to gw/store/.
 *
 * When anything of a batch meets an error of the file, all of it is rolled back
 * and as much of it as is still possible is tried again: everything, changes
 * without new messages, questions only. What must happen is kept in memory and
 * goes before the next batch; the rest is answered STORE_FAILED. The writer then
 * tries by itself whether the file can be written again; a damaged file is not
 * touched any more. When there is nothing else to do, it prunes the history
 * and moves the write-ahead log into the file.
 */
#ifndef GW_STORE_WRITER_H
#define GW_STORE_WRITER_H

#include "gw/store/operation.h"
#include "gw/store/sqlite.h"

struct writer;

/* What was committed, or failed, together; or, without operations, news of the
 * file's health. */
struct batch {
    struct batch *next;
    struct operation *operations;
    char *error; /* what is wrong with the file; NULL: nothing */
    bool damaged;
    struct store_counts counts;
    size_t count;             /* operations when it was taken */
    int64_t work_us, sync_us; /* to carry them out, and to commit them */
};

struct writer_options {
    struct database *database; /* the thread's, until writer_stop() */
    bool in_memory;
    int64_t history_ms; /* 0: none is kept */
    /* On the writer's thread: there is something to take. */
    void (*answered)(void *arg);
    void *arg;
};

struct writer *writer_start(const struct writer_options *options);
/* Hands operations over, to be carried out in their order; *list is empty then. */
void writer_submit(struct writer *writer, struct operation_list *list);
/* All batches that are done, in order; the caller frees them. */
struct batch *writer_take_answers(struct writer *writer);
/* Waits until everything submitted can be taken. */
void writer_settle(struct writer *writer);
/* Ends the thread; after writer_settle(). */
void writer_stop(struct writer *writer);

/* The counts that a tally by state makes. */
struct store_counts writer_count(const int64_t *tally);

#endif
