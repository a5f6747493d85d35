/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The event loop: see loop.h; libevent does the work.
 *
 * The mailbox is an array that threads append to under a lock. Whoever makes it
 * non-empty sets a timer event of 0 s, which libevent allows from any thread and
 * which wakes the loop; until the loop takes the array away, further posts only
 * append. So a batch costs one wake-up, and what is posted while a batch runs
 * waits for the next round, in which files and timers get their turn as well.
 *
 * libevent's own clock is coarse (some ms); a timer that it runs too early by
 * loop_now() is set again for the rest.
 */
#include "gwlib/loop.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/thread.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gwlib/log.h"
#include "gwlib/memory.h"

#define MAILBOX_FIRST_CAPACITY 64
/* Rounds of posts that beget posts at the end, before we stop listening. */
#define LOOP_LAST_ROUNDS 1000

struct letter {
    loop_fn *fn;
    void *arg;
};

struct mailbox {
    struct letter *letters;
    size_t count, capacity;
};

struct loop_signal {
    struct event *event;
    loop_signal_fn *fn;
    void *arg;
    struct loop_signal *next;
};

struct loop {
    struct event_base *base;
    pthread_mutex_t lock; /* guards inbox */
    struct mailbox inbox; /* what threads post to */
    struct mailbox batch; /* what the loop runs; empty in between */
    struct event *mail;   /* pending while inbox is not empty */
    struct loop_signal *signals;
    struct loop_ending *endings;
};

struct loop_timer {
    struct loop *loop;
    struct event *event;
    int64_t due; /* loop_now() when it is time */
    loop_fn *fn;
    void *arg;
};

/* --- libevent, once a process ------------------------------------------- */

static void *libevent_realloc(void *p, size_t n)
{
    return memory_realloc(p, n, 1);
}

static void libevent_log(int severity, const char *text)
{
    static const enum log_level levels[] = {
        [EVENT_LOG_DEBUG] = LOG_LEVEL_DEBUG,
        [EVENT_LOG_MSG] = LOG_LEVEL_INFO,
        [EVENT_LOG_WARN] = LOG_LEVEL_WARNING,
        [EVENT_LOG_ERR] = LOG_LEVEL_ERROR,
    };

    if (severity < EVENT_LOG_DEBUG || severity > EVENT_LOG_ERR)
        severity = EVENT_LOG_WARN;
    log_to(NULL, levels[severity], "libevent: %s", text);
}

static void libevent_fatal(int error)
{
    log_panic("libevent cannot go on (%d).", error);
}

static void prepare_libevent(void)
{
    event_set_mem_functions(memory_alloc, libevent_realloc, free);
    event_set_log_callback(libevent_log);
    event_set_fatal_callback(libevent_fatal);
    if (evthread_use_pthreads() != 0)
        log_panic("libevent cannot use threads.");
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is an error of write() */
}

/* --- the mailbox --------------------------------------------------------- */

static void wake_up(struct loop *loop)
{
    static const struct timeval at_once;

    event_add(loop->mail, &at_once);
}

void loop_post(struct loop *loop, loop_fn *fn, void *arg)
{
    struct mailbox *inbox = &loop->inbox;

    pthread_mutex_lock(&loop->lock);
    if (inbox->count == inbox->capacity) {
        inbox->capacity = inbox->capacity > 0 ? inbox->capacity * 2 : MAILBOX_FIRST_CAPACITY;
        inbox->letters = memory_realloc(inbox->letters, inbox->capacity, sizeof(inbox->letters[0]));
    }
    inbox->letters[inbox->count++] = (struct letter){fn, arg};
    /* Inside the lock: the loop must not be gone before it was woken. */
    if (inbox->count == 1)
        wake_up(loop);
    pthread_mutex_unlock(&loop->lock);
}

/* False when there was nothing. */
static bool run_batch(struct loop *loop)
{
    struct mailbox taken;
    size_t i;

    pthread_mutex_lock(&loop->lock);
    taken = loop->inbox;
    loop->inbox = loop->batch;
    loop->batch = (struct mailbox){0};
    pthread_mutex_unlock(&loop->lock);

    for (i = 0; i < taken.count; i++)
        taken.letters[i].fn(taken.letters[i].arg);

    loop->batch = taken;
    loop->batch.count = 0;
    return i > 0;
}

static void mail_arrived(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    run_batch(arg);
}

/* --- the loop ------------------------------------------------------------ */

struct loop *loop_create(void)
{
    static pthread_once_t prepared = PTHREAD_ONCE_INIT;
    struct loop *loop = memory_zalloc(1, sizeof(*loop));

    pthread_once(&prepared, prepare_libevent);
    loop->base = event_base_new();
    if (loop->base == NULL)
        log_panic("Could not make an event loop.");
    pthread_mutex_init(&loop->lock, NULL);
    loop->mail = evtimer_new(loop->base, mail_arrived, loop);
    LOG_ASSERT(loop->mail != NULL);
    return loop;
}

static void free_signals(struct loop *loop)
{
    while (loop->signals != NULL) {
        struct loop_signal *signal_event = loop->signals;

        loop->signals = signal_event->next;
        event_free(signal_event->event);
        free(signal_event);
    }
}

void loop_destroy(struct loop *loop)
{
    int round = 0;

    if (loop == NULL)
        return;
    while (run_batch(loop) && round < LOOP_LAST_ROUNDS)
        round++;
    while (loop->endings != NULL) {
        struct loop_ending *ending = loop->endings;

        loop_ending_remove(ending);
        ending->fn(ending->arg);
    }
    free_signals(loop);
    event_free(loop->mail);
    event_base_free(loop->base);
    pthread_mutex_destroy(&loop->lock);
    free(loop->inbox.letters);
    free(loop->batch.letters);
    free(loop);
}

void loop_run(struct loop *loop)
{
    if (event_base_loop(loop->base, EVLOOP_NO_EXIT_ON_EMPTY) < 0)
        log_panic("The event loop failed: %s.", strerror(errno));
}

/* libevent forgets a break that comes before its loop began; a letter is not
 * forgotten. */
static void stop_now(void *arg)
{
    struct loop *loop = arg;

    event_base_loopbreak(loop->base);
}

void loop_stop(struct loop *loop)
{
    loop_post(loop, stop_now, loop);
}

int64_t loop_now(const struct loop *loop)
{
    struct timespec now;

    (void)loop;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

struct event_base *loop_event_base(struct loop *loop)
{
    return loop->base;
}

void loop_ending_add(struct loop *loop, struct loop_ending *ending)
{
    ending->next = loop->endings;
    ending->at = &loop->endings;
    if (ending->next != NULL)
        ending->next->at = &ending->next;
    loop->endings = ending;
}

void loop_ending_remove(struct loop_ending *ending)
{
    if (ending->at == NULL)
        return;
    *ending->at = ending->next;
    if (ending->next != NULL)
        ending->next->at = ending->at;
    ending->at = NULL;
}

/* --- timers and signals ---------------------------------------------------- */

static void timer_add(struct loop_timer *timer)
{
    int64_t after = timer->due - loop_now(timer->loop);
    struct timeval tv = {0};

    if (after > 0) {
        tv.tv_sec = (time_t)(after / 1000);
        tv.tv_usec = (suseconds_t)(after % 1000 * 1000);
    }
    event_add(timer->event, &tv);
}

static void timer_fired(evutil_socket_t fd, short what, void *arg)
{
    struct loop_timer *timer = arg;

    (void)fd;
    (void)what;
    if (loop_now(timer->loop) < timer->due)
        timer_add(timer);
    else
        timer->fn(timer->arg);
}

struct loop_timer *loop_timer_create(struct loop *loop, loop_fn *fn, void *arg)
{
    struct loop_timer *timer = memory_zalloc(1, sizeof(*timer));

    *timer = (struct loop_timer){.loop = loop, .fn = fn, .arg = arg};
    timer->event = evtimer_new(loop->base, timer_fired, timer);
    LOG_ASSERT(timer->event != NULL);
    return timer;
}

void loop_timer_set(struct loop_timer *timer, int64_t after_ms)
{
    timer->due = loop_now(timer->loop) + (after_ms > 0 ? after_ms : 0);
    timer_add(timer);
}

void loop_timer_cancel(struct loop_timer *timer)
{
    event_del(timer->event);
}

void loop_timer_free(struct loop_timer *timer)
{
    if (timer == NULL)
        return;
    event_free(timer->event);
    free(timer);
}

static void signal_arrived(evutil_socket_t signal_number, short what, void *arg)
{
    struct loop_signal *signal_event = arg;

    (void)what;
    signal_event->fn((int)signal_number, signal_event->arg);
}

void loop_on_signal(struct loop *loop, int signal_number, loop_signal_fn *fn, void *arg)
{
    struct loop_signal *signal_event = memory_zalloc(1, sizeof(*signal_event));

    signal_event->fn = fn;
    signal_event->arg = arg;
    signal_event->event = evsignal_new(loop->base, signal_number, signal_arrived, signal_event);
    LOG_ASSERT(signal_event->event != NULL);
    signal_event->next = loop->signals;
    loop->signals = signal_event;
    event_add(signal_event->event, NULL);
}
