/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The dialogue with a modem whose answers are written beforehand: what it says
 * lies in a socket pair when the command is sent.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "gw/smsc/at/dialogue.h"
#include "gwlib/clock.h"

static struct at_dialogue *dialogue;
static struct at_answer answer;
static int modem;

static int setup(void **state)
{
    int ends[2];

    (void)state;
    log_set_stderr_level(LOG_LEVEL_PANIC);
    /* Packets: each write of the modem is one read of ours. */
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
        return -1;
    modem = ends[0];
    dialogue = at_dialogue_create(at_port_adopt(ends[1]), "AT2[test]", NULL);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    at_dialogue_free(dialogue);
    at_answer_free(&answer);
    memset(&answer, 0, sizeof answer);
    if (modem >= 0)
        close(modem);
    return 0;
}

static void says(const char *text)
{
    assert_int_equal(send(modem, text, strlen(text), 0), (ssize_t)strlen(text));
}

static void says_by_octets(const char *text)
{
    for (; *text != '\0'; text++)
        assert_int_equal(send(modem, text, 1, 0), 1);
}

static void assert_heard(const char *want)
{
    char text[1000];
    ssize_t len = recv(modem, text, sizeof text - 1, MSG_DONTWAIT);

    assert_true(len >= 0);
    text[len] = '\0';
    assert_string_equal(text, want);
}

static enum at_final ask(const char *command)
{
    return at_command(dialogue, &answer, 2000, "%s", command);
}

static void assert_value(const char *prefix, const char *want)
{
    char *value = slice_to_str(at_answer_value(&answer, prefix));

    assert_non_null(value);
    assert_string_equal(value, want);
    free(value);
}

static void assert_event(enum at_event_kind kind, const char *pdu)
{
    struct at_event *event = at_next_event(dialogue);

    assert_non_null(event);
    assert_int_equal(event->kind, kind);
    if (pdu != NULL)
        assert_string_equal(bytes_str(&event->pdu), pdu);
    at_event_free(event);
}

/* --- answers ---------------------------------------------------------------------- */

static void finals(void **state)
{
    static const struct {
        const char *line;
        enum at_final final;
    } cases[] = {{"OK", AT_OK},
                 {"ERROR", AT_ERROR},
                 {"+CMS ERROR: 38", AT_ERROR},
                 {"+CME ERROR: SIM not inserted", AT_ERROR},
                 {"COMMAND NOT SUPPORT", AT_ERROR}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        says("\r\n");
        says(cases[i].line);
        says("\r\n");
        assert_int_equal(ask("AT+CSCA?"), cases[i].final);
        if (cases[i].final == AT_ERROR)
            assert_string_equal(bytes_str(&answer.error), cases[i].line);
        assert_heard("AT+CSCA?\r");
    }
}

/* An AT is no message: its error was another one's, and its OK comes yet. */
static void an_error_of_a_message_is_none_of_at(void **state)
{
    (void)state;
    says("\r\n+CMS ERROR: 38\r\n\r\nOK\r\n");
    assert_int_equal(ask("AT"), AT_OK);
    assert_int_equal(answer.error.len, 0);
    assert_event(AT_EVENT_LATE_ERROR, "+CMS ERROR: 38");
    says("\r\n+CME ERROR: 13\r\n");
    assert_int_equal(ask("AT"), AT_ERROR);
}

static void a_final_is_a_whole_line(void **state)
{
    (void)state;
    says("\r\n+COPS: 0,0,\"BOOKOK\"\r\nOK computer\r\nNOT OK\r\n\r\nOK\r\n");
    assert_int_equal(ask("AT+COPS?"), AT_OK);
    assert_value("+COPS:", "0,0,\"BOOKOK\"");
    assert_string_equal(bytes_str(&answer.lines), "+COPS: 0,0,\"BOOKOK\"\nOK computer\nNOT OK");
}

static void echo_and_single_octets(void **state)
{
    (void)state;
    says_by_octets("AT+CSQ\r\r\n+CSQ: 20,0\r\n\r\nOK\r\n");
    assert_int_equal(ask("AT+CSQ"), AT_OK);
    assert_string_equal(bytes_str(&answer.lines), "+CSQ: 20,0");
}

static void line_ends_of_any_kind(void **state)
{
    (void)state;
    says("\n+CSQ: 20,0\n\nOK\n");
    assert_int_equal(ask("AT+CSQ"), AT_OK);
    says("+CSQ: 21,0\rOK\r");
    assert_int_equal(ask("AT+CSQ"), AT_OK);
    assert_value("+CSQ:", "21,0");
}

static void zero_is_ok_only_where_it_may_be(void **state)
{
    (void)state;
    says("0\r");
    assert_int_equal(ask("AT"), AT_OK);
    at_set_numeric(dialogue, false);
    says("0\r\nOK\r\n");
    assert_int_equal(ask("AT+X"), AT_OK);
    assert_string_equal(bytes_str(&answer.lines), "0");
}

static void the_prompt(void **state)
{
    (void)state;
    says("AT+CMGS=20\r\r\n^RSSI: 12\r\n> ");
    assert_int_equal(ask("AT+CMGS=20"), AT_PROMPT);
    says("\r\n+CMGS: 7\r\n\r\nOK\r\n");
    assert_int_equal(at_submit(dialogue, &answer, 2000, slice_str("0011")), AT_OK);
    assert_value("+CMGS:", "7");
    assert_heard("AT+CMGS=20\r");
    assert_heard("0011\x1a");
    /* Nobody waits for a prompt here. */
    says("\r\n> what\r\nOK\r\n");
    assert_int_equal(ask("AT"), AT_OK);
}

static void the_echo_of_a_pdu_is_no_pdu(void **state)
{
    (void)state;
    says("+CMT: ,2\r\n0011\x1a\r\n+CMGS: 7\r\nOK\r\n");
    assert_int_equal(at_submit(dialogue, &answer, 2000, slice_str("0011")), AT_OK);
    assert_null(at_next_event(dialogue));
}

static void timeout_and_late_answer(void **state)
{
    int64_t start = clock_monotonic_ms();

    (void)state;
    assert_int_equal(at_command(dialogue, &answer, 50, "AT"), AT_TIMEOUT);
    assert_true(clock_monotonic_ms() - start >= 50);
    says("OK\r\n");
    assert_true(at_settle(dialogue, 20));
    says("+CSQ: 1,0\r\nOK\r\n");
    assert_int_equal(ask("AT+CSQ"), AT_OK);
    assert_value("+CSQ:", "1,0");
}

static void the_device_goes(void **state)
{
    (void)state;
    says("\r\n+CS");
    close(modem);
    modem = -1;
    assert_int_equal(ask("AT"), AT_GONE);
    assert_false(at_wait(dialogue, -1, 10));
    assert_false(at_settle(dialogue, 10));
}

/* --- unasked ------------------------------------------------------------------------- */

static void unasked_in_the_middle_of_an_answer(void **state)
{
    (void)state;
    says("+CMGL: 1,0,,24\r\n+CMTI: \"SM\",3\r\n07919471016700\r\n+CDS: 2\r\n0600\r\nOK\r\n");
    assert_int_equal(ask("AT+CMGL=4"), AT_OK);
    assert_string_equal(bytes_str(&answer.lines), "+CMGL: 1,0,,24\n07919471016700");
    assert_event(AT_EVENT_STORED, NULL);
    assert_event(AT_EVENT_REPORT, "0600");
    assert_null(at_next_event(dialogue));
}

static void noise_between_header_and_pdu(void **state)
{
    (void)state;
    says("+CMT: ,3\r\n^RSSI: 17\r\nRING\r\nBEEF\r\n00040B\r\n");
    assert_true(at_wait(dialogue, -1, 2000));
    assert_event(AT_EVENT_MESSAGE, "00040B");
}

static void a_header_without_a_pdu_is_given_up(void **state)
{
    (void)state;
    says("+CMT: ,3\r\n");
    for (int i = 0; i < 10; i++)
        says("noise\r\n");
    says("00040B\r\n");
    assert_true(at_settle(dialogue, 20));
    assert_null(at_next_event(dialogue));
}

static void forms_of_headers(void **state)
{
    static const char *const headers[] = {"+CMT: 3", "+CMT:,3", "+CMT: \"Name\",3",
                                          "+CMT: \"\",,3"};

    (void)state;
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
        says(headers[i]);
        says("\r\n07000000000000010203\r\n"); /* an SMSC field of seven octets before it */
        assert_true(at_wait(dialogue, -1, 2000));
        assert_event(AT_EVENT_MESSAGE, "07000000000000010203");
    }
}

static void an_answer_is_not_unasked(void **state)
{
    (void)state;
    says("+CPIN: READY\r\nOK\r\n");
    assert_int_equal(ask("AT+CPIN?"), AT_OK);
    assert_value("+CPIN:", "READY");
    assert_false(at_has_restarted(dialogue));
}

static void a_restart_ends_the_command(void **state)
{
    static const char *const lines[] = {"RDY", "^SYSSTART", "+CPIN: READY", "SMS Ready",
                                        "^BOOT:27710117,0,0,0,72"};

    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        says(lines[i]);
        says("\r\n");
        assert_int_equal(at_submit(dialogue, &answer, 2000, slice_str("00")), AT_RESTARTED);
        assert_true(at_has_restarted(dialogue));
        at_forget_restarts(dialogue);
    }
    /* The same ^BOOT again is the habit of some. */
    says("^BOOT:27710117,0,0,0,72\r\nOK\r\n");
    assert_int_equal(ask("AT"), AT_OK);
    assert_false(at_has_restarted(dialogue));
}

static void an_echo_that_comes_back_is_a_restart(void **state)
{
    (void)state;
    says("+CREG: 0,1\r\nOK\r\n");
    assert_int_equal(ask("AT+CREG?"), AT_OK);
    says("AT\r\r\nOK\r\n");
    assert_int_equal(ask("AT"), AT_RESTARTED);
    assert_true(at_has_restarted(dialogue));
}

/* A prompt after an echo is that of a modem with other settings: in text mode it
 * would send the digits of the PDU to a number that is a length. */
static void a_prompt_with_an_echo_is_not_used(void **state)
{
    (void)state;
    says("+CREG: 0,1\r\nOK\r\n");
    assert_int_equal(ask("AT+CREG?"), AT_OK);
    says("AT+CMGS=18\r\r\n> ");
    assert_int_equal(ask("AT+CMGS=18"), AT_RESTARTED);
}

/* The command that was running is answered all the same: not the next one. */
static void an_answer_after_a_restart_that_was_none(void **state)
{
    (void)state;
    says("RDY\r\n+CSQ: 20,99\r\nOK\r\n");
    assert_int_equal(ask("AT+CSQ"), AT_RESTARTED);
    at_forget_restarts(dialogue);
    says("^BOOT:1,0,0,0,7\r\n+CSQ: 20,99\r\nOK\r\n");
    assert_int_equal(ask("AT+CSQ"), AT_OK);
    assert_true(at_has_restarted(dialogue));
    says("+CMS ERROR: 500\r\n");
    assert_int_equal(ask("AT+CMGD=1"), AT_ERROR);
}

static void a_call_answers_no_command(void **state)
{
    (void)state;
    says("RING\r\nNO CARRIER\r\n+CMGS: 3\r\nOK\r\n");
    assert_int_equal(at_submit(dialogue, &answer, 2000, slice_str("00")), AT_OK);
    assert_value("+CMGS:", "3");
    says("BUSY\r\nNO ANSWER\r\nNO DIALTONE\r\n");
    assert_int_equal(at_submit(dialogue, &answer, 10, slice_str("00")), AT_TIMEOUT);
}

/* In text mode, too, something may come between a header and its text. */
static void a_report_before_a_text(void **state)
{
    struct at_event *event;

    (void)state;
    at_set_text_mode(dialogue, true);
    says("+CMGR: \"REC UNREAD\",\"+4930\",,\"26/11/27,20:20:34+00\",145,4,0,0,\"+4917\",145,2\r\n"
         "+CDS: 6,1,\"+4930\",145,\"26/11/27,20:20:34+00\",\"26/11/27,20:20:34+00\",0\r\n"
         "00480069\r\nOK\r\n");
    assert_int_equal(ask("AT+CMGR=1"), AT_OK);
    assert_non_null(strstr(bytes_str(&answer.lines), "\n00480069"));
    assert_null(strstr(bytes_str(&answer.lines), "+CDS"));
    event = at_next_event(dialogue);
    assert_non_null(event);
    assert_int_equal(event->kind, AT_EVENT_REPORT);
    at_event_free(event);
    /* What is a text by its length is one. */
    says("+CMGR: \"REC UNREAD\",\"+4930\",,\"26/11/27,20:20:34+00\",145,4,0,0,\"+4917\",145,13\r\n"
         "+CMTI: \"SM\",3\r\nOK\r\n");
    assert_int_equal(ask("AT+CMGR=1"), AT_OK);
    assert_non_null(strstr(bytes_str(&answer.lines), "\n+CMTI: \"SM\",3"));
    assert_null(at_next_event(dialogue));
}

/* Some say OK twice; a message is never answered so before its prompt. */
static void an_ok_before_the_prompt(void **state)
{
    (void)state;
    says("OK\r\n\r\n> ");
    assert_int_equal(ask("AT+CMGS=18"), AT_PROMPT);
}

static void a_result_in_one_breath_with_a_restart(void **state)
{
    (void)state;
    says("^BOOT:1,0\r\n+CMGS: 7\r\nOK\r\n");
    assert_int_equal(at_submit(dialogue, &answer, 2000, slice_str("0011")), AT_OK);
    assert_value("+CMGS:", "7");
    assert_true(at_has_restarted(dialogue));
}

static void an_ok_that_is_said_twice(void **state)
{
    (void)state;
    says("OK\r\n");
    assert_int_equal(ask("AT"), AT_OK);
    assert_false(at_doubles_answers(dialogue));
    assert_int_equal(at_command(dialogue, &answer, 20, "AT+CMGD=1"), AT_TIMEOUT);
    says("OK\r\n");
    assert_true(at_settle(dialogue, 20));
    assert_false(at_doubles_answers(dialogue)); /* it was late */
    says("OK\r\nOK\r\n");
    assert_int_equal(ask("AT"), AT_OK);
    assert_true(at_doubles_answers(dialogue));
}

static void results_that_come_late(void **state)
{
    struct at_event *event;

    (void)state;
    assert_int_equal(at_submit(dialogue, &answer, 10, slice_str("00")), AT_TIMEOUT);
    says("+CMGS: 9\r\nOK\r\n+CMS ERROR: 38\r\n");
    assert_true(at_settle(dialogue, 20));
    event = at_next_event(dialogue);
    assert_int_equal(event->kind, AT_EVENT_REFERENCE);
    assert_int_equal(event->index, 9);
    at_event_free(event);
    assert_event(AT_EVENT_LATE_ERROR, "+CMS ERROR: 38");
    /* In the answer to something else, too. */
    says("+CMGS: 10\r\nOK\r\n");
    assert_int_equal(ask("AT"), AT_OK);
    assert_event(AT_EVENT_REFERENCE, NULL);
}

static void rubbish(void **state)
{
    static char piece[1000];

    (void)state;
    memset(piece, 'x', sizeof piece - 1);
    for (int i = 0; i < 6; i++)
        says(piece);
    says("\r\n\xff\xfe\x01\r\n\r\nOK\r\n");
    assert_int_equal(ask("AT"), AT_OK);
    assert_int_equal(answer.lines.len, 3);
}

/* --- the network's texts --------------------------------------------------------------- */

static void a_ussd_text_over_several_lines(void **state)
{
    (void)state;
    says("\r\nOK\r\n\r\n+CUSD: 1,\"a \"b\" c\r\nOK\r\nRDY\r\n+CREG: 1\",15\r\n");
    assert_int_equal(ask("AT+CUSD=1,\"*1#\",15"), AT_OK);
    assert_true(at_wait(dialogue, -1, 2000));
    assert_event(AT_EVENT_USSD, "1,\"a \"b\" c\nOK\nRDY\n+CREG: 1\",15");
}

static void a_ussd_text_without_end(void **state)
{
    (void)state;
    says("+CUSD: 0,\"no end\r\n+CMTI: \"SM\",3\r\n");
    assert_true(at_wait(dialogue, -1, 2000));
    assert_event(AT_EVENT_USSD, "0,\"no end");
    assert_event(AT_EVENT_STORED, "");
    says("+CUSD: 0,\"1\r\n2\r\n3\r\n4\r\n5\r\n6\r\n7\r\n8\r\n9\r\n10\r\nRDY\r\n");
    assert_true(at_wait(dialogue, -1, 2000));
    assert_event(AT_EVENT_USSD, "0,\"1\n2\n3\n4\n5\n6\n7\n8\n9\n10");
    assert_event(AT_EVENT_RESTARTED, "");
}

static void a_ussd_text_before_its_ok(void **state)
{
    (void)state;
    says("+CUSD: 0,\"in time\",15\r\n+CMTI: \"SM\",1\r\n\r\nOK\r\n");
    assert_int_equal(ask("AT+CUSD=1,\"*1#\",15"), AT_OK);
    at_event_free(at_next_event_of(dialogue, AT_EVENT_STORED)); /* out of turn */
    assert_event(AT_EVENT_USSD, "0,\"in time\",15");
    assert_null(at_next_event(dialogue));
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(finals),
        CASE(an_error_of_a_message_is_none_of_at),
        CASE(a_final_is_a_whole_line),
        CASE(echo_and_single_octets),
        CASE(line_ends_of_any_kind),
        CASE(zero_is_ok_only_where_it_may_be),
        CASE(the_prompt),
        CASE(the_echo_of_a_pdu_is_no_pdu),
        CASE(timeout_and_late_answer),
        CASE(the_device_goes),
        CASE(unasked_in_the_middle_of_an_answer),
        CASE(noise_between_header_and_pdu),
        CASE(a_header_without_a_pdu_is_given_up),
        CASE(forms_of_headers),
        CASE(an_answer_is_not_unasked),
        CASE(a_restart_ends_the_command),
        CASE(an_echo_that_comes_back_is_a_restart),
        CASE(a_prompt_with_an_echo_is_not_used),
        CASE(an_answer_after_a_restart_that_was_none),
        CASE(a_call_answers_no_command),
        CASE(a_report_before_a_text),
        CASE(an_ok_before_the_prompt),
        CASE(an_ok_that_is_said_twice),
        CASE(a_result_in_one_breath_with_a_restart),
        CASE(results_that_come_late),
        CASE(rubbish),
        CASE(a_ussd_text_over_several_lines),
        CASE(a_ussd_text_without_end),
        CASE(a_ussd_text_before_its_ok),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
