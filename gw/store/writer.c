/* SPDX-License-Identifier: Apache-2.0 */
/*
 * writer - see writer.h.
 */
#include "gw/store/writer.h"

#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "gwlib/log.h"
#include "gwlib/memory.h"

#define PROBE_FIRST_MS 5    /* to the first try of a file that failed */
#define PROBE_MS       1000 /* at most between two tries */
#define CHECKPOINT_MS  2000 /* of idleness before the log is moved */
#define PRUNE_BUSY_MS  100  /* between two steps of pruning under load */
#define PRUNE_LEAST_MS 2000 /* between two walks through the table */
#define PRUNE_MOST_MS  3600000

#define LAST_TRIES 10
#define KEPT_LIMIT 200000 /* operations */

#define NEVER INT64_MAX

/* What can be done with the file. */
enum writer_level {
    LEVEL_ALL,
    LEVEL_CHANGES, /* the disk is full, the reserve is in use: no new messages */
    LEVEL_READS,   /* it cannot be written */
    LEVEL_NOTHING  /* nor read, or damaged */
};

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
    enum writer_level level;
    bool damaged;
    struct bytes trouble;       /* why the level is not LEVEL_ALL */
    struct operation_list kept; /* must happen, could not yet */
    size_t kept_count;
    int64_t probe_wait; /* doubles from try to try */
    int64_t probe_at, checkpoint_at, prune_at, pruned_at;
};

static int64_t monotonic_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int64_t monotonic_ms(void)
{
    return monotonic_us() / 1000;
}

/* --- counts -------------------------------------------------------------- */

struct store_counts writer_count(const int64_t *tally)
{
    struct store_counts counts = {
        .mt_waiting = tally[STATE_QUEUED] + tally[STATE_DEFERRED] + tally[STATE_SENDING],
        .mo_waiting = tally[STATE_RECEIVED] + tally[STATE_POSTPONED],
        .reports_awaited = tally[STATE_SENT],
    };

    counts.held = tally[STATE_HELD];
    counts.unmatched = tally[STATE_UNMATCHED];
    counts.dead = tally[STATE_DEAD];
    counts.live = counts.mt_waiting + counts.held + counts.mo_waiting + tally[STATE_RECEIVING];
    return counts;
}

/* --- what may be done when not everything can --------------------------------- */

/* Happened already, and must be known here: repeated until it is stored. */
static bool must_happen(const struct operation *operation)
{
    return (operation->type == OPERATION_UPDATE &&
            (operation->callback.done == NULL || operation->u.change.keep_trying)) ||
           (operation->type == OPERATION_INSERT && operation->u.insert.keep_trying);
}

/*
 * Questions whose answer would be acted upon wait until the changes that are
 * kept are in the file: else a message that has gone would come again.
 */
static bool is_permitted(const struct operation *operation, enum writer_level level)
{
    switch (operation->type) {
    case OPERATION_LIST:
    case OPERATION_LIST_LIVE:
    case OPERATION_FIND_ID:
        return level < LEVEL_NOTHING;
    case OPERATION_INSERT:
        /* A report goes with the change of its message: both or neither. */
        return level == LEVEL_ALL ||
               (level == LEVEL_CHANGES &&
                (operation->u.insert.keep_trying || operation->u.insert.kind == STORE_REPORT));
    default:
        return level <= LEVEL_CHANGES;
    }
}

static void leave_out(struct operation *operation)
{
    operation->left_out = true;
    operation_drop_answer(operation);
    operation->status = STORE_FAILED;
    if (operation->type == OPERATION_RIPEN)
        operation->next_due_ms = operation->u.question.now_ms + PROBE_MS;
}

/* The permitted operations as one transaction; false: none of them was done. */
static bool attempt(struct writer *writer, struct batch *batch)
{
    struct database *database = writer->database;
    enum writer_level level = writer->level;
    int64_t start = monotonic_us();
    bool sound = level == LEVEL_READS ? database_begin_reading(database) : database_begin(database);

    for (struct operation *o = batch->operations; o != NULL && sound; o = o->next) {
        operation_drop_answer(o);
        o->left_out = !is_permitted(o, level);
        if (!o->left_out)
            sound = database_carry_out(database, o);
    }
    int64_t done = monotonic_us();
    sound = sound && database_commit(database);
    batch->work_us = done - start;
    batch->sync_us = monotonic_us() - done;
    return sound;
}

/* --- trouble ------------------------------------------------------------------- */

/* What is left to do when that error has come. */
static enum writer_level level_after(struct writer *writer)
{
    int code = database_error_code(writer->database);

    if (database_is_damaged(writer->database))
        return LEVEL_NOTHING;
    if (writer->level == LEVEL_ALL && ((code & 0xff) == SQLITE_FULL || code == SQLITE_IOERR_WRITE ||
                                       code == SQLITE_IOERR_SHMSIZE))
        return LEVEL_CHANGES;
    return writer->level < LEVEL_READS ? LEVEL_READS : LEVEL_NOTHING;
}

static void set_trouble(struct writer *writer, struct bytes *text)
{
    bytes_clear(&writer->trouble);
    bytes_append_slice(&writer->trouble, bytes_slice(text));
    bytes_free(text);
}

/* Logs where the state of the file changes. */
static void note_failure(struct writer *writer)
{
    struct database *database = writer->database;
    enum writer_level level = level_after(writer);
    struct bytes text = {0};

    if (level == LEVEL_NOTHING && database_is_damaged(database)) {
        writer->damaged = true;
        database_tell_damage(database->path, database_error(database), &text);
    } else {
        bytes_printf(&text, "%s: %s", database->path, database_error(database));
    }
    if (writer->level == LEVEL_ALL || writer->damaged)
        log_error("store: %s: messages cannot be stored", bytes_str(&text));
    set_trouble(writer, &text);
    database_roll_back(database);
    if (level == LEVEL_CHANGES && !writer->options.in_memory) {
        reserve_release(database->path);
        database_make_room(database);
    }
    writer->level = level;
    writer->probe_wait = PROBE_FIRST_MS;
    writer->probe_at = writer->damaged ? NEVER : monotonic_ms() + writer->probe_wait;
}

static void fail_batch(struct batch *batch)
{
    for (struct operation *o = batch->operations; o != NULL; o = o->next)
        leave_out(o);
}

/* Goes down the levels until what is left can be done. The level that allowed
 * something stays, except that reading is tried again each time. */
static void run_down(struct writer *writer, struct batch *batch)
{
    while (!writer->damaged && !attempt(writer, batch)) {
        note_failure(writer);
        if (writer->level == LEVEL_NOTHING)
            break;
    }
    if (writer->level == LEVEL_NOTHING) {
        fail_batch(batch);
        if (!writer->damaged)
            writer->level = LEVEL_READS;
    }
}

/* What must happen and could not goes to the kept ones; the rest is answered. */
static void keep_left_out(struct writer *writer, struct batch *batch)
{
    static struct log_limit limit;
    struct operation **place = &batch->operations, *o;

    while ((o = *place) != NULL) {
        bool keep = o->left_out && must_happen(o) && !writer->damaged;

        if (o->left_out && !keep)
            leave_out(o);
        if (!keep || writer->kept_count >= KEPT_LIMIT) {
            if (keep) {
                leave_out(o);
                log_limited(&limit, LOG_LEVEL_ERROR,
                            "store: too many changes wait for a file that cannot be written: "
                            "a change of entry %" PRId64 " is lost, its message may be sent again",
                            o->number);
            }
            place = &o->next;
            continue;
        }
        *place = o->next;
        o->status = STORE_OK;
        operation_list_append(&writer->kept, o);
        writer->kept_count++;
    }
}

/* The kept ones stand before the batch's own. */
static void prepend_kept(struct writer *writer, struct batch *batch)
{
    struct operation *rest = batch->operations;

    if (writer->kept.first == NULL)
        return;
    batch->operations = writer->kept.first;
    *writer->kept.end = rest;
    operation_list_clear(&writer->kept);
    writer->kept_count = 0;
}

static void tell_state(struct writer *writer, struct batch *batch)
{
    if (writer->level != LEVEL_ALL)
        batch->error = memory_strdup(bytes_str(&writer->trouble));
    batch->damaged = writer->damaged;
    batch->counts = writer_count(writer->database->tally);
}

static void run_batch(struct writer *writer, struct batch *batch)
{
    prepend_kept(writer, batch);
    if (writer->damaged)
        fail_batch(batch);
    else
        run_down(writer, batch);
    keep_left_out(writer, batch);
    tell_state(writer, batch);
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

/* One step back up, when the file allows it. */
static bool rise(struct writer *writer)
{
    if (writer->level == LEVEL_READS && database_probe(writer->database))
        writer->level = LEVEL_CHANGES;
    if (writer->level == LEVEL_CHANGES &&
        (writer->options.in_memory || reserve_make(writer->database->path)))
        writer->level = LEVEL_ALL;
    return writer->level < LEVEL_READS;
}

/* A batch of what was kept, or an empty one, brings the news to the loop. */
static void probe(struct writer *writer)
{
    struct batch *batch = memory_zalloc(1, sizeof *batch);
    int64_t wait = 2 * writer->probe_wait;
    bool better = rise(writer);

    if (better)
        run_batch(writer, batch);
    else
        tell_state(writer, batch);
    writer->probe_wait = wait < PROBE_MS ? wait : PROBE_MS;
    writer->probe_at = writer->level == LEVEL_ALL ? NEVER : monotonic_ms() + writer->probe_wait;
    if (writer->level == LEVEL_ALL)
        log_info("store: messages can be stored again");
    hand_back(writer, batch);
}

static void use_idle_time(struct writer *writer)
{
    int64_t now = monotonic_ms();

    if (writer->probe_at <= now) {
        probe(writer);
    } else if (writer->level != LEVEL_ALL) {
        writer->prune_at = writer->prune_at == NEVER ? NEVER : now + PRUNE_LEAST_MS;
        writer->checkpoint_at = NEVER;
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
    if (writer->level == LEVEL_ALL && writer->prune_at <= now &&
        writer->pruned_at + PRUNE_BUSY_MS <= now)
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
        for (const struct operation *o = batch->operations; o != NULL; o = o->next)
            batch->count++;
        operation_list_clear(&writer->waiting);
        writer->working = true;
    }
    pthread_mutex_unlock(&writer->mutex);
    return batch;
}

/* At the end: what was kept is written now or never. */
static void last_try(struct writer *writer)
{
    struct batch batch = {0};
    struct operation *next;

    if (writer->kept_count == 0)
        return;
    for (int i = 0; i < LAST_TRIES && writer->kept_count > 0; i++) {
        if (i > 0)
            usleep(PROBE_FIRST_MS * 1000);
        rise(writer);
        free(batch.error);
        batch.error = NULL;
        run_batch(writer, &batch);
    }
    if (writer->kept_count > 0)
        log_error("store: %zu changes could not be written: their messages may be sent again",
                  writer->kept_count);
    prepend_kept(writer, &batch);
    for (struct operation *o = batch.operations; o != NULL; o = next) {
        next = o->next;
        operation_free(o);
    }
    free(batch.error);
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
    last_try(writer);
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
    operation_list_clear(&writer->kept);
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
    if (!options->in_memory && !reserve_make(options->database->path)) {
        bytes_printf(&writer->trouble, "%s: no room for the reserve file, the disk is full",
                     options->database->path);
        log_error("store: %s: messages cannot be stored", bytes_str(&writer->trouble));
        writer->level = LEVEL_CHANGES;
        writer->probe_at = monotonic_ms() + PROBE_MS;
    }
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
        for (struct operation *o = news->operations, *after; o != NULL; o = after) {
            after = o->next;
            operation_free(o);
        }
        free(news->error);
        free(news);
    }
    bytes_free(&writer->trouble);
    pthread_mutex_destroy(&writer->mutex);
    pthread_cond_destroy(&writer->wake);
    pthread_cond_destroy(&writer->at_rest);
    free(writer);
}
