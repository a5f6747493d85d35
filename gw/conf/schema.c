/* SPDX-License-Identifier: Apache-2.0 */
/*
 * schema - the table of schema.def as data, and the checks that need more than
 * one variable or know what SMS is. They report what Kannel ends on, and what
 * surely was not meant; what a driver alone can judge is left to it.
 */
#include "gw/conf/schema.h"

#include <stdlib.h>
#include <uthash.h>

#include "gwlib/memory.h"

/* --- the table ---------------------------------------------------------------- */

#define NONE        NULL
#define SINGLE      false
#define MULTIPLE    true
#define USED        false, CONF_USED
#define REQUIRED    true, CONF_USED
#define IGNORED     false, CONF_IGNORED
#define DEPRECATED  false, CONF_DEPRECATED
#define UNSUPPORTED false, CONF_UNSUPPORTED
#define ANY         0, 0
#define WHOLE       0, 2147483647
#define RANGE(a, b) a, b

#define STRING(name, fallback, standing, doc)                                                      \
    {name, CONF_STRING, fallback, ANY, NULL, standing, doc},
#define BOOL(name, fallback, standing, doc) {name, CONF_BOOL, fallback, ANY, NULL, standing, doc},
#define PORT(name, fallback, standing, doc) {name, CONF_PORT, fallback, ANY, NULL, standing, doc},
#define DECIMAL(name, fallback, standing, doc)                                                     \
    {name, CONF_DECIMAL, fallback, ANY, NULL, standing, doc},
#define URL(name, fallback, standing, doc) {name, CONF_URL, fallback, ANY, NULL, standing, doc},
#define NUMBER(name, fallback, range, standing, doc)                                               \
    {name, CONF_NUMBER, fallback, range, NULL, standing, doc},
#define DURATION(name, fallback, range, standing, doc)                                             \
    {name, CONF_DURATION, fallback, range, NULL, standing, doc},
#define CHOICE(name, choices, fallback, standing, doc)                                             \
    {name, CONF_CHOICE, fallback, ANY, choices, standing, doc},
#define ACL(name, standing, doc)   {name, CONF_ACL, NULL, ANY, NULL, standing, doc},
#define REGEX(name, standing, doc) {name, CONF_REGEX, NULL, ANY, NULL, standing, doc},

/* First reading: an array of variables a group. */
#define GROUP(id, name, multiple, standing, doc)                                                   \
    static const struct conf_variable variables_of_##id[] = {
#define END(id)                                                                                    \
    }                                                                                              \
    ;
#define FOREIGN_GROUP(id, name, multiple, doc)
#include "gw/conf/schema.def"
#undef GROUP
#undef END
#undef FOREIGN_GROUP

#undef STRING
#undef BOOL
#undef PORT
#undef DECIMAL
#undef URL
#undef NUMBER
#undef DURATION
#undef CHOICE
#undef ACL
#undef REGEX
#define STRING(name, fallback, standing, doc)
#define BOOL(name, fallback, standing, doc)
#define PORT(name, fallback, standing, doc)
#define DECIMAL(name, fallback, standing, doc)
#define URL(name, fallback, standing, doc)
#define NUMBER(name, fallback, range, standing, doc)
#define DURATION(name, fallback, range, standing, doc)
#define CHOICE(name, choices, fallback, standing, doc)
#define ACL(name, standing, doc)
#define REGEX(name, standing, doc)
#undef USED
#undef IGNORED
#define USED    CONF_USED
#define IGNORED CONF_IGNORED

/* Second reading: the groups. */
#define GROUP(id, name, multiple, support, doc)                                                    \
    {name,  multiple,          support,                                                            \
     false, variables_of_##id, sizeof(variables_of_##id) / sizeof(variables_of_##id[0]),           \
     doc},
#define END(id)
#define FOREIGN_GROUP(id, name, multiple, doc) {name, multiple, CONF_IGNORED, true, NULL, 0, doc},
static const struct conf_group_type groups[] = {
#include "gw/conf/schema.def"
};

const struct conf_schema *schema_get(void)
{
    static const struct conf_schema schema = {groups, sizeof(groups) / sizeof(groups[0])};

    return &schema;
}

/* --- what both boxes look at --------------------------------------------------- */

static void require(const struct conf_group *group, const char *variable, const char *why,
                    struct conf_problems *problems)
{
    if (!conf_is_set(group, variable))
        conf_report(problems, CONF_ERROR, group, variable, "is missing: %s", why);
}

/* A TLS port without a certificate would serve nobody. */
static void check_certificate(const struct conf_group *core, const struct conf_group *group,
                              const char *variable, struct conf_problems *problems)
{
    if (conf_bool(group, variable) &&
        !(conf_is_set(core, "ssl-server-cert-file") && conf_is_set(core, "ssl-server-key-file")))
        conf_report(problems, CONF_ERROR, group, variable,
                    "needs ssl-server-cert-file and ssl-server-key-file in group 'core'");
}

/* Kannel's rule surprises people: an allow list alone lets everybody in. */
static void check_access_lists(const struct conf_group *group, const char *allow, const char *deny,
                               struct conf_problems *problems)
{
    if (conf_is_set(group, allow) && !conf_is_set(group, deny))
        conf_report(problems, CONF_WARNING, group, allow,
                    "restricts nothing without %s; write %s = \"*.*.*.*\" to let in nobody else",
                    deny, deny);
}

/* --- bearerbox ----------------------------------------------------------------- */

static void check_core(const struct conf *conf, const struct conf_group *core,
                       struct conf_problems *problems)
{
    require(core, "admin-port", "the port of the administration", problems);
    require(core, "admin-password", "nobody could administrate the gateway", problems);
    check_certificate(core, core, "admin-port-ssl", problems);
    check_certificate(core, core, "smsbox-port-ssl", problems);
    check_access_lists(core, "admin-allow-ip", "admin-deny-ip", problems);
    check_access_lists(core, "box-allow-ip", "box-deny-ip", problems);
    if (conf_first(conf, "smsc") != NULL)
        require(core, "smsbox-port", "there is a group 'smsc', but no box could connect", problems);
    if (conf_is_set(core, "smsbox-port") && conf_first(conf, "smsbox") == NULL)
        conf_report(problems, CONF_ERROR, core, "smsbox-port", "there is no group 'smsbox'");
}

/* What waits in it would be forgotten without a word. */
static void check_store(const struct conf_group *core, struct conf_problems *problems)
{
    const char *type = conf_string(core, "store-type");

    if (strcmp(type, "redis") == 0)
        conf_report(problems, CONF_WARNING, core, "store-type",
                    "messages that wait in Kannel's store of type '%s' are not taken over; those "
                    "of this gateway are kept in a database file",
                    type);
}

static bool is_among(const char *word, const char *const *words)
{
    for (; *words != NULL; words++) {
        if (strcmp(word, *words) == 0)
            return true;
    }
    return false;
}

static void check_smsc_type(const struct conf_group *smsc, struct conf_problems *problems)
{
    static const char *const here[] = {"at", "smpp", "fake", "loopback", NULL};
    static const char *const elsewhere[] = {"emi",  "cimd2",   "cgw",  "smasi",   "oisd", "ois",
                                            "sema", "emi_x25", "cimd", "parlayx", NULL};
    const char *type = conf_string(smsc, "smsc");
    const char *meant;

    if (type == NULL || is_among(type, here) || strcmp(type, "http") == 0) /* see smsc_create() */
        return;
    if (is_among(type, elsewhere)) {
        conf_report(problems, CONF_ERROR, smsc, "smsc",
                    "SMSC type '%s' of Kannel is not supported here; comment the group out to go "
                    "on without it",
                    type);
        return;
    }
    meant = conf_nearest(type, here);
    conf_report(problems, CONF_ERROR, smsc, "smsc",
                "Unknown SMSC type '%s'%s%s%s (there are at, smpp, fake, loopback)", type,
                meant != NULL ? "; did you mean '" : "", meant != NULL ? meant : "",
                meant != NULL ? "'?" : "");
}

static void check_smsc(const struct conf_group *smsc, struct conf_problems *problems)
{
    check_smsc_type(smsc, problems);
    if (conf_is_set(smsc, "allowed-smsc-id") && conf_is_set(smsc, "denied-smsc-id"))
        conf_report(problems, CONF_WARNING, smsc, "denied-smsc-id",
                    "has no effect besides allowed-smsc-id");
}

/* One "this receiver on this SMSC" of a route; either may be unset. */
struct route_key {
    struct slice receiver, smsc_id;
    const struct conf_group *group;
    size_t order;
};

struct route_keys {
    struct route_key *items;
    size_t count;
};

/* What is beyond is not compared: a bound on the work, not on routes. */
#define ROUTE_KEYS_MAX 1000000

static bool next_item(struct slice *rest, unsigned char separator, struct slice *item)
{
    if (!slice_next_item(rest, separator, item))
        return false;
    *item = slice_trim(*item);
    return true;
}

static void add_route_key(struct route_keys *keys, const struct conf_group *group,
                          struct slice receiver, struct slice smsc_id)
{
    if (keys->count >= ROUTE_KEYS_MAX)
        return;
    if ((keys->count & (keys->count - 1)) == 0) /* full at each power of two */
        keys->items = memory_realloc(keys->items, keys->count > 0 ? keys->count * 2 : 1,
                                     sizeof(keys->items[0]));
    keys->items[keys->count] = (struct route_key){receiver, smsc_id, group, keys->count};
    keys->count++;
}

/* Every shortcode with every SMSC; a list that is not there is one unset item. */
static void add_route(struct route_keys *keys, const struct conf_group *route)
{
    struct slice codes = slice_str(conf_string(route, "shortcode"));
    struct slice code = slice_unset();
    bool more = !slice_is_set(codes) || next_item(&codes, ';', &code);

    while (more) {
        struct slice ids = slice_str(conf_string(route, "smsc-id"));
        struct slice id;

        if (!slice_is_set(ids))
            add_route_key(keys, route, code, slice_unset());
        while (next_item(&ids, ';', &id))
            add_route_key(keys, route, code, id);
        more = next_item(&codes, ';', &code);
    }
}

static int compare_slices(struct slice a, struct slice b)
{
    size_t len = a.len < b.len ? a.len : b.len;
    int order = len > 0 ? memcmp(a.data, b.data, len) : 0;

    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

static int compare_keys(const void *first, const void *second)
{
    const struct route_key *a = first, *b = second;
    int order = compare_slices(a->receiver, b->receiver);

    return order != 0 ? order : compare_slices(a->smsc_id, b->smsc_id);
}

static int compare_keys_in_order(const void *first, const void *second)
{
    const struct route_key *a = first, *b = second;
    int order = compare_keys(a, b);

    return order != 0 ? order : (a->order > b->order) - (a->order < b->order);
}

static void report_double(const struct route_key *key, const char *variable,
                          struct conf_problems *problems)
{
    struct bytes what = {0};

    if (slice_is_set(key->receiver))
        bytes_printf(&what, " receiver '%.*s'", (int)key->receiver.len, key->receiver.data);
    if (slice_is_set(key->smsc_id))
        bytes_printf(&what, " smsc-id '%.*s'", (int)key->smsc_id.len, key->smsc_id.data);
    conf_report(problems, CONF_ERROR, key->group, variable, "a second route for%s",
                bytes_str(&what));
    bytes_free(&what);
}

/* Reports every key that stands a second time; the list is empty afterwards. */
static void report_doubles(struct route_keys *keys, const char *variable,
                           struct conf_problems *problems)
{
    size_t i;

    if (keys->count > 1)
        qsort(keys->items, keys->count, sizeof(keys->items[0]), compare_keys_in_order);
    for (i = 1; i < keys->count; i++) {
        if (compare_keys(&keys->items[i - 1], &keys->items[i]) == 0)
            report_double(&keys->items[i], variable, problems);
    }
    free(keys->items);
    *keys = (struct route_keys){0};
}

static void check_routes(const struct conf *conf, struct conf_problems *problems)
{
    const struct conf_group *route = conf_first(conf, "smsbox-route");
    struct route_keys keys = {0};

    for (; route != NULL; route = conf_next(route)) {
        if (conf_is_set(route, "shortcode") || conf_is_set(route, "smsc-id"))
            add_route(&keys, route);
        else
            conf_report(problems, CONF_WARNING, route, NULL,
                        "routes nothing without shortcode or smsc-id");
    }
    report_doubles(&keys, NULL, problems);
}

/* "A,111,222; B,333": the first item of a rule is an smsc-id. */
static void check_reroutes(const struct conf_group *smsc, struct conf_problems *problems)
{
    struct slice rules = slice_str(conf_string(smsc, "reroute-receiver"));
    struct route_keys keys = {0};
    struct slice rule, item;

    while (next_item(&rules, ';', &rule)) {
        next_item(&rule, ',', &item);
        while (next_item(&rule, ',', &item))
            add_route_key(&keys, smsc, item, slice_unset());
    }
    report_doubles(&keys, "reroute-receiver", problems);
}

static void check_bearerbox(const struct conf *conf, const struct conf_group *core,
                            struct conf_problems *problems)
{
    const struct conf_group *smsc = conf_first(conf, "smsc");

    check_core(conf, core, problems);
    check_store(core, problems);
    for (; smsc != NULL; smsc = conf_next(smsc)) {
        check_smsc(smsc, problems);
        check_reroutes(smsc, problems);
    }
    check_routes(conf, problems);
}

/* --- smsbox --------------------------------------------------------------------- */

static void check_service_action(const struct conf_group *service, struct conf_problems *problems)
{
    static const char *const actions[] = {"get-url", "url",  "post-url", "post-xml",
                                          "file",    "text", "exec",     NULL};
    const char *first = NULL;
    size_t i;

    for (i = 0; actions[i] != NULL; i++) {
        if (!conf_is_set(service, actions[i]))
            continue;
        if (first != NULL)
            conf_report(problems, CONF_WARNING, service, actions[i],
                        "has no effect besides %s: a service does one thing", first);
        else
            first = actions[i];
    }
    if (first == NULL)
        conf_report(problems, CONF_ERROR, service, NULL,
                    "one of get-url, post-url, post-xml, file, text, exec is needed");
}

static void check_service(const struct conf_group *service, struct conf_problems *problems)
{
    bool keyword = conf_is_set(service, "keyword");
    bool regex = conf_is_set(service, "keyword-regex");

    if (!keyword && !regex)
        conf_report(problems, CONF_ERROR, service, NULL, "keyword or keyword-regex is needed");
    if (keyword && regex)
        conf_report(problems, CONF_ERROR, service, "keyword-regex",
                    "keyword and keyword-regex exclude each other");
    check_service_action(service, problems);
    if (conf_is_set(service, "prefix") != conf_is_set(service, "suffix"))
        conf_report(problems, CONF_WARNING, service,
                    conf_is_set(service, "prefix") ? "prefix" : "suffix",
                    "prefix and suffix have an effect only together");
}

struct known_user {
    const char *name;
    UT_hash_handle hh;
};

static void check_user(const struct conf_group *user, struct known_user **known,
                       struct conf_problems *problems)
{
    const char *name = conf_string(user, "username");
    struct known_user *earlier = NULL;

    require(user, "username", "the user could not log in", problems);
    require(user, "password", "the user could not log in", problems);
    check_access_lists(user, "user-allow-ip", "user-deny-ip", problems);
    if (name == NULL)
        return;
    HASH_FIND_STR(*known, name, earlier);
    if (earlier != NULL) {
        conf_report(problems, CONF_WARNING, user, "username",
                    "'%s' has a group already, which counts; this one has no effect", name);
        return;
    }
    earlier = memory_zalloc(1, sizeof(*earlier));
    earlier->name = name;
    HASH_ADD_KEYPTR(hh, *known, earlier->name, strlen(earlier->name), earlier);
}

static void check_users(const struct conf *conf, struct conf_problems *problems)
{
    const struct conf_group *user = conf_first(conf, "sendsms-user");
    struct known_user *known = NULL, *each, *next;

    for (; user != NULL; user = conf_next(user))
        check_user(user, &known, problems);
    HASH_ITER(hh, known, each, next)
    {
        HASH_DEL(known, each);
        free(each);
    }
}

static void check_smsbox(const struct conf *conf, const struct conf_group *core,
                         struct conf_problems *problems)
{
    const struct conf_group *smsbox = conf_first(conf, "smsbox");
    const struct conf_group *service;

    if (smsbox == NULL)
        conf_report(problems, CONF_ERROR, NULL, NULL, "Group 'smsbox' is missing.");
    check_certificate(core, smsbox, "sendsms-port-ssl", problems);
    for (service = conf_first(conf, "sms-service"); service != NULL; service = conf_next(service))
        check_service(service, problems);
    check_users(conf, problems);
}

void schema_check(const struct conf *conf, enum schema_box box, struct conf_problems *problems)
{
    const struct conf_group *core = conf_first(conf, "core");

    if (core == NULL)
        conf_report(problems, CONF_ERROR, NULL, NULL, "Group 'core' is missing.");
    if (box == SCHEMA_SMSBOX)
        check_smsbox(conf, core, problems);
    else if (core != NULL)
        check_bearerbox(conf, core, problems);
}
