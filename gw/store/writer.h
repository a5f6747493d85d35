/* SPDX-License-Identifier: Apache-2.0 */
/*
 * writer - the store's own thread: takes whatever operations wait as one batch,
 * carries them out in one transaction, commits, and hands the batch back with
 * its answers. While it commits, the next batch gathers. Private to gw/store/.
 *
 * A file that cannot be written is tried again from time to time (carrier.h).
 * When there is nothing else to do, the thread prunes the history and moves the
 * write-ahead log into the file.
 *
 * While the thread sleeps, the loop's may use the database in its place: that saves
 * a lone operation two changes of threads.
 */
#ifndef GW_STORE_WRITER_H
#define GW_STORE_WRITER_H

#include "gw/store/carrier.h"

struct writer;

struct writer_options {
    struct database *database; /* the thread's, until writer_stop() */
    bool in_memory;
    int64_t history_ms;     /* 0: none is kept */
    int64_t history_octets; /* of the file, above which the history is cut; 0: any number */
    int64_t await_ms;       /* how long a report is waited for; 0: for ever */
    /* On the writer's thread: there is something to take. */
    void (*answered)(void *arg);
    void *arg;
};

struct writer *writer_start(const struct writer_options *options);
/* Hands operations over, to be carried out in their order; *list is empty then. */
void writer_submit(struct writer *writer, struct operation_list *list);
/*
 * Carries the operations out on the caller's thread, when the writer's own has
 * nothing to do; *list is empty then. NULL, and nothing done, when it has. The
 * batch is the caller's; those that are done before it have to be taken first.
 */
struct batch *writer_run_here(struct writer *writer, struct operation_list *list);
/* All batches that are done, in order; the caller frees them. */
struct batch *writer_take_answers(struct writer *writer);
/* Waits until everything submitted can be taken. */
void writer_settle(struct writer *writer);
/* Ends the thread; after writer_settle(). */
void writer_stop(struct writer *writer);

#endif
