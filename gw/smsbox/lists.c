/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lists - see lists.h.
 */
#include "gw/smsbox/lists.h"

#include <stdlib.h>

#include "gw/sms/number_list.h"
#include "gwlib/log.h"
#include "gwlib/memory.h"
#include "gwlib/text_source.h"

#define FETCH_AGAIN_MS 30000

struct fetched_list {
    const char *address; /* NULL: there is none */
    struct text_source *source;
    struct number_list *numbers; /* NULL: not here yet */
};

struct lists {
    struct fetched_list white, black;
    struct regex *white_regex, *black_regex;
};

static void load(struct fetched_list *list, struct slice text)
{
    number_list_free(list->numbers);
    list->numbers = number_list_create(text);
}

static void fetched(struct slice text, const char *error, void *arg)
{
    struct fetched_list *list = arg;
    if (slice_is_set(text)) {
        load(list, text);
        log_info("number list <%s>: %zu numbers", list->address, number_list_count(list->numbers));
        return;
    }
    log_error("number list <%s>: %s; nobody passes it until it is there", list->address, error);
    text_source_start(list->source, FETCH_AGAIN_MS);
}

static void list_open(struct fetched_list *list, struct loop *loop, struct http_client *http,
                      const char *address)
{
    if (address == NULL)
        return;
    list->address = address;
    list->source = text_source_create(loop, http, address, NUMBER_LIST_MAX_TEXT, fetched, list);
    text_source_start(list->source, 0);
}

static void list_close(struct fetched_list *list)
{
    text_source_free(list->source);
    number_list_free(list->numbers);
}

/* A pattern that does not compile was reported by the schema. */
static struct regex *compile(const char *pattern)
{
    struct bytes ignored = {0};
    struct regex *regex = pattern != NULL ? regex_compile(pattern, false, &ignored) : NULL;
    bytes_free(&ignored);
    return regex;
}

struct lists *lists_create(struct loop *loop, struct http_client *http,
                           const struct conf_group *group)
{
    const char *white = conf_string(group, "white-list");
    const char *black = conf_string(group, "black-list");
    const char *white_regex = conf_string(group, "white-list-regex");
    const char *black_regex = conf_string(group, "black-list-regex");
    if (white == NULL && black == NULL && white_regex == NULL && black_regex == NULL)
        return NULL;
    struct lists *lists = memory_zalloc(1, sizeof(*lists));
    list_open(&lists->white, loop, http, white);
    list_open(&lists->black, loop, http, black);
    lists->white_regex = compile(white_regex);
    lists->black_regex = compile(black_regex);
    return lists;
}

void lists_free(struct lists *lists)
{
    if (lists == NULL)
        return;
    list_close(&lists->white);
    list_close(&lists->black);
    regex_free(lists->white_regex);
    regex_free(lists->black_regex);
    free(lists);
}

void lists_load(struct lists *lists, bool white, struct slice text)
{
    load(white ? &lists->white : &lists->black, text);
}

static bool is_missing(const struct fetched_list *list)
{
    return list->address != NULL && list->numbers == NULL;
}

bool lists_allow(const struct lists *lists, struct slice number)
{
    if (lists == NULL)
        return true;
    if (is_missing(&lists->white) || is_missing(&lists->black))
        return false;
    struct number_rules rules = {lists->white.numbers, lists->white_regex, lists->black.numbers,
                                 lists->black_regex};
    return number_rules_refuse(&rules, number) == NULL;
}
