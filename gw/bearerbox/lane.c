/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lanes: see lane.h.
 *
 * `stored` counts the messages of the lane that wait in the store and are not
 * known here. It is exact as long as every change passes through this module;
 * a fetch that comes back short sets it right.
 */
#include "gw/bearerbox/lane.h"

#include <stdlib.h>

#include "gwlib/clock.h"
#include "gwlib/log.h"
#include "gwlib/memory.h"

#define LANE_LOW       (LANE_WINDOW / 4) /* fetch when fewer are in the window */
#define FETCH_RETRY_MS 1000
#define LOOK_MS        5000 /* gwstore makes messages due without our knowing */

struct lane {
    struct lanes *lanes;
    char *name;
    enum store_kind kind;
    void *user;
    struct lane_item *first, *last; /* the window */
    size_t window;                  /* items in it */
    struct lane_item *known;        /* window, taken and dropped, by number */
    struct lane_item *dropped;      /* while a fetch is under way that may bring them again */
    int64_t stored;                 /* waiting in the store only */
    int64_t later;                  /* of those, offered since the last fetch was issued */
    bool fetching;
    bool urgent;              /* what waits in the store goes before some of the window */
    size_t asked;             /* limit of that fetch */
    struct loop_timer *retry; /* after a failed fetch */
    struct lane *next;
    UT_hash_handle hh; /* among the lanes of its kind, by name */
};

struct lanes {
    struct loop *loop;
    struct store *store;
    struct lanes_user users[STORE_REPORT + 1];
    struct lane *all;
    struct lane *by_name[STORE_REPORT + 1]; /* the same, to look up: boxes can name many */
    struct loop_timer *ripen_timer;
    int64_t ripen_at; /* ms since 1970; 0: not set */
    bool ripening;
    bool ripen_again; /* it was time while an answer was under way */
};

/* --- the window --------------------------------------------------------- */

int lane_item_priority(const struct lane_item *item)
{
    int priority = message_sms(item->message)->priority;

    return priority > 0 ? priority : 0;
}

bool lane_item_before(const struct lane_item *a, const struct lane_item *b)
{
    int pa = lane_item_priority(a), pb = lane_item_priority(b);

    return pa != pb ? pa > pb : a->number < b->number;
}

static void window_insert(struct lane *lane, struct lane_item *item)
{
    struct lane_item **place = &lane->first;

    if (lane->last != NULL && lane_item_before(lane->last, item))
        place = &lane->last->next;
    else
        while (*place != NULL && lane_item_before(*place, item))
            place = &(*place)->next;
    item->next = *place;
    *place = item;
    if (item->next == NULL)
        lane->last = item;
    item->in_window = true;
    lane->window++;
}

static bool passes_last(const struct lane *lane, int priority)
{
    return lane->last != NULL && priority > lane_item_priority(lane->last);
}

static struct lane_item *window_take(struct lane *lane)
{
    struct lane_item *item = lane->first;

    if (item == NULL)
        return NULL;
    lane->first = item->next;
    if (lane->first == NULL)
        lane->last = NULL;
    item->next = NULL;
    item->in_window = false;
    lane->window--;
    return item;
}

static void window_remove(struct lane *lane, struct lane_item *item)
{
    struct lane_item **place = &lane->first, *before = NULL;

    while (*place != item) {
        before = *place;
        place = &before->next;
    }
    *place = item->next;
    if (lane->last == item)
        lane->last = before;
    item->next = NULL;
    item->in_window = false;
    lane->window--;
}

static struct lane_item *item_create(struct lane *lane, int64_t number, struct message *message)
{
    struct lane_item *item = memory_zalloc(1, sizeof *item);

    item->number = number;
    item->message = message_ref(message);
    item->accepted_ms = clock_wall_ms();
    item->lane = lane;
    HASH_ADD(hh, lane->known, number, sizeof item->number, item);
    return item;
}

static bool lane_knows(struct lane *lane, int64_t number)
{
    struct lane_item *item;

    HASH_FIND(hh, lane->known, &number, sizeof number, item);
    return item != NULL;
}

/* --- refilling ------------------------------------------------------------ */

static void lane_filled(struct lane *lane)
{
    const struct lanes_user *user = &lane->lanes->users[lane->kind];

    if (lane->first != NULL && user->filled != NULL)
        user->filled(lane, user->arg);
}

static void item_from_entry(struct lane *lane, const struct store_entry *entry)
{
    struct lane_item *item = item_create(lane, entry->number, entry->message);

    item->accepted_ms = entry->accepted_ms;
    item->attempts = entry->attempts;
    item->parts = entry->parts;
    item->parts_sent = entry->parts_sent;
    item->reference = entry->reference;
    window_insert(lane, item);
}

static void lane_refill(struct lane *lane);
static void item_free(struct lane_item *item);

/* What the lane does not know yet goes into the window. */
static void take_fetched(struct lane *lane, const struct store_entry *entries, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (lane_knows(lane, entries[i].number))
            continue;
        item_from_entry(lane, &entries[i]);
        lane->stored--;
    }
    if (count < lane->asked || lane->stored < lane->later)
        lane->stored = lane->later; /* nothing else is left there */
}

/* What urgent ones pushed out of the window waits in the store only. */
static void shrink_window(struct lane *lane)
{
    while (lane->window > LANE_WINDOW) {
        struct lane_item *item = lane->last;

        window_remove(lane, item);
        lane->stored++;
        lane->later++;
        lane_drop(item);
    }
}

static void forget_dropped(struct lane *lane)
{
    while (lane->dropped != NULL) {
        struct lane_item *item = lane->dropped;

        lane->dropped = item->next;
        item_free(item);
    }
}

static void lane_fetched(enum store_status status, const struct store_entry *entries, size_t count,
                         void *arg)
{
    struct lane *lane = arg;

    lane->fetching = false;
    if (status == STORE_OK)
        take_fetched(lane, entries, count);
    forget_dropped(lane);
    shrink_window(lane);
    if (status != STORE_OK) {
        lane->urgent = true; /* or not: it does no harm */
        loop_timer_set(lane->retry, FETCH_RETRY_MS);
        return;
    }
    lane_filled(lane);
    lane_refill(lane);
}

static void lane_refill(struct lane *lane)
{
    if (lane->fetching || lane->stored == 0 || (lane->window > LANE_LOW && !lane->urgent))
        return;
    lane->fetching = true;
    lane->urgent = false;
    lane->later = 0;
    lane->asked = HASH_CNT(hh, lane->known);
    if (lane->window < LANE_WINDOW)
        lane->asked += LANE_WINDOW - lane->window;
    store_fetch(lane->lanes->store, lane->kind, slice_str(lane->name), lane->asked, lane_fetched,
                lane);
}

static void lane_retry(void *arg)
{
    lane_refill(arg);
}

/* --- lanes ---------------------------------------------------------------- */

static struct lane *lane_find(struct lanes *lanes, enum store_kind kind, struct slice name)
{
    /* as lane->name, which ends at a NUL that a box may have sent */
    struct slice key =
        slice_is_set(name) ? slice_sub(name, 0, slice_find(name, '\0', 0)) : slice_str("");
    struct lane *lane;

    HASH_FIND(hh, lanes->by_name[kind], key.data, key.len, lane);
    return lane;
}

struct lane *lane_get(struct lanes *lanes, enum store_kind kind, struct slice name)
{
    const struct lanes_user *user = &lanes->users[kind];
    struct lane *lane = lane_find(lanes, kind, name);

    if (lane != NULL)
        return lane;
    lane = memory_zalloc(1, sizeof *lane);
    lane->lanes = lanes;
    lane->kind = kind;
    lane->name = slice_is_set(name) ? slice_to_str(name) : memory_strdup("");
    lane->retry = loop_timer_create(lanes->loop, lane_retry, lane);
    lane->next = lanes->all;
    lanes->all = lane;
    HASH_ADD_KEYPTR(hh, lanes->by_name[kind], lane->name, strlen(lane->name), lane);
    if (user->created != NULL)
        user->created(lane, user->arg);
    return lane;
}

const char *lane_name(const struct lane *lane)
{
    return lane->name;
}

enum store_kind lane_kind(const struct lane *lane)
{
    return lane->kind;
}

void lane_set_user(struct lane *lane, void *user)
{
    lane->user = user;
}

void *lane_user(const struct lane *lane)
{
    return lane->user;
}

int64_t lane_waiting(const struct lane *lane)
{
    return (int64_t)lane->window + lane->stored;
}

int64_t lane_oldest_ms(const struct lane *lane)
{
    int64_t oldest = 0;

    for (const struct lane_item *item = lane->known; item != NULL; item = item->hh.next)
        if (!item->cancelled && (oldest == 0 || item->accepted_ms < oldest))
            oldest = item->accepted_ms;
    return oldest;
}

struct lane_item *lane_head(const struct lane *lane)
{
    return lane->first;
}

struct lane_item *lane_take(struct lane *lane)
{
    struct lane_item *item = window_take(lane);

    lane_refill(lane);
    return item;
}

/* Whether a new one goes into the window: when that holds all there is, or, however
 * full it is, lower priorities. */
static bool belongs_in_window(const struct lane *lane, const struct message *message)
{
    return (lane->window < LANE_WINDOW && lane->stored == 0) ||
           passes_last(lane, message_sms(message)->priority);
}

void lane_offer(struct lane *lane, int64_t number, struct message *message)
{
    if (!belongs_in_window(lane, message)) {
        lane->stored++;
        lane->later++;
        lane_refill(lane);
        return;
    }
    window_insert(lane, item_create(lane, number, message));
    shrink_window(lane);
    lane_filled(lane);
}

void lane_give_back(struct lane_item *item)
{
    if (item->cancelled) {
        lane_drop(item);
        return;
    }
    window_insert(item->lane, item);
    lane_filled(item->lane);
}

static void item_free(struct lane_item *item)
{
    HASH_DELETE(hh, item->lane->known, item);
    message_unref(item->message);
    free(item);
}

/* A fetch that was issued before the message's change brings it as waiting: it
 * stays known until the answer is here. */
void lane_drop(struct lane_item *item)
{
    struct lane *lane = item->lane;

    LOG_ASSERT(!item->in_window);
    if (!lane->fetching) {
        item_free(item);
        return;
    }
    item->next = lane->dropped;
    lane->dropped = item;
}

void lane_move(struct lane_item *item, struct lane *to)
{
    if (!item->cancelled && belongs_in_window(to, item->message)) {
        struct lane_item *moved = item_create(to, item->number, item->message);

        moved->accepted_ms = item->accepted_ms;
        moved->attempts = item->attempts;
        moved->parts = item->parts;
        moved->parts_sent = item->parts_sent;
        moved->reference = item->reference;
        moved->routed = item->routed;
        window_insert(to, moved);
        shrink_window(to);
    } else if (!item->cancelled) {
        to->stored++;
        to->later++;
        lane_refill(to);
    }
    lane_drop(item);
    lane_filled(to);
}

bool lane_withdraw(struct lane *lane, int64_t number, struct message *message, bool waiting,
                   bool even_taken)
{
    struct lane_item *item;

    HASH_FIND(hh, lane->known, &number, sizeof number, item);
    if (item != NULL && item->in_window) {
        window_remove(lane, item);
        lane_drop(item);
        lane_refill(lane);
        return true;
    }
    if (item != NULL) {
        item->cancelled = item->cancelled || even_taken;
        return even_taken;
    }
    if (waiting && lane->stored > 0)
        lane->stored--;
    if (lane->fetching) /* which may bring it */
        lane_drop(item_create(lane, number, message));
    return true;
}

struct lane_item *lane_adopt(struct lane *lane, int64_t number, struct message *message)
{
    return item_create(lane, number, message);
}

/* --- the registry ------------------------------------------------------------ */

static void lanes_ripen(void *arg);

struct lanes *lanes_create(struct loop *loop, struct store *store)
{
    struct lanes *lanes = memory_zalloc(1, sizeof *lanes);

    lanes->loop = loop;
    lanes->store = store;
    lanes->ripen_timer = loop_timer_create(loop, lanes_ripen, lanes);
    return lanes;
}

static void lane_free(struct lane *lane)
{
    struct lane_item *item, *next;

    HASH_ITER(hh, lane->known, item, next)
    {
        HASH_DELETE(hh, lane->known, item);
        message_unref(item->message);
        free(item);
    }
    loop_timer_free(lane->retry);
    free(lane->name);
    free(lane);
}

void lanes_free(struct lanes *lanes)
{
    while (lanes->all != NULL) {
        struct lane *lane = lanes->all;

        lanes->all = lane->next;
        HASH_DEL(lanes->by_name[lane->kind], lane);
        lane_free(lane);
    }
    loop_timer_free(lanes->ripen_timer);
    free(lanes);
}

void lanes_set_user(struct lanes *lanes, enum store_kind kind, const struct lanes_user *user)
{
    lanes->users[kind] = *user;
}

/* priority: the highest of the entries. */
static void lane_grew(struct lanes *lanes, enum store_kind kind, struct slice name, int64_t entries,
                      int priority)
{
    struct lane *lane = lane_get(lanes, kind, name);

    lane->stored += entries;
    lane->later += entries;
    lane->urgent = lane->urgent || passes_last(lane, priority);
    lane_refill(lane);
}

static void lanes_ripened(const struct store_ripe *queues, size_t count, int64_t next_due_ms,
                          void *arg)
{
    struct lanes *lanes = arg;

    lanes->ripening = false;
    for (size_t i = 0; i < count; i++)
        lane_grew(lanes, queues[i].kind, queues[i].queue, queues[i].entries, queues[i].priority);
    if (next_due_ms > 0)
        lanes_due_at(lanes, next_due_ms);
    lanes_due_at(lanes, clock_wall_ms() + LOOK_MS);
    if (lanes->ripen_again) {
        lanes->ripen_again = false;
        lanes_due_at(lanes, clock_wall_ms());
    }
}

static void lanes_ripen(void *arg)
{
    struct lanes *lanes = arg;

    lanes->ripen_at = 0;
    if (lanes->ripening) {
        lanes->ripen_again = true;
        return;
    }
    lanes->ripening = true;
    store_ripen(lanes->store, clock_wall_ms(), lanes_ripened, lanes);
}

void lanes_due_at(struct lanes *lanes, int64_t due_ms)
{
    if (lanes->ripen_at != 0 && lanes->ripen_at <= due_ms)
        return;
    lanes->ripen_at = due_ms;
    loop_timer_set(lanes->ripen_timer, due_ms - clock_wall_ms());
}

void lanes_start(struct lanes *lanes)
{
    size_t count;
    const struct store_queue *queues = store_queues(lanes->store, &count);

    for (size_t i = 0; i < count; i++)
        lane_grew(lanes, queues[i].kind, slice_str(queues[i].queue), queues[i].waiting, 0);
    lanes_due_at(lanes, clock_wall_ms());
}

void lanes_each(struct lanes *lanes, enum store_kind kind, void (*fn)(struct lane *, void *),
                void *arg)
{
    for (struct lane *lane = lanes->all; lane != NULL; lane = lane->next)
        if (lane->kind == kind)
            fn(lane, arg);
}
