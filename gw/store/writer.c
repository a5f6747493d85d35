/* SPDX-License-Identifier: Apache-2.0 */
/*
 * writer - see writer.h.
 */
#include "gw/store/writer.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "gwlib/clock.h"
#include "gwlib/log.h"
#include "gwlib/memory.h"

#define CHECKPOINT_MS  2000 /* of idleness before the log is moved */
#define PRUNE_BUSY_MS  100  /* between two steps of pruning under load */
#define PRUNE_LEAST_MS 2000 /* between two walks through the table */
#define PRUNE_MOST_MS  60000
#define MEASURE_MS     1000               /* between two looks at the file's size */
#define AWAIT_AGAIN_MS (24 * 3600 * 1000) /* until messages that were sent late are looked for */

#define NEVER CARRIER_NEVER

struct writer {
    struct writer_options options;
    pthread_t thread;

    /* Under the mutex. */
    pthread_mutex_t mutex;
    pthread_cond_t wake;    /* for the thread */
    pthread_cond_t at_rest; /* for writer_settle() */
    struct operation_list waiting;
    struct batch *answered, **answered_end;
    bool working; /* the thread has a batch */
    bool closing;
    bool asleep;          /* the thread waits for work, */
    int64_t asleep_until; /* at most until then */
    bool lent;            /* another thread uses the database in its place */

    /* Of who uses the database; moments are monotonic. */
    struct carrier carrier;
    int64_t checkpoint_at, tend_at, prune_at, pruned_at, measured_at, await_again_at;
    bool oversize; /* the file is larger than the history may make it */
};

/* Gives a batch to who asked. */
static void hand_back(struct writer *writer, struct batch *batch)
{
    pthread_mutex_lock(&writer->mutex);
    batch->next = NULL;
    *writer->answered_end = batch;
    writer->answered_end = &batch->next;
    bool first = writer->answered == batch;
    writer->working = false;
    pthread_cond_signal(&writer->at_rest);
    pthread_mutex_unlock(&writer->mutex);
    if (first)
        writer->options.answered(writer->options.arg);
}

/* --- when there is time --------------------------------------------- */

static int64_t prune_interval(const struct writer *writer)
{
    int64_t shortest = writer->options.history_ms;

    if (shortest == 0 || (writer->options.await_ms > 0 && writer->options.await_ms < shortest))
        shortest = writer->options.await_ms;
    if (shortest / 100 < PRUNE_LEAST_MS)
        return PRUNE_LEAST_MS;
    return shortest / 100 < PRUNE_MOST_MS ? shortest / 100 : PRUNE_MOST_MS;
}

/* Too large a file is pruned of what is finished, however new. */
static void measure(struct writer *writer)
{
    int64_t now = clock_monotonic_ms();

    if (writer->options.history_octets == 0 || writer->options.history_ms == 0 ||
        writer->prune_at == NEVER || (!writer->oversize && now - writer->measured_at < MEASURE_MS))
        return;
    writer->measured_at = now;
    writer->oversize = database_octets(writer->carrier.database) > writer->options.history_octets;
    if (writer->oversize && writer->prune_at > now)
        writer->prune_at = now;
}

/* Says whether there is more to do. */
static bool prune_history(struct writer *writer)
{
    int64_t age_ms = writer->oversize ? 0 : writer->options.history_ms;
    bool more = false;

    if (writer->options.history_ms == 0)
        return false;
    if (change_prune(writer->carrier.database, clock_wall_ms() - age_ms, &more))
        return more;
    log_error("store: cannot prune the history: %s", database_error(writer->carrier.database));
    return false;
}

static bool stop_awaiting(struct writer *writer)
{
    struct database *database = writer->carrier.database;
    int64_t now = clock_monotonic_ms();
    size_t count;
    bool more;

    if (writer->options.await_ms == 0)
        return false;
    if (writer->await_again_at <= now) {
        database->await_cursor = 0;
        writer->await_again_at = now + AWAIT_AGAIN_MS;
    }
    if (!change_stop_awaiting(database, clock_wall_ms() - writer->options.await_ms, &count,
                              &more)) {
        log_error("store: cannot end the waiting for reports: %s", database_error(database));
        return false;
    }
    if (count > 0)
        log_info("store: %zu messages were sent long ago, and their reports never came: no "
                 "longer waited for",
                 count);
    return more;
}

static void prune(struct writer *writer)
{
    bool more = prune_history(writer);

    more |= stop_awaiting(writer);
    writer->pruned_at = clock_monotonic_ms();
    if (!more)
        writer->prune_at =
            writer->pruned_at + (writer->oversize ? PRUNE_LEAST_MS : prune_interval(writer));
}

static void probe(struct writer *writer)
{
    struct batch *batch = memory_zalloc(1, sizeof *batch);

    carrier_probe(&writer->carrier, batch);
    hand_back(writer, batch);
}

static void tend(struct writer *writer)
{
    wal_tend(writer->carrier.database);
    writer->tend_at = NEVER;
}

static void use_idle_time(struct writer *writer)
{
    int64_t now = clock_monotonic_ms();

    if (writer->carrier.probe_at <= now) {
        probe(writer);
    } else if (writer->carrier.level != LEVEL_ALL) {
        writer->prune_at = writer->prune_at == NEVER ? NEVER : now + PRUNE_LEAST_MS;
        writer->checkpoint_at = writer->tend_at = NEVER;
    } else if (writer->tend_at <= now) {
        tend(writer);
    } else if (writer->prune_at <= now) {
        measure(writer);
        prune(writer);
        writer->checkpoint_at = clock_monotonic_ms() + CHECKPOINT_MS;
    } else if (writer->checkpoint_at <= now) {
        wal_move(writer->carrier.database);
        writer->checkpoint_at = NEVER;
    }
}

static int64_t next_duty(const struct writer *writer)
{
    int64_t at = writer->carrier.probe_at;

    if (writer->prune_at < at)
        at = writer->prune_at;
    if (writer->tend_at < at)
        at = writer->tend_at;
    return writer->checkpoint_at < at ? writer->checkpoint_at : at;
}

static void note_batch(struct writer *writer)
{
    writer->checkpoint_at =
        writer->options.in_memory ? NEVER : clock_monotonic_ms() + CHECKPOINT_MS;
    if (writer->carrier.level == LEVEL_ALL && !writer->options.in_memory &&
        wal_is_due(writer->carrier.database))
        writer->tend_at = 0;
}

/* After a batch: the history is pruned under load too, else it grew for ever. */
static void after_batch(struct writer *writer)
{
    int64_t now = clock_monotonic_ms();

    note_batch(writer);
    if (writer->tend_at <= now)
        tend(writer);
    measure(writer);
    if (writer->carrier.level == LEVEL_ALL && writer->prune_at <= now &&
        (writer->oversize || writer->pruned_at + PRUNE_BUSY_MS <= now))
        prune(writer);
}

/* --- the thread --------------------------------------------------------- */

/* Mutex held. */
static void sleep_until(struct writer *writer, int64_t at)
{
    struct timespec deadline = {.tv_sec = (time_t)(at / 1000), .tv_nsec = (at % 1000) * 1000000};

    writer->asleep = true;
    writer->asleep_until = at;
    if (at == NEVER)
        pthread_cond_wait(&writer->wake, &writer->mutex);
    else
        pthread_cond_timedwait(&writer->wake, &writer->mutex, &deadline);
    writer->asleep = false;
}

/* Until there is an operation, a duty, or the end, and the database is here.
 * Mutex held. */
static void wait_for_work(struct writer *writer)
{
    for (;;) {
        if (writer->lent)
            sleep_until(writer, NEVER);
        else if (writer->waiting.first != NULL || writer->closing ||
                 next_duty(writer) <= clock_monotonic_ms())
            return;
        else
            sleep_until(writer, next_duty(writer));
    }
}

static struct batch *batch_of(struct operation_list *list)
{
    struct batch *batch = memory_zalloc(1, sizeof *batch);

    batch->operations = list->first;
    for (const struct operation *o = batch->operations; o != NULL; o = o->next)
        batch->count++;
    operation_list_clear(list);
    return batch;
}

/* Takes all that waits. NULL and *end when the store closes, NULL when a duty
 * is due. */
static struct batch *take_batch(struct writer *writer, bool *end)
{
    struct batch *batch = NULL;

    pthread_mutex_lock(&writer->mutex);
    wait_for_work(writer);
    *end = writer->closing && writer->waiting.first == NULL;
    if (writer->waiting.first != NULL) {
        batch = batch_of(&writer->waiting);
        writer->working = true;
    }
    pthread_mutex_unlock(&writer->mutex);
    return batch;
}

static void *run_writer(void *arg)
{
    struct writer *writer = arg;
    struct batch *batch;
    bool end = false;

    pthread_setname_np(pthread_self(), "store");
    while ((batch = take_batch(writer, &end)) != NULL || !end) {
        if (batch == NULL) {
            use_idle_time(writer);
            continue;
        }
        carrier_run(&writer->carrier, batch);
        hand_back(writer, batch);
        after_batch(writer);
    }
    carrier_end(&writer->carrier);
    return NULL;
}

/* --- for the loop's thread ------------------------------------------------- */

static void init_shared(struct writer *writer)
{
    pthread_condattr_t attributes;

    pthread_mutex_init(&writer->mutex, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&writer->wake, &attributes);
    pthread_cond_init(&writer->at_rest, &attributes);
    pthread_condattr_destroy(&attributes);
    operation_list_clear(&writer->waiting);
    writer->answered_end = &writer->answered;
}

struct writer *writer_start(const struct writer_options *options)
{
    struct writer *writer = memory_zalloc(1, sizeof *writer);
    sigset_t all, before;

    writer->options = *options;
    writer->checkpoint_at = writer->tend_at = NEVER;
    writer->prune_at = options->history_ms > 0 || options->await_ms > 0
                           ? clock_monotonic_ms() + PRUNE_LEAST_MS
                           : NEVER;
    init_shared(writer);
    if (!options->in_memory)
        wal_take_over(options->database);
    carrier_init(&writer->carrier, options->database, options->in_memory);
    /* Signals are the loop's. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    if (pthread_create(&writer->thread, NULL, run_writer, writer) != 0)
        log_panic("cannot start the thread of the store");
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return writer;
}

void writer_submit(struct writer *writer, struct operation_list *list)
{
    pthread_mutex_lock(&writer->mutex);
    operation_list_move(&writer->waiting, list);
    pthread_cond_signal(&writer->wake);
    pthread_mutex_unlock(&writer->mutex);
}

/* False when the thread, or what it has to do first, needs the database. */
static bool borrow(struct writer *writer)
{
    pthread_mutex_lock(&writer->mutex);
    writer->lent = writer->asleep && !writer->lent && writer->waiting.first == NULL &&
                   writer->answered == NULL && writer->carrier.level == LEVEL_ALL &&
                   !writer->closing && next_duty(writer) > clock_monotonic_ms();
    bool lent = writer->lent;
    pthread_mutex_unlock(&writer->mutex);
    return lent;
}

/* The thread is woken only when it would oversleep a duty. */
static void give_back(struct writer *writer)
{
    pthread_mutex_lock(&writer->mutex);
    writer->lent = false;
    if (next_duty(writer) < writer->asleep_until)
        pthread_cond_signal(&writer->wake);
    pthread_mutex_unlock(&writer->mutex);
}

struct batch *writer_run_here(struct writer *writer, struct operation_list *list)
{
    if (!borrow(writer))
        return NULL;
    /* Who waits for another process to let go of the file is the thread. */
    if (!database_seize(writer->carrier.database)) {
        give_back(writer);
        return NULL;
    }
    struct batch *batch = batch_of(list);

    carrier_run(&writer->carrier, batch);
    note_batch(writer);
    give_back(writer);
    return batch;
}

struct batch *writer_take_answers(struct writer *writer)
{
    pthread_mutex_lock(&writer->mutex);
    struct batch *batch = writer->answered;
    writer->answered = NULL;
    writer->answered_end = &writer->answered;
    pthread_mutex_unlock(&writer->mutex);
    return batch;
}

void writer_settle(struct writer *writer)
{
    pthread_mutex_lock(&writer->mutex);
    while (writer->working || writer->waiting.first != NULL)
        pthread_cond_wait(&writer->at_rest, &writer->mutex);
    pthread_mutex_unlock(&writer->mutex);
}

void writer_stop(struct writer *writer)
{
    pthread_mutex_lock(&writer->mutex);
    writer->closing = true;
    pthread_cond_signal(&writer->wake);
    pthread_mutex_unlock(&writer->mutex);
    pthread_join(writer->thread, NULL);
    struct batch *news = writer_take_answers(writer), *next;
    for (; news != NULL; news = next) { /* of a probe: nobody waits for it */
        next = news->next;
        for (struct operation *o = news->operations, *after; o != NULL; o = after) {
            after = o->next;
            operation_free(o);
        }
        free(news->error);
        free(news);
    }
    bytes_free(&writer->carrier.trouble);
    pthread_mutex_destroy(&writer->mutex);
    pthread_cond_destroy(&writer->wake);
    pthread_cond_destroy(&writer->at_rest);
    free(writer);
}
