/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The SMSC connections: see links.h.
 */
#include "gw/bearerbox/links.h"

#include <stdlib.h>

#include "gwlib/log.h"
#include "gwlib/memory.h"

#define SETTLE_MS         50
#define START_PATIENCE_MS 10000 /* then new connections start although old ones are not down */

/* A configuration that connections were made from later. */
struct edition {
    struct conf *conf;
    struct edition *next;
};

struct links {
    struct gateway *gateway;
    const struct smsc_events *events;
    struct bearer *first;
    struct bearer *leaving; /* not in the configuration any more */
    struct edition *editions;
    struct loop_timer *settling;
    int64_t changed_ms;
    bool receiving, stopping;
};

/* --- making them --------------------------------------------------------------- */

/* Lane names join keys with ';' and mark with '!': neither may be in a key. */
static void append_clean(struct bytes *key, const char *name)
{
    for (; *name != '\0'; name++)
        bytes_append_char(key, *name == ';' || *name == '!' ? '_' : (unsigned char)*name);
}

static char *make_key(const struct links *links, const struct smsc *smsc)
{
    const char *name = smsc_admin_id(smsc) != NULL ? smsc_admin_id(smsc) : smsc_name(smsc);
    struct bytes key = {0};
    size_t plain;

    append_clean(&key, name);
    plain = key.len;
    for (int n = 2; links_by_key(links, bytes_slice(&key)) != NULL; n++) {
        bytes_truncate(&key, plain);
        bytes_printf(&key, "#%d", n);
    }
    return bytes_take(&key);
}

static struct bearer *bearer_create(struct links *links, const struct conf_group *group,
                                    struct conf_problems *problems)
{
    struct bearer *bearer = memory_zalloc(1, sizeof *bearer);
    int64_t now = loop_now(links->gateway->loop);

    bearer->gateway = links->gateway;
    bearer->group = group;
    bearer->smsc = smsc_create(links->gateway->loop, group, links->events, bearer, problems);
    if (bearer->smsc == NULL) {
        free(bearer);
        return NULL;
    }
    rules_read(&bearer->rules, group);
    bearer->sticky = conf_bool(group, "sticky-sender");
    bearer->key = make_key(links, bearer->smsc);
    counter_start(&bearer->sms_received, now);
    counter_start(&bearer->sms_sent, now);
    counter_start(&bearer->dlr_received, now);
    counter_start(&bearer->dlr_sent, now);
    return bearer;
}

static void settle(void *arg)
{
    links_settle(arg);
}

struct links *links_create(struct gateway *gateway, const struct smsc_events *events,
                           struct conf_problems *problems)
{
    struct links *links = memory_zalloc(1, sizeof *links);
    struct bearer **end = &links->first;

    links->gateway = gateway;
    links->events = events;
    links->receiving = true;
    links->settling = loop_timer_create(gateway->loop, settle, links);
    for (const struct conf_group *group = conf_first(gateway->conf, "smsc"); group != NULL;
         group = conf_next(group)) {
        for (long n = conf_number(group, "instances"); n > 0; n--) {
            *end = bearer_create(links, group, problems);
            if (*end == NULL)
                break; /* told already */
            end = &(*end)->next;
        }
    }
    return links;
}

void links_check(const struct conf *conf, struct conf_problems *problems)
{
    static const struct smsc_events nobody = {NULL, NULL, NULL, NULL, NULL, NULL};
    struct loop *loop = loop_create();

    for (const struct conf_group *group = conf_first(conf, "smsc"); group != NULL;
         group = conf_next(group)) {
        struct smsc *smsc = smsc_create(loop, group, &nobody, NULL, problems);

        if (smsc != NULL)
            smsc_free(smsc);
    }
    loop_destroy(loop);
}

static void start_one(struct links *links, struct bearer *bearer)
{
    bearer->unstarted = false;
    bearer->stopped_by_operator = conf_bool(bearer->group, "dead-start");
    if (bearer->stopped_by_operator)
        return;
    smsc_start(bearer->smsc);
    if (!links->receiving)
        smsc_set_receiving(bearer->smsc, false);
}

void links_start(struct links *links)
{
    for (struct bearer *bearer = links->first; bearer != NULL; bearer = bearer->next)
        start_one(links, bearer);
}

static bool all_dead(const struct bearer *first)
{
    for (const struct bearer *bearer = first; bearer != NULL; bearer = bearer->next)
        if (smsc_state(bearer->smsc) != SMSC_DEAD)
            return false;
    return true;
}

void links_stop(struct links *links)
{
    links->stopping = true;
    for (struct bearer *bearer = links->first; bearer != NULL; bearer = bearer->next)
        if (smsc_state(bearer->smsc) != SMSC_DEAD)
            smsc_stop(bearer->smsc);
}

bool links_stopped(const struct links *links)
{
    return all_dead(links->first) && all_dead(links->leaving);
}

static void bearer_free(struct bearer *bearer)
{
    smsc_free(bearer->smsc);
    rules_free(&bearer->rules);
    free(bearer->key);
    free(bearer);
}

static void free_all(struct bearer **first)
{
    while (*first != NULL) {
        struct bearer *bearer = *first;

        *first = bearer->next;
        bearer_free(bearer);
    }
}

static void drop_editions(struct links *links);

void links_free(struct links *links)
{
    if (links == NULL)
        return;
    free_all(&links->first);
    free_all(&links->leaving);
    drop_editions(links);
    loop_timer_free(links->settling);
    free(links);
}

struct bearer *links_first(const struct links *links)
{
    return links->first;
}

struct bearer *links_by_key(const struct links *links, struct slice key)
{
    for (struct bearer *bearer = links->first; bearer != NULL; bearer = bearer->next)
        if (slice_equal_str(key, bearer->key))
            return bearer;
    return NULL;
}

void links_set_receiving(struct links *links, bool receiving)
{
    links->receiving = receiving;
    for (struct bearer *bearer = links->first; bearer != NULL; bearer = bearer->next)
        smsc_set_receiving(bearer->smsc, receiving);
}

/* --- admin ------------------------------------------------------------------------ */

static bool has_admin_id(const struct bearer *bearer, struct slice admin_id)
{
    const char *id = smsc_admin_id(bearer->smsc);

    return id != NULL && slice_equal_str(admin_id, id);
}

struct bearer *links_online_by_id(const struct links *links, struct slice admin_id)
{
    for (struct bearer *bearer = links->first; bearer != NULL; bearer = bearer->next)
        if (has_admin_id(bearer, admin_id) && smsc_state(bearer->smsc) == SMSC_ONLINE)
            return bearer;
    return NULL;
}

bool links_stop_by_id(struct links *links, struct slice admin_id)
{
    bool any = false;

    for (struct bearer *bearer = links->first; bearer != NULL; bearer = bearer->next) {
        if (!has_admin_id(bearer, admin_id) || bearer->stopped_by_operator)
            continue;
        bearer->stopped_by_operator = true;
        smsc_stop(bearer->smsc);
        any = true;
    }
    return any;
}

bool links_start_by_id(struct links *links, struct slice admin_id)
{
    bool any = false;

    for (struct bearer *bearer = links->first; bearer != NULL; bearer = bearer->next) {
        if (!has_admin_id(bearer, admin_id) || smsc_state(bearer->smsc) != SMSC_DEAD)
            continue;
        bearer->stopped_by_operator = false;
        smsc_start(bearer->smsc);
        any = true;
    }
    return any;
}

/* --- other connections than before ---------------------------------------------------- */

static void append(struct bearer **first, struct bearer *bearer)
{
    while (*first != NULL)
        first = &(*first)->next;
    bearer->next = NULL;
    *first = bearer;
}

static void adopt_edition(struct links *links, struct conf *conf)
{
    struct edition *edition = memory_zalloc(1, sizeof *edition);

    *edition = (struct edition){conf, links->editions};
    links->editions = edition;
}

static bool uses(const struct bearer *first, const struct conf *conf)
{
    for (const struct bearer *bearer = first; bearer != NULL; bearer = bearer->next)
        if (conf_of(bearer->group) == conf)
            return true;
    return false;
}

/* Configurations that no connection was made from. */
static void drop_editions(struct links *links)
{
    struct edition **place = &links->editions;

    while (*place != NULL) {
        struct edition *edition = *place;

        if (uses(links->first, edition->conf) || uses(links->leaving, edition->conf)) {
            place = &edition->next;
            continue;
        }
        *place = edition->next;
        conf_free(edition->conf);
        free(edition);
    }
}

/* Takes one that waits for nothing out of the leaving. */
static struct bearer *take_gone(struct links *links)
{
    for (struct bearer **place = &links->leaving; *place != NULL; place = &(*place)->next) {
        struct bearer *bearer = *place;

        if (smsc_state(bearer->smsc) != SMSC_DEAD || smsc_outstanding(bearer->smsc) > 0 ||
            bearer->hand.count > 0 || bearer->hand.coming > 0 || bearer->hand.settling > 0 ||
            bearer->arriving > 0)
            continue;
        *place = bearer->next;
        return bearer;
    }
    return NULL;
}

static void stop_leaving(struct links *links)
{
    for (struct bearer *bearer = links->leaving; bearer != NULL; bearer = bearer->next) {
        if (bearer->stopped_by_operator)
            continue; /* done already */
        bearer->stopped_by_operator = true;
        if (smsc_state(bearer->smsc) != SMSC_DEAD)
            smsc_stop(bearer->smsc);
    }
}

/* True when none is left to be started. */
static bool start_new(struct links *links)
{
    bool patient = loop_now(links->gateway->loop) - links->changed_ms < START_PATIENCE_MS;
    bool good = true;

    for (struct bearer *bearer = links->first; bearer != NULL; bearer = bearer->next) {
        if (!bearer->unstarted)
            continue;
        if (patient && !all_dead(links->leaving))
            good = false;
        else
            start_one(links, bearer);
    }
    return good;
}

void links_settle(struct links *links)
{
    struct bearer *gone;
    bool started;

    stop_leaving(links);
    while ((gone = take_gone(links)) != NULL) {
        log_info("SMSC <%s> is removed", smsc_name(gone->smsc));
        bearer_free(gone);
    }
    started = links->stopping || start_new(links);
    drop_editions(links);
    if (!started || links->leaving != NULL)
        loop_timer_set(links->settling, SETTLE_MS);
}

static struct bearer *make_one(struct links *links, const struct conf_group *group)
{
    struct conf_problems problems = {0};
    struct bearer *bearer = bearer_create(links, group, &problems);

    conf_problems_log(&problems); /* none: they were checked */
    conf_problems_free(&problems);
    if (bearer != NULL)
        bearer->unstarted = true;
    return bearer;
}

/* One of the old connections that was made of an equal group, not taken yet. */
static struct bearer *claim(struct bearer *old, const struct conf_group *group)
{
    for (; old != NULL; old = old->next)
        if (!old->claimed && conf_group_equal(old->group, group)) {
            old->claimed = true;
            return old;
        }
    return NULL;
}

static size_t count_wanted(const struct conf *conf)
{
    size_t count = 0;

    for (const struct conf_group *group = conf_first(conf, "smsc"); group != NULL;
         group = conf_next(group))
        count += (size_t)conf_number(group, "instances");
    return count;
}

/* What the file wants, in its order: an old connection, or NULL. */
struct wanted {
    const struct conf_group *group;
    struct bearer *bearer;
};

static struct wanted *list_wanted(const struct links *links, const struct conf *conf, size_t count)
{
    struct wanted *wanted = memory_zalloc(count + 1, sizeof *wanted);
    size_t n = 0;

    for (const struct conf_group *group = conf_first(conf, "smsc"); group != NULL;
         group = conf_next(group))
        for (long i = conf_number(group, "instances"); i > 0; i--, n++)
            wanted[n] = (struct wanted){group, claim(links->first, group)};
    return wanted;
}

/* Those that nobody claimed leave; the list is empty then. */
static void part_from_unclaimed(struct links *links)
{
    while (links->first != NULL) {
        struct bearer *bearer = links->first;

        links->first = bearer->next;
        if (!bearer->claimed)
            append(&links->leaving, bearer);
        bearer->claimed = false;
    }
}

static void note_change(struct links *links)
{
    links->changed_ms = loop_now(links->gateway->loop);
    for (struct bearer *bearer = links->leaving; bearer != NULL; bearer = bearer->next)
        bearer->unstarted = false;
}

/* NULL: at the front. */
static struct bearer *insert_new(struct links *links, const struct conf_group *group,
                                 struct bearer *after)
{
    struct bearer *bearer = make_one(links, group);
    struct bearer **place = after != NULL ? &after->next : &links->first;

    if (bearer == NULL)
        return NULL;
    bearer->next = *place;
    *place = bearer;
    return bearer;
}

void links_apply(struct links *links, struct conf *conf)
{
    size_t count = count_wanted(conf);
    struct wanted *wanted = list_wanted(links, conf, count);
    struct bearer *last = NULL;

    part_from_unclaimed(links);
    for (size_t i = 0; i < count; i++) /* their keys are taken before new ones are made */
        if (wanted[i].bearer != NULL)
            append(&links->first, wanted[i].bearer);
    for (size_t i = 0; i < count; i++) {
        if (wanted[i].bearer == NULL)
            wanted[i].bearer = insert_new(links, wanted[i].group, last);
        if (wanted[i].bearer != NULL)
            last = wanted[i].bearer;
    }
    free(wanted);
    adopt_edition(links, conf);
    note_change(links);
}

static bool group_has_id(const struct conf_group *group, struct slice admin_id)
{
    const char *id = conf_string(group, "smsc-admin-id");

    if (id == NULL)
        id = conf_string(group, "smsc-id");
    return id != NULL && slice_equal_str(admin_id, id);
}

static bool is_there(const struct links *links, struct slice admin_id)
{
    for (const struct bearer *bearer = links->first; bearer != NULL; bearer = bearer->next)
        if (has_admin_id(bearer, admin_id))
            return true;
    return false;
}

bool links_add(struct links *links, struct conf *conf, struct slice admin_id)
{
    bool any = false, there = is_there(links, admin_id);

    for (const struct conf_group *group = conf_first(conf, "smsc"); group != NULL && !there;
         group = conf_next(group)) {
        for (long n = group_has_id(group, admin_id) ? conf_number(group, "instances") : 0; n > 0;
             n--) {
            struct bearer *bearer = make_one(links, group);

            if (bearer == NULL)
                break;
            append(&links->first, bearer);
            any = true;
        }
    }
    adopt_edition(links, conf);
    note_change(links);
    return any;
}

bool links_remove(struct links *links, struct slice admin_id)
{
    struct bearer **place = &links->first;

    if (!is_there(links, admin_id))
        return false;
    while (*place != NULL) {
        struct bearer *bearer = *place;

        if (!has_admin_id(bearer, admin_id)) {
            place = &bearer->next;
            continue;
        }
        *place = bearer->next;
        append(&links->leaving, bearer);
    }
    note_change(links);
    return true;
}
