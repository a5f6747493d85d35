/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What modems say in text mode: the forms of 3GPP TS 27.005 section 3, and what
 * is none.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "gw/smsc/at/text_mode.h"

static struct at_text_header header;

static void assert_slice(struct slice got, const char *want)
{
    assert_true(slice_equal_str(got, want));
}

/* --- character sets --------------------------------------------------------------- */

static void offered(void **state)
{
    (void)state;
    assert_int_equal(at_charsets_offered(slice_str("(\"GSM\",\"IRA\",\"UCS2\")")),
                     1 << AT_GSM | 1 << AT_IRA | 1 << AT_UCS2);
    assert_int_equal(at_charsets_offered(slice_str("\"gsm\",\"8859-1\",\"PCCP437\"")),
                     1 << AT_GSM | 1 << AT_LATIN1);
    assert_int_equal(at_charsets_offered(slice_str("(GSM)")), 0);
    assert_int_equal(at_charsets_offered(slice_str("(\"GSM")), 0);
    assert_int_equal(at_charsets_offered(slice_str("")), 0);
    assert_string_equal(at_charset_name(AT_LATIN1), "8859-1");
}

/* NULL: it has no place. */
static void assert_encoded(enum at_charset charset, const char *text, const char *want)
{
    struct bytes out = {0};

    bytes_append_str(&out, "x");
    assert_int_equal(at_charset_encode(charset, slice_str(text), &out), want != NULL);
    assert_slice(slice_sub(bytes_slice(&out), 1, out.len), want != NULL ? want : "");
    bytes_free(&out);
}

static void encoding(void **state)
{
    (void)state;
    assert_encoded(AT_IRA, "Hi [1]", "Hi [1]");
    assert_encoded(AT_IRA, "ü", NULL);
    assert_encoded(AT_IRA, "a\rb", NULL);
    assert_encoded(AT_IRA, "a\x1a", NULL);
    assert_encoded(AT_LATIN1, "ü", "\xfc");
    assert_encoded(AT_LATIN1, "€", NULL);
    assert_encoded(AT_GSM, "ü_$", "\x7e\x11\x02");
    assert_encoded(AT_GSM, "[", NULL); /* an ESC would leave the prompt */
    assert_encoded(AT_GSM, "Ж", NULL);
    assert_encoded(AT_UCS2, "aЖ", "00610416");
    assert_encoded(AT_UCS2, "😀", "D83DDE00");
    assert_encoded(AT_UCS2, "\xff", NULL);
}

static void assert_decoded(enum at_charset charset, const char *text, const char *want)
{
    struct bytes out = {0};

    at_charset_decode(charset, slice_str(text), &out);
    assert_string_equal(bytes_str(&out), want);
    bytes_free(&out);
}

static void decoding(void **state)
{
    (void)state;
    assert_decoded(AT_IRA, "Hi", "Hi");
    assert_decoded(AT_LATIN1, "\xfc", "ü");
    assert_decoded(AT_GSM, "\x7e\x1b\x65", "ü€");
    assert_decoded(AT_GSM, "\xfc", "ü"); /* no septet */
    assert_decoded(AT_UCS2, "00610416", "aЖ");
    assert_decoded(AT_UCS2, "0061041", "0061041");
    assert_decoded(AT_UCS2, "D83D0041", "A"); /* half a character is left out */
    assert_decoded(AT_UCS2, "Grüße", "Grüße");
}

/* --- headers ------------------------------------------------------------------------ */

static void messages(void **state)
{
    (void)state;
    assert_true(at_text_read_cmt(slice_str("\"+4930\",\"Me, myself\",\"26/11/27,19:00:00+04\","
                                           "145,4,0,8,\"+491710760000\",145,12"),
                                 &header));
    assert_int_equal(header.kind, AT_TEXT_DELIVER);
    assert_slice(header.address, "+4930");
    assert_int_equal(header.time, 1795802400); /* 18:00 UTC */
    assert_int_equal(header.toa, 145);
    assert_int_equal(header.fo, 4);
    assert_int_equal(header.pid, 0);
    assert_int_equal(header.dcs, 8);
    assert_int_equal(header.length, 12);
    /* As with AT+CSDH=0. */
    assert_true(at_text_read_cmt(slice_str("\"+4930\",,\"99/02/28,23:59:59-08\""), &header));
    assert_int_equal(header.time, 920253599);
    assert_int_equal(header.dcs, -1);
    assert_int_equal(header.length, -1);
    /* What only looks like it. */
    assert_true(at_text_read_cmt(slice_str("\"+49"), &header));
    assert_slice(header.address, "+49");
    assert_int_equal(header.time, -1);
    assert_true(at_text_read_cmt(slice_str("1,,\"99/13/01,00:00:00+00\""), &header));
    assert_int_equal(header.time, -1);
}

static void reports(void **state)
{
    (void)state;
    assert_true(at_text_read_cds(slice_str("6,255,\"+4930\",145,\"26/11/27,19:00:00+04\","
                                           "\"26/11/27,19:00:05+04\",48"),
                                 &header));
    assert_int_equal(header.kind, AT_TEXT_REPORT);
    assert_int_equal(header.mr, 255);
    assert_int_equal(header.st, 48);
    assert_slice(header.address, "+4930");
    assert_int_equal(header.time, 1795802405);
    assert_true(at_text_read_cds(slice_str("6,7,,,\"26/11/27,19:00:00+04\",,0"), &header));
    assert_slice(header.address, "");
    assert_int_equal(header.time, -1);
    assert_false(at_text_read_cds(slice_str("26"), &header)); /* as in PDU mode */
    assert_false(at_text_read_cds(slice_str("6,300,,,,,0"), &header));
    assert_false(at_text_read_cds(slice_str(""), &header));
}

static void stored_ones(void **state)
{
    (void)state;
    assert_true(at_text_read_cmgr(slice_str("\"REC UNREAD\",\"+4930\",,\"26/11/27,19:00:00+04\""),
                                  &header));
    assert_true(header.unread);
    assert_int_equal(header.kind, AT_TEXT_DELIVER);
    assert_slice(header.address, "+4930");
    assert_true(
        at_text_read_cmgr(slice_str("\"rec read\",6,9,\"+4930\",145,\"26/11/27,19:00:00+04\""
                                    ",\"26/11/27,19:00:05+04\",0"),
                          &header));
    assert_int_equal(header.kind, AT_TEXT_REPORT);
    assert_int_equal(header.mr, 9);
    assert_false(header.unread);
    assert_true(
        at_text_read_cmgr(slice_str("\"STO SENT\",\"+4930\",,145,17,0,0,167,,,5"), &header));
    assert_int_equal(header.kind, AT_TEXT_SUBMIT);
    assert_true(at_text_read_cmgr(slice_str("1,\"+4930\","), &header)); /* a number, on some */
    assert_false(at_text_read_cmgr(slice_str("\"REC\",\"+4930\","), &header));
    assert_false(at_text_read_cmgr(slice_str("\"REC READ\""), &header));
    assert_false(at_text_read_cmgr(slice_str(""), &header));
}

static void lists(void **state)
{
    bool received, unread;
    long index;

    (void)state;
    assert_true(
        at_text_read_cmgl(slice_str("12,\"REC UNREAD\",\"+4930\",,"), &index, &received, &unread));
    assert_int_equal(index, 12);
    assert_true(received && unread);
    assert_true(at_text_read_cmgl(slice_str("0,1,,24"), &index, &received, &unread));
    assert_int_equal(index, 0);
    assert_true(received && !unread);
    assert_true(at_text_read_cmgl(slice_str("3, 2,,24"), &index, &received, &unread));
    assert_false(received);
    assert_false(at_text_read_cmgl(slice_str("x,0,,24"), &index, &received, &unread));
    assert_false(at_text_read_cmgl(slice_str("3,7,,24"), &index, &received, &unread));
    assert_false(at_text_read_cmgl(slice_str("3"), &index, &received, &unread));
}

/* --- texts ---------------------------------------------------------------------------- */

static void assert_content(int dcs, int fo, int length, enum at_charset charset, const char *text,
                           enum dcs_alphabet alphabet, const char *udh, const char *content)
{
    struct at_text_content got = {.alphabet = DCS_GSM7};
    struct bytes hex = {0};

    at_text_read_cmt(slice_str(""), &header);
    header.dcs = dcs;
    header.fo = fo;
    header.length = length;
    at_text_read_content(&header, charset, slice_str(text), &got);
    assert_int_equal(got.alphabet, alphabet);
    bytes_append_hex(&hex, bytes_slice(&got.udh), true);
    assert_string_equal(bytes_str(&hex), udh);
    bytes_clear(&hex);
    if (alphabet == DCS_GSM7)
        bytes_append_slice(&hex, bytes_slice(&got.content));
    else
        bytes_append_hex(&hex, bytes_slice(&got.content), true);
    assert_string_equal(bytes_str(&hex), content);
    bytes_free(&hex);
    bytes_free(&got.udh);
    bytes_free(&got.content);
}

static void contents(void **state)
{
    (void)state;
    assert_content(0, 4, 2, AT_IRA, "Hi", DCS_GSM7, "", "Hi");
    assert_content(-1, -1, -1, AT_UCS2, "00480069", DCS_GSM7, "", "Hi");
    assert_content(-1, -1, -1, AT_UCS2, "00480416", DCS_UCS2, "", "00480416");
    assert_content(0, 4, 8, AT_UCS2, "12345678", DCS_GSM7, "", "12345678"); /* it is plain */
    assert_content(0, 4, 2, AT_IRA, "00480069", DCS_GSM7, "", "Hi"); /* the set has changed */
    assert_content(8, 4, 4, AT_IRA, "00480416", DCS_UCS2, "", "00480416");
    assert_content(8, 4, 2, AT_UCS2, "Жук", DCS_UCS2, "", "04160443043A");
    assert_content(8, 0x44, 10, AT_IRA,
                   "050003010201"
                   "0416",
                   DCS_UCS2, "050003010201", "0416");
    assert_content(4, 4, 2, AT_IRA, "00FF", DCS_8BIT, "", "00FF");
    assert_content(4, 0x44, 9, AT_IRA,
                   "0605040B8423F0"
                   "00FF",
                   DCS_8BIT, "0605040B8423F0", "00FF");
    assert_content(4, 0x44, 2, AT_IRA, "7000", DCS_8BIT, "", "7000"); /* no header fits */
    assert_content(4, 4, 2, AT_IRA, "xyz", DCS_8BIT, "", "78797A");
    /* Header, a fill bit, then the septets 48 69 21: 48 << 1 | 69 << 8 | 21 << 15. */
    assert_content(0, 0x44, 10, AT_UCS2,
                   "0500030A0201"
                   "90E910",
                   DCS_GSM7, "0500030A0201", "Hi!");
    assert_content(0, 0x44, 2, AT_IRA, "Hi", DCS_GSM7, "", "Hi"); /* shown without it */
}

static void assert_address(const char *raw, int toa, enum at_charset charset, const char *want)
{
    struct bytes got = {0};

    at_text_read_cmt(slice_str(""), &header);
    header.address = slice_str(raw);
    header.toa = toa;
    at_text_read_address(&header, charset, &got);
    assert_string_equal(bytes_str(&got), want);
    bytes_free(&got);
}

static void addresses(void **state)
{
    (void)state;
    assert_address("+4930", 145, AT_IRA, "+4930");
    assert_address("002B0034", 145, AT_UCS2, "+4");
    assert_address("+4930", 145, AT_UCS2, "+4930");
    assert_address("12345678", 129, AT_UCS2, "12345678"); /* not as it should be */
    assert_address("0416", 208, AT_UCS2, "Ж");
    assert_address("", -1, AT_UCS2, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(offered),  cmocka_unit_test(encoding), cmocka_unit_test(decoding),
        cmocka_unit_test(messages), cmocka_unit_test(reports),  cmocka_unit_test(stored_ones),
        cmocka_unit_test(lists),    cmocka_unit_test(contents), cmocka_unit_test(addresses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
