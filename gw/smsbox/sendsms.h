/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sendsms - the HTTP request that sends messages: who may, what is checked in
 * which order, and what is answered.
 *
 * Specification: Kannel 1.4.5, as recorded in test/data/compat. Deviations from
 * Kannel:
 *   - the answer waits for all acknowledgements, see submit.h;
 *   - a request whose acknowledgement does not come within 60 s is answered 503;
 *   - max-messages = 0 is answered 202 "Sent." (Kannel never answers);
 *   - flash is an alias of mclass; urlencoded POST works;
 *   - header "Idempotency-Key": the same key of the same user makes the same
 *     message ids again, so that bearerbox sends nothing twice.
 */
#ifndef GW_SMSBOX_SENDSMS_H
#define GW_SMSBOX_SENDSMS_H

#include "gw/smsbox/bearer.h"
#include "gw/smsbox/lists.h"
#include "gw/smsbox/settings.h"
#include "gw/smsbox/users.h"
#include "gwlib/http_server.h"
#include "gwlib/log.h"

/* What it stands on; all outlive it. */
struct sendsms {
    const struct settings *settings;
    const struct users *users;
    const struct lists *lists; /* of the box, for all users; or NULL */
    struct bearer *bearer;
    struct line_log *access_log; /* or NULL */
};

/* Answers the exchange, now or when bearerbox has answered. */
void sendsms_serve(struct sendsms *sendsms, struct http_exchange *exchange);

/* Over-the-air settings: only the refusals are implemented (section 6). */
void sendsms_serve_ota(struct sendsms *sendsms, struct http_exchange *exchange);

/* Status and text for what bearerbox said. */
int sendsms_answer_for(enum bearer_outcome outcome, const char **text);

#endif
