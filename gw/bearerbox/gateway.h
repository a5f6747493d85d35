/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway - what the rooms of the bearerbox share: the loop, the store, the
 * configuration, the running state and the counters of the status page.
 *
 * One object, made by main, passed to each room at its creation. A room is
 * reached through its own header only. Order of the rooms, each may call those
 * to its left: lane, access_log, lists, sticky, numbers, rules, parts, retry, boxes, reports,
 * unmatched, repeats, matching, links, aside, own_numbers, router, outcome, hand, dispatch, outbox,
 * inbox, cancel,
 * reload, status, exposition, penalties, admin, main. Calls to the right go through functions that
 * main hands over (boxes: a message from a box; links: what a driver tells).
 */
#ifndef GW_BEARERBOX_GATEWAY_H
#define GW_BEARERBOX_GATEWAY_H

#include <stdbool.h>

#include "gw/bearerbox/lane.h"
#include "gw/store/store.h"
#include "gwlib/conf.h"
#include "gwlib/loop.h"
#include "gwlib/metrics.h"

enum gateway_state {
    GATEWAY_RUNNING,
    GATEWAY_ISOLATED,  /* nothing is taken from SMSCs; boxes work */
    GATEWAY_SUSPENDED, /* nothing moves, new boxes wait */
    GATEWAY_SHUTDOWN   /* going down */
};

/* Core variables that are looked at for every message. */
struct settings {
    const char *unified_prefix; /* or NULL */
    long outgoing_limit;        /* sms-outgoing-queue-limit */
    long incoming_limit;        /* sms-incoming-queue-limit; negative: none */
    long resend_freq_s;
    long resend_retry;                                       /* negative: for ever */
    bool hold_uncertain;                                     /* uncertain-policy */
    long unmatched_limit, unmatched_time_s;                  /* dlr-unmatched-... */
    long mo_retry_first_s, mo_retry_most_s, mo_retry_time_s; /* mo-retry-... */
    bool loop_guard;
    const char *own_numbers; /* list, or NULL */
    bool combine_parts;
    long combine_timeout_s;
};

struct access_log;
struct boxes;
struct dispatch;
struct inbox;
struct links;
struct lists;
struct outcomes;
struct matching;
struct reports;
struct sticky;

struct gateway {
    struct loop *loop;
    const struct conf *conf;
    const char *config_file; /* to be read again */
    const struct conf_group *core;
    struct settings settings;
    struct store *store;
    bool store_is_volatile; /* store-type = none */
    struct lanes *lanes;
    enum gateway_state state;
    int64_t started_ms; /* loop_now() */

    struct counter sms_received, sms_sent; /* MO from SMSCs, MT accepted by SMSCs */
    struct counter dlr_received, dlr_sent;

    struct access_log *access_log;
    struct boxes *boxes;
    struct lists *lists;
    struct sticky *sticky;
    struct reports *reports;
    struct matching *matching;
    struct links *links;
    struct outcomes *outcomes;
    struct dispatch *dispatch;
    struct inbox *inbox;
};

/* Whether messages may move between boxes, store and SMSCs. */
static inline bool gateway_moves(const struct gateway *gateway)
{
    return gateway->state == GATEWAY_RUNNING || gateway->state == GATEWAY_ISOLATED;
}

/*
 * The changes of state that operators ask for. False when there is nothing to
 * change ("Already suspended"). gateway_shutdown() starts an orderly end; a
 * second one forces it. restart: the process replaces itself at the end.
 */
bool gateway_suspend(struct gateway *gateway);
bool gateway_isolate(struct gateway *gateway);
bool gateway_resume(struct gateway *gateway);
void gateway_shutdown(struct gateway *gateway, bool restart);

#endif
