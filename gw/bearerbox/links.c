/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The SMSC connections: see links.h.
 */
#include "gw/bearerbox/links.h"

#include <stdlib.h>

#include "gwlib/memory.h"

struct links {
    struct gateway *gateway;
    const struct smsc_events *events;
    struct bearer *first;
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
    bearer->key = make_key(links, bearer->smsc);
    counter_start(&bearer->sms_received, now);
    counter_start(&bearer->sms_sent, now);
    counter_start(&bearer->dlr_received, now);
    counter_start(&bearer->dlr_sent, now);
    return bearer;
}

struct links *links_create(struct gateway *gateway, const struct smsc_events *events,
                           struct conf_problems *problems)
{
    struct links *links = memory_zalloc(1, sizeof *links);
    struct bearer **end = &links->first;

    links->gateway = gateway;
    links->events = events;
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

void links_start(struct links *links)
{
    for (struct bearer *bearer = links->first; bearer != NULL; bearer = bearer->next) {
        bearer->stopped_by_operator = conf_bool(bearer->group, "dead-start");
        if (!bearer->stopped_by_operator)
            smsc_start(bearer->smsc);
    }
}

void links_stop(struct links *links)
{
    for (struct bearer *bearer = links->first; bearer != NULL; bearer = bearer->next)
        if (smsc_state(bearer->smsc) != SMSC_DEAD)
            smsc_stop(bearer->smsc);
}

bool links_stopped(const struct links *links)
{
    for (struct bearer *bearer = links->first; bearer != NULL; bearer = bearer->next)
        if (smsc_state(bearer->smsc) != SMSC_DEAD)
            return false;
    return true;
}

void links_free(struct links *links)
{
    if (links == NULL)
        return;
    while (links->first != NULL) {
        struct bearer *bearer = links->first;

        links->first = bearer->next;
        smsc_free(bearer->smsc);
        rules_free(&bearer->rules);
        free(bearer->key);
        free(bearer);
    }
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
    for (struct bearer *bearer = links->first; bearer != NULL; bearer = bearer->next)
        smsc_set_receiving(bearer->smsc, receiving);
}

/* --- admin ------------------------------------------------------------------------ */

static bool has_admin_id(const struct bearer *bearer, struct slice admin_id)
{
    const char *id = smsc_admin_id(bearer->smsc);

    return id != NULL && slice_equal_str(admin_id, id);
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
