/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gw/store: what is in the store survives a reopening and a kill -9, comes back
 * in the right order, changes only as the states allow, and one bad operation
 * or a file that cannot be written loses nothing that was answered with OK.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "gw/msg/frame.h"
#include "gwlib/log.h"
#include "test/unit/store_fixture.h"

/* --- every field comes back -------------------------------------------------- */

static void every_field_survives_a_reopening(void **state)
{
    struct sms sms = sms_blank();
    int filled = 1;

    (void)state;
    /* Each string another kind of octets; numbers all different. */
    static const struct slice octets[] = {
        {(const unsigned char *)"plain", 5},       {(const unsigned char *)"", 0},
        {(const unsigned char *)"\0zero", 5},      {(const unsigned char *)"\xff\xfe", 2},
        {(const unsigned char *)"J\xc3\xb6rg", 5}, {(const unsigned char *)"12345", 5},
    };
#define FRAME(name, type)
#define END_FRAME(name)
#define INTEGER(name)  sms.name = filled++;
#define MOMENT(name)   sms.name = 5000000000 + filled++;
#define STRING(name)   sms.name = octets[filled++ % 6];
#define IDENTITY(name) sms.name = uuid_generate();
#include "gw/msg/sms_frame.def"
#undef INTEGER
#undef MOMENT
#undef STRING
#undef IDENTITY
    open_store();
    for (int coding = -1; coding <= 2; coding++) {
        sms.coding = coding;
        sms.id = uuid_generate();
        struct message *message = message_create(&sms);
        struct store_insert insert = mt(message, STATE_QUEUED);
        insert_now(&insert);
        assert_int_equal(got_status, STORE_OK);
        message_unref(message);
    }
    close_store();
    open_store();
    assert_int_equal(fetch("smsc1", 10), 4);
    const struct sms *back = got_sms(3);
#define INTEGER(name) assert_int_equal(back->name, sms.name);
#define MOMENT(name)  assert_int_equal(back->name, sms.name);
#define STRING(name)                                                                               \
    assert_true(slice_is_set(back->name));                                                         \
    assert_true(slice_equal(back->name, sms.name));
#define IDENTITY(name) assert_true(uuid_equal(&back->name, &sms.name));
#include "gw/msg/sms_frame.def"
    for (int i = 0; i < 4; i++) {
        assert_int_equal(got_sms((size_t)i)->coding, i - 1);
        assert_true(slice_equal(got_sms((size_t)i)->msgdata, sms.msgdata));
    }
    forget_entries();
    close_store();
}

static void unset_stays_unset(void **state)
{
    struct sms sms = sms_blank();

    (void)state;
    open_store();
    struct message *message = message_create(&sms);
    struct store_insert insert = {.kind = STORE_MO, .state = STATE_RECEIVED, .message = message};
    insert_now(&insert);
    assert_int_equal(got_status, STORE_OK);
    message_unref(message);
    store_fetch(fixture.store, STORE_MO, slice_unset(), 10, on_entries, NULL);
    wait_answer();
    assert_int_equal(got_count, 1);
    const struct sms *back = got_sms(0);
#undef INTEGER
#undef MOMENT
#undef STRING
#undef IDENTITY
#define INTEGER(name)  assert_int_equal(back->name, SMS_UNSET);
#define MOMENT(name)   assert_int_equal(back->name, SMS_UNSET);
#define STRING(name)   assert_false(slice_is_set(back->name));
#define IDENTITY(name) assert_true(uuid_is_nil(&back->name));
#include "gw/msg/sms_frame.def"
    assert_true(slice_is_empty(got[0].queue));
    assert_false(slice_is_set(got[0].link));
    assert_false(slice_is_set(got[0].foreign_id));
    forget_entries();
    close_store();
}

/* --- the entry and its changes ------------------------------------------------ */

static void changes_survive_a_reopening(void **state)
{
    struct store_change change = store_change_none();

    (void)state;
    open_store();
    int64_t number = insert_text("358401", STATE_QUEUED);
    change.state = STATE_DEFERRED;
    change.attempts = 3;
    change.due_ms = 2000000000000;
    change.queue = slice_str("smsc2");
    change.link = slice_str("link2");
    change.foreign_id = slice_str("f-1");
    change.error = slice_str("no route");
    change.parts = 4;
    change.parts_sent = 2;
    change.reference = 77;
    assert_int_equal(update_now(number, &change), STORE_OK);
    close_store();
    open_store();
    assert_int_equal(list_state(STORE_MT, STATE_DEFERRED), 1);
    const struct store_entry *entry = &got[0];
    assert_int_equal(entry->number, number);
    assert_int_equal(entry->kind, STORE_MT);
    assert_int_equal(entry->state, STATE_DEFERRED);
    assert_int_equal(entry->attempts, 3);
    assert_int_equal(entry->due_ms, 2000000000000);
    assert_int_equal(entry->parts, 4);
    assert_int_equal(entry->parts_sent, 2);
    assert_int_equal(entry->reference, 77);
    assert_true(entry->accepted_ms > 1700000000000);
    assert_true(entry->changed_ms >= entry->accepted_ms);
    assert_true(slice_equal_str(got_sms(0)->foreign_id, "f-1"));
    forget_entries();
    close_store();
}

static void forbidden_changes_are_refused(void **state)
{
    struct store_change change = store_change_none();

    (void)state;
    open_store();
    int64_t number = insert_text("358401", STATE_SENDING);
    assert_int_equal(change_state(number, STATE_RECEIVED), STORE_MISSING);
    assert_int_equal(change_state(number, STATE_ACCEPTED), STORE_OK);
    assert_int_equal(change_state(number, STATE_QUEUED), STORE_MISSING);
    assert_int_equal(change_state(number + 1, STATE_SENT), STORE_MISSING);
    change.error = slice_str("note"); /* not a change of state */
    assert_int_equal(update_now(number, &change), STORE_OK);
    assert_int_equal(list_state(STORE_MT, STATE_ACCEPTED), 1);
    forget_entries();
    close_store();
}

static void duplicates_are_refused(void **state)
{
    struct message *message = make_message("358401", "hello");
    struct sms other = *message_sms(message);

    (void)state;
    open_store();
    struct store_insert insert = mt(message, STATE_SENDING);
    int64_t number = insert_now(&insert);
    assert_int_equal(got_status, STORE_OK);
    assert_int_equal(change_state(number, STATE_ACCEPTED), STORE_OK);
    assert_int_equal(insert_now(&insert), 0);
    assert_int_equal(got_status, STORE_DUPLICATE);

    other.receiver = slice_str("358402"); /* one request to several */
    struct message *second = message_create(&other);
    insert.message = second;
    insert_now(&insert);
    assert_int_equal(got_status, STORE_OK);

    insert.message = message;
    insert.refuse_duplicate = false;
    insert_now(&insert);
    assert_int_equal(got_status, STORE_OK);

    other.id = (struct uuid){{0}}; /* nil: stands for none */
    struct message *nil = message_create(&other);
    insert = mt(nil, STATE_QUEUED);
    for (int i = 0; i < 2; i++) {
        insert_now(&insert);
        assert_int_equal(got_status, STORE_OK);
    }
    close_store();
    open_store(); /* the same after a restart */
    insert = mt(message, STATE_QUEUED);
    insert_now(&insert);
    assert_int_equal(got_status, STORE_DUPLICATE);
    message_unref(message);
    message_unref(second);
    message_unref(nil);
    close_store();
}

/* --- order ---------------------------------------------------------------------- */

static void fetch_goes_by_priority_then_age(void **state)
{
    static const int priorities[] = {-1, 0, 3, 0, 3, 1};
    static const char *const order[] = {"2", "4", "5", "1", "3", "0"};

    (void)state;
    open_store();
    for (int i = 0; i < 6; i++) {
        char receiver[2] = {(char)('0' + i), '\0'};
        struct sms sms = sms_blank();

        sms.receiver = slice_str(receiver);
        sms.priority = priorities[i];
        struct message *message = message_create(&sms);
        struct store_insert insert = mt(message, STATE_QUEUED);
        insert_now(&insert);
        message_unref(message);
    }
    insert_text("other", STATE_SENDING); /* does not wait */
    assert_int_equal(fetch("smsc1", 10), 6);
    for (size_t i = 0; i < 6; i++)
        assert_true(slice_equal_str(got_sms(i)->receiver, order[i]));
    assert_int_equal(fetch("smsc1", 2), 2);
    assert_true(slice_equal_str(got_sms(1)->receiver, "4"));
    assert_int_equal(fetch("smsc2", 2), 0);
    forget_entries();
    close_store();
}

/* --- ripening ------------------------------------------------------------------- */

static struct {
    char queue[16];
    enum store_kind kind;
    int64_t entries;
} ripe[4];
static size_t ripe_count;
static int64_t ripe_next;

static void on_ripe(const struct store_ripe *queues, size_t count, int64_t next_due_ms, void *arg)
{
    (void)arg;
    assert_true(count <= 4);
    for (size_t i = 0; i < count; i++) {
        snprintf(ripe[i].queue, sizeof ripe[i].queue, "%.*s", (int)queues[i].queue.len,
                 (const char *)queues[i].queue.data);
        ripe[i].kind = queues[i].kind;
        ripe[i].entries = queues[i].entries;
    }
    ripe_count = count;
    ripe_next = next_due_ms;
    loop_stop(fixture.loop);
}

static void ripen(int64_t now_ms)
{
    store_ripen(fixture.store, now_ms, on_ripe, NULL);
    wait_answer();
}

static void due_entries_ripen(void **state)
{
    struct message *message = make_message("1", "x");
    struct store_insert insert = mt(message, STATE_DEFERRED);
    struct store_change postpone = store_change_none();

    (void)state;
    open_store();
    insert.refuse_duplicate = false;
    for (int i = 0; i < 3; i++) {
        insert.due_ms = 1000 + i * 1000;
        insert_now(&insert);
    }
    insert.kind = STORE_MO;
    insert.state = STATE_RECEIVED;
    insert.queue = slice_str("box");
    int64_t mo = insert_now(&insert);
    postpone.state = STATE_POSTPONED;
    postpone.due_ms = 1500;
    assert_int_equal(update_now(mo, &postpone), STORE_OK);
    message_unref(message);

    ripen(999);
    assert_int_equal(ripe_count, 0);
    assert_int_equal(ripe_next, 1000);
    ripen(2000);
    assert_int_equal(ripe_count, 2);
    assert_string_equal(ripe[0].queue, "smsc1");
    assert_int_equal(ripe[0].kind, STORE_MT);
    assert_int_equal(ripe[0].entries, 2);
    assert_string_equal(ripe[1].queue, "box");
    assert_int_equal(ripe[1].kind, STORE_MO);
    assert_int_equal(ripe[1].entries, 1);
    assert_int_equal(ripe_next, 3000);
    assert_int_equal(store_counts(fixture.store).mt_waiting, 3);
    assert_int_equal(store_counts(fixture.store).mo_waiting, 1);
    assert_int_equal(fetch("smsc1", 10), 2);
    ripen(3000);
    assert_int_equal(ripe_next, 0);
    forget_entries();
    close_store();
}

/* --- finding --------------------------------------------------------------------- */

static void reports_find_their_message(void **state)
{
    struct store_change sent = store_change_none();
    int64_t numbers[3];

    (void)state;
    open_store();
    sent.state = STATE_SENT;
    sent.link = slice_str("modem");
    sent.foreign_id = slice_str("17");
    for (int i = 0; i < 3; i++) {
        numbers[i] = insert_text("358401", STATE_SENDING);
        if (i == 2)
            sent.foreign_id = slice_str("18");
        assert_int_equal(update_now(numbers[i], &sent), STORE_OK);
    }
    store_find_sent(fixture.store, slice_str("modem"), slice_str("17"), on_entries, NULL);
    wait_answer();
    assert_int_equal(got_count, 2); /* newest first */
    assert_int_equal(got[0].number, numbers[1]);
    assert_int_equal(got[1].number, numbers[0]);
    struct uuid id = got_sms(0)->id;
    assert_int_equal(change_state(numbers[1], STATE_DELIVERED), STORE_OK);
    store_find_sent(fixture.store, slice_str("modem"), slice_str("17"), on_entries, NULL);
    wait_answer();
    assert_int_equal(got_count, 1);
    store_find_sent(fixture.store, slice_str("other"), slice_str("17"), on_entries, NULL);
    wait_answer();
    assert_int_equal(got_count, 0);

    store_find_id(fixture.store, &id, on_entries, NULL);
    wait_answer();
    assert_int_equal(got_count, 0); /* final */
    store_list_live(fixture.store, 64, on_entries, NULL);
    wait_answer();
    assert_int_equal(got_count, 2);
    id = got_sms(1)->id;
    store_find_id(fixture.store, &id, on_entries, NULL);
    wait_answer();
    assert_int_equal(got_count, 1);
    assert_int_equal(got[0].number, numbers[2]);
    forget_entries();
    close_store();
}

static void live_entries_are_listed_by_age(void **state)
{
    static const enum message_state states[] = {STATE_QUEUED, STATE_SENDING, STATE_FAILED,
                                                STATE_DEFERRED, STATE_SENDING};
    (void)state;
    open_store();
    for (int i = 0; i < 5; i++)
        insert_text("358401", states[i]);
    store_list_live(fixture.store, 3, on_entries, NULL);
    wait_answer();
    assert_int_equal(got_count, 3);
    assert_int_equal(got[0].state, STATE_QUEUED);
    assert_int_equal(got[1].state, STATE_SENDING);
    assert_int_equal(got[2].state, STATE_DEFERRED);
    for (int i = 0; i < 5; i++)
        assert_int_equal(list_state(STORE_MT, states[i]), states[i] == STATE_SENDING ? 2 : 1);
    forget_entries();
    close_store();
}

/* --- counts, survey, recovery ------------------------------------------------------ */

static void assert_counts(int64_t live, int64_t mt_waiting, int64_t mo_waiting, int64_t awaited)
{
    struct store_counts counts = store_counts(fixture.store);

    assert_int_equal(counts.live, live);
    assert_int_equal(counts.mt_waiting, mt_waiting);
    assert_int_equal(counts.mo_waiting, mo_waiting);
    assert_int_equal(counts.reports_awaited, awaited);
}

static void counts_follow_and_are_found_again(void **state)
{
    struct message *message = make_message("1", "x");
    struct store_insert mo = {.kind = STORE_MO, .state = STATE_RECEIVING, .message = message};

    (void)state;
    open_store();
    assert_counts(0, 0, 0, 0);
    insert_text("1", STATE_QUEUED);
    int64_t sent = insert_text("2", STATE_SENDING);
    insert_text("3", STATE_FAILED);
    insert_now(&mo);
    mo.state = STATE_RECEIVED;
    mo.queue = slice_str("box");
    insert_now(&mo);
    message_unref(message);
    assert_counts(4, 2, 1, 0);
    assert_int_equal(change_state(sent, STATE_SENT), STORE_OK);
    assert_counts(3, 1, 1, 1);
    close_store();
    open_store();
    assert_counts(3, 1, 1, 1);
    size_t count;
    const struct store_queue *queues = store_queues(fixture.store, &count);
    assert_int_equal(count, 2);
    assert_string_equal(queues[0].queue, "smsc1");
    assert_int_equal(queues[0].waiting, 1);
    assert_string_equal(queues[1].queue, "box");
    assert_int_equal(queues[1].kind, STORE_MO);
    close_store();
}

static void what_was_sending_is_uncertain(void **state)
{
    (void)state;
    open_store();
    insert_text("1", STATE_SENDING);
    insert_text("2", STATE_QUEUED);
    close_store();
    open_store();
    assert_int_equal(store_uncertain(fixture.store), 1);
    assert_counts(2, 2, 0, 0);
    assert_int_equal(fetch("smsc1", 10), 2);
    assert_true(slice_equal_str(got_sms(0)->receiver, "1"));
    assert_int_equal(got[0].attempts, 1);
    forget_entries();
    close_store();
    open_store();
    assert_int_equal(store_uncertain(fixture.store), 0);
    close_store();
}

static void numbers_are_never_given_twice(void **state)
{
    (void)state;
    open_store_with(0); /* finished entries go at once */
    int64_t first = insert_text("1", STATE_SENDING);
    assert_int_equal(change_state(first, STATE_ACCEPTED), STORE_OK);
    assert_int_equal(list_state(STORE_MT, STATE_ACCEPTED), 0);
    close_store();
    open_store_with(0);
    assert_true(insert_text("2", STATE_QUEUED) > first);
    close_store();
}

/* --- many at once -------------------------------------------------------------------- */

static int expected[4], answered;

static void on_batch_inserted(enum store_status status, int64_t number, void *arg)
{
    (void)number;
    assert_int_equal(*(int *)arg, answered++); /* in the order of issue */
    expected[*(int *)arg] = (int)status;
    if (answered == 4)
        loop_stop(fixture.loop);
}

static void one_bad_operation_spoils_nothing(void **state)
{
    static int order[4] = {0, 1, 2, 3};
    struct message *a = make_message("1", "x"), *b = make_message("2", "x");
    struct store_insert first = mt(a, STATE_QUEUED), second = mt(b, STATE_QUEUED);
    struct store_change change = store_change_none();

    (void)state;
    open_store();
    answered = 0;
    change.state = STATE_SENT;
    store_insert(fixture.store, &first, on_batch_inserted, &order[0]);
    store_insert(fixture.store, &first, on_batch_inserted, &order[1]); /* duplicate in one batch */
    store_update(fixture.store, 4711, &change, NULL, NULL);            /* not there */
    store_insert(fixture.store, &second, on_batch_inserted, &order[2]);
    store_insert(fixture.store, &second, on_batch_inserted, &order[3]);
    wait_answer();
    assert_int_equal(expected[0], STORE_OK);
    assert_int_equal(expected[1], STORE_DUPLICATE);
    assert_int_equal(expected[2], STORE_OK);
    assert_int_equal(expected[3], STORE_DUPLICATE);
    message_unref(a);
    message_unref(b);
    assert_int_equal(fetch("smsc1", 10), 2);
    forget_entries();
    close_store();
}

static int64_t closing_answers;

static void on_closing(enum store_status status, int64_t number, void *arg)
{
    (void)number;
    assert_int_equal(status, STORE_OK);
    closing_answers++;
    if (arg != NULL) /* an answer that issues another operation */
        store_insert(fixture.store, arg, on_closing, NULL);
}

static void close_carries_out_what_was_issued(void **state)
{
    struct message *message = make_message("1", "x");
    struct store_insert insert = mt(message, STATE_QUEUED);

    (void)state;
    open_store();
    insert.refuse_duplicate = false;
    closing_answers = 0;
    for (int i = 0; i < 10; i++)
        store_insert(fixture.store, &insert, on_closing, i == 0 ? &insert : NULL);
    close_store();
    assert_int_equal(closing_answers, 11);
    open_store();
    assert_int_equal(fetch("smsc1", 20), 11);
    forget_entries();
    message_unref(message);
    close_store();
}

/* --- kill -9 -------------------------------------------------------------------------- */

struct shared {
    volatile int64_t pairs; /* answered with OK */
};

static struct shared *shared;

static void on_child_inserted(enum store_status status, int64_t number, void *arg)
{
    (void)number;
    (void)arg;
    if (status == STORE_OK)
        shared->pairs++;
}

static void insert_pairs(void *arg)
{
    struct message *message = make_message("1", "x"), *other = make_message("2", "x");
    struct store_insert insert = mt(message, STATE_QUEUED);

    (void)arg;
    insert.refuse_duplicate = false;
    store_insert(fixture.store, &insert, NULL, NULL); /* both or none: from one callback */
    insert.message = other;
    store_insert(fixture.store, &insert, on_child_inserted, NULL);
    message_unref(message);
    message_unref(other);
    loop_post(fixture.loop, insert_pairs, NULL);
}

/* ?1 in the question is the text. */
static int64_t count_rows(sqlite3 *db, const char *question, const char *text)
{
    sqlite3_stmt *statement;

    assert_int_equal(sqlite3_prepare_v2(db, question, -1, &statement, NULL), SQLITE_OK);
    sqlite3_bind_text(statement, 1, text, -1, SQLITE_STATIC);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    int64_t count = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return count;
}

static int64_t count_receiver(sqlite3 *db, const char *receiver)
{
    return count_rows(db, "SELECT count(*) FROM message WHERE receiver = ?1", receiver);
}

static void killed_in_the_middle(void **state)
{
    sqlite3 *db;
    int status;

    (void)state;
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(shared != MAP_FAILED);
    for (int round = 0; round < 5; round++) {
        int64_t wanted = shared->pairs + 200 + 97 * round;
        pid_t pid = fork();

        assert_true(pid >= 0);
        if (pid == 0) {
            log_set_stderr_level(LOG_LEVEL_PANIC);
            open_store();
            loop_post(fixture.loop, insert_pairs, NULL);
            loop_run(fixture.loop);
            _exit(0);
        }
        for (int i = 0; shared->pairs < wanted && i < 20000; i++)
            usleep(1000);
        assert_true(shared->pairs >= wanted);
        kill(pid, SIGKILL);
        assert_int_equal(waitpid(pid, &status, 0), pid);

        assert_int_equal(sqlite3_open(fixture.path, &db), SQLITE_OK);
        int64_t ones = count_receiver(db, "1"), twos = count_receiver(db, "2");
        sqlite3_close(db);
        assert_true(ones >= shared->pairs);
        assert_int_equal(ones, twos);
        shared->pairs = ones;
    }
    munmap(shared, sizeof *shared);
}

/* --- a file that cannot be written ------------------------------------------------------ */

static struct rlimit file_limit;

/* No octet beyond what the log has now: writes answer EFBIG. */
static void forbid_growth(void)
{
    struct rlimit none = {.rlim_cur = 1, .rlim_max = RLIM_INFINITY};

    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &file_limit), 0);
    none.rlim_max = file_limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
}

static void on_health_tick(void *arg)
{
    struct loop_timer **timer = arg;

    if (store_health(fixture.store) == NULL)
        loop_stop(fixture.loop);
    else
        loop_timer_set(*timer, 20);
}

static void what_must_be_known_outlasts_the_trouble(void **state)
{
    struct message *message = make_message("1", "x");
    struct store_insert insert = mt(message, STATE_SENDING);
    struct store_change change = store_change_none();
    int64_t number;

    (void)state;
    open_store();
    number = insert_now(&insert);
    forbid_growth();
    change.state = STATE_EXPIRED; /* may be tried again by who asks */
    assert_int_equal(update_now(number, &change), STORE_FAILED);
    change.state = STATE_ACCEPTED;
    change.keep_trying = true;
    store_update(fixture.store, number, &change, on_done, NULL);
    insert.state = STATE_QUEUED;
    insert.refuse_duplicate = false;
    assert_int_equal(insert_now(&insert), 0); /* only this is answered */
    assert_int_equal(got_status, STORE_FAILED);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &file_limit), 0);
    wait_answer();
    assert_int_equal(got_status, STORE_OK);
    assert_int_equal(list_state(STORE_MT, STATE_ACCEPTED), 1);
    forget_entries();
    message_unref(message);
    close_store();
}

static void full_disk_is_told_and_ends(void **state)
{
    struct message *message = make_message("1", "x");
    struct store_insert insert = mt(message, STATE_QUEUED);

    (void)state;
    open_store();
    insert.refuse_duplicate = false;
    insert_now(&insert);
    assert_null(store_health(fixture.store));
    forbid_growth();
    assert_int_equal(insert_now(&insert), 0);
    assert_int_equal(got_status, STORE_FAILED);
    assert_non_null(store_health(fixture.store));
    assert_counts(1, 1, 0, 0);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &file_limit), 0);

    struct loop_timer *tick; /* it recovers without being asked anything */
    tick = loop_timer_create(fixture.loop, on_health_tick, &tick);
    loop_timer_set(tick, 20);
    wait_answer();
    loop_timer_free(tick);
    assert_true(insert_now(&insert) > 0);
    assert_counts(2, 2, 0, 0);
    assert_int_equal(fetch("smsc1", 10), 2);
    forget_entries();
    message_unref(message);
    close_store();
}

/* --- history ------------------------------------------------------------------------------ */

static int64_t rows_where(const char *condition, const char *text)
{
    char question[120];
    sqlite3 *db;

    snprintf(question, sizeof question, "SELECT count(*) FROM message WHERE %s", condition);
    assert_int_equal(sqlite3_open(fixture.path, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 5000);
    int64_t count = count_rows(db, question, text);
    sqlite3_close(db);
    return count;
}

static int64_t rows_now(void)
{
    return rows_where("receiver = ?1", "1");
}

static void on_rows_tick(void *arg)
{
    struct loop_timer **timer = arg;

    if (rows_now() == 1)
        loop_stop(fixture.loop);
    else
        loop_timer_set(*timer, 50);
}

static void finished_entries_are_pruned(void **state)
{
    struct message *message = make_message("1", "x");
    struct store_insert insert = mt(message, STATE_ACCEPTED);

    (void)state;
    open_store_with(1);
    insert.refuse_duplicate = false;
    for (int i = 0; i < 1200; i++)
        store_insert(fixture.store, &insert, NULL, NULL);
    insert.state = STATE_QUEUED;
    insert_now(&insert);
    assert_int_equal(rows_now(), 1201);
    struct loop_timer *tick;
    tick = loop_timer_create(fixture.loop, on_rows_tick, &tick);
    loop_timer_set(tick, 50);
    wait_answer();
    loop_timer_free(tick);
    assert_int_equal(fetch("smsc1", 10), 1);
    forget_entries();
    message_unref(message);
    close_store();
}

/* --- reports that never come ------------------------------------------------------------------ */

static void on_awaiting_tick(void *arg)
{
    struct loop_timer **timer = arg;

    if (rows_where("state = (SELECT number FROM state WHERE name = ?1)", "sent") == 0)
        loop_stop(fixture.loop);
    else
        loop_timer_set(*timer, 50);
}

static void wait_until_none_is_awaited(void)
{
    struct loop_timer *tick;

    tick = loop_timer_create(fixture.loop, on_awaiting_tick, &tick);
    loop_timer_set(tick, 50);
    wait_answer();
    loop_timer_free(tick);
}

static void reports_are_not_waited_for_for_ever(void **state)
{
    struct store_options options = {.path = fixture.path, .history_s = 3600, .await_s = 1};

    (void)state;
    open_store_as(&options);
    int64_t waiting = insert_text("1", STATE_QUEUED);
    for (int i = 0; i < 600; i++)
        insert_text("2", STATE_SENT);
    insert_text("3", STATE_DELIVERED);
    assert_int_equal(change_state(waiting, STATE_SENDING), STORE_OK);
    wait_until_none_is_awaited();
    assert_int_equal(list_state(STORE_MT, STATE_ACCEPTED), 64); /* no more are asked for */
    assert_counts(1, 1, 0, 0);
    assert_int_equal(rows_where("error = ?1", "its report never came"), 600);
    assert_int_equal(list_state(STORE_MT, STATE_DELIVERED), 1);
    assert_int_equal(change_state(got[0].number, STATE_DELIVERED), STORE_OK);
    forget_entries();
    close_store();
}

static void without_a_history_they_are_gone(void **state)
{
    struct store_options options = {.path = fixture.path, .await_s = 1};

    (void)state;
    open_store_as(&options);
    for (int i = 0; i < 3; i++)
        insert_text("1", STATE_SENT);
    wait_until_none_is_awaited();
    assert_int_equal(rows_now(), 0);
    close_store();
}

/* --- opening -------------------------------------------------------------------------------- */

static void assert_refused(const char *expected_text)
{
    struct store_options options = {.path = fixture.path, .history_s = 0};
    struct bytes error = {0};
    struct loop *loop = loop_create();

    assert_null(store_open(loop, &options, &error));
    if (strstr(bytes_str(&error), expected_text) == NULL)
        fail_msg("%s", bytes_str(&error));
    bytes_free(&error);
    loop_destroy(loop);
}

static void second_bearerbox_is_refused(void **state)
{
    char holder[32];

    (void)state;
    open_store();
    snprintf(holder, sizeof holder, "process %ld", (long)getpid());
    assert_refused(holder);
    close_store();
    open_store();
    close_store();
}

static void write_file(const void *data, size_t len)
{
    FILE *file = fopen(fixture.path, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, len, file), len);
    fclose(file);
}

static void foreign_files_are_refused(void **state)
{
    sqlite3 *db;
    struct stat before, after;

    (void)state;
    write_file("# Kannel configuration\n", 23);
    assert_int_equal(stat(fixture.path, &before), 0);
    assert_refused("neither a message store nor");
    assert_int_equal(stat(fixture.path, &after), 0);
    assert_int_equal(before.st_size, after.st_size);
    assert_int_equal(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);

    unlink(fixture.path);
    assert_int_equal(sqlite3_open(fixture.path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "CREATE TABLE t(a)", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    assert_refused("another program");

    unlink(fixture.path);
    open_store();
    close_store();
    assert_int_equal(sqlite3_open(fixture.path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "PRAGMA user_version = 99", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    assert_refused("newer version");

    unlink(fixture.path);
    assert_int_equal(mkdir(fixture.path, 0700), 0);
    assert_refused("not a file");
    rmdir(fixture.path);
}

/* A field that a later version of the protocol has is added to an older file. */
static void missing_columns_are_added(void **state)
{
    sqlite3 *db;

    (void)state;
    open_store();
    insert_text("1", STATE_QUEUED);
    close_store();
    assert_int_equal(sqlite3_open(fixture.path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db,
                                  "DROP VIEW queue; DROP VIEW awaited; DROP VIEW history;"
                                  "DROP VIEW message; DROP VIEW unmatched; DROP VIEW parts;"
                                  "ALTER TABLE content DROP COLUMN meta_data",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    sqlite3_close(db);
    open_store();
    assert_int_equal(fetch("smsc1", 10), 1);
    assert_false(slice_is_set(got_sms(0)->meta_data));
    forget_entries();
    close_store();
}

static void people_can_read_the_views(void **state)
{
    sqlite3 *db;
    sqlite3_stmt *statement;

    (void)state;
    open_store();
    insert_text("358401", STATE_QUEUED);
    insert_text("358402", STATE_FAILED);
    assert_int_equal(sqlite3_open(fixture.path, &db), SQLITE_OK); /* while it runs */
    assert_int_equal(sqlite3_prepare_v2(
                         db, "SELECT state, receiver, text, kind, length(id), accepted FROM queue",
                         -1, &statement, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    assert_string_equal((const char *)sqlite3_column_text(statement, 0), "queued");
    assert_string_equal((const char *)sqlite3_column_text(statement, 1), "358401");
    assert_string_equal((const char *)sqlite3_column_text(statement, 2), "hello");
    assert_string_equal((const char *)sqlite3_column_text(statement, 3), "mt");
    assert_int_equal(sqlite3_column_int(statement, 4), UUID_TEXT_LEN);
    assert_int_equal(strlen((const char *)sqlite3_column_text(statement, 5)), 19);
    assert_int_equal(sqlite3_step(statement), SQLITE_DONE);
    sqlite3_finalize(statement);
    assert_int_equal(sqlite3_prepare_v2(db, "SELECT receiver FROM history", -1, &statement, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    assert_string_equal((const char *)sqlite3_column_text(statement, 0), "358402");
    sqlite3_finalize(statement);
    sqlite3_close(db);
    close_store();
}

static void in_memory_only(void **state)
{
    struct store_options options = {.path = NULL, .history_s = 60};

    (void)state;
    open_store_as(&options);
    insert_text("1", STATE_QUEUED);
    assert_int_equal(fetch("smsc1", 10), 1);
    forget_entries();
    close_store();
    assert_int_equal(rmdir(fixture.folder), 0); /* nothing was left there */
    assert_int_equal(mkdir(fixture.folder, 0700), 0);
}

/* --- taking over from Kannel ------------------------------------------------------------------ */

static void append_sms(struct bytes *file, const char *receiver, int type, struct uuid *id)
{
    struct frame frame = {.type = FRAME_sms, .u.sms = sms_blank()};

    *id = uuid_generate();
    frame.u.sms.receiver = slice_str(receiver);
    frame.u.sms.msgdata = slice_str("waiting");
    frame.u.sms.sms_type = type;
    frame.u.sms.id = *id;
    frame_pack(file, &frame);
}

static void kannels_store_is_taken_over(void **state)
{
    struct bytes file = {0};
    struct uuid ids[4];
    char command[160];

    (void)state;
    append_sms(&file, "1", SMS_MT_PUSH, &ids[0]);
    append_sms(&file, "2", SMS_MT_PUSH, &ids[1]);
    append_sms(&file, "3", SMS_MO, &ids[2]);
    append_sms(&file, "4", SMS_REPORT_MO, &ids[3]);
    struct frame ack = {.type = FRAME_ack, .u.ack = {.nack = 0, .time = 1, .id = ids[0]}};
    frame_pack(&file, &ack);
    size_t whole = file.len;
    append_sms(&file, "5", SMS_MT_PUSH, &ids[0]);
    bytes_truncate(&file, whole + 50); /* Kannel was killed */
    write_file(file.data, file.len);
    bytes_free(&file);

    open_store();
    assert_counts(3, 1, 2, 0);
    assert_int_equal(fetch("", 10), 1);
    assert_true(slice_equal_str(got_sms(0)->receiver, "2"));
    assert_true(slice_equal_str(got_sms(0)->msgdata, "waiting"));
    assert_true(uuid_equal(&got_sms(0)->id, &ids[1]));
    assert_int_equal(list_state(STORE_REPORT, STATE_RECEIVED), 1);
    forget_entries();
    close_store();
    open_store(); /* it is ours now */
    assert_counts(3, 1, 2, 0);
    close_store();
    snprintf(command, sizeof command, "test -s %s.kannel-*", fixture.path);
    assert_int_equal(system(command), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(every_field_survives_a_reopening),
        STORE_TEST(unset_stays_unset),
        STORE_TEST(changes_survive_a_reopening),
        STORE_TEST(forbidden_changes_are_refused),
        STORE_TEST(duplicates_are_refused),
        STORE_TEST(fetch_goes_by_priority_then_age),
        STORE_TEST(due_entries_ripen),
        STORE_TEST(reports_find_their_message),
        STORE_TEST(live_entries_are_listed_by_age),
        STORE_TEST(counts_follow_and_are_found_again),
        STORE_TEST(what_was_sending_is_uncertain),
        STORE_TEST(numbers_are_never_given_twice),
        STORE_TEST(one_bad_operation_spoils_nothing),
        STORE_TEST(close_carries_out_what_was_issued),
        STORE_TEST(killed_in_the_middle),
        STORE_TEST(what_must_be_known_outlasts_the_trouble),
        STORE_TEST(full_disk_is_told_and_ends),
        STORE_TEST(finished_entries_are_pruned),
        STORE_TEST(reports_are_not_waited_for_for_ever),
        STORE_TEST(without_a_history_they_are_gone),
        STORE_TEST(second_bearerbox_is_refused),
        STORE_TEST(foreign_files_are_refused),
        STORE_TEST(missing_columns_are_added),
        STORE_TEST(people_can_read_the_views),
        STORE_TEST(in_memory_only),
        STORE_TEST(kannels_store_is_taken_over),
    };
    log_set_stderr_level(LOG_LEVEL_PANIC);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
