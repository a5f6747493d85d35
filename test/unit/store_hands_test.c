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

#include "gwlib/log.h"
#include "test/unit/store_fixture.h"

#define MANY 5000 /* the file has to grow */

static char hands[128]; /* the file's name */

static int prepare(void **state)
{
    int result = make_folder(state);

    snprintf(hands, sizeof hands, "%s.hands", fixture.path);
    return result;
}

static struct store_insert incoming(enum store_kind kind)
{
    return (struct store_insert){.kind = kind,
                                 .state = STATE_RECEIVED,
                                 .message = make_message("456", "x"),
                                 .queue = slice_str("box")};
}

static int64_t hand_over(enum store_kind kind)
{
    struct store_insert insert = incoming(kind);
    int64_t number = insert_now(&insert);

    assert_int_equal(got_status, STORE_OK);
    message_unref(insert.message);
    store_hand_over(fixture.store, number);
    return number;
}

static void open_and_find(int64_t count)
{
    open_store();
    assert_int_equal(store_in_hands(fixture.store), count);
}

/* --- */

static void what_is_not_settled_is_known_again(void **state)
{
    int64_t numbers[5];

    (void)state;
    open_and_find(0);
    for (int i = 0; i < 5; i++)
        numbers[i] = hand_over(i % 2 == 0 ? STORE_MO : STORE_REPORT);
    store_hand_over(fixture.store, numbers[0]); /* again, to another box */
    assert_int_equal(change_state(numbers[1], STATE_HANDLED), STORE_OK);
    store_hand_settled(fixture.store, numbers[1]);
    store_hand_settled(fixture.store, numbers[1]); /* does no harm */
    assert_int_equal(change_state(numbers[2], STATE_HANDLED),
                     STORE_OK); /* and the end before that is heard of */
    assert_int_equal(change_state(numbers[4], STATE_POSTPONED), STORE_OK);
    close_store();
    open_and_find(2);
    store_hand_settled(fixture.store, numbers[3]);
    close_store();
    open_and_find(1); /* not taken by any box yet */
    close_store();
    open_and_find(1);
    store_hand_settled(fixture.store, numbers[0]);
    close_store();
    assert_int_equal(access(hands, F_OK), -1); /* nothing to tell */
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
        store_hand_over(fixture.store, *first + i);
    for (int64_t i = 0; i < MANY / 2; i++)
        store_hand_settled(fixture.store, *first + i);
    raise(SIGKILL);
}

static void hand_many_over(void)
{
    int64_t first = 0;

    open_store();
    for (int i = 0; i < MANY; i++) {
        struct store_insert insert = incoming(STORE_REPORT);

        store_insert(fixture.store, &insert, on_many_inserted, &first);
        message_unref(insert.message);
    }
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
    int fd = open(hands, O_RDWR);
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
    assert_int_equal(mkdir(hands, 0700), 0);
    open_and_find(0);
    store_hand_settled(fixture.store, hand_over(STORE_MO));
    hand_over(STORE_MO);
    close_store();
    open_and_find(0);
    close_store();
}

#define HANDS_TEST(name) cmocka_unit_test_setup_teardown(name, prepare, remove_folder)

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
