/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unit tests of gw/sms/timestamp and gw/sms/validity. Seconds since 1970 are
 * those of date(1).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gw/sms/timestamp.h"
#include "gw/sms/validity.h"

#define OCTETS(text) ((const unsigned char *)(text))

static void assert_time(const char *octets, const char *text, int64_t seconds)
{
    struct timestamp t, parsed, made;
    char formatted[TIMESTAMP_TEXT_MAX];
    unsigned char again[TIMESTAMP_OCTETS];
    timestamp_decode(OCTETS(octets), &t);
    assert_true(t.valid);
    timestamp_format(&t, formatted);
    assert_string_equal(formatted, text);
    assert_int_equal(timestamp_to_unix(&t), seconds);
    timestamp_encode(&t, again);
    assert_memory_equal(again, octets, TIMESTAMP_OCTETS);
    assert_true(timestamp_parse(slice_str(text), &parsed));
    assert_memory_equal(parsed.octets, octets, TIMESTAMP_OCTETS);
    assert_true(timestamp_from_unix(seconds, t.zone, &made));
    assert_int_equal(timestamp_to_unix(&made), seconds);
    timestamp_format(&made, formatted);
    assert_string_equal(formatted, text);
}

static void converts_times(void **state)
{
    (void)state;
    assert_time("\x70\x60\x50\x31\x65\x03\x00", "2007-06-05T13:56:30+00:00", 1181051790);
    assert_time("\x99\x21\x13\x32\x95\x95\x00", "1999-12-31T23:59:59+00:00", 946684799);
    assert_time("\x00\x10\x10\x00\x00\x00\x8C", "2000-01-01T00:00:00-12:00", 946728000);
    assert_time("\x42\x20\x92\x10\x20\x30\x38", "2024-02-29T01:02:03-00:45", 1709171223);
    assert_time("\x62\x20\x82\x21\x00\x00\x65", "2026-02-28T12:00:00+14:00", 1772229600);
    assert_time("\x72\x30\x40\x50\x60\x70\x80", "2027-03-04T05:06:07+02:00", 1804129567);
}

static void assert_nonsense(const char *octets)
{
    struct timestamp t;
    char text[TIMESTAMP_TEXT_MAX] = "before";
    unsigned char again[TIMESTAMP_OCTETS];
    timestamp_decode(OCTETS(octets), &t);
    assert_false(t.valid);
    assert_int_equal(timestamp_format(&t, text), 0);
    assert_string_equal(text, "");
    timestamp_encode(&t, again);
    assert_memory_equal(again, octets, TIMESTAMP_OCTETS);
}

static void knows_nonsense(void **state)
{
    (void)state;
    assert_nonsense("\x70\x31\x50\x31\x65\x03\x00"); /* month 13 */
    assert_nonsense("\x70\x00\x50\x31\x65\x03\x00"); /* month 0 */
    assert_nonsense("\x70\x20\x03\x31\x65\x03\x00"); /* 30 February */
    assert_nonsense("\x32\x20\x92\x10\x20\x30\x00"); /* 29 February 2023 */
    assert_nonsense("\x70\x60\x50\x42\x65\x03\x00"); /* 24 hours */
    assert_nonsense("\x70\x60\x50\x31\x06\x03\x00"); /* 60 minutes */
    assert_nonsense("\xA0\x60\x50\x31\x65\x03\x00"); /* not a digit */
    assert_nonsense("\x70\x60\x50\x31\x65\x03\xFF");
    assert_nonsense("\xFF\xFF\xFF\xFF\xFF\xFF\xFF");
    assert_nonsense("\x00\x00\x00\x00\x00\x00\x00");
}

static void parses_only_times(void **state)
{
    (void)state;
    struct timestamp t = {.year = 7};
    static const char *const bad[] = {"",
                                      "2027-06-05T04:03:02",
                                      "2027-06-05T04:03:02+2:00",
                                      "2027-06-05T04:03:02+02:01",
                                      "2027-06-05T04:03:02+20:00",
                                      "2027-06-31T04:03:02Z",
                                      "2027-06-05T04:03:02Zz",
                                      "1989-06-05T04:03:02Z",
                                      "2090-06-05T04:03:02Z",
                                      "2027/06/05T04:03:02Z"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(timestamp_parse(slice_str(bad[i]), &t));
    assert_int_equal(t.year, 7);
    assert_true(timestamp_parse(slice_str("2027-06-05 04:03:02Z"), &t));
    assert_int_equal(t.zone, 0);
    assert_false(timestamp_from_unix(0, 0, &t));
    assert_false(timestamp_from_unix(1181051790, 7, &t));
    assert_false(timestamp_from_unix(1181051790, 20 * 60, &t));
}

static void survives_every_day(void **state)
{
    (void)state;
    struct timestamp t, decoded;
    for (int64_t s = 631238400; s < 3786912000; s += 86400 * 3 + 3661) {
        assert_true(timestamp_from_unix(s, -345, &t));
        timestamp_decode(t.octets, &decoded);
        assert_true(decoded.valid);
        assert_int_equal(timestamp_to_unix(&decoded), s);
    }
}

/* --- validity -------------------------------------------------------------------- */

static void knows_relative_codes(void **state)
{
    (void)state;
    static const struct {
        uint8_t code;
        unsigned long minutes;
    } known[] = {{0, 5},      {11, 60},     {143, 720},   {144, 750},   {167, 1440},
                 {168, 2880}, {173, 10080}, {196, 43200}, {197, 50400}, {255, 635040}};
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        assert_int_equal(validity_minutes(known[i].code), known[i].minutes);
        assert_int_equal(validity_code(known[i].minutes), known[i].code);
    }
    assert_int_equal(validity_code(0), 0);
    assert_int_equal(validity_code(6), 1);
    assert_int_equal(validity_code(721), 144);
    assert_int_equal(validity_code(43201), 197);
    assert_int_equal(validity_code(1UL << 40), 255);
    for (unsigned code = 1; code < 256; code++) {
        unsigned long minutes = validity_minutes((uint8_t)code);
        assert_true(minutes > validity_minutes((uint8_t)(code - 1)));
        assert_int_equal(validity_code(minutes), code);
        assert_int_equal(validity_code(minutes - 1), code);
    }
}

static void reads_enhanced_forms(void **state)
{
    (void)state;
    bool single;
    assert_int_equal(validity_enhanced_seconds(OCTETS("\x00\x00\x00\x00\x00\x00\x00"), NULL), -1);
    assert_int_equal(validity_enhanced_seconds(OCTETS("\x41\x0B\x00\x00\x00\x00\x00"), &single),
                     3600);
    assert_true(single);
    assert_int_equal(validity_enhanced_seconds(OCTETS("\x02\x1E\x00\x00\x00\x00\x00"), &single),
                     30);
    assert_false(single);
    assert_int_equal(validity_enhanced_seconds(OCTETS("\x03\x10\x20\x30\x00\x00\x00"), NULL), 3723);
    assert_int_equal(validity_enhanced_seconds(OCTETS("\x03\x1A\x20\x30\x00\x00\x00"), NULL), -1);
    /* An extension octet pushes the value one place on. */
    assert_int_equal(validity_enhanced_seconds(OCTETS("\x82\x00\x1E\x00\x00\x00\x00"), NULL), 30);
    assert_string_equal(validity_kind_name(VALIDITY_ENHANCED), "enhanced");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(converts_times),       cmocka_unit_test(knows_nonsense),
        cmocka_unit_test(parses_only_times),    cmocka_unit_test(survives_every_day),
        cmocka_unit_test(knows_relative_codes), cmocka_unit_test(reads_enhanced_forms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
