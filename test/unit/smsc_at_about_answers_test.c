/* SPDX-License-Identifier: Apache-2.0 */
/* What modems answer about themselves: forms from manuals and from the wild. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gw/smsc/at/about_answers.h"

static struct bytes got;

static int teardown(void **state)
{
    (void)state;
    bytes_free(&got);
    return 0;
}

static void assert_field(const char *value, unsigned n, const char *expected)
{
    struct slice field = at_about_field(slice_str(value), n);

    if (expected == NULL) {
        assert_false(slice_is_set(field));
        return;
    }
    assert_int_equal(field.len, strlen(expected));
    assert_memory_equal(field.data, expected, field.len);
}

static void fields(void **state)
{
    (void)state;
    assert_field("0,0,\"A, B\",2", 2, "A, B");
    assert_field("0,0,\"A, B\",2", 3, "2");
    assert_field(" 1 , \"x\" ", 1, "x");
    assert_field("1,\"00C3,2", 1, "00C3");
    assert_field("1,\"00C3,2", 2, "2");
    assert_field("1,,3", 1, "");
    assert_field("1", 1, NULL);
    assert_field("", 0, "");
    assert_field("\"", 0, "");
}

/* 0: no signal known. */
static void assert_signal(const char *lines, int dbm, bool weak)
{
    struct at_signal signal = {0, false};

    assert_int_equal(at_about_signal(slice_str(lines), &signal), dbm != 0);
    assert_int_equal(signal.dbm, dbm);
    assert_int_equal(signal.weak, weak);
}

/* 3GPP TS 27.007, sections 8.5 and 8.69: -113 + 2 n; rxlev, rscp, rsrp. */
static void signal_strength(void **state)
{
    (void)state;
    assert_signal("+CSQ: 20,99", -73, false);
    assert_signal("+CSQ:31,0", -51, false);
    assert_signal("+CSQ: 5", -103, true);
    assert_signal("+CSQ: 6, 99", -101, false);
    assert_signal("+CSQ: 0,0", -113, true);
    assert_signal("^RSSI: 3\n+CSQ: 18,99", -77, false);
    assert_signal("+CSQ: 99,99", 0, false);
    assert_signal("+CSQ: 32,99", 0, false);
    assert_signal("+CSQ: 191,99", -25, false);
    assert_signal("+CSQ: 199,99", 0, false);
    assert_signal("+CESQ: 30,99,255,255,255,255", -81, false);
    assert_signal("+CESQ: 99,99,40,255,255,255", -81, false);
    assert_signal("+CESQ: 99,99,255,255,20,46", -95, false);
    assert_signal("+CESQ: 99,99,255,255,0,20", -121, true);
    assert_signal("+CESQ: 99,99,255,255,255,255", 0, false);
    assert_signal("^HCSQ: \"LTE\",46,37,121,18", -75, false);
    assert_signal("^HCSQ:\"WCDMA\",30,30,58", -91, false);
    assert_signal("^HCSQ: \"NOSERVICE\"", 0, false);
    assert_signal("^HCSQ: \"GSM\",255", 0, false);
    assert_signal("+QCSQ: \"LTE\",-62,-94,132,-11", -62, false);
    assert_signal("+QCSQ: \"GSM\",-105", -105, true);
    assert_signal("+QCSQ: \"NOSERVICE\"", 0, false);
    assert_signal("+CSQ:", 0, false);
    assert_signal("", 0, false);
    assert_signal("+CSQ: 20.5", 0, false);
}

static void assert_operator(const char *lines, const char *expected, bool is_numeric)
{
    bool numeric = false;

    bytes_clear(&got);
    assert_int_equal(at_about_operator(slice_str(lines), &got, &numeric), expected != NULL);
    assert_string_equal(bytes_str(&got), expected != NULL ? expected : "");
    assert_int_equal(numeric, is_numeric);
}

static void operators(void **state)
{
    (void)state;
    assert_operator("+COPS: 0,0,\"Vodafone.de\",2", "Vodafone.de", false);
    assert_operator("+COPS:0,0,\"T-Mobile D\"", "T-Mobile D", false);
    assert_operator("+COPS: 0,2,\"26201\",7", "26201", true);
    assert_operator("+COPS: 1,2,26202", "26202", true);
    assert_operator("+COPS: 0,0,BOOKOK", "BOOKOK", false);
    assert_operator("+COPS: 0,0,\"One, Two\"", "One, Two", false);
    assert_operator("+COPS: 0,0,\"No end", "No end", false);
    assert_operator("+COPS: 0,0,\"0056006F0064006100660045\",2", "VodafE", false);
    assert_operator("+COPS: 0,0,\"041C04220421\"", "МТС", false);
    assert_operator("+COPS: 0", NULL, false);
    assert_operator("+COPS: 0,0,\"\"", NULL, false);
    assert_operator("+COPS: 2,,", NULL, false);
    assert_operator("OK", NULL, false);
}

static void registrations(void **state)
{
    (void)state;
    assert_string_equal(at_about_registration(1), "home");
    assert_string_equal(at_about_registration(5), "roaming");
    assert_string_equal(at_about_registration(6), "home, SMS only");
    assert_string_equal(at_about_registration(7), "roaming, SMS only");
    assert_string_equal(at_about_registration(3), "denied");
    assert_string_equal(at_about_registration(10), "roaming, CSFB not preferred");
    assert_null(at_about_registration(11));
    assert_null(at_about_registration(-1));
}

typedef bool reader(struct slice lines, struct bytes *value);

static void assert_read(reader *read, const char *lines, const char *expected)
{
    bytes_clear(&got);
    assert_int_equal(read(slice_str(lines), &got), expected != NULL);
    assert_string_equal(bytes_str(&got), expected != NULL ? expected : "");
}

static void identities(void **state)
{
    (void)state;
    assert_read(at_about_text, "\n\nSIEMENS", "SIEMENS");
    assert_read(at_about_text, "+CGMM: \"SIM7600E\"", "SIM7600E");
    assert_read(at_about_text, "Revision: 1.2", "Revision: 1.2");
    assert_read(at_about_text, "+CGMR:\n11.608", "11.608");
    assert_read(at_about_text, "", NULL);
    assert_read(at_about_imei, "356938035643809", "356938035643809");
    assert_read(at_about_imei, "+CGSN: \"356938035643809\"", "356938035643809");
    assert_read(at_about_imei, "IMEI: 3569380356438091", "3569380356438091");
    assert_read(at_about_imei, "12345", NULL);
    assert_read(at_about_imsi, "262011234560001", "262011234560001");
    assert_read(at_about_imsi, "+CIMI: 26201123456000", "26201123456000");
    assert_read(at_about_imsi, "ERR 99", NULL);
    assert_read(at_about_imsi, "1234567890123456", NULL);
}

static void cards(void **state)
{
    (void)state;
    assert_read(at_about_iccid, "+CCID: \"8949011234567890123\"", "8949011234567890123");
    assert_read(at_about_iccid, "8949011234567890123f", "8949011234567890123");
    assert_read(at_about_iccid, "^ICCID: 98941021436587092143", "89490112345678901234");
    assert_read(at_about_iccid, "+QCCID: 989410214365870921F3", "8949011234567890123");
    assert_read(at_about_iccid, "+ICCID:894901123456789012", "894901123456789012");
    assert_read(at_about_iccid, "8949", NULL);
    assert_read(at_about_iccid, "ABCDEFABCDEFABCDEFAB", NULL);
}

static void numbers(void **state)
{
    (void)state;
    assert_read(at_about_number, "+CNUM: \"Own\",\"+491709990001\",145,7,4", "+491709990001");
    assert_read(at_about_number, "+CNUM: ,\"491709990001\",145", "+491709990001");
    assert_read(at_about_number, "+CNUM: \"\",\"01709990001\",129", "01709990001");
    assert_read(at_about_number, "+CNUM: \"Line 1\",\"\",129\n+CNUM: \"a,b\",\"0171\",129", "0171");
    assert_read(at_about_number, "+CNUM: \"Msisdn\",\"\",255", NULL);
    assert_read(at_about_number, "+CNUM: \"x\",\"12a4\",129", NULL);
    assert_read(at_about_number, "+CNUM: \"\",\"0034003900310037\",145", "+4917");
    assert_read(at_about_number, "", NULL);
    assert_read(at_about_service_centre, "+CSCA: \"+491710760000\",145", "+491710760000");
    assert_read(at_about_service_centre, "+CSCA:\"491710760000\",145", "+491710760000");
    assert_read(at_about_service_centre, "+CSCA: \"002B0034003900310037003100300037\",145",
                "+4917107");
    assert_read(at_about_service_centre, "+CSCA: \"\",129", NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields),
        cmocka_unit_test(signal_strength),
        cmocka_unit_test_teardown(operators, teardown),
        cmocka_unit_test(registrations),
        cmocka_unit_test_teardown(identities, teardown),
        cmocka_unit_test_teardown(cards, teardown),
        cmocka_unit_test_teardown(numbers, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
