/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What tells of messages whose answers were lost; and the other things that the
 * driver remembers: tries, PDUs, PINs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "gw/smsc/at/held.h"
#include "gw/smsc/at/pin_memory.h"
#include "gw/smsc/at/seen.h"
#include "gw/smsc/at/tries.h"
#include "gw/smsc/at/written.h"
#include "gwlib/clock.h"

static struct at_references references;
static struct at_held_set held;
static struct smsc_submit submit, second;

static struct message *message_to(const char *receiver)
{
    struct sms sms = sms_blank();

    sms.receiver = slice_str(receiver);
    sms.msgdata = slice_str("text");
    return message_create(&sms);
}

static int setup(void **state)
{
    (void)state;
    submit = (struct smsc_submit){.message = message_to("+4917012345"), .want_report = true};
    second = (struct smsc_submit){.message = message_to("+4917099999"), .want_report = true};
    at_references_init(&references);
    held = (struct at_held_set){.base = -1};
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    message_unref(submit.message);
    message_unref(second.message);
    return 0;
}

static void hold_after(int last)
{
    held = (struct at_held_set){.base = -1};
    if (last >= 0)
        at_references_note(&references, last, slice_str("+49999"));
    at_held_add(&held, &references, &submit, AT_HELD_UNANSWERED);
}

static void the_next_reference_tells(void **state)
{
    (void)state;
    hold_after(5);
    assert_int_equal(at_held_compare(&held, 7), AT_HELD_ALL_SENT);
    assert_int_equal(at_held_reference(&held, 0), 6);
    assert_ptr_equal(at_held_take(&held, 0, 6), &submit);
    assert_int_equal(held.count, 0);
    hold_after(5);
    assert_int_equal(at_held_compare(&held, 6), AT_HELD_NONE_SENT);
    hold_after(5);
    assert_int_equal(at_held_compare(&held, 8), AT_HELD_UNKNOWN);
    /* From then on the distance says nothing. */
    assert_int_equal(at_held_compare(&held, 7), AT_HELD_UNKNOWN);
}

static void two_answers_in_a_row(void **state)
{
    (void)state;
    hold_after(254);
    at_held_add(&held, &references, &second, AT_HELD_LOST);
    assert_int_equal(at_held_compare(&held, 1), AT_HELD_ALL_SENT);
    assert_int_equal(at_held_reference(&held, 0), 255);
    assert_ptr_equal(at_held_take(&held, 0, 255), &submit);
    assert_int_equal(at_held_reference(&held, 0), 0);
    assert_ptr_equal(at_held_take(&held, 0, 0), &second);
    hold_after(254);
    at_held_add(&held, &references, &second, AT_HELD_LOST);
    assert_int_equal(at_held_compare(&held, 0), AT_HELD_UNKNOWN); /* one was; which? */
}

static void references_go_round(void **state)
{
    (void)state;
    hold_after(254);
    assert_int_equal(at_held_compare(&held, 0), AT_HELD_ALL_SENT);
    assert_int_equal(at_held_reference(&held, 0), 255);
    hold_after(255);
    assert_int_equal(at_held_compare(&held, 0), AT_HELD_NONE_SENT);
}

static void nothing_is_guessed(void **state)
{
    (void)state;
    hold_after(-1);
    assert_int_equal(at_held_compare(&held, 2), AT_HELD_UNKNOWN);
    hold_after(5);
    at_held_blur(&held, &references); /* another one failed: does the counter count that? */
    assert_int_equal(at_held_compare(&held, 7), AT_HELD_UNKNOWN);
    hold_after(5);
    assert_int_equal(at_held_compare(&held, -1), AT_HELD_UNKNOWN);
    at_held_take(&held, 0, -1);
    assert_int_equal(at_held_compare(&held, 7), AT_HELD_UNKNOWN);
}

static void a_counter_of_attempts_tells_nothing(void **state)
{
    (void)state;
    at_references_note(&references, 5, slice_str("+49999"));
    at_references_fail(&references);
    hold_after(-1); /* which kind is it? */
    assert_int_equal(at_held_compare(&held, 7), AT_HELD_UNKNOWN);
    hold_after(6);
    assert_int_equal(at_held_compare(&held, 8), AT_HELD_ALL_SENT);
    at_references_fail(&references);
    hold_after(8);
    assert_int_equal(at_held_compare(&held, 10), AT_HELD_UNKNOWN);
}

static void what_the_next_one_gets(void **state)
{
    (void)state;
    assert_int_equal(at_references_next(&references), -1);
    at_references_note(&references, 255, slice_str("+49999"));
    assert_int_equal(at_references_next(&references), 0);
    at_references_fail(&references); /* which kind of counter is it? */
    assert_int_equal(at_references_next(&references), -1);
}

static void failures_that_do_not_count(void **state)
{
    (void)state;
    at_references_note(&references, 5, slice_str("+49999"));
    at_references_fail(&references);
    hold_after(6);
    at_held_blur(&held, &references);
    assert_int_equal(at_held_compare(&held, 8), AT_HELD_ALL_SENT);
    at_references_fail(&references);
    hold_after(-1);
    assert_int_equal(at_held_compare(&held, 7), AT_HELD_NONE_SENT);
}

static size_t reported(int reference, const char *receiver)
{
    return at_held_reported(&held, &references, reference, slice_str(receiver));
}

static void a_report_tells(void **state)
{
    (void)state;
    hold_after(5);
    assert_int_equal(reported(6, "+4917012345"), 0);
    assert_int_equal(reported(6, "017012345"), 0); /* networks change the front */
    assert_int_equal(reported(6, "+4917012346"), 1);
    assert_int_equal(reported(5, "+4917012345"), 1);
    assert_int_equal(reported(7, "+4917012345"), 1);
    assert_int_equal(reported(-1, "+4917012345"), 1);
    assert_int_equal(reported(256, "+4917012345"), 1);
    at_held_add(&held, &references, &second, AT_HELD_UNANSWERED);
    assert_int_equal(reported(6, "+4917099999"), 1); /* the first was not sent */
    assert_int_equal(reported(7, "+4917099999"), 1);
    assert_int_equal(reported(8, "+4917099999"), 2);
}

static void a_report_without_a_known_reference(void **state)
{
    (void)state;
    hold_after(9);
    at_references_note(&references, 9, slice_str("+4917012345"));
    at_held_blur(&held, &references);
    assert_int_equal(reported(9, "+4917012345"), 1); /* that was another message to the same */
    assert_int_equal(reported(11, "+4917012345"), 0);
}

static int64_t time_left(void)
{
    int64_t until = 0;

    assert_int_equal(at_held_due(&held, &until), held.count);
    return until - clock_monotonic_ms();
}

static void how_long(void **state)
{
    (void)state;
    hold_after(1);
    assert_true(time_left() >= 140000);
    assert_int_equal(at_held_answered(&held), 0);
    held.items[0].why = AT_HELD_LOST;
    assert_int_equal(at_held_answered(&held), 1);
    at_held_resume(&held);
    assert_true(time_left() >= 50000 && time_left() < 90000);
    submit.want_report = false;
    at_held_resume(&held);
    assert_true(time_left() < 20000);
    held.count = 0;
    at_held_add(&held, &references, &submit, AT_HELD_ANSWERED);
    assert_true(time_left() < 20000);
    held.items[0].until = 0;
    assert_int_equal(at_held_due(&held, &(int64_t){0}), 0);
}

static void an_answer_from_the_port_opened_anew(void **state)
{
    (void)state;
    hold_after(1);
    at_held_add(&held, &references, &second, AT_HELD_SILENT);
    assert_int_equal(at_held_answered(&held), 1); /* the modem took it after the other */
    at_held_resume(&held);
    assert_true(held.items[1].until - clock_monotonic_ms() < 90000);
    at_held_go_on(&held);
    assert_int_equal(held.items[1].why, AT_HELD_LOST);
    assert_int_equal(at_held_answered(&held), 0);
}

static void what_was_written_survives(void **state)
{
    struct uuid id = uuid_generate(), other = uuid_generate();
    struct slice pdu = slice_str("0C9194711032547600000568656C6C6F");
    struct at_written written = {.path = NULL};
    char path[] = "/tmp/kantele-written-XXXXXX";
    FILE *file;

    (void)state;
    close(mkstemp(path));
    at_written_open(&written, path);
    assert_false(at_written_is(&written, pdu));
    at_written_note(&written, &id, 2, pdu);
    at_written_close(&written);

    written = (struct at_written){.path = NULL};
    at_written_open(&written, path);
    assert_true(at_written_is(&written, slice_str("0c9194711032547600000568656c6c6f")));
    assert_false(at_written_is(&written, slice_str("0C9194711032547600000568656C6C6E")));
    assert_false(at_written_was_sent(&written, &id, 2)); /* nobody has looked */
    written.found = AT_WRITTEN_SENT;
    assert_true(at_written_was_sent(&written, &id, 2));
    assert_false(at_written_was_sent(&written, &id, 1));
    assert_false(at_written_was_sent(&written, &other, 2));
    at_written_forget(&written);
    at_written_close(&written);

    written = (struct at_written){.path = NULL};
    at_written_open(&written, path);
    assert_false(at_written_is(&written, pdu));
    at_written_close(&written);

    file = fopen(path, "w");
    assert_non_null(file);
    fputs("01234567-89ab-cdef-0123-456789abcdef no number", file);
    fclose(file);
    at_written_open(&written, path);
    assert_false(at_written_is(&written, pdu));
    at_written_close(&written);
    unlink(path);
}

static void three_tries(void **state)
{
    struct uuid one = uuid_generate(), other = uuid_generate();
    struct at_tries tries = {.next = 0};

    (void)state;
    assert_false(at_tries_spend(&tries, &one, 1));
    assert_false(at_tries_spend(&tries, &other, 1));
    assert_false(at_tries_spend(&tries, &one, 2));
    assert_false(at_tries_spend(&tries, &one, 1));
    assert_true(at_tries_spend(&tries, &one, 1));
    assert_false(at_tries_spend(&tries, &one, 1)); /* begins anew */
}

static void seen_pdus(void **state)
{
    struct at_seen *seen = calloc(1, sizeof *seen);
    char text[20];

    (void)state;
    assert_false(at_seen_before(seen, slice_str("0791")));
    at_seen_note(seen, slice_str("0791"));
    assert_true(at_seen_before(seen, slice_str("0791")));
    for (int i = 0; i < AT_SEEN_PLACES; i++) {
        snprintf(text, sizeof text, "%d", i);
        at_seen_note(seen, slice_str(text));
    }
    assert_false(at_seen_before(seen, slice_str("0791")));
    free(seen);
}

static void pdus_to_be_left(void **state)
{
    struct at_left *left = calloc(1, sizeof *left);
    char text[20];

    (void)state;
    assert_false(at_left_has(left, slice_str("0791")));
    at_left_note(left, slice_str("0791"));
    at_left_note(left, slice_str("0791"));
    assert_int_equal(left->count, 1);
    for (int i = 0; i < AT_LEFT_MAX + 5; i++) {
        snprintf(text, sizeof text, "%d", i);
        at_left_note(left, slice_str(text));
    }
    assert_int_equal(left->count, AT_LEFT_MAX);
    assert_true(at_left_has(left, slice_str("0791")));
    assert_true(at_left_has(left, slice_str("7")));
    free(left);
}

static void pins_on_disk(void **state)
{
    char path[] = "at-pins-XXXXXX";
    struct at_pin_memory memory = {NULL, {0}};
    struct slice sim = slice_str("8949011"), other = slice_str("8949012");

    (void)state;
    close(mkstemp(path));
    at_pin_memory_open(&memory, path);
    assert_int_equal(at_pin_memory_ask(&memory, sim, "1234"), AT_PIN_NEW);
    assert_true(at_pin_memory_note(&memory, sim, "1234", AT_PIN_TRIED));
    assert_true(at_pin_memory_note(&memory, other, "1234", AT_PIN_REFUSED));
    assert_int_equal(at_pin_memory_ask(&memory, sim, "1234"), AT_PIN_TRIED);
    assert_true(at_pin_memory_note(&memory, sim, "1234", AT_PIN_REFUSED));
    at_pin_memory_close(&memory);
    at_pin_memory_open(&memory, path);
    assert_int_equal(at_pin_memory_ask(&memory, sim, "1234"), AT_PIN_REFUSED);
    assert_int_equal(at_pin_memory_ask(&memory, other, "1234"), AT_PIN_REFUSED);
    assert_int_equal(at_pin_memory_ask(&memory, sim, "1235"), AT_PIN_NEW);
    assert_true(at_pin_memory_note(&memory, sim, "1234", AT_PIN_NEW));
    assert_int_equal(at_pin_memory_ask(&memory, sim, "1234"), AT_PIN_NEW);
    assert_int_equal(at_pin_memory_ask(&memory, other, "1234"), AT_PIN_REFUSED);
    at_pin_memory_close(&memory);
    unlink(path);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(the_next_reference_tells),
        CASE(two_answers_in_a_row),
        CASE(references_go_round),
        CASE(nothing_is_guessed),
        CASE(a_counter_of_attempts_tells_nothing),
        CASE(what_the_next_one_gets),
        CASE(failures_that_do_not_count),
        CASE(a_report_tells),
        CASE(a_report_without_a_known_reference),
        CASE(how_long),
        CASE(an_answer_from_the_port_opened_anew),
        CASE(what_was_written_survives),
        CASE(three_tries),
        CASE(seen_pdus),
        CASE(pdus_to_be_left),
        CASE(pins_on_disk),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
