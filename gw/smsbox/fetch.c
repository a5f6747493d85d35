/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fetch - see fetch.h.
 */
#include "gw/smsbox/fetch.h"

#include <stdlib.h>
#include <strings.h>
#include <utlist.h>

#include "gw/smsbox/text.h"
#include "gwlib/log.h"
#include "gwlib/memory.h"

#define FETCH_HEADERS_MAX 32

struct fetch {
    struct fetcher *fetcher;
    char *url;
    struct http_header headers[FETCH_HEADERS_MAX];
    size_t header_count;
    struct bytes body;
    bool is_post;
    unsigned retries_left;
    fetch_done_fn *done;
    void *arg;
    struct http_call *call;
    struct loop_timer *timer;
    struct fetch *prev, *next;
};

struct fetcher {
    struct loop *loop;
    struct http_client *http;
    unsigned retries;
    unsigned delay_s;
    struct fetch *all;
};

bool fetch_succeeded(const struct http_answer *answer)
{
    return answer->status == 200 || answer->status == 202;
}

static void fetch_free(struct fetch *fetch)
{
    DL_DELETE(fetch->fetcher->all, fetch);
    if (fetch->call != NULL)
        http_call_cancel(fetch->call);
    loop_timer_free(fetch->timer);
    for (size_t i = 0; i < fetch->header_count; i++) {
        free((char *)(uintptr_t)fetch->headers[i].name);
        free((char *)(uintptr_t)fetch->headers[i].value);
    }
    free(fetch->url);
    bytes_free(&fetch->body);
    free(fetch);
}

static void finish(struct fetch *fetch, const struct http_answer *answer)
{
    fetch_done_fn *done = fetch->done;
    void *arg = fetch->arg;
    done(answer, arg);
    fetch_free(fetch);
}

static void log_failure(const struct fetch *fetch, const struct http_answer *answer)
{
    struct bytes url = {0};
    text_append_url(&url, slice_str(fetch->url));
    log_info("HTTP request to <%s> failed: %d %s", bytes_str(&url), answer->status,
             answer->status == 0 ? answer->error : "");
    bytes_free(&url);
}

static void on_answer(const struct http_answer *answer, void *arg)
{
    struct fetch *fetch = arg;
    fetch->call = NULL;
    if (fetch_succeeded(answer)) {
        finish(fetch, answer);
        return;
    }
    log_failure(fetch, answer);
    if (fetch->retries_left == 0) {
        finish(fetch, answer);
        return;
    }
    fetch->retries_left--;
    loop_timer_set(fetch->timer, 1000 * (int64_t)fetch->fetcher->delay_s);
}

static bool is_http(const char *url)
{
    return strncasecmp(url, "http://", 7) == 0 || strncasecmp(url, "https://", 8) == 0;
}

static void attempt(void *arg)
{
    struct fetch *fetch = arg;
    if (!is_http(fetch->url)) {
        log_error("<%s> is not a URL with http:// or https://, it cannot be fetched", fetch->url);
        finish(fetch, &(struct http_answer){.error = "no http URL"});
        return;
    }
    struct http_request request = {.url = fetch->url,
                                   .headers = fetch->headers,
                                   .header_count = fetch->header_count,
                                   .body =
                                       fetch->is_post ? bytes_slice(&fetch->body) : slice_unset()};
    fetch->call = http_client_start(fetch->fetcher->http, &request, on_answer, fetch);
}

void fetch_start(struct fetcher *fetcher, const struct http_request *request, fetch_done_fn *done,
                 void *arg)
{
    LOG_ASSERT(request->header_count <= FETCH_HEADERS_MAX);
    struct fetch *fetch = memory_zalloc(1, sizeof(*fetch));
    fetch->fetcher = fetcher;
    fetch->url = memory_strdup(request->url);
    for (size_t i = 0; i < request->header_count; i++) {
        fetch->headers[i].name = memory_strdup(request->headers[i].name);
        fetch->headers[i].value = memory_strdup(request->headers[i].value);
    }
    fetch->header_count = request->header_count;
    fetch->is_post = slice_is_set(request->body);
    bytes_append_slice(&fetch->body, request->body);
    fetch->retries_left = fetcher->retries;
    fetch->done = done;
    fetch->arg = arg;
    fetch->timer = loop_timer_create(fetcher->loop, attempt, fetch);
    DL_APPEND(fetcher->all, fetch);
    if (is_http(fetch->url))
        attempt(fetch);
    else
        loop_timer_set(fetch->timer, 0);
}

struct fetcher *fetcher_create(struct loop *loop, struct http_client *http, unsigned retries,
                               unsigned delay_s)
{
    struct fetcher *fetcher = memory_zalloc(1, sizeof(*fetcher));
    *fetcher = (struct fetcher){loop, http, retries, delay_s, NULL};
    return fetcher;
}

void fetcher_free(struct fetcher *fetcher)
{
    if (fetcher == NULL)
        return;
    while (fetcher->all != NULL)
        fetch_free(fetcher->all);
    free(fetcher);
}
