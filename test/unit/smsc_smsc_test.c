/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is common to all connections, seen through the fake driver: creation,
 * names, window, throughput, states and their order, logs.
 */
#include <arpa/inet.h>
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

static void create(const char *more_variables)
{
    char variables[400];

    snprintf(variables, sizeof variables, "smsc = fake\nport = %d\n%s", owner_free_port(),
             more_variables);
    owner_create(&owner, variables, NULL);
}

static int go_online(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons((uint16_t)atoi(smsc_name(owner.smsc) + strlen("FAKE:")));
    smsc_start(owner.smsc);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    owner_wait_state(&owner, SMSC_ONLINE);
    return fd;
}

static void types_that_are_not_there(void **state)
{
    static const char *const types[] = {"emi", "cimd2", "nonsense"};

    (void)state;
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        char variables[60];
        char *text;

        snprintf(variables, sizeof variables, "smsc = %s\nport = 1", types[i]);
        text = owner_mistakes(variables, NULL);
        assert_non_null(strstr(text, types[i]));
        assert_non_null(strstr(text, "not supported"));
        free(text);
    }
}

static void ids_and_defaults(void **state)
{
    (void)state;
    create("");
    assert_null(smsc_id(owner.smsc));
    assert_null(smsc_admin_id(owner.smsc));
    assert_int_equal(smsc_max_octets(owner.smsc), 140);
    assert_int_equal(smsc_reconnect_delay_ms(owner.smsc), 10000);
    assert_int_equal(smsc_state(owner.smsc), SMSC_DEAD);
    assert_int_equal(smsc_online_seconds(owner.smsc), 0);
    assert_string_equal(smsc_detail(owner.smsc), "");
    owner_destroy(&owner);
    create("smsc-id = A\nmax-sms-octets = 100");
    assert_string_equal(smsc_id(owner.smsc), "A");
    assert_string_equal(smsc_admin_id(owner.smsc), "A");
    assert_int_equal(smsc_max_octets(owner.smsc), 100);
    owner_destroy(&owner);
    create("smsc-id = A\nsmsc-admin-id = B");
    assert_string_equal(smsc_admin_id(owner.smsc), "B");
    owner_destroy(&owner);
}

static void names_of_states(void **state)
{
    (void)state;
    assert_string_equal(smsc_state_name(SMSC_CONNECTING), "connecting");
    assert_string_equal(smsc_state_name(SMSC_ONLINE), "online");
    assert_string_equal(smsc_state_name(SMSC_RECONNECTING), "re-connecting");
    assert_string_equal(smsc_state_name(SMSC_DISCONNECTED), "disconnected");
    assert_string_equal(smsc_state_name(SMSC_DEAD), "dead");
}

static void facts_and_tallies(void **state)
{
    (void)state;
    create("");
    assert_string_equal(smsc_fact(owner.smsc, SMSC_FACT_OPERATOR), "");
    smsc_set_fact(owner.smsc, SMSC_FACT_OPERATOR, slice_str("Net"));
    smsc_set_fact(owner.smsc, SMSC_FACT_SIGNAL, slice_str("-71"));
    assert_string_equal(smsc_fact(owner.smsc, SMSC_FACT_OPERATOR), "Net");
    smsc_set_fact(owner.smsc, SMSC_FACT_OPERATOR, slice_unset());
    assert_string_equal(smsc_fact(owner.smsc, SMSC_FACT_OPERATOR), "");
    assert_string_equal(smsc_fact(owner.smsc, SMSC_FACT_SIGNAL), "-71");
    assert_int_equal(smsc_tally(owner.smsc, SMSC_TALLY_LOST), 0);
    smsc_count(owner.smsc, SMSC_TALLY_LOST, 1);
    smsc_count(owner.smsc, SMSC_TALLY_LOST, 2);
    assert_int_equal(smsc_tally(owner.smsc, SMSC_TALLY_LOST), 3);
    assert_string_equal(smsc_fact_name(SMSC_FACT_SERVICE_CENTRE), "service-centre");
    assert_string_equal(smsc_tally_name(SMSC_TALLY_USB_RESET), "usb-reset");
    assert_string_equal(smsc_fact_name(SMSC_FACTS), "");
    assert_string_equal(smsc_tally_name(SMSC_TALLIES), "");
    owner_destroy(&owner);
}

static void states_of_a_call_are_told_after_it(void **state)
{
    int fd;

    (void)state;
    create("");
    smsc_start(owner.smsc);
    assert_string_equal(bytes_str(&owner.log), "");
    owner_wait(&owner, "state connecting");
    smsc_start(owner.smsc); /* nothing happens */
    smsc_stop(owner.smsc);
    assert_int_equal(smsc_state(owner.smsc), SMSC_DEAD);
    assert_false(owner_saw(&owner, "dead"));
    fd = go_online(); /* started again before it was told */
    owner_forget(&owner);
    owner.free_when_dead = true;
    smsc_stop(owner.smsc);
    close(fd);
    owner_wait(&owner, "state dead");
    assert_null(owner.smsc);
    owner_destroy(&owner);
}

/* Freed with the news of its end still under way. */
static void freed_at_once(void **state)
{
    (void)state;
    create("");
    smsc_start(owner.smsc);
    smsc_stop(owner.smsc);
    smsc_free(owner.smsc);
    owner.smsc = NULL;
    owner_run_ms(&owner, 5);
    assert_false(owner_saw(&owner, "state"));
    owner_destroy(&owner);
}

static void outstanding_is_counted(void **state)
{
    int fd;

    (void)state;
    create("");
    fd = go_online();
    owner_send_text(&owner, "a");
    owner_send_text(&owner, "b");
    assert_int_equal(smsc_outstanding(owner.smsc), 2);
    owner_wait_answers(&owner, 2);
    assert_int_equal(smsc_outstanding(owner.smsc), 0);
    close(fd);
    owner_destroy(&owner);
}

static void a_full_window_says_when_there_is_room(void **state)
{
    int fd;

    (void)state;
    create("");
    fd = go_online();
    smsc_set_window(owner.smsc, 2);
    assert_int_equal(smsc_room(owner.smsc), 2);
    owner_send_text(&owner, "a");
    owner_send_text(&owner, "b");
    assert_false(smsc_has_room(owner.smsc));
    assert_false(owner_saw(&owner, "ready"));
    owner_wait(&owner, "ready");
    assert_true(smsc_has_room(owner.smsc));
    smsc_set_window(owner.smsc, 0); /* a driver that is throttled */
    assert_false(smsc_has_room(owner.smsc));
    owner_forget(&owner);
    smsc_set_window(owner.smsc, 2);
    assert_true(owner_saw(&owner, "ready"));
    close(fd);
    owner_destroy(&owner);
}

static bool sends_while_there_is_room(struct owner *o, void *count)
{
    while (o->submit_count < *(size_t *)count && smsc_has_room(o->smsc))
        owner_send_text(o, "x");
    return o->accepted >= *(size_t *)count;
}

static int64_t time_to_send(size_t count)
{
    int64_t begin = loop_now(owner.loop);

    owner_run_until(&owner, sends_while_there_is_room, &count);
    return loop_now(owner.loop) - begin;
}

static void throughput_is_kept(void **state)
{
    int64_t took;
    int fd;

    (void)state;
    create("throughput = 50");
    fd = go_online();
    assert_int_equal(smsc_room(owner.smsc), 1);
    took = time_to_send(21); /* the first at once, then 20 ms each */
    assert_true(took >= 390);
    assert_true(took < 2000);
    assert_true(owner_saw(&owner, "ready"));
    close(fd);
    owner_destroy(&owner);
}

/* Faster than the timer: several in a millisecond, the average right. */
static void high_throughput_is_reached(void **state)
{
    int64_t took;
    int fd;

    (void)state;
    create("throughput = 500.5");
    fd = go_online();
    took = time_to_send(61);
    assert_true(took >= 115);
    assert_true(took < 1000);
    close(fd);
    owner_destroy(&owner);
}

static void a_log_of_its_own(void **state)
{
    char path[] = "/tmp/smsc_test_XXXXXX";
    char variables[100];
    char text[200] = "";
    FILE *file;

    (void)state;
    close(mkstemp(path));
    unlink(path);
    snprintf(variables, sizeof variables, "log-file = %s\nlog-level = 1", path);
    create(variables);
    assert_int_equal(access(path, F_OK), -1); /* not before the start */
    smsc_start(owner.smsc);
    assert_true(smsc_logs(owner.smsc, LOG_LEVEL_INFO));
    assert_false(smsc_logs(owner.smsc, LOG_LEVEL_DEBUG));
    smsc_log(owner.smsc, LOG_LEVEL_INFO, "hello %d", 7);
    owner_destroy(&owner);
    file = fopen(path, "r");
    assert_non_null(file);
    while (fgets(text, sizeof text, file) != NULL && strstr(text, "hello 7") == NULL)
        continue;
    assert_non_null(strstr(text, "INFO: hello 7"));
    fclose(file);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(types_that_are_not_there),
        cmocka_unit_test(ids_and_defaults),
        cmocka_unit_test(names_of_states),
        cmocka_unit_test(facts_and_tallies),
        cmocka_unit_test(states_of_a_call_are_told_after_it),
        cmocka_unit_test(freed_at_once),
        cmocka_unit_test(outstanding_is_counted),
        cmocka_unit_test(a_full_window_says_when_there_is_room),
        cmocka_unit_test(throughput_is_kept),
        cmocka_unit_test(high_throughput_is_reached),
        cmocka_unit_test(a_log_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
