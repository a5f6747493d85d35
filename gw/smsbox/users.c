/* SPDX-License-Identifier: Apache-2.0 */
/*
 * users - see users.h.
 *
 * The first group with a username decides: a later one of the same name is never
 * reached, which is worth a warning.
 */
#include "gw/smsbox/users.h"

#include <stdlib.h>
#include <uthash.h>

#include "gwlib/log.h"
#include "gwlib/memory.h"

struct entry {
    struct user user;
    UT_hash_handle by_username;
    UT_hash_handle by_name;
};

struct users {
    struct entry *by_username;
    struct entry *by_name;
};

static const char *text_or_null(const struct conf_group *group, const char *name)
{
    const char *value = conf_string(group, name);
    return value != NULL && *value != '\0' ? value : NULL;
}

static void read_group(struct user *user, const struct conf_group *group)
{
    user->username = conf_string(group, "username");
    user->password = slice_str(conf_string(group, "password"));
    user->name = text_or_null(group, "name");
    if (user->name == NULL)
        user->name = user->username;
    user->forced_smsc = text_or_null(group, "forced-smsc");
    user->default_smsc = text_or_null(group, "default-smsc");
    user->faked_sender = text_or_null(group, "faked-sender");
    user->default_sender = text_or_null(group, "default-sender");
    user->dlr_url = text_or_null(group, "dlr-url");
    user->omit_empty = conf_bool(group, "omit-empty");
}

static struct acl *read_acl(const struct conf_group *group, struct conf_problems *problems)
{
    struct bytes error = {0};
    struct acl *acl =
        acl_create(conf_string(group, "user-deny-ip"), conf_string(group, "user-allow-ip"), &error);
    if (acl == NULL)
        conf_report(problems, CONF_ERROR, group, "user-deny-ip", "%s", bytes_str(&error));
    bytes_free(&error);
    return acl;
}

struct users *users_load(const struct conf *conf, struct loop *loop, struct http_client *http,
                         struct conf_problems *problems)
{
    struct users *users = memory_zalloc(1, sizeof(*users));
    const struct conf_group *box = conf_first(conf, "smsbox");
    const struct conf_group *group = conf_first(conf, "sendsms-user");
    for (; group != NULL; group = conf_next(group)) {
        const char *username = conf_string(group, "username");
        if (username == NULL || conf_string(group, "password") == NULL)
            continue; /* reported by the schema */
        struct entry *entry;
        HASH_FIND(by_username, users->by_username, username, strlen(username), entry);
        if (entry != NULL) {
            conf_report(problems, CONF_WARNING, group, "username",
                        "another group before has the same username and decides");
            continue;
        }
        entry = memory_zalloc(1, sizeof(*entry));
        read_group(&entry->user, group);
        entry->user.acl = read_acl(group, problems);
        entry->user.pieces = pieces_options_read(group, box);
        entry->user.lists = lists_create(loop, http, group);
        HASH_ADD_KEYPTR(by_username, users->by_username, entry->user.username, strlen(username),
                        entry);
        struct entry *same;
        HASH_FIND(by_name, users->by_name, entry->user.name, strlen(entry->user.name), same);
        if (same == NULL)
            HASH_ADD_KEYPTR(by_name, users->by_name, entry->user.name, strlen(entry->user.name),
                            entry);
    }
    return users;
}

void users_free(struct users *users)
{
    if (users == NULL)
        return;
    struct entry *entry, *next;
    HASH_CLEAR(by_name, users->by_name);
    HASH_ITER(by_username, users->by_username, entry, next)
    {
        HASH_DELETE(by_username, users->by_username, entry);
        acl_free(entry->user.acl);
        lists_free(entry->user.lists);
        free(entry);
    }
    free(users);
}

const struct user *users_authenticate(const struct users *users, struct slice username,
                                      struct slice password, const char *address)
{
    static struct log_limit limit = {.interval_s = 10};
    struct entry *entry = NULL;
    if (slice_is_set(username) && username.len > 0)
        HASH_FIND(by_username, users->by_username, username.data, username.len, entry);
    /* The same work for an unknown name, so that the time tells nothing. */
    struct slice expected = entry != NULL ? entry->user.password : slice_str("?");
    bool right = slice_equal_secret(expected, password) && slice_is_set(password);
    if (entry != NULL && right && acl_allows(entry->user.acl, address))
        return &entry->user;
    log_limited(&limit, LOG_LEVEL_INFO, "sendsms refused for user <%.*s> from <%s>: %s",
                (int)(username.len < 64 ? username.len : 64),
                username.data != NULL ? (const char *)username.data : "", address,
                entry == NULL ? "no such user"
                : right       ? "address not allowed"
                              : "wrong password");
    return NULL;
}

const struct user *users_by_name(const struct users *users, struct slice name)
{
    struct entry *entry = NULL;
    if (name.len > 0)
        HASH_FIND(by_name, users->by_name, name.data, name.len, entry);
    return entry != NULL ? &entry->user : NULL;
}
