/* SPDX-License-Identifier: Apache-2.0 */
/*
 * users - groups sendsms-user: who may send, from where, and how.
 *
 * Specification: doc/kannel.conf.5, and Kannel 1.4.5 as recorded in
 * test/data/compat. Loop thread only; does not change after it was loaded.
 */
#ifndef GW_SMSBOX_USERS_H
#define GW_SMSBOX_USERS_H

#include "gw/smsbox/lists.h"
#include "gw/smsbox/pieces.h"
#include "gwlib/acl.h"
#include "gwlib/conf.h"

struct user {
    const char *username;
    struct slice password;
    const char *name; /* the service name of its messages */
    struct acl *acl;
    const char *forced_smsc, *default_smsc;
    const char *faked_sender, *default_sender;
    const char *dlr_url;
    struct pieces_options pieces;
    struct lists *lists;
    bool omit_empty;
};

struct users;

/* Mistakes that only the whole configuration shows are added to problems. */
struct users *users_load(const struct conf *conf, struct loop *loop, struct http_client *http,
                         struct conf_problems *problems);
void users_free(struct users *users);

/* The user with that name, password and an allowed address; else NULL, and a
 * line in the log (not more than one in 10 s). Unset credentials fit nobody. */
const struct user *users_authenticate(const struct users *users, struct slice username,
                                      struct slice password, const char *address);
/* By its service name; NULL without. For reports. */
const struct user *users_by_name(const struct users *users, struct slice name);

#endif
