/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lane - a queue of the store with a bounded window of it in memory.
 *
 * Messages wait in the store; a lane is one named queue of one kind there, for
 * a set of SMSC connections (MT) or for a box (MO, reports). It holds at most
 * LANE_WINDOW messages in memory and fetches more when they run low, so what
 * waits costs disk and not memory. Order: priority, then age; a message of higher
 * priority than the last one of a full window takes its place there.
 *
 * struct lanes is the registry: it finds or makes lanes by name, and wakes
 * those whose messages become due (retries, deferred delivery).
 *
 * An item that was taken stays known to its lane until it is given back or
 * dropped, so that a fetch cannot bring it a second time. Loop thread only.
 */
#ifndef GW_BEARERBOX_LANE_H
#define GW_BEARERBOX_LANE_H

#include <stdbool.h>
#include <uthash.h>

#include "gw/store/store.h"
#include "gwlib/loop.h"

#define LANE_WINDOW 1000 /* messages of a lane in memory */

struct lane;
struct lanes;

struct lane_item {
    int64_t number;          /* in the store */
    struct message *message; /* owned */
    int64_t accepted_ms;
    int attempts;
    int parts, parts_sent, reference; /* progress of a long MT */
    struct lane *lane;
    struct lane_item *next; /* in the window, in order */
    bool in_window;
    bool routed;       /* for users of lanes: its lane was looked up since the last change */
    bool cancelled;    /* while it was taken: nobody gets it any more */
    UT_hash_handle hh; /* among the lane's known items, by number */
};

/* What the users of one kind of lane provide. */
struct lanes_user {
    /* A lane came to be (by survey, ripening or lane_get): attach what you
     * need with lane_set_user(). */
    void (*created)(struct lane *lane, void *arg);
    /* There are messages where there were none in memory. */
    void (*filled)(struct lane *lane, void *arg);
    void *arg;
};

/* The users get their calls from lanes_start() on. */
struct lanes *lanes_create(struct loop *loop, struct store *store);
void lanes_free(struct lanes *lanes);
void lanes_set_user(struct lanes *lanes, enum store_kind kind, const struct lanes_user *user);
/* Makes the lanes that the store found at opening and looks for what is due. */
void lanes_start(struct lanes *lanes);
/* Somebody stored a message that is due then: see that it is woken. */
void lanes_due_at(struct lanes *lanes, int64_t due_ms);
/* Calls fn for every lane of a kind. */
void lanes_each(struct lanes *lanes, enum store_kind kind, void (*fn)(struct lane *, void *),
                void *arg);

/* Found or made. */
struct lane *lane_get(struct lanes *lanes, enum store_kind kind, struct slice name);
const char *lane_name(const struct lane *lane);
enum store_kind lane_kind(const struct lane *lane);
void lane_set_user(struct lane *lane, void *user);
void *lane_user(const struct lane *lane);

/* All that waits, in memory and in the store. */
int64_t lane_waiting(const struct lane *lane);
/* When the oldest of those in memory, taken ones too, was accepted (ms since 1970);
 * 0: there is none. */
int64_t lane_oldest_ms(const struct lane *lane);
/* The first item, still in the lane; NULL when none is in memory. */
struct lane_item *lane_head(const struct lane *lane);
/* Takes the first item out; NULL when none is in memory (more may be coming). */
struct lane_item *lane_take(struct lane *lane);

/* Of its message; 0 when that has none. */
int lane_item_priority(const struct lane_item *item);
/* Whether a goes before b: higher priority, else older. */
bool lane_item_before(const struct lane_item *a, const struct lane_item *b);

/* A message was stored as waiting in this lane. Takes a reference if it keeps
 * the message in memory. */
void lane_offer(struct lane *lane, int64_t number, struct message *message);
/* An item that was taken waits again, before others of its age. */
void lane_give_back(struct lane_item *item);
/* The item is no longer this lane's. The change of the store that says where it
 * went must have been issued before. */
void lane_drop(struct lane_item *item);
/*
 * An item that was taken waits in another lane of the same kind from now on. The
 * change of the store that says so must have been issued before.
 */
void lane_move(struct lane_item *item, struct lane *to);
/*
 * Somebody cancels an entry of this lane; waiting: it is in the store's queue,
 * not deferred. False, and nothing done, when the item is taken, unless
 * even_taken: then whoever has it may settle it, but it does not come back. On
 * true the change of the store must be issued at once.
 */
bool lane_withdraw(struct lane *lane, int64_t number, struct message *message, bool waiting,
                   bool even_taken);
/* An item that never waited in the lane (it went to an SMSC at once), known to
 * it from now on. Takes a reference. */
struct lane_item *lane_adopt(struct lane *lane, int64_t number, struct message *message);

#endif
