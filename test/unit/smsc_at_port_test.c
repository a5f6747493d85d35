/* SPDX-License-Identifier: Apache-2.0 */
/* Ports: what is written goes out, in chunks, and without RTS/CTS when it stalls. */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

#include "gw/smsc/at/port.h"
#include "gwlib/clock.h"

static int master;
static char device[64];

static int setup(void **state)
{
    (void)state;
    master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(master >= 0);
    assert_int_equal(grantpt(master), 0);
    assert_int_equal(unlockpt(master), 0);
    assert_int_equal(ptsname_r(master, device, sizeof device), 0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    close(master);
    return 0;
}

static struct at_port *open_pty(struct at_port_refusal *refusal)
{
    struct at_port_target target = {.device = device, .speed = 115200, .refusal = refusal};
    struct bytes error = {0};
    struct at_port *port = at_port_open(&target, &error);

    bytes_free(&error);
    return port;
}

static bool has_flow_control(void)
{
    struct termios line;

    assert_int_equal(tcgetattr(master, &line), 0);
    return (line.c_cflag & CRTSCTS) != 0;
}

/* Reads nothing until the gateway has turned RTS/CTS off. */
static void *stubborn_modem(void *arg)
{
    char data[4096];
    size_t *total = arg;
    struct pollfd wait = {master, POLLIN, 0};

    while (has_flow_control())
        usleep(20000);
    while (poll(&wait, 1, 1000) == 1) {
        ssize_t got = read(master, data, sizeof data);

        if (got <= 0)
            break;
        *total += (size_t)got;
    }
    return NULL;
}

static void flow_control_that_blocks_is_turned_off(void **state)
{
    static unsigned char data[200000];
    struct at_port *port = open_pty(NULL);
    size_t total = 0;
    pthread_t thread;

    (void)state;
    assert_non_null(port);
    assert_true(at_port_set_flow_control(port, true));
    assert_true(has_flow_control());
    assert_int_equal(pthread_create(&thread, NULL, stubborn_modem, &total), 0);
    memset(data, 'x', sizeof data);
    assert_int_equal(at_port_write(port, slice_of(data, sizeof data)), AT_PORT_OK);
    pthread_join(thread, NULL);
    assert_int_equal(total, sizeof data);
    assert_false(at_port_hears_cts(port));
    at_port_close(port);
}

static void in_chunks(void **state)
{
    int ends[2];
    struct at_port *port;
    char data[100];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
    port = at_port_adopt(ends[1]);
    at_port_set_chunks(port, 18, 1);
    assert_int_equal(at_port_write(port, slice_str("0123456789012345678901234567890123456789")),
                     AT_PORT_OK);
    assert_int_equal(read(ends[0], data, sizeof data), 18);
    assert_int_equal(read(ends[0], data, sizeof data), 18);
    assert_int_equal(read(ends[0], data, sizeof data), 4);
    at_port_close(port);
    close(ends[0]);
}

static void a_gap_between_commands(void **state)
{
    int ends[2];
    struct at_port *port;
    int64_t start = clock_monotonic_ms();

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
    port = at_port_adopt(ends[1]);
    at_port_set_chunks(port, 18, 40);
    for (int i = 0; i < 3; i++)
        assert_int_equal(at_port_write(port, slice_str("AT\r")), AT_PORT_OK);
    assert_true(clock_monotonic_ms() - start >= 80);
    at_port_close(port);
    close(ends[0]);
}

static void one_user_at_a_time(void **state)
{
    struct at_port_refusal refusal;
    struct at_port *first = open_pty(NULL), *second;

    (void)state;
    assert_non_null(first);
    second = open_pty(&refusal);
    assert_null(second);
    assert_true(refusal.busy);
    at_port_close(first);
    second = open_pty(&refusal);
    assert_non_null(second);
    assert_false(refusal.busy);
    at_port_close(second);
}

static void a_device_that_goes(void **state)
{
    struct at_port *port = open_pty(NULL);
    unsigned char data[10];
    size_t len;

    (void)state;
    assert_false(at_port_is_gone(port));
    assert_int_equal(at_port_read(port, -1, clock_monotonic_ms() + 10, data, sizeof data, &len),
                     AT_PORT_TIMEOUT);
    assert_int_equal(write(master, "OK", 2), 2);
    assert_int_equal(at_port_read(port, -1, clock_monotonic_ms() + 20000, data, sizeof data, &len),
                     AT_PORT_OK);
    assert_int_equal(len, 2);
    assert_int_equal(at_port_received(port), 2);
    close(master);
    assert_int_equal(at_port_read(port, -1, clock_monotonic_ms() + 20000, data, sizeof data, &len),
                     AT_PORT_GONE);
    assert_true(at_port_is_gone(port));
    at_port_close(port);
    setup(NULL);
}

static void what_is_no_port(void **state)
{
    struct at_port_refusal refusal;
    struct at_port_target target = {.device = "/nonexistent/tty", .refusal = &refusal};
    struct bytes error = {0};

    (void)state;
    assert_null(at_port_open(&target, &error));
    assert_true(refusal.missing);
    assert_string_equal(bytes_str(&error), "No such file or directory");
    bytes_clear(&error);
    target.device = "/dev/null";
    assert_null(at_port_open(&target, &error));
    assert_false(refusal.missing);
    assert_string_equal(bytes_str(&error), "not a serial port");
    bytes_free(&error);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(flow_control_that_blocks_is_turned_off),
        CASE(in_chunks),
        CASE(a_gap_between_commands),
        CASE(one_user_at_a_time),
        CASE(a_device_that_goes),
        CASE(what_is_no_port),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
