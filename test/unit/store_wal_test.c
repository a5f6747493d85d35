/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The write-ahead log of the store: grown in advance, moved into the file, and
 * sound at any time; and the operations that the loop carries out itself between
 * those of the store's thread.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "test/unit/store_fixture.h"

#define PAGE_FRAME (24 + 4096)
#define LOG_LIMIT  (32 + 4000 * PAGE_FRAME)

static struct {
    struct loop_timer *poll;
    long inserted, wanted, lowest;
} f;

static void open_synced(const char *path, enum store_sync sync)
{
    struct store_options options = {.path = path, .history_s = 3600, .sync = sync};

    memset(&f, 0, sizeof f);
    open_store_as(&options);
}

static void copy_to_crash(void)
{
    char command[160];

    snprintf(command, sizeof command,
             "cd '%s' && mkdir crash && cp kannel.store kannel.store-wal crash", fixture.folder);
    assert_int_equal(system(command), 0);
}

static int64_t log_size(void)
{
    char name[128];
    struct stat status;

    snprintf(name, sizeof name, "%s-wal", fixture.path);
    return stat(name, &status) == 0 ? (int64_t)status.st_size : 0;
}

/* --- messages ------------------------------------------------------------------ */

static void on_inserted(enum store_status status, int64_t number, void *arg);

static void insert(void)
{
    struct message *message = make_message("358401", "a text");
    struct store_insert insert = mt(message, STATE_QUEUED);

    store_insert(fixture.store, &insert, on_inserted, NULL);
    message_unref(message);
}

/* One waits for the other. */
static void on_inserted(enum store_status status, int64_t number, void *arg)
{
    (void)number;
    (void)arg;
    assert_int_equal(status, STORE_OK);
    f.inserted++;
    if (f.inserted < f.wanted)
        insert();
    else
        loop_stop(fixture.loop);
}

static void insert_one_by_one(long count)
{
    f.wanted = f.inserted + count;
    insert();
    wait_answer();
}

/* --- the log --------------------------------------------------------------------- */

static void look_at_log(void *arg)
{
    (void)arg;
    if (log_size() >= f.lowest)
        loop_stop(fixture.loop);
    else
        loop_timer_set(f.poll, 5);
}

static void wait_for_log(int64_t octets)
{
    f.lowest = octets;
    f.poll = loop_timer_create(fixture.loop, look_at_log, NULL);
    loop_timer_set(f.poll, 0);
    wait_answer();
    loop_timer_free(f.poll);
}

static bool ends_in_zeros(size_t octets)
{
    char name[128];
    bool zeros = true;

    snprintf(name, sizeof name, "%s-wal", fixture.path);
    FILE *file = fopen(name, "rb");
    assert_non_null(file);
    assert_int_equal(fseek(file, -(long)octets, SEEK_END), 0);
    for (size_t i = 0; i < octets; i++)
        zeros = getc(file) == 0 && zeros;
    fclose(file);
    return zeros;
}

/* The file and its log as they are now, under another name: what a crash leaves. */
static void a_log_with_room_is_no_other_log(void **state)
{
    char copy[160];

    (void)state;
    open_synced(fixture.path, STORE_SYNC_FULL);
    insert_one_by_one(60);
    wait_for_log(1024 * 1024);
    assert_true(ends_in_zeros(100000));
    insert_one_by_one(60);
    copy_to_crash();
    close_store();
    snprintf(copy, sizeof copy, "%s/crash/kannel.store", fixture.folder);
    open_synced(copy, STORE_SYNC_FULL);
    assert_int_equal(store_counts(fixture.store).mt_waiting, 120);
    close_store();
}

static void the_log_is_moved_and_keeps_its_size(void **state)
{
    (void)state;
    open_synced(fixture.path, STORE_SYNC_OFF);
    for (int i = 0; i < 5; i++) {
        insert_one_by_one(1000); /* some 4000 pages */
        assert_in_range(log_size(), 1, LOG_LIMIT + 200 * PAGE_FRAME);
    }
    assert_in_range(log_size(), LOG_LIMIT, LOG_LIMIT + 200 * PAGE_FRAME);
    close_store();
    assert_int_equal(log_size(), 0); /* the last one takes it away */
    open_synced(fixture.path, STORE_SYNC_OFF);
    assert_int_equal(store_counts(fixture.store).mt_waiting, 5000);
    close_store();
}

/* --- on the loop and on the thread --------------------------------------------------- */

#define BURSTS 200

static struct {
    int64_t number;
    int issued, answered, bursts;
} order;

static void issue_burst(void *arg);

static void on_step(enum store_status status, void *arg)
{
    assert_int_equal(status, STORE_OK);
    assert_ptr_equal(arg, (void *)(intptr_t)order.answered);
    order.answered++;
    if (order.answered < order.issued)
        return;
    if (order.bursts < BURSTS)
        loop_post(fixture.loop, issue_burst, NULL);
    else
        loop_stop(fixture.loop);
}

/* One, or many, which find the thread asleep, or keep it busy. */
static void issue_burst(void *arg)
{
    int size = order.bursts % 2 == 0 ? 1 : 40;

    (void)arg;
    order.bursts++;
    for (int i = 0; i < size; i++) {
        struct store_change change = store_change_none();

        change.attempts = order.issued;
        store_update(fixture.store, order.number, &change, on_step, (void *)(intptr_t)order.issued);
        order.issued++;
    }
}

static void on_first(enum store_status status, int64_t number, void *arg)
{
    (void)arg;
    assert_int_equal(status, STORE_OK);
    order.number = number;
    issue_burst(NULL);
}

static void on_fetched(enum store_status status, const struct store_entry *entries, size_t count,
                       void *arg)
{
    (void)arg;
    assert_int_equal(status, STORE_OK);
    assert_int_equal(count, 1);
    assert_int_equal(entries[0].attempts, order.issued - 1);
    loop_stop(fixture.loop);
}

static void few_and_many_keep_their_order(void **state)
{
    struct sms sms = sms_blank();

    (void)state;
    memset(&order, 0, sizeof order);
    open_synced(fixture.path, STORE_SYNC_OFF);
    struct message *message = message_create(&sms);
    struct store_insert first = {
        .kind = STORE_MT, .state = STATE_QUEUED, .message = message, .queue = slice_str("smsc1")};
    store_insert(fixture.store, &first, on_first, NULL);
    message_unref(message);
    wait_answer();
    assert_int_equal(order.answered, BURSTS / 2 * 41);
    store_fetch(fixture.store, STORE_MT, slice_str("smsc1"), 10, on_fetched, NULL);
    wait_answer();
    close_store();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(a_log_with_room_is_no_other_log),
        STORE_TEST(the_log_is_moved_and_keeps_its_size),
        STORE_TEST(few_and_many_keep_their_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
