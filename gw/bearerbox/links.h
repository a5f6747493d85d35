/* SPDX-License-Identifier: Apache-2.0 */
/*
 * links - the SMSC connections of this bearerbox: made from the smsc groups,
 * started, stopped, and counted.
 *
 * A struct bearer is one connection with what the router and dispatch know
 * about it.
 */
#ifndef GW_BEARERBOX_LINKS_H
#define GW_BEARERBOX_LINKS_H

#include "gw/bearerbox/aside.h"
#include "gw/bearerbox/gateway.h"
#include "gw/bearerbox/rules.h"
#include "gw/smsc/smsc.h"

struct outgoing;

/* Messages that are committed as SENDING and wait for a free place in the
 * driver's window; dispatch's own. */
struct hand {
    struct outgoing *first, *last;
    size_t count;
    size_t coming; /* on their way to SENDING */
    /* Accepted by the SMSC, not committed as such yet. They keep their places in
     * the window, so that a crash leaves no more than a window uncertain. */
    size_t settling;
};
/* Answers of the store are on their way for a bearer whose `coming` or
 * `settling` is not 0: it must not be freed. */

struct bearer {
    struct gateway *gateway;
    const struct conf_group *group;
    struct smsc *smsc;
    struct rules rules;
    char *key; /* unique among the bearers and the same after a restart */
    bool stopped_by_operator;
    bool sticky;     /* sticky-sender */
    bool restrained; /* dispatch's own: limits, quiet hours */
    struct hand hand;
    struct aside aside;
    size_t arriving; /* what it received and waits to hear about */
    bool unstarted;  /* made, but not started yet */
    bool claimed;    /* links_apply()'s own */
    struct counter sms_received, sms_sent, dlr_received, dlr_sent;
    uint64_t failed;
    struct bearer *next;
};

/* One bearer per smsc group (and instance). What a connection tells goes to
 * events, with its struct bearer as the owner. */
struct links *links_create(struct gateway *gateway, const struct smsc_events *events,
                           struct conf_problems *problems);
/* Whether every smsc group could be made into a connection: for mistakes that
 * only a driver sees, told before anything starts. */
void links_check(const struct conf *conf, struct conf_problems *problems);
void links_start(struct links *links);
void links_stop(struct links *links);
/* All are SMSC_DEAD. */
bool links_stopped(const struct links *links);
void links_free(struct links *links);

/* In file order. */
struct bearer *links_first(const struct links *links);
struct bearer *links_by_key(const struct links *links, struct slice key);

/* The first with that smsc-admin-id that is online, or NULL. */
struct bearer *links_online_by_id(const struct links *links, struct slice admin_id);

/* Isolated or not. */
void links_set_receiving(struct links *links, bool receiving);

/* Admin: all connections with that smsc-admin-id. False when there is none to
 * stop or start. */
bool links_stop_by_id(struct links *links, struct slice admin_id);
bool links_start_by_id(struct links *links, struct slice admin_id);

/*
 * Other connections than before. The configuration, which must have been checked,
 * is theirs from then on; dispatch_rewire() must follow before the loop goes on, and then
 * links_settle(). A connection whose group did not change is left alone. One
 * that goes is out of sight at once and is stopped and freed behind the scene;
 * new ones start when all that go are down, because they may need their ports
 * and devices.
 */
void links_apply(struct links *links, struct conf *conf);
/* Those with that smsc-admin-id only. False: there are some already, or none in
 * the file. */
bool links_add(struct links *links, struct conf *conf, struct slice admin_id);
/* False: there is none. */
bool links_remove(struct links *links, struct slice admin_id);
void links_settle(struct links *links);

#endif
