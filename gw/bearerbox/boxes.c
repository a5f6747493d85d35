/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Boxes: see boxes.h.
 *
 * A session owns its link and the lane items that are under way to its box.
 * Nothing is delivered to a connection until it has identified itself or sent a
 * first message.
 *
 * A box that hangs keeps its connection, and with it the messages that it was
 * given. One that sent heartbeats and then nothing at all for box-silence while it
 * has messages is taken for hung: it is disconnected, and they go to others.
 */
#include "gw/bearerbox/boxes.h"

#include <inttypes.h>
#include <stdlib.h>

#include "gw/bearerbox/retry.h"
#include "gwlib/clock.h"
#include "gwlib/log.h"
#include "gwlib/memory.h"

#define MAX_UNSTORED 5000              /* MT of one session on their way to the store */
#define MAX_UNSENT   (1024 * 1024)     /* octets queued to one session before it is passed over */
#define MAX_UNREAD   (16 * MAX_UNSENT) /* and before it is disconnected */
#define MAX_SETTLING 100 /* answers on their way to the store; then nothing is given to boxes */
#define MISSED_BEATS 4   /* of its own pace, until a box counts as silent */

/* An MO or report that a box has and did not acknowledge yet; after that without
 * its item, until the answer is committed. */
struct delivery {
    struct boxes *boxes;
    struct uuid id;
    int64_t number;
    struct lane_item *item;
    UT_hash_handle hh;
};

struct session {
    struct boxes *boxes;
    int64_t serial;
    struct link *link;
    struct bytes id;
    bool ready; /* identified, or sent a message */
    int load;
    int64_t since_ms;
    int64_t heard_ms;            /* the last frame; loop_now() */
    int64_t beat_ms, pace_ms;    /* the last heartbeat, 0: none yet; longest time between two */
    struct delivery *deliveries; /* by message id */
    size_t unstored;             /* MT taken and not acknowledged */
    struct session *next;
};

struct boxes {
    struct gateway *gateway;
    boxes_submit_fn *submit;
    struct net_listener *listener;
    struct acl *acl;
    struct tls_context *tls;
    size_t max_pending;
    size_t settling; /* acknowledged, not committed as such yet */
    uint64_t given_again;
    struct session *sessions;
    int64_t last_serial;
    int64_t silence_ms; /* 0: for ever */
    struct loop_timer *watch;
    bool paused;
    bool dismissed;
};

static void session_end(struct session *session);
static void dispatch_all(struct boxes *boxes);

static const char *session_name(const struct session *session)
{
    return session->id.len > 0 ? bytes_str(&session->id) : "(none)";
}

static const char *kind_name(const struct lane_item *item)
{
    return lane_kind(item->lane) == STORE_REPORT ? "Delivery report" : "Message";
}

/* --- delivering -------------------------------------------------------------- */

static bool session_may_take(const struct session *session, struct slice box,
                             const struct uuid *message_id)
{
    struct delivery *same;

    if (!session->ready || !slice_equal(bytes_slice(&session->id), box) ||
        HASH_COUNT(session->deliveries) >= session->boxes->max_pending ||
        link_unsent(session->link) > MAX_UNSENT)
        return false;
    HASH_FIND(hh, session->deliveries, message_id, sizeof *message_id, same);
    return same == NULL; /* an ack could not tell two equal ids apart */
}

/* A random one of the sessions that may take it; NULL when there is none. */
static struct session *choose_session(struct boxes *boxes, struct slice box,
                                      const struct uuid *message_id)
{
    struct session *chosen = NULL;
    uint32_t seen = 0;

    for (struct session *session = boxes->sessions; session != NULL; session = session->next)
        if (session_may_take(session, box, message_id) && random_below(++seen) == 0)
            chosen = session;
    return chosen;
}

static void session_deliver(struct session *session, struct lane_item *item)
{
    struct delivery *delivery = memory_zalloc(1, sizeof *delivery);

    delivery->boxes = session->boxes;
    delivery->id = message_sms(item->message)->id;
    delivery->number = item->number;
    delivery->item = item;
    store_hand_over(session->boxes->gateway->store, item->number);
    HASH_ADD(hh, session->deliveries, id, sizeof delivery->id, delivery);
    link_send_sms(session->link, item->message);
}

static void dispatch(struct lane *lane, void *arg)
{
    struct boxes *boxes = arg;
    struct slice box = slice_str(lane_name(lane));
    struct lane_item *item;

    while (!boxes->paused && !boxes->dismissed && boxes->settling < MAX_SETTLING &&
           (item = lane_head(lane)) != NULL) {
        struct session *session = choose_session(boxes, box, &message_sms(item->message)->id);

        if (session == NULL)
            return;
        session_deliver(session, lane_take(lane));
    }
}

static void dispatch_all(struct boxes *boxes)
{
    lanes_each(boxes->gateway->lanes, STORE_REPORT, dispatch, boxes);
    lanes_each(boxes->gateway->lanes, STORE_MO, dispatch, boxes);
}

void boxes_offer(struct boxes *boxes, enum store_kind kind, struct slice box, int64_t number,
                 struct message *message)
{
    lane_offer(lane_get(boxes->gateway->lanes, kind, box), number, message);
}

/* --- acknowledgements from boxes ------------------------------------------------ */

static void settled(enum store_status status, void *arg)
{
    struct delivery *delivery = arg;
    struct boxes *boxes = delivery->boxes;

    (void)status;
    store_hand_settled(boxes->gateway->store, delivery->number);
    free(delivery);
    if (boxes->settling-- == MAX_SETTLING)
        dispatch_all(boxes);
}

/* What the answer makes of it. The application has heard it, whatever becomes of the
 * file: so the change is never given up. */
static void settle(struct delivery *delivery, struct store_change *change)
{
    change->keep_trying = true;
    delivery->boxes->settling++;
    store_update(delivery->boxes->gateway->store, delivery->number, change, settled, delivery);
}

static void give_up(struct delivery *delivery)
{
    const struct lane_item *item = delivery->item;
    const struct sms *sms = message_sms(item->message);
    struct store_change change = store_change_none();
    char id[UUID_TEXT_LEN + 1];

    uuid_format(&sms->id, id);
    log_error("%s %s from <%.*s> to <%.*s> for box <%s> is dead after %d tries, see gwstore(1)",
              kind_name(item), id, (int)sms->sender.len, (const char *)sms->sender.data,
              (int)sms->receiver.len, (const char *)sms->receiver.data, lane_name(item->lane),
              item->attempts + 1);
    change.state = STATE_DEAD;
    change.attempts = item->attempts + 1;
    change.error = slice_str("the application could not take it");
    settle(delivery, &change);
}

static void postpone(struct delivery *delivery)
{
    const struct lane_item *item = delivery->item;
    const struct gateway *gateway = delivery->boxes->gateway;
    const struct settings *settings = &gateway->settings;
    struct retry_rules rules = {settings->mo_retry_first_s, settings->mo_retry_most_s,
                                settings->mo_retry_time_s};
    struct store_change change = store_change_none();
    int64_t wait_ms = retry_wait_ms(&rules, item->attempts + 1);

    if (wait_ms < 0) {
        give_up(delivery);
        return;
    }
    change.state = STATE_POSTPONED;
    change.attempts = item->attempts + 1;
    change.due_ms = clock_wall_ms() + wait_ms;
    change.error = slice_str("the application could not take it");
    settle(delivery, &change);
    lanes_due_at(gateway->lanes, change.due_ms);
}

static void finish(struct delivery *delivery, enum message_state state)
{
    struct store_change change = store_change_none();

    change.state = state;
    settle(delivery, &change);
}

static void session_acked(struct session *session, const struct ack *ack)
{
    struct boxes *boxes = session->boxes;
    struct delivery *delivery;
    struct lane_item *item;
    struct lane *lane;

    HASH_FIND(hh, session->deliveries, &ack->id, sizeof ack->id, delivery);
    if (delivery == NULL) {
        log_debug("box <%s>: acknowledgement of an unknown message", session_name(session));
        return;
    }
    HASH_DEL(session->deliveries, delivery);
    item = delivery->item;
    lane = item->lane;
    if (ack->nack == ACK_FAILED_TEMPORARY)
        postpone(delivery);
    else
        finish(delivery, ack->nack == ACK_FAILED ? STATE_REFUSED : STATE_HANDLED);
    lane_drop(item);
    if (HASH_COUNT(session->deliveries) + 1 >= boxes->max_pending || lane_head(lane) != NULL)
        dispatch_all(boxes);
}

/* --- frames from boxes -------------------------------------------------------- */

static void session_identify(struct session *session, struct slice id)
{
    bytes_clear(&session->id);
    bytes_append_slice(&session->id, id);
    if (session->id.len > 0)
        log_info("Box <%s> on %s identified", session_name(session), link_peer(session->link));
    session->ready = true;
    dispatch_all(session->boxes);
}

static void session_submit(struct session *session, const struct sms *sms)
{
    if (!session->ready) {
        session->ready = true;
        dispatch_all(session->boxes);
    }
    if (++session->unstored == MAX_UNSTORED)
        link_pause(session->link, true);
    session->boxes->submit(session->boxes->gateway, session->serial, sms);
}

static void session_admin(struct session *session, const struct admin *admin)
{
    if (admin->command == ADMIN_IDENTIFY)
        session_identify(session, admin->boxc_id);
    else
        log_warning("box <%s> sent the admin command %d, which boxes may not give",
                    session_name(session), (int)admin->command);
}

static void session_beat(struct session *session, int load)
{
    int64_t now = session->heard_ms;

    session->load = load;
    if (session->beat_ms != 0 && now - session->beat_ms > session->pace_ms)
        session->pace_ms = now - session->beat_ms;
    session->beat_ms = now;
}

static void on_frame(struct link *link, const struct frame *frame, void *arg)
{
    struct session *session = arg;

    (void)link;
    session->heard_ms = loop_now(session->boxes->gateway->loop);
    switch (frame->type) {
    case FRAME_heartbeat:
        session_beat(session, frame->u.heartbeat.load);
        break;
    case FRAME_admin:
        session_admin(session, &frame->u.admin);
        break;
    case FRAME_sms:
        session_submit(session, &frame->u.sms);
        break;
    case FRAME_ack:
        session_acked(session, &frame->u.ack);
        break;
    case FRAME_wdp_datagram:
        log_warning("box <%s> sent a WDP datagram, WAP is not supported", session_name(session));
        break;
    }
}

static void on_closed(struct link *link, const char *reason, void *arg)
{
    struct session *session = arg;

    log_info("Connection to box <%s> on %s ended: %s", session_name(session), link_peer(link),
             reason);
    session_end(session);
}

static const struct link_events session_events = {NULL, on_frame, on_closed};

/* --- sessions ------------------------------------------------------------------- */

static void on_accept(struct net_conn *conn, void *arg)
{
    struct boxes *boxes = arg;
    struct session *session = memory_zalloc(1, sizeof *session);

    session->boxes = boxes;
    session->serial = ++boxes->last_serial;
    session->since_ms = loop_now(boxes->gateway->loop);
    session->link = link_accept(conn, &session_events, session);
    session->next = boxes->sessions;
    boxes->sessions = session;
    link_pause(session->link, boxes->paused);
    log_info("Client connected from <%s>%s", link_peer(session->link),
             link_is_tls(session->link) ? " using SSL" : "");
}

static void log_given_again(struct session *session, const struct lane_item *item)
{
    const struct sms *sms = message_sms(item->message);
    char id[UUID_TEXT_LEN + 1];

    if (item->cancelled)
        return;
    session->boxes->given_again++;
    uuid_format(&sms->id, id);
    log_warning("%s %s from <%.*s> to <%.*s> was in the hands of box <%s> when its connection "
                "ended: given again",
                kind_name(item), id, (int)sms->sender.len, (const char *)sms->sender.data,
                (int)sms->receiver.len, (const char *)sms->receiver.data, lane_name(item->lane));
}

/* What the box did not acknowledge waits again; another box may take it. */
static void session_return_deliveries(struct session *session)
{
    struct delivery *delivery, *next;

    HASH_ITER(hh, session->deliveries, delivery, next)
    {
        HASH_DEL(session->deliveries, delivery);
        log_given_again(session, delivery->item);
        lane_give_back(delivery->item);
        free(delivery);
    }
}

static void session_end(struct session *session)
{
    struct session **place = &session->boxes->sessions;

    while (*place != session)
        place = &(*place)->next;
    *place = session->next;
    link_close(session->link);
    session_return_deliveries(session);
    bytes_free(&session->id);
    free(session);
}

static struct session *find_session(struct boxes *boxes, int64_t serial)
{
    for (struct session *session = boxes->sessions; session != NULL; session = session->next)
        if (session->serial == serial)
            return session;
    return NULL;
}

void boxes_ack(struct boxes *boxes, int64_t serial, enum ack_result result, int64_t time,
               const struct uuid *id)
{
    struct session *session = find_session(boxes, serial);

    if (session == NULL)
        return;
    link_send_ack(session->link, result, time, id);
    if (session->unstored-- == MAX_UNSTORED && !boxes->paused)
        link_pause(session->link, false);
    if (link_unsent(session->link) > MAX_UNREAD) {
        log_error("box <%s> on %s does not read its acknowledgements, disconnected",
                  session_name(session), link_peer(session->link));
        session_end(session);
    }
}

/* --- the room as a whole ------------------------------------------------------- */

static bool boxes_read_tls(struct boxes *boxes, struct conf_problems *problems)
{
    const struct conf_group *core = boxes->gateway->core;
    struct bytes error = {0};

    if (!conf_bool(core, "smsbox-port-ssl"))
        return true;
    boxes->tls = tls_server_create(conf_string(core, "ssl-server-cert-file"),
                                   conf_string(core, "ssl-server-key-file"),
                                   conf_string(core, "ssl-server-cipher-list"), &error);
    if (boxes->tls == NULL)
        conf_report(problems, CONF_ERROR, core, "smsbox-port-ssl", "%s", bytes_str(&error));
    bytes_free(&error);
    return boxes->tls != NULL;
}

static void lane_filled(struct lane *lane, void *arg)
{
    dispatch(lane, arg);
}

/* --- boxes that hang --------------------------------------------------------------- */

static bool session_is_hung(const struct session *session, int64_t now)
{
    int64_t patience = session->boxes->silence_ms;

    if (session->beat_ms == 0 || HASH_COUNT(session->deliveries) == 0 ||
        session->unstored >= MAX_UNSTORED) /* it is we who do not read */
        return false;
    if (session->pace_ms * MISSED_BEATS > patience)
        patience = session->pace_ms * MISSED_BEATS;
    return now - session->heard_ms > patience;
}

static void watch_sessions(void *arg)
{
    struct boxes *boxes = arg;
    int64_t now = loop_now(boxes->gateway->loop);
    struct session *session = boxes->sessions, *next;

    /* A paused gateway reads nothing: silence means nothing then. */
    for (; session != NULL && !boxes->paused && !boxes->dismissed; session = next) {
        next = session->next;
        if (!session_is_hung(session, now))
            continue;
        log_error("box <%s> on %s has been silent for %d s and holds %u messages: disconnected, "
                  "they are given to others",
                  session_name(session), link_peer(session->link),
                  (int)((now - session->heard_ms) / 1000), HASH_COUNT(session->deliveries));
        session_end(session);
    }
    loop_timer_set(boxes->watch, boxes->silence_ms / MISSED_BEATS);
}

struct boxes *boxes_create(struct gateway *gateway, boxes_submit_fn *submit,
                           struct conf_problems *problems)
{
    struct boxes *boxes = memory_zalloc(1, sizeof *boxes);
    struct lanes_user user = {NULL, lane_filled, boxes};
    struct bytes error = {0};

    boxes->gateway = gateway;
    boxes->submit = submit;
    boxes->max_pending = (size_t)conf_number(gateway->core, "smsbox-max-pending");
    boxes->acl = acl_create(conf_string(gateway->core, "box-deny-ip"),
                            conf_string(gateway->core, "box-allow-ip"), &error);
    if (boxes->acl == NULL)
        conf_report(problems, CONF_ERROR, gateway->core, "box-deny-ip", "%s", bytes_str(&error));
    bytes_free(&error);
    if (boxes->acl == NULL || !boxes_read_tls(boxes, problems)) {
        boxes_free(boxes);
        return NULL;
    }
    lanes_set_user(gateway->lanes, STORE_MO, &user);
    lanes_set_user(gateway->lanes, STORE_REPORT, &user);
    boxes->silence_ms = conf_number(gateway->core, "box-silence") * 1000;
    boxes->watch = loop_timer_create(gateway->loop, watch_sessions, boxes);
    if (boxes->silence_ms > 0)
        loop_timer_set(boxes->watch, boxes->silence_ms / MISSED_BEATS);
    return boxes;
}

bool boxes_listen(struct boxes *boxes, struct bytes *error)
{
    const struct conf_group *core = boxes->gateway->core;
    struct net_listen_options options = {
        .interface = conf_string(core, "smsbox-interface"),
        .port = (int)conf_number(core, "smsbox-port"),
        .acl = boxes->acl,
        .tls = boxes->tls,
    };

    if (!conf_is_set(core, "smsbox-port"))
        return true;
    boxes->listener = net_listen(boxes->gateway->loop, &options, on_accept, boxes, error);
    return boxes->listener != NULL;
}

void boxes_free(struct boxes *boxes)
{
    if (boxes == NULL)
        return;
    boxes->dismissed = true;
    net_listener_close(boxes->listener);
    while (boxes->sessions != NULL)
        session_end(boxes->sessions);
    loop_timer_free(boxes->watch);
    acl_free(boxes->acl);
    tls_free(boxes->tls);
    free(boxes);
}

void boxes_pause(struct boxes *boxes, bool paused)
{
    boxes->paused = paused;
    net_listener_pause(boxes->listener, paused);
    for (struct session *session = boxes->sessions; session != NULL; session = session->next) {
        session->heard_ms = loop_now(boxes->gateway->loop);
        link_pause(session->link, paused || session->unstored >= MAX_UNSTORED);
    }
    if (!paused)
        dispatch_all(boxes);
}

void boxes_dismiss(struct boxes *boxes, enum admin_command command)
{
    boxes->dismissed = true;
    net_listener_close(boxes->listener);
    boxes->listener = NULL;
    for (struct session *session = boxes->sessions; session != NULL; session = session->next) {
        link_send_admin(session->link, command, slice_unset());
        link_pause(session->link, false); /* else a suspended one would not be seen to go */
    }
}

size_t boxes_count(const struct boxes *boxes)
{
    size_t count = 0;

    for (struct session *session = boxes->sessions; session != NULL; session = session->next)
        count++;
    return count;
}

uint64_t boxes_given_again(const struct boxes *boxes)
{
    return boxes->given_again + (uint64_t)store_in_hands(boxes->gateway->store);
}

size_t boxes_under_way(const struct boxes *boxes)
{
    size_t count = 0;

    for (struct session *session = boxes->sessions; session != NULL; session = session->next)
        count += HASH_COUNT(session->deliveries);
    return count;
}

void boxes_each(const struct boxes *boxes, boxes_status_fn *fn, void *arg)
{
    int64_t now = loop_now(boxes->gateway->loop);

    for (struct session *session = boxes->sessions; session != NULL; session = session->next) {
        struct box_status status = {
            .id = bytes_str(&session->id),
            .address = link_peer(session->link),
            .queue = HASH_COUNT(session->deliveries),
            .online_seconds = (now - session->since_ms) / 1000,
            .tls = link_is_tls(session->link),
        };
        fn(&status, arg);
    }
}
