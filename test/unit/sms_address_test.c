/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unit tests of gw/sms/address; octets by 3GPP TS 23.040 section 9.1.2.5.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gw/sms/address.h"

#define LITERAL(text) slice_of(text, sizeof(text) - 1)

/* Text and type to octets, and back to the same. */
static void assert_both_ways(const char *text, int toa, struct slice expected)
{
    struct sms_address address, again;
    unsigned char octets[ADDRESS_OCTETS_MAX];
    size_t pos = 0;
    assert_true(address_from_text(slice_str(text), toa, &address, NULL));
    assert_true(slice_equal(slice_of(octets, address_encode(&address, octets)), expected));
    assert_true(address_decode(expected, &pos, &again, NULL));
    assert_int_equal(pos, expected.len);
    assert_int_equal(again.toa, expected.data[1]);
    assert_string_equal(again.text, address.text);
    assert_int_equal(again.len, address.len);
}

static void knows_the_types(void **state)
{
    (void)state;
    assert_both_ways("+491701234563", -1, LITERAL("\x0C\x91\x94\x71\x10\x32\x54\x36"));
    assert_both_ways("+4917012345677", -1, LITERAL("\x0D\x91\x94\x71\x10\x32\x54\x76\xF7"));
    assert_both_ways("491701234561", 0x91, LITERAL("\x0C\x91\x94\x71\x10\x32\x54\x16"));
    assert_both_ways("12342", -1, LITERAL("\x05\x81\x21\x43\xF2"));
    assert_both_ways("0170123451", 0xA1, LITERAL("\x0A\xA1\x10\x07\x21\x43\x15"));
    assert_both_ways("*100#", -1, LITERAL("\x05\x81\x1A\x00\xFB"));
    assert_both_ways("1a2bc", 0x81, LITERAL("\x05\x81\xC1\xD2\xFE"));
    assert_both_ways("", 0x80, LITERAL("\x00\x80"));
    assert_both_ways("12345678901234567890", 0x81,
                     LITERAL("\x14\x81\x21\x43\x65\x87\x09\x21\x43\x65\x87\x09"));
    assert_both_ways("sipgate", -1, LITERAL("\x0D\xD0\xF3\x34\xFC\x1C\xA6\x97\x01"));
    assert_both_ways("A", 0xD0, LITERAL("\x02\xD0\x41"));
    assert_both_ways("a@b", 0xD0, LITERAL("\x06\xD0\x61\x80\x18"));
    /* Eight characters fill 14 semi-octets, eleven 20. */
    assert_both_ways("abcdefgh", -1, LITERAL("\x0E\xD0\x61\xF1\x98\x5C\x36\x9F\xD1"));
    assert_both_ways("abcdefghijk", -1,
                     LITERAL("\x14\xD0\x61\xF1\x98\x5C\x36\x9F\xD1\x69\xF5\x1A"));
}

static void drops_the_plus_of_other_types(void **state)
{
    (void)state;
    struct sms_address address;
    assert_true(address_from_text(slice_str("+123"), 0x81, &address, NULL));
    assert_string_equal(address.text, "123");
    assert_true(address_from_text(slice_str("123"), 0x91, &address, NULL));
    assert_string_equal(address.text, "+123");
    assert_int_equal(address_ton(0xA1), ADDRESS_NATIONAL);
    assert_string_equal(address_ton_name(ADDRESS_ALPHANUMERIC), "alphanumeric");
}

static void assert_refused(const char *text, int toa, size_t octet)
{
    struct sms_address address = {.len = 99};
    struct sms_fault fault = {9999, NULL};
    assert_false(address_from_text(slice_str(text), toa, &address, &fault));
    assert_int_equal(fault.octet, octet);
    assert_non_null(fault.reason);
    assert_int_equal(address.len, 99);
}

static void refuses_bad_text(void **state)
{
    (void)state;
    assert_refused("123456789012345678901", -1, 20);
    assert_refused("+123456789012345678901", -1, 21);
    assert_refused("twelve chars", -1, 11);
    assert_refused("\xD0\xB1", -1, 0);
    assert_refused("12x", 0x81, 2);
    assert_refused("", 0xD0, 0);
}

static void reads_what_came(void **state)
{
    (void)state;
    struct sms_address address;
    size_t pos = 0;
    /* A filler within: the digits end there. */
    assert_true(address_decode(LITERAL("\x04\x81\x21\xF3"), &pos, &address, NULL));
    assert_string_equal(address.text, "123");
    /* An odd length: the filler's place is not looked at. */
    pos = 1;
    assert_true(address_decode(LITERAL("?\x03\x91\x21\x43"), &pos, &address, NULL));
    assert_string_equal(address.text, "+123");
    assert_int_equal(pos, 5);
    /* Alphanumeric of odd length: 13 semi-octets hold seven characters. */
    pos = 0;
    assert_true(
        address_decode(LITERAL("\x0D\xD0\xF3\x34\xFC\x1C\xA6\x97\x01"), &pos, &address, NULL));
    assert_string_equal(address.text, "sipgate");
}

static void assert_bad_octets(struct slice octets, size_t octet)
{
    struct sms_address address;
    struct sms_fault fault = {9999, NULL};
    size_t pos = 0;
    assert_false(address_decode(octets, &pos, &address, &fault));
    assert_int_equal(fault.octet, octet);
    assert_int_equal(pos, 0);
}

static void refuses_bad_octets(void **state)
{
    (void)state;
    assert_bad_octets(LITERAL(""), 0);
    assert_bad_octets(LITERAL("\x03"), 1);
    assert_bad_octets(LITERAL("\x03\x91\x21"), 3);
    assert_bad_octets(LITERAL("\x15\x91\x21\x21\x21\x21\x21\x21\x21\x21\x21\x21\x21"), 0);
}

static void handles_the_service_centre(void **state)
{
    (void)state;
    struct sms_address address;
    unsigned char octets[ADDRESS_OCTETS_MAX];
    struct sms_fault fault;
    size_t pos = 0;
    struct slice wire = LITERAL("\x07\x91\x94\x71\x22\x72\x30\x33");
    assert_true(address_decode_smsc(wire, &pos, &address, NULL));
    assert_int_equal(pos, 8);
    assert_string_equal(address.text, "+491722270333");
    assert_true(slice_equal(slice_of(octets, address_encode_smsc(&address, octets)), wire));
    pos = 0;
    assert_true(address_decode_smsc(LITERAL("\x00"), &pos, &address, NULL));
    assert_false(address.present);
    assert_int_equal(pos, 1);
    assert_int_equal(address_encode_smsc(&address, octets), 1);
    assert_int_equal(octets[0], 0);
    pos = 0;
    assert_true(address_decode_smsc(LITERAL("\x01\x91"), &pos, &address, NULL));
    assert_true(address.present);
    assert_string_equal(address.text, "+");
    pos = 0;
    assert_false(address_decode_smsc(LITERAL("\x0C\x91"), &pos, &address, &fault));
    assert_int_equal(fault.octet, 0);
    assert_false(address_decode_smsc(LITERAL("\x03\x91\x21"), &pos, &address, &fault));
    assert_int_equal(fault.octet, 3);
    assert_false(address_decode_smsc(LITERAL(""), &pos, &address, &fault));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_the_types),    cmocka_unit_test(drops_the_plus_of_other_types),
        cmocka_unit_test(refuses_bad_text),   cmocka_unit_test(reads_what_came),
        cmocka_unit_test(refuses_bad_octets), cmocka_unit_test(handles_the_service_centre),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
