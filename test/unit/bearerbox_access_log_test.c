/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines of the access log, held against lines that Kannel wrote (recorded in the
 * description of its logs).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "gw/bearerbox/access_log.h"

static void expect_line(const char *format, const char *event, const char *smsc,
                        const struct sms *sms, const char *expected)
{
    struct bytes line = {0};

    access_log_format(&line, format, event, smsc, sms);
    assert_string_equal(bytes_str(&line), expected);
    bytes_free(&line);
}

static struct sms mt(void)
{
    struct sms sms = sms_blank();

    sms.service = slice_str("t");
    sms.sender = slice_str("1");
    sms.receiver = slice_str("3581");
    sms.msgdata = slice_str("x");
    sms.coding = SMS_CODING_7BIT;
    sms.dlr_mask = 31;
    return sms;
}

static void a_sent_text(void **state)
{
    struct sms sms = mt();

    (void)state;
    expect_line(NULL, "Sent SMS", "fake1", &sms,
                "Sent SMS [SMSC:fake1] [SVC:t] [ACT:] [BINF:] [FID:] [META:] [from:1] [to:3581] "
                "[flags:-1:0:-1:-1:31] [msg:1:x] [udh:0:]");
}

static void ucs2_is_shown_in_hex(void **state)
{
    static const unsigned char ucs2[] = {0x04, 0x3f, 0x04, 0x40};
    struct sms sms = mt();

    (void)state;
    sms.msgdata = slice_of(ucs2, sizeof ucs2);
    sms.coding = SMS_CODING_UCS2;
    sms.dlr_mask = SMS_UNSET;
    expect_line(NULL, "Sent SMS", "fake1", &sms,
                "Sent SMS [SMSC:fake1] [SVC:t] [ACT:] [BINF:] [FID:] [META:] [from:1] [to:3581] "
                "[flags:-1:2:-1:-1:-1] [msg:4:043F0440] [udh:0:]");
}

static void what_is_not_printable_becomes_dots(void **state)
{
    struct sms sms = mt();

    (void)state;
    sms.sender = slice_str("0035840123");
    sms.receiver = slice_str("999");
    sms.service = slice_unset();
    sms.msgdata = slice_str("esc h\xc3\xa4 \xe2\x82\xac");
    sms.dlr_mask = SMS_UNSET;
    expect_line(NULL, "Receive SMS", "fakeA", &sms,
                "Receive SMS [SMSC:fakeA] [SVC:] [ACT:] [BINF:] [FID:] [META:] [from:0035840123] "
                "[to:999] [flags:-1:0:-1:-1:-1] [msg:11:esc h.. ...] [udh:0:]");
}

static void a_format_of_the_operator(void **state)
{
    struct sms sms = sms_blank();

    (void)state;
    sms.time = 1795226971;
    sms.service = slice_str("svc");
    sms.sender = slice_str("999");
    sms.receiver = slice_str("3581");
    sms.dlr_mask = 8;
    sms.meta_data = slice_str("?orig_msg?dlr_mask=31&");
    sms.msgdata = slice_str("ACK/");
    sms.boxc_id = slice_str("A");
    assert_true(uuid_parse(slice_str("368fa5dc-c2d7-443a-a3c8-4c82db1a17df"), &sms.id));
    expect_line("%t|%l|i=%i|n=%n|p=%p|P=%P|d=%d|D=%D|b=%b|L=%L|I=%I|F=%F|x=%x|z=%z|pct=%%",
                "Receive DLR", "F1", &sms,
                "2026-11-21 02:09:31|Receive DLR|i=F1|n=svc|p=999|P=3581|d=8|"
                "D=?orig_msg?dlr_mask=31&|b=ACK/|L=4|I=368fa5dc-c2d7-443a-a3c8-4c82db1a17df|F=|"
                "x=A|z=%z|pct=%");
}

static void words_of_the_text(void **state)
{
    struct sms sms = mt();

    (void)state;
    sms.msgdata = slice_str("key  one t*o  three four");
    expect_line("%k,%s,%S,%r,%a", "x", NULL, &sms, "key,one,t~o,three+four,key one t*o three four");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sent_text),
        cmocka_unit_test(ucs2_is_shown_in_hex),
        cmocka_unit_test(what_is_not_printable_becomes_dots),
        cmocka_unit_test(a_format_of_the_operator),
        cmocka_unit_test(words_of_the_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
