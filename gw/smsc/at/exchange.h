/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exchange - what passes between a modem's thread and the loop.
 *
 * Orders go down (send this, stop), notes come up by loop_post(), and for a
 * received message the thread waits until the loop says whether it is stored.
 */
#ifndef GW_SMSC_AT_EXCHANGE_H
#define GW_SMSC_AT_EXCHANGE_H

#include <pthread.h>
#include <stdbool.h>

#include "gw/smsc/smsc.h"

enum { AT_ORDERS_MAX = 16 }; /* more than any window of the driver */

/* A question to the network. Made by the loop; whoever takes it frees it. */
struct at_ussd_order {
    char *code; /* "": end the dialogue */
    bool is_answer;
};
void at_ussd_order_free(struct at_ussd_order *order);

/* Orders for the thread. */
struct at_orders {
    pthread_mutex_t lock;
    struct smsc_submit *submits[AT_ORDERS_MAX]; /* to send, the oldest first */
    size_t count;
    struct at_ussd_order *ussd; /* to ask, or NULL */
    bool stop;
    bool receiving;
    int wake_fd; /* readable while there is something new */
};

bool at_orders_init(struct at_orders *orders);
void at_orders_destroy(struct at_orders *orders);
/* Loop. */
void at_orders_send(struct at_orders *orders, struct smsc_submit *submit);
void at_orders_ask(struct at_orders *orders, struct at_ussd_order *order);
void at_orders_stop(struct at_orders *orders);
void at_orders_set_receiving(struct at_orders *orders, bool receiving);
/* Thread: takes the oldest away, or NULL; makes wake_fd quiet. */
struct smsc_submit *at_orders_take(struct at_orders *orders);
/* Thread: takes the question away, or NULL. */
struct at_ussd_order *at_orders_take_ussd(struct at_orders *orders);
/* Thread: until there is something new or the time is up. */
void at_orders_wait(struct at_orders *orders, int timeout_ms);
bool at_orders_stopped(struct at_orders *orders);
/* Whether there is a message or a question that nobody took yet. */
bool at_orders_wait_for_thread(struct at_orders *orders);
bool at_orders_receiving(struct at_orders *orders);

/* One question of the thread that the loop answers: two owners, the last one
 * frees it. */
struct at_question;

struct at_question *at_question_create(void);
/* Loop; gives its share up. */
void at_question_answer(struct at_question *question, bool answer);
/* Thread: waits for the answer; false after timeout_ms too. Gives its share up. */
bool at_question_wait(struct at_question *question, int timeout_ms);

#endif
