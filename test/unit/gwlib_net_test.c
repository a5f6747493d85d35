/* SPDX-License-Identifier: Apache-2.0 */
/* Connections over the real loopback: talking, reading, misfortunes, finishing. */
#include <linux/tcp.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "test/unit/net_sides.h"

static void plain_over_ipv4(void **state)
{
    (void)state;
    listen_local(NULL);
    talk("127.0.0.1", NULL);
    assert_string_equal(net_conn_peer(client.conn), "127.0.0.1");
    assert_string_equal(net_conn_peer(server.conn), "127.0.0.1");
}

static bool machine_has_ipv6(void)
{
    struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    int fd = socket(AF_INET6, SOCK_STREAM, 0);
    bool has = fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0;

    if (fd >= 0)
        close(fd);
    return has;
}

static void plain_over_ipv6(void **state)
{
    (void)state;
    if (!machine_has_ipv6())
        skip();
    listen_with((struct net_listen_options){.interface = NULL});
    talk("::1", NULL);
    assert_string_equal(net_conn_peer(client.conn), "::1");
    assert_string_equal(net_conn_peer(server.conn), "::1");
}

/* The socket for everything is an IPv6 one, but nobody is to notice. */
static void ipv4_on_the_socket_for_all(void **state)
{
    (void)state;
    listen_with((struct net_listen_options){.interface = NULL});
    talk("127.0.0.1", NULL);
    assert_string_equal(net_conn_peer(server.conn), "127.0.0.1");
}

/* "localhost" may be ::1 first, where nobody listens here. */
static void a_name_with_an_address_that_does_not_answer(void **state)
{
    (void)state;
    listen_local(NULL);
    talk("localhost", NULL);
    assert_string_equal(net_conn_peer(client.conn), "127.0.0.1");
}

static void much_with_pauses(void **state)
{
    (void)state;
    listen_local(NULL);
    send_much(NULL);
}

static void a_paused_connection_leaves_it_in_the_kernel(void **state)
{
    int fd;

    (void)state;
    listen_local(NULL);
    fd = raw_client();
    run_until(has_conn, &server);
    net_conn_pause(server.conn, true);
    assert_int_equal(send(fd, "x", 1, 0), 1);
    open_client("127.0.0.1", net_listener_port(listener), NULL, 0);
    run_until(is_connected, &client); /* some rounds later: */
    assert_int_equal(server.readable, 0);
    side_end(&client);
    close(fd);
}

/* --- reading --------------------------------------------------------------- */

static void lines_and_pieces(void **state)
{
    struct bytes line = {0};
    int fd;

    (void)state;
    listen_local(NULL);
    server.keeps = true;
    fd = raw_client();
    assert_int_equal(send(fd, "one\r\ntwo\n\r\nrest", 15, 0), 15);
    run_until(has_input, &server);
    assert_true(net_conn_read_line(server.conn, &line));
    assert_string_equal(bytes_str(&line), "one");
    assert_true(net_conn_read_line(server.conn, &line));
    assert_string_equal(bytes_str(&line), "two");
    assert_true(net_conn_read_line(server.conn, &line));
    assert_string_equal(bytes_str(&line), "");
    assert_false(net_conn_read_line(server.conn, &line));
    assert_int_equal(net_conn_available(server.conn), 4);
    assert_true(slice_equal_str(net_conn_peek(server.conn, 2), "re"));
    net_conn_consume(server.conn, 2);
    assert_true(slice_equal_str(net_conn_peek(server.conn, 100), "st"));
    net_conn_consume(server.conn, 2);
    assert_int_equal(net_conn_peek(server.conn, 1).len, 0);
    bytes_free(&line);
    close(fd);
}

/* A hundred small writes of one round leave as one segment. */
static void small_writes_leave_together(void **state)
{
    struct tcp_info info;
    socklen_t len = sizeof(info);
    char text[512];
    size_t got = 0;
    int fd, i;

    (void)state;
    listen_local(NULL);
    fd = raw_client();
    run_until(has_conn, &server);
    for (i = 0; i < 100; i++)
        net_conn_write(server.conn, slice_str("four"));
    assert_int_equal(net_conn_unsent(server.conn), 400);
    run_until(was_drained, &server);
    while (got < 400) {
        ssize_t n = recv(fd, text, sizeof(text), 0);

        assert_true(n > 0);
        got += (size_t)n;
    }
    assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len), 0);
    if (len >= offsetof(struct tcp_info, tcpi_data_segs_in) + sizeof(info.tcpi_data_segs_in))
        assert_int_equal(info.tcpi_data_segs_in, 1);
    close(fd);
}

/* --- misfortunes ----------------------------------------------------------- */

static void nobody_listens(void **state)
{
    int port;

    (void)state;
    listen_local(NULL);
    port = net_listener_port(listener);
    close_listener();
    open_client("127.0.0.1", port, NULL, 0);
    run_until(is_closed, &client);
    assert_string_equal(client.reason, "Connection refused");
    assert_int_equal(client.connected, 0);
    net_conn_write(client.conn, slice_str("into the void"));
    assert_int_equal(net_conn_unsent(client.conn), 0);
    assert_int_equal(net_conn_available(client.conn), 0);
    net_conn_finish(client.conn);
    client.conn = NULL;
}

static void a_name_that_does_not_exist(void **state)
{
    (void)state;
    open_client("no-such-host.invalid", 1, NULL, 0);
    run_until(is_closed, &client);
    assert_non_null(strstr(client.reason, "no-such-host.invalid: "));
}

static void closing_while_the_name_is_looked_up(void **state)
{
    (void)state;
    open_client("no-such-host.invalid", 1, NULL, 0);
    net_conn_close(client.conn);
    open_client("localhost", 1, NULL, 0);
    net_conn_finish(client.conn);
    client.conn = NULL;
    net_conn_close(NULL);
}

/* A peer that takes no connection: the queue of its listener is full. */
static void connecting_takes_too_long(void **state)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof(address);
    int deaf = socket(AF_INET, SOCK_STREAM, 0);
    int fillers[8];
    int i;

    (void)state;
    assert_int_equal(bind(deaf, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(deaf, 0), 0);
    getsockname(deaf, (struct sockaddr *)&address, &len);
    for (i = 0; i < 8; i++) {
        fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        connect(fillers[i], (struct sockaddr *)&address, len);
    }
    open_client("127.0.0.1", ntohs(address.sin_port), NULL, 200);
    run_until(is_closed, &client);
    /* By our own clock, or by that of the last address: the same moment. */
    assert_true(strstr(client.reason, "timed out") != NULL);
    for (i = 0; i < 8; i++)
        close(fillers[i]);
    close(deaf);
}

static void the_other_half_is_closed(void **state)
{
    char text[64];
    int fd;

    (void)state;
    listen_local(NULL);
    server.keeps = true;
    fd = raw_client();
    assert_int_equal(send(fd, "last words", 10, 0), 10);
    shutdown(fd, SHUT_WR);
    run_until(has_conn, &server);
    net_conn_write(server.conn, slice_str("answer"));
    run_until(is_closed, &server);
    assert_int_equal(server.closed, 1);
    assert_string_equal(server.reason, "closed by the other side");
    take_all(&server);
    assert_string_equal(bytes_str(&server.received), "last words");
    net_conn_write(server.conn, slice_str("too late"));
    net_conn_finish(server.conn);
    server.conn = NULL;
    assert_int_equal(recv(fd, text, sizeof(text), 0), 6);
    assert_memory_equal(text, "answer", 6);
    run_until(peer_hung_up, &fd);
    assert_int_equal(server.closed, 1);
    close(fd);
}

static void the_peer_disappears(void **state)
{
    struct linger reset = {.l_onoff = 1, .l_linger = 0};
    int fd;

    (void)state;
    listen_local(NULL);
    fd = raw_client();
    run_until(has_conn, &server);
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
    close(fd);
    run_until(is_closed, &server);
    assert_string_equal(server.reason, "Connection reset by peer");
    net_conn_write(server.conn, slice_str("x"));
    assert_int_equal(net_conn_unsent(server.conn), 0);
    assert_int_equal(server.closed, 1);
}

static void close_at_reading(struct net_conn *conn, void *arg)
{
    struct side *side = arg;

    net_conn_close(conn);
    side->conn = NULL;
    side->readable++;
}

static void closing_inside_a_report(void **state)
{
    static const struct net_conn_events events = {.readable = close_at_reading};
    int fd;

    (void)state;
    listen_local(NULL);
    fd = raw_client();
    run_until(has_conn, &server);
    net_conn_set_events(server.conn, &events, &server);
    assert_int_equal(send(fd, "x", 1, 0), 1);
    shutdown(fd, SHUT_WR);
    run_until(was_readable, &server);
    run_until(was_readable, &server);
    assert_int_equal(server.closed, 0);
    run_until(peer_hung_up, &fd);
    close(fd);
}

/* --- finishing ------------------------------------------------------------- */

static void finishing_sends_the_rest(void **state)
{
    struct bytes text = much_text();
    struct reader reader = {0};

    (void)state;
    listen_local(NULL);
    reader.fd = raw_client();
    run_until(has_conn, &server);
    net_conn_write(server.conn, bytes_slice(&text));
    net_conn_finish(server.conn);
    server.conn = NULL;
    run_until(read_to_the_end, &reader);
    assert_int_equal(reader.got, MUCH);
    close(reader.fd);
    bytes_free(&text);
}

/* What is written before the connection is up is sent though nobody waits. */
static void finishing_before_it_is_up(void **state)
{
    (void)state;
    listen_local(NULL);
    open_client("127.0.0.1", net_listener_port(listener), NULL, 0);
    net_conn_write(client.conn, slice_str("good-bye"));
    net_conn_finish(client.conn);
    client.conn = NULL;
    run_until(is_closed, &server);
    assert_string_equal(bytes_str(&server.received), "good-bye");
}

/* Knocks again whenever it was turned away. */
static bool somebody_is_accepted(void *arg)
{
    int *fd = arg;

    if (accepted_count == 2)
        return true;
    if (peer_hung_up(fd)) {
        close(*fd);
        *fd = raw_client();
    }
    return false;
}

/* The peer does not read: after a while that is its own fault. */
static void finishing_gives_up(void **state)
{
    struct bytes text = much_text();
    int fd, second;

    (void)state;
    listen_with((struct net_listen_options){.interface = "127.0.0.1", .max_connections = 1});
    fd = raw_client();
    run_until(has_conn, &server);
    net_conn_write(server.conn, bytes_slice(&text));
    net_conn_write(server.conn, bytes_slice(&text));
    net_conn_finish(server.conn);
    server.conn = NULL;
    /* As long as it is not over, it takes the only place there is. */
    second = raw_client();
    run_until(peer_hung_up, &second);
    assert_int_equal(accepted_count, 1);
    run_until(somebody_is_accepted, &second);
    close(second);
    close(fd);
    bytes_free(&text);
}

/* With the loop everything ends that was still finishing. */
static void finishing_ends_with_the_loop(void **state)
{
    struct bytes text = much_text();
    int fd;

    (void)state;
    listen_local(NULL);
    fd = raw_client();
    run_until(has_conn, &server);
    net_conn_write(server.conn, bytes_slice(&text));
    net_conn_write(server.conn, bytes_slice(&text));
    net_conn_finish(server.conn);
    server.conn = NULL;
    net_tear_down(NULL);
    net_set_up(NULL);
    close(fd);
    bytes_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        NET_TEST(plain_over_ipv4),
        NET_TEST(plain_over_ipv6),
        NET_TEST(ipv4_on_the_socket_for_all),
        NET_TEST(a_name_with_an_address_that_does_not_answer),
        NET_TEST(much_with_pauses),
        NET_TEST(a_paused_connection_leaves_it_in_the_kernel),
        NET_TEST(lines_and_pieces),
        NET_TEST(small_writes_leave_together),
        NET_TEST(nobody_listens),
        NET_TEST(a_name_that_does_not_exist),
        NET_TEST(closing_while_the_name_is_looked_up),
        NET_TEST(connecting_takes_too_long),
        NET_TEST(the_other_half_is_closed),
        NET_TEST(the_peer_disappears),
        NET_TEST(closing_inside_a_report),
        NET_TEST(finishing_sends_the_rest),
        NET_TEST(finishing_before_it_is_up),
        NET_TEST(finishing_gives_up),
        NET_TEST(finishing_ends_with_the_loop),
    };

    alarm(120); /* for the calls that would wait without the loop */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
