/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bearer - the link to bearerbox; see bearer.h for what it promises.
 *
 * Each submission is an entry of one hash table by message id. Impatient
 * entries stand in a list ordered by deadline (all have the same time limit, so
 * the list is the order of arrival): one timer watches its head. Patient entries
 * that bearerbox could not take stand in a second list until their next try.
 */
#include "gw/smsbox/bearer.h"

#include <stdlib.h>
#include <uthash.h>
#include <utlist.h>

#include "gw/msg/link.h"
#include "gwlib/log.h"
#include "gwlib/memory.h"
#include "gwlib/net.h"

#define HEARTBEAT_MS       30000
#define FIRST_RETRY_MS     1000
#define LAST_RETRY_MS      10000
#define BUSY_RETRY_MS      10000
#define ACK_TIMEOUT_S      60
#define CONNECT_TIMEOUT_MS 10000

/* Who waits for the answer to a submission. */
struct waiter {
    bearer_answer_fn *answered;
    void *arg;
    struct waiter *next;
};

enum place { PLACE_NONE, PLACE_DEADLINES, PLACE_RETRIES };

struct submission {
    struct uuid id;
    struct message *message;
    struct waiter first; /* nearly always the only one */
    bool patient;
    enum place place; /* the list that prev and next belong to */
    int64_t when;     /* its deadline, or its next try */
    struct submission *prev, *next;
    UT_hash_handle hh;
};

struct bearer {
    struct loop *loop;
    struct bearer_options options;
    const struct bearer_events *events;
    void *arg;

    struct link *link; /* NULL while waiting for the next try */
    bool connected;
    bool ended; /* bearerbox told us to end */
    bool told;  /* that it is unreachable: said once */
    unsigned retry_ms;

    struct submission *table;
    struct submission *deadlines;
    struct submission *retries;
    struct submission *unsendable; /* without link, impatient: answered next round */

    struct loop_timer *reconnect_timer;
    struct loop_timer *heartbeat_timer;
    struct loop_timer *deadline_timer;
    struct loop_timer *retry_timer;
    struct loop_timer *unsendable_timer;
};

/* --- the submissions --------------------------------------------------- */

static struct submission **list_of(struct bearer *bearer, enum place place)
{
    return place == PLACE_DEADLINES ? &bearer->deadlines : &bearer->retries;
}

static void take_from_list(struct bearer *bearer, struct submission *s)
{
    if (s->place == PLACE_NONE)
        return;
    struct submission **list = list_of(bearer, s->place);
    DL_DELETE(*list, s);
    s->place = PLACE_NONE;
}

static void put_in_list(struct bearer *bearer, struct submission *s, enum place place, int64_t when)
{
    take_from_list(bearer, s);
    struct submission **list = list_of(bearer, place);
    struct loop_timer *timer =
        place == PLACE_DEADLINES ? bearer->deadline_timer : bearer->retry_timer;
    if (*list == NULL)
        loop_timer_set(timer, when - loop_now(bearer->loop));
    s->place = place;
    s->when = when;
    DL_APPEND(*list, s);
}

/* Tells everybody who waits, and forgets it. */
static void conclude(struct bearer *bearer, struct submission *s, enum bearer_outcome outcome)
{
    take_from_list(bearer, s);
    HASH_DEL(bearer->table, s);
    s->first.answered(outcome, s->first.arg);
    for (struct waiter *w = s->first.next; w != NULL;) {
        struct waiter *next = w->next;
        w->answered(outcome, w->arg);
        free(w);
        w = next;
    }
    message_unref(s->message);
    free(s);
}

static void on_deadline(void *arg)
{
    struct bearer *bearer = arg;
    static struct log_limit limit = {.interval_s = 10};
    int64_t now = loop_now(bearer->loop);
    while (bearer->deadlines != NULL && bearer->deadlines->when <= now) {
        log_limited(
            &limit, LOG_LEVEL_WARNING,
            "bearerbox did not acknowledge a message in time, the client is told to repeat");
        conclude(bearer, bearer->deadlines, BEARER_BUSY);
    }
    if (bearer->deadlines != NULL)
        loop_timer_set(bearer->deadline_timer, bearer->deadlines->when - now);
}

static void on_retry(void *arg)
{
    struct bearer *bearer = arg;
    int64_t now = loop_now(bearer->loop);
    while (bearer->retries != NULL && bearer->retries->when <= now) {
        struct submission *s = bearer->retries;
        take_from_list(bearer, s);
        if (bearer->connected)
            link_send_sms(bearer->link, s->message);
    }
    if (bearer->retries != NULL)
        loop_timer_set(bearer->retry_timer, bearer->retries->when - now);
}

/* Never from inside bearer_submit(): one round later. */
static void on_unsendable(void *arg)
{
    struct bearer *bearer = arg;
    struct submission *list = bearer->unsendable;
    bearer->unsendable = NULL;
    while (list != NULL) {
        struct submission *s = list;
        list = s->next;
        s->first.answered(BEARER_BUSY, s->first.arg);
        message_unref(s->message);
        free(s);
    }
}

void bearer_submit(struct bearer *bearer, struct message *message, bool patient,
                   bearer_answer_fn *answered, void *arg)
{
    const struct uuid *id = &message_sms(message)->id;
    struct submission *s;
    HASH_FIND(hh, bearer->table, id, sizeof(*id), s);
    if (s != NULL) {
        struct waiter *w = memory_zalloc(1, sizeof(*w));
        *w = (struct waiter){answered, arg, s->first.next};
        s->first.next = w;
        return;
    }
    s = memory_zalloc(1, sizeof(*s));
    s->id = *id;
    s->message = message_ref(message);
    s->first = (struct waiter){answered, arg, NULL};
    s->patient = patient;
    if (!patient && !bearer->connected) {
        LL_PREPEND(bearer->unsendable, s);
        loop_timer_set(bearer->unsendable_timer, 0);
        return;
    }
    HASH_ADD(hh, bearer->table, id, sizeof(s->id), s);
    if (!patient)
        put_in_list(bearer, s, PLACE_DEADLINES,
                    loop_now(bearer->loop) + 1000 * (int64_t)bearer->options.ack_timeout_s);
    if (bearer->connected)
        link_send_sms(bearer->link, message);
}

static void resubmit_all(struct bearer *bearer)
{
    unsigned count = 0;
    for (struct submission *s = bearer->table; s != NULL; s = s->hh.next, count++) {
        if (s->place == PLACE_RETRIES)
            take_from_list(bearer, s);
        link_send_sms(bearer->link, s->message);
    }
    if (count > 0)
        log_info("bearerbox gets %u unacknowledged messages again, with their old ids", count);
}

enum bearer_outcome bearer_outcome_of_ack(int nack)
{
    switch (nack) {
    case ACK_SUCCESS:
        return BEARER_QUEUED;
    case ACK_BUFFERED:
        return BEARER_BUFFERED;
    case ACK_FAILED:
        return BEARER_REFUSED;
    default:
        return BEARER_BUSY;
    }
}

static void take_ack(struct bearer *bearer, const struct ack *ack)
{
    struct submission *s;
    HASH_FIND(hh, bearer->table, &ack->id, sizeof(ack->id), s);
    if (s == NULL) {
        char id[UUID_TEXT_LEN + 1];
        uuid_format(&ack->id, id);
        log_debug("ack %d for message %s, for which nobody waits", (int)ack->nack, id);
        return;
    }
    enum bearer_outcome outcome = bearer_outcome_of_ack(ack->nack);
    if (outcome == BEARER_BUSY && s->patient)
        put_in_list(bearer, s, PLACE_RETRIES, loop_now(bearer->loop) + BUSY_RETRY_MS);
    else
        conclude(bearer, s, outcome);
}

/* --- the link ----------------------------------------------------------- */

static void schedule_reconnect(struct bearer *bearer)
{
    bearer->connected = false;
    loop_timer_cancel(bearer->heartbeat_timer);
    if (bearer->ended)
        return;
    loop_timer_set(bearer->reconnect_timer, bearer->retry_ms);
    bearer->retry_ms *= 2;
    if (bearer->retry_ms > LAST_RETRY_MS)
        bearer->retry_ms = LAST_RETRY_MS;
}

static void on_connected(struct link *link, void *arg)
{
    struct bearer *bearer = arg;
    bearer->connected = true;
    bearer->told = false;
    bearer->retry_ms = FIRST_RETRY_MS;
    log_info("Connected to bearerbox at %s port %d.", bearer->options.host, bearer->options.port);
    link_send_admin(link, ADMIN_IDENTIFY, slice_str(bearer->options.box_id));
    loop_timer_set(bearer->heartbeat_timer, HEARTBEAT_MS);
    resubmit_all(bearer);
}

static void on_closed(struct link *link, const char *reason, void *arg)
{
    struct bearer *bearer = arg;
    bool was_connected = bearer->connected;
    if (was_connected)
        log_error("Connection to bearerbox lost (%s), trying to get it back", reason);
    else if (!bearer->told)
        log_error("Couldn't connect to bearerbox at %s port %d (%s), trying on",
                  bearer->options.host, bearer->options.port, reason);
    bearer->told = true;
    link_close(link);
    bearer->link = NULL;
    schedule_reconnect(bearer);
    if (was_connected)
        bearer->events->lost(bearer->arg);
}

static void take_admin(struct bearer *bearer, const struct admin *admin)
{
    if (admin->command == ADMIN_SHUTDOWN) {
        log_info("Bearerbox told us to shutdown.");
        bearer->ended = true;
        bearer->events->shutdown(bearer->arg);
    } else if (admin->command == ADMIN_RESTART) {
        log_info("Bearerbox restarts: disconnecting, and connecting again");
        link_finish(bearer->link);
        bearer->link = NULL;
        schedule_reconnect(bearer);
        bearer->events->lost(bearer->arg);
    }
}

static void on_frame(struct link *link, const struct frame *frame, void *arg)
{
    struct bearer *bearer = arg;
    (void)link;
    switch (frame->type) {
    case FRAME_sms:
        bearer->events->incoming(&frame->u.sms, bearer->arg);
        break;
    case FRAME_ack:
        take_ack(bearer, &frame->u.ack);
        break;
    case FRAME_admin:
        take_admin(bearer, &frame->u.admin);
        break;
    case FRAME_heartbeat:
    case FRAME_wdp_datagram:
        break;
    }
}

static const struct link_events link_events = {on_connected, on_frame, on_closed};

static void on_reconnect(void *arg)
{
    struct bearer *bearer = arg;
    struct net_target target = {.host = bearer->options.host,
                                .port = bearer->options.port,
                                .tls = bearer->options.tls,
                                .connect_timeout_ms = CONNECT_TIMEOUT_MS};
    bearer->link = link_open(bearer->loop, &target, &link_events, bearer);
}

static void on_heartbeat(void *arg)
{
    struct bearer *bearer = arg;
    if (!bearer->connected)
        return;
    link_send_heartbeat(bearer->link, bearer->events->load(bearer->arg));
    loop_timer_set(bearer->heartbeat_timer, HEARTBEAT_MS);
}

bool bearer_ack(struct bearer *bearer, const struct sms *sms, enum ack_result result)
{
    if (!bearer->connected)
        return false;
    link_send_ack(bearer->link, result, sms->time, &sms->id);
    return true;
}

bool bearer_is_connected(const struct bearer *bearer)
{
    return bearer->connected;
}

size_t bearer_waiting(const struct bearer *bearer)
{
    return HASH_COUNT(bearer->table);
}

struct bearer *bearer_create(struct loop *loop, const struct bearer_options *options,
                             const struct bearer_events *events, void *arg)
{
    struct bearer *bearer = memory_zalloc(1, sizeof(*bearer));
    bearer->loop = loop;
    bearer->options = *options;
    if (bearer->options.ack_timeout_s == 0)
        bearer->options.ack_timeout_s = ACK_TIMEOUT_S;
    bearer->events = events;
    bearer->arg = arg;
    bearer->retry_ms = FIRST_RETRY_MS;
    bearer->reconnect_timer = loop_timer_create(loop, on_reconnect, bearer);
    bearer->heartbeat_timer = loop_timer_create(loop, on_heartbeat, bearer);
    bearer->deadline_timer = loop_timer_create(loop, on_deadline, bearer);
    bearer->retry_timer = loop_timer_create(loop, on_retry, bearer);
    bearer->unsendable_timer = loop_timer_create(loop, on_unsendable, bearer);
    loop_timer_set(bearer->reconnect_timer, 0);
    return bearer;
}

void bearer_close(struct bearer *bearer)
{
    bearer->ended = true;
    loop_timer_cancel(bearer->reconnect_timer);
    loop_timer_cancel(bearer->heartbeat_timer);
    if (bearer->link != NULL && bearer->connected)
        link_finish(bearer->link);
    else if (bearer->link != NULL)
        link_close(bearer->link);
    bearer->link = NULL;
    bearer->connected = false;
}

void bearer_free(struct bearer *bearer)
{
    if (bearer == NULL)
        return;
    bearer_close(bearer);
    while (bearer->table != NULL)
        conclude(bearer, bearer->table, BEARER_BUSY);
    on_unsendable(bearer);
    loop_timer_free(bearer->reconnect_timer);
    loop_timer_free(bearer->heartbeat_timer);
    loop_timer_free(bearer->deadline_timer);
    loop_timer_free(bearer->retry_timer);
    loop_timer_free(bearer->unsendable_timer);
    free(bearer);
}
