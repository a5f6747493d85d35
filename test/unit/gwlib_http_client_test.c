/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unit tests of gwlib/http_client. The peer is a listener on the same loop: it
 * notes the octets of each request and answers by its path, with octets that
 * the test writes itself. Expected requests: test/data/compat/mo.jsonl.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <event2/event.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "gwlib/http_client.h"
#include "gwlib/log.h"
#include "gwlib/memory.h"
#include "gwlib/net.h"

#define DEADLINE_MS 20000
#define MAX_CONNS   64

/* --- the peer -------------------------------------------------------------------- */

struct route {
    const char *target; /* that begins so */
    const char *answer; /* NULL: never */
    bool close;
};

struct peer {
    struct net_listener *listener;
    int port;
    const struct route *routes;
    struct net_conn *conns[MAX_CONNS];
    unsigned connections, requests, waiting;
    struct bytes seen; /* all requests; the port is written PORT */
};

static struct loop *loop;
static struct peer peer;
static struct http_client *client;

/* The length of the request that the input begins with, 0 when it is not whole. */
static size_t request_length(struct slice input)
{
    const char *end = memmem(input.data, input.len, "\r\n\r\n", 4);
    const char *length = memmem(input.data, input.len, "Content-Length: ", 16);
    size_t total;

    if (end == NULL)
        return 0;
    total = (size_t)((const unsigned char *)end - input.data) + 4;
    if (length != NULL && length < end)
        total += (size_t)atoi(length + 16);
    return total <= input.len ? total : 0;
}

static void note_request(struct slice request)
{
    char port[16];
    const char *at;

    snprintf(port, sizeof port, ":%d", peer.port);
    at = memmem(request.data, request.len, port, strlen(port));
    if (at != NULL) {
        size_t before = (size_t)((const unsigned char *)at - request.data);

        bytes_append_slice(&peer.seen, slice_sub(request, 0, before));
        bytes_append_str(&peer.seen, ":PORT");
        request = slice_sub(request, before + strlen(port), request.len);
    }
    bytes_append_slice(&peer.seen, request);
}

static const struct route *find_route(struct slice request)
{
    size_t blank = slice_find(request, ' ', 0);
    struct slice target = slice_sub(request, blank + 1, request.len);

    for (const struct route *route = peer.routes; route->target != NULL; route++) {
        if (slice_starts_with(target, slice_str(route->target)))
            return route;
    }
    fail_msg("no route for %.*s", (int)request.len, request.data);
    return NULL;
}

static void forget_conn(struct net_conn *conn)
{
    for (size_t i = 0; i < MAX_CONNS; i++) {
        if (peer.conns[i] == conn)
            peer.conns[i] = NULL;
    }
}

static void peer_readable(struct net_conn *conn, void *arg)
{
    struct slice input = net_conn_peek(conn, net_conn_available(conn));
    size_t len = request_length(input);
    const struct route *route;

    (void)arg;
    if (len == 0)
        return;
    route = find_route(input);
    note_request(slice_sub(input, 0, len));
    peer.requests++;
    net_conn_consume(conn, len);
    if (route->answer == NULL) {
        peer.waiting++;
        return;
    }
    net_conn_write(conn, slice_str(route->answer));
    if (route->close) {
        forget_conn(conn);
        net_conn_finish(conn);
    }
}

static void peer_closed(struct net_conn *conn, const char *reason, void *arg)
{
    (void)reason;
    (void)arg;
    forget_conn(conn);
    net_conn_close(conn);
}

static void peer_accepted(struct net_conn *conn, void *arg)
{
    static const struct net_conn_events events = {.readable = peer_readable, .closed = peer_closed};

    (void)arg;
    for (size_t i = 0; i < MAX_CONNS; i++) {
        if (peer.conns[i] == NULL) {
            peer.conns[i] = conn;
            break;
        }
    }
    peer.connections++;
    net_conn_set_events(conn, &events, NULL);
}

/* --- the client ------------------------------------------------------------------- */

struct outcome {
    int calls;
    int status;
    char error[300];
    struct bytes body, headers;
    struct http_call *to_cancel; /* in the callback */
    bool free_client, start_another;
};

static void answered(const struct http_answer *answer, void *arg);

static struct http_call *get(const char *path, struct outcome *outcome)
{
    char url[300];
    struct http_request request = {.url = url};

    snprintf(url, sizeof url, "http://127.0.0.1:%d%s", peer.port, path);
    return http_client_start(client, &request, answered, outcome);
}

static void answered(const struct http_answer *answer, void *arg)
{
    struct outcome *outcome = arg;

    outcome->calls++;
    outcome->status = answer->status;
    assert_int_equal(answer->status == 0, answer->error != NULL);
    snprintf(outcome->error, sizeof outcome->error, "%s",
             answer->error != NULL ? answer->error : "");
    bytes_append_slice(&outcome->body, answer->body);
    for (size_t i = 0; i < answer->header_count; i++)
        bytes_printf(&outcome->headers, "%s=%s;", answer->headers[i].name,
                     answer->headers[i].value);
    if (outcome->to_cancel != NULL)
        http_call_cancel(outcome->to_cancel);
    if (outcome->start_another && outcome->calls == 1)
        get("/ok", outcome);
    if (outcome->free_client) {
        http_client_free(client);
        client = NULL;
    }
}

static void forget(struct outcome *outcome)
{
    bytes_free(&outcome->body);
    bytes_free(&outcome->headers);
}

static void start_client(struct http_client_options options)
{
    http_client_free(client);
    options.user_agent = "Kantele/test";
    client = http_client_create(loop, &options);
}

static int set_up(void **state)
{
    struct net_listen_options options = {.interface = "127.0.0.1"};
    struct bytes error = {0};

    (void)state;
    log_set_stderr_level(LOG_LEVEL_PANIC);
    peer = (struct peer){0};
    loop = loop_create();
    peer.listener = net_listen(loop, &options, peer_accepted, NULL, &error);
    assert_non_null(peer.listener);
    peer.port = net_listener_port(peer.listener);
    start_client((struct http_client_options){0});
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    http_client_free(client);
    client = NULL;
    for (size_t i = 0; i < MAX_CONNS; i++)
        net_conn_close(peer.conns[i]);
    net_listener_close(peer.listener);
    loop_destroy(loop);
    bytes_free(&peer.seen);
    return 0;
}

static void turn_loop(void)
{
    event_base_loop(loop_event_base(loop), EVLOOP_NONBLOCK);
    poll(NULL, 0, 1);
}

static void await_calls(const struct outcome *outcome, int calls)
{
    int64_t deadline = loop_now(loop) + DEADLINE_MS;

    while (outcome->calls < calls && loop_now(loop) < deadline)
        turn_loop();
    assert_int_equal(outcome->calls, calls);
}

static void await_requests(unsigned requests)
{
    int64_t deadline = loop_now(loop) + DEADLINE_MS;

    while (peer.requests < requests && loop_now(loop) < deadline)
        turn_loop();
    assert_int_equal(peer.requests, requests);
}

#define OK_ANSWER(body_length, body)                                                               \
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: " body_length "\r\n\r\n" body

static const struct route routes[] = {
    {"/ok", OK_ANSWER("2", "ok"), false},
    {"/never", NULL, false},
    {"/to-ok", "HTTP/1.1 302 Found\r\nLocation: /ok\r\nX-Old: 1\r\nContent-Length: 3\r\n\r\nold",
     false},
    {"/circle", "HTTP/1.1 302 Found\r\nLocation: /circle\r\nContent-Length: 0\r\n\r\n", false},
    {"/to-file", "HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n",
     false},
    {"/cut", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", true},
    {"/closed", "", true},
    {"/nonsense", "this is no HTTP\r\n\r\n", true},
    {"/continue", "HTTP/1.1 100 Continue\r\nX-Old: 1\r\n\r\n" OK_ANSWER("2", "ok"), false},
    {"/chunks",
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n", false},
    {"/eleven", OK_ANSWER("11", "0123456789a"), false},
    {"/500", "HTTP/1.1 500 Oops\r\nContent-Length: 4\r\n\r\nfail", false},
    {NULL, NULL, false},
};

/* --- requests ---------------------------------------------------------------------- */

static void sends_what_kannel_sends(void **state)
{
    struct outcome outcome = {0};

    (void)state;
    peer.routes = routes;
    get("/ok?a=b+c&d=%20#fragment", &outcome);
    assert_int_equal(outcome.calls, 0);
    assert_int_equal(http_client_pending(client), 1);
    await_calls(&outcome, 1);
    assert_int_equal(outcome.status, 200);
    assert_string_equal(bytes_str(&outcome.body), "ok");
    assert_string_equal(bytes_str(&outcome.headers), "Content-Type=text/plain;Content-Length=2;");
    assert_string_equal(bytes_str(&peer.seen),
                        "GET /ok?a=b+c&d=%20 HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\n"
                        "User-Agent: Kantele/test\r\nConnection: keep-alive\r\n\r\n");
    assert_int_equal(http_client_pending(client), 0);
    forget(&outcome);
}

static void posts_with_headers_in_order(void **state)
{
    static const struct http_header headers[] = {
        {"Content-Type", "text/plain; charset=\"UTF-8\""},
        {"X-Kannel-From", "+358\r\nX-Forged: 1"},
        {"X-Kannel-To", ""},
        {"Date", "2026-11-21 04:00:00"},
    };
    struct outcome outcome = {0};
    char url[100];
    struct http_request request = {
        .url = url, .headers = headers, .header_count = 4, .body = slice_str("a b=c\n")};

    (void)state;
    peer.routes = routes;
    snprintf(url, sizeof url, "http://127.0.0.1:%d/ok", peer.port);
    http_client_start(client, &request, answered, &outcome);
    url[0] = '\0'; /* it was copied */
    await_calls(&outcome, 1);
    assert_int_equal(outcome.status, 200);
    assert_string_equal(bytes_str(&peer.seen),
                        "POST /ok HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nUser-Agent: Kantele/test\r\n"
                        "Connection: keep-alive\r\nContent-Type: text/plain; charset=\"UTF-8\"\r\n"
                        "X-Kannel-From: +358  X-Forged: 1\r\nX-Kannel-To:\r\n"
                        "Date: 2026-11-21 04:00:00\r\nContent-Length: 6\r\n\r\na b=c\n");
    forget(&outcome);
}

static void an_empty_body_is_a_post_without_type(void **state)
{
    struct outcome outcome = {0};
    char url[100];
    struct http_request request = {.url = url, .body = slice_str("")};

    (void)state;
    peer.routes = routes;
    snprintf(url, sizeof url, "http://127.0.0.1:%d/ok", peer.port);
    http_client_start(client, &request, answered, &outcome);
    await_calls(&outcome, 1);
    assert_string_equal(bytes_str(&peer.seen),
                        "POST /ok HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nUser-Agent: Kantele/test\r\n"
                        "Connection: keep-alive\r\nContent-Length: 0\r\n\r\n");
    forget(&outcome);
}

/* A big body: no "Expect: 100-continue", or the peer here would wait. */
static void a_big_body_goes_at_once(void **state)
{
    struct outcome outcome = {0};
    struct bytes body = {0};
    char url[100];
    struct http_request request = {.url = url};

    (void)state;
    peer.routes = routes;
    for (int i = 0; i < 300000; i++)
        bytes_append_str(&body, "0123456789");
    request.body = bytes_slice(&body);
    snprintf(url, sizeof url, "http://127.0.0.1:%d/ok", peer.port);
    http_client_start(client, &request, answered, &outcome);
    await_calls(&outcome, 1);
    assert_int_equal(outcome.status, 200);
    assert_true(peer.seen.len > body.len);
    assert_null(strstr(bytes_str(&peer.seen), "Expect"));
    bytes_free(&body);
    forget(&outcome);
}

static void credentials_in_the_url(void **state)
{
    struct outcome outcome = {0};
    char url[100];
    struct http_request request = {.url = url};

    (void)state;
    peer.routes = routes;
    snprintf(url, sizeof url, "http://user:pass@127.0.0.1:%d/ok", peer.port);
    http_client_start(client, &request, answered, &outcome);
    await_calls(&outcome, 1);
    assert_non_null(strstr(bytes_str(&peer.seen), "Authorization: Basic dXNlcjpwYXNz\r\n"));
    forget(&outcome);
}

static void a_url_cannot_break_the_request(void **state)
{
    struct outcome outcome = {0};

    (void)state;
    peer.routes = routes;
    get("/ok?a=b c\r\nX-Forged: 1", &outcome);
    await_calls(&outcome, 1);
    assert_non_null(
        strstr(bytes_str(&peer.seen), "GET /ok?a=b%20c%0D%0AX-Forged:%201 HTTP/1.1\r\nHost"));
    forget(&outcome);
}

static void other_urls_are_refused_later(void **state)
{
    static const char *const urls[] = {
        "ftp://127.0.0.1/", "file:///etc/passwd", "127.0.0.1/x", "", "http:/x", NULL};

    (void)state;
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        struct outcome outcome = {0};
        struct http_request request = {.url = urls[i]};

        http_client_start(client, &request, answered, &outcome);
        assert_int_equal(outcome.calls, 0);
        await_calls(&outcome, 1);
        assert_int_equal(outcome.status, 0);
        assert_non_null(strstr(outcome.error, "http://"));
        assert_int_equal(http_client_pending(client), 0);
        forget(&outcome);
    }
}

/* --- answers ------------------------------------------------------------------------ */

static void assert_answer(const char *path, int status, const char *body)
{
    struct outcome outcome = {0};

    get(path, &outcome);
    await_calls(&outcome, 1);
    assert_int_equal(outcome.status, status);
    assert_string_equal(bytes_str(&outcome.body), body);
    assert_null(strstr(bytes_str(&outcome.headers), "X-Old"));
    forget(&outcome);
}

static void only_the_last_answer_counts(void **state)
{
    (void)state;
    peer.routes = routes;
    assert_answer("/500", 500, "fail");
    assert_answer("/chunks", 200, "abc");
    assert_answer("/to-ok", 200, "ok");
    assert_answer("/continue", 200, "ok");
}

static void failures_have_status_0_and_a_reason(void **state)
{
    static const char *const paths[] = {"/circle", "/to-file", "/cut", "/closed", "/nonsense"};

    (void)state;
    peer.routes = routes;
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        struct outcome outcome = {0};

        get(paths[i], &outcome);
        await_calls(&outcome, 1);
        assert_int_equal(outcome.status, 0);
        assert_true(outcome.error[0] != '\0');
        assert_int_equal(outcome.body.len, 0);
        forget(&outcome);
    }
}

static void nobody_listening(void **state)
{
    struct outcome outcome = {0};

    (void)state;
    net_listener_close(peer.listener);
    peer.listener = NULL;
    get("/ok", &outcome);
    await_calls(&outcome, 1);
    assert_int_equal(outcome.status, 0);
    assert_non_null(strstr(outcome.error, "onnect"));
    forget(&outcome);
}

static void redirects_end_after_five(void **state)
{
    struct outcome outcome = {0};

    (void)state;
    peer.routes = routes;
    get("/circle", &outcome);
    await_calls(&outcome, 1);
    assert_int_equal(outcome.status, 0);
    assert_int_equal(peer.requests, 6);
    forget(&outcome);
}

static void a_long_answer_is_an_error(void **state)
{
    struct outcome outcome = {0}, fits = {0};

    (void)state;
    peer.routes = routes;
    start_client((struct http_client_options){.max_body = 10});
    get("/eleven", &outcome);
    await_calls(&outcome, 1);
    assert_int_equal(outcome.status, 0);
    assert_string_equal(outcome.error, "answer too long");
    forget(&outcome);
    start_client((struct http_client_options){.max_body = 11});
    get("/eleven", &fits);
    await_calls(&fits, 1);
    assert_int_equal(fits.status, 200);
    forget(&fits);
}

static void time_is_limited(void **state)
{
    struct outcome outcome = {0}, second = {0};
    char url[100];
    struct http_request request = {.url = url, .timeout_s = 1};
    int64_t began = loop_now(loop);

    (void)state;
    peer.routes = routes;
    snprintf(url, sizeof url, "http://127.0.0.1:%d/never", peer.port);
    http_client_start(client, &request, answered, &outcome);
    await_calls(&outcome, 1);
    assert_int_equal(outcome.status, 0);
    assert_in_range(loop_now(loop) - began, 900, 15000);
    start_client((struct http_client_options){.timeout_s = 1});
    get("/never", &second);
    await_calls(&second, 1);
    assert_int_equal(second.status, 0);
    forget(&outcome);
    forget(&second);
}

/* --- many, and ends -------------------------------------------------------------------- */

static void connections_are_used_again(void **state)
{
    (void)state;
    peer.routes = routes;
    for (int i = 0; i < 10; i++)
        assert_answer("/ok", 200, "ok");
    assert_int_equal(peer.requests, 10);
    assert_int_equal(peer.connections, 1);
}

static void calls_above_the_limit_wait_in_order(void **state)
{
    struct outcome slow[2] = {0}, fast[3] = {0};
    struct http_call *calls[2];

    (void)state;
    peer.routes = routes;
    start_client((struct http_client_options){.max_parallel = 2});
    calls[0] = get("/never", &slow[0]);
    calls[1] = get("/never", &slow[1]);
    for (int i = 0; i < 3; i++) {
        char path[20];

        snprintf(path, sizeof path, "/ok?%d", i);
        get(path, &fast[i]);
    }
    assert_int_equal(http_client_pending(client), 5);
    await_requests(2);
    for (int i = 0; i < 20; i++)
        turn_loop();
    assert_int_equal(peer.requests, 2);
    http_call_cancel(calls[1]);
    await_calls(&fast[2], 1);
    assert_true(strstr(bytes_str(&peer.seen), "/ok?0") < strstr(bytes_str(&peer.seen), "/ok?1"));
    assert_true(strstr(bytes_str(&peer.seen), "/ok?1") < strstr(bytes_str(&peer.seen), "/ok?2"));
    assert_int_equal(slow[0].calls + slow[1].calls, 0);
    assert_int_equal(http_client_pending(client), 1);
    http_call_cancel(calls[0]);
    for (int i = 0; i < 3; i++)
        forget(&fast[i]);
}

static void cancelled_calls_are_silent(void **state)
{
    struct outcome outcome = {0}, other = {0};
    struct http_request bad = {.url = "nonsense"};

    (void)state;
    peer.routes = routes;
    http_call_cancel(get("/ok", &outcome));
    http_call_cancel(http_client_start(client, &bad, answered, &outcome));
    get("/ok", &other);
    await_calls(&other, 1);
    assert_int_equal(outcome.calls, 0);
    assert_int_equal(http_client_pending(client), 0);
    forget(&other);
}

static void a_callback_may_start_and_cancel_calls(void **state)
{
    struct outcome outcome = {.start_another = true}, cancelled = {0}, killer = {0};

    (void)state;
    peer.routes = routes;
    get("/ok", &outcome);
    await_calls(&outcome, 2);
    killer.to_cancel = get("/never", &cancelled);
    get("/ok", &killer);
    await_calls(&killer, 1);
    for (int i = 0; i < 20; i++)
        turn_loop();
    assert_int_equal(cancelled.calls, 0);
    assert_int_equal(http_client_pending(client), 0);
    forget(&outcome);
    forget(&killer);
}

static void a_callback_may_free_the_client(void **state)
{
    struct outcome outcome = {.free_client = true}, others[3] = {0};
    struct outcome refused = {.free_client = true};
    struct http_request bad = {.url = "nonsense"};

    (void)state;
    peer.routes = routes;
    get("/never", &others[0]);
    get("/ok", &outcome);
    get("/ok", &others[1]);
    await_calls(&outcome, 1);
    assert_null(client);
    start_client((struct http_client_options){0});
    http_client_start(client, &bad, answered, &refused);
    http_client_start(client, &bad, answered, &others[2]);
    await_calls(&refused, 1);
    for (int i = 0; i < 20; i++)
        turn_loop();
    assert_int_equal(others[0].calls + others[2].calls, 0);
    forget(&outcome);
    forget(&others[1]);
}

static void the_proxy_is_asked_but_not_for_exceptions(void **state)
{
    struct outcome outcome = {0}, direct = {0};
    struct http_request request = {.url = "http://sms.example.com/ok"};
    static const struct route proxy_routes[] = {
        {"http://sms.example.com/ok", OK_ANSWER("2", "ok"), false},
        {"/ok", OK_ANSWER("6", "direct"), false},
        {NULL, NULL, false},
    };

    (void)state;
    peer.routes = proxy_routes;
    start_client((struct http_client_options){.proxy_host = "127.0.0.1",
                                              .proxy_port = peer.port,
                                              .proxy_user = "u",
                                              .proxy_password = "p",
                                              .proxy_exceptions = "other.example 127.0.0.1"});
    http_client_start(client, &request, answered, &outcome);
    await_calls(&outcome, 1);
    assert_string_equal(bytes_str(&outcome.body), "ok");
    assert_non_null(strstr(bytes_str(&peer.seen), "Proxy-Authorization: Basic dTpw\r\n"));
    get("/ok", &direct);
    await_calls(&direct, 1);
    assert_string_equal(bytes_str(&direct.body), "direct");
    forget(&outcome);
    forget(&direct);
}

static void the_proxy_is_not_asked_for_urls_that_match(void **state)
{
    struct outcome outcome = {0}, direct = {0};
    struct http_request request = {.url = "http://sms.example.com/ok?direct"};
    static const struct route proxy_routes[] = {
        {"http://sms.example.com/ok?direct", OK_ANSWER("2", "ok"), false},
        {"/direct/ok", OK_ANSWER("6", "direct"), false},
        {NULL, NULL, false},
    };

    (void)state;
    peer.routes = proxy_routes;
    start_client((struct http_client_options){.proxy_host = "127.0.0.1",
                                              .proxy_port = peer.port,
                                              .proxy_exceptions_regex = "^http://[^/]+/direct/"});
    http_client_start(client, &request, answered, &outcome);
    await_calls(&outcome, 1);
    assert_string_equal(bytes_str(&outcome.body), "ok");
    get("/direct/ok", &direct);
    await_calls(&direct, 1);
    assert_string_equal(bytes_str(&direct.body), "direct");
    forget(&outcome);
    forget(&direct);
}

static void the_environments_proxy_is_not_used(void **state)
{
    (void)state;
    peer.routes = routes;
    setenv("http_proxy", "http://127.0.0.1:1/", 1);
    assert_answer("/ok", 200, "ok");
    unsetenv("http_proxy");
}

/* --- reading answers -------------------------------------------------------------------- */

static void finds_headers(void **state)
{
    static const struct http_header headers[] = {{"Content-Type", "text/plain"}, {"Empty", ""}};
    const struct http_answer answer = {.status = 200, .headers = headers, .header_count = 2};

    (void)state;
    assert_true(slice_equal_str(http_answer_header(&answer, "content-TYPE"), "text/plain"));
    assert_true(slice_is_set(http_answer_header(&answer, "empty")));
    assert_false(slice_is_set(http_answer_header(&answer, "Content")));
}

static void assert_type(struct slice value, const char *type, const char *charset)
{
    struct bytes t = {0}, c = {0};

    bytes_append_str(&t, "old");
    bytes_append_str(&c, "old");
    http_content_type(value, &t, &c);
    assert_string_equal(bytes_str(&t), type);
    assert_string_equal(bytes_str(&c), charset);
    bytes_free(&t);
    bytes_free(&c);
}

static void content_types(void **state)
{
    (void)state;
    assert_type(slice_unset(), "", "");
    assert_type(slice_str(""), "", "");
    assert_type(slice_str("text/plain"), "text/plain", "");
    assert_type(slice_str("Text/HTML; Charset=ISO-8859-1"), "text/html", "ISO-8859-1");
    assert_type(slice_str("text/plain;charset=\"UTF-8\""), "text/plain", "UTF-8");
    assert_type(slice_str("text/plain ; a=\"x;charset=no\" ; charset = utf-16be ; b=c"),
                "text/plain", "utf-16be");
    assert_type(slice_str("text/plain; format; charset=a; charset=b"), "text/plain", "a");
    assert_type(slice_str("text/plain; charset="), "text/plain", "");
    assert_type(slice_str("text/plain; charset=\"UTF\\-8"), "text/plain", "UTF-8");
    assert_type(slice_str(";;=;="), "", "");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(sends_what_kannel_sends),
        TEST(posts_with_headers_in_order),
        TEST(an_empty_body_is_a_post_without_type),
        TEST(a_big_body_goes_at_once),
        TEST(credentials_in_the_url),
        TEST(a_url_cannot_break_the_request),
        TEST(other_urls_are_refused_later),
        TEST(only_the_last_answer_counts),
        TEST(failures_have_status_0_and_a_reason),
        TEST(nobody_listening),
        TEST(redirects_end_after_five),
        TEST(a_long_answer_is_an_error),
        TEST(time_is_limited),
        TEST(connections_are_used_again),
        TEST(calls_above_the_limit_wait_in_order),
        TEST(cancelled_calls_are_silent),
        TEST(a_callback_may_start_and_cancel_calls),
        TEST(a_callback_may_free_the_client),
        TEST(the_proxy_is_asked_but_not_for_exceptions),
        TEST(the_proxy_is_not_asked_for_urls_that_match),
        TEST(the_environments_proxy_is_not_used),
        TEST(finds_headers),
        TEST(content_types),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
