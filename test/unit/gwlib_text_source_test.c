/* SPDX-License-Identifier: Apache-2.0 */
/* Texts by path and URL: what comes, what is an error, and the end midway. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "gwlib/http_server.h"
#include "gwlib/memory.h"
#include "gwlib/text_source.h"

static struct loop *loop;
static struct http_client *http;
static struct bytes got, error;
static int answers;

static void take(struct slice text, const char *why, void *arg)
{
    (void)arg;
    bytes_clear(&got);
    bytes_clear(&error);
    bytes_append_slice(&got, text);
    if (why != NULL)
        bytes_append_str(&error, why);
    assert_true(slice_is_set(text) == (why == NULL));
    answers++;
    loop_stop(loop);
}

static void too_late(void *arg)
{
    (void)arg;
    fail_msg("no answer");
}

static void fetch(const char *address, size_t max)
{
    struct text_source *source = text_source_create(loop, http, address, max, take, NULL);
    struct loop_timer *deadline = loop_timer_create(loop, too_late, NULL);

    answers = 0;
    text_source_start(source, 0);
    text_source_start(source, 0); /* one answer for both */
    assert_int_equal(answers, 0);
    loop_timer_set(deadline, 20000);
    loop_run(loop);
    assert_int_equal(answers, 1);
    loop_timer_free(deadline);
    text_source_free(source);
}

static void files(void **state)
{
    char path[] = "/tmp/text-source-XXXXXX", url[64];
    int fd = mkstemp(path);

    (void)state;
    assert_int_equal(write(fd, "one\ntwo\n", 8), 8);
    close(fd);
    fetch(path, 8);
    assert_string_equal(bytes_str(&got), "one\ntwo\n");
    fetch(path, 7);
    assert_string_equal(bytes_str(&error), "File too large");
    snprintf(url, sizeof url, "file://%s", path);
    fetch(url, 100);
    assert_string_equal(bytes_str(&got), "one\ntwo\n");
    snprintf(url, sizeof url, "FILE:%s", path);
    fetch(url, 100);
    assert_string_equal(bytes_str(&got), "one\ntwo\n");
    assert_int_equal(truncate(path, 0), 0);
    fetch(path, 100);
    assert_int_equal(got.len, 0);
    unlink(path);
    fetch(path, 100);
    assert_string_equal(bytes_str(&error), "No such file or directory");
    fetch("/tmp", 100);
    assert_string_equal(bytes_str(&error), "Is a directory");
}

static void on_request(struct http_exchange *exchange, void *arg)
{
    (void)arg;
    if (strcmp(http_exchange_path(exchange), "/list") == 0)
        http_exchange_reply(exchange, 200, slice_str("123\n"));
    else
        http_exchange_reply(exchange, 404, slice_str("321\n"));
}

static void urls(void **state)
{
    struct http_server_options options = {.interface = "127.0.0.1"};
    struct http_server *server = http_server_start(loop, &options, on_request, NULL, &error);
    char url[64];

    (void)state;
    assert_non_null(server);
    snprintf(url, sizeof url, "http://127.0.0.1:%d/list", http_server_port(server));
    fetch(url, 100);
    assert_string_equal(bytes_str(&got), "123\n");
    fetch(url, 3);
    assert_int_equal(got.len, 0);
    assert_true(error.len > 0);
    snprintf(url, sizeof url, "http://127.0.0.1:%d/none", http_server_port(server));
    fetch(url, 100);
    assert_string_equal(bytes_str(&error), "HTTP status 404");
    /* freed while it is under way: no answer, nothing left behind */
    struct text_source *source = text_source_create(loop, http, url, 100, take, NULL);
    text_source_start(source, 0);
    text_source_free(source);
    text_source_free(NULL);
    http_server_free(server);
    fetch(url, 100);
    assert_true(error.len > 0); /* nobody listens any more */
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(files), cmocka_unit_test(urls)};
    struct http_client_options options = {.timeout_s = 10};
    int failed;

    loop = loop_create();
    http = http_client_create(loop, &options);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    http_client_free(http);
    loop_destroy(loop);
    bytes_free(&got);
    bytes_free(&error);
    return failed;
}
