/* SPDX-License-Identifier: Apache-2.0 */
/*
 * writer - see writer.h.
 */
#include "gw/store/writer.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "gwlib/log.h"
#include "gwlib/memory.h"

#define PROBE_MS       1000 /* between two tries of a file that failed */
#define CHECKPOINT_MS  2000 /* of idleness before the log is moved */
#define PRUNE_BUSY_MS  100  /* between two steps of pruning under load */
#define PRUNE_LEAST_MS 2000 /* between two walks through the table */
#define PRUNE_MOST_MS  3600000

#define NEVER INT64_MAX

struct writer {
    struct writer_options options;
    struct database *database;
    pthread_t thread;

    /* Under the mutex. */
    pthread_mutex_t mutex;
    pthread_cond_t wake;    /* for the thread */
    pthread_cond_t at_rest; /* for writer_settle() */
    struct operation_list waiting;
    struct batch *answered, **answered_end;
    bool working; /* the thread has a batch */
    bool closing;

    /* The thread's; moments are monotonic. */
    bool failing;
    int64_t probe_at, checkpoint_at, prune_at, pruned_at;
};

static int64_t monotonic_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* --- a batch -------------------------------------------------------------- */

struct store_counts writer_count(const int64_t *tally)
{
    struct store_counts counts = {
        .mt_waiting = tally[STATE_QUEUED] + tally[STATE_DEFERRED] + tally[STATE_SENDING],
        .mo_waiting = tally[STATE_RECEIVED] + tally[STATE_POSTPONED],
        .reports_awaited = tally[STATE_SENT],
    };

    counts.live = counts.mt_waiting + counts.mo_waiting + tally[STATE_RECEIVING];
    return counts;
}

static void fail_batch(struct batch *batch)
{
    for (struct operation *o = batch->operations; o != NULL; o = o->next) {
        operation_drop_answer(o);
        o->status = STORE_FAILED;
        if (o->type == OPERATION_RIPEN)
            o->next_due_ms = o->u.question.now_ms + PROBE_MS;
    }
}

static size_t count_operations(const struct batch *batch)
{
    size_t count = 0;

    for (const struct operation *o = batch->operations; o != NULL; o = o->next)
        count++;
    return count;
}

/* Takes the state of the file down; logs where it changes. */
static void note_failure(struct writer *writer, const char *error)
{
    if (!writer->failing)
        log_error("store: %s: messages cannot be stored until that is over", error);
    writer->failing = true;
    writer->probe_at = monotonic_ms() + PROBE_MS;
}

static void note_success(struct writer *writer)
{
    if (writer->failing)
        log_info("store: messages can be stored again");
    writer->failing = false;
    writer->probe_at = NEVER;
}

static void run_batch(struct writer *writer, struct batch *batch)
{
    struct database *database = writer->database;
    int64_t changes = database_changes(database);
    bool sound = database_begin(database);

    for (struct operation *o = batch->operations; o != NULL && sound; o = o->next)
        sound = database_carry_out(database, o);
    if (sound && database_commit(database)) {
        batch->works = database_changes(database) != changes;
        if (batch->works)
            note_success(writer);
    } else {
        batch->error = memory_strdup(database_error(database));
        database_roll_back(database);
        note_failure(writer, batch->error);
        log_error("store: %zu operations were not carried out: %s", count_operations(batch),
                  batch->error);
        fail_batch(batch);
    }
    batch->counts = writer_count(database->tally);
}

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
    int64_t interval = writer->options.history_ms / 100;

    if (interval < PRUNE_LEAST_MS)
        return PRUNE_LEAST_MS;
    return interval < PRUNE_MOST_MS ? interval : PRUNE_MOST_MS;
}

static void prune(struct writer *writer)
{
    struct timespec now;
    bool more = false;

    clock_gettime(CLOCK_REALTIME, &now);
    int64_t now_ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
    if (!change_prune(writer->database, now_ms - writer->options.history_ms, &more)) {
        log_error("store: cannot prune the history: %s", database_error(writer->database));
        more = false;
    }
    writer->pruned_at = monotonic_ms();
    if (!more)
        writer->prune_at = writer->pruned_at + prune_interval(writer);
}

/* An empty batch brings the news to the loop. */
static void probe(struct writer *writer)
{
    struct batch *batch = memory_zalloc(1, sizeof *batch);

    if (database_probe(writer->database)) {
        batch->works = true;
        note_success(writer);
    } else {
        batch->error = memory_strdup(database_error(writer->database));
        note_failure(writer, batch->error);
    }
    batch->counts = writer_count(writer->database->tally);
    hand_back(writer, batch);
}

static void use_idle_time(struct writer *writer)
{
    int64_t now = monotonic_ms();

    if (writer->probe_at <= now) {
        probe(writer);
    } else if (writer->prune_at <= now) {
        prune(writer);
        writer->checkpoint_at = monotonic_ms() + CHECKPOINT_MS;
    } else if (writer->checkpoint_at <= now) {
        database_checkpoint(writer->database);
        writer->checkpoint_at = NEVER;
    }
}

static int64_t next_duty(const struct writer *writer)
{
    int64_t at = writer->probe_at;

    if (writer->prune_at < at)
        at = writer->prune_at;
    return writer->checkpoint_at < at ? writer->checkpoint_at : at;
}

/* After a batch: the history is pruned under load too, else it grew for ever. */
static void after_batch(struct writer *writer)
{
    int64_t now = monotonic_ms();

    writer->checkpoint_at = writer->options.in_memory ? NEVER : now + CHECKPOINT_MS;
    if (writer->prune_at <= now && writer->pruned_at + PRUNE_BUSY_MS <= now)
        prune(writer);
}

/* --- the thread --------------------------------------------------------- */

/* Until there is an operation, a duty, or the end. Mutex held. */
static void wait_for_work(struct writer *writer)
{
    int64_t at = next_duty(writer);
    struct timespec deadline = {.tv_sec = (time_t)(at / 1000), .tv_nsec = (at % 1000) * 1000000};

    while (writer->waiting.first == NULL && !writer->closing) {
        if (at == NEVER)
            pthread_cond_wait(&writer->wake, &writer->mutex);
        else if (pthread_cond_timedwait(&writer->wake, &writer->mutex, &deadline) != 0)
            return;
    }
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
        batch = memory_zalloc(1, sizeof *batch);
        batch->operations = writer->waiting.first;
        operation_list_clear(&writer->waiting);
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
        run_batch(writer, batch);
        hand_back(writer, batch);
        after_batch(writer);
    }
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
    writer->database = options->database;
    writer->probe_at = writer->checkpoint_at = NEVER;
    writer->prune_at = options->history_ms > 0 ? monotonic_ms() + PRUNE_LEAST_MS : NEVER;
    init_shared(writer);
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
        free(news->error);
        free(news);
    }
    pthread_mutex_destroy(&writer->mutex);
    pthread_cond_destroy(&writer->wake);
    pthread_cond_destroy(&writer->at_rest);
    free(writer);
}
