/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fetch - an HTTP request to an application, repeated as http-request-retry and
 * http-queue-delay say.
 *
 * Success is the status 200 or 202; everything else, and no answer, counts as
 * failed and is repeated. A URL that is not http or https fails at once. Loop
 * thread only.
 */
#ifndef GW_SMSBOX_FETCH_H
#define GW_SMSBOX_FETCH_H

#include <stdbool.h>

#include "gwlib/http_client.h"
#include "gwlib/loop.h"

struct fetcher; /* what all requests share */
struct fetch;   /* one of them */

/* http must outlive it. */
struct fetcher *fetcher_create(struct loop *loop, struct http_client *http, unsigned retries,
                               unsigned delay_s);
/* After this no fetch reports any more; those under way are forgotten. */
void fetcher_free(struct fetcher *fetcher);

/* The last answer; valid during the call. */
typedef void fetch_done_fn(const struct http_answer *answer, void *arg);

/* Copies what it needs; `done` comes exactly once, never from inside. */
void fetch_start(struct fetcher *fetcher, const struct http_request *request, fetch_done_fn *done,
                 void *arg);

bool fetch_succeeded(const struct http_answer *answer);

#endif
