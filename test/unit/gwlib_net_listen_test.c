/* SPDX-License-Identifier: Apache-2.0 */
/* Listeners: who may stay, how many, and what happens when nothing is left. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "test/unit/net_sides.h"

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
    close_listener();
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
    close_listener();
    net_conn_write(server.conn, slice_str("alive"));
    run_until(has_text, &client);
}

/* arg: the descriptor of what standard error goes to. */
static bool log_tells_of_starving(void *arg)
{
    char text[4096] = {0};
    ssize_t n = pread(*(int *)arg, text, sizeof(text) - 1, 0);

    return n > 0 && strstr(text, "cannot accept a connection: Too many open files") != NULL;
}

static void no_descriptor_left(void **state)
{
    char path[] = "/tmp/gwlib_net_listen_test.XXXXXX";
    int log_fd = mkstemp(path);
    int stderr_before = dup(STDERR_FILENO);
    struct rlimit before, none;
    int fd, last;

    (void)state;
    unlink(path);
    listen_local(NULL);
    fd = raw_client();
    getrlimit(RLIMIT_NOFILE, &before);
    last = dup(log_fd);
    none = (struct rlimit){(rlim_t)last, before.rlim_max};
    setrlimit(RLIMIT_NOFILE, &none); /* every descriptor below is taken */
    dup2(log_fd, STDERR_FILENO);
    run_until(log_tells_of_starving, &log_fd);
    setrlimit(RLIMIT_NOFILE, &before);
    dup2(stderr_before, STDERR_FILENO);
    assert_int_equal(accepted_count, 0);
    run_until(has_conn, &server); /* after its rest the listener goes on */
    close(last);
    close(fd);
    close(stderr_before);
    close(log_fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        NET_TEST(the_access_list_refuses),
        NET_TEST(only_so_many_connections),
        NET_TEST(a_port_in_use_is_told),
        NET_TEST(a_paused_listener_lets_them_wait),
        NET_TEST(connections_outlive_their_listener),
        NET_TEST(no_descriptor_left),
    };

    alarm(120); /* for the calls that would wait without the loop */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
