/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unit tests of gw/sms/udh: headers by 3GPP TS 23.040 section 9.2.3.24.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gw/sms/udh.h"

#define LITERAL(text) slice_of(text, sizeof(text) - 1)

static void assert_malformed(struct slice udh, size_t octet)
{
    struct sms_fault fault = {9999, NULL};
    struct udh made = {0};
    assert_false(udh_check(udh, &fault));
    assert_int_equal(fault.octet, octet);
    assert_non_null(fault.reason);
    assert_false(udh_set(&made, udh, NULL));
    assert_int_equal(made.len, 0);
}

static void checks_lengths(void **state)
{
    (void)state;
    assert_true(udh_check(slice_unset(), NULL));
    assert_true(udh_check(LITERAL("\x00"), NULL));
    assert_true(udh_check(LITERAL("\x05\x00\x03\x01\x02\x01"), NULL));
    assert_true(udh_check(LITERAL("\x02\x70\x00"), NULL));
    assert_malformed(LITERAL("\x05\x00\x03\x01\x02"), 0);
    assert_malformed(LITERAL("\x05\x00\x03\x01\x02\x01\x00"), 6);
    assert_malformed(LITERAL("\x05\x00\x04\x01\x02\x01"), 1);
    assert_malformed(LITERAL("\x04\x70\x00\x71\x01"), 3);
    assert_malformed(LITERAL("\x03\x70\x00\x71"), 3);
}

static void walks_over_unknown_elements(void **state)
{
    (void)state;
    struct slice udh = LITERAL("\x08\x70\x01\xAA\x71\x00\x72\x01\xBB");
    struct udh_element element;
    size_t pos = 0;
    assert_true(udh_next(udh, &pos, &element));
    assert_int_equal(element.id, 0x70);
    assert_true(slice_equal(element.data, LITERAL("\xAA")));
    assert_true(udh_next(udh, &pos, &element));
    assert_int_equal(element.id, 0x71);
    assert_int_equal(element.data.len, 0);
    assert_true(udh_next(udh, &pos, &element));
    assert_int_equal(element.id, 0x72);
    assert_false(udh_next(udh, &pos, &element));
    pos = 0;
    assert_false(udh_next(slice_unset(), &pos, &element));
    assert_string_equal(udh_element_name(0x00), "concatenation, 8-bit reference");
    assert_string_equal(udh_element_name(0x70), "unknown");
    assert_string_equal(udh_element_name(999), "unknown");
}

static struct udh_info read(struct slice udh)
{
    struct udh_info info;
    udh_read(udh, &info);
    return info;
}

static void reads_concatenation(void **state)
{
    (void)state;
    struct udh_info info = read(LITERAL("\x05\x00\x03\x84\x03\x02"));
    assert_int_equal(info.concat.bits, 8);
    assert_int_equal(info.concat.ref, 0x84);
    assert_int_equal(info.concat.total, 3);
    assert_int_equal(info.concat.part, 2);
    info = read(LITERAL("\x06\x08\x04\x7E\x36\xFF\xFF"));
    assert_int_equal(info.concat.bits, 16);
    assert_int_equal(info.concat.ref, 0x7E36);
    assert_int_equal(info.concat.total, 255);
    assert_int_equal(info.concat.part, 255);
    /* Nonsense is ignored: number 0, number above total, total 0, wrong length. */
    assert_int_equal(read(LITERAL("\x05\x00\x03\x84\x02\x00")).concat.bits, 0);
    assert_int_equal(read(LITERAL("\x05\x00\x03\x84\x02\x03")).concat.bits, 0);
    assert_int_equal(read(LITERAL("\x05\x00\x03\x84\x00\x00")).concat.bits, 0);
    assert_int_equal(read(LITERAL("\x04\x00\x02\x84\x02")).concat.bits, 0);
    /* The last one wins; nonsense does not count. */
    info = read(LITERAL("\x0F\x00\x03\x01\x02\x01\x00\x03\x02\x02\x02\x00\x03\x03\x02\x09"));
    assert_int_equal(info.concat.ref, 2);
    assert_int_equal(info.concat.part, 2);
}

static void reads_ports_and_languages(void **state)
{
    (void)state;
    struct udh_info info = read(LITERAL("\x0C\x05\x04\x0B\x84\x23\xF0\x24\x01\x03\x25\x01\x50"));
    assert_int_equal(info.ports.bits, 16);
    assert_int_equal(info.ports.destination, 2948);
    assert_int_equal(info.ports.source, 9200);
    assert_int_equal(info.shift, 3);
    assert_int_equal(info.locking, 0x50);
    assert_int_equal(info.tables.shift, 3);
    assert_int_equal(info.tables.locking, 0);
    info = read(LITERAL("\x04\x04\x02\xF5\xF4"));
    assert_int_equal(info.ports.bits, 8);
    assert_int_equal(info.ports.destination, 245);
    assert_int_equal(info.ports.source, 244);
    assert_int_equal(info.shift, -1);
    assert_int_equal(info.locking, -1);
    /* Spanish has no locking table. */
    info = read(LITERAL("\x06\x25\x01\x02\x24\x01\x02"));
    assert_int_equal(info.tables.locking, 0);
    assert_int_equal(info.tables.shift, 2);
}

static void builds_headers(void **state)
{
    (void)state;
    struct udh udh = {0}, rest;
    assert_true(udh_add_concat(&udh, &(struct udh_concat){8, 2, 1, 0x46}));
    assert_true(slice_equal(udh_slice(&udh), LITERAL("\x05\x00\x03\x46\x02\x01")));
    assert_true(udh_add(&udh, 0x70, LITERAL("\xAA")));
    assert_true(udh_add_concat(&udh, &(struct udh_concat){16, 2, 1, 0x1234}));
    assert_true(slice_equal(udh_slice(&udh), LITERAL("\x0E\x00\x03\x46\x02\x01\x70\x01\xAA"
                                                     "\x08\x04\x12\x34\x02\x01")));
    udh_without_concat(udh_slice(&udh), &rest);
    assert_true(slice_equal(udh_slice(&rest), LITERAL("\x03\x70\x01\xAA")));
    udh_without_concat(LITERAL("\x05\x00\x03\x46\x02\x01"), &rest);
    assert_int_equal(rest.len, 0);
}

static void stops_at_its_size(void **state)
{
    (void)state;
    static const unsigned char octets[UDH_MAX] = {0};
    struct udh udh = {0};
    assert_false(udh_add(&udh, 0x70, slice_of(octets, UDH_MAX - 2)));
    assert_int_equal(udh.len, 0);
    assert_true(udh_add(&udh, 0x70, slice_of(octets, UDH_MAX - 3)));
    assert_int_equal(udh.len, UDH_MAX);
    assert_true(udh_check(udh_slice(&udh), NULL));
    assert_false(udh_add(&udh, 0x70, slice_unset()));
    assert_int_equal(udh.len, UDH_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(checks_lengths),      cmocka_unit_test(walks_over_unknown_elements),
        cmocka_unit_test(reads_concatenation), cmocka_unit_test(reads_ports_and_languages),
        cmocka_unit_test(builds_headers),      cmocka_unit_test(stops_at_its_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
