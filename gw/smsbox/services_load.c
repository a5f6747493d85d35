/* SPDX-License-Identifier: Apache-2.0 */
/*
 * services_load - from groups sms-service to struct service.
 */
#include "gw/smsbox/services_load.h"

#include <stdlib.h>
#include <strings.h>

#include "gw/smsbox/escapes.h"
#include "gwlib/child.h"
#include "gwlib/memory.h"

struct services {
    struct service *first;
};

const struct service *services_first(const struct services *services)
{
    return services->first;
}

static const char *text_or_null(const struct conf_group *group, const char *name)
{
    const char *value = conf_string(group, name);
    return value != NULL && *value != '\0' ? value : NULL;
}

/* --- regular expressions ------------------------------------------------------ */

/* The schema has checked that it compiles. */
static struct regex *regex_of(const struct conf_group *group, const char *name)
{
    const char *pattern = text_or_null(group, name);
    struct bytes ignored = {0};
    struct regex *regex = pattern != NULL ? regex_compile(pattern, false, &ignored) : NULL;
    bytes_free(&ignored);
    return regex;
}

/* ^[ ]*(KEYWORD|ALIAS|...)[ ]* */
static void keyword_pattern(const struct conf_group *group, const char *keyword, struct bytes *to)
{
    bytes_printf(to, "^[ ]*(%s", keyword);
    struct slice aliases = slice_str(conf_string(group, "aliases")), alias;
    while (slice_next_item(&aliases, ';', &alias)) {
        bytes_append_char(to, '|');
        bytes_append_slice(to, alias);
    }
    bytes_append_str(to, ")[ ]*");
}

/* Sets keyword, is_default and name. False after reporting a mistake. */
static bool read_keyword(struct service *s, const struct conf_group *group,
                         struct conf_problems *problems)
{
    const char *keyword = conf_string(group, "keyword");
    struct bytes pattern = {0}, error = {0};
    if (keyword == NULL) {
        bytes_append_str(&pattern, conf_string(group, "keyword-regex"));
        s->keyword = regex_compile(bytes_str(&pattern), false, &error);
    } else if (strcasecmp(keyword, "default") == 0) {
        s->is_default = true;
        bytes_append_str(&pattern, keyword);
    } else {
        keyword_pattern(group, keyword, &pattern);
        s->keyword = regex_compile(bytes_str(&pattern), true, &error);
    }
    bool fine = s->is_default || s->keyword != NULL;
    if (!fine)
        conf_report(problems, CONF_ERROR, group, keyword != NULL ? "keyword" : "keyword-regex",
                    "\"%s\" is no regular expression: %s", bytes_str(&pattern), bytes_str(&error));
    const char *name = text_or_null(group, "name");
    s->name = memory_strdup(name != NULL ? name : bytes_str(&pattern));
    bytes_free(&pattern);
    bytes_free(&error);
    return fine;
}

/* --- the action ------------------------------------------------------------------ */

static const struct {
    const char *variable;
    enum service_action action;
} actions[] = {
    {"get-url", SERVICE_GET_URL},   {"url", SERVICE_GET_URL}, {"post-url", SERVICE_POST_URL},
    {"post-xml", SERVICE_POST_XML}, {"file", SERVICE_FILE},   {"text", SERVICE_TEXT},
    {"exec", SERVICE_EXEC},
};

/* A command is run without a shell: what needs one is told. */
static bool read_command(struct service *s, const struct conf_group *group,
                         struct conf_problems *problems)
{
    struct bytes error = {0};
    bool fine = child_split_words(s->pattern, &s->command, &error);
    const char *shell = child_find_shell_syntax(s->pattern);
    if (!fine)
        conf_report(problems, CONF_ERROR, group, "exec", "%s", bytes_str(&error));
    else if (shell != NULL)
        conf_report(problems, CONF_WARNING, group, "exec",
                    "no shell runs this command: '%c' is passed on as it is; put the line into a "
                    "script if it is meant for a shell",
                    *shell);
    bytes_free(&error);
    return fine;
}

static bool read_action(struct service *s, const struct conf_group *group,
                        struct conf_problems *problems)
{
    for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
        const char *pattern = conf_string(group, actions[i].variable);
        if (pattern == NULL)
            continue;
        s->action = actions[i].action;
        s->pattern = pattern;
        struct escapes_needs needs = escapes_needs(pattern);
        s->words = needs.words;
        s->words_at_least = needs.rest;
        s->catch_all = conf_bool(group, "catch-all") || s->action == SERVICE_POST_URL ||
                       s->action == SERVICE_POST_XML;
        return s->action != SERVICE_EXEC || read_command(s, group, problems);
    }
    return false; /* reported by schema_check() */
}

/* --- the rest ------------------------------------------------------------------------ */

static void read_restrictions(struct service *s, const struct conf_group *group)
{
    s->accepted_smsc = text_or_null(group, "accepted-smsc");
    s->accepted_account = text_or_null(group, "accepted-account");
    s->accepted_smsc_regex = regex_of(group, "accepted-smsc-regex");
    s->accepted_account_regex = regex_of(group, "accepted-account-regex");
    s->allowed_prefix = text_or_null(group, "allowed-prefix");
    s->denied_prefix = text_or_null(group, "denied-prefix");
    s->allowed_prefix_regex = regex_of(group, "allowed-prefix-regex");
    s->denied_prefix_regex = regex_of(group, "denied-prefix-regex");
    s->allowed_receiver_prefix = text_or_null(group, "allowed-receiver-prefix");
    s->denied_receiver_prefix = text_or_null(group, "denied-receiver-prefix");
    s->allowed_receiver_prefix_regex = regex_of(group, "allowed-receiver-prefix-regex");
    s->denied_receiver_prefix_regex = regex_of(group, "denied-receiver-prefix-regex");
}

static void read_reply(struct service *s, const struct conf_group *group,
                       const struct conf_group *box)
{
    s->strip_keyword = conf_bool(group, "strip-keyword");
    s->send_sender = conf_bool(group, "send-sender");
    s->alt_charset = conf_is_set(group, "alt-charset") ? text_or_null(group, "alt-charset") : NULL;
    s->pieces = pieces_options_read(group, box);
    s->omit_empty = conf_bool(group, "omit-empty");
    s->accept_headers = conf_bool(group, "accept-x-kannel-headers");
    s->prefix = text_or_null(group, "prefix");
    s->suffix = text_or_null(group, "suffix");
    s->faked_sender = text_or_null(group, "faked-sender");
    s->dlr_url = text_or_null(group, "dlr-url");
    s->dlr_mask =
        conf_is_set(group, "dlr-mask") ? (int32_t)conf_number(group, "dlr-mask") : SMS_UNSET;
}

static void service_free(struct service *s)
{
    if (s->command != NULL)
        child_free_words(s->command);
    regex_free(s->keyword);
    regex_free(s->accepted_smsc_regex);
    regex_free(s->accepted_account_regex);
    regex_free(s->allowed_prefix_regex);
    regex_free(s->denied_prefix_regex);
    regex_free(s->allowed_receiver_prefix_regex);
    regex_free(s->denied_receiver_prefix_regex);
    lists_free(s->lists);
    free(s->name);
    free(s);
}

static struct service *read_service(const struct conf_group *group, const struct conf_group *box,
                                    struct loop *loop, struct http_client *http,
                                    struct conf_problems *problems)
{
    if (conf_string(group, "keyword") == NULL && conf_string(group, "keyword-regex") == NULL)
        return NULL; /* reported by schema_check() */
    struct service *s = memory_zalloc(1, sizeof(*s));
    bool fine = read_keyword(s, group, problems);
    if (!read_action(s, group, problems) || !fine) {
        service_free(s);
        return NULL;
    }
    read_restrictions(s, group);
    read_reply(s, group, box);
    s->lists = lists_create(loop, http, group);
    return s;
}

struct services *services_load(const struct conf *conf, struct loop *loop, struct http_client *http,
                               struct conf_problems *problems)
{
    struct services *services = memory_zalloc(1, sizeof(*services));
    const struct conf_group *box = conf_first(conf, "smsbox");
    struct service **end = &services->first;
    const struct conf_group *group = conf_first(conf, "sms-service");
    for (; group != NULL; group = conf_next(group)) {
        struct service *s = read_service(group, box, loop, http, problems);
        if (s == NULL)
            continue;
        *end = s;
        end = &s->next;
    }
    return services;
}

void services_free(struct services *services)
{
    if (services == NULL)
        return;
    for (struct service *s = services->first; s != NULL;) {
        struct service *next = s->next;
        service_free(s);
        s = next;
    }
    free(services);
}
