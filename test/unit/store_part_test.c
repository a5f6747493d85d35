/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gw/store/part: a report about any part of a long message finds its message; and
 * what stands aside, reports without a message and messages that nobody took, is
 * counted and kept.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "gw/store/store.h"

/* --- a store to play with ----------------------------------------------- */

#define DEADLINE_MS 20000

struct fixture {
    char folder[64];
    char path[96];
    struct loop *loop;
    struct loop_timer *deadline;
    struct store *store;
};

static struct fixture f;

static void on_deadline(void *arg)
{
    (void)arg;
    fail_msg("no answer in %d ms", DEADLINE_MS);
}

static void open_store_with(int64_t history_s)
{
    struct store_options options = {.path = f.path, .history_s = history_s};
    struct bytes error = {0};

    f.loop = loop_create();
    f.deadline = loop_timer_create(f.loop, on_deadline, NULL);
    f.store = store_open(f.loop, &options, &error);
    if (f.store == NULL)
        fail_msg("%s", bytes_str(&error));
}

static void open_store(void)
{
    open_store_with(3600);
}

static void close_store(void)
{
    store_close(f.store);
    loop_timer_free(f.deadline);
    loop_destroy(f.loop);
    f.store = NULL;
}

static int make_folder(void **state)
{
    (void)state;
    memset(&f, 0, sizeof f);
    snprintf(f.folder, sizeof f.folder, "/tmp/store-test-XXXXXX");
    assert_non_null(mkdtemp(f.folder));
    snprintf(f.path, sizeof f.path, "%s/kannel.store", f.folder);
    return 0;
}

static int remove_folder(void **state)
{
    char command[128];

    (void)state;
    snprintf(command, sizeof command, "rm -rf '%s'", f.folder);
    return system(command);
}

/* Runs the loop until the answer that says loop_stop(). */
static void wait_answer(void)
{
    loop_timer_set(f.deadline, DEADLINE_MS);
    loop_run(f.loop);
    loop_timer_cancel(f.deadline);
}

/* --- messages -------------------------------------------------------------- */

static struct message *make_message(const char *receiver, const char *text)
{
    struct sms sms = sms_blank();

    sms.sender = slice_str("123");
    sms.receiver = slice_str(receiver);
    sms.msgdata = slice_str(text);
    sms.sms_type = SMS_MT_PUSH;
    sms.id = uuid_generate();
    sms.time = 1795225562;
    struct message *message = message_create(&sms);
    return message;
}

static struct store_insert mt(struct message *message, enum message_state state)
{
    return (struct store_insert){.kind = STORE_MT,
                                 .state = state,
                                 .message = message,
                                 .queue = slice_str("smsc1"),
                                 .refuse_duplicate = true};
}

/* --- one operation at a time ------------------------------------------------ */

static enum store_status got_status;
static int64_t got_number;

static void on_inserted(enum store_status status, int64_t number, void *arg)
{
    (void)arg;
    got_status = status;
    got_number = number;
    loop_stop(f.loop);
}

static int64_t insert_now(const struct store_insert *insert)
{
    store_insert(f.store, insert, on_inserted, NULL);
    wait_answer();
    return got_number;
}

static int64_t insert_text(const char *receiver, enum message_state state)
{
    struct message *message = make_message(receiver, "hello");
    struct store_insert insert = mt(message, state);
    int64_t number = insert_now(&insert);

    assert_int_equal(got_status, STORE_OK);
    message_unref(message);
    return number;
}

static void on_done(enum store_status status, void *arg)
{
    (void)arg;
    got_status = status;
    loop_stop(f.loop);
}

static enum store_status update_now(int64_t number, const struct store_change *change)
{
    store_update(f.store, number, change, on_done, NULL);
    wait_answer();
    return got_status;
}

static enum store_status change_state(int64_t number, enum message_state state)
{
    struct store_change change = store_change_none();

    change.state = state;
    return update_now(number, &change);
}

/* What a question answered, with references of our own on the messages. */
static struct store_entry got[64];
static size_t got_count;

static void forget_entries(void)
{
    for (size_t i = 0; i < got_count; i++)
        message_unref(got[i].message);
    got_count = 0;
}

static void on_entries(enum store_status status, const struct store_entry *entries, size_t count,
                       void *arg)
{
    (void)arg;
    forget_entries();
    got_status = status;
    assert_true(count <= 64);
    for (size_t i = 0; i < count; i++) {
        got[i] = entries[i];
        message_ref(got[i].message);
    }
    got_count = count;
    loop_stop(f.loop);
}

static size_t list_state(enum store_kind kind, enum message_state state)
{
    store_list(f.store, kind, state, 64, on_entries, NULL);
    wait_answer();
    assert_int_equal(got_status, STORE_OK);
    return got_count;
}

static const struct sms *got_sms(size_t i)
{
    return message_sms(got[i].message);
}

/* --- long messages ----------------------------------------------------------------- */

static void note_part(int64_t number, int part, const char *foreign_id)
{
    struct store_change change = store_change_none();

    change.part = part;
    change.part_id = slice_str(foreign_id);
    change.parts = 3;
    change.parts_sent = part;
    if (part == 1)
        change.foreign_id = change.part_id;
    if (part == 3)
        change.state = STATE_SENT;
    assert_int_equal(update_now(number, &change), STORE_OK);
}

static void part_becomes(int64_t number, int part, enum message_state state, bool buffered)
{
    struct store_change change = store_change_none();

    change.part = part;
    change.part_state = state;
    change.part_buffered = buffered;
    assert_int_equal(update_now(number, &change), STORE_OK);
}

static size_t find(const char *link, const char *foreign_id)
{
    store_find_sent(f.store, slice_str(link), slice_str(foreign_id), on_entries, NULL);
    wait_answer();
    assert_int_equal(got_status, STORE_OK);
    return got_count;
}

static int64_t send_over(const char *link)
{
    struct store_change change = store_change_none();
    int64_t number = insert_text("358401", STATE_SENDING);

    change.link = slice_str(link);
    assert_int_equal(update_now(number, &change), STORE_OK);
    return number;
}

static void each_part_finds_its_message(void **state)
{
    (void)state;
    open_store();
    int64_t number = send_over("modem");
    note_part(number, 1, "17");
    note_part(number, 2, "18");
    assert_int_equal(find("modem", "18"), 1); /* while the others are still being sent */
    note_part(number, 3, "19");
    part_becomes(number, 2, STATE_DELIVERED, false);
    part_becomes(number, 3, 0, true);
    close_store();
    open_store();
    for (int part = 1; part <= 3; part++) {
        const char *ids[] = {"17", "18", "19"};

        assert_int_equal(find("modem", ids[part - 1]), 1);
        assert_int_equal(got[0].number, number);
        assert_int_equal(got[0].state, STATE_SENT);
        assert_int_equal(got[0].parts, 3);
        assert_int_equal(got[0].of_parts.part, part);
        assert_int_equal(got[0].of_parts.state, part == 2 ? STATE_DELIVERED : STATE_SENT);
        assert_int_equal(got[0].of_parts.delivered, 1);
        assert_int_equal(got[0].of_parts.failed, 0);
        assert_true(got[0].of_parts.buffered);
    }
    assert_int_equal(find("other", "18"), 0);
    part_becomes(number, 1, STATE_FAILED, false);
    assert_int_equal(change_state(number, STATE_FAILED), STORE_OK);
    assert_int_equal(find("modem", "19"), 1); /* its end does not make strangers of the rest */
    assert_int_equal(got[0].state, STATE_FAILED);
    assert_int_equal(got[0].of_parts.failed, 1);
    forget_entries();
    close_store();
}

/* Where references come again, and over whom the first part went does not matter
 * when the rest goes over another connection. */
static void parts_and_whole_messages_stand_by_age(void **state)
{
    struct store_change other = store_change_none();

    (void)state;
    open_store();
    int64_t oldest = send_over("modem");
    note_part(oldest, 1, "17");
    other.link = slice_str("second");
    assert_int_equal(update_now(oldest, &other), STORE_OK);
    note_part(oldest, 2, "40");
    note_part(oldest, 3, "41");
    int64_t middle = send_over("modem");
    struct store_change sent = store_change_none();
    sent.state = STATE_SENT;
    sent.foreign_id = slice_str("17");
    assert_int_equal(update_now(middle, &sent), STORE_OK);
    int64_t newest = send_over("modem");
    note_part(newest, 1, "16");
    note_part(newest, 2, "17");
    assert_int_equal(find("modem", "17"), 3);
    assert_int_equal(got[0].number, newest);
    assert_int_equal(got[0].of_parts.part, 2);
    assert_int_equal(got[1].number, middle);
    assert_int_equal(got[1].of_parts.part, 0);
    assert_int_equal(got[2].number, oldest);
    assert_int_equal(got[2].of_parts.part, 1);
    assert_int_equal(find("second", "17"), 0); /* not by the id of another connection */
    assert_int_equal(find("second", "40"), 1);
    note_part(newest, 1, "90"); /* sent anew from the start */
    assert_int_equal(find("modem", "17"), 2);
    forget_entries();
    close_store();
}

static void parts_end_with_their_message(void **state)
{
    (void)state;
    open_store_with(0);
    int64_t number = send_over("modem");
    note_part(number, 1, "17");
    note_part(number, 2, "18");
    assert_int_equal(find("modem", "18"), 1);
    assert_int_equal(change_state(number, STATE_DELIVERED), STORE_OK);
    assert_int_equal(find("modem", "18"), 0);
    forget_entries();
    close_store();
}

/* --- reports without a message, messages without a taker ------------------------------ */

static void unmatched_and_dead_are_counted(void **state)
{
    (void)state;
    open_store_with(0);
    struct message *message = make_message("358401", "id:77 stat:DELIVRD");
    struct store_insert report = {.kind = STORE_REPORT,
                                  .state = STATE_UNMATCHED,
                                  .message = message,
                                  .link = slice_str("modem")};
    int64_t number = insert_now(&report);
    assert_int_equal(got_status, STORE_OK);
    report.state = STATE_RECEIVED;
    int64_t waiting = insert_now(&report);
    assert_int_equal(change_state(waiting, STATE_DEAD), STORE_OK);
    assert_int_equal(store_counts(f.store).unmatched, 1);
    close_store();
    open_store_with(0); /* no history: what was given up stays all the same */
    struct store_counts counts = store_counts(f.store);
    assert_int_equal(counts.unmatched, 1);
    assert_int_equal(counts.dead, 1);
    assert_int_equal(counts.live, 0);
    assert_int_equal(counts.mo_waiting, 0);
    assert_int_equal(list_state(STORE_REPORT, STATE_DEAD), 1);
    assert_int_equal(got[0].number, waiting);
    assert_int_equal(list_state(STORE_REPORT, STATE_UNMATCHED), 1);
    assert_int_equal(got[0].number, number);
    assert_true(slice_equal_str(got_sms(0)->msgdata, "id:77 stat:DELIVRD"));
    store_list_live(f.store, 64, on_entries, NULL);
    wait_answer();
    assert_int_equal(got_count, 0);
    assert_int_equal(change_state(number, STATE_MATCHED), STORE_OK);
    assert_int_equal(store_counts(f.store).unmatched, 0);
    forget_entries();
    message_unref(message);
    close_store();
}

/* A file from before there were parts. */
static void an_older_file_gets_its_parts(void **state)
{
    sqlite3 *db;

    (void)state;
    open_store();
    int64_t number = insert_text("358401", STATE_SENDING);
    close_store();
    assert_int_equal(sqlite3_open(f.path, &db), SQLITE_OK);
    assert_int_equal(
        sqlite3_exec(db,
                     "DROP VIEW parts; DROP VIEW unmatched; DROP TABLE part;"
                     "DROP INDEX entry_live; DROP INDEX entry_sent; DROP INDEX entry_due;"
                     "CREATE INDEX entry_waiting ON entry(state, kind, queue, priority DESC)"
                     " WHERE state IN (10, 21);"
                     "CREATE INDEX entry_due ON entry(due_ms, state, kind, queue)"
                     " WHERE state IN (11, 22);"
                     "CREATE INDEX entry_in_hand ON entry(state)"
                     " WHERE (state = 12 OR state = 14 OR state = 20);"
                     "CREATE INDEX entry_sent ON entry(link, foreign_id, state)"
                     " WHERE (state = 13 OR (state = 12 AND foreign_id IS NOT NULL));"
                     "PRAGMA user_version = 1",
                     NULL, NULL, NULL),
        SQLITE_OK);
    sqlite3_close(db);
    open_store();
    struct store_change again = store_change_none();
    again.state = STATE_SENDING;
    again.link = slice_str("modem");
    assert_int_equal(update_now(number, &again), STORE_OK);
    note_part(number, 1, "17");
    assert_int_equal(find("modem", "17"), 1);
    forget_entries();
    close_store();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_part_finds_its_message, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(parts_and_whole_messages_stand_by_age, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(parts_end_with_their_message, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(unmatched_and_dead_are_counted, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(an_older_file_gets_its_parts, make_folder, remove_folder),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
