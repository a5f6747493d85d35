/* SPDX-License-Identifier: Apache-2.0 */
/* TLS connections, with certificates made here: what must succeed and what must
 * not. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "test/unit/certificate.h"
#include "test/unit/net_sides.h"

static char scratch[] = "/tmp/gwlib_tls_test.XXXXXX";
static char good_cert[64], good_key[64], other_cert[64], other_key[64];

/* --- certificates ---------------------------------------------------------- */

static int make_certificates(void **state)
{
    (void)state;
    if (mkdtemp(scratch) == NULL)
        return -1;
    snprintf(good_cert, sizeof(good_cert), "%s/good.pem", scratch);
    snprintf(good_key, sizeof(good_key), "%s/good.key", scratch);
    snprintf(other_cert, sizeof(other_cert), "%s/other.pem", scratch);
    snprintf(other_key, sizeof(other_key), "%s/other.key", scratch);
    certificate_create("DNS:localhost,IP:127.0.0.1,IP:::1", good_cert, good_key);
    certificate_create("DNS:other.test", other_cert, other_key);
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

/* --- what must succeed ----------------------------------------------------- */

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
        net_tear_down(NULL);
        net_set_up(NULL);
        listen_local(server_tls);
    }
    tls_free(client_tls);
    net_tear_down(NULL);
    tls_free(server_tls);
    net_set_up(NULL);
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
    close_listener();
    tls_free(server_tls);
    tls_free(client_tls);
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
    close_listener();
    tls_free(server_tls);
    tls_free(client_tls);
}

/* --- what must not --------------------------------------------------------- */

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
    close_listener();
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
    close_listener(); /* ends the silent one too */
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        NET_TEST(tls_by_address_and_by_name),        NET_TEST(much_with_pauses_over_tls),
        NET_TEST(finishing_sends_the_rest_over_tls), NET_TEST(nobody_vouches_for_the_certificate),
        NET_TEST(the_system_does_not_either),        NET_TEST(the_certificate_is_of_somebody_else),
        NET_TEST(the_server_never_shakes_hands),     NET_TEST(the_client_speaks_no_tls),
        NET_TEST(mistakes_in_files_are_told),
    };

    alarm(120); /* for the calls that would wait without the loop */
    return cmocka_run_group_tests(tests, make_certificates, remove_certificates);
}
