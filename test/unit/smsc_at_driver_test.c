/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The modem driver as a whole, with its thread: the owner plays the bearerbox,
 * a second thread plays a modem on a pseudo terminal by a short script.
 */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

#include "test/support/smsc_owner.h"

/* --- the modem ---------------------------------------------------------------- */

struct script {
    const char *command; /* prefix of what the modem is sent */
    const char *answer;
    int times; /* -1: always */
};

static struct {
    pthread_t thread;
    pthread_mutex_t lock;
    int master, slave;
    char device[64];
    bool stop;
    struct script own[8]; /* looked at first */
    int reference;
    int taken; /* PDUs */
    char heard[20000];
} modem = {.lock = PTHREAD_MUTEX_INITIALIZER};

static const struct script usual[] = {
    {"ATI", "Test modem\r\nOK\r\n", -1},
    {"AT+CPIN?", "+CPIN: READY\r\nOK\r\n", -1},
    {"AT+CSMS=?", "+CSMS: (0,1)\r\nOK\r\n", -1},
    {"AT+CPMS?", "+CPMS: \"SM\",0,9,\"SM\",0,9,\"SM\",0,9\r\nOK\r\n", -1},
    {"AT+CNMI=?", "+CNMI: (0-2),(0-3),(0,2),(0-2),(0,1)\r\nOK\r\n", -1},
    {"AT+CNMI?", "+CNMI: 2,1,0,1,0\r\nOK\r\n", -1},
    {"AT+CREG?", "+CREG: 0,1\r\nOK\r\n", -1},
    {"AT+CMGS=", "\r\n> ", -1},
    {"AT", "OK\r\n", -1},
};

static void modem_says(const char *text)
{
    assert_int_equal(write(modem.master, text, strlen(text)), (ssize_t)strlen(text));
}

/* The answer, by the test's own script or the usual one. */
static const char *find_answer(const char *command)
{
    for (size_t i = 0; i < sizeof modem.own / sizeof modem.own[0]; i++) {
        struct script *one = &modem.own[i];

        if (one->command == NULL || one->times == 0 ||
            strncmp(command, one->command, strlen(one->command)) != 0)
            continue;
        if (one->times > 0)
            one->times--;
        return one->answer;
    }
    for (size_t i = 0; i < sizeof usual / sizeof usual[0]; i++)
        if (strncmp(command, usual[i].command, strlen(usual[i].command)) == 0)
            return usual[i].answer;
    return NULL;
}

static void modem_hears(const char *line, bool is_pdu)
{
    char text[100] = "";
    const char *answer;

    pthread_mutex_lock(&modem.lock);
    strncat(modem.heard, line, sizeof modem.heard - strlen(modem.heard) - 2);
    strcat(modem.heard, "\n");
    answer = find_answer(is_pdu ? "PDU" : line);
    if (is_pdu) {
        modem.taken++;
        modem.reference = (modem.reference + 1) & 255;
        if (answer == NULL)
            snprintf(text, sizeof text, "\r\n+CMGS: %d\r\n\r\nOK\r\n", modem.reference);
    }
    pthread_mutex_unlock(&modem.lock);
    if (answer != NULL || text[0] != '\0')
        modem_says(answer != NULL ? answer : text);
}

static void *modem_run(void *arg)
{
    char line[1000];
    size_t len = 0;

    (void)arg;
    for (;;) {
        struct pollfd wait = {modem.master, POLLIN, 0};
        char c;
        bool stop;

        pthread_mutex_lock(&modem.lock);
        stop = modem.stop;
        pthread_mutex_unlock(&modem.lock);
        if (stop)
            return NULL;
        if (poll(&wait, 1, 20) != 1 || read(modem.master, &c, 1) != 1)
            continue;
        if (c == '\r' || c == 0x1a) {
            line[len] = '\0';
            len = 0;
            modem_hears(line, c == 0x1a);
        } else if (c != 0x1b && len < sizeof line - 1) {
            line[len++] = c;
        }
    }
}

static void modem_start(void)
{
    struct termios line;

    modem.master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(modem.master >= 0);
    assert_int_equal(grantpt(modem.master), 0);
    assert_int_equal(unlockpt(modem.master), 0);
    assert_int_equal(ptsname_r(modem.master, modem.device, sizeof modem.device), 0);
    modem.slave = open(modem.device, O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(modem.slave >= 0);
    tcgetattr(modem.slave, &line);
    cfmakeraw(&line);
    tcsetattr(modem.slave, TCSANOW, &line);
    modem.stop = false;
    assert_int_equal(pthread_create(&modem.thread, NULL, modem_run, NULL), 0);
}

static void modem_stop(void)
{
    pthread_mutex_lock(&modem.lock);
    modem.stop = true;
    pthread_mutex_unlock(&modem.lock);
    pthread_join(modem.thread, NULL);
    close(modem.slave);
    close(modem.master);
}

static void modem_will(const char *command, const char *answer, int times)
{
    size_t i = 0;

    pthread_mutex_lock(&modem.lock);
    while (modem.own[i].command != NULL)
        i++;
    modem.own[i] = (struct script){command, answer, times};
    pthread_mutex_unlock(&modem.lock);
}

static bool modem_heard(const char *text)
{
    bool found;

    pthread_mutex_lock(&modem.lock);
    found = strstr(modem.heard, text) != NULL;
    pthread_mutex_unlock(&modem.lock);
    return found;
}

static int modem_taken(void)
{
    int taken;

    pthread_mutex_lock(&modem.lock);
    taken = modem.taken;
    pthread_mutex_unlock(&modem.lock);
    return taken;
}

static bool heard_it(struct owner *owner, void *text)
{
    (void)owner;
    return modem_heard(text);
}

static bool has_room(struct owner *it, void *arg)
{
    (void)arg;
    return smsc_has_room(it->smsc);
}

static bool has_settled(struct owner *it, void *arg)
{
    (void)arg;
    return smsc_tally(it->smsc, SMSC_TALLY_SETTLED) == 2;
}

/* --- the link --------------------------------------------------------------------- */

static struct owner owner;

static int setup(void **state)
{
    (void)state;
    log_set_stderr_level(LOG_LEVEL_PANIC);
    memset(modem.own, 0, sizeof modem.own);
    memset(modem.heard, 0, sizeof modem.heard);
    modem.reference = modem.taken = 0;
    modem_start();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    owner_destroy(&owner);
    modem_stop();
    return 0;
}

static void start(const char *more)
{
    char variables[300];

    snprintf(variables, sizeof variables,
             "smsc = at\nsmsc-id = M\ndevice = %s\nmy-number = 4711\n%s", modem.device, more);
    owner_create(&owner, variables, NULL);
    assert_string_equal(smsc_name(owner.smsc), "AT2[M]");
    smsc_start(owner.smsc);
}

static void start_online(const char *more)
{
    start(more);
    owner_wait_state(&owner, SMSC_ONLINE);
}

static void one_message(void **state)
{
    (void)state;
    start_online("");
    assert_int_equal(smsc_room(owner.smsc), 1);
    owner_send_text(&owner, "hello");
    assert_int_equal(smsc_room(owner.smsc), 0);
    owner_wait(&owner, "accepted 1 id=1 ");
    owner_send_text(&owner, "hello");
    owner_wait(&owner, "accepted 2 id=2 ");
    assert_true(modem_heard("E8329BFD06\n")); /* "hello" in septets */
}

static void the_alternative_coding(void **state)
{
    (void)state;
    start_online("alt-dcs = true\n");
    owner_send_text(&owner, "hello");
    owner_wait(&owner, "accepted 1 id=1 ");
    assert_true(modem_heard("00F1A705E8329BFD06\n")); /* PID, DCS, validity, length, text */
}

static void errors_by_class(void **state)
{
    (void)state;
    modem_will("PDU", "\r\n+CMS ERROR: 38\r\n", 1);
    modem_will("PDU", "\r\n+CMS ERROR: 1\r\n", 1);
    modem_will("PDU", "\r\nERROR\r\n", 1);
    start_online("");
    owner_send_text(&owner, "a");
    owner_wait(&owner, "failed 1 temporary text=+CMS ERROR: 38 (network out of order");
    owner_send_text(&owner, "b");
    owner_wait(&owner, "failed 2 permanent text=+CMS ERROR: 1 (unassigned number)");
    owner_send_text(&owner, "c");
    owner_wait(&owner, "failed 3 temporary");
    assert_int_equal(smsc_state(owner.smsc), SMSC_ONLINE);
}

static void a_full_memory_is_emptied_first(void **state)
{
    (void)state;
    start_online("");
    modem_will("PDU", "\r\n+CMS ERROR: 322\r\n", 3);
    owner_send_text(&owner, "a");
    owner_wait(&owner, "failed 1 temporary text=+CMS ERROR: 322 (memory full)");
    owner_send_text(&owner, "b");
    owner_wait(&owner, "accepted 2 ");
    assert_int_equal(modem_taken(), 4);
}

static void no_network_is_told_before_the_message_comes_back(void **state)
{
    const char *state_line, *failed_line;

    (void)state;
    modem_will("PDU", "\r\n+CMS ERROR: 331\r\n", 1);
    start_online("");
    owner_send_text(&owner, "a");
    owner_wait(&owner, "failed 1 temporary");
    state_line = strstr(bytes_str(&owner.log), "no network service");
    failed_line = strstr(bytes_str(&owner.log), "failed 1");
    assert_true(state_line != NULL && state_line < failed_line);
    owner_forget(&owner);
    owner_wait_state(&owner, SMSC_ONLINE);
}

static void a_message_is_deleted_when_it_is_stored(void **state)
{
    (void)state;
    modem_will("AT+CMGR=3",
               "+CMGR: 0,,24\r\n"
               "079194710167000004049194030000621112500202000A69F7F8DD4EBBCFA03D\r\nOK\r\n",
               -1);
    start_online("");
    owner.holds = true;
    modem_says("\r\n+CMTI: \"SM\",3\r\n");
    owner_wait(&owner, "received +4930->4711 ");
    assert_false(modem_heard("AT+CMGD"));
    owner_store(&owner, true);
    owner_run_until(&owner, heard_it, (void *)(uintptr_t) "AT+CMGD=3\n");
    owner.holds = false;
}

static void what_is_not_stored_stays(void **state)
{
    (void)state;
    modem_will("AT+CMGR=3",
               "+CMGR: 0,,24\r\n"
               "079194710167000004049194030000621112500202000A69F7F8DD4EBBCFA03D\r\nOK\r\n",
               -1);
    start_online("");
    owner.holds = true;
    modem_says("\r\n+CMTI: \"SM\",3\r\n");
    owner_wait(&owner, "received +4930->4711 ");
    owner_store(&owner, false);
    owner.holds = false;
    owner_send_text(&owner, "next");
    owner_wait(&owner, "accepted 1");
    assert_false(modem_heard("AT+CMGD"));
}

static void a_direct_report(void **state)
{
    (void)state;
    start_online("");
    modem_says("\r\n+CDS: 22\r\n079194710167000006020691947110621112500202006211125002020000\r\n");
    owner_wait(&owner, "reported 2 1 Success");
    owner_run_until(&owner, heard_it, (void *)(uintptr_t) "AT+CNMA\n");
}

static void a_report_before_the_stop(void **state)
{
    (void)state;
    start_online("");
    modem_will("PDU",
               "\r\n+CDS: 22\r\n"
               "079194710167000006020691947110621112500202006211125002020000\r\nRDY\r\n",
               1);
    owner_send_text(&owner, "perhaps");
    owner_run_until(&owner, heard_it, (void *)(uintptr_t) "AT+CMGS=");
    smsc_stop(owner.smsc);
    owner_wait(&owner, "reported 2 1 Success");
}

static void a_restart_in_a_send_and_the_next_reference_tells(void **state)
{
    (void)state;
    start_online("");
    owner_send_text(&owner, "first");
    owner_wait(&owner, "accepted 1 id=1 ");
    modem_will("PDU", "\r\nRDY\r\n", 1); /* took it, and booted */
    owner_send_text(&owner, "second");
    owner_wait(&owner, "re-connecting");
    owner_forget(&owner);
    owner_wait_state(&owner, SMSC_ONLINE);
    assert_int_equal(smsc_room(owner.smsc), 1); /* beside the one that is held */
    owner_send_text(&owner, "third");
    owner_wait(&owner, "accepted 2 id=2 ");
    owner_wait(&owner, "accepted 3 id=3 ");
    assert_int_equal(modem_taken(), 3);
}

static void two_answers_are_lost_in_a_row(void **state)
{
    (void)state;
    start_online("");
    owner_send_text(&owner, "first");
    owner_wait(&owner, "accepted 1 id=1 ");
    modem_will("PDU", "\r\n+CMS ERROR: 332\r\n", 2); /* took them, and does not know */
    owner_send_text(&owner, "second");
    owner_run_until(&owner, has_room, NULL);
    owner_send_text(&owner, "third");
    owner_run_until(&owner, has_room, NULL);
    owner_send_text(&owner, "fourth");
    owner_wait(&owner, "accepted 2 id=2 ");
    owner_wait(&owner, "accepted 3 id=3 ");
    owner_wait(&owner, "accepted 4 id=4 ");
    assert_int_equal(modem_taken(), 4);
    owner_run_until(&owner, has_settled, NULL);
}

static void a_bar_on_one_receiver(void **state)
{
    (void)state;
    start_online("");
    modem_will("PDU", "\r\n+CMS ERROR: 10\r\n", 1);
    owner_send_text(&owner, "barred");
    owner_wait(&owner, "failed 1 temporary text=+CMS ERROR: 10");
    assert_int_equal(smsc_state(owner.smsc), SMSC_ONLINE);
    modem_will("PDU", "\r\n+CMS ERROR: 10\r\n", 1);
    owner_send_text(&owner, "another");
    owner_wait(&owner, "re-connecting"); /* so it is the SIM */
    owner_wait(&owner, "failed 2 temporary text=+CMS ERROR: 10");
}

static void only_text_mode(void **state)
{
    (void)state;
    modem_will("AT+CMGF=0", "+CMS ERROR: 303\r\n", -1);
    modem_will("AT+CMGF=?", "+CMGF: (1)\r\nOK\r\n", -1);
    modem_will("AT+CSCS=?", "+CSCS: (\"GSM\",\"IRA\")\r\nOK\r\n", -1);
    modem_will("AT+CMGR=3",
               "+CMGR: \"REC UNREAD\",\"+4930\",,\"26/11/27,19:00:00+04\",145,4,0,0,,,2\r\n"
               "OK\r\nOK\r\n",
               -1);
    start_online("");
    owner_send_text(&owner, "hello");
    owner_wait(&owner, "accepted 1 id=1 ");
    assert_true(modem_heard("AT+CSMP=17,167,0,0\nAT+CMGS=\""));
    assert_true(modem_heard("\nhello\n"));
    modem_says("\r\n+CMTI: \"SM\",3\r\n");
    owner_wait(&owner, "received +4930->4711 ");
    owner_run_until(&owner, heard_it, (void *)(uintptr_t) "AT+CMGD=3\n");
    modem_says("\r\n+CMT: \"+4931\",,\"26/11/27,19:00:00+04\",145,4,0,0,,,3\r\nRDY\r\n");
    owner_wait(&owner, "received +4931->4711 ");
    assert_int_equal(smsc_state(owner.smsc), SMSC_ONLINE);
}

static void from_the_memory(void **state)
{
    (void)state;
    modem_will("AT+CMGW=", "\r\n> ", -1);
    modem_will("PDU", "\r\n+CMGW: 5\r\n\r\nOK\r\n", -1);
    modem_will("AT+CMSS=5", "\r\n+CMSS: 77\r\n\r\nOK\r\n", 1);
    start_online("send-from-memory = yes\n");
    owner_send_text(&owner, "hello");
    owner_wait(&owner, "accepted 1 id=77 ");
    owner_run_until(&owner, heard_it, (void *)(uintptr_t) "AT+CMGD=5\n");
    /* Refused there: the message is not left behind. */
    modem_will("AT+CMSS=5", "\r\n+CMS ERROR: 38\r\n", 1);
    owner_send_text(&owner, "again");
    owner_wait(&owner, "failed 2 temporary text=+CMS ERROR: 38");
    assert_false(modem_heard("AT+CMGS="));
}

static void a_message_that_is_held_at_the_stop(void **state)
{
    (void)state;
    start_online("");
    modem_will("PDU", "\r\nRDY\r\n", 1);
    owner_send_text(&owner, "perhaps");
    owner_wait(&owner, "re-connecting");
    smsc_stop(owner.smsc);
    owner_wait(&owner, "failed 1 uncertain");
}

static void a_wrong_pin_is_given_once(void **state)
{
    (void)state;
    modem_will("AT+CPIN?", "+CPIN: SIM PIN\r\nOK\r\n", -1);
    modem_will("AT+CPIN=\"9999\"", "+CME ERROR: 16\r\n", 1);
    start("pin = 9999\n");
    owner_wait(&owner, "the SIM refused the PIN (+CME ERROR: 16)");
    smsc_stop(owner.smsc);
    owner_wait_state(&owner, SMSC_DEAD);
    owner_forget(&owner);
    smsc_start(owner.smsc);
    owner_wait(&owner, "the SIM refused the PIN (earlier)");
}

static void a_modem_that_fails_at_its_start_is_reset(void **state)
{
    (void)state;
    modem_will("AT+CFUN=1,1", "\r\nCOMMAND NOT SUPPORT\r\n", 1);
    modem_will("AT+CMGF=0", "\r\nERROR\r\n", 2);
    modem_will("AT+CMGF=?", "\r\n+CMGF: (0)\r\n\r\nOK\r\n", 2);
    start("max-error-count = 0\n");
    owner_wait_state(&owner, SMSC_ONLINE);
    assert_true(modem_heard("AT+CFUN=1,1\nAT^RESET\n"));
    assert_false(modem_heard("AT+CFUN=1\n"));
    assert_true(smsc_tally(owner.smsc, SMSC_TALLY_RESET) >= 1);
}

static void a_device_that_is_not_there(void **state)
{
    (void)state;
    owner_create(&owner, "smsc = at\ndevice = /nonexistent/tty\n", NULL);
    smsc_start(owner.smsc);
    owner_wait(&owner, "waits for /nonexistent/tty: No such file or directory");
    smsc_stop(owner.smsc);
    owner_wait_state(&owner, SMSC_DEAD);
}

static void stop_while_the_modem_is_mute(void **state)
{
    (void)state;
    modem_will("AT", "", -1);
    start("");
    owner_run_until(&owner, heard_it, (void *)(uintptr_t) "AT\n");
}

/* What is remembered lies beside the store: in a folder of its own. */
static char folder[] = "/tmp/kantele-driver-XXXXXX";

static int enter_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) != NULL && chdir(folder) == 0 ? 0 : -1;
}

static int leave_folder(void **state)
{
    (void)state;
    unlink("kannel.store.pins-AT2[M]");
    unlink("kannel.store.written-AT2[M]");
    return chdir("/") == 0 && rmdir(folder) == 0 ? 0 : -1;
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(one_message),
        CASE(the_alternative_coding),
        CASE(errors_by_class),
        CASE(a_full_memory_is_emptied_first),
        CASE(no_network_is_told_before_the_message_comes_back),
        CASE(a_message_is_deleted_when_it_is_stored),
        CASE(what_is_not_stored_stays),
        CASE(a_direct_report),
        CASE(a_report_before_the_stop),
        CASE(a_restart_in_a_send_and_the_next_reference_tells),
        CASE(two_answers_are_lost_in_a_row),
        CASE(a_bar_on_one_receiver),
        CASE(only_text_mode),
        CASE(from_the_memory),
        CASE(a_message_that_is_held_at_the_stop),
        CASE(a_wrong_pin_is_given_once),
        CASE(a_modem_that_fails_at_its_start_is_reset),
        CASE(a_device_that_is_not_there),
        CASE(stop_while_the_modem_is_mute),
    };

    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
