/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lanes on a store in memory: the window, the order, refilling, what comes back
 * and what becomes due.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "gw/bearerbox/lane.h"
#include "gwlib/clock.h"

#define DEADLINE_MS 20000

struct world {
    struct loop *loop;
    struct store *store;
    struct lanes *lanes;
    struct loop_timer *deadline;
    struct lane *lane;
    bool wake_on_fill;
};

static void too_late(void *arg)
{
    (void)arg;
    fail_msg("waited too long");
}

static void filled(struct lane *lane, void *arg)
{
    struct world *world = arg;

    (void)lane;
    if (world->wake_on_fill)
        loop_stop(world->loop);
}

static int set_up(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    struct store_options options = {.path = NULL, .history_s = 3600};
    struct lanes_user user = {NULL, filled, world};
    struct bytes error = {0};

    world->loop = loop_create();
    world->store = store_open(world->loop, &options, &error);
    assert_non_null(world->store);
    world->lanes = lanes_create(world->loop, world->store);
    lanes_set_user(world->lanes, STORE_MT, &user);
    lanes_start(world->lanes);
    world->deadline = loop_timer_create(world->loop, too_late, world);
    loop_timer_set(world->deadline, DEADLINE_MS);
    world->lane = lane_get(world->lanes, STORE_MT, slice_str("a;b!"));
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;

    loop_timer_free(world->deadline);
    store_close(world->store);
    lanes_free(world->lanes);
    loop_destroy(world->loop);
    free(world);
    return 0;
}

static struct message *message_with(const char *text, int priority)
{
    struct sms sms = sms_blank();

    sms.sender = slice_str("1");
    sms.receiver = slice_str("2");
    sms.msgdata = slice_str(text);
    sms.priority = priority;
    sms.id = uuid_generate();
    return message_create(&sms);
}

struct insertion {
    struct world *world;
    struct message *message;
};

static void stored(enum store_status status, int64_t number, void *arg)
{
    struct insertion *insertion = arg;
    struct world *world = insertion->world;

    assert_int_equal(status, STORE_OK);
    lane_offer(world->lane, number, insertion->message);
    message_unref(insertion->message);
    free(insertion);
}

static void stop_when_all(enum store_status status, const struct store_entry *entries, size_t count,
                          void *arg)
{
    struct world *world = arg;

    (void)status;
    (void)entries;
    (void)count;
    loop_stop(world->loop);
}

/* Runs until all operations issued so far are answered. */
static void settle(struct world *world)
{
    store_list_live(world->store, 0, stop_when_all, world);
    loop_run(world->loop);
}

static void put(struct world *world, const char *text, int priority, enum message_state state,
                int64_t due_ms)
{
    struct insertion *insertion = calloc(1, sizeof *insertion);
    struct store_insert insert = {
        .kind = STORE_MT, .state = state, .queue = slice_str("a;b!"), .due_ms = due_ms};

    insertion->world = world;
    insertion->message = message_with(text, priority);
    insert.message = insertion->message;
    store_insert(world->store, &insert, stored, insertion);
}

static struct lane_item *expect_next(struct world *world, const char *text)
{
    struct lane_item *item = lane_take(world->lane);

    assert_non_null(item);
    assert_true(slice_equal_str(message_sms(item->message)->msgdata, text));
    return item;
}

/* As a connection that was handed the message and is done with it. */
static void finish(struct world *world, struct lane_item *item)
{
    struct store_change change = store_change_none();

    change.state = STATE_SENDING;
    store_update(world->store, item->number, &change, NULL, NULL);
    change.state = STATE_ACCEPTED;
    store_update(world->store, item->number, &change, NULL, NULL);
    lane_drop(item);
}

static void higher_priority_and_age_go_first(void **state)
{
    struct world *world = *state;

    put(world, "first", -1, STATE_QUEUED, 0);
    put(world, "high", 3, STATE_QUEUED, 0);
    put(world, "second", 0, STATE_QUEUED, 0);
    put(world, "low", 1, STATE_QUEUED, 0);
    settle(world);
    assert_int_equal(lane_waiting(world->lane), 4);
    finish(world, expect_next(world, "high"));
    finish(world, expect_next(world, "low"));
    finish(world, expect_next(world, "first"));
    finish(world, expect_next(world, "second"));
    assert_null(lane_take(world->lane));
}

static void what_comes_back_goes_before_what_is_younger(void **state)
{
    struct world *world = *state;
    struct lane_item *item;

    put(world, "old", 0, STATE_QUEUED, 0);
    put(world, "young", 0, STATE_QUEUED, 0);
    settle(world);
    item = expect_next(world, "old");
    lane_give_back(item);
    finish(world, expect_next(world, "old"));
    finish(world, expect_next(world, "young"));
}

static void memory_holds_a_window_and_every_message_comes_once(void **state)
{
    enum { COUNT = 3 * LANE_WINDOW + 17 };
    struct world *world = *state;
    static bool seen[COUNT];
    int taken = 0;

    for (int i = 0; i < COUNT; i++) {
        char text[16];

        snprintf(text, sizeof text, "%d", i);
        put(world, text, 0, STATE_QUEUED, 0);
    }
    settle(world);
    assert_int_equal(lane_waiting(world->lane), COUNT);
    world->wake_on_fill = true;
    while (taken < COUNT) {
        struct lane_item *item = lane_take(world->lane);
        long number;

        if (item == NULL) {
            loop_run(world->loop); /* until more was fetched */
            continue;
        }
        assert_true(slice_to_number(message_sms(item->message)->msgdata, 0, COUNT - 1, &number));
        assert_false(seen[number]);
        assert_int_equal(number, taken); /* in order of age */
        seen[number] = true;
        taken++;
        finish(world, item);
    }
    world->wake_on_fill = false;
    settle(world);
    assert_null(lane_take(world->lane));
    assert_int_equal(lane_waiting(world->lane), 0);
}

/* What is urgent does not wait until a full window is emptied: it may be the only
 * one that may go. The window stays one, and nothing is lost of what makes room. */
static void what_is_urgent_passes_a_full_window(void **state)
{
    enum { COMMON = 2 * LANE_WINDOW, URGENT = LANE_WINDOW + 5 };
    struct world *world = *state;
    struct lane_item *item;
    int common = 0, urgent = 0;

    for (int i = 0; i < COMMON; i++)
        put(world, "common", 0, STATE_QUEUED, 0);
    settle(world);
    for (int i = 0; i < URGENT; i++)
        put(world, "urgent", 2, STATE_QUEUED, 0);
    settle(world);
    assert_int_equal(lane_waiting(world->lane), COMMON + URGENT);
    assert_true(slice_equal_str(message_sms(lane_head(world->lane)->message)->msgdata, "urgent"));
    world->wake_on_fill = true;
    while (common + urgent < COMMON + URGENT) {
        item = lane_take(world->lane);
        if (item == NULL) {
            loop_run(world->loop);
            continue;
        }
        if (message_sms(item->message)->priority == 2) {
            assert_int_equal(common, 0);
            urgent++;
        } else {
            common++;
        }
        finish(world, item);
    }
    world->wake_on_fill = false;
    settle(world);
    assert_null(lane_take(world->lane));
    assert_int_equal(lane_waiting(world->lane), 0);
    assert_int_equal(urgent, URGENT);
}

static void what_is_urgent_and_becomes_due_passes_it_too(void **state)
{
    struct world *world = *state;
    int64_t due = clock_wall_ms() + 50;

    for (int i = 0; i < 2 * LANE_WINDOW; i++)
        put(world, "common", 0, STATE_QUEUED, 0);
    settle(world);
    struct store_insert insert = {
        .kind = STORE_MT, .state = STATE_DEFERRED, .queue = slice_str("a;b!"), .due_ms = due};
    insert.message = message_with("urgent", 2);
    store_insert(world->store, &insert, NULL, NULL);
    message_unref(insert.message);
    lanes_due_at(world->lanes, due);
    world->wake_on_fill = true;
    loop_run(world->loop);
    world->wake_on_fill = false;
    finish(world, expect_next(world, "urgent"));
    assert_int_equal(lane_waiting(world->lane), 2 * LANE_WINDOW);
}

static void a_deferred_message_is_woken_when_it_is_due(void **state)
{
    struct world *world = *state;
    int64_t due = clock_wall_ms() + 300;
    struct store_insert insert = {
        .kind = STORE_MT, .state = STATE_DEFERRED, .queue = slice_str("a;b!"), .due_ms = due};

    insert.message = message_with("later", 0);
    store_insert(world->store, &insert, NULL, NULL);
    message_unref(insert.message);
    lanes_due_at(world->lanes, due);
    settle(world);
    assert_null(lane_take(world->lane));
    world->wake_on_fill = true;
    loop_run(world->loop);
    assert_true(clock_wall_ms() >= due);
    finish(world, expect_next(world, "later"));
}

static void cancel(struct world *world, int64_t number)
{
    struct store_change change = store_change_none();

    change.state = STATE_CANCELLED;
    store_update(world->store, number, &change, NULL, NULL);
}

static void what_waits_can_be_withdrawn_and_what_is_taken_not(void **state)
{
    struct world *world = *state;
    struct message *any = message_with("any", 0);
    struct lane_item *first, *second;
    int64_t last;

    for (int i = 0; i < 4; i++)
        put(world,
            i == 0   ? "first"
            : i == 1 ? "second"
            : i == 2 ? "third"
                     : "last",
            0, STATE_QUEUED, 0);
    settle(world);
    first = expect_next(world, "first");
    second = expect_next(world, "second");
    last = second->number + 2;
    assert_true(lane_withdraw(world->lane, last, any, true, false));
    cancel(world, last);
    assert_false(lane_withdraw(world->lane, first->number, any, true, false));
    lane_give_back(first); /* it was left alone */
    first = expect_next(world, "first");
    assert_true(lane_withdraw(world->lane, second->number, any, true, true));
    cancel(world, second->number);
    lane_give_back(second); /* but nobody gets it any more */
    finish(world, first);
    finish(world, expect_next(world, "third"));
    assert_null(lane_take(world->lane));
    put(world, "later", 0, STATE_QUEUED, 0);
    settle(world);
    finish(world, expect_next(world, "later"));
    message_unref(any);
}

static void a_fetch_under_way_does_not_bring_what_was_withdrawn(void **state)
{
    enum { COUNT = LANE_WINDOW + 300 };
    struct world *world = *state;
    struct message *any = message_with("any", 0);
    struct lane_item *item;
    int64_t first = 0;
    int taken = 0;

    for (int i = 0; i < COUNT; i++)
        put(world, "x", 0, STATE_QUEUED, 0);
    settle(world);
    for (; taken < LANE_WINDOW; taken++) { /* low: a fetch is issued on the way */
        item = lane_take(world->lane);
        first = first == 0 ? item->number : first;
        finish(world, item);
    }
    assert_true(lane_withdraw(world->lane, first + COUNT - 1, any, true, false));
    cancel(world, first + COUNT - 1);
    settle(world);
    while ((item = lane_take(world->lane)) != NULL) {
        assert_true(item->number < first + COUNT - 1);
        taken++;
        finish(world, item);
        settle(world);
    }
    assert_int_equal(taken, COUNT - 1);
    assert_int_equal(lane_waiting(world->lane), 0);
    message_unref(any);
}

static void what_moves_keeps_its_progress(void **state)
{
    struct world *world = *state;
    struct lane *other = lane_get(world->lanes, STORE_MT, slice_str("c"));
    struct store_change change = store_change_none();
    struct lane_item *item;

    put(world, "mover", 0, STATE_QUEUED, 0);
    settle(world);
    item = expect_next(world, "mover");
    item->attempts = 3;
    item->parts = 5;
    item->parts_sent = 2;
    item->reference = 77;
    change.queue = slice_str("c");
    store_update(world->store, item->number, &change, NULL, NULL);
    lane_move(item, other);
    assert_null(lane_take(world->lane));
    item = lane_take(other);
    assert_non_null(item);
    assert_ptr_equal(item->lane, other);
    assert_int_equal(item->attempts, 3);
    assert_int_equal(item->parts, 5);
    assert_int_equal(item->parts_sent, 2);
    assert_int_equal(item->reference, 77);
    finish(world, item);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(higher_priority_and_age_go_first, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_comes_back_goes_before_what_is_younger, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(memory_holds_a_window_and_every_message_comes_once, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_is_urgent_passes_a_full_window, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_urgent_and_becomes_due_passes_it_too, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_deferred_message_is_woken_when_it_is_due, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_waits_can_be_withdrawn_and_what_is_taken_not, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_fetch_under_way_does_not_bring_what_was_withdrawn, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_moves_keeps_its_progress, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
