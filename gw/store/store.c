/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store - the interface of store.h: the way of an operation to the writer's
 * thread (writer.h) and of its answer back.
 *
 * What is issued on the loop is collected until the end of the loop's round, by
 * a flush that is posted to the loop itself: so what one callback issues stays
 * together. The flush hands all of it to the writer. One post of the writer's
 * wakes the loop for all answers that are there.
 *
 * Under load everything would gather in one batch, on which the loop and the
 * writer worked in turn. So what many answers bring forth goes to the writer in
 * portions, between two answers, and both have something to do. Not so where the
 * commit takes longer than the work: there, the fewer commits the better.
 */
#include "gw/store/store.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "gw/store/operation.h"
#include "gw/store/sqlite.h"
#include "gw/store/writer.h"
#include "gwlib/log.h"
#include "gwlib/memory.h"

#define PATIENCE_MS   2
#define LEAST_PORTION 64 /* operations */

/* So many operations at once the loop commits by itself, where the disk is quick. */
#define FEW      3
#define QUICK_US 1000 /* a commit, on the average */

struct store {
    struct loop *loop;
    struct store_lock *lock;
    struct database *database; /* the writer's while it runs */
    struct writer *writer;
    struct store_queue *queues;
    size_t queue_count;
    int64_t uncertain, in_hands;
    struct hands *hands; /* NULL: in memory */
    struct operation_list collected;
    size_t collected_count;
    bool collected_more; /* than inserts and updates */
    int64_t sync_us;     /* of a commit, on the average */
    bool flush_posted;
    struct loop_timer *patience; /* set while only patient operations are collected */
    atomic_int posts;            /* both kinds, not yet come in */
    bool closed;                 /* waits only for its posts */
    char *health;                /* NULL: all is well */
    struct store_counts counts;
    char *path; /* NULL: in memory */
    bool damaged;
    void (*on_damaged)(const char *text, void *arg);
    void *arg;
};

/* --- the loop: answers -------------------------------------------------------------- */

static void post(struct store *store, loop_fn *fn)
{
    atomic_fetch_add(&store->posts, 1);
    loop_post(store->loop, fn, store);
}

/* A post came in. False when it found the store closed; the last one ends it. */
static bool receive_post(struct store *store)
{
    int left = atomic_fetch_sub(&store->posts, 1) - 1;

    if (store->closed && left == 0)
        free(store);
    else if (!store->closed)
        return true;
    return false;
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
    free(store->health);
    store->health = memory_strdup(batch->error);
    if (batch->damaged && !store->damaged) {
        store->damaged = true;
        if (store->on_damaged != NULL)
            store->on_damaged(store->health, store->arg);
    }
}

static void submit(struct store *store)
{
    store->collected_count = 0;
    store->collected_more = false;
    writer_submit(store->writer, &store->collected);
}

/* A slow one counts at once, quick ones make good for it by and by. */
static void note_sync(struct store *store, const struct batch *batch)
{
    int64_t average = (7 * store->sync_us + batch->sync_us) / 8;

    if (batch->count > 0)
        store->sync_us = batch->sync_us > 5 * QUICK_US ? batch->sync_us : average;
}

static size_t portion_of(const struct batch *batch)
{
    if (batch->sync_us > batch->work_us)
        return SIZE_MAX;
    return batch->count / 4 > LEAST_PORTION ? batch->count / 4 : LEAST_PORTION;
}

static void answer_batch(struct store *store, struct batch *batch)
{
    size_t portion = portion_of(batch);
    struct operation *next;

    take_news(store, batch);
    note_sync(store, batch);
    for (struct operation *o = batch->operations; o != NULL; o = next) {
        next = o->next;
        log_unheard(o);
        operation_answer(o);
        operation_free(o);
        if (store->collected_count >= portion)
            submit(store);
    }
    free(batch->error);
    free(batch);
}

/* False when there was nothing to answer. */
static bool answer_all(struct store *store)
{
    struct batch *batch = writer_take_answers(store->writer), *next;
    bool any = batch != NULL;

    for (; batch != NULL; batch = next) {
        next = batch->next;
        answer_batch(store, batch);
    }
    return any;
}

static void deliver_answers(void *arg)
{
    if (receive_post(arg))
        answer_all(arg);
}

/* On the writer's thread. */
static void on_answered(void *arg)
{
    post(arg, deliver_answers);
}

/* --- the loop: issuing --------------------------------------------------------------- */

/*
 * One sender that waits for each answer would pay two changes of threads for each
 * commit. While the disk is quick and little is there, the loop carries it out
 * itself, and stands still for as long.
 */
static bool carry_out_here(struct store *store)
{
    if (store->collected_count == 0 || store->collected_count > FEW || store->collected_more ||
        store->sync_us > QUICK_US)
        return false;
    struct batch *batch = writer_run_here(store->writer, &store->collected);
    if (batch == NULL)
        return false;
    store->collected_count = 0;
    answer_batch(store, batch);
    return true;
}

/* Posted with the first operation of a round. */
static void flush(void *arg)
{
    struct store *store = arg;

    if (!receive_post(store))
        return;
    store->flush_posted = false;
    loop_timer_cancel(store->patience);
    if (!carry_out_here(store))
        submit(store);
}

static void patience_over(void *arg)
{
    submit(arg);
}

/* Alone, a patient operation waits a little: at low rates the next message comes
 * with it, and one commit does for both. */
static void issue(struct store *store, struct operation *operation)
{
    bool patient = operation->type == OPERATION_UPDATE && operation->u.change.patient;
    bool first = store->collected.first == NULL;

    operation_list_append(&store->collected, operation);
    store->collected_count++;
    store->collected_more |=
        operation->type != OPERATION_INSERT && operation->type != OPERATION_UPDATE;
    if (store->flush_posted)
        return;
    if (patient) {
        if (first)
            loop_timer_set(store->patience, PATIENCE_MS);
        return;
    }
    store->flush_posted = true;
    post(store, flush);
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

void store_list_latest(struct store *store, enum store_kind kind, size_t numbers,
                       store_entries_fn *done, void *arg)
{
    struct store_question question = {.kind = kind, .limit = numbers};

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

bool store_is_damaged(const struct store *store)
{
    return store->damaged;
}

int64_t store_file_size(const struct store *store)
{
    static const char *const suffixes[] = {"", "-wal"};
    int64_t size = 0;

    for (size_t i = 0; store->path != NULL && i < sizeof suffixes / sizeof suffixes[0]; i++) {
        struct bytes name = {0};
        struct stat status;

        bytes_printf(&name, "%s%s", store->path, suffixes[i]);
        if (stat(bytes_str(&name), &status) == 0)
            size += (int64_t)status.st_size;
        bytes_free(&name);
    }
    return size;
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

int64_t store_in_hands(const struct store *store)
{
    return store->in_hands;
}

void store_hand_over(struct store *store, int64_t number)
{
    if (store->hands != NULL)
        hands_take(store->hands, number);
}

void store_hand_settled(struct store *store, int64_t number)
{
    if (store->hands != NULL)
        hands_settle(store->hands, number);
}

/* What a restart finds. False with the reason appended to *error. */
static bool take_stock(struct store *store, struct bytes *error)
{
    struct database *database = store->database;

    if (change_recover(database, &store->uncertain) &&
        (store->hands == NULL || hands_recover(store->hands, database, &store->in_hands)) &&
        question_survey(database, &store->queues, &store->queue_count)) {
        store->counts = carrier_count(database->tally);
        return true;
    }
    if (database_is_damaged(database))
        database_tell_damage(database->path, database_error(database), error);
    else
        bytes_printf(error, "cannot read store file %s: %s", database->path,
                     database_error(database));
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
    store->database = database_open(options, error);
    if (store->database == NULL)
        return false;
    if (options->path != NULL)
        store->hands = hands_open(options->path);
    return (options->spool == NULL || takeover_spool(store->database, options->spool, error)) &&
           take_stock(store, error);
}

static void close_database(struct store *store)
{
    loop_timer_free(store->patience);
    database_close(store->database);
    hands_close(store->hands);
    store_lock_release(store->lock);
    question_free_queues(store->queues, store->queue_count);
    free(store->path);
    free(store->health);
}

struct store *store_open(struct loop *loop, const struct store_options *options,
                         struct bytes *error)
{
    struct store *store = memory_zalloc(1, sizeof *store);

    store->loop = loop;
    store->patience = loop_timer_create(loop, patience_over, store);
    store->path = memory_strdup(options->path);
    store->on_damaged = options->damaged;
    store->arg = options->arg;
    operation_list_clear(&store->collected);
    if (!open_database(store, options, error)) {
        close_database(store);
        free(store);
        return NULL;
    }
    struct writer_options writer = {
        .database = store->database,
        .in_memory = options->path == NULL,
        .history_ms = options->history_s > 0 ? options->history_s * 1000 : 0,
        .history_octets = options->history_octets,
        .await_ms = options->await_s > 0 ? options->await_s * 1000 : 0,
        .answered = on_answered,
        .arg = store,
    };
    store->writer = writer_start(&writer);
    return store;
}

void store_close(struct store *store)
{
    if (store == NULL)
        return;
    do { /* answers may issue more */
        submit(store);
        writer_settle(store->writer);
    } while (answer_all(store) || store->collected.first != NULL);
    writer_stop(store->writer);
    close_database(store);
    store->closed = true;
    if (atomic_load(&store->posts) == 0)
        free(store);
}
