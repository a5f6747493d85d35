/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unit tests of gwlib/http_server: a server on a loop, and clients that are plain
 * sockets of the same thread, so that every octet and every moment of closing is
 * the test's own. What is expected is RFC 9112, and what Kannel does where that
 * leaves a choice.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gwlib/http_server.h"
#include "gwlib/log.h"
#include "gwlib/memory.h"

#define DEADLINE_MS 20000

/* --- the server under test --------------------------------------------------- */

struct fixture {
    struct loop *loop;
    struct http_server *server;
    struct http_exchange *kept[8]; /* what the handler did not answer */
    size_t kept_count;
    unsigned handled;
    struct bytes seen; /* a line for each request */
};

static void note_request(struct fixture *f, struct http_exchange *exchange)
{
    static const char *const methods[] = {"GET", "HEAD", "POST"};
    struct slice query = http_exchange_query(exchange);
    struct slice body = http_exchange_body(exchange);

    bytes_printf(&f->seen, "%s %s [%.*s] [", methods[http_exchange_method(exchange)],
                 http_exchange_path(exchange), (int)query.len,
                 slice_is_set(query) ? (const char *)query.data : "");
    bytes_append_slice(&f->seen, body);
    bytes_append_str(&f->seen, "]\n");
}

/* Paths say what becomes of a request. */
static void handle(struct http_exchange *exchange, void *arg)
{
    struct fixture *f = arg;
    const char *path = http_exchange_path(exchange);

    f->handled++;
    note_request(f, exchange);
    if (strcmp(path, "/later") == 0) {
        f->kept[f->kept_count++] = exchange;
        return;
    }
    if (strcmp(path, "/free") == 0) {
        http_server_free(f->server);
        f->server = NULL;
        f->kept[f->kept_count++] = exchange;
        return;
    }
    if (strcmp(path, "/big") == 0) {
        struct bytes big = {0};

        for (int i = 0; i < 500000; i++)
            bytes_append_str(&big, "0123456789");
        http_exchange_reply(exchange, 200, bytes_slice(&big));
        bytes_free(&big);
        return;
    }
    if (strcmp(path, "/header") == 0) {
        http_exchange_add_header(exchange, "Content-type", "text/html");
        http_exchange_add_header(exchange, "X-Forged", "a\r\nSet-Cookie: b");
    }
    if (strcmp(path, "/echo") == 0)
        http_exchange_reply(exchange, 200, http_exchange_body(exchange));
    else
        http_exchange_reply(exchange, strcmp(path, "/empty") == 0 ? 204 : 202,
                            slice_str("0: Accepted for delivery"));
}

static void start_with(struct fixture *f, struct http_server_options options)
{
    struct bytes error = {0};

    if (options.interface == NULL)
        options.interface = "127.0.0.1";
    options.server_name = "Kantele/test";
    f->server = http_server_start(f->loop, &options, handle, f, &error);
    assert_non_null(f->server);
    bytes_free(&error);
}

static int set_up(void **state)
{
    struct fixture *f = memory_zalloc(1, sizeof *f);

    log_set_stderr_level(LOG_LEVEL_PANIC);
    f->loop = loop_create();
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    http_server_free(f->server);
    loop_destroy(f->loop);
    bytes_free(&f->seen);
    free(f);
    return 0;
}

/* --- clients ------------------------------------------------------------------ */

static int dial(const struct fixture *f)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)http_server_port(f->server)),
                                  .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static void say(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

static void turn_loop(struct fixture *f)
{
    event_base_loop(loop_event_base(f->loop), EVLOOP_NONBLOCK);
    poll(NULL, 0, 1);
}

/* Reads until the end of the stream or, when wanted is not NULL, until the
 * text ends with it. True when that came. */
static bool hear(struct fixture *f, int fd, const char *wanted, struct bytes *heard)
{
    int64_t deadline = loop_now(f->loop) + DEADLINE_MS;

    while (loop_now(f->loop) < deadline) {
        char part[65536];
        ssize_t n = recv(fd, part, sizeof part, MSG_DONTWAIT);
        size_t len = wanted != NULL ? strlen(wanted) : 0;

        if (n == 0 || (n < 0 && errno != EAGAIN))
            return n == 0 && wanted == NULL;
        if (n > 0)
            bytes_append(heard, part, (size_t)n);
        if (wanted != NULL && heard->len >= len &&
            memcmp(heard->data + heard->len - len, wanted, len) == 0)
            return true;
        if (n < 0)
            turn_loop(f);
    }
    return false;
}

/* Replaces the date, which must have its form, by DATE. */
static void mask_dates(struct bytes *text)
{
    struct bytes masked = {0};
    struct slice rest = bytes_slice(text);
    const char *at;

    while ((at = memmem(rest.data, rest.len, "Date: ", 6)) != NULL) {
        size_t before = (size_t)((const unsigned char *)at - rest.data) + 6;

        assert_true(rest.len >= before + 31);
        assert_memory_equal(at + 6 + 25, " GMT\r\n", 6);
        bytes_append_slice(&masked, slice_sub(rest, 0, before));
        bytes_append_str(&masked, "DATE");
        rest = slice_sub(rest, before + 29, rest.len);
    }
    bytes_append_slice(&masked, rest);
    bytes_free(text);
    *text = masked;
}

/* The request on a connection of its own; the whole answer until the server
 * closes. */
static void assert_dialogue(struct fixture *f, const char *request, const char *expected)
{
    struct bytes heard = {0};
    int fd = dial(f);

    say(fd, request);
    if (!hear(f, fd, NULL, &heard))
        fail_msg("not closed after %s: %s", request, bytes_str(&heard));
    close(fd);
    mask_dates(&heard);
    assert_string_equal(bytes_str(&heard), expected);
    bytes_free(&heard);
}

static void wait_for_handled(struct fixture *f, unsigned count)
{
    int64_t deadline = loop_now(f->loop) + DEADLINE_MS;

    while (f->handled < count && loop_now(f->loop) < deadline)
        turn_loop(f);
    assert_int_equal(f->handled, count);
}

#define HEAD(status, length, connection)                                                           \
    "HTTP/1.1 " status "\r\nServer: Kantele/test\r\nDate: DATE\r\nContent-Length: " length         \
    "\r\nConnection: " connection "\r\n"
#define ACCEPTED(connection) HEAD("202 Accepted", "24", connection) "\r\n0: Accepted for delivery"
#define BAD                  HEAD("400 Bad Request", "0", "Close") "\r\n"

/* --- answers ------------------------------------------------------------------- */

static void answers_in_kannels_form(void **state)
{
    struct fixture *f = *state;

    start_with(f, (struct http_server_options){0});
    assert_dialogue(f, "GET /x?a=b HTTP/1.0\r\n\r\n", ACCEPTED("Close"));
    assert_dialogue(f, "GET /x HTTP/1.1\r\nConnection: close\r\n\r\n", ACCEPTED("Close"));
    assert_dialogue(f, "GET http://h/abs?q HTTP/1.0\n\n", ACCEPTED("Close"));
    assert_dialogue(f, "HEAD /x HTTP/1.0\r\n\r\n", HEAD("202 Accepted", "24", "Close") "\r\n");
    assert_dialogue(f, "GET /header HTTP/1.0\r\n\r\n",
                    HEAD("202 Accepted", "24",
                         "Close") "Content-type: text/html\r\n"
                                  "X-Forged: a  Set-Cookie: b\r\n\r\n0: Accepted for delivery");
    assert_dialogue(f, "GET /empty HTTP/1.0\r\n\r\n",
                    "HTTP/1.1 204 No Content\r\nServer: Kantele/test\r\nDate: DATE\r\n"
                    "Connection: Close\r\n\r\n");
    assert_string_equal(bytes_str(&f->seen), "GET /x [a=b] []\nGET /x [] []\nGET /abs [q] []\n"
                                             "HEAD /x [] []\nGET /header [] []\n"
                                             "GET /empty [] []\n");
    assert_int_equal(http_server_pending(f->server), 0);
}

static void keeps_connections_alive(void **state)
{
    struct fixture *f = *state;
    struct bytes heard = {0};
    int fd;

    start_with(f, (struct http_server_options){0});
    fd = dial(f);
    for (int i = 0; i < 3; i++) {
        bytes_clear(&heard);
        say(fd, i == 1 ? "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
                       : "\r\nGET / HTTP/1.1\r\n\r\n");
        assert_true(hear(f, fd, "delivery", &heard));
        mask_dates(&heard);
        assert_string_equal(bytes_str(&heard), ACCEPTED("Keep-Alive"));
    }
    bytes_free(&heard);
    close(fd);
}

static void answers_what_is_sent_ahead_in_order(void **state)
{
    struct fixture *f = *state;
    struct bytes heard = {0};
    int fd;

    start_with(f, (struct http_server_options){0});
    fd = dial(f);
    say(fd, "GET /1 HTTP/1.1\r\n\r\nPOST /echo HTTP/1.1\r\nContent-Length: 3\r\n\r\ntwo"
            "GET /later HTTP/1.1\r\n\r\nGET /4 HTTP/1.1\r\nConnection: close\r\n\r\n");
    wait_for_handled(f, 3);
    turn_loop(f);
    assert_int_equal(f->handled, 3); /* the fourth waits */
    assert_int_equal(http_server_pending(f->server), 1);
    http_exchange_reply(f->kept[0], 404, slice_str("three"));
    assert_int_equal(f->handled, 3); /* and is not handled inside that call */
    assert_true(hear(f, fd, NULL, &heard));
    mask_dates(&heard);
    assert_string_equal(bytes_str(&heard),
                        ACCEPTED("Keep-Alive") HEAD("200 OK", "3", "Keep-Alive") "\r\ntwo" HEAD(
                            "404 Not Found", "5", "Keep-Alive") "\r\nthree" ACCEPTED("Close"));
    bytes_free(&heard);
    close(fd);
}

static void gives_the_parts_of_a_request(void **state)
{
    struct fixture *f = *state;
    struct http_exchange *exchange;
    int fd, marker;

    start_with(f, (struct http_server_options){0});
    fd = dial(f);
    say(fd, "POST /later?to=1+2&to=3&text=%C3%A9&empty= HTTP/1.1\r\nX-Kannel-To: 555 \r\n"
            "Content-Length: 4\r\n\r\nbody");
    wait_for_handled(f, 1);
    exchange = f->kept[0];
    assert_true(slice_equal_str(http_exchange_param(exchange, "to"), "1 2"));
    assert_true(slice_equal_str(http_exchange_param(exchange, "text"), "\xc3\xa9"));
    assert_true(slice_is_set(http_exchange_param(exchange, "empty")));
    assert_false(slice_is_set(http_exchange_param(exchange, "TO")));
    assert_true(slice_equal_str(http_exchange_header(exchange, "x-kannel-to"), "555"));
    assert_false(slice_is_set(http_exchange_header(exchange, "x-kannel-from")));
    assert_true(slice_equal_str(http_exchange_body(exchange), "body"));
    assert_string_equal(http_exchange_peer(exchange), "127.0.0.1");
    assert_null(http_exchange_data(exchange));
    http_exchange_set_data(exchange, &marker);
    assert_ptr_equal(http_exchange_data(exchange), &marker);
    http_exchange_reply(exchange, 200, slice_str(""));
    close(fd);
}

/* --- bodies --------------------------------------------------------------------- */

static void takes_bodies_in_every_form(void **state)
{
    struct fixture *f = *state;
    static const char *const requests[] = {
        "POST /echo HTTP/1.1\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello",
        "POST /echo HTTP/1.0\nContent-Length: 5\n\nhello",
        ("POST /echo HTTP/1.1\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
         "2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"),
    };

    start_with(f, (struct http_server_options){0});
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        struct bytes heard = {0};
        int fd;

        assert_dialogue(f, requests[i], HEAD("200 OK", "5", "Close") "\r\nhello");
        fd = dial(f); /* and octet by octet */
        for (const char *p = requests[i]; *p != '\0'; p++) {
            assert_int_equal(send(fd, p, 1, MSG_NOSIGNAL), 1);
            event_base_loop(loop_event_base(f->loop), EVLOOP_NONBLOCK);
        }
        assert_true(hear(f, fd, NULL, &heard));
        mask_dates(&heard);
        assert_string_equal(bytes_str(&heard), HEAD("200 OK", "5", "Close") "\r\nhello");
        bytes_free(&heard);
        close(fd);
    }
}

static void answers_expect(void **state)
{
    struct fixture *f = *state;
    struct bytes heard = {0};
    int fd;

    start_with(f, (struct http_server_options){0});
    fd = dial(f);
    say(fd, "POST /echo HTTP/1.1\r\nConnection: close\r\nExpect: 100-continue\r\n"
            "Content-Length: 5\r\n\r\n");
    assert_true(hear(f, fd, "HTTP/1.1 100 Continue\r\n\r\n", &heard));
    bytes_clear(&heard);
    say(fd, "hello");
    assert_true(hear(f, fd, NULL, &heard));
    mask_dates(&heard);
    assert_string_equal(bytes_str(&heard), HEAD("200 OK", "5", "Close") "\r\nhello");
    bytes_free(&heard);
    close(fd);
}

static void a_big_answer_arrives_whole(void **state)
{
    struct fixture *f = *state;
    struct bytes heard = {0};
    int fd;

    start_with(f, (struct http_server_options){0});
    fd = dial(f);
    say(fd, "GET /big HTTP/1.0\r\n\r\n");
    assert_true(hear(f, fd, NULL, &heard));
    assert_true(heard.len > 5000000);
    assert_memory_equal(heard.data + heard.len - 10, "0123456789", 10);
    bytes_free(&heard);
    close(fd);
}

/* --- refusals ------------------------------------------------------------------- */

static void refuses_with_400_and_closes(void **state)
{
    struct fixture *f = *state;
    static const char *const requests[] = {
        "PUT / HTTP/1.1\r\n\r\n",
        "DELETE / HTTP/1.1\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\n\r\n",
        "get / HTTP/1.1\r\n\r\n",
        "nonsense\r\n\r\n",
        "GET / HTTP/3.0\r\n\r\n",
        "\x16\x03\x01 TLS on a plain port\n\n",
        "POST / HTTP/1.1\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nab",
        "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        "POST / HTTP/1.1\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\nab",
        "POST / HTTP/1.1\r\nContent-Length: two\r\n\r\nab",
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n",
    };

    start_with(f, (struct http_server_options){0});
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++)
        assert_dialogue(f, requests[i], BAD);
    assert_int_equal(f->handled, 0);
}

static void says_when_something_is_too_long(void **state)
{
    struct fixture *f = *state;
    struct bytes request = {0};

    start_with(f, (struct http_server_options){.max_header = 200, .max_body = 10});
    assert_dialogue(f, "POST /echo HTTP/1.0\r\nContent-Length: 10\r\n\r\n0123456789",
                    HEAD("200 OK", "10", "Close") "\r\n0123456789");
    assert_dialogue(f, "POST /echo HTTP/1.0\r\nContent-Length: 11\r\n\r\n0123456789a",
                    HEAD("413 Content Too Large", "0", "Close") "\r\n");
    assert_dialogue(f,
                    "POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
                    "a\r\n0123456789\r\n1\r\na\r\n0\r\n\r\n",
                    HEAD("413 Content Too Large", "0", "Close") "\r\n");
    bytes_append_str(&request, "GET / HTTP/1.0\r\nLong: ");
    for (int i = 0; i < 200; i++)
        bytes_append_char(&request, 'x');
    assert_dialogue(f, bytes_str(&request),
                    HEAD("431 Request Header Fields Too Large", "0", "Close") "\r\n");
    bytes_append_str(&request, "\r\n\r\n");
    assert_dialogue(f, bytes_str(&request),
                    HEAD("431 Request Header Fields Too Large", "0", "Close") "\r\n");
    bytes_free(&request);
    assert_int_equal(f->handled, 1);
}

static void who_is_not_allowed_hears_nothing(void **state)
{
    struct fixture *f = *state;
    struct bytes error = {0};
    struct acl *acl = acl_create("*.*.*.*", "10.0.0.1", &error);
    struct bytes heard = {0};
    int fd;

    start_with(f, (struct http_server_options){.acl = acl});
    fd = dial(f);
    assert_true(hear(f, fd, NULL, &heard));
    assert_int_equal(heard.len, 0);
    close(fd);
    http_server_free(f->server);
    f->server = NULL;
    acl_free(acl);
    bytes_free(&error);
}

static void connections_above_the_limit_are_closed(void **state)
{
    struct fixture *f = *state;
    struct bytes heard = {0};
    int first, second;

    start_with(f, (struct http_server_options){.max_connections = 1});
    first = dial(f);
    say(first, "GET / HTTP/1.1\r\n\r\n");
    assert_true(hear(f, first, "delivery", &heard));
    bytes_clear(&heard);
    second = dial(f);
    assert_true(hear(f, second, NULL, &heard));
    assert_int_equal(heard.len, 0);
    close(second);
    close(first);
    for (int i = 0; i < 20; i++)
        turn_loop(f); /* the first's end is noticed; then there is room again */
    assert_dialogue(f, "GET / HTTP/1.0\r\n\r\n", ACCEPTED("Close"));
    bytes_free(&heard);
}

/* A client that sends a little now and then gains no time. */
static void slow_and_idle_clients_are_disconnected(void **state)
{
    struct fixture *f = *state;
    struct bytes heard = {0};
    int64_t began = loop_now(f->loop);
    int idle, slow;

    start_with(f, (struct http_server_options){.timeout_s = 1});
    idle = dial(f);
    slow = dial(f);
    say(slow, "GET / HTTP/1.1\r\n");
    while (loop_now(f->loop) < began + DEADLINE_MS && send(slow, "A", 1, MSG_NOSIGNAL) == 1) {
        for (int i = 0; i < 50; i++)
            turn_loop(f);
    }
    assert_in_range(loop_now(f->loop) - began, 900, DEADLINE_MS - 1);
    assert_true(hear(f, idle, NULL, &heard));
    assert_int_equal(heard.len, 0);
    bytes_free(&heard);
    close(idle);
    close(slow);
}

/* --- ends ------------------------------------------------------------------------ */

static void a_client_that_went_away_does_not_matter(void **state)
{
    struct fixture *f = *state;
    int fds[2];

    start_with(f, (struct http_server_options){0});
    fds[0] = dial(f);
    fds[1] = dial(f);
    say(fds[0], "GET /later?gone HTTP/1.1\r\n\r\n");
    say(fds[1], "POST /later HTTP/1.1\r\nContent-Length: 3\r\n\r\nxyz");
    wait_for_handled(f, 2);
    close(fds[0]);
    close(fds[1]);
    for (int i = 0; i < 20; i++)
        turn_loop(f);
    assert_int_equal(http_server_pending(f->server), 2);
    assert_string_equal(http_exchange_path(f->kept[0]), "/later");
    http_exchange_add_header(f->kept[0], "A", "b");
    http_exchange_reply(f->kept[0], 200, slice_str("nobody"));
    http_exchange_reply(f->kept[1], 200, http_exchange_body(f->kept[1]));
    assert_int_equal(http_server_pending(f->server), 0);
    assert_dialogue(f, "GET / HTTP/1.0\r\n\r\n", ACCEPTED("Close"));
}

static void a_client_may_go_in_the_middle_of_a_request(void **state)
{
    struct fixture *f = *state;
    static const char *const beginnings[] = {"", "GET / HT", "GET / HTTP/1.1\r\nA: b",
                                             "POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc"};

    start_with(f, (struct http_server_options){0});
    for (size_t i = 0; i < sizeof beginnings / sizeof beginnings[0]; i++) {
        int fd = dial(f);

        say(fd, beginnings[i]);
        for (int n = 0; n < 10; n++)
            turn_loop(f);
        close(fd);
    }
    assert_dialogue(f, "GET / HTTP/1.0\r\n\r\n", ACCEPTED("Close"));
    assert_int_equal(f->handled, 1);
}

static void the_server_may_end_before_its_exchanges(void **state)
{
    struct fixture *f = *state;
    struct bytes heard = {0};
    int fd;

    start_with(f, (struct http_server_options){0});
    fd = dial(f);
    say(fd, "GET /later HTTP/1.1\r\n\r\n");
    wait_for_handled(f, 1);
    http_server_free(f->server);
    f->server = NULL;
    assert_string_equal(http_exchange_path(f->kept[0]), "/later");
    http_exchange_reply(f->kept[0], 200, slice_str("nobody"));
    assert_true(hear(f, fd, NULL, &heard));
    assert_int_equal(heard.len, 0);
    bytes_free(&heard);
    close(fd);
}

static void a_handler_may_end_the_server(void **state)
{
    struct fixture *f = *state;
    int fd;

    start_with(f, (struct http_server_options){0});
    fd = dial(f);
    say(fd, "GET /free HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n");
    wait_for_handled(f, 1);
    http_exchange_reply(f->kept[0], 200, slice_str("nobody"));
    for (int i = 0; i < 5; i++)
        turn_loop(f);
    assert_int_equal(f->handled, 1);
    close(fd);
}

static void what_is_under_way_is_answered_after_accepting_stopped(void **state)
{
    struct fixture *f = *state;
    struct bytes heard = {0};
    int fd;

    start_with(f, (struct http_server_options){0});
    fd = dial(f);
    say(fd, "GET /later HTTP/1.1\r\n\r\n");
    wait_for_handled(f, 1);
    http_server_stop_accepting(f->server);
    http_exchange_reply(f->kept[0], 200, slice_str("last"));
    assert_true(hear(f, fd, NULL, &heard));
    mask_dates(&heard);
    assert_string_equal(bytes_str(&heard), HEAD("200 OK", "4", "Close") "\r\nlast");
    bytes_free(&heard);
    close(fd);
}

static void a_busy_port_is_an_error_with_a_reason(void **state)
{
    struct fixture *f = *state;
    struct http_server_options options = {.interface = "127.0.0.1"};
    struct bytes error = {0};

    start_with(f, (struct http_server_options){0});
    options.port = http_server_port(f->server);
    assert_null(http_server_start(f->loop, &options, handle, f, &error));
    assert_non_null(strstr(bytes_str(&error), "in use"));
    bytes_free(&error);
}

static void reasons(void **state)
{
    (void)state;
    assert_string_equal(http_status_reason(202), "Accepted");
    assert_string_equal(http_status_reason(415), "Unsupported Media Type");
    assert_string_equal(http_status_reason(503), "Service Unavailable");
    assert_string_equal(http_status_reason(299), "Unknown");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(answers_in_kannels_form),
        TEST(keeps_connections_alive),
        TEST(answers_what_is_sent_ahead_in_order),
        TEST(gives_the_parts_of_a_request),
        TEST(takes_bodies_in_every_form),
        TEST(answers_expect),
        TEST(a_big_answer_arrives_whole),
        TEST(refuses_with_400_and_closes),
        TEST(says_when_something_is_too_long),
        TEST(who_is_not_allowed_hears_nothing),
        TEST(connections_above_the_limit_are_closed),
        TEST(slow_and_idle_clients_are_disconnected),
        TEST(a_client_that_went_away_does_not_matter),
        TEST(a_client_may_go_in_the_middle_of_a_request),
        TEST(the_server_may_end_before_its_exchanges),
        TEST(a_handler_may_end_the_server),
        TEST(what_is_under_way_is_answered_after_accepting_stopped),
        TEST(a_busy_port_is_an_error_with_a_reason),
        TEST(reasons),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
