/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fake driver with a client of its own: a plain blocking socket.
 */
#include <arpa/inet.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "test/support/smsc_owner.h"

static struct owner owner;
static int port;

static void start(const char *more_variables)
{
    char variables[200];

    port = owner_free_port();
    snprintf(variables, sizeof variables, "smsc = fake\nsmsc-id = F\nport = %d\n%s", port,
             more_variables);
    owner_create(&owner, variables, NULL);
    smsc_start(owner.smsc);
}

static int client_connect(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static int client_online(void)
{
    int fd = client_connect();

    owner_wait_state(&owner, SMSC_ONLINE);
    return fd;
}

static void client_say(int fd, const char *lines)
{
    assert_int_equal(write(fd, lines, strlen(lines)), strlen(lines));
}

/* What has come so far. */
static const char *client_hears(int fd)
{
    static char text[4096];
    ssize_t n = recv(fd, text, sizeof text - 1, MSG_DONTWAIT);

    text[n > 0 ? n : 0] = '\0';
    return text;
}

static void online_while_a_client_is_there(void **state)
{
    char name[40];
    int fd;

    (void)state;
    start("");
    snprintf(name, sizeof name, "FAKE:%d", port);
    assert_string_equal(smsc_name(owner.smsc), name);
    assert_int_equal(smsc_state(owner.smsc), SMSC_CONNECTING);
    assert_false(smsc_has_room(owner.smsc));
    fd = client_online();
    assert_true(smsc_has_room(owner.smsc));
    close(fd);
    owner_wait_state(&owner, SMSC_RECONNECTING);
    assert_false(smsc_has_room(owner.smsc));
    fd = client_online();
    close(fd);
    owner_destroy(&owner);
}

static void messages_become_lines(void **state)
{
    struct sms sms = sms_blank();
    int fd;

    (void)state;
    start("");
    fd = client_online();
    owner_send_text(&owner, "one");
    owner_send_text(&owner, "two\nlines");
    sms.sender = slice_str("1");
    sms.receiver = slice_str("2");
    sms.msgdata = slice_str("three");
    sms.dlr_mask = 31;
    assert_true(uuid_parse(slice_str("01234567-89ab-cdef-0123-456789abcdef"), &sms.id));
    owner_send(&owner, &sms, true);
    owner_wait(&owner, "reported 01234567-89ab-cdef-0123-456789abcdef 1  meta=");
    assert_true(owner_saw(&owner, "accepted 3 id=01234567-89ab-cdef-0123-456789abcdef"));
    assert_int_equal(owner.accepted, 3);
    assert_int_equal(owner.reported, 1);
    assert_string_equal(client_hears(fd),
                        "999 3581 text one\n999 3581 data two%0Alines\n1 2 text three\n");
    close(fd);
    owner_destroy(&owner);
}

static bool has_received(struct owner *o, void *count)
{
    return o->received >= *(size_t *)count;
}

static void lines_become_messages(void **state)
{
    size_t three = 3;
    const struct sms *sms;
    int fd;

    (void)state;
    start("");
    fd = client_online();
    client_say(fd, "1 2 text a\r\n1 2 rubbish\n\n3 4 data %00\n5 6 te");
    owner_wait(&owner, "received 3->4");
    sms = message_sms(owner.last);
    assert_int_equal(sms->sms_type, SMS_MO);
    assert_int_equal(sms->coding, 1);
    assert_true(slice_equal_str(sms->smsc_id, "F"));
    assert_false(uuid_is_nil(&sms->id));
    assert_true(sms->time > 1700000000);
    client_say(fd, "xt b\n");
    owner_run_until(&owner, has_received, &three);
    assert_true(owner_saw(&owner, "received 1->2 a\n"));
    assert_true(owner_saw(&owner, "received 5->6 b\n"));
    close(fd);
    owner_destroy(&owner);
}

/* Nothing is taken while the store refuses, and nothing is lost. */
static void what_is_not_stored_comes_again(void **state)
{
    int fd;

    (void)state;
    start("");
    fd = client_online();
    owner.holds = true;
    client_say(fd, "1 2 text first\n");
    owner_wait(&owner, "first");
    owner_store(&owner, false);
    owner_forget(&owner);
    client_say(fd, "1 2 text second\n");
    owner_wait(&owner, "first"); /* a second later */
    assert_false(owner_saw(&owner, "second"));
    owner_store(&owner, true);
    owner_wait(&owner, "second");
    owner_store(&owner, true);
    assert_int_equal(owner.received, 3);
    close(fd);
    owner_destroy(&owner);
}

static void a_report_that_is_not_stored_comes_again(void **state)
{
    struct sms sms = sms_blank();
    int fd;

    (void)state;
    start("");
    fd = client_online();
    owner.holds = true;
    sms.sender = sms.receiver = slice_str("1");
    sms.msgdata = slice_str("x");
    owner_send(&owner, &sms, true);
    owner_wait(&owner, "reported");
    owner_store(&owner, false);
    owner_forget(&owner);
    owner_wait(&owner, "reported");
    owner_store(&owner, true);
    assert_int_equal(owner.reported, 2);
    close(fd);
    owner_destroy(&owner);
}

static void isolated_it_takes_nothing(void **state)
{
    int fd;

    (void)state;
    start("");
    fd = client_online();
    smsc_set_receiving(owner.smsc, false);
    client_say(fd, "1 2 text later\n");
    owner_run_ms(&owner, 100);
    assert_int_equal(owner.received, 0);
    owner_send_text(&owner, "but sends");
    owner_wait_answers(&owner, 1);
    smsc_set_receiving(owner.smsc, true);
    owner_wait(&owner, "received 1->2 later");
    close(fd);
    owner_destroy(&owner);
}

/* More lines than may be under way, and the client leaves at once. */
static void the_last_lines_of_a_client_are_taken(void **state)
{
    enum { LINES = 2500 };
    size_t all = LINES;
    int fd;

    (void)state;
    start("");
    fd = client_online();
    for (int i = 0; i < LINES; i++)
        client_say(fd, "1 2 text and away\n");
    close(fd);
    owner_run_until(&owner, has_received, &all);
    owner_wait_state(&owner, SMSC_RECONNECTING);
    owner_destroy(&owner);
}

/* The client reads nothing: what the kernel took counts, the rest comes back. */
static void what_did_not_leave_comes_back(void **state)
{
    enum { BIG = 1000000 };
    char *text = malloc(BIG + 1);
    int fd;

    (void)state;
    memset(text, 'x', BIG);
    text[BIG] = '\0';
    start("");
    fd = client_online();
    for (int i = 0; i < 12; i++)
        owner_send_text(&owner, text);
    owner_run_ms(&owner, 50);
    assert_int_equal(owner.accepted, 0); /* not drained yet */
    close(fd);                           /* with unread data: a reset */
    owner_wait_answers(&owner, 12);
    assert_true(owner.failed > 0);
    assert_true(owner_saw(&owner, "failed 12 temporary text=the client left"));
    free(text);
    owner_destroy(&owner);
}

static void one_client_at_a_time(void **state)
{
    int first, second;

    (void)state;
    start("");
    first = client_online();
    second = client_connect(); /* waits in the backlog */
    client_say(second, "1 2 text second\n");
    owner_run_ms(&owner, 50);
    assert_int_equal(owner.received, 0);
    close(first);
    owner_wait(&owner, "received 1->2 second");
    assert_int_equal(smsc_state(owner.smsc), SMSC_ONLINE);
    close(second);
    owner_destroy(&owner);
}

static void others_are_refused(void **state)
{
    struct pollfd hang_up;

    (void)state;
    start("connect-allow-ip = 10.0.0.1");
    hang_up = (struct pollfd){.fd = client_connect(), .events = POLLIN};
    owner_run_ms(&owner, 50);
    assert_int_equal(poll(&hang_up, 1, 2000), 1); /* closed */
    assert_int_equal(smsc_state(owner.smsc), SMSC_CONNECTING);
    close(hang_up.fd);
    owner_destroy(&owner);
}

static void a_line_without_end(void **state)
{
    char *much = malloc(200001);
    int fd;

    (void)state;
    memset(much, 'x', 200000);
    much[200000] = '\0';
    start("");
    fd = client_online();
    client_say(fd, much);
    owner_wait_state(&owner, SMSC_RECONNECTING);
    close(fd);
    free(much);
    fd = client_online(); /* and it goes on */
    close(fd);
    owner_destroy(&owner);
}

static void a_port_in_use_is_waited_for(void **state)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    int holder = socket(AF_INET, SOCK_STREAM, 0), yes = 1;
    char variables[100];

    (void)state;
    port = owner_free_port();
    address.sin_port = htons((uint16_t)port);
    setsockopt(holder, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    assert_int_equal(bind(holder, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(holder, 1), 0);
    snprintf(variables, sizeof variables, "smsc = fake\nport = %d\nreconnect-delay = 1", port);
    owner_create(&owner, variables, NULL);
    smsc_start(owner.smsc);
    assert_non_null(strstr(smsc_detail(owner.smsc), "in use"));
    close(holder);
    owner_wait(&owner, "state connecting ()");
    close(client_online());
    owner_destroy(&owner);
}

static void it_stops_and_starts_again(void **state)
{
    int fd;

    (void)state;
    start("");
    fd = client_online();
    owner_send_text(&owner, "before the end");
    smsc_stop(owner.smsc);
    owner_wait(&owner, "state dead");
    assert_int_equal(owner.accepted + owner.failed, 1);
    close(fd);
    smsc_start(owner.smsc);
    fd = client_online();
    owner_send_text(&owner, "again");
    owner_wait_answers(&owner, 2);
    close(fd);
    owner_destroy(&owner);
}

static void mistakes_are_told(void **state)
{
    char *text = owner_mistakes("smsc = fake", NULL);

    (void)state;
    assert_non_null(strstr(text, "'port'"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(online_while_a_client_is_there),
        cmocka_unit_test(messages_become_lines),
        cmocka_unit_test(lines_become_messages),
        cmocka_unit_test(what_is_not_stored_comes_again),
        cmocka_unit_test(a_report_that_is_not_stored_comes_again),
        cmocka_unit_test(isolated_it_takes_nothing),
        cmocka_unit_test(the_last_lines_of_a_client_are_taken),
        cmocka_unit_test(what_did_not_leave_comes_back),
        cmocka_unit_test(one_client_at_a_time),
        cmocka_unit_test(others_are_refused),
        cmocka_unit_test(a_line_without_end),
        cmocka_unit_test(a_port_in_use_is_waited_for),
        cmocka_unit_test(it_stops_and_starts_again),
        cmocka_unit_test(mistakes_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
