/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gwlib/http_server and gwlib/http_client with TLS between them: what must be
 * answered, and whom the client must not believe.
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
#include <unistd.h>

#include "gwlib/http_client.h"
#include "gwlib/http_server.h"
#include "gwlib/log.h"
#include "test/unit/certificate.h"

#define DEADLINE_MS 10000
#define BIG         300000

static char scratch[] = "/tmp/gwlib_https_test.XXXXXX";
static char good_cert[64], good_key[64], other_cert[64], other_key[64];

static struct loop *loop;
static struct tls_context *tls;
static struct http_server *server;
static struct http_client *client;

static int make_certificates(void **state)
{
    (void)state;
    log_set_stderr_level(LOG_LEVEL_PANIC);
    if (mkdtemp(scratch) == NULL)
        return -1;
    snprintf(good_cert, sizeof good_cert, "%s/good.pem", scratch);
    snprintf(good_key, sizeof good_key, "%s/good.key", scratch);
    snprintf(other_cert, sizeof other_cert, "%s/other.pem", scratch);
    snprintf(other_key, sizeof other_key, "%s/other.key", scratch);
    certificate_create("DNS:localhost,IP:127.0.0.1", good_cert, good_key);
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

/* Sends the body back, or a big one. */
static void handle(struct http_exchange *exchange, void *arg)
{
    struct bytes body = {0};

    (void)arg;
    if (strcmp(http_exchange_path(exchange), "/big") == 0) {
        for (int i = 0; i < BIG; i++)
            bytes_append_char(&body, 'x');
    } else {
        bytes_append_slice(&body, http_exchange_body(exchange));
    }
    http_exchange_reply(exchange, 200, bytes_slice(&body));
    bytes_free(&body);
}

static void start(const char *cert, const char *key, const char *ca)
{
    struct bytes error = {0};
    struct http_server_options serve = {.interface = "127.0.0.1", .server_name = "test"};
    struct http_client_options ask = {.ca_file = ca};

    loop = loop_create();
    tls = tls_server_create(cert, key, NULL, &error);
    assert_non_null(tls);
    serve.tls = tls;
    server = http_server_start(loop, &serve, handle, NULL, &error);
    assert_non_null(server);
    client = http_client_create(loop, &ask);
    bytes_free(&error);
}

static void stop(void)
{
    http_client_free(client);
    http_server_free(server);
    tls_free(tls);
    loop_destroy(loop);
}

struct outcome {
    int calls, status;
    char error[300];
    struct bytes body;
};

static void answered(const struct http_answer *answer, void *arg)
{
    struct outcome *outcome = arg;

    outcome->calls++;
    outcome->status = answer->status;
    snprintf(outcome->error, sizeof outcome->error, "%s",
             answer->error != NULL ? answer->error : "");
    bytes_clear(&outcome->body);
    bytes_append_slice(&outcome->body, answer->body);
}

static void ask_url(struct outcome *outcome, const char *url, const char *body)
{
    int64_t deadline = loop_now(loop) + DEADLINE_MS;
    struct http_request request = {.url = url, .body = slice_str(body)};

    outcome->calls = 0;
    http_client_start(client, &request, answered, outcome);
    while (outcome->calls == 0 && loop_now(loop) < deadline) {
        event_base_loop(loop_event_base(loop), EVLOOP_NONBLOCK);
        poll(NULL, 0, 1);
    }
    assert_int_equal(outcome->calls, 1);
}

static void ask(struct outcome *outcome, const char *path, const char *body)
{
    char url[100];

    snprintf(url, sizeof url, "https://127.0.0.1:%d%s", http_server_port(server), path);
    ask_url(outcome, url, body);
}

static void who_is_known_is_answered(void **state)
{
    struct outcome outcome = {0};

    (void)state;
    start(good_cert, good_key, good_cert);
    for (int i = 0; i < 3; i++) {
        ask(&outcome, "/", "hello");
        assert_int_equal(outcome.status, 200);
        assert_string_equal(bytes_str(&outcome.body), "hello");
    }
    ask(&outcome, "/big", NULL);
    assert_int_equal(outcome.status, 200);
    assert_int_equal(outcome.body.len, BIG);
    bytes_free(&outcome.body);
    stop();
}

static void assert_not_believed(const char *cert, const char *key, const char *ca)
{
    struct outcome outcome = {0};

    start(cert, key, ca);
    ask(&outcome, "/", "secret");
    assert_int_equal(outcome.status, 0);
    if (strstr(outcome.error, "certificate") == NULL)
        fail_msg("not about the certificate: %s", outcome.error);
    bytes_free(&outcome.body);
    stop();
}

static void a_stranger_is_not_believed(void **state)
{
    (void)state;
    assert_not_believed(good_cert, good_key, NULL);         /* not in the system's store */
    assert_not_believed(good_cert, good_key, other_cert);   /* not of this CA */
    assert_not_believed(other_cert, other_key, other_cert); /* another name */
}

/* The server stands for the proxy: what it gets is for somebody else. */
static void ask_by_proxy(struct outcome *outcome, const char *ca)
{
    struct http_client_options options = {.ca_file = ca, .proxy_tls = true};

    start(good_cert, good_key, NULL);
    http_client_free(client);
    options.proxy_host = "127.0.0.1";
    options.proxy_port = http_server_port(server);
    client = http_client_create(loop, &options);
    ask_url(outcome, "http://sms.example.com/", "by proxy");
    stop();
}

static void a_proxy_by_tls_is_verified_too(void **state)
{
    struct outcome outcome = {0};

    (void)state;
    ask_by_proxy(&outcome, good_cert);
    assert_int_equal(outcome.status, 200);
    assert_string_equal(bytes_str(&outcome.body), "by proxy");
    ask_by_proxy(&outcome, other_cert);
    assert_int_equal(outcome.status, 0);
    bytes_free(&outcome.body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_is_known_is_answered),
        cmocka_unit_test(a_stranger_is_not_believed),
        cmocka_unit_test(a_proxy_by_tls_is_verified_too),
    };

    return cmocka_run_group_tests(tests, make_certificates, remove_certificates);
}
