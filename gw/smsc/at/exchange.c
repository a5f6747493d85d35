/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between a modem's thread and the loop: see exchange.h.
 */
#include "gw/smsc/at/exchange.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "gwlib/memory.h"

/* --- orders ----------------------------------------------------------------------- */

bool at_orders_init(struct at_orders *orders)
{
    orders->count = 0;
    orders->ussd = NULL;
    orders->stop = false;
    orders->receiving = true;
    orders->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    pthread_mutex_init(&orders->lock, NULL);
    return orders->wake_fd >= 0;
}

void at_orders_destroy(struct at_orders *orders)
{
    if (orders->wake_fd >= 0)
        close(orders->wake_fd);
    pthread_mutex_destroy(&orders->lock);
}

static void wake(struct at_orders *orders)
{
    eventfd_write(orders->wake_fd, 1);
}

void at_orders_send(struct at_orders *orders, struct smsc_submit *submit)
{
    pthread_mutex_lock(&orders->lock);
    LOG_ASSERT(orders->count < AT_ORDERS_MAX);
    orders->submits[orders->count++] = submit;
    pthread_mutex_unlock(&orders->lock);
    wake(orders);
}

void at_ussd_order_free(struct at_ussd_order *order)
{
    free(order->code);
    free(order);
}

void at_orders_ask(struct at_orders *orders, struct at_ussd_order *order)
{
    pthread_mutex_lock(&orders->lock);
    LOG_ASSERT(orders->ussd == NULL);
    orders->ussd = order;
    pthread_mutex_unlock(&orders->lock);
    wake(orders);
}

struct at_ussd_order *at_orders_take_ussd(struct at_orders *orders)
{
    struct at_ussd_order *order;

    pthread_mutex_lock(&orders->lock);
    order = orders->ussd;
    orders->ussd = NULL;
    pthread_mutex_unlock(&orders->lock);
    return order;
}

void at_orders_stop(struct at_orders *orders)
{
    pthread_mutex_lock(&orders->lock);
    orders->stop = true;
    pthread_mutex_unlock(&orders->lock);
    wake(orders);
}

void at_orders_set_receiving(struct at_orders *orders, bool receiving)
{
    pthread_mutex_lock(&orders->lock);
    orders->receiving = receiving;
    pthread_mutex_unlock(&orders->lock);
    wake(orders);
}

struct smsc_submit *at_orders_take(struct at_orders *orders)
{
    struct smsc_submit *submit = NULL;
    eventfd_t count;

    eventfd_read(orders->wake_fd, &count);
    pthread_mutex_lock(&orders->lock);
    if (orders->count > 0) {
        submit = orders->submits[0];
        orders->count--;
        for (size_t i = 0; i < orders->count; i++)
            orders->submits[i] = orders->submits[i + 1];
    }
    if (orders->count > 0)
        wake(orders); /* there is more */
    pthread_mutex_unlock(&orders->lock);
    return submit;
}

void at_orders_wait(struct at_orders *orders, int timeout_ms)
{
    struct pollfd wait = {orders->wake_fd, POLLIN, 0};

    poll(&wait, 1, timeout_ms);
}

static bool read_flag(struct at_orders *orders, const bool *flag)
{
    bool value;

    pthread_mutex_lock(&orders->lock);
    value = *flag;
    pthread_mutex_unlock(&orders->lock);
    return value;
}

bool at_orders_wait_for_thread(struct at_orders *orders)
{
    bool waits;

    pthread_mutex_lock(&orders->lock);
    waits = orders->count > 0 || orders->ussd != NULL;
    pthread_mutex_unlock(&orders->lock);
    return waits;
}

bool at_orders_stopped(struct at_orders *orders)
{
    return read_flag(orders, &orders->stop);
}

bool at_orders_receiving(struct at_orders *orders)
{
    return read_flag(orders, &orders->receiving);
}

/* --- questions ---------------------------------------------------------------------- */

struct at_question {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int owners;
    bool answered;
    bool answer;
};

struct at_question *at_question_create(void)
{
    struct at_question *question = memory_zalloc(1, sizeof *question);
    pthread_condattr_t attributes;

    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&question->lock, NULL);
    pthread_cond_init(&question->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    question->owners = 2;
    return question;
}

/* Called with the lock held. */
static void give_up_share(struct at_question *question)
{
    bool last = --question->owners == 0;

    pthread_mutex_unlock(&question->lock);
    if (!last)
        return;
    pthread_cond_destroy(&question->changed);
    pthread_mutex_destroy(&question->lock);
    free(question);
}

void at_question_answer(struct at_question *question, bool answer)
{
    pthread_mutex_lock(&question->lock);
    question->answered = true;
    question->answer = answer;
    pthread_cond_signal(&question->changed);
    give_up_share(question);
}

bool at_question_wait(struct at_question *question, int timeout_ms)
{
    struct timespec deadline;
    bool answer;

    clock_gettime(CLOCK_MONOTONIC, &deadline);
    deadline.tv_sec += timeout_ms / 1000;
    deadline.tv_nsec += (long)(timeout_ms % 1000) * 1000000;
    if (deadline.tv_nsec >= 1000000000) {
        deadline.tv_nsec -= 1000000000;
        deadline.tv_sec++;
    }
    pthread_mutex_lock(&question->lock);
    while (!question->answered &&
           pthread_cond_timedwait(&question->changed, &question->lock, &deadline) == 0)
        ;
    answer = question->answered && question->answer;
    give_up_share(question);
    return answer;
}
