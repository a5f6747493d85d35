/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Number lists of the gateway: see lists.h.
 */
#include "gw/bearerbox/lists.h"

#include <stdlib.h>

#include "gw/conf/outgoing.h"
#include "gw/sms/number_list.h"
#include "gwlib/log.h"
#include "gwlib/memory.h"
#include "gwlib/text_source.h"

enum { WHITE_SENDER, BLACK_SENDER, WHITE_RECEIVER, BLACK_RECEIVER, KINDS };

/* What the configuration calls them; the old names are for senders only. */
static const struct {
    const char *file, *old_file;
    const char *regex, *old_regex;
} names[KINDS] = {
    {"white-list-sender", "white-list", "white-list-sender-regex", "white-list-regex"},
    {"black-list-sender", "black-list", "black-list-sender-regex", "black-list-regex"},
    {"white-list-receiver", NULL, "white-list-receiver-regex", NULL},
    {"black-list-receiver", NULL, "black-list-receiver-regex", NULL},
};

struct list {
    struct lists *owner;
    const char *address; /* NULL: there is none */
    struct text_source *source;
    struct number_list *numbers; /* in force */
    struct number_list *coming;  /* fetched, until all are */
    struct regex *regex;
};

/* Somebody who waits for a reload. */
struct waiter {
    lists_done_fn *done;
    void *arg;
    struct waiter *next;
};

struct lists {
    struct loop *loop;
    struct http_client *http;
    struct list kinds[KINDS];
    size_t awaited; /* texts that are under way */
    bool failed;    /* one of them could not be had */
    struct loop_timer *timer;
    struct waiter *waiters;
};

/* --- fetching ------------------------------------------------------------------ */

/* All or nothing. */
static void put_in_force(struct lists *lists)
{
    for (size_t i = 0; i < KINDS; i++) {
        struct list *list = &lists->kinds[i];

        if (list->coming == NULL)
            continue;
        if (lists->failed) {
            number_list_free(list->coming);
        } else {
            number_list_free(list->numbers);
            list->numbers = list->coming;
        }
        list->coming = NULL;
    }
}

static void all_here(void *arg)
{
    struct lists *lists = arg;
    struct waiter *waiters = lists->waiters;
    bool good = !lists->failed;

    put_in_force(lists);
    lists->waiters = NULL;
    while (waiters != NULL) {
        struct waiter *waiter = waiters;

        waiters = waiter->next;
        waiter->done(good, waiter->arg);
        free(waiter);
    }
}

static void fetched(struct slice text, const char *error, void *arg)
{
    struct list *list = arg;
    struct lists *lists = list->owner;

    if (slice_is_set(text)) {
        list->coming = number_list_create(text);
        log_info("Number list <%s>: %zu numbers", list->address, number_list_count(list->coming));
    } else {
        log_error("Number list <%s> cannot be had: %s", list->address, error);
        lists->failed = true;
    }
    if (--lists->awaited == 0)
        all_here(lists);
}

void lists_reload(struct lists *lists, lists_done_fn *done, void *arg)
{
    struct waiter *waiter = memory_zalloc(1, sizeof *waiter);
    bool under_way = lists->waiters != NULL;

    *waiter = (struct waiter){done, arg, lists->waiters};
    lists->waiters = waiter;
    if (under_way)
        return;
    lists->failed = false;
    for (size_t i = 0; i < KINDS; i++) {
        if (lists->kinds[i].source == NULL)
            continue;
        lists->awaited++;
        text_source_start(lists->kinds[i].source, 0);
    }
    if (lists->awaited == 0)
        loop_timer_set(lists->timer, 0);
}

struct first_load {
    struct loop *loop;
    bool good;
};

static void first_load_done(bool good, void *arg)
{
    struct first_load *first = arg;

    first->good = good;
    loop_stop(first->loop);
}

bool lists_load(struct lists *lists)
{
    struct first_load first = {lists->loop, false};
    bool any = false;

    for (size_t i = 0; i < KINDS; i++)
        any = any || lists->kinds[i].source != NULL;
    if (!any)
        return true;
    lists_reload(lists, first_load_done, &first);
    loop_run(lists->loop);
    return first.good;
}

/* --- asking --------------------------------------------------------------------- */

static const char *refuse(const struct lists *lists, int white, int black, struct slice number)
{
    const struct list *kinds = lists->kinds;
    struct number_rules rules = {kinds[white].numbers, kinds[white].regex, kinds[black].numbers,
                                 kinds[black].regex};

    return number_rules_refuse(&rules, number);
}

const char *lists_refuse(const struct lists *lists, const struct sms *sms)
{
    const char *why = refuse(lists, WHITE_SENDER, BLACK_SENDER, sms->sender);

    return why != NULL ? why : refuse(lists, WHITE_RECEIVER, BLACK_RECEIVER, sms->receiver);
}

/* --- the room as a whole ----------------------------------------------------------- */

/* By its name or its old one. */
static const char *value(const struct conf_group *core, const char *name, const char *old_name)
{
    const char *text = conf_string(core, name);

    return text == NULL && old_name != NULL ? conf_string(core, old_name) : text;
}

static void list_open(struct lists *lists, struct list *list, size_t kind,
                      const struct conf_group *core)
{
    const char *pattern = value(core, names[kind].regex, names[kind].old_regex);
    struct bytes error = {0};

    list->owner = lists;
    list->address = value(core, names[kind].file, names[kind].old_file);
    if (list->address != NULL)
        list->source = text_source_create(lists->loop, lists->http, list->address,
                                          NUMBER_LIST_MAX_TEXT, fetched, list);
    if (pattern != NULL)
        list->regex = regex_compile(pattern, false, &error); /* checked by the reader */
    bytes_free(&error);
}

struct lists *lists_create(struct loop *loop, const struct conf_group *core)
{
    struct lists *lists = memory_zalloc(1, sizeof *lists);
    struct outgoing_limits limits = {.timeout_s = (unsigned)conf_number(core, "http-timeout")};

    lists->loop = loop;
    lists->http = outgoing_client(loop, core, &limits);
    lists->timer = loop_timer_create(loop, all_here, lists);
    for (size_t i = 0; i < KINDS; i++)
        list_open(lists, &lists->kinds[i], i, core);
    return lists;
}

void lists_free(struct lists *lists)
{
    if (lists == NULL)
        return;
    for (size_t i = 0; i < KINDS; i++) {
        text_source_free(lists->kinds[i].source);
        number_list_free(lists->kinds[i].numbers);
        number_list_free(lists->kinds[i].coming);
        regex_free(lists->kinds[i].regex);
    }
    while (lists->waiters != NULL) {
        struct waiter *waiter = lists->waiters;

        lists->waiters = waiter->next;
        free(waiter);
    }
    http_client_free(lists->http);
    loop_timer_free(lists->timer);
    free(lists);
}
