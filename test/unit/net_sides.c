/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of connections share: see net_sides.h. */
#include "test/unit/net_sides.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define DEADLINE_MS 20000

struct loop *loop;

/* --- waiting ------------------------------------------------------------- */

struct wait {
    condition_fn *condition;
    void *arg;
    struct loop_timer *timer;
    int64_t deadline;
    bool met;
};

static void look_again(void *arg)
{
    struct wait *wait = arg;

    wait->met = wait->condition(wait->arg);
    if (wait->met || loop_now(loop) > wait->deadline)
        loop_stop(loop);
    else
        loop_timer_set(wait->timer, 1);
}

/* Runs the loop until it is so. */
void run_until(condition_fn *condition, void *arg)
{
    struct wait wait = {.condition = condition, .arg = arg};

    wait.deadline = loop_now(loop) + DEADLINE_MS;
    wait.timer = loop_timer_create(loop, look_again, &wait);
    loop_timer_set(wait.timer, 0);
    loop_run(loop);
    loop_timer_free(wait.timer);
    assert_true(wait.met);
}

/* --- an end of a connection that remembers what it was told ---------------- */

static void side_connected(struct net_conn *conn, void *arg)
{
    struct side *side = arg;

    assert_ptr_equal(conn, side->conn);
    side->connected++;
}

void take_all(struct side *side)
{
    size_t n = net_conn_available(side->conn);

    bytes_append_slice(&side->received, net_conn_peek(side->conn, n));
    net_conn_consume(side->conn, n);
}

static void side_resume(void *arg)
{
    struct side *side = arg;

    net_conn_pause(side->conn, false);
}

static void side_readable(struct net_conn *conn, void *arg)
{
    struct side *side = arg;

    side->readable++;
    if (side->echoes)
        net_conn_write(conn, net_conn_peek(conn, net_conn_available(conn)));
    if (!side->keeps)
        take_all(side);
    if (side->pauses) {
        net_conn_pause(conn, true);
        loop_timer_set(side->resume, 0);
    }
}

static void side_drained(struct net_conn *conn, void *arg)
{
    struct side *side = arg;

    assert_int_equal(net_conn_unsent(conn), 0);
    side->drained++;
}

static void side_closed(struct net_conn *conn, const char *reason, void *arg)
{
    struct side *side = arg;

    assert_ptr_equal(conn, side->conn);
    snprintf(side->reason, sizeof(side->reason), "%s", reason);
    side->closed++;
}

static const struct net_conn_events side_events = {side_connected, side_readable, side_drained,
                                                   side_closed};

bool is_connected(void *arg)
{
    return ((struct side *)arg)->connected > 0;
}

bool is_closed(void *arg)
{
    return ((struct side *)arg)->closed > 0;
}

bool was_drained(void *arg)
{
    return ((struct side *)arg)->drained > 0;
}

bool has_conn(void *arg)
{
    return ((struct side *)arg)->conn != NULL;
}

bool has_text(void *arg)
{
    return ((struct side *)arg)->received.len > 0;
}

bool has_input(void *arg)
{
    struct side *side = arg;

    return side->conn != NULL && net_conn_available(side->conn) > 0;
}

bool has_greeting(void *arg)
{
    return ((struct side *)arg)->received.len >= strlen("early, late");
}

bool has_much(void *arg)
{
    return ((struct side *)arg)->received.len >= MUCH;
}

void side_end(struct side *side)
{
    net_conn_close(side->conn);
    loop_timer_free(side->resume);
    bytes_free(&side->received);
    *side = (struct side){0};
}

/* --- server and client of a test ------------------------------------------- */

struct net_listener *listener;
struct side server, client; /* server: the last one accepted */
struct net_conn *earlier;   /* the one accepted before */
int accepted_count;

void on_accepted(struct net_conn *conn, void *arg)
{
    assert_ptr_equal(arg, &server);
    accepted_count++;
    earlier = server.conn;
    server.conn = conn;
    net_conn_set_events(conn, &side_events, &server);
}

void listen_with(struct net_listen_options options)
{
    struct bytes error = {0};

    listener = net_listen(loop, &options, on_accepted, &server, &error);
    if (listener == NULL)
        fail_msg("%s", bytes_str(&error));
}

void listen_local(struct tls_context *tls)
{
    listen_with((struct net_listen_options){.interface = "127.0.0.1", .tls = tls});
}

void open_client(const char *host, int port, struct tls_context *tls, unsigned timeout_ms)
{
    struct net_target target = {
        .host = host, .port = port, .tls = tls, .connect_timeout_ms = timeout_ms};

    client.conn = net_conn_open(loop, &target, &side_events, &client);
    assert_int_equal(client.connected + client.closed, 0);
}

/* A client of the plain kind, connected by the kernel at once. */
int raw_client(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)net_listener_port(listener)),
                                  .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

bool peer_hung_up(void *arg)
{
    char octet;
    ssize_t n = recv(*(int *)arg, &octet, 1, MSG_DONTWAIT);

    return n == 0 || (n < 0 && errno != EAGAIN);
}

void close_listener(void)
{
    net_listener_close(listener);
    listener = NULL;
}

int net_set_up(void **state)
{
    (void)state;
    loop = loop_create();
    server = client = (struct side){0};
    server.resume = loop_timer_create(loop, side_resume, &server);
    client.resume = loop_timer_create(loop, side_resume, &client);
    accepted_count = 0;
    return 0;
}

int net_tear_down(void **state)
{
    (void)state;
    side_end(&client);
    side_end(&server);
    net_conn_close(earlier);
    earlier = NULL;
    close_listener();
    loop_destroy(loop);
    return 0;
}
/* --- talking --------------------------------------------------------------- */

bool was_readable(void *arg)
{
    return ((struct side *)arg)->readable > 0;
}

/* Reads a little at each look. */
bool read_to_the_end(void *arg)
{
    struct reader *reader = arg;
    char text[65536];
    ssize_t n = recv(reader->fd, text, sizeof(text), MSG_DONTWAIT);

    if (n > 0)
        reader->got += (size_t)n;
    if (n < 0)
        assert_int_equal(errno, EAGAIN);
    return n == 0;
}

void talk(const char *host, struct tls_context *client_tls)
{
    server.echoes = true;
    open_client(host, net_listener_port(listener), client_tls, 0);
    assert_string_equal(net_conn_peer(client.conn), "?");
    net_conn_write(client.conn, slice_str("early, ")); /* before it is up */
    run_until(is_connected, &client);
    net_conn_write(client.conn, slice_str("late"));
    run_until(has_greeting, &client);
    assert_string_equal(bytes_str(&client.received), "early, late");
    assert_string_equal(bytes_str(&server.received), "early, late");
    assert_int_equal(client.connected, 1);
    assert_int_equal(server.connected, 0);
    assert_int_equal(client.closed + server.closed, 0);
    assert_true(client.drained > 0);
    assert_int_equal(net_conn_is_tls(client.conn), client_tls != NULL);
    assert_int_equal(net_conn_is_tls(server.conn), client_tls != NULL);
}

struct bytes much_text(void)
{
    struct bytes text = {0};
    size_t i;

    bytes_reserve(&text, MUCH);
    for (i = 0; text.len < MUCH; i++)
        bytes_append_char(&text, (unsigned char)(i * 31 + i / 256));
    return text;
}

void send_much(struct tls_context *client_tls)
{
    struct bytes text = much_text();

    server.echoes = server.pauses = client.pauses = true;
    open_client("127.0.0.1", net_listener_port(listener), client_tls, 0);
    net_conn_write(client.conn, bytes_slice(&text));
    assert_int_equal(net_conn_unsent(client.conn), MUCH);
    run_until(has_much, &client);
    assert_true(slice_equal(bytes_slice(&client.received), bytes_slice(&text)));
    assert_int_equal(client.drained, 1);
    bytes_free(&text);
}
