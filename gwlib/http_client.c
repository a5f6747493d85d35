/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_client - see http_client.h. What Kannel 1.4.5 sends is in
 * test/data/compat.
 *
 * libcurl's multi_socket interface: curl says which sockets and which one timer
 * it wants watched (socket_wanted, timer_wanted), the loop says what happened
 * (socket_ready, time_is_up), and after each such step finished transfers are
 * collected. Nothing of curl runs inside http_client_start() but the queueing.
 *
 * A call is on one of two lists: waiting (in order of arrival) or running.
 * Calls that cannot even begin wait too; they are answered by the kick timer,
 * like any other, from the loop. Easy handles are kept for the next call; the
 * connections belong to the multi handle.
 *
 * The callback of a call may start and cancel calls and free the client: the
 * client's memory lives until the collecting round that is under way ends.
 */
#include "gwlib/http_client.h"

#include <curl/curl.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <utlist.h>

#include "gwlib/http_call.h"
#include "gwlib/log.h"
#include "gwlib/memory.h"

#define DEFAULT_TIMEOUT_S 240
#define DEFAULT_PARALLEL  512
#define DEFAULT_MAX_BODY  (1024 * 1024)
#define MAX_PER_HOST      100
#define IDLE_HANDLES      32 /* kept for later calls */

/* A socket that curl wants watched; libevent's side of it. */
struct watched_socket {
    struct http_client *client;
    struct event *event;
};

struct http_client {
    struct loop *loop;
    CURLM *multi;
    struct loop_timer *curl_timer;
    struct loop_timer *kick; /* to begin waiting calls and report dead ones */
    struct http_call_defaults defaults;
    size_t max_parallel;
    struct http_call *waiting, *running;
    size_t waiting_count, running_count;
    CURL *idle[IDLE_HANDLES];
    size_t idle_count;
    unsigned depth; /* of our functions that still need the client */
    bool freed;
};

static void collect_finished(struct http_client *client);

/* --- sockets and time for curl ----------------------------------------- */

static void check_multi(CURLMcode code, const char *what)
{
    static struct log_limit limit;

    if (code != CURLM_OK)
        log_limited(&limit, LOG_LEVEL_ERROR, "HTTP client: %s: %s.", what,
                    curl_multi_strerror(code));
}

static void socket_ready(evutil_socket_t fd, short events, void *arg)
{
    struct watched_socket *watched = arg;
    struct http_client *client = watched->client;
    int action =
        (events & EV_READ ? CURL_CSELECT_IN : 0) | (events & EV_WRITE ? CURL_CSELECT_OUT : 0);
    int running;

    check_multi(curl_multi_socket_action(client->multi, fd, action, &running), "socket");
    collect_finished(client);
}

static void time_is_up(void *arg)
{
    struct http_client *client = arg;
    int running;

    check_multi(curl_multi_socket_action(client->multi, CURL_SOCKET_TIMEOUT, 0, &running), "timer");
    collect_finished(client);
}

static int timer_wanted(CURLM *multi, long after_ms, void *arg)
{
    struct http_client *client = arg;

    (void)multi;
    if (after_ms < 0)
        loop_timer_cancel(client->curl_timer);
    else
        loop_timer_set(client->curl_timer, after_ms);
    return 0;
}

static void forget_socket(struct watched_socket *watched)
{
    if (watched == NULL)
        return;
    event_free(watched->event);
    free(watched);
}

static int socket_wanted(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_arg)
{
    struct http_client *client = arg;
    struct watched_socket *watched = socket_arg;
    short events = (short)(EV_PERSIST | (what & CURL_POLL_IN ? EV_READ : 0) |
                           (what & CURL_POLL_OUT ? EV_WRITE : 0));

    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        forget_socket(watched);
        curl_multi_assign(client->multi, fd, NULL);
        return 0;
    }
    if (watched == NULL) {
        watched = memory_zalloc(1, sizeof *watched);
        watched->client = client;
        watched->event =
            event_new(loop_event_base(client->loop), fd, events, socket_ready, watched);
        curl_multi_assign(client->multi, fd, watched);
    } else {
        event_del(watched->event);
        event_assign(watched->event, loop_event_base(client->loop), fd, events, socket_ready,
                     watched);
    }
    LOG_ASSERT(watched->event != NULL);
    event_add(watched->event, NULL);
    return 0;
}

/* --- the client's life ------------------------------------------------- */

static CURLM *create_multi(struct http_client *client)
{
    CURLM *multi;

    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        log_panic("libcurl cannot be used.");
    multi = curl_multi_init();
    if (multi == NULL)
        log_panic("libcurl cannot be used.");
    curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, socket_wanted);
    curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, client);
    curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, timer_wanted);
    curl_multi_setopt(multi, CURLMOPT_TIMERDATA, client);
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)client->max_parallel);
    curl_multi_setopt(multi, CURLMOPT_MAX_HOST_CONNECTIONS, (long)MAX_PER_HOST);
    return multi;
}

static void begin_waiting(void *arg);

struct http_client *http_client_create(struct loop *loop, const struct http_client_options *options)
{
    struct http_client *client = memory_zalloc(1, sizeof *client);

    client->loop = loop;
    client->max_parallel = options->max_parallel > 0 ? options->max_parallel : DEFAULT_PARALLEL;
    client->curl_timer = loop_timer_create(loop, time_is_up, client);
    client->kick = loop_timer_create(loop, begin_waiting, client);
    http_call_defaults_set(&client->defaults, options);
    if (client->defaults.timeout_s == 0)
        client->defaults.timeout_s = DEFAULT_TIMEOUT_S;
    if (client->defaults.max_body == 0)
        client->defaults.max_body = DEFAULT_MAX_BODY;
    client->multi = create_multi(client);
    return client;
}

size_t http_client_pending(const struct http_client *client)
{
    return client->waiting_count + client->running_count;
}

static void free_memory(struct http_client *client)
{
    http_call_defaults_free(&client->defaults);
    free(client);
}

/* What needs the client while callbacks run is between enter and leave. */
static void enter(struct http_client *client)
{
    client->depth++;
}

static void leave(struct http_client *client)
{
    if (--client->depth == 0 && client->freed)
        free_memory(client);
}

void http_client_free(struct http_client *client)
{
    if (client == NULL)
        return;
    enter(client);
    while (client->running != NULL)
        http_call_cancel(client->running);
    while (client->waiting != NULL)
        http_call_cancel(client->waiting);
    while (client->idle_count > 0)
        curl_easy_cleanup(client->idle[--client->idle_count]);
    curl_multi_cleanup(client->multi); /* gives the sockets back by socket_wanted() */
    client->multi = NULL;
    loop_timer_free(client->curl_timer);
    loop_timer_free(client->kick);
    client->freed = true;
    leave(client);
}

/* --- calls ------------------------------------------------------------- */

static CURL *take_handle(struct http_client *client)
{
    CURL *easy;

    if (client->idle_count > 0)
        return client->idle[--client->idle_count];
    easy = curl_easy_init();
    if (easy == NULL)
        log_panic("libcurl gives no handle.");
    return easy;
}

static void give_handle_back(struct http_client *client, CURL *easy)
{
    if (client->idle_count == IDLE_HANDLES || client->freed) {
        curl_easy_cleanup(easy);
        return;
    }
    curl_easy_reset(easy);
    client->idle[client->idle_count++] = easy;
}

/* Takes a running call off curl. */
static void detach(struct http_call *call)
{
    struct http_client *client = call->client;

    check_multi(curl_multi_remove_handle(client->multi, call->easy), "remove");
    give_handle_back(client, call->easy);
    call->easy = NULL;
    DL_DELETE(client->running, call);
    client->running_count--;
}

static void begin(struct http_client *client, struct http_call *call)
{
    DL_DELETE(client->waiting, call);
    client->waiting_count--;
    DL_APPEND(client->running, call);
    client->running_count++;
    call->easy = take_handle(client);
    http_call_prepare(call, &client->defaults);
    check_multi(curl_multi_add_handle(client->multi, call->easy), "add");
}

/* Calls the owner back; the call is on no list any more. */
static void finish(struct http_call *call, CURLcode code)
{
    struct http_answer answer;

    http_call_answer(call, code, &answer);
    call->done(&answer, call->arg);
    http_call_free(call);
}

static bool can_begin(const struct http_client *client)
{
    return client->waiting != NULL &&
           (client->waiting->refusal != NULL || client->running_count < client->max_parallel);
}

static void begin_waiting(void *arg)
{
    struct http_client *client = arg;

    enter(client);
    while (!client->freed && can_begin(client)) {
        struct http_call *call = client->waiting;

        if (call->refusal == NULL) {
            begin(client, call);
            continue;
        }
        DL_DELETE(client->waiting, call);
        client->waiting_count--;
        finish(call, CURLE_URL_MALFORMAT);
    }
    leave(client);
}

static void collect_finished(struct http_client *client)
{
    CURLMsg *message;
    int left;

    enter(client);
    while (!client->freed && (message = curl_multi_info_read(client->multi, &left)) != NULL) {
        struct http_call *call = NULL;
        CURLcode code = message->data.result;

        if (message->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&call);
        http_call_note_status(call);
        detach(call);
        finish(call, code);
    }
    if (!client->freed)
        begin_waiting(client);
    leave(client);
}

struct http_call *http_client_start(struct http_client *client, const struct http_request *request,
                                    http_answer_fn *done, void *arg)
{
    struct http_call *call = http_call_create(request);

    call->client = client;
    call->done = done;
    call->arg = arg;
    DL_APPEND(client->waiting, call);
    client->waiting_count++;
    if (client->waiting == call && call->refusal == NULL && can_begin(client))
        begin(client, call);
    else if (can_begin(client))
        loop_timer_set(client->kick, 0);
    return call;
}

void http_call_cancel(struct http_call *call)
{
    struct http_client *client = call->client;

    if (call->easy != NULL) {
        detach(call);
    } else {
        DL_DELETE(client->waiting, call);
        client->waiting_count--;
    }
    http_call_free(call);
    if (can_begin(client))
        loop_timer_set(client->kick, 0);
}
