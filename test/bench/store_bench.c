/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_bench - how many full lives of messages a second the store carries,
 * durably:
 *
 *   accepted   inserted as SENDING, then ACCEPTED
 *   sent       inserted as SENDING, SENT with a foreign id, DELIVERED
 *   report     as sent, but found by its foreign id before DELIVERED
 *   queued     inserted as QUEUED, SENDING, ACCEPTED
 *
 * Usage: store_bench [LIVES [WINDOW [PATH]]]. WINDOW lives are under way at a
 * time; each step of a life waits for the commit of the one before.
 *
 *        store_bench pend COUNT PATH
 *        store_bench match COUNT PATH [AT_ONCE]
 *
 * pend leaves a file with COUNT messages that wait for their reports. match takes
 * such a file, finds COUNT messages in it by the foreign id of a report, one here
 * and one there among all that wait, and makes them DELIVERED, AT_ONCE (1) at a
 * time. As many others are sent in between, so that always the same number waits.
 * Run by callgrind with --instr-atstart=no, only the matching is counted: see
 * match_cost.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "gw/store/store.h"
#include "gwlib/log.h"
#include "gwlib/memory.h"

#if defined __has_include
#if __has_include(<valgrind/callgrind.h>)
#include <valgrind/callgrind.h>
#define COUNT_FROM_HERE() CALLGRIND_START_INSTRUMENTATION
#define COUNT_TO_HERE()   CALLGRIND_STOP_INSTRUMENTATION
#endif
#endif
#ifndef COUNT_FROM_HERE
#define COUNT_FROM_HERE() ((void)0)
#define COUNT_TO_HERE()   ((void)0)
#endif

enum way { WAY_ACCEPTED, WAY_SENT, WAY_REPORT, WAY_QUEUED, WAY_PENDING };
static const char *const way_names[] = {"accepted", "sent", "report", "queued", "pending"};

struct life {
    int64_t number;
    int step;
    char foreign_id[24];
};

static struct store *store;
static struct loop *loop;
static enum way way;
static long lives, started, finished;
static struct pool {
    int64_t *numbers; /* of those that wait for a report */
    long count;
} pool;

static bool matching;

static void begin_life(struct life *life);
static void match_one(struct life *life);

static double seconds(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void end_life(struct life *life)
{
    if (way == WAY_PENDING)
        pool.numbers[pool.count++] = life->number;
    finished++;
    if (finished == lives)
        loop_stop(loop);
    else if (started < lives)
        (matching ? match_one : begin_life)(life);
}

static void next_step(struct life *life);

static void on_done(enum store_status status, void *arg)
{
    if (status != STORE_OK)
        log_panic("status %d", (int)status);
    next_step(arg);
}

static void name_foreign(struct life *life)
{
    snprintf(life->foreign_id, sizeof life->foreign_id, "%" PRIx64,
             (uint64_t)life->number * 2654435761u);
}

static void change_to(struct life *life, enum message_state state)
{
    struct store_change change = store_change_none();

    change.state = state;
    if (state == STATE_SENDING) {
        change.attempts = 1;
        change.link = slice_str("smsc1");
    }
    if (state == STATE_SENT) {
        name_foreign(life);
        change.foreign_id = slice_str(life->foreign_id);
    }
    store_update(store, life->number, &change, on_done, life);
}

static void on_found(enum store_status status, const struct store_entry *entries, size_t count,
                     void *arg)
{
    struct life *life = arg;

    if (status != STORE_OK || count != 1 || entries[0].number != life->number)
        log_panic("report without its message");
    change_to(life, STATE_DELIVERED);
}

static void next_step(struct life *life)
{
    static const enum message_state steps[][3] = {
        [WAY_ACCEPTED] = {STATE_ACCEPTED},
        [WAY_SENT] = {STATE_SENT, STATE_DELIVERED},
        [WAY_REPORT] = {STATE_SENT, STATE_DELIVERED},
        [WAY_QUEUED] = {STATE_SENDING, STATE_ACCEPTED},
        [WAY_PENDING] = {STATE_SENT},
    };
    enum message_state state = life->step < 3 ? steps[way][life->step] : 0;

    life->step++;
    if (state == 0)
        end_life(life);
    else if (way == WAY_REPORT && state == STATE_DELIVERED)
        store_find_sent(store, slice_str("smsc1"), slice_str(life->foreign_id), on_found, life);
    else
        change_to(life, state);
}

static void on_inserted(enum store_status status, int64_t number, void *arg)
{
    struct life *life = arg;

    if (status != STORE_OK)
        log_panic("status %d", (int)status);
    life->number = number;
    next_step(life);
}

static struct message *make_message(void)
{
    struct sms sms = sms_blank();
    char receiver[24];

    snprintf(receiver, sizeof receiver, "+35840%07ld", started);
    sms.sender = slice_str("12345");
    sms.receiver = slice_str(receiver);
    sms.msgdata = slice_str("A short message of some sixty characters, as people send them.");
    sms.udhdata = slice_str("");
    sms.time = time(NULL);
    sms.service = slice_str("user");
    sms.smsc_id = slice_str("smsc1");
    sms.id = uuid_generate();
    sms.sms_type = SMS_MT_PUSH;
    sms.coding = 0;
    sms.dlr_mask = 31;
    sms.dlr_url = slice_str("http://127.0.0.1:8080/dlr?id=1234567890&status=%d");
    sms.boxc_id = slice_str("box1");
    return message_create(&sms);
}

static void begin_life(struct life *life)
{
    struct message *message = make_message();
    bool queued = way == WAY_QUEUED;
    struct store_insert insert = {
        .kind = STORE_MT,
        .state = queued ? STATE_QUEUED : STATE_SENDING,
        .message = message,
        .queue = slice_str("smsc1"),
        .link = queued ? slice_unset() : slice_str("smsc1"),
        .refuse_duplicate = true,
    };

    started++;
    life->step = 0;
    store_insert(store, &insert, on_inserted, life);
    message_unref(message);
}

static void run_way(enum way which, long count, long window)
{
    struct life *under_way = memory_zalloc((size_t)window, sizeof *under_way);

    way = which;
    lives = count;
    started = finished = 0;
    for (long i = 0; i < window && started < lives; i++)
        begin_life(&under_way[i]);
    loop_run(loop);
    free(under_way);
}

static void open_store(const char *path)
{
    struct store_options options = {.path = path, .history_s = 86400};
    struct bytes error = {0};

    loop = loop_create();
    store = store_open(loop, &options, &error);
    if (store == NULL)
        log_panic("%s", bytes_str(&error));
}

static void close_store(void)
{
    store_close(store);
    loop_destroy(loop);
}

/* --- matching -------------------------------------------------------------- */

#define ROUND 10

static void match_one(struct life *life)
{
    long at = random() % pool.count;

    started++;
    life->number = pool.numbers[at];
    life->step = 1; /* SENT; next is the report */
    pool.numbers[at] = pool.numbers[--pool.count];
    name_foreign(life);
    next_step(life);
}

static void match_round(long count, long at_once)
{
    struct life lives_now[ROUND];

    matching = true;
    way = WAY_REPORT;
    lives = count;
    started = finished = 0;
    COUNT_FROM_HERE();
    for (long i = 0; i < at_once && started < count; i++)
        match_one(&lives_now[i]);
    loop_run(loop);
    COUNT_TO_HERE();
    matching = false;
}

/* The numbers are those of a file that pend made: from 1 on. */
static void match(long count, const char *path, long at_once)
{
    open_store(path);
    pool.numbers =
        memory_alloc(((size_t)store_counts(store).reports_awaited + 1) * sizeof(int64_t));
    for (pool.count = 0; pool.count < store_counts(store).reports_awaited; pool.count++)
        pool.numbers[pool.count] = pool.count + 1;
    for (long done = 0; done < count; done += ROUND) {
        match_round(ROUND, at_once);
        run_way(WAY_PENDING, ROUND, ROUND);
    }
    free(pool.numbers);
    close_store();
}

static void pend(long count, const char *path)
{
    open_store(path);
    pool.numbers = memory_alloc((size_t)count * sizeof(int64_t));
    run_way(WAY_PENDING, count, 2000);
    free(pool.numbers);
    close_store();
}

/* --- all ways ---------------------------------------------------------------- */

static void measure(enum way which, long count, long window)
{
    double wall = seconds(CLOCK_MONOTONIC), cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);

    run_way(which, count, window);
    wall = seconds(CLOCK_MONOTONIC) - wall;
    cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    printf("%-9s %8.0f lives/s  %5.1f us CPU a life\n", way_names[which], (double)count / wall,
           cpu / (double)count * 1e6);
    fflush(stdout);
}

static void measure_all(long count, long window, const char *path)
{
    struct rusage usage;

    if (access(path, F_OK) == 0)
        log_panic("%s exists", path);
    open_store(path);
    printf("%ld lives each, %ld under way, history kept\n", count, window);
    for (enum way which = WAY_ACCEPTED; which <= WAY_QUEUED; which++)
        measure(which, count, window);
    close_store();
    getrusage(RUSAGE_SELF, &usage);
    printf("peak memory %ld KiB\n", usage.ru_maxrss);
    unlink(path);
}

int main(int argc, char **argv)
{
    const char *first = argc > 1 ? argv[1] : "200000";
    long second = argc > 2 ? atol(argv[2]) : 2000;
    const char *path = argc > 3 ? argv[3] : "store_bench.store";

    if (strcmp(first, "pend") == 0)
        pend(second, path);
    else if (strcmp(first, "match") == 0)
        match(second, path, argc > 4 ? atol(argv[4]) : 1);
    else
        measure_all(atol(first), second, path);
    return 0;
}
