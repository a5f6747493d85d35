/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_server - see http_server.h. The protocol is RFC 9112; what Kannel does
 * where that leaves a choice is done here, too: test/data/compat.
 *
 * It stands on net (listener, access list, number of connections, TLS) and
 * http_message (the grammar). libevent's evhttp is not used: version 2.1 has no
 * place where a connection can be refused or counted before it sends a request,
 * no limit to the time of a whole request, writes HTML pages of its own for
 * what it refuses, and moves the Connection header.
 *
 * A connection reads one request at a time. It owns an exchange that is used
 * again for each request, so that a connection that is kept alive allocates
 * nothing; while the handler has it (state BUSY), the exchange is also on the
 * server's list. When the client goes away then, the exchange is cut off from
 * its connection and frees itself at the reply. What a client sends ahead waits
 * in the connection's input.
 *
 * One timer a connection carries its deadline. It is not moved with each
 * request: when it fires early, it is set for the rest.
 */
#include "gwlib/http_server.h"

#include <stdlib.h>
#include <utlist.h>

#include "gwlib/http_exchange.h"
#include "gwlib/http_message.h"
#include "gwlib/log.h"
#include "gwlib/memory.h"
#include "gwlib/net.h"

#define DEFAULT_MAX_HEADER (32 * 1024)
#define DEFAULT_MAX_BODY   (1024 * 1024)
#define DEFAULT_TIMEOUT_S  60
#define DISCARD_MS         1000        /* for a refused client to read why */
#define PIECE              (16 * 1024) /* of a body, moved at a time */
#define READ_AHEAD         (64 * 1024) /* from a client whose request is not answered yet */
#define SHORT_ANSWER       (64 * 1024)
#define JOIN_BODY          (16 * 1024) /* bodies up to this go out in one piece with the head */

enum conn_state {
    CONN_READING_HEAD,
    CONN_READING_BODY,
    CONN_BUSY,       /* the handler has the exchange */
    CONN_DISCARDING, /* refused; what still comes is thrown away for a moment */
    CONN_CLOSING     /* the last answer is on its way */
};

struct http_conn {
    struct http_server *server;
    struct net_conn *net; /* NULL: ended; freed when `processing` is over */
    struct http_exchange *exchange;
    struct http_conn *prev, *next;
    enum conn_state state;
    bool request_started;
    bool processing; /* conn_process() is on the stack */
    bool close_after;
    bool paused;
    size_t scanned;
    uint64_t body_left;
    struct http_chunks chunks;
    struct loop_timer *timer;
    bool timer_is_set;
    int64_t deadline;
    size_t unsent_before; /* when the timer last looked */
};

struct http_server {
    struct loop *loop;
    struct net_listener *listener; /* NULL: not accepting */
    int port;
    char *name;
    size_t max_header, max_body;
    int64_t timeout_ms;
    http_handler_fn *handler;
    void *arg;
    struct http_conn *conns;
    struct http_exchange *handed_out;
    size_t pending;
    struct bytes out; /* an answer being put together */
    struct http_date date;
};

/* --- exchanges with handlers ------------------------------------------- */

static void exchange_take_back(struct http_exchange *exchange)
{
    if (exchange->server == NULL)
        return;
    DL_DELETE(exchange->server->handed_out, exchange);
    exchange->server->pending--;
}

/* --- connections: time and end ----------------------------------------- */

static void conn_process(struct http_conn *conn);

static void set_deadline(struct http_conn *conn, int64_t after_ms)
{
    conn->deadline = loop_now(conn->server->loop) + after_ms;
    if (conn->timer_is_set && after_ms >= conn->server->timeout_ms)
        return; /* it fires before and looks again */
    loop_timer_set(conn->timer, after_ms);
    conn->timer_is_set = true;
}

static void conn_free(struct http_conn *conn)
{
    loop_timer_free(conn->timer);
    free(conn);
}

/* The exchange that the handler has stays valid. */
static void conn_leave(struct http_conn *conn, void (*end_net)(struct net_conn *))
{
    DL_DELETE(conn->server->conns, conn);
    if (conn->state == CONN_BUSY)
        conn->exchange->conn = NULL;
    else
        http_exchange_free(conn->exchange);
    end_net(conn->net);
    conn->net = NULL;
    loop_timer_cancel(conn->timer);
    if (!conn->processing)
        conn_free(conn);
}

/* Ends the connection as soon as the answer is out. net does that by itself, but
 * has no patience with a long one on a slow line. */
static void conn_finish(struct http_conn *conn)
{
    if (net_conn_unsent(conn->net) <= SHORT_ANSWER) {
        conn_leave(conn, net_conn_finish);
        return;
    }
    conn->state = CONN_CLOSING;
    set_deadline(conn, conn->server->timeout_ms);
}

/* A client that still takes its answer is slow, not gone. */
static bool is_taking_its_answer(struct http_conn *conn)
{
    size_t unsent = net_conn_unsent(conn->net);
    bool moved = unsent > 0 && unsent != conn->unsent_before;

    conn->unsent_before = unsent;
    return moved;
}

static void timer_fired(void *arg)
{
    struct http_conn *conn = arg;
    int64_t left = conn->deadline - loop_now(conn->server->loop);

    conn->timer_is_set = false;
    if (conn->state == CONN_BUSY)
        return;
    if (left > 0) {
        set_deadline(conn, left);
        if (conn->state == CONN_READING_HEAD)
            conn_process(conn);
        return;
    }
    if (conn->state != CONN_DISCARDING && is_taking_its_answer(conn))
        set_deadline(conn, conn->server->timeout_ms);
    else
        conn_leave(conn, net_conn_close);
}

/* --- answers ----------------------------------------------------------- */

static void send_answer(struct http_conn *conn, int status, struct slice body)
{
    struct http_server *server = conn->server;
    struct bytes *out = &server->out;
    struct http_answer_line line = {
        .status = status,
        .body_len = body.len,
        .keep_alive = !conn->close_after,
        .server_name = server->name,
    };

    http_exchange_format_head(conn->exchange, &line, &server->date, out);
    if (conn->exchange->method == HTTP_METHOD_HEAD || !http_status_has_body(status))
        body.len = 0;
    if (body.len <= JOIN_BODY) {
        bytes_append_slice(out, body);
        net_conn_write(conn->net, bytes_slice(out));
    } else {
        net_conn_write(conn->net, bytes_slice(out));
        net_conn_write(conn->net, body);
    }
    conn->unsent_before = 0;
}

/*
 * Answers a request that the handler does not see, and closes. When the client
 * may still be sending, its data is read for a moment: closing with unread data
 * would reset the connection, and the answer would not arrive.
 */
static void conn_refuse(struct http_conn *conn, int status, const char *problem, bool more_comes)
{
    static struct log_limit limit;

    log_limited(&limit, LOG_LEVEL_WARNING, "HTTP: request from %s refused with %d: %s.",
                conn->exchange->peer, status, problem);
    http_exchange_clear(conn->exchange);
    conn->exchange->method = HTTP_METHOD_GET;
    conn->close_after = true;
    net_conn_consume(conn->net, net_conn_available(conn->net));
    send_answer(conn, status, slice_str(""));
    if (more_comes) {
        conn->state = CONN_DISCARDING;
        set_deadline(conn, DISCARD_MS);
    } else {
        conn->state = CONN_CLOSING;
        conn_finish(conn);
    }
}

/* --- requests ---------------------------------------------------------- */

static bool find_method(struct slice name, enum http_method *method)
{
    if (slice_equal_str(name, "GET"))
        *method = HTTP_METHOD_GET;
    else if (slice_equal_str(name, "POST"))
        *method = HTTP_METHOD_POST;
    else if (slice_equal_str(name, "HEAD"))
        *method = HTTP_METHOD_HEAD;
    else
        return false;
    return true;
}

static void hand_out(struct http_conn *conn)
{
    struct http_server *server = conn->server;
    struct http_exchange *exchange = conn->exchange;

    conn->state = CONN_BUSY;
    conn->request_started = false;
    conn->close_after = !exchange->head.keep_alive;
    DL_APPEND(server->handed_out, exchange);
    server->pending++;
    server->handler(exchange, server->arg);
}

/* Empty lines before a request are allowed (section 2.2). */
static void skip_empty_lines(struct http_conn *conn)
{
    struct slice input = net_conn_peek(conn->net, conn->server->max_header);
    size_t n = 0;

    while (n < input.len && (input.data[n] == '\r' || input.data[n] == '\n'))
        n++;
    if (n > 0)
        net_conn_consume(conn->net, n);
}

static void begin_request(struct http_conn *conn)
{
    skip_empty_lines(conn);
    if (net_conn_available(conn->net) == 0)
        return;
    conn->request_started = true;
    conn->scanned = 0;
    set_deadline(conn, conn->server->timeout_ms);
}

static void begin_body(struct http_conn *conn)
{
    const struct http_head *head = &conn->exchange->head;
    size_t available = net_conn_available(conn->net);

    conn->state = CONN_READING_BODY;
    conn->body_left = head->content_length;
    conn->chunks = (struct http_chunks){0};
    if (head->expects_continue && (head->chunked ? available == 0 : available < conn->body_left))
        net_conn_write(conn->net, slice_str("HTTP/1.1 100 Continue\r\n\r\n"));
}

/* The exchange has a whole head as text. */
static void use_head(struct http_conn *conn)
{
    struct http_exchange *exchange = conn->exchange;
    struct http_head *head = &exchange->head;
    bool may_have_body = slice_starts_with(bytes_slice(&exchange->text), slice_str("POST "));
    const char *problem = http_head_parse(exchange->text.data, exchange->text.len, head);

    if (problem != NULL) {
        conn_refuse(conn, 400, problem, may_have_body);
        return;
    }
    if (!find_method(head->method, &exchange->method))
        conn_refuse(conn, 400, "unknown method", head->chunked || head->content_length > 0);
    else if (head->content_length > conn->server->max_body)
        conn_refuse(conn, 413, "body too long", true);
    else if (head->chunked || head->content_length > 0)
        begin_body(conn);
    else
        hand_out(conn);
}

/* Whether something was done, so that it is worth looking on. */
static bool read_head(struct http_conn *conn)
{
    size_t max = conn->server->max_header;
    struct slice input;
    size_t len;

    if (!conn->request_started)
        begin_request(conn);
    if (!conn->request_started)
        return false;
    input = net_conn_peek(conn->net, max);
    len = http_head_length(input, &conn->scanned);
    if (len == 0) {
        if (input.len < max)
            return false;
        conn_refuse(conn, 431, "header too long", true);
        return true;
    }
    bytes_append(&conn->exchange->text, input.data, len);
    net_conn_consume(conn->net, len);
    use_head(conn);
    return true;
}

static bool read_chunks(struct http_conn *conn, struct slice piece)
{
    struct http_chunks *chunks = &conn->chunks;

    net_conn_consume(
        conn->net, http_chunks_read(chunks, piece, &conn->exchange->body, conn->server->max_body));
    if (chunks->state == HTTP_CHUNKS_DONE)
        hand_out(conn);
    else if (chunks->state == HTTP_CHUNKS_TOO_LONG)
        conn_refuse(conn, 413, "body too long", true);
    else if (chunks->state == HTTP_CHUNKS_BROKEN)
        conn_refuse(conn, 400, "broken chunk", true);
    return true;
}

static bool read_body(struct http_conn *conn)
{
    struct http_exchange *exchange = conn->exchange;
    size_t max = PIECE;
    struct slice piece;

    if (!exchange->head.chunked && conn->body_left < max)
        max = (size_t)conn->body_left;
    piece = net_conn_peek(conn->net, max);
    if (slice_is_empty(piece))
        return false;
    if (exchange->head.chunked)
        return read_chunks(conn, piece);
    bytes_append_slice(&exchange->body, piece);
    net_conn_consume(conn->net, piece.len);
    conn->body_left -= piece.len;
    if (conn->body_left == 0)
        hand_out(conn);
    return true;
}

static void pause_reading(struct http_conn *conn, bool paused)
{
    if (conn->paused == paused)
        return;
    conn->paused = paused;
    net_conn_pause(conn->net, paused);
}

static bool conn_step(struct http_conn *conn)
{
    switch (conn->state) {
    case CONN_READING_HEAD:
        return read_head(conn);
    case CONN_READING_BODY:
        return read_body(conn);
    case CONN_BUSY:
        if (net_conn_available(conn->net) > READ_AHEAD)
            pause_reading(conn, true);
        return false;
    case CONN_DISCARDING:
    case CONN_CLOSING:
        net_conn_consume(conn->net, net_conn_available(conn->net));
        return false;
    }
    return false;
}

/* The handler may end anything, this connection and its server too. */
static void conn_process(struct http_conn *conn)
{
    bool more = true;

    conn->processing = true;
    while (more && conn->net != NULL)
        more = conn_step(conn);
    conn->processing = false;
    if (conn->net == NULL)
        conn_free(conn);
}

/* --- what net tells ---------------------------------------------------- */

static void net_readable(struct net_conn *net, void *arg)
{
    (void)net;
    conn_process(arg);
}

static void net_drained(struct net_conn *net, void *arg)
{
    struct http_conn *conn = arg;

    (void)net;
    if (conn->state == CONN_CLOSING && !conn->processing)
        conn_finish(conn);
}

static void net_closed(struct net_conn *net, const char *reason, void *arg)
{
    (void)net;
    (void)reason;
    conn_leave(arg, net_conn_finish); /* it may have closed its side only */
}

static const struct net_conn_events conn_events = {
    .readable = net_readable,
    .drained = net_drained,
    .closed = net_closed,
};

static void net_accepted(struct net_conn *net, void *arg)
{
    struct http_server *server = arg;
    struct http_conn *conn = memory_zalloc(1, sizeof *conn);

    conn->server = server;
    conn->net = net;
    conn->exchange = http_exchange_create(server, conn, net_conn_peer(net));
    conn->timer = loop_timer_create(server->loop, timer_fired, conn);
    DL_APPEND(server->conns, conn);
    net_conn_set_events(net, &conn_events, conn);
    set_deadline(conn, server->timeout_ms);
}

/* --- the server -------------------------------------------------------- */

struct http_server *http_server_start(struct loop *loop, const struct http_server_options *options,
                                      http_handler_fn *handler, void *arg, struct bytes *error)
{
    struct http_server *server = memory_zalloc(1, sizeof *server);
    struct net_listen_options listen = {
        .interface = options->interface,
        .port = options->port,
        .acl = options->acl,
        .tls = options->tls,
        .max_connections = options->max_connections,
    };

    server->loop = loop;
    server->handler = handler;
    server->arg = arg;
    server->max_header = options->max_header > 0 ? options->max_header : DEFAULT_MAX_HEADER;
    server->max_body = options->max_body > 0 ? options->max_body : DEFAULT_MAX_BODY;
    server->timeout_ms =
        (int64_t)(options->timeout_s > 0 ? options->timeout_s : DEFAULT_TIMEOUT_S) * 1000;
    server->listener = net_listen(loop, &listen, net_accepted, server, error);
    if (server->listener == NULL) {
        free(server);
        return NULL;
    }
    server->port = net_listener_port(server->listener);
    server->name = memory_strdup(options->server_name != NULL ? options->server_name : "Kantele");
    return server;
}

int http_server_port(const struct http_server *server)
{
    return server->port;
}

void http_server_stop_accepting(struct http_server *server)
{
    net_listener_close(server->listener);
    server->listener = NULL;
}

size_t http_server_pending(const struct http_server *server)
{
    return server->pending;
}

void http_server_free(struct http_server *server)
{
    struct http_exchange *exchange;

    if (server == NULL)
        return;
    http_server_stop_accepting(server);
    while (server->conns != NULL)
        conn_leave(server->conns, net_conn_close);
    DL_FOREACH(server->handed_out, exchange)
    exchange->server = NULL;
    bytes_free(&server->out);
    free(server->name);
    free(server);
}

/* The next request of a client that sent ahead is not read from inside the
 * handler's call: the timer does it. */
static void await_next_request(struct http_conn *conn)
{
    http_exchange_clear(conn->exchange);
    conn->state = CONN_READING_HEAD;
    pause_reading(conn, false);
    set_deadline(conn, conn->server->timeout_ms);
    if (!conn->processing && net_conn_available(conn->net) > 0) {
        loop_timer_set(conn->timer, 0);
        conn->timer_is_set = true;
    }
}

void http_exchange_reply(struct http_exchange *exchange, int status, struct slice body)
{
    struct http_conn *conn = exchange->conn;

    exchange_take_back(exchange);
    if (conn == NULL) {
        http_exchange_free(exchange);
        return;
    }
    if (conn->server->listener == NULL)
        conn->close_after = true;
    conn->state = CONN_CLOSING;
    send_answer(conn, status, body);
    if (conn->close_after)
        conn_finish(conn);
    else
        await_next_request(conn);
}
