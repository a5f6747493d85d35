/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections over the real loopback, plain and TLS, on ports that the kernel
 * chooses. On the other side stands either our own client or a raw socket that
 * misbehaves as peers do. Every wait is for a condition, with a deadline.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/tcp.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "gwlib/log.h"
#include "gwlib/memory.h"
#include "gwlib/net.h"

#define DEADLINE_MS 20000
#define MUCH        ((size_t)3 * 1000 * 1000)

static struct loop *loop;

/* --- waiting ------------------------------------------------------------- */

typedef bool condition_fn(void *arg);

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
static void run_until(condition_fn *condition, void *arg)
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

struct side {
    struct net_conn *conn;
    struct bytes received;
    int connected, readable, drained, closed;
    char reason[200];
    bool keeps;  /* leaves what comes in the connection's buffer */
    bool echoes; /* sends it back */
    bool pauses; /* after each reading, for a moment */
    struct loop_timer *resume;
};

static void side_connected(struct net_conn *conn, void *arg)
{
    struct side *side = arg;

    assert_ptr_equal(conn, side->conn);
    side->connected++;
}

static void take_all(struct side *side)
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

static bool is_connected(void *arg)
{
    return ((struct side *)arg)->connected > 0;
}

static bool is_closed(void *arg)
{
    return ((struct side *)arg)->closed > 0;
}

static bool was_drained(void *arg)
{
    return ((struct side *)arg)->drained > 0;
}

static bool has_conn(void *arg)
{
    return ((struct side *)arg)->conn != NULL;
}

static bool has_text(void *arg)
{
    return ((struct side *)arg)->received.len > 0;
}

static bool has_input(void *arg)
{
    struct side *side = arg;

    return side->conn != NULL && net_conn_available(side->conn) > 0;
}

static bool has_greeting(void *arg)
{
    return ((struct side *)arg)->received.len >= strlen("early, late");
}

static bool has_much(void *arg)
{
    return ((struct side *)arg)->received.len >= MUCH;
}

static void side_end(struct side *side)
{
    net_conn_close(side->conn);
    loop_timer_free(side->resume);
    bytes_free(&side->received);
    *side = (struct side){0};
}

/* --- server and client of a test ------------------------------------------- */

static struct net_listener *listener;
static struct side server, client; /* server: the last one accepted */
static struct net_conn *earlier;   /* the one accepted before */
static int accepted_count;

static void on_accepted(struct net_conn *conn, void *arg)
{
    assert_ptr_equal(arg, &server);
    accepted_count++;
    earlier = server.conn;
    server.conn = conn;
    net_conn_set_events(conn, &side_events, &server);
}

static void listen_with(struct net_listen_options options)
{
    struct bytes error = {0};

    listener = net_listen(loop, &options, on_accepted, &server, &error);
    if (listener == NULL)
        fail_msg("%s", bytes_str(&error));
}

static void listen_local(struct tls_context *tls)
{
    listen_with((struct net_listen_options){.interface = "127.0.0.1", .tls = tls});
}

static void open_client(const char *host, int port, struct tls_context *tls, unsigned timeout_ms)
{
    struct net_target target = {
        .host = host, .port = port, .tls = tls, .connect_timeout_ms = timeout_ms};

    client.conn = net_conn_open(loop, &target, &side_events, &client);
    assert_int_equal(client.connected + client.closed, 0);
}

/* A client of the plain kind, connected by the kernel at once. */
static int raw_client(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)net_listener_port(listener)),
                                  .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

static bool peer_hung_up(void *arg)
{
    char octet;
    ssize_t n = recv(*(int *)arg, &octet, 1, MSG_DONTWAIT);

    return n == 0 || (n < 0 && errno != EAGAIN);
}

static int set_up(void **state)
{
    (void)state;
    loop = loop_create();
    server = client = (struct side){0};
    server.resume = loop_timer_create(loop, side_resume, &server);
    client.resume = loop_timer_create(loop, side_resume, &client);
    accepted_count = 0;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    side_end(&client);
    side_end(&server);
    net_conn_close(earlier);
    earlier = NULL;
    net_listener_close(listener);
    listener = NULL;
    loop_destroy(loop);
    return 0;
}

/* --- certificates ---------------------------------------------------------- */

static char scratch[] = "/tmp/gwlib_net_test.XXXXXX";
static char good_cert[64], good_key[64], other_cert[64], other_key[64];

static EVP_PKEY *make_key(void)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_id(EVP_PKEY_EC, NULL);
    EVP_PKEY *key = NULL;

    assert_int_equal(EVP_PKEY_keygen_init(context), 1);
    assert_int_equal(EVP_PKEY_CTX_set_ec_paramgen_curve_nid(context, NID_X9_62_prime256v1), 1);
    assert_int_equal(EVP_PKEY_keygen(context, &key), 1);
    EVP_PKEY_CTX_free(context);
    return key;
}

static void add_names(X509 *cert, const char *names)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, names);

    assert_non_null(extension);
    assert_int_equal(X509_add_ext(cert, extension, -1), 1);
    X509_EXTENSION_free(extension);
}

static void write_pem(const char *path, X509 *cert, EVP_PKEY *key)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    if (cert != NULL)
        assert_int_equal(PEM_write_X509(file, cert), 1);
    else
        assert_int_equal(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL), 1);
    fclose(file);
}

/* A self-signed certificate for these names. */
static void make_certificate(const char *names, const char *cert_path, const char *key_path)
{
    EVP_PKEY *key = make_key();
    X509 *cert = X509_new();
    X509_NAME *subject = X509_get_subject_name(cert);

    X509_set_version(cert, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
    X509_gmtime_adj(X509_getm_notBefore(cert), -60);
    X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)"test", -1, -1,
                               0);
    X509_set_issuer_name(cert, subject);
    X509_set_pubkey(cert, key);
    add_names(cert, names);
    assert_true(X509_sign(cert, key, EVP_sha256()) > 0);
    write_pem(cert_path, cert, NULL);
    write_pem(key_path, NULL, key);
    X509_free(cert);
    EVP_PKEY_free(key);
}

static int make_certificates(void **state)
{
    (void)state;
    if (mkdtemp(scratch) == NULL)
        return -1;
    snprintf(good_cert, sizeof(good_cert), "%s/good.pem", scratch);
    snprintf(good_key, sizeof(good_key), "%s/good.key", scratch);
    snprintf(other_cert, sizeof(other_cert), "%s/other.pem", scratch);
    snprintf(other_key, sizeof(other_key), "%s/other.key", scratch);
    make_certificate("DNS:localhost,IP:127.0.0.1,IP:::1", good_cert, good_key);
    make_certificate("DNS:other.test", other_cert, other_key);
    return 0;
}

static int remove_certificates(void **state)
{
    (void)state;
    unlink(good_cert);
    unlink(good_key);
    unlink(other_cert);
    unlink(other_key);
    return rmdir(scratch);
}

static struct tls_context *tls_server(const char *cert, const char *key)
{
    struct bytes error = {0};
    struct tls_context *context = tls_server_create(cert, key, NULL, &error);

    if (context == NULL)
        fail_msg("%s", bytes_str(&error));
    return context;
}

static struct tls_context *tls_client(const char *ca)
{
    struct bytes error = {0};
    struct tls_context *context = tls_client_create(ca, NULL, NULL, &error);

    if (context == NULL)
        fail_msg("%s", bytes_str(&error));
    return context;
}

/* --- talking --------------------------------------------------------------- */

static void talk(const char *host, struct tls_context *client_tls)
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

static void tls_by_address_and_by_name(void **state)
{
    static const char *const hosts[] = {"127.0.0.1", "localhost"};
    struct tls_context *server_tls = tls_server(good_cert, good_key);
    struct tls_context *client_tls = tls_client(good_cert);
    size_t i;

    (void)state;
    listen_local(server_tls);
    for (i = 0; i < 2; i++) {
        talk(hosts[i], client_tls);
        tear_down(NULL);
        set_up(NULL);
        listen_local(server_tls);
    }
    tls_free(client_tls);
    tear_down(NULL);
    tls_free(server_tls);
    set_up(NULL);
}

static struct bytes much_text(void)
{
    struct bytes text = {0};
    size_t i;

    bytes_reserve(&text, MUCH);
    for (i = 0; text.len < MUCH; i++)
        bytes_append_char(&text, (unsigned char)(i * 31 + i / 256));
    return text;
}

static void send_much(struct tls_context *client_tls)
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

static void much_with_pauses(void **state)
{
    (void)state;
    listen_local(NULL);
    send_much(NULL);
}

static void much_with_pauses_over_tls(void **state)
{
    struct tls_context *server_tls = tls_server(good_cert, good_key);
    struct tls_context *client_tls = tls_client(good_cert);

    (void)state;
    listen_local(server_tls);
    send_much(client_tls);
    side_end(&client);
    side_end(&server);
    net_listener_close(listener);
    listener = NULL;
    tls_free(server_tls);
    tls_free(client_tls);
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
    net_listener_close(listener);
    listener = NULL;
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

static bool was_readable(void *arg)
{
    return ((struct side *)arg)->readable > 0;
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

struct reader {
    int fd;
    size_t got;
};

/* Reads a little at each look. */
static bool read_to_the_end(void *arg)
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

static void finishing_sends_the_rest_over_tls(void **state)
{
    struct tls_context *server_tls = tls_server(good_cert, good_key);
    struct tls_context *client_tls = tls_client(good_cert);
    struct bytes text = much_text();

    (void)state;
    listen_local(server_tls);
    open_client("127.0.0.1", net_listener_port(listener), client_tls, 0);
    run_until(has_conn, &server);
    net_conn_write(server.conn, bytes_slice(&text));
    net_conn_finish(server.conn);
    server.conn = NULL;
    run_until(is_closed, &client);
    assert_string_equal(client.reason, "closed by the other side");
    assert_true(slice_equal(bytes_slice(&client.received), bytes_slice(&text)));
    bytes_free(&text);
    side_end(&client);
    net_listener_close(listener);
    listener = NULL;
    tls_free(server_tls);
    tls_free(client_tls);
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
    tear_down(NULL);
    set_up(NULL);
    close(fd);
    bytes_free(&text);
}

/* --- listeners ------------------------------------------------------------- */

static void the_access_list_refuses(void **state)
{
    struct bytes error = {0};
    struct acl *acl = acl_create("127.0.0.1", NULL, &error);
    int fd;

    (void)state;
    listen_with((struct net_listen_options){.interface = "127.0.0.1", .acl = acl});
    fd = raw_client();
    run_until(peer_hung_up, &fd);
    assert_int_equal(accepted_count, 0);
    close(fd);
    net_listener_close(listener);
    listener = NULL;
    acl_free(acl);
}

static bool two_accepted(void *arg)
{
    (void)arg;
    return accepted_count == 2;
}

static bool three_accepted(void *arg)
{
    (void)arg;
    return accepted_count == 3;
}

static void only_so_many_connections(void **state)
{
    int fds[4];
    int i;

    (void)state;
    listen_with((struct net_listen_options){.interface = "127.0.0.1", .max_connections = 2});
    fds[0] = raw_client();
    run_until(has_conn, &server);
    fds[1] = raw_client();
    run_until(two_accepted, NULL);
    fds[2] = raw_client();
    run_until(peer_hung_up, &fds[2]);
    assert_int_equal(accepted_count, 2);
    net_conn_close(earlier);
    earlier = NULL;
    fds[3] = raw_client();
    run_until(three_accepted, NULL);
    for (i = 0; i < 4; i++)
        close(fds[i]);
}

static void a_port_in_use_is_told(void **state)
{
    struct net_listen_options options = {.interface = NULL};
    struct bytes error = {0};
    char expected[64];

    (void)state;
    listen_with(options);
    options.port = net_listener_port(listener);
    assert_null(net_listen(loop, &options, on_accepted, &server, &error));
    snprintf(expected, sizeof(expected), "port %d: Address already in use", options.port);
    assert_string_equal(bytes_str(&error), expected);
    bytes_clear(&error);
    options.port = 70000;
    assert_null(net_listen(loop, &options, on_accepted, &server, &error));
    assert_true(error.len > 0);
    bytes_clear(&error);
    options = (struct net_listen_options){.interface = "192.0.2.1"};
    assert_null(net_listen(loop, &options, on_accepted, &server, &error));
    assert_non_null(strstr(bytes_str(&error), "192.0.2.1 port 0: "));
    bytes_free(&error);
}

static void a_paused_listener_lets_them_wait(void **state)
{
    int fd;

    (void)state;
    listen_local(NULL);
    net_listener_pause(listener, true);
    fd = raw_client();
    open_client("127.0.0.1", net_listener_port(listener), NULL, 0);
    run_until(is_connected, &client);
    assert_int_equal(accepted_count, 0);
    net_listener_pause(listener, false);
    run_until(two_accepted, NULL);
    close(fd);
}

static void connections_outlive_their_listener(void **state)
{
    (void)state;
    listen_local(NULL);
    open_client("127.0.0.1", net_listener_port(listener), NULL, 0);
    run_until(has_conn, &server);
    net_listener_close(listener);
    listener = NULL;
    net_conn_write(server.conn, slice_str("alive"));
    run_until(has_text, &client);
}

static bool log_tells_of_starving(void *arg)
{
    char text[4096] = {0};
    FILE *file = fopen(arg, "r");
    size_t n;

    assert_non_null(file);
    n = fread(text, 1, sizeof(text) - 1, file);
    fclose(file);
    return n > 0 && strstr(text, "cannot accept a connection: Too many open files") != NULL;
}

static void no_descriptor_left(void **state)
{
    struct rlimit before, none;
    char path[64];
    int fd, lowest, log_fd;

    (void)state;
    snprintf(path, sizeof(path), "%s/log", scratch);
    log_fd = open(path, O_CREAT | O_RDWR | O_APPEND, 0600);
    lowest = dup(STDERR_FILENO);
    listen_local(NULL);
    fd = raw_client();
    dup2(log_fd, STDERR_FILENO);
    getrlimit(RLIMIT_NOFILE, &before);
    none = (struct rlimit){(rlim_t)dup(log_fd), before.rlim_max};
    setrlimit(RLIMIT_NOFILE, &none); /* every descriptor below is taken */
    loop_stop(loop);
    loop_run(loop);
    loop_stop(loop);
    loop_run(loop);
    setrlimit(RLIMIT_NOFILE, &before);
    dup2(lowest, STDERR_FILENO);
    run_until(log_tells_of_starving, path);
    assert_int_equal(accepted_count, 0);
    run_until(has_conn, &server); /* after its rest the listener goes on */
    close(fd);
    close(lowest);
    close((int)none.rlim_cur);
    close(log_fd);
    unlink(path);
}

/* --- TLS that must not succeed ---------------------------------------------- */

static void refuse_tls(struct tls_context *client_tls, const char *expected)
{
    struct tls_context *server_tls = tls_server(other_cert, other_key);

    listen_local(server_tls);
    open_client("127.0.0.1", net_listener_port(listener), client_tls, 0);
    net_conn_write(client.conn, slice_str("secret"));
    run_until(is_closed, &client);
    if (strstr(client.reason, expected) == NULL)
        fail_msg("%s", client.reason);
    assert_int_equal(client.connected, 0);
    assert_int_equal(client.closed, 1);
    assert_int_equal(accepted_count, 0);
    side_end(&client);
    side_end(&server);
    net_listener_close(listener);
    listener = NULL;
    tls_free(server_tls);
    tls_free(client_tls);
}

static void nobody_vouches_for_the_certificate(void **state)
{
    (void)state;
    refuse_tls(tls_client(good_cert), "TLS: certificate: self");
}

static void the_system_does_not_either(void **state)
{
    (void)state;
    refuse_tls(tls_client(NULL), "TLS: certificate: self");
}

static void the_certificate_is_of_somebody_else(void **state)
{
    (void)state;
    refuse_tls(tls_client(other_cert), "TLS: certificate: IP address mismatch");
}

static void the_server_never_shakes_hands(void **state)
{
    struct tls_context *client_tls = tls_client(good_cert);

    (void)state;
    listen_local(NULL);
    open_client("127.0.0.1", net_listener_port(listener), client_tls, 200);
    run_until(is_closed, &client);
    assert_string_equal(client.reason, "TLS handshake timed out");
    side_end(&client);
    tls_free(client_tls);
}

/* A client that speaks no TLS is never shown to the owner. */
static void the_client_speaks_no_tls(void **state)
{
    struct tls_context *server_tls = tls_server(good_cert, good_key);
    int fd, silent;

    (void)state;
    listen_local(server_tls);
    silent = raw_client();
    fd = raw_client();
    assert_int_equal(send(fd, "GET / HTTP/1.0\r\n\r\n", 18, 0), 18);
    run_until(peer_hung_up, &fd);
    assert_int_equal(accepted_count, 0);
    net_listener_close(listener); /* ends the silent one too */
    listener = NULL;
    run_until(peer_hung_up, &silent);
    assert_int_equal(accepted_count, 0);
    close(fd);
    close(silent);
    tls_free(server_tls);
}

static void mistakes_in_files_are_told(void **state)
{
    struct bytes error = {0};

    (void)state;
    assert_null(tls_server_create("/nonexistent.pem", good_key, NULL, &error));
    assert_non_null(strstr(bytes_str(&error), "certificate `/nonexistent.pem': "));
    bytes_clear(&error);
    assert_null(tls_server_create(good_cert, other_key, NULL, &error));
    assert_non_null(strstr(bytes_str(&error), "key values mismatch"));
    bytes_clear(&error);
    assert_null(tls_server_create(good_cert, good_key, "NO-SUCH-CIPHER", &error));
    assert_non_null(strstr(bytes_str(&error), "`NO-SUCH-CIPHER'"));
    bytes_clear(&error);
    assert_null(tls_client_create("/nonexistent.pem", NULL, NULL, &error));
    assert_non_null(strstr(bytes_str(&error), "/nonexistent.pem"));
    bytes_free(&error);
    tls_free(NULL);
}

#define NET_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        NET_TEST(plain_over_ipv4),
        NET_TEST(plain_over_ipv6),
        NET_TEST(ipv4_on_the_socket_for_all),
        NET_TEST(a_name_with_an_address_that_does_not_answer),
        NET_TEST(tls_by_address_and_by_name),
        NET_TEST(much_with_pauses),
        NET_TEST(much_with_pauses_over_tls),
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
        NET_TEST(finishing_sends_the_rest_over_tls),
        NET_TEST(finishing_before_it_is_up),
        NET_TEST(finishing_gives_up),
        NET_TEST(finishing_ends_with_the_loop),
        NET_TEST(the_access_list_refuses),
        NET_TEST(only_so_many_connections),
        NET_TEST(a_port_in_use_is_told),
        NET_TEST(a_paused_listener_lets_them_wait),
        NET_TEST(connections_outlive_their_listener),
        NET_TEST(no_descriptor_left),
        NET_TEST(nobody_vouches_for_the_certificate),
        NET_TEST(the_system_does_not_either),
        NET_TEST(the_certificate_is_of_somebody_else),
        NET_TEST(the_server_never_shakes_hands),
        NET_TEST(the_client_speaks_no_tls),
        NET_TEST(mistakes_in_files_are_told),
    };

    alarm(120); /* for the calls that would wait without the loop */
    return cmocka_run_group_tests(tests, make_certificates, remove_certificates);
}
