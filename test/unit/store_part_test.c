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

#include "test/unit/store_fixture.h"

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
    store_find_sent(fixture.store, slice_str(link), slice_str(foreign_id), on_entries, NULL);
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
    assert_int_equal(store_counts(fixture.store).unmatched, 1);
    close_store();
    open_store_with(0); /* no history: what was given up stays all the same */
    struct store_counts counts = store_counts(fixture.store);
    assert_int_equal(counts.unmatched, 1);
    assert_int_equal(counts.dead, 1);
    assert_int_equal(counts.live, 0);
    assert_int_equal(counts.mo_waiting, 0);
    assert_int_equal(list_state(STORE_REPORT, STATE_DEAD), 1);
    assert_int_equal(got[0].number, waiting);
    assert_int_equal(list_state(STORE_REPORT, STATE_UNMATCHED), 1);
    assert_int_equal(got[0].number, number);
    assert_true(slice_equal_str(got_sms(0)->msgdata, "id:77 stat:DELIVRD"));
    store_list_live(fixture.store, 64, on_entries, NULL);
    wait_answer();
    assert_int_equal(got_count, 0);
    assert_int_equal(change_state(number, STATE_MATCHED), STORE_OK);
    assert_int_equal(store_counts(fixture.store).unmatched, 0);
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
    assert_int_equal(sqlite3_open(fixture.path, &db), SQLITE_OK);
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
        STORE_TEST(each_part_finds_its_message),  STORE_TEST(parts_and_whole_messages_stand_by_age),
        STORE_TEST(parts_end_with_their_message), STORE_TEST(unmatched_and_dead_are_counted),
        STORE_TEST(an_older_file_gets_its_parts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
