/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reply - from an application's HTTP answer to the text and fields of the reply.
 *
 * Specification: Kannel 1.4.5, as recorded in test/data/compat. Deviations, all
 * of them for the better: text without charset is UTF-8 when it is well-formed
 * (Kannel: always ISO-8859-1); character references in HTML are resolved to
 * UTF-8; reply-couldnotrepresent is said where it is meant; the fields of an XML
 * answer are obeyed under the same condition as headers (Kannel dies of
 * da/number).
 *
 * Pure: any answer in, a reply out.
 */
#ifndef GW_SMSBOX_REPLY_H
#define GW_SMSBOX_REPLY_H

#include <stdbool.h>

#include "gw/smsbox/form.h"
#include "gwlib/http_client.h"

enum reply_kind {
    REPLY_TEXT,            /* content and form are set */
    REPLY_UNREPRESENTABLE, /* wrong type or charset */
};

struct reply_rules {
    bool accept_headers;         /* accept-x-kannel-headers */
    const char *prefix, *suffix; /* both or none is used */
    const char *alt_charset;     /* of text without charset, or NULL */
};

struct reply {
    enum reply_kind kind;
    struct form form;      /* fields that were accepted; the rest unset */
    struct bytes content;  /* in the form of form.coding (never unset) */
    struct bytes charset;  /* what the answer was in, "" for octets */
    bool refused_fields;   /* there were some, and they are not to be obeyed */
    const char *misformed; /* why the fields were dropped, or NULL */
};

/* *reply is overwritten; the answer must outlive it, for the form borrows. */
void reply_read(struct reply *reply, const struct http_answer *answer,
                const struct reply_rules *rules);
void reply_free(struct reply *reply);

#endif
