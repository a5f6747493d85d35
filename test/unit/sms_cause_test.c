/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unit tests of gw/sms/cause: the table against test/data/at-errors.tsv, lines of
 * modems, and the status of reports by 3GPP TS 23.040, section 9.2.3.15.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "gw/sms/cause.h"

static void check_line(char *line)
{
    char *family = strtok(line, "\t"), *code = strtok(NULL, "\t"), *class = strtok(NULL, "\t"),
         *meaning = strtok(NULL, "\n");
    const struct cause *cause =
        cause_find(strcmp(family, "cms") == 0 ? CAUSE_CMS : CAUSE_CME, atoi(code));
    assert_int_equal(cause->code, atoi(code));
    assert_string_equal(cause_class_name(cause->class), class);
    /* The text is the meaning without what is in brackets, which is advice. */
    size_t len = strlen(cause->text);
    if (strncmp(meaning, cause->text, len) != 0 || (meaning[len] != 0 && meaning[len] != ' '))
        fail_msg("%s %s: %s", family, code, cause->text);
    assert_true(strlen(cause->advice) > 0);
}

static void holds_the_table(void **state)
{
    (void)state;
    FILE *file = fopen(TEST_DATA "/at-errors.tsv", "r");
    char line[512];
    int lines = 0;
    assert_non_null(file);
    while (fgets(line, sizeof(line), file) != NULL) {
        if (lines++ > 0)
            check_line(line);
    }
    fclose(file);
    assert_true(lines > 100);
}

static void entries_are_found(void **state)
{
    (void)state;
    const struct cause *entry;
    size_t i = 0;
    for (; (entry = cause_entry(i)) != NULL; i++) {
        assert_ptr_equal(cause_find(entry->family, entry->code), entry);
        assert_string_not_equal(cause_class_name(entry->class), "unknown");
    }
    assert_true(i > 140);
}

static void knows_ranges(void **state)
{
    (void)state;
    assert_int_equal(cause_find(CAUSE_CMS, 230)->class, CAUSE_TEMP_FEW);
    assert_int_equal(cause_find(CAUSE_CMS, 777)->class, CAUSE_VENDOR);
    assert_int_equal(cause_find(CAUSE_CMS, 5)->class, CAUSE_TEMP_FEW);
    assert_int_equal(cause_find(CAUSE_CMS, -5)->class, CAUSE_TEMP_FEW);
    assert_int_equal(cause_find(CAUSE_CME, 600)->class, CAUSE_VENDOR);
    assert_int_equal(cause_find(CAUSE_CME, 47)->class, CAUSE_SIM);
    assert_int_equal(cause_find(CAUSE_CMS, 777)->code, -1);
    assert_int_equal(cause_fate(CAUSE_PERM), CAUSE_FATE_PERMANENT);
    assert_int_equal(cause_fate(CAUSE_TEMP), CAUSE_FATE_TEMPORARY);
    assert_int_equal(cause_fate(CAUSE_PIN), CAUSE_FATE_MODEM);
    assert_int_equal(cause_fate(CAUSE_AMBIGUOUS), CAUSE_FATE_UNCERTAIN);
    assert_string_equal(cause_fate_name(CAUSE_FATE_MODEM), "modem needs help");
    assert_string_equal(cause_family_name(CAUSE_CME), "CME");
}

static void assert_line(const char *line, enum cause_family family, int code,
                        enum cause_class class)
{
    const struct cause *cause;
    int found;
    assert_true(cause_parse(slice_str(line), &cause, &found));
    assert_int_equal(cause->family, family);
    assert_int_equal(found, code);
    assert_int_equal(cause->class, class);
}

static void reads_lines(void **state)
{
    (void)state;
    assert_line("+CMS ERROR: 38", CAUSE_CMS, 38, CAUSE_TEMP);
    assert_line("+CMS ERROR:330", CAUSE_CMS, 330, CAUSE_CONF);
    assert_line("+cms error: 332 ", CAUSE_CMS, 332, CAUSE_AMBIGUOUS);
    assert_line("+CME ERROR: 16", CAUSE_CME, 16, CAUSE_SIM);
    assert_line("+CME ERROR: SIM not inserted", CAUSE_CME, 10, CAUSE_SIM);
    assert_line("+CME ERROR: sim pin required", CAUSE_CME, 11, CAUSE_PIN);
    assert_line("+CMS ERROR: Memory full", CAUSE_CMS, 322, CAUSE_FIX);
    assert_line("+CMS ERROR: no such words", CAUSE_CMS, -1, CAUSE_TEMP_FEW);
    assert_line("+CMS ERROR: 99999", CAUSE_CMS, -1, CAUSE_TEMP_FEW);
    assert_line("+CMS ERROR: 700", CAUSE_CMS, 700, CAUSE_VENDOR);
    assert_line("ERROR", CAUSE_CMS, -1, CAUSE_TEMP_FEW);
    const struct cause *cause = NULL;
    int code = 5;
    assert_false(cause_parse(slice_str("OK"), &cause, &code));
    assert_false(cause_parse(slice_str("ERRORS"), &cause, &code));
    assert_false(cause_parse(slice_str("+CMS ERR"), &cause, &code));
    assert_false(cause_parse(slice_unset(), &cause, &code));
    assert_int_equal(code, 5);
}

static void assert_range(unsigned first, unsigned last, enum cause_result result, bool final)
{
    for (unsigned st = first; st <= last; st++) {
        struct cause_status status = cause_status((uint8_t)st);
        if (status.result != result || status.final != final)
            fail_msg("%02X: %s", st, cause_result_name(status.result));
        assert_non_null(status.text);
    }
}

static void knows_every_status(void **state)
{
    (void)state;
    assert_range(0x00, 0x01, CAUSE_DELIVERED, true);
    assert_range(0x02, 0x02, CAUSE_REPLACED, true);
    assert_range(0x03, 0x0F, CAUSE_FAILED, true);
    assert_range(0x10, 0x1F, CAUSE_DELIVERED, true);
    assert_range(0x20, 0x25, CAUSE_BUFFERED, false);
    assert_range(0x26, 0x2F, CAUSE_FAILED, true);
    assert_range(0x30, 0x3F, CAUSE_BUFFERED, false);
    assert_range(0x40, 0x45, CAUSE_FAILED, true);
    assert_range(0x46, 0x46, CAUSE_EXPIRED, true);
    assert_range(0x47, 0x48, CAUSE_DELETED, true);
    assert_range(0x49, 0xFF, CAUSE_FAILED, true);
    assert_int_equal(cause_dlr_event(CAUSE_REPLACED), 1);
    assert_int_equal(cause_dlr_event(CAUSE_BUFFERED), 4);
    assert_int_equal(cause_dlr_event(CAUSE_DELETED), 2);
    assert_string_equal(cause_dlr_name(CAUSE_EXPIRED), "failed");
    assert_string_equal(cause_fcs_text(0xD0), "SIM SMS storage full");
    assert_string_equal(cause_fcs_text(0xE5), "application specific error");
    assert_string_equal(cause_fcs_text(0x82), "cannot replace short message");
    assert_string_equal(cause_fcs_text(0x8A), "reserved");
    assert_string_equal(cause_fcs_text(0x08), "reserved");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(holds_the_table),    cmocka_unit_test(entries_are_found),
        cmocka_unit_test(knows_ranges),       cmocka_unit_test(reads_lines),
        cmocka_unit_test(knows_every_status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
