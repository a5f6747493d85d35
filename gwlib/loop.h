/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loop - one event loop per process: timers, signals, and a mailbox.
 *
 * A thin layer on libevent. Everything that is not named "any thread" belongs
 * to the thread that runs the loop. Callbacks never run inside the call that
 * arranges them.
 *
 * The mailbox is how threads (the store's writer, one thread per modem) speak
 * to the loop: loop_post() puts a call in a queue; the loop wakes up once for
 * all that is waiting and runs them in the order they were posted.
 */
#ifndef GWLIB_LOOP_H
#define GWLIB_LOOP_H

#include <stdint.h>

struct event_base;
struct loop;
struct loop_timer;

typedef void loop_fn(void *arg);
typedef void loop_signal_fn(int signal_number, void *arg);

struct loop *loop_create(void);
/* Runs what was posted before (so that nothing leaks), then frees. */
void loop_destroy(struct loop *loop);

/* Returns after loop_stop(). */
void loop_run(struct loop *loop);
/* Any thread. */
void loop_stop(struct loop *loop);

/* Runs fn(arg) on the loop's thread, in order of posting. Any thread. Takes no
 * ownership of arg. */
void loop_post(struct loop *loop, loop_fn *fn, void *arg);

/* Monotonic milliseconds, as of the start of this round of the loop. */
int64_t loop_now(const struct loop *loop);

/* For what is built on libevent directly (evhttp, curl): gwlib only. */
struct event_base *loop_event_base(struct loop *loop);

/*
 * What loop_destroy() still has to call: for things that nobody owns any more
 * and that end by themselves later, so that they end with the loop at the
 * latest. The struct belongs to the caller, is all zero at first and leaves the
 * list before fn is called; removing one that is not in the list is fine. gwlib
 * only.
 */
struct loop_ending {
    loop_fn *fn;
    void *arg;
    struct loop_ending *next, **at; /* of the list */
};
void loop_ending_add(struct loop *loop, struct loop_ending *ending);
void loop_ending_remove(struct loop_ending *ending);

/*
 * A one-shot timer. Setting a timer that is set moves it. It may be set or
 * freed from inside its own callback.
 */
struct loop_timer *loop_timer_create(struct loop *loop, loop_fn *fn, void *arg);
void loop_timer_set(struct loop_timer *timer, int64_t after_ms); /* <= 0: next round */
void loop_timer_cancel(struct loop_timer *timer);
void loop_timer_free(struct loop_timer *timer); /* NULL is fine */

/* Calls fn on the loop for each arrival of a signal, until the loop's end. */
void loop_on_signal(struct loop *loop, int signal_number, loop_signal_fn *fn, void *arg);

#endif
