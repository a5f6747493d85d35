/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What boxes have in their hands, through store.h: known again after an orderly
 * end, a kill, and an end between the commit and its answer.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "gw/store/store.h"
#include "gwlib/log.h"

#define DEADLINE_MS 60000
#define MANY        5000 /* the file has to grow */

static struct {
    char folder[64], path[96], hands[128];
    struct loop *loop;
    struct loop_timer *deadline;
    struct store *store;
    int64_t number;
    enum store_status status;
} f;

static void on_deadline(void *arg)
{
    (void)arg;
    fail_msg("no answer in time");
}

static void open_store(void)
{
    struct store_options options = {.path = f.path, .history_s = 3600};
    struct bytes error = {0};

    f.loop = loop_create();
    f.deadline = loop_timer_create(f.loop, on_deadline, NULL);
    f.store = store_open(f.loop, &options, &error);
    if (f.store == NULL)
        fail_msg("%s", bytes_str(&error));
    bytes_free(&error);
}

static void close_store(void)
{
    store_close(f.store);
    loop_timer_free(f.deadline);
    loop_destroy(f.loop);
}

static int make_folder(void **state)
{
    (void)state;
    snprintf(f.folder, sizeof f.folder, "/tmp/hands-test-XXXXXX");
    assert_non_null(mkdtemp(f.folder));
    snprintf(f.path, sizeof f.path, "%s/kannel.store", f.folder);
    snprintf(f.hands, sizeof f.hands, "%s.hands", f.path);
    return 0;
}

static int remove_folder(void **state)
{
    char command[128];

    (void)state;
    snprintf(command, sizeof command, "rm -rf '%s'", f.folder);
    return system(command);
}

static void wait_answer(void)
{
    loop_timer_set(f.deadline, DEADLINE_MS);
    loop_run(f.loop);
    loop_timer_cancel(f.deadline);
}

static void on_inserted(enum store_status status, int64_t number, void *arg)
{
    (void)arg;
    assert_int_equal(status, STORE_OK);
    f.number = number;
    loop_stop(f.loop);
}

static void insert(enum store_kind kind, store_inserted_fn *done, void *arg)
{
    struct sms sms = sms_blank();
    struct store_insert insert = {.kind = kind, .state = STATE_RECEIVED, .queue = slice_str("box")};

    sms.sender = slice_str("123");
    sms.receiver = slice_str("456");
    sms.msgdata = slice_str("x");
    sms.id = uuid_generate();
    insert.message = message_create(&sms);
    store_insert(f.store, &insert, done, arg);
    message_unref(insert.message);
}

static int64_t hand_over(enum store_kind kind)
{
    insert(kind, on_inserted, NULL);
    wait_answer();
    store_hand_over(f.store, f.number);
    return f.number;
}

static void on_updated(enum store_status status, void *arg)
{
    (void)arg;
    f.status = status;
    loop_stop(f.loop);
}

static void change_to(int64_t number, enum message_state state)
{
    struct store_change change = store_change_none();

    change.state = state;
    store_update(f.store, number, &change, on_updated, NULL);
    wait_answer();
    assert_int_equal(f.status, STORE_OK);
}

static void open_and_find(int64_t count)
{
    open_store();
    assert_int_equal(store_in_hands(f.store), count);
}

/* --- */

static void what_is_not_settled_is_known_again(void **state)
{
    int64_t numbers[5];

    (void)state;
    open_and_find(0);
    for (int i = 0; i < 5; i++)
        numbers[i] = hand_over(i % 2 == 0 ? STORE_MO : STORE_REPORT);
    store_hand_over(f.store, numbers[0]); /* again, to another box */
    change_to(numbers[1], STATE_HANDLED);
    store_hand_settled(f.store, numbers[1]);
    store_hand_settled(f.store, numbers[1]); /* does no harm */
    change_to(numbers[2], STATE_HANDLED);    /* and the end before that is heard of */
    change_to(numbers[4], STATE_POSTPONED);
    close_store();
    open_and_find(2);
    store_hand_settled(f.store, numbers[3]);
    close_store();
    open_and_find(1); /* not taken by any box yet */
    close_store();
    open_and_find(1);
    store_hand_settled(f.store, numbers[0]);
    close_store();
    assert_int_equal(access(f.hands, F_OK), -1); /* nothing to tell */
    open_and_find(0);
    close_store();
}

static void on_many_inserted(enum store_status status, int64_t number, void *arg)
{
    int64_t *first = arg;

    if (*first == 0)
        *first = number;
    if (status != STORE_OK || number != *first + MANY - 1)
        return;
    for (int64_t i = 0; i < MANY; i++)
        store_hand_over(f.store, *first + i);
    for (int64_t i = 0; i < MANY / 2; i++)
        store_hand_settled(f.store, *first + i);
    raise(SIGKILL);
}

static void hand_many_over(void)
{
    int64_t first = 0;

    open_store();
    for (int i = 0; i < MANY; i++)
        insert(STORE_REPORT, on_many_inserted, &first);
    wait_answer();
    _exit(1);
}

static void it_outlasts_a_kill(void **state)
{
    int status;
    pid_t pid = fork();

    (void)state;
    assert_true(pid >= 0);
    if (pid == 0)
        hand_many_over();
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    open_and_find(MANY - MANY / 2);
    close_store();
}

/* Whatever stands in the file: numbers of entries that wait, or nothing. */
static void a_strange_file_does_no_harm(void **state)
{
    (void)state;
    open_store();
    int64_t number = hand_over(STORE_MO);
    close_store();
    int fd = open(f.hands, O_RDWR);
    assert_true(fd >= 0);
    int64_t twice[] = {number, -1, INT64_MAX, number};
    assert_int_equal(pwrite(fd, twice, sizeof twice, 800), sizeof twice);
    open_and_find(1);
    close_store();
    assert_int_equal(pwrite(fd, "garbage", 7, 0), 7);
    open_and_find(0);
    hand_over(STORE_MO);
    close_store();
    open_and_find(1);
    close_store();
    assert_int_equal(ftruncate(fd, 100), 0);
    open_and_find(0);
    hand_over(STORE_MO);
    close_store();
    open_and_find(1);
    close_store();
    close(fd);
}

static void without_the_file_messages_go_on(void **state)
{
    (void)state;
    assert_int_equal(mkdir(f.hands, 0700), 0);
    open_and_find(0);
    store_hand_settled(f.store, hand_over(STORE_MO));
    hand_over(STORE_MO);
    close_store();
    open_and_find(0);
    close_store();
}

#define HANDS_TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        HANDS_TEST(what_is_not_settled_is_known_again),
        HANDS_TEST(it_outlasts_a_kill),
        HANDS_TEST(a_strange_file_does_no_harm),
        HANDS_TEST(without_the_file_messages_go_on),
    };
    log_set_stderr_level(LOG_LEVEL_PANIC);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
