/* SPDX-License-Identifier: Apache-2.0 */
/*
 * services - groups sms-service: which one an MO is for.
 *
 * Keywords are matched as Kannel does: a keyword and its aliases become the
 * regular expression ^[ ]*(KEYWORD|ALIAS)[ ]*, without case and open at the
 * end; zero octets of the text are left out for that, so that UCS-2 matches.
 *
 * Specification: doc/kannel.conf.5, and Kannel 1.4.5 as recorded in
 * test/data/compat. Loop thread only; does not change after it was loaded.
 */
#ifndef GW_SMSBOX_SERVICES_H
#define GW_SMSBOX_SERVICES_H

#include "gw/msg/message.h"
#include "gw/smsbox/lists.h"
#include "gw/smsbox/pieces.h"
#include "gwlib/conf.h"
#include "gwlib/regex.h"

enum service_action {
    SERVICE_GET_URL,
    SERVICE_POST_URL,
    SERVICE_POST_XML,
    SERVICE_FILE,
    SERVICE_TEXT,
    SERVICE_EXEC
};

struct service {
    enum service_action action;
    const char *pattern; /* of the action, with escape codes */
    char **command;      /* SERVICE_EXEC: its words, each with escape codes */
    char *name;          /* also without a name in the file */
    bool is_default;
    bool catch_all;

    /* which messages */
    struct regex *keyword; /* NULL for the default service */
    const char *accepted_smsc, *accepted_account;
    struct regex *accepted_smsc_regex, *accepted_account_regex;
    const char *allowed_prefix, *denied_prefix;
    struct regex *allowed_prefix_regex, *denied_prefix_regex;
    const char *allowed_receiver_prefix, *denied_receiver_prefix;
    struct regex *allowed_receiver_prefix_regex, *denied_receiver_prefix_regex;
    struct lists *lists; /* of the sender */
    unsigned words;      /* how many the pattern takes */
    bool words_at_least; /* or more */

    /* the request */
    bool strip_keyword, send_sender;
    const char *alt_charset; /* NULL when the file does not set it */

    /* the reply */
    struct pieces_options pieces;
    bool omit_empty;
    bool accept_headers;
    const char *prefix, *suffix;
    const char *faked_sender;
    const char *dlr_url;
    int32_t dlr_mask; /* SMS_UNSET without */

    struct service *next;
};

struct services;

/* Mistakes are added to problems: an open quote in exec is an error, what only a
 * shell would understand a warning. */
struct services *services_load(const struct conf *conf, struct loop *loop, struct http_client *http,
                               struct conf_problems *problems);
void services_free(struct services *services);

/* The service for a message, NULL when there is none. */
const struct service *services_find(const struct services *services, const struct sms *sms);

/* By its name; NULL without. For reports. */
const struct service *services_by_name(const struct services *services, struct slice name);

#endif
