/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store - the interface of store.h, the writer thread, group commit, and the
 * way of the answers.
 *
 * An operation's way: issued on the loop, it is collected until the end of the
 * loop's round (a flush that is posted to the loop itself), so that what one
 * callback issues stays together. The flush hands all of it to the writer
 * thread. The writer takes whatever waits as one batch, one transaction, one
 * commit; while it commits, the next batch gathers. The answers go back with
 * the batch, and one post wakes the loop to give them.
 *
 * When anything of the batch meets an error of the file, the whole batch is
 * rolled back and answered STORE_FAILED. The writer then tries by itself, once
 * in PROBE_MS, whether the file can be written again.
 *
 * When there is nothing else to do, the writer prunes the history and moves the
 * write-ahead log into the file.
 */
#include "gw/store/store.h"

#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "gw/store/operation.h"
#include "gw/store/sqlite.h"
#include "gwlib/log.h"
#include "gwlib/memory.h"

#define PROBE_MS       1000 /* between two tries of a file that failed */
#define CHECKPOINT_MS  2000 /* of idleness before the log is moved */
#define PRUNE_BUSY_MS  100  /* between two steps of pruning under load */
#define PRUNE_MOST_MS  3600000
#define PRUNE_LEAST_MS 2000

struct list {
    struct operation *first, **end;
};

/* What was committed, or failed, together. */
struct batch {
    struct batch *next;
    struct operation *operations;
    char *error; /* NULL: committed */
    bool works;  /* something was written: the file is in order */
    struct store_counts counts;
};

struct store {
    struct loop *loop;
    struct store_lock *lock;
    struct store_queue *queues;
    size_t queue_count;
    int64_t uncertain;

    /* The loop's. */
    struct list collected;
    bool flush_posted;
    bool closed;  /* waits only for its posts to come in */
    char *health; /* NULL: all is well */
    struct store_counts counts;

    /* Shared, under the mutex. */
    pthread_mutex_t mutex;
    pthread_cond_t wake;    /* for the writer */
    pthread_cond_t at_rest; /* for store_close() */
    struct list waiting;
    struct batch *answered, **answered_end;
    bool answers_posted;
    bool working; /* the writer has a batch */
    bool closing;

    /* The writer's. */
    pthread_t thread;
    struct database *database;
    bool in_memory;
    bool failing;
    int64_t history_ms;                                   /* 0: none is kept */
    int64_t probe_at, checkpoint_at, prune_at, pruned_at; /* monotonic; NEVER */
};

#define NEVER INT64_MAX

static int64_t monotonic_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* --- lists -------------------------------------------------------------------- */

static void list_clear(struct list *list)
{
    list->first = NULL;
    list->end = &list->first;
}

static void list_append(struct list *list, struct operation *operation)
{
    operation->next = NULL;
    *list->end = operation;
    list->end = &operation->next;
}

/* Moves all of `from` to the end of `to`. */
static void list_move(struct list *to, struct list *from)
{
    if (from->first == NULL)
        return;
    *to->end = from->first;
    to->end = from->end;
    list_clear(from);
}

/* --- the writer: a batch ------------------------------------------------------- */

static struct store_counts count_states(const int64_t *tally)
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
static void note_failure(struct store *store, const char *error)
{
    if (!store->failing)
        log_error("store: %s: messages cannot be stored until that is over", error);
    store->failing = true;
    store->probe_at = monotonic_ms() + PROBE_MS;
}

static void note_success(struct store *store)
{
    if (store->failing)
        log_info("store: messages can be stored again");
    store->failing = false;
    store->probe_at = NEVER;
}

static void run_batch(struct store *store, struct batch *batch)
{
    struct database *database = store->database;
    int64_t changes = database_changes(database);
    bool sound = database_begin(database);

    for (struct operation *o = batch->operations; o != NULL && sound; o = o->next)
        sound = database_carry_out(database, o);
    if (sound && database_commit(database)) {
        batch->works = database_changes(database) != changes;
        if (batch->works)
            note_success(store);
    } else {
        batch->error = memory_strdup(database_error(database));
        database_roll_back(database);
        note_failure(store, batch->error);
        log_error("store: %zu operations were not carried out: %s", count_operations(batch),
                  batch->error);
        fail_batch(batch);
    }
    batch->counts = count_states(database->tally);
}

static void deliver_answers(void *arg);

/* Gives a batch back to the loop. */
static void hand_back(struct store *store, struct batch *batch)
{
    pthread_mutex_lock(&store->mutex);
    batch->next = NULL;
    *store->answered_end = batch;
    store->answered_end = &batch->next;
    bool post = !store->answers_posted;
    store->answers_posted = true;
    store->working = false;
    pthread_cond_signal(&store->at_rest);
    pthread_mutex_unlock(&store->mutex);
    if (post)
        loop_post(store->loop, deliver_answers, store);
}

/* --- the writer: when there is time --------------------------------------------- */

static int64_t prune_interval(const struct store *store)
{
    int64_t interval = store->history_ms / 100;

    if (interval < PRUNE_LEAST_MS)
        return PRUNE_LEAST_MS;
    return interval < PRUNE_MOST_MS ? interval : PRUNE_MOST_MS;
}

static void prune(struct store *store)
{
    struct timespec now;
    bool more = false;

    clock_gettime(CLOCK_REALTIME, &now);
    int64_t now_ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
    if (!change_prune(store->database, now_ms - store->history_ms, &more)) {
        log_error("store: cannot prune the history: %s", database_error(store->database));
        more = false;
    }
    store->pruned_at = monotonic_ms();
    if (!more)
        store->prune_at = store->pruned_at + prune_interval(store);
}

/* An empty batch brings the news to the loop. */
static void probe(struct store *store)
{
    struct batch *batch = memory_zalloc(1, sizeof *batch);

    if (database_probe(store->database)) {
        batch->works = true;
        note_success(store);
    } else {
        batch->error = memory_strdup(database_error(store->database));
        note_failure(store, batch->error);
    }
    batch->counts = count_states(store->database->tally);
    hand_back(store, batch);
}

static void use_idle_time(struct store *store)
{
    int64_t now = monotonic_ms();

    if (store->probe_at <= now) {
        probe(store);
    } else if (store->prune_at <= now) {
        prune(store);
        store->checkpoint_at = monotonic_ms() + CHECKPOINT_MS;
    } else if (store->checkpoint_at <= now) {
        database_checkpoint(store->database);
        store->checkpoint_at = NEVER;
    }
}

static int64_t next_duty(const struct store *store)
{
    int64_t at = store->probe_at;

    if (store->prune_at < at)
        at = store->prune_at;
    return store->checkpoint_at < at ? store->checkpoint_at : at;
}

/* After a batch: the history is pruned under load too, else it grew for ever. */
static void after_batch(struct store *store)
{
    int64_t now = monotonic_ms();

    store->checkpoint_at = store->in_memory ? NEVER : now + CHECKPOINT_MS;
    if (store->prune_at <= now && store->pruned_at + PRUNE_BUSY_MS <= now)
        prune(store);
}

/* --- the writer: its life --------------------------------------------------------- */

/* Until there is an operation, a duty, or the end. Mutex held. */
static void wait_for_work(struct store *store)
{
    int64_t at = next_duty(store);
    struct timespec deadline = {.tv_sec = (time_t)(at / 1000), .tv_nsec = (at % 1000) * 1000000};

    while (store->waiting.first == NULL && !store->closing) {
        if (at == NEVER)
            pthread_cond_wait(&store->wake, &store->mutex);
        else if (pthread_cond_timedwait(&store->wake, &store->mutex, &deadline) != 0)
            return;
    }
}

/* Takes all that waits. NULL and *end when the store closes, NULL when a duty
 * is due. */
static struct batch *take_batch(struct store *store, bool *end)
{
    struct batch *batch = NULL;

    pthread_mutex_lock(&store->mutex);
    wait_for_work(store);
    *end = store->closing && store->waiting.first == NULL;
    if (store->waiting.first != NULL) {
        batch = memory_zalloc(1, sizeof *batch);
        batch->operations = store->waiting.first;
        list_clear(&store->waiting);
        store->working = true;
    }
    pthread_mutex_unlock(&store->mutex);
    return batch;
}

static void *run_writer(void *arg)
{
    struct store *store = arg;
    struct batch *batch;
    bool end = false;

    pthread_setname_np(pthread_self(), "store");
    while ((batch = take_batch(store, &end)) != NULL || !end) {
        if (batch == NULL) {
            use_idle_time(store);
            continue;
        }
        run_batch(store, batch);
        hand_back(store, batch);
        after_batch(store);
    }
    return NULL;
}

/* --- the loop: answers -------------------------------------------------------------- */

static void free_store(struct store *store)
{
    pthread_mutex_destroy(&store->mutex);
    pthread_cond_destroy(&store->wake);
    pthread_cond_destroy(&store->at_rest);
    free(store);
}

static void log_unheard(const struct operation *operation)
{
    static struct log_limit limit;

    if (operation->type == OPERATION_UPDATE && operation->callback.done == NULL &&
        operation->status == STORE_MISSING)
        log_limited(&limit, LOG_LEVEL_WARNING,
                    "store: entry %" PRId64 " cannot become %s: it is not there, or its state does "
                    "not allow it",
                    operation->number, state_name((int)operation->u.change.state));
}

static void take_news(struct store *store, const struct batch *batch)
{
    store->counts = batch->counts;
    if (batch->error != NULL || batch->works) {
        free(store->health);
        store->health = memory_strdup(batch->error);
    }
}

static void answer_batch(struct store *store, struct batch *batch)
{
    struct operation *next;

    take_news(store, batch);
    for (struct operation *o = batch->operations; o != NULL; o = next) {
        next = o->next;
        log_unheard(o);
        operation_answer(o);
        operation_free(o);
    }
    free(batch->error);
    free(batch);
}

/* False when there was nothing to answer. */
static bool answer_all(struct store *store)
{
    pthread_mutex_lock(&store->mutex);
    struct batch *batch = store->answered, *next;
    store->answered = NULL;
    store->answered_end = &store->answered;
    pthread_mutex_unlock(&store->mutex);

    bool any = batch != NULL;
    for (; batch != NULL; batch = next) {
        next = batch->next;
        answer_batch(store, batch);
    }
    return any;
}

/* Posted by the writer. */
static void deliver_answers(void *arg)
{
    struct store *store = arg;

    pthread_mutex_lock(&store->mutex);
    store->answers_posted = false;
    pthread_mutex_unlock(&store->mutex);
    if (!store->closed)
        answer_all(store);
    else if (!store->flush_posted)
        free_store(store);
}

/* --- the loop: issuing --------------------------------------------------------------- */

static void hand_over(struct store *store)
{
    pthread_mutex_lock(&store->mutex);
    list_move(&store->waiting, &store->collected);
    pthread_cond_signal(&store->wake);
    pthread_mutex_unlock(&store->mutex);
}

/* Posted with the first operation of a round. */
static void flush(void *arg)
{
    struct store *store = arg;

    store->flush_posted = false;
    if (!store->closed)
        hand_over(store);
    else if (!store->answers_posted)
        free_store(store);
}

static void issue(struct store *store, struct operation *operation)
{
    list_append(&store->collected, operation);
    if (store->flush_posted)
        return;
    store->flush_posted = true;
    loop_post(store->loop, flush, store);
}

void store_insert(struct store *store, const struct store_insert *insert, store_inserted_fn *done,
                  void *arg)
{
    LOG_ASSERT(insert->message != NULL && strcmp(state_name((int)insert->state), "?") != 0);
    struct operation *operation = operation_insert(insert);

    operation->callback.inserted = done;
    operation->arg = arg;
    issue(store, operation);
}

struct store_change store_change_none(void)
{
    return (struct store_change){
        .attempts = -1, .due_ms = -1, .parts = -1, .parts_sent = -1, .reference = -1};
}

void store_update(struct store *store, int64_t number, const struct store_change *change,
                  store_done_fn *done, void *arg)
{
    struct operation *operation = operation_update(number, change);

    operation->callback.done = done;
    operation->arg = arg;
    issue(store, operation);
}

void store_ripen(struct store *store, int64_t now_ms, store_ripen_fn *done, void *arg)
{
    struct store_question question = {.now_ms = now_ms};
    struct operation *operation = operation_ask(OPERATION_RIPEN, &question);

    operation->callback.ripened = done;
    operation->arg = arg;
    issue(store, operation);
}

static void ask(struct store *store, enum operation_type type,
                const struct store_question *question, store_entries_fn *done, void *arg)
{
    struct operation *operation = operation_ask(type, question);

    operation->callback.entries = done;
    operation->arg = arg;
    issue(store, operation);
}

void store_fetch(struct store *store, enum store_kind kind, struct slice queue, size_t limit,
                 store_entries_fn *done, void *arg)
{
    struct store_question question = {.kind = kind, .name = queue, .limit = limit};

    ask(store, OPERATION_FETCH, &question, done, arg);
}

void store_list(struct store *store, enum store_kind kind, enum message_state state, size_t limit,
                store_entries_fn *done, void *arg)
{
    struct store_question question = {.kind = kind, .state = state, .limit = limit};

    ask(store, OPERATION_LIST, &question, done, arg);
}

void store_list_live(struct store *store, size_t limit, store_entries_fn *done, void *arg)
{
    struct store_question question = {.limit = limit};

    ask(store, OPERATION_LIST_LIVE, &question, done, arg);
}

void store_find_sent(struct store *store, struct slice smsc_id, struct slice foreign_id,
                     store_entries_fn *done, void *arg)
{
    struct store_question question = {.name = smsc_id, .foreign_id = foreign_id};

    ask(store, OPERATION_FIND_SENT, &question, done, arg);
}

void store_find_id(struct store *store, const struct uuid *id, store_entries_fn *done, void *arg)
{
    struct store_question question = {.id = *id};

    ask(store, OPERATION_FIND_ID, &question, done, arg);
}

struct store_counts store_counts(const struct store *store)
{
    return store->counts;
}

const char *store_health(const struct store *store)
{
    return store->health;
}

/* --- opening and closing -------------------------------------------------------------- */

const struct store_queue *store_queues(const struct store *store, size_t *count)
{
    *count = store->queue_count;
    return store->queues;
}

int64_t store_uncertain(const struct store *store)
{
    return store->uncertain;
}

static void start_writer(struct store *store)
{
    sigset_t all, before;
    pthread_condattr_t attributes;

    pthread_mutex_init(&store->mutex, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&store->wake, &attributes);
    pthread_cond_init(&store->at_rest, &attributes);
    pthread_condattr_destroy(&attributes);
    /* Signals are the loop's. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    if (pthread_create(&store->thread, NULL, run_writer, store) != 0)
        log_panic("cannot start the thread of the store");
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* What a restart finds. False with the reason appended to *error. */
static bool take_stock(struct store *store, struct bytes *error)
{
    struct database *database = store->database;

    if (change_recover(database, &store->uncertain) &&
        question_survey(database, &store->queues, &store->queue_count)) {
        store->counts = count_states(database->tally);
        return true;
    }
    bytes_printf(error, "cannot read store file %s: %s", database->path, database_error(database));
    return false;
}

static bool open_database(struct store *store, const struct store_options *options,
                          struct bytes *error)
{
    if (options->path != NULL) {
        store->lock = store_lock_take(options->path, error);
        if (store->lock == NULL || !takeover_look(options->path, error))
            return false;
    }
    store->database = database_open(options->path, options->history_s > 0, error);
    return store->database != NULL && take_stock(store, error);
}

static void close_database(struct store *store)
{
    database_close(store->database);
    store_lock_release(store->lock);
    question_free_queues(store->queues, store->queue_count);
    free(store->health);
}

struct store *store_open(struct loop *loop, const struct store_options *options,
                         struct bytes *error)
{
    struct store *store = memory_zalloc(1, sizeof *store);

    store->loop = loop;
    store->in_memory = options->path == NULL;
    store->history_ms = options->history_s > 0 ? options->history_s * 1000 : 0;
    store->answered_end = &store->answered;
    list_clear(&store->collected);
    list_clear(&store->waiting);
    store->probe_at = store->checkpoint_at = NEVER;
    store->prune_at = store->history_ms > 0 ? monotonic_ms() + PRUNE_LEAST_MS : NEVER;
    if (!open_database(store, options, error)) {
        close_database(store);
        free(store);
        return NULL;
    }
    start_writer(store);
    return store;
}

/* Until the writer has nothing and all is answered. Answers may issue more. */
static void settle(struct store *store)
{
    do {
        hand_over(store);
        pthread_mutex_lock(&store->mutex);
        while (store->working || store->waiting.first != NULL)
            pthread_cond_wait(&store->at_rest, &store->mutex);
        pthread_mutex_unlock(&store->mutex);
    } while (answer_all(store) || store->collected.first != NULL);
}

void store_close(struct store *store)
{
    if (store == NULL)
        return;
    settle(store);
    pthread_mutex_lock(&store->mutex);
    store->closing = true;
    pthread_cond_signal(&store->wake);
    pthread_mutex_unlock(&store->mutex);
    pthread_join(store->thread, NULL);
    answer_all(store); /* news of a probe; without operations */
    close_database(store);
    /* What was posted to the loop still comes in, and ends the store. */
    store->closed = true;
    if (!store->flush_posted && !store->answers_posted)
        free_store(store);
}
