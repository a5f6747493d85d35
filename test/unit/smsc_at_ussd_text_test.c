/* SPDX-License-Identifier: Apache-2.0 */
/* USSD in the forms that modems give and want. The packed texts were made by hand
 * from 3GPP TS 23.038, section 6.1.2.3. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gw/smsc/at/ussd_text.h"

static void assert_code(const char *code, enum at_ussd_form form, const char *expected)
{
    struct bytes got = {0};

    assert_true(at_ussd_is_sendable(slice_str(code)));
    at_ussd_append_code(&got, slice_str(code), form);
    assert_string_equal(bytes_str(&got), expected);
    bytes_free(&got);
}

static void codes(void **state)
{
    (void)state;
    assert_code("*100#", AT_USSD_PLAIN, "*100#");
    assert_code("*100#", AT_USSD_PACKED, "AA180C3602");
    assert_code("*100#", AT_USSD_UCS2, "002A0031003000300023");
    /* Seven characters: a CR fills the last octet (1234567 CR). */
    assert_code("1234567", AT_USSD_PACKED, "31D98C56B3DD1A");
    assert_code("1", AT_USSD_PACKED, "31");
}

static void what_cannot_be_sent(void **state)
{
    static const char *const codes[] = {"", "a\"b", "a\rAT", "a\nb", "a\x1b", "\xff\xfe", "Жук"};
    char longest[AT_USSD_CODE_MAX + 2];

    (void)state;
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        assert_false(at_ussd_is_sendable(slice_str(codes[i])));
    memset(longest, '1', sizeof longest);
    assert_true(at_ussd_is_sendable(slice_of(longest, AT_USSD_CODE_MAX)));
    assert_false(at_ussd_is_sendable(slice_of(longest, AT_USSD_CODE_MAX + 1)));
}

static void assert_text(const char *text, unsigned dcs, const char *expected)
{
    struct bytes got = {0};

    at_ussd_append_text(&got, slice_str(text), dcs);
    assert_string_equal(bytes_str(&got), expected);
    bytes_free(&got);
}

static void texts(void **state)
{
    (void)state;
    assert_text("Balance 5.00 EUR", 15, "Balance 5.00 EUR");
    assert_text("AA180C3602", 15, "*100#");
    assert_text("aa180c3602", 0, "*100#");
    assert_text("31D98C56B3DD1A", 15, "1234567");  /* the CR is filler */
    assert_text("31D98C56B3DD00", 15, "1234567");  /* so is a zero */
    assert_text("31D98C56B3DD70", 15, "12345678"); /* and this is none */
    assert_text("002A0031003000300023", 72, "*100#");
    assert_text("002A0031003000300023", 15, "*100#"); /* whatever it says */
    assert_text("0411043004430430", 0x48, "Бауа");
    assert_text("656E00480069", 0x11, "Hi"); /* two octets of language first */
    assert_text("48656C6C6F", 0x44, "Hello");
    assert_text("48656C6C6F", 0xf4, "Hello");
}

static void texts_that_only_look_like_hex(void **state)
{
    (void)state;
    assert_text("1250", 15, "1250");
    assert_text("12", 0, "12");
    assert_text("500", 15, "500");
    assert_text("CAFE5", 15, "CAFE5");
    assert_text("", 15, "");
    assert_text("Your 100", 72, "Your 100");
    assert_text("D800", 72, "D800");         /* half a character */
    assert_text("00010002", 72, "00010002"); /* nothing to print */
}

static void assert_read(const char *value, enum at_ussd_end end, const char *text)
{
    struct bytes got = {0};
    enum at_ussd_end found = AT_USSD_OTHER;

    assert_true(at_ussd_read(slice_str(value), &found, &got));
    assert_int_equal(found, end);
    assert_string_equal(bytes_str(&got), text);
    bytes_free(&got);
}

static void answers(void **state)
{
    struct bytes got = {0};
    enum at_ussd_end end;

    (void)state;
    assert_read(" 0,\"Balance 5.00 EUR\",15", AT_USSD_DONE, "Balance 5.00 EUR");
    assert_read("0,\"AA180C3602\",15", AT_USSD_DONE, "*100#");
    assert_read("1,\"1: Yes\n2: No\",15", AT_USSD_MORE, "1: Yes\n2: No");
    assert_read("0,\"Plan \"Max\" is on\",15", AT_USSD_DONE, "Plan \"Max\" is on");
    assert_read("0,\"no coding\"", AT_USSD_DONE, "no coding");
    assert_read("0,\"no end", AT_USSD_DONE, "no end");
    assert_read("0, \"blank\" , 15", AT_USSD_DONE, "blank");
    assert_read("2", AT_USSD_ENDED, "");
    assert_read("4", AT_USSD_UNKNOWN, "");
    assert_read("5", AT_USSD_TIMEOUT, "");
    assert_read("0,\"\",15", AT_USSD_DONE, "");
    assert_read("0,\"041104300443\",72", AT_USSD_DONE, "Бау");
    assert_false(at_ussd_read(slice_str("6,\"x\""), &end, &got));
    assert_false(at_ussd_read(slice_str(""), &end, &got));
    assert_false(at_ussd_read(slice_str("(0-2)"), &end, &got));
    assert_int_equal(got.len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes),   cmocka_unit_test(what_cannot_be_sent),
        cmocka_unit_test(texts),   cmocka_unit_test(texts_that_only_look_like_hex),
        cmocka_unit_test(answers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
