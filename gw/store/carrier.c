/* SPDX-License-Identifier: Apache-2.0 */
/*
 * carrier - see carrier.h.
 */
#include "gw/store/carrier.h"

#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "gwlib/clock.h"
#include "gwlib/log.h"
#include "gwlib/memory.h"

#define PROBE_FIRST_MS 5    /* to the first try of a file that failed */
#define PROBE_MS       1000 /* at most between two tries */
#define LAST_TRIES     10
#define KEPT_LIMIT     200000 /* operations */

static int64_t now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* --- counts -------------------------------------------------------------- */

struct store_counts carrier_count(const int64_t *tally)
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
static bool is_permitted(const struct operation *operation, enum carrier_level level)
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
static bool attempt(struct carrier *carrier, struct batch *batch)
{
    struct database *database = carrier->database;
    enum carrier_level level = carrier->level;
    int64_t start = now_us();
    bool sound = level == LEVEL_READS ? database_begin_reading(database) : database_begin(database);

    for (struct operation *o = batch->operations; o != NULL && sound; o = o->next) {
        operation_drop_answer(o);
        o->left_out = !is_permitted(o, level);
        if (!o->left_out)
            sound = database_carry_out(database, o);
    }
    int64_t done = now_us();
    sound = sound && database_commit(database);
    batch->work_us = done - start;
    batch->sync_us = now_us() - done;
    return sound;
}

/* --- trouble ------------------------------------------------------------------- */

/* What is left to do when that error has come. */
static enum carrier_level level_after(struct carrier *carrier)
{
    int code = database_error_code(carrier->database);

    if (database_is_damaged(carrier->database))
        return LEVEL_NOTHING;
    if (carrier->level == LEVEL_ALL && ((code & 0xff) == SQLITE_FULL ||
                                        code == SQLITE_IOERR_WRITE || code == SQLITE_IOERR_SHMSIZE))
        return LEVEL_CHANGES;
    return carrier->level < LEVEL_READS ? LEVEL_READS : LEVEL_NOTHING;
}

static void set_trouble(struct carrier *carrier, struct bytes *text)
{
    bytes_clear(&carrier->trouble);
    bytes_append_slice(&carrier->trouble, bytes_slice(text));
    bytes_free(text);
}

/* Logs where the state of the file changes. */
static void note_failure(struct carrier *carrier)
{
    struct database *database = carrier->database;
    enum carrier_level level = level_after(carrier);
    struct bytes text = {0};

    if (level == LEVEL_NOTHING && database_is_damaged(database)) {
        carrier->damaged = true;
        database_tell_damage(database->path, database_error(database), &text);
    } else {
        bytes_printf(&text, "%s: %s", database->path, database_error(database));
    }
    if (carrier->level == LEVEL_ALL || carrier->damaged)
        log_error("store: %s: messages cannot be stored", bytes_str(&text));
    set_trouble(carrier, &text);
    database_roll_back(database);
    if (level == LEVEL_CHANGES && !carrier->in_memory) {
        reserve_release(database->path);
        wal_move(database);
    }
    carrier->level = level;
    carrier->probe_wait = PROBE_FIRST_MS;
    carrier->probe_at =
        carrier->damaged ? CARRIER_NEVER : clock_monotonic_ms() + carrier->probe_wait;
}

static void fail_batch(struct batch *batch)
{
    for (struct operation *o = batch->operations; o != NULL; o = o->next)
        leave_out(o);
}

/* Goes down the levels until what is left can be done. The level that allowed
 * something stays, except that reading is tried again each time. */
static void run_down(struct carrier *carrier, struct batch *batch)
{
    while (!carrier->damaged && !attempt(carrier, batch)) {
        note_failure(carrier);
        if (carrier->level == LEVEL_NOTHING)
            break;
    }
    if (carrier->level == LEVEL_NOTHING) {
        fail_batch(batch);
        if (!carrier->damaged)
            carrier->level = LEVEL_READS;
    }
}

/* What must happen and could not goes to the kept ones; the rest is answered. */
static void keep_left_out(struct carrier *carrier, struct batch *batch)
{
    static struct log_limit limit;
    struct operation **place = &batch->operations, *o;

    while ((o = *place) != NULL) {
        bool keep = o->left_out && must_happen(o) && !carrier->damaged;

        if (o->left_out && !keep)
            leave_out(o);
        if (!keep || carrier->kept_count >= KEPT_LIMIT) {
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
        operation_list_append(&carrier->kept, o);
        carrier->kept_count++;
    }
}

/* The kept ones stand before the batch's own. */
static void prepend_kept(struct carrier *carrier, struct batch *batch)
{
    struct operation *rest = batch->operations;

    if (carrier->kept.first == NULL)
        return;
    batch->operations = carrier->kept.first;
    *carrier->kept.end = rest;
    operation_list_clear(&carrier->kept);
    carrier->kept_count = 0;
}

static void tell_state(struct carrier *carrier, struct batch *batch)
{
    if (carrier->level != LEVEL_ALL)
        batch->error = memory_strdup(bytes_str(&carrier->trouble));
    batch->damaged = carrier->damaged;
    batch->counts = carrier_count(carrier->database->tally);
}

void carrier_run(struct carrier *carrier, struct batch *batch)
{
    prepend_kept(carrier, batch);
    if (carrier->damaged)
        fail_batch(batch);
    else
        run_down(carrier, batch);
    keep_left_out(carrier, batch);
    tell_state(carrier, batch);
}

/* --- getting better --------------------------------------------------- */

/* One step back up, when the file allows it. */
static bool rise(struct carrier *carrier)
{
    if (carrier->level == LEVEL_READS && database_probe(carrier->database))
        carrier->level = LEVEL_CHANGES;
    if (carrier->level == LEVEL_CHANGES &&
        (carrier->in_memory || reserve_make(carrier->database->path)))
        carrier->level = LEVEL_ALL;
    return carrier->level < LEVEL_READS;
}

void carrier_probe(struct carrier *carrier, struct batch *batch)
{
    int64_t wait = 2 * carrier->probe_wait;

    if (rise(carrier))
        carrier_run(carrier, batch);
    else
        tell_state(carrier, batch);
    carrier->probe_wait = wait < PROBE_MS ? wait : PROBE_MS;
    carrier->probe_at =
        carrier->level == LEVEL_ALL ? CARRIER_NEVER : clock_monotonic_ms() + carrier->probe_wait;
    if (carrier->level == LEVEL_ALL)
        log_info("store: messages can be stored again");
}

/* --- beginning and end -------------------------------------------------- */

void carrier_init(struct carrier *carrier, struct database *database, bool in_memory)
{
    *carrier = (struct carrier){.database = database, .in_memory = in_memory};
    operation_list_clear(&carrier->kept);
    carrier->probe_at = CARRIER_NEVER;
    if (in_memory || reserve_make(database->path))
        return;
    bytes_printf(&carrier->trouble, "%s: no room for the reserve file, the disk is full",
                 database->path);
    log_error("store: %s: messages cannot be stored", bytes_str(&carrier->trouble));
    carrier->level = LEVEL_CHANGES;
    carrier->probe_at = clock_monotonic_ms() + PROBE_MS;
}

/* At the end: what was kept is written now or never. */
void carrier_end(struct carrier *carrier)
{
    struct batch batch = {0};
    struct operation *next;

    if (carrier->kept_count == 0)
        return;
    for (int i = 0; i < LAST_TRIES && carrier->kept_count > 0; i++) {
        if (i > 0)
            usleep(PROBE_FIRST_MS * 1000);
        rise(carrier);
        free(batch.error);
        batch.error = NULL;
        carrier_run(carrier, &batch);
    }
    if (carrier->kept_count > 0)
        log_error("store: %zu changes could not be written: their messages may be sent again",
                  carrier->kept_count);
    prepend_kept(carrier, &batch);
    for (struct operation *o = batch.operations; o != NULL; o = next) {
        next = o->next;
        operation_free(o);
    }
    free(batch.error);
}
