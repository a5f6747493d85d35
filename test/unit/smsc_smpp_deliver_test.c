/* SPDX-License-Identifier: Apache-2.0 */
/*
 * deliver_sm and data_sm as messages. The expected values are what Debian's
 * bearerbox 1.4.5 told its boxes about the same PDUs; where we differ it is said.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "gw/conf/schema.h"
#include "gw/smsc/smpp/deliver.h"

static struct conf *conf;
static struct smpp_settings settings;
static struct deliver_scratch scratch;
static struct sms sms;

static void set_up(const char *variables)
{
    struct conf_problems problems = {0};
    struct bytes text = {0};

    bytes_printf(&text,
                 "group = smsc\nsmsc = smpp\nsmsc-id = S1\nhost = h\nport = 1\nsmsc-username = u\n"
                 "smsc-password = p\nsystem-type = VMA\n%s\n",
                 variables);
    conf = conf_parse(bytes_slice(&text), "test.conf", schema_get(), &problems);
    settings = (struct smpp_settings){0};
    if (!settings_read(&settings, conf_first(conf, "smsc"), &problems))
        fail_msg("%s", problems.items[0].text);
    conf_problems_free(&problems);
    bytes_free(&text);
}

static void tear_down(void)
{
    settings_free(&settings);
    conf_free(conf);
    deliver_scratch_free(&scratch);
    scratch = (struct deliver_scratch){0};
}

static struct smpp_pdu plain(void)
{
    struct smpp_pdu pdu = smpp_pdu_blank(SMPP_DELIVER_SM, 1);

    pdu.sm.source_addr_ton = 1;
    pdu.sm.source_addr = slice_str("4670123456");
    pdu.sm.dest_addr_ton = 1;
    pdu.sm.destination_addr = slice_str("4670999");
    pdu.sm.short_message = slice_str("hi");
    return pdu;
}

static void read_it(const struct smpp_pdu *pdu)
{
    assert_int_equal(deliver_read_message(&scratch, &settings, pdu, &sms), SMPP_ESME_ROK);
}

static void assert_text(struct slice slice, const char *text)
{
    if (!slice_equal_str(slice, text))
        fail_msg("'%.*s' is not '%s'", (int)slice.len, (const char *)slice.data, text);
}

static void a_message(void **state)
{
    struct smpp_pdu pdu = plain();

    (void)state;
    set_up("");
    read_it(&pdu);
    assert_text(sms.sender, "+4670123456");
    assert_text(sms.receiver, "+4670999");
    assert_text(sms.msgdata, "hi");
    assert_text(sms.account, "u");
    assert_text(sms.meta_data, "?smpp?");
    assert_int_equal(sms.coding, 0);
    assert_int_equal(sms.compress, 0);
    assert_int_equal(sms.pid, 0);
    assert_int_equal(sms.alt_dcs, 0);
    assert_int_equal(sms.priority, 0);
    assert_int_equal(sms.mclass, SMS_UNSET);
    assert_int_equal(sms.rpi, SMS_UNSET);
    assert_false(slice_is_set(sms.udhdata));
    assert_false(slice_is_set(sms.binfo));
    pdu.sm.protocol_id = 65;
    pdu.sm.priority_flag = 2;
    pdu.sm.service_type = slice_str("WAP");
    pdu.sm.esm_class = SMPP_ESM_REPLY_PATH;
    read_it(&pdu);
    assert_int_equal(sms.pid, 65);
    assert_int_equal(sms.priority, 2);
    assert_text(sms.binfo, "WAP");
    assert_int_equal(sms.rpi, 1);
    tear_down();
}

static void check_sender(uint8_t ton, const char *address, const char *expected)
{
    struct smpp_pdu pdu = plain();

    pdu.sm.source_addr_ton = ton;
    pdu.sm.source_addr = slice_str(address);
    read_it(&pdu);
    assert_text(sms.sender, expected);
}

static void addresses(void **state)
{
    struct smpp_pdu pdu = plain();

    (void)state;
    set_up("");
    check_sender(1, "123", "+123");
    check_sender(1, "+4670", "+4670");
    check_sender(0, "07012", "07012");
    check_sender(2, "abc", "abc");
    check_sender(5,
                 "Gr\xF6\xDF"
                 "e",
                 "Gr\xC3\xB6\xC3\x9F"
                 "e"); /* Kannel: as it came */
    tear_down();
    set_up("my-number = 555\nalt-addr-charset = gsm");
    check_sender(5,
                 "Gr|\x1E"
                 "e",
                 "Gr\xC3\xB6\xC3\x9F"
                 "e");
    read_it(&pdu);
    assert_text(sms.receiver, "555");
    tear_down();
}

struct coding_case {
    uint8_t data_coding;
    int coding, mclass, mwi, compress, alt_dcs;
    const char *text; /* of 00 'a' E4 1B 'e'; NULL: the octets */
};

#define GSM_TEXT "@a?\xE2\x82\xAC" /* Kannel leaves E4 out */

static const struct coding_case codings[] = {
    {0x00, 0, -1, -1, 0, 0, GSM_TEXT}, {0x02, 1, -1, -1, 0, 0, NULL},
    {0x04, 1, -1, -1, 0, 0, NULL},     {0x08, 2, -1, -1, 0, 0, NULL},
    {0x10, 0, 0, -1, 0, 0, GSM_TEXT},  {0x11, 0, 1, -1, 0, 0, GSM_TEXT},
    {0x14, 1, 0, -1, 0, 0, NULL},      {0x18, 2, 0, -1, 0, 0, NULL},
    {0x20, 0, -1, -1, 1, 0, GSM_TEXT}, {0xC0, 0, -1, 4, -1, 0, GSM_TEXT},
    {0xD8, 0, -1, 0, -1, 0, GSM_TEXT}, {0xE8, 2, -1, 0, -1, 0, NULL}, /* Kannel: coding 0 */
    {0xF0, 0, 0, -1, -1, 1, GSM_TEXT}, {0xF1, 0, 1, -1, -1, 1, GSM_TEXT},
    {0xF5, 1, 1, -1, -1, 1, NULL},
};

static void check_coding(const struct coding_case *c)
{
    static const char octets[] = "\0a\xE4\x1B"
                                 "e";
    struct smpp_pdu pdu = plain();

    pdu.sm.data_coding = c->data_coding;
    pdu.sm.short_message = slice_of(octets, 5);
    read_it(&pdu);
    if (sms.coding != c->coding || sms.mclass != c->mclass || sms.mwi != c->mwi ||
        sms.compress != c->compress || sms.alt_dcs != c->alt_dcs)
        fail_msg("0x%02x: coding %d, mclass %d, mwi %d, compress %d, alt_dcs %d", c->data_coding,
                 sms.coding, sms.mclass, sms.mwi, sms.compress, sms.alt_dcs);
    if (c->text != NULL)
        assert_text(sms.msgdata, c->text);
    else
        assert_true(slice_equal(sms.msgdata, slice_of(octets, 5)));
}

static void data_codings(void **state)
{
    (void)state;
    set_up("");
    for (size_t i = 0; i < sizeof codings / sizeof codings[0]; i++)
        check_coding(&codings[i]);
    tear_down();
}

static void check_charset(uint8_t data_coding, const char *octets, const char *text)
{
    struct smpp_pdu pdu = plain();

    pdu.sm.data_coding = data_coding;
    pdu.sm.short_message = slice_str(octets);
    read_it(&pdu);
    assert_text(sms.msgdata, text);
    assert_int_equal(sms.coding, 0);
}

static void charsets(void **state)
{
    (void)state;
    set_up("");
    check_charset(0x01, "a\xE4", "a\xC3\xA4"); /* Kannel: as it came */
    check_charset(0x03, "a\xE4", "a\xC3\xA4");
    check_charset(0x06, "a\xE4", "a\xD1\x84");       /* ef */
    check_charset(0x07, "\xE4", "\xD7\x94");         /* he */
    check_charset(0x05, "\x83\x65", "\xE3\x83\x86"); /* katakana te */
    check_charset(0x0D, "\xA5\xC6", "\xE3\x83\x86");
    check_charset(0x0E, "\xB0\xA1", "\xEA\xB0\x80"); /* hangul ga */
    tear_down();
    set_up("alt-charset = ISO-8859-1");
    check_charset(0x00, "@\xE4", "@\xC3\xA4");
    check_charset(0x03, "@\xE4", "@\xC3\xA4");
    tear_down();
}

static void check_header(const char *octets, size_t len, uint32_t status, const char *udh,
                         size_t udh_len, const char *text)
{
    struct smpp_pdu pdu = plain();

    pdu.sm.esm_class = SMPP_ESM_UDHI;
    pdu.sm.short_message = slice_of(octets, len);
    assert_int_equal(deliver_read_message(&scratch, &settings, &pdu, &sms), status);
    if (status != SMPP_ESME_ROK)
        return;
    assert_true(slice_equal(sms.udhdata, slice_of(udh, udh_len)));
    assert_text(sms.msgdata, text);
}

static void headers(void **state)
{
    (void)state;
    set_up("");
    check_header("\5\0\3\1\2\1ab", 8, SMPP_ESME_ROK, "\5\0\3\1\2\1", 6, "ab");
    check_header("\6\5\4\x15\x81\0\0", 7, SMPP_ESME_ROK, "\6\5\4\x15\x81\0\0", 7, "");
    check_header("\x09\0\3", 3, SMPP_ESME_RINVESMCLASS, NULL, 0, NULL);
    check_header("\5\0\x09\1\2\1ab", 8, SMPP_ESME_RINVESMCLASS, NULL, 0, NULL);
    check_header("", 0, SMPP_ESME_RINVESMCLASS, NULL, 0, NULL);
    tear_down();
}

static void segments(void **state)
{
    struct smpp_pdu pdu = plain();

    (void)state;
    set_up("");
    pdu.tlvs = slice_of("\x02\x0C\0\2\1\7\x02\x0E\0\1\3\x02\x0F\0\1\2", 16);
    read_it(&pdu);
    assert_true(slice_equal(sms.udhdata, slice_of("\6\x08\4\1\7\3\2", 7)));
    assert_text(sms.msgdata, "hi");
    pdu.tlvs = slice_of("\x02\x0C\0\2\1\7\x02\x0E\0\1\3\x02\x0F\0\1\4", 16); /* 4 of 3 */
    read_it(&pdu);
    assert_false(slice_is_set(sms.udhdata));
    tear_down();
}

static void payloads(void **state)
{
    struct smpp_pdu pdu = plain();

    (void)state;
    set_up("");
    pdu.sm.short_message = slice_of("", 0);
    read_it(&pdu);
    assert_text(sms.msgdata, "");
    pdu.tlvs = slice_of("\x04\x24\0\x07payload", 11);
    read_it(&pdu);
    assert_text(sms.msgdata, "payload");
    tear_down();
}

static void data_sm_is_the_same(void **state)
{
    struct smpp_pdu pdu = smpp_pdu_blank(SMPP_DATA_SM, 1);
    struct smsc_report report;

    (void)state;
    set_up("");
    pdu.data.source_addr_ton = 1;
    pdu.data.source_addr = slice_str("4670");
    pdu.data.destination_addr = slice_str("1000");
    pdu.data.data_coding = 3;
    pdu.tlvs = slice_of("\x04\x24\0\x02"
                        "a\xE4",
                        6);
    assert_false(deliver_is_receipt(&pdu));
    read_it(&pdu);
    assert_text(sms.sender, "+4670");
    assert_text(sms.receiver, "1000");
    assert_text(sms.msgdata, "a\xC3\xA4");
    pdu.data.esm_class = SMPP_ESM_RECEIPT;
    pdu.tlvs = slice_of("\x00\x1E\0\x02"
                        "7\0\x04\x27\0\1\2",
                        11);
    assert_true(deliver_is_receipt(&pdu));
    assert_true(deliver_read_receipt(&scratch, &settings, &pdu, &report));
    assert_text(report.foreign_id, "7");
    assert_int_equal(report.event, DLR_DELIVERED);
    tear_down();
}

static void named_parameters(void **state)
{
    struct smpp_pdu pdu = plain();
    struct smsc_report report;

    (void)state;
    set_up("\ngroup = smpp-tlv\nname = port\ntag = 0x204\ntype = integer\nlength = 2\n"
           "\ngroup = smpp-tlv\nname = oct\ntag = 0x1400\ntype = octetstring\nlength = 5\n"
           "\ngroup = smpp-tlv\nname = str\ntag = 0x1401\ntype = nulterminated\nlength = 6\n");
    pdu.tlvs = slice_of("\x02\x04\0\2\1\2\x14\0\0\4a&=b\x14\1\0\4zed\0\x15\0\0\1q", 27);
    read_it(&pdu);
    assert_text(sms.meta_data, "?smpp?port=258&oct=a%26%3Db&str=zed&");
    pdu.sm.esm_class = SMPP_ESM_RECEIPT;
    pdu.sm.short_message = slice_str("id:1 stat:DELIVRD err:011");
    pdu.tlvs = slice_of("\x14\0\0\2in\x04\x23\0\3\1\2A", 13);
    assert_true(deliver_read_receipt(&scratch, &settings, &pdu, &report));
    assert_text(report.meta_data, "?smpp?oct=in&dlr_err=%01%02A&");
    assert_text(report.account, "u");
    assert_text(report.text, "id:1 stat:DELIVRD err:011");
    tear_down();
}

static void which_are_receipts(void **state)
{
    static const uint8_t receipts[] = {0x04, 0x08, 0x20, 0x44};
    static const uint8_t messages[] = {0x00, 0x03, 0x40, 0x80};
    struct smpp_pdu pdu = plain();

    (void)state;
    for (size_t i = 0; i < sizeof receipts; i++) {
        pdu.sm.esm_class = receipts[i];
        assert_true(deliver_is_receipt(&pdu));
        pdu.sm.esm_class = messages[i];
        assert_false(deliver_is_receipt(&pdu));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message),        cmocka_unit_test(addresses),
        cmocka_unit_test(data_codings),     cmocka_unit_test(charsets),
        cmocka_unit_test(headers),          cmocka_unit_test(segments),
        cmocka_unit_test(payloads),         cmocka_unit_test(data_sm_is_the_same),
        cmocka_unit_test(named_parameters), cmocka_unit_test(which_are_receipts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
