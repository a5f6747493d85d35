/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gw/store on a disk that loses power or fails: every acknowledged message is
 * there afterwards, with what was acknowledged of it, and the file is sound.
 * POWER_CUTS says how many cuts (200 when it is not set); from 2000 on, a failure
 * is tried at every single call of a run too.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "gw/store/store.h"
#include "gwlib/log.h"
#include "test/unit/power_vfs.h"

#define MOST_MESSAGES 60
#define UNDER_WAY     6
#define DEADLINE_MS   20000

/* How far a message is; ranks of the states. */
enum rank { RANK_NONE, RANK_QUEUED, RANK_SENDING, RANK_ACCEPTED };

struct life {
    int64_t number;
    enum rank acknowledged, issued;
    bool has_to_happen; /* the last step, which is not answered */
};

static struct {
    char folder[64], path[96];
    struct loop *loop;
    struct store *store;
    struct loop_timer *tick;
    struct life lives[MOST_MESSAGES];
    int started, limit, open;
    unsigned seed;
    int64_t deadline;
} t;

static const char text_of_all[] = "a text that is to be there again, octet for octet";

static void begin_life(void);

/* --- lives ------------------------------------------------------------------------- */

static void end_life(void)
{
    t.open--;
    if (!power_is_cut() && t.started < t.limit)
        begin_life();
    else if (t.open == 0)
        loop_stop(t.loop);
}

static void on_accepted(enum store_status status, void *arg)
{
    struct life *life = arg;

    if (status == STORE_OK)
        life->acknowledged = RANK_ACCEPTED;
    end_life();
}

static void on_sending(enum store_status status, void *arg)
{
    struct life *life = arg;
    struct store_change change = store_change_none();

    if (status != STORE_OK) {
        end_life();
        return;
    }
    life->acknowledged = RANK_SENDING;
    life->issued = RANK_ACCEPTED;
    change.state = STATE_ACCEPTED;
    change.foreign_id = slice_str("4711");
    if (rand_r(&t.seed) % 2 == 0) {
        life->has_to_happen = true;
        store_update(t.store, life->number, &change, NULL, NULL);
        end_life();
    } else {
        store_update(t.store, life->number, &change, on_accepted, life);
    }
}

static void on_inserted(enum store_status status, int64_t number, void *arg)
{
    struct life *life = arg;
    struct store_change change = store_change_none();

    if (status != STORE_OK || rand_r(&t.seed) % 4 == 0) {
        if (status == STORE_OK)
            life->acknowledged = RANK_QUEUED;
        end_life();
        return;
    }
    life->acknowledged = RANK_QUEUED;
    life->issued = RANK_SENDING;
    life->number = number;
    change.state = STATE_SENDING;
    change.link = slice_str("f1");
    store_update(t.store, number, &change, on_sending, life);
}

static void begin_life(void)
{
    struct life *life = &t.lives[t.started];
    struct store_insert insert = {
        .kind = STORE_MT,
        .state = STATE_QUEUED,
        .queue = slice_str("f1"),
        .refuse_duplicate = true,
    };
    struct sms sms = sms_blank();
    char receiver[16];

    snprintf(receiver, sizeof receiver, "%d", t.started++);
    sms.receiver = slice_str(receiver);
    sms.msgdata = slice_str(text_of_all);
    sms.id = uuid_generate();
    insert.message = message_create(&sms);
    life->issued = RANK_QUEUED;
    t.open++;
    store_insert(t.store, &insert, on_inserted, life);
    message_unref(insert.message);
}

static struct store *open_store(void)
{
    const char *sync = getenv("POWER_SYNC"); /* "off" shows that the test can fail */
    struct store_options options = {
        .path = t.path,
        .history_s = 3600,
        .sync = sync != NULL && strcmp(sync, "off") == 0 ? STORE_SYNC_OFF : STORE_SYNC_FULL,
    };
    struct bytes error = {0};
    struct store *store = store_open(t.loop, &options, &error);

    bytes_free(&error);
    return store;
}

/* A store, its messages, as far as they come. False: not even opened. */
static bool run_lives(unsigned seed, int limit)
{
    memset(t.lives, 0, sizeof t.lives);
    t.started = t.open = 0;
    t.limit = limit;
    t.seed = seed;
    t.store = open_store();
    if (t.store == NULL)
        return false;
    for (int i = 0; i < UNDER_WAY && t.started < t.limit; i++)
        begin_life();
    loop_run(t.loop);
    return true;
}

/* --- what is there ------------------------------------------------------------------- */

static enum rank rank_of(int state)
{
    return state == STATE_ACCEPTED  ? RANK_ACCEPTED
           : state == STATE_SENDING ? RANK_SENDING
                                    : RANK_QUEUED;
}

static void read_found(sqlite3 *db, enum rank *found)
{
    sqlite3_stmt *statement;

    if (sqlite3_prepare_v2(db, "SELECT receiver, state, msgdata FROM message", -1, &statement,
                           NULL) != SQLITE_OK)
        return; /* cut off before there was a schema */
    while (sqlite3_step(statement) == SQLITE_ROW) {
        int i = sqlite3_column_int(statement, 0);

        assert_in_range(i, 0, MOST_MESSAGES - 1);
        assert_int_equal(found[i], RANK_NONE);
        found[i] = rank_of(sqlite3_column_int(statement, 1));
        assert_string_equal((const char *)sqlite3_column_text(statement, 2), text_of_all);
    }
    assert_int_equal(sqlite3_finalize(statement), SQLITE_OK);
}

static void assert_sound(sqlite3 *db)
{
    sqlite3_stmt *statement;

    assert_int_equal(sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &statement, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    assert_string_equal((const char *)sqlite3_column_text(statement, 0), "ok");
    sqlite3_finalize(statement);
}

static void check_disk(const char *what, long which)
{
    enum rank found[MOST_MESSAGES] = {RANK_NONE};
    sqlite3 *db;

    assert_int_equal(sqlite3_open(t.path, &db), SQLITE_OK);
    assert_sound(db);
    read_found(db, found);
    sqlite3_close(db);
    for (int i = 0; i < t.started; i++) {
        if (found[i] < t.lives[i].acknowledged || found[i] > t.lives[i].issued)
            fail_msg("%s %ld: message %d is %d, acknowledged as %d, issued as %d", what, which, i,
                     (int)found[i], (int)t.lives[i].acknowledged, (int)t.lives[i].issued);
    }
}

/* --- tests ------------------------------------------------------------------------------ */

static long calls_of_a_whole_run(void)
{
    power_reset(1);
    assert_true(run_lives(1, MOST_MESSAGES));
    store_close(t.store);
    check_disk("run", 0);
    return power_calls();
}

static long wanted_cuts(void)
{
    const char *wanted = getenv("POWER_CUTS");

    return wanted != NULL ? atol(wanted) : 200;
}

static void power_cuts_lose_nothing(void **state)
{
    long cuts = wanted_cuts();
    long calls = calls_of_a_whole_run();
    unsigned seed = 4711;

    (void)state;
    assert_in_range(calls, 50, 100000);
    for (long i = 0; i < cuts; i++) {
        power_reset((unsigned)i);
        power_cut_at(1 + rand_r(&seed) % calls);
        bool opened = run_lives((unsigned)i, 10 + (int)(i % 50));
        store_close(t.store);
        power_on();
        check_disk("cut", i);
        if (i % 10 == 0 && opened) { /* and it can be worked with */
            t.store = open_store();
            assert_non_null(t.store);
            store_close(t.store);
        }
    }
}

static void on_tick(void *arg)
{
    (void)arg;
    if (store_health(t.store) == NULL)
        loop_stop(t.loop);
    else if (loop_now(t.loop) > t.deadline)
        fail_msg("the store does not recover: %s", store_health(t.store));
    else
        loop_timer_set(t.tick, 5);
}

/* Without a restart; what had to happen is written then. */
static void await_health(void)
{
    t.tick = loop_timer_create(t.loop, on_tick, NULL);
    t.deadline = loop_now(t.loop) + DEADLINE_MS;
    loop_timer_set(t.tick, 0);
    loop_run(t.loop);
    loop_timer_free(t.tick);
}

static void fail_call(long call, long count, int error)
{
    power_reset((unsigned)call);
    power_fail_at(call, count, error);
    if (!run_lives((unsigned)call, 20))
        return; /* it says so at opening */
    await_health();
    bool over = power_calls() >= call + count;
    t.limit = t.started + 2;
    begin_life();
    loop_run(t.loop);
    if (over)
        assert_int_not_equal(t.lives[20].acknowledged, RANK_NONE);
    store_close(t.store);
    for (int i = 0; i < t.started; i++)
        if (t.lives[i].has_to_happen)
            t.lives[i].acknowledged = RANK_ACCEPTED;
    check_disk("failing call", call);
}

static void failing_calls_lose_nothing(void **state)
{
    static const int errors[] = {SQLITE_FULL, SQLITE_IOERR_WRITE};

    (void)state;
    power_reset(1);
    assert_true(run_lives(1, 20));
    store_close(t.store);
    long calls = power_calls();
    for (size_t e = 0; e < 2; e++)
        for (long call = 1; call <= calls; call += wanted_cuts() >= 2000 ? 1 : 7)
            fail_call(call, call % 3 == 0 ? 7 : 1, errors[e]);
}

static int set_up(void **state)
{
    (void)state;
    snprintf(t.folder, sizeof t.folder, "/tmp/store-power-XXXXXX");
    assert_non_null(mkdtemp(t.folder));
    snprintf(t.path, sizeof t.path, "%s/kannel.store", t.folder);
    t.loop = loop_create();
    log_set_stderr_level(LOG_LEVEL_PANIC);
    power_register();
    return 0;
}

static int tear_down(void **state)
{
    char command[128];

    (void)state;
    power_reset(0);
    loop_destroy(t.loop);
    snprintf(command, sizeof command, "rm -rf '%s'", t.folder);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(power_cuts_lose_nothing),
        cmocka_unit_test(failing_calls_lose_nothing),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
