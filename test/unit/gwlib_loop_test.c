/* SPDX-License-Identifier: Apache-2.0 */
/* The event loop: order of the mailbox under many threads, rounds, timers,
 * signals, and that nothing that was posted is lost at the end. */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "gwlib/loop.h"
#include "gwlib/memory.h"

#define POSTERS 4
#define POSTS   20000

static struct loop *loop;
static struct loop_timer *watchdog;

static void too_late(void *arg)
{
    (void)arg;
    fail_msg("the loop did not come to an end in time");
}

static int make_loop(void **state)
{
    (void)state;
    loop = loop_create();
    watchdog = loop_timer_create(loop, too_late, NULL);
    loop_timer_set(watchdog, 30000);
    return 0;
}

static int end_loop(void **state)
{
    (void)state;
    loop_timer_free(watchdog);
    loop_destroy(loop);
    return 0;
}

static void stop(void *arg)
{
    (void)arg;
    loop_stop(loop);
}

/* --- mailbox ------------------------------------------------------------- */

struct poster {
    pthread_t thread;
    int number;
    int next; /* expected from this thread */
};

struct post {
    struct poster *poster;
    int sequence;
};

static pthread_t loop_thread;
static int posts_seen;

static void post_arrived(void *arg)
{
    struct post *post = arg;

    assert_true(pthread_equal(pthread_self(), loop_thread));
    assert_int_equal(post->sequence, post->poster->next);
    post->poster->next++;
    free(post);
    if (++posts_seen == POSTERS * POSTS)
        loop_stop(loop);
}

static void *post_many(void *arg)
{
    struct poster *poster = arg;
    int i;

    for (i = 0; i < POSTS; i++) {
        struct post *post = memory_alloc(sizeof(*post));

        *post = (struct post){poster, i};
        loop_post(loop, post_arrived, post);
        if (i % 1000 == 0)
            sched_yield();
    }
    return NULL;
}

static void threads_post_in_order(void **state)
{
    struct poster posters[POSTERS] = {0};
    int i;

    (void)state;
    loop_thread = pthread_self();
    posts_seen = 0;
    for (i = 0; i < POSTERS; i++)
        assert_int_equal(pthread_create(&posters[i].thread, NULL, post_many, &posters[i]), 0);
    loop_run(loop);
    for (i = 0; i < POSTERS; i++) {
        pthread_join(posters[i].thread, NULL);
        assert_int_equal(posters[i].next, POSTS);
    }
}

static char names[] = "abc";
static char order[16];
static size_t order_len;

static void note(void *arg)
{
    order[order_len++] = *(const char *)arg;
    order[order_len] = '\0';
}

static void note_and_post(void *arg)
{
    note(arg);
    loop_post(loop, note, &names[2]);
    loop_post(loop, stop, NULL);
}

static void a_post_from_a_callback_waits(void **state)
{
    (void)state;
    order_len = 0;
    loop_post(loop, note_and_post, &names[0]);
    loop_post(loop, note, &names[1]);
    assert_int_equal(order_len, 0);
    loop_run(loop);
    assert_string_equal(order, "abc");
}

static int self_posts;

static void post_itself(void *arg)
{
    self_posts++;
    loop_post(loop, post_itself, arg);
}

/* Timers get their turn though the mailbox is never empty. */
static void a_full_mailbox_starves_nobody(void **state)
{
    struct loop_timer *timer = loop_timer_create(loop, stop, NULL);

    (void)state;
    self_posts = 0;
    loop_post(loop, post_itself, NULL);
    loop_timer_set(timer, 20);
    loop_run(loop);
    assert_true(self_posts > 1);
    loop_timer_free(timer);
}

static void count(void *arg)
{
    ++*(int *)arg;
}

static void post_count(void *arg)
{
    loop_post(loop, count, arg);
}

static void what_was_posted_runs_at_the_end(void **state)
{
    int counted = 0;

    (void)state;
    loop = loop_create();
    loop_post(loop, count, &counted);
    loop_post(loop, post_count, &counted);
    loop_destroy(loop);
    assert_int_equal(counted, 2);
}

static void stopping_before_running_is_not_forgotten(void **state)
{
    (void)state;
    loop_stop(loop);
    loop_run(loop);
}

static void *stop_from_thread(void *arg)
{
    (void)arg;
    loop_stop(loop);
    return NULL;
}

static void any_thread_stops(void **state)
{
    pthread_t thread;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, stop_from_thread, NULL), 0);
    loop_run(loop);
    pthread_join(thread, NULL);
}

/* --- timers -------------------------------------------------------------- */

struct timed {
    struct loop_timer *timer;
    int64_t due;
    int fired;
};

static void timed_fired(void *arg)
{
    struct timed *timed = arg;

    assert_true(loop_now(loop) >= timed->due);
    timed->fired++;
}

static void timers_keep_order_and_time(void **state)
{
    struct timed timed[3] = {0};
    struct loop_timer *last = loop_timer_create(loop, stop, NULL);
    int i;

    (void)state;
    for (i = 0; i < 3; i++) {
        timed[i].timer = loop_timer_create(loop, timed_fired, &timed[i]);
        timed[i].due = loop_now(loop) + 5 + 7 * i;
        loop_timer_set(timed[i].timer, 5 + 7 * i);
    }
    loop_timer_cancel(timed[1].timer);
    loop_timer_set(timed[2].timer, 1000000);
    timed[2].due = loop_now(loop) + 40; /* setting again moves it */
    loop_timer_set(timed[2].timer, 40);
    loop_timer_set(last, 60);
    loop_run(loop);
    assert_int_equal(timed[0].fired, 1);
    assert_int_equal(timed[1].fired, 0);
    assert_int_equal(timed[2].fired, 1);
    for (i = 0; i < 3; i++)
        loop_timer_free(timed[i].timer);
    loop_timer_free(last);
}

static void set_again_then_free(void *arg)
{
    struct timed *timed = arg;

    if (++timed->fired < 3) {
        loop_timer_set(timed->timer, 0);
        return;
    }
    loop_timer_free(timed->timer);
    loop_stop(loop);
}

static void a_timer_may_be_set_and_freed_inside_itself(void **state)
{
    struct timed timed = {0};

    (void)state;
    timed.timer = loop_timer_create(loop, set_again_then_free, &timed);
    loop_timer_set(timed.timer, -1);
    assert_int_equal(timed.fired, 0);
    loop_run(loop);
    assert_int_equal(timed.fired, 3);
    loop_timer_free(NULL);
}

/* --- signals ------------------------------------------------------------- */

static int signals_seen;

static void signal_seen(int signal_number, void *arg)
{
    assert_int_equal(signal_number, SIGUSR1);
    assert_ptr_equal(arg, &signals_seen);
    if (++signals_seen == 2)
        loop_stop(loop);
    else
        kill(getpid(), SIGUSR1);
}

static void signals_arrive_on_the_loop(void **state)
{
    (void)state;
    signals_seen = 0;
    loop_on_signal(loop, SIGUSR1, signal_seen, &signals_seen);
    kill(getpid(), SIGUSR1);
    loop_run(loop);
    assert_int_equal(signals_seen, 2);
}

static void a_broken_pipe_is_no_signal(void **state)
{
    struct sigaction action;

    (void)state;
    sigaction(SIGPIPE, NULL, &action);
    assert_true(action.sa_handler == SIG_IGN);
}

/* --- endings ------------------------------------------------------------- */

static void endings_run_once_and_only_when_there(void **state)
{
    int ended[3] = {0};
    struct loop_ending endings[3];
    int i;

    (void)state;
    loop = loop_create();
    for (i = 0; i < 3; i++) {
        endings[i] = (struct loop_ending){.fn = count, .arg = &ended[i]};
        loop_ending_add(loop, &endings[i]);
    }
    loop_ending_remove(&endings[1]);
    loop_ending_remove(&endings[1]);
    loop_destroy(loop);
    assert_int_equal(ended[0], 1);
    assert_int_equal(ended[1], 0);
    assert_int_equal(ended[2], 1);
}

#define LOOP_TEST(f) cmocka_unit_test_setup_teardown(f, make_loop, end_loop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LOOP_TEST(threads_post_in_order),
        LOOP_TEST(a_post_from_a_callback_waits),
        LOOP_TEST(a_full_mailbox_starves_nobody),
        cmocka_unit_test(what_was_posted_runs_at_the_end),
        LOOP_TEST(stopping_before_running_is_not_forgotten),
        LOOP_TEST(any_thread_stops),
        LOOP_TEST(timers_keep_order_and_time),
        LOOP_TEST(a_timer_may_be_set_and_freed_inside_itself),
        LOOP_TEST(signals_arrive_on_the_loop),
        LOOP_TEST(a_broken_pipe_is_no_signal),
        cmocka_unit_test(endings_run_once_and_only_when_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
