/* SPDX-License-Identifier: Apache-2.0 */
/*
 * carrier - carries a batch of operations out as one transaction, or as much of
 * it as the file allows. Private to gw/store/; one thread at a time.
 *
 * When anything of a batch meets an error of the file, all of it is rolled back
 * and as much of it as is still possible is tried again: everything, changes
 * without new messages, questions only. What must happen is kept in memory and
 * goes before the next batch; the rest is answered STORE_FAILED. A damaged file is
 * not touched any more.
 */
#ifndef GW_STORE_CARRIER_H
#define GW_STORE_CARRIER_H

#include "gw/store/operation.h"
#include "gw/store/sqlite.h"

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

/* What can be done with the file. */
enum carrier_level {
    LEVEL_ALL,
    LEVEL_CHANGES, /* the disk is full, the reserve is in use: no new messages */
    LEVEL_READS,   /* it cannot be written */
    LEVEL_NOTHING  /* nor read, or damaged */
};

#define CARRIER_NEVER INT64_MAX

struct carrier {
    struct database *database;
    bool in_memory;
    enum carrier_level level;
    bool damaged;
    struct bytes trouble;       /* why the level is not LEVEL_ALL */
    struct operation_list kept; /* must happen, could not yet */
    size_t kept_count;
    int64_t probe_wait; /* doubles from try to try */
    int64_t probe_at;   /* clock_monotonic_ms(): time for carrier_probe() */
};

/* Makes the reserve file, too; without room for it the disk counts as full. */
void carrier_init(struct carrier *carrier, struct database *database, bool in_memory);
/* Every operation of the batch has its answer then, but for those that are kept:
 * they come with a later batch. */
void carrier_run(struct carrier *carrier, struct batch *batch);
/* Tries whether the file can be written again; the batch, which is empty, brings
 * what was kept, and the news. */
void carrier_probe(struct carrier *carrier, struct batch *batch);
/* What was kept is written now or never. */
void carrier_end(struct carrier *carrier);

/* The counts that a tally by state makes. */
struct store_counts carrier_count(const int64_t *tally);

#endif
