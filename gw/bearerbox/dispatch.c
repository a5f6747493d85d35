/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From lanes to SMSC connections: see dispatch.h. What becomes of a message
 * there is in outcome.c.
 */
#include "gw/bearerbox/dispatch.h"

#include <limits.h>
#include <stdlib.h>

#include "gw/bearerbox/hand.h"
#include "gw/bearerbox/outcome.h"
#include "gw/bearerbox/reports.h"
#include "gw/bearerbox/router.h"
#include "gwlib/clock.h"
#include "gwlib/log.h"
#include "gwlib/memory.h"

#define STORE_TROUBLE_MS 1000 /* no new attempts for that long after a failed commit */

/* The connections of a lane. */
struct route {
    struct lane *lane;
    size_t count;
    struct {
        struct bearer *bearer;
        bool preferred;
    } members[];
};

struct dispatch {
    struct gateway *gateway;
    struct loop_timer *trouble; /* set while the store is in trouble */
    bool in_trouble;
    bool stopped;
    int64_t rewired_ms; /* since 1970; what was accepted later is routed by today's rules */
};

static void pump(struct bearer *bearer);
static bool settle_head(struct dispatch *dispatch, struct lane *lane);

/* --- routes -------------------------------------------------------------------- */

static void route_add(struct route *route, struct bearer *bearer, bool preferred)
{
    route->members[route->count].bearer = bearer;
    route->members[route->count].preferred = preferred;
    route->count++;
}

static void lane_created(struct lane *lane, void *arg)
{
    struct dispatch *dispatch = arg;
    struct slice rest = slice_str(lane_name(lane)), key;
    size_t members = 1;
    bool preferred;
    struct route *route;

    for (size_t i = 0; i < rest.len; i++)
        members += rest.data[i] == ';';
    route = memory_zalloc(1, sizeof *route + members * sizeof route->members[0]);
    route->lane = lane;
    while (router_next_member(&rest, &key, &preferred)) {
        struct bearer *bearer = links_by_key(dispatch->gateway->links, key);

        if (bearer != NULL)
            route_add(route, bearer, preferred);
    }
    lane_set_user(lane, route);
}

static bool is_online(const struct bearer *bearer)
{
    return smsc_state(bearer->smsc) == SMSC_ONLINE;
}

/* Online, and within its limits. */
static bool may_begin(const struct bearer *bearer, int priority)
{
    return is_online(bearer) && smsc_permits(bearer->smsc, priority) > 0;
}

/* Whether one that is preferred can take it. */
static bool route_prefers(const struct route *route, int priority)
{
    for (size_t i = 0; i < route->count; i++)
        if (route->members[i].preferred && may_begin(route->members[i].bearer, priority))
            return true;
    return false;
}

bool dispatch_lane_is_live(const struct lane *lane)
{
    const struct route *route = lane_user(lane);

    for (size_t i = 0; i < route->count; i++)
        if (is_online(route->members[i].bearer))
            return true;
    return false;
}

/* Whether the connection serves the route now: a preferred one that is online
 * keeps the others out, unless its limits are used up. */
static bool route_serves(const struct route *route, const struct bearer *bearer, int priority)
{
    bool preferred_only = route_prefers(route, priority);

    for (size_t i = 0; i < route->count; i++)
        if (route->members[i].bearer == bearer)
            return route->members[i].preferred || !preferred_only;
    return false;
}

/* --- room -------------------------------------------------------------------------- */

static size_t load(const struct bearer *bearer)
{
    return smsc_outstanding(bearer->smsc) + bearer->hand.count + bearer->hand.coming;
}

/* Free places of the driver's window. */
static size_t places(const struct bearer *bearer)
{
    size_t room = smsc_room(bearer->smsc);

    return room > bearer->hand.settling ? room - bearer->hand.settling : 0;
}

/* How many more messages of that priority may be made SENDING for this
 * connection. */
static size_t allowance(const struct bearer *bearer, int priority)
{
    size_t taken = bearer->hand.count + bearer->hand.coming;
    size_t room, permitted;

    if (!is_online(bearer))
        return 0;
    room = places(bearer) + smsc_prefetch(bearer->smsc);
    permitted = room > taken ? smsc_permits(bearer->smsc, priority) : 0;
    room = permitted < room ? permitted : room;
    return room > taken ? room - taken : 0;
}

/* The least loaded connection with room; equals by chance. */
static struct bearer *choose(const struct route *route, int priority)
{
    struct bearer *best = NULL;
    bool preferred_only = route_prefers(route, priority);
    uint32_t equals = 0;

    for (size_t i = 0; i < route->count; i++) {
        struct bearer *bearer = route->members[i].bearer;

        if ((preferred_only && !route->members[i].preferred) || allowance(bearer, priority) == 0)
            continue;
        if (best == NULL || load(bearer) < load(best))
            equals = 0;
        else if (load(bearer) > load(best))
            continue;
        if (random_below(++equals) == 0)
            best = bearer;
    }
    return best;
}

/* --- the hand ------------------------------------------------------------------------ */

/* The connection was lost, or this is the end: what it had in hand waits again. */
static void hand_return(struct bearer *bearer)
{
    struct outgoing *outgoing;

    while ((outgoing = hand_take(&bearer->hand)) != NULL)
        outcome_put_back(outgoing);
}

static void hand_over(struct bearer *bearer)
{
    while (bearer->hand.first != NULL && places(bearer) > 0)
        outgoing_send(hand_take(&bearer->hand));
}

/* --- from lanes to connections ---------------------------------------------------------- */

static void trouble_over(void *arg)
{
    struct dispatch *dispatch = arg;

    dispatch->in_trouble = false;
    dispatch_resume(dispatch);
}

static void store_in_trouble(struct dispatch *dispatch)
{
    dispatch->in_trouble = true;
    loop_timer_set(dispatch->trouble, STORE_TROUBLE_MS);
}

static bool may_dispatch(const struct dispatch *dispatch)
{
    return !dispatch->stopped && !dispatch->in_trouble && gateway_moves(dispatch->gateway);
}

static void into_hand(struct outgoing *outgoing)
{
    struct bearer *bearer = outgoing->bearer;

    if (!is_online(bearer) || bearer->gateway->dispatch->stopped) {
        outcome_put_back(outgoing);
        return;
    }
    hand_append(&bearer->hand, outgoing);
    hand_over(bearer);
}

static void taken(enum store_status status, void *arg)
{
    struct outgoing *outgoing = arg;
    struct bearer *bearer = outgoing->bearer;

    bearer->hand.coming--;
    switch (status) {
    case STORE_OK:
        into_hand(outgoing);
        break;
    case STORE_FAILED:
        store_in_trouble(bearer->gateway->dispatch);
        outgoing->item->attempts--; /* it was none */
        lane_give_back(outgoing_release(outgoing));
        break;
    default: /* cancelled meanwhile */
        lane_drop(outgoing_release(outgoing));
        break;
    }
    pump(bearer);
}

static void take(struct lane *lane, struct bearer *bearer)
{
    struct lane_item *item = lane_take(lane);
    struct store_change change = store_change_none();

    if (outcome_expired(bearer->gateway, item))
        return;
    change.state = STATE_SENDING;
    change.link = slice_str(reports_link_name(bearer->smsc));
    change.attempts = ++item->attempts;
    bearer->hand.coming++;
    store_update(bearer->gateway->store, item->number, &change, taken,
                 outgoing_create(bearer, item));
}

/* --- routing anew ------------------------------------------------------------------------- */

static bool is_lane(const struct lane *lane, const struct bytes *name)
{
    return slice_equal_str(bytes_slice(name), lane_name(lane));
}

static void warn_stranded(const struct lane *lane)
{
    log_warning("%lld messages wait for SMSC connections <%s> that are not configured any more, "
                "and no other accepts them",
                (long long)lane_waiting(lane), lane_name(lane));
}

/* The item was taken from its lane. */
static void move(struct dispatch *dispatch, struct lane_item *item, const struct bytes *name)
{
    struct store_change change = store_change_none();

    item->routed = true;
    change.queue = bytes_slice(name);
    store_update(dispatch->gateway->store, item->number, &change, NULL, NULL);
    lane_move(item, lane_get(dispatch->gateway->lanes, STORE_MT, bytes_slice(name)));
}

/*
 * Whether the lane's first message may go over its connections. Messages that
 * were routed before the connections changed are routed again here; those that
 * belong elsewhere now go there.
 */
static bool settle_head(struct dispatch *dispatch, struct lane *lane)
{
    const struct route *route = lane_user(lane);
    struct lane_item *item;

    while ((item = lane_head(lane)) != NULL &&
           (route->count == 0 || (item->accepted_ms <= dispatch->rewired_ms && !item->routed))) {
        struct bytes name = {0};
        bool found = router_lane_name(dispatch->gateway->links, message_sms(item->message), &name);

        item->routed = true;
        if (found && !is_lane(lane, &name))
            move(dispatch, lane_take(lane), &name);
        else if (route->count == 0) {
            warn_stranded(lane);
            bytes_free(&name);
            return false;
        }
        bytes_free(&name);
    }
    return item != NULL;
}

/* All that the lane has in memory; the rest follows when it gets to its head. */
static void settle_window(struct lane *lane, void *arg)
{
    struct dispatch *dispatch = arg;
    struct lane_item *item, *kept = NULL, **end = &kept;

    while ((item = lane_take(lane)) != NULL) {
        struct bytes name = {0};

        item->routed = true;
        if (router_lane_name(dispatch->gateway->links, message_sms(item->message), &name) &&
            !is_lane(lane, &name)) {
            move(dispatch, item, &name);
        } else {
            item->next = NULL;
            *end = item;
            end = &item->next;
        }
        bytes_free(&name);
    }
    while ((item = kept) != NULL) {
        kept = item->next;
        lane_give_back(item);
    }
}

struct best_lane {
    struct bearer *bearer;
    struct lane *lane;
};

/* By priority, then age. */
static void consider_lane(struct lane *lane, void *arg)
{
    struct best_lane *best = arg;
    const struct lane_item *head = lane_head(lane);

    if (head == NULL || !route_serves(lane_user(lane), best->bearer, lane_item_priority(head)) ||
        !settle_head(best->bearer->gateway->dispatch, lane))
        return;
    head = lane_head(lane);
    if (allowance(best->bearer, lane_item_priority(head)) == 0)
        return;
    if (best->lane == NULL || lane_head(best->lane) == NULL ||
        lane_item_before(head, lane_head(best->lane)))
        best->lane = lane;
}

static void pump(struct bearer *bearer)
{
    struct dispatch *dispatch = bearer->gateway->dispatch;

    hand_over(bearer);
    while (may_dispatch(dispatch) && allowance(bearer, INT_MAX) > 0) {
        struct best_lane best = {bearer, NULL};

        lanes_each(bearer->gateway->lanes, STORE_MT, consider_lane, &best);
        if (best.lane == NULL)
            return;
        if (lane_head(best.lane) != NULL) /* else it went elsewhere while we looked */
            take(best.lane, bearer);
    }
}

static void lane_filled(struct lane *lane, void *arg)
{
    struct dispatch *dispatch = arg;
    struct route *route = lane_user(lane);
    struct bearer *bearer;

    while (settle_head(dispatch, lane) && may_dispatch(dispatch) &&
           (bearer = choose(route, lane_item_priority(lane_head(lane)))) != NULL)
        take(lane, bearer);
}

/* --- limits -------------------------------------------------------------------------------- */

/* A new message has to wait: nobody may begin one. */
static void count_limited(const struct route *route, int priority)
{
    for (size_t i = 0; i < route->count; i++)
        if (may_begin(route->members[i].bearer, priority))
            return;
    for (size_t i = 0; i < route->count; i++)
        if (is_online(route->members[i].bearer))
            smsc_count(route->members[i].bearer->smsc, SMSC_TALLY_LIMITED, 1);
}

/* Counts what waits for the connection when it may begin nothing any more. True
 * when that is so, and others have to look. */
static bool note_restraint(struct bearer *bearer)
{
    bool restrained = is_online(bearer) && smsc_permits(bearer->smsc, 0) == 0;

    if (restrained && !bearer->restrained)
        smsc_count(bearer->smsc, SMSC_TALLY_LIMITED,
                   (unsigned)(dispatch_queue(bearer).messages - (int64_t)load(bearer)));
    bearer->restrained = restrained;
    return restrained;
}

/* --- straight from a box to a connection ------------------------------------------------- */

struct bearer *dispatch_reserve(struct lane *lane, int priority)
{
    struct route *route = lane_user(lane);
    struct bearer *bearer;

    bearer = lane_waiting(lane) == 0 ? choose(route, priority) : NULL;
    if (bearer == NULL)
        count_limited(route, priority);
    if (bearer == NULL || !may_dispatch(bearer->gateway->dispatch))
        return NULL;
    bearer->hand.coming++;
    return bearer;
}

void dispatch_release(struct bearer *bearer)
{
    bearer->hand.coming--;
    pump(bearer);
}

void dispatch_direct(struct lane *lane, struct bearer *bearer, int64_t number,
                     struct message *message)
{
    struct lane_item *item = lane_adopt(lane, number, message);

    item->attempts = 1;
    bearer->hand.coming--;
    into_hand(outgoing_create(bearer, item));
}

/* --- what links tell ------------------------------------------------------------------------- */

void dispatch_link_changed(struct dispatch *dispatch, struct bearer *bearer)
{
    if (!note_restraint(bearer) && is_online(bearer)) {
        pump(bearer);
        return;
    }
    if (!is_online(bearer))
        hand_return(bearer);
    dispatch_resume(dispatch); /* others may take over, also where it was preferred */
}

void dispatch_link_ready(struct bearer *bearer)
{
    pump(bearer);
}

void dispatch_accepted(struct bearer *bearer, struct smsc_submit *submit, struct slice foreign_id,
                       struct slice text, struct slice meta_data)
{
    struct outgoing *outgoing = submit->owner;

    if (outcome_accepted(outgoing, foreign_id, text, meta_data)) {
        hand_prepend(&bearer->hand, outgoing); /* its next part */
        hand_over(bearer);
    }
}

void dispatch_failed(struct bearer *bearer, struct smsc_submit *submit, enum smsc_failure failure,
                     struct slice text, struct slice meta_data)
{
    (void)bearer;
    outcome_failed(submit->owner, failure, text, meta_data);
}

/* --- the room as a whole -----------------------------------------------------------------------
 */

struct dispatch *dispatch_create(struct gateway *gateway)
{
    struct dispatch *dispatch = memory_zalloc(1, sizeof *dispatch);
    struct lanes_user user = {lane_created, lane_filled, dispatch};

    dispatch->gateway = gateway;
    dispatch->trouble = loop_timer_create(gateway->loop, trouble_over, dispatch);
    lanes_set_user(gateway->lanes, STORE_MT, &user);
    return dispatch;
}

static void free_route(struct lane *lane, void *arg)
{
    (void)arg;
    free(lane_user(lane));
    lane_set_user(lane, NULL);
}

void dispatch_free(struct dispatch *dispatch)
{
    if (dispatch == NULL)
        return;
    lanes_each(dispatch->gateway->lanes, STORE_MT, free_route, NULL);
    loop_timer_free(dispatch->trouble);
    free(dispatch);
}

void dispatch_resume(struct dispatch *dispatch)
{
    for (struct bearer *bearer = links_first(dispatch->gateway->links); bearer != NULL;
         bearer = bearer->next)
        pump(bearer);
}

static void remake_route(struct lane *lane, void *arg)
{
    free(lane_user(lane));
    lane_created(lane, arg);
}

void dispatch_rewire(struct dispatch *dispatch)
{
    struct lanes *lanes = dispatch->gateway->lanes;

    dispatch->rewired_ms = clock_wall_ms();
    lanes_each(lanes, STORE_MT, remake_route, dispatch);
    lanes_each(lanes, STORE_MT, settle_window, dispatch);
    dispatch_resume(dispatch);
}

void dispatch_stop(struct dispatch *dispatch)
{
    dispatch->stopped = true;
    for (struct bearer *bearer = links_first(dispatch->gateway->links); bearer != NULL;
         bearer = bearer->next)
        hand_return(bearer);
}

struct queue_count {
    const struct bearer *bearer;
    int64_t messages, oldest_ms;
};

static void count_lane(struct lane *lane, void *arg)
{
    struct queue_count *count = arg;
    const struct route *route = lane_user(lane);

    for (size_t i = 0; i < route->count; i++) {
        int64_t oldest;

        if (route->members[i].bearer != count->bearer)
            continue;
        count->messages += lane_waiting(lane);
        oldest = lane_oldest_ms(lane);
        if (oldest != 0 && (count->oldest_ms == 0 || oldest < count->oldest_ms))
            count->oldest_ms = oldest;
    }
}

struct dispatch_queue dispatch_queue(const struct bearer *bearer)
{
    struct queue_count count = {bearer, (int64_t)load(bearer), 0};
    int64_t age_ms;

    lanes_each(bearer->gateway->lanes, STORE_MT, count_lane, &count);
    age_ms = count.oldest_ms != 0 ? clock_wall_ms() - count.oldest_ms : 0;
    return (struct dispatch_queue){count.messages, age_ms > 0 ? age_ms / 1000 : 0};
}
