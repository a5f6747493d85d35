/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages as submit_sm. The records of compat/smpp.jsonl are what Debian's
 * bearerbox 1.4.5 sent; the tables here were looked up in the same way, by giving
 * it the same messages and reading its PDUs. Where we differ it is said.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "gw/conf/schema.h"
#include "gw/smsc/smpp/submit.h"
#include "test/support/jsonl.h"

#define NOW 1795241824 /* 261121061704 */

static struct conf *conf;
static struct smpp_settings settings;
static struct submit_scratch scratch;
static struct message *message;
static struct smpp_pdu pdu;

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
    submit_scratch_free(&scratch);
    scratch = (struct submit_scratch){0};
    message_unref(message);
    message = NULL;
}

static struct sms plain(void)
{
    struct sms sms = sms_blank();

    sms.sender = slice_str("999");
    sms.receiver = slice_str("3581");
    sms.msgdata = slice_str("mt");
    return sms;
}

static uint32_t compose_part(const struct sms *sms, int part, int parts)
{
    struct smsc_submit submit = {.part = part, .parts = parts};
    uint32_t status;

    message_unref(message);
    message = message_create(sms);
    submit.message = message;
    submit.want_report = part == 1 && sms_wants(sms, DLR_FROM_SMSC);
    status = submit_compose(&scratch, &settings, &submit, NOW, &pdu);
    if (status == SMPP_ESME_ROK) { /* and it can be packed and read again */
        struct bytes octets = {0};
        struct smpp_pdu back;
        const char *fault = "";

        smpp_pdu_pack(&octets, &pdu);
        assert_true(smpp_pdu_unpack(bytes_slice(&octets), &back, &fault));
        assert_true(slice_equal(back.sm.short_message, pdu.sm.short_message));
        bytes_free(&octets);
    }
    return status;
}

static void compose(const struct sms *sms)
{
    assert_int_equal(compose_part(sms, 1, 1), SMPP_ESME_ROK);
}

static void assert_text(struct slice slice, const char *text)
{
    if (!slice_equal_str(slice, text))
        fail_msg("'%.*s' is not '%s'", (int)slice.len, (const char *)slice.data, text);
}

/* --- recorded ------------------------------------------------------------------------ */

static struct slice text_or_octets(json_t *mt, const char *name, struct slice fallback)
{
    json_t *value = json_object_get(mt, name);

    if (json_is_object(value))
        return jsonl_octets(value, "hex");
    return json_is_string(value) ? jsonl_string(mt, name) : fallback;
}

static void read_number(json_t *mt, const char *name, int32_t *value)
{
    json_t *number = json_object_get(mt, name);

    if (json_is_integer(number))
        *value = (int32_t)json_integer_value(number);
}

static struct sms recorded_message(json_t *mt)
{
    struct sms sms = plain();

    sms.dlr_mask = 31;
    sms.sender = text_or_octets(mt, "sender", sms.sender);
    sms.receiver = text_or_octets(mt, "receiver", sms.receiver);
    sms.udhdata = text_or_octets(mt, "udhdata", sms.udhdata);
    sms.msgdata = text_or_octets(mt, "msgdata", sms.msgdata);
    sms.meta_data = text_or_octets(mt, "meta_data", sms.meta_data);
    read_number(mt, "coding", &sms.coding);
    read_number(mt, "dlr_mask", &sms.dlr_mask);
    read_number(mt, "mclass", &sms.mclass);
    read_number(mt, "mwi", &sms.mwi);
    read_number(mt, "alt_dcs", &sms.alt_dcs);
    read_number(mt, "compress", &sms.compress);
    return sms;
}

static void check_octet(json_t *record, const char *name, uint8_t value)
{
    json_t *number = json_object_get(record, name);

    assert_true(json_is_integer(number));
    if (json_integer_value(number) != value)
        fail_msg("%s is %u, not %d", name, value, (int)json_integer_value(number));
}

static void check_text(json_t *record, const char *name, struct slice value)
{
    if (!slice_equal(jsonl_string(record, name), value))
        fail_msg("%s is '%.*s'", name, (int)value.len, (const char *)value.data);
}

static void check_recorded(json_t *sm)
{
    check_text(sm, "service_type", pdu.sm.service_type);
    check_octet(sm, "ston", pdu.sm.source_addr_ton);
    check_octet(sm, "snpi", pdu.sm.source_addr_npi);
    check_text(sm, "src", pdu.sm.source_addr);
    check_octet(sm, "dton", pdu.sm.dest_addr_ton);
    check_octet(sm, "dnpi", pdu.sm.dest_addr_npi);
    check_text(sm, "dst", pdu.sm.destination_addr);
    check_octet(sm, "esm", pdu.sm.esm_class);
    check_octet(sm, "pid", pdu.sm.protocol_id);
    check_octet(sm, "prio", pdu.sm.priority_flag);
    check_text(sm, "sched", pdu.sm.schedule_delivery_time);
    check_text(sm, "valid", pdu.sm.validity_period);
    check_octet(sm, "regdel", pdu.sm.registered_delivery);
    check_octet(sm, "replace", pdu.sm.replace_if_present_flag);
    check_octet(sm, "dcs", pdu.sm.data_coding);
    check_octet(sm, "defmsg", pdu.sm.sm_default_msg_id);
    assert_true(slice_equal(jsonl_octets(sm, "sm_hex"), pdu.sm.short_message));
    assert_true(slice_equal(jsonl_octets(sm, "opt_hex"), pdu.tlvs));
}

static size_t replayed;

static void replay(json_t *record)
{
    struct sms sms = recorded_message(json_object_get(record, "mt"));
    json_t *sm;
    size_t i;

    json_array_foreach(json_object_get(record, "submit_sm"), i, sm)
    {
        if (!slice_equal(jsonl_string(sm, "dst"), sms.receiver) && sms.receiver.data[0] != '+')
            continue; /* another record's, tried again */
        compose(&sms);
        check_recorded(sm);
        replayed++;
    }
}

static void as_recorded(void **state)
{
    (void)state;
    set_up("");
    jsonl_each(TEST_DATA "/compat/smpp.jsonl", replay);
    assert_true(replayed >= 14);
    tear_down();
}

/* --- addresses ------------------------------------------------------------------------- */

struct address_case {
    const char *address;
    int ton, npi;
    const char *wire;
};

static void check_sources(const struct address_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct sms sms = plain();

        sms.sender = slice_str(cases[i].address);
        compose(&sms);
        assert_int_equal(pdu.sm.source_addr_ton, cases[i].ton);
        assert_int_equal(pdu.sm.source_addr_npi, cases[i].npi);
        assert_text(pdu.sm.source_addr, cases[i].wire);
    }
}

#define CHECK_SOURCES(cases) check_sources(cases, sizeof cases / sizeof cases[0])

static void sources(void **state)
{
    static const struct address_case automatic[] = {
        {"+1234", 1, 1, "1234"},
        {"+abc", 5, 0, "+abc"},
        {"My Shop", 5, 0, "My Shop"},
        {"12345", 2, 1, "12345"},
        {"", 2, 1, ""},
        {NULL, 2, 1, ""},
        {"Gr\xC3\xB6\xC3\x9F"
         "e",
         5, 0,
         "Gr\xF6\xDF"
         "e"}, /* Kannel: UTF-8 */
    };
    static const struct address_case forced[] = {
        {"+1234", 1, 8, "1234"}, {"My Shop", 5, 0, "My Shop"}, {"12345", 4, 8, "12345"}};
    static const struct address_case off[] = {
        {"+1234", 2, 1, "+1234"}, {"My Shop", 2, 1, "My Shop"}, {"12345", 2, 1, "12345"}};
    static const struct address_case off_forced[] = {{"+1234", 4, 8, "+1234"},
                                                     {"My Shop", 4, 8, "My Shop"}};
    static const struct address_case gsm[] = {{"My@Shop_$", 5, 0, "My?Shop\x11\x02"},
                                              {"Gr\xC3\xB6\xC3\x9F"
                                               "e",
                                               5, 0,
                                               "Gr|\x1E"
                                               "e"}};

    (void)state;
    set_up("");
    CHECK_SOURCES(automatic);
    tear_down();
    set_up("source-addr-ton = 4\nsource-addr-npi = 8");
    CHECK_SOURCES(forced);
    tear_down();
    set_up("source-addr-ton = 4"); /* alone: no effect */
    CHECK_SOURCES(automatic);
    tear_down();
    set_up("source-addr-autodetect = no");
    CHECK_SOURCES(off);
    tear_down();
    set_up("source-addr-autodetect = no\nsource-addr-ton = 4\nsource-addr-npi = 8");
    CHECK_SOURCES(off_forced);
    tear_down();
    set_up("alt-addr-charset = gsm");
    CHECK_SOURCES(gsm);
    tear_down();
}

static void check_destination(const char *address, int ton, int npi, const char *wire)
{
    struct sms sms = plain();

    sms.receiver = slice_str(address);
    compose(&sms);
    assert_int_equal(pdu.sm.dest_addr_ton, ton);
    assert_int_equal(pdu.sm.dest_addr_npi, npi);
    assert_text(pdu.sm.destination_addr, wire);
}

static void destinations(void **state)
{
    (void)state;
    set_up("");
    check_destination("+3581", 1, 1, "3581");
    check_destination("003581", 2, 1, "003581");
    check_destination("abc", 2, 1, "abc");
    check_destination("35 8", 2, 1, "35 8");
    tear_down();
    set_up("dest-addr-ton = 3\ndest-addr-npi = 6");
    check_destination("+3581", 1, 6, "3581");
    check_destination("3581", 3, 6, "3581");
    tear_down();
    set_up("dest-addr-ton = 0");
    check_destination("3581", 2, 1, "3581");
    tear_down();
}

/* Kannel keeps such a message and never sends it. */
static void addresses_that_do_not_fit(void **state)
{
    struct sms sms = plain();

    (void)state;
    set_up("");
    sms.sender = slice_str("123456789012345678901");
    assert_int_equal(compose_part(&sms, 1, 1), SMPP_ESME_RINVSRCADR);
    sms.sender = slice_of("1\0002", 3);
    assert_int_equal(compose_part(&sms, 1, 1), SMPP_ESME_RINVSRCADR);
    sms.sender = slice_str("12345678901234567890");
    assert_int_equal(compose_part(&sms, 1, 1), SMPP_ESME_ROK);
    sms.receiver = slice_str("123456789012345678901");
    assert_int_equal(compose_part(&sms, 1, 1), SMPP_ESME_RINVDSTADR);
    sms.receiver = slice_str("+");
    assert_int_equal(compose_part(&sms, 1, 1), SMPP_ESME_RINVDSTADR);
    tear_down();
}

/* --- flags and times ---------------------------------------------------------------------- */

static void receipts_that_are_asked_for(void **state)
{
    static const int cases[][2] = {{0, 0},   {1, 1},  {2, 2},  {3, 1},  {4, 16}, {5, 17},
                                   {6, 18},  {7, 17}, {8, 0},  {16, 0}, {18, 2}, {20, 16},
                                   {31, 17}, {32, 2}, {34, 2}, {64, 2}, {66, 2}, {127, 17}};
    struct sms sms = plain();

    (void)state;
    set_up("");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        sms.dlr_mask = cases[i][0];
        compose(&sms);
        if (pdu.sm.registered_delivery != cases[i][1])
            fail_msg("mask %d: %u", cases[i][0], pdu.sm.registered_delivery);
    }
    tear_down();
}

static void parts_of_a_long_message(void **state)
{
    struct sms sms = plain();
    uint32_t more = 0;

    (void)state;
    set_up("");
    sms.dlr_mask = 31;
    sms.coding = 0;
    sms.udhdata = slice_of("\5\0\3\1\2\1", 6);
    assert_int_equal(compose_part(&sms, 1, 2), SMPP_ESME_ROK);
    assert_int_equal(pdu.sm.esm_class, 0x43);
    assert_int_equal(pdu.sm.registered_delivery, 17);
    assert_int_equal(pdu.sm.data_coding, 0);
    assert_true(slice_equal(pdu.sm.short_message, slice_of("\5\0\3\1\2\1mt", 8)));
    assert_true(smpp_tlv_find_number(pdu.tlvs, SMPP_TLV_MORE_MESSAGES_TO_SEND, &more));
    assert_int_equal(more, 1);
    assert_int_equal(compose_part(&sms, 2, 2), SMPP_ESME_ROK);
    assert_int_equal(pdu.sm.registered_delivery, 0);
    assert_int_equal(pdu.tlvs.len, 0);
    tear_down();
    set_up("interface-version = 33"); /* has no optional parameters */
    assert_int_equal(compose_part(&sms, 1, 2), SMPP_ESME_ROK);
    assert_int_equal(pdu.tlvs.len, 0);
    tear_down();
}

static void times(void **state)
{
    struct sms sms = plain();

    (void)state;
    set_up("validityperiod = 60");
    compose(&sms);
    assert_text(pdu.sm.validity_period, "261121071704000+");
    assert_text(pdu.sm.schedule_delivery_time, "");
    sms.validity = NOW + 86400;
    sms.deferred = NOW + 60;
    compose(&sms);
    assert_text(pdu.sm.validity_period, "261122061704000+");
    assert_text(pdu.sm.schedule_delivery_time, "261121061804000+");
    sms.deferred = NOW - 60;
    compose(&sms);
    assert_text(pdu.sm.schedule_delivery_time, "");
    tear_down();
}

static void what_messages_and_group_say(void **state)
{
    struct sms sms = plain();

    (void)state;
    set_up("priority = 2\nservice-type = ABCDE\nesm-class = 0");
    compose(&sms);
    assert_text(pdu.sm.service_type, "ABCDE");
    assert_int_equal(pdu.sm.priority_flag, 2);
    assert_int_equal(pdu.sm.esm_class, 0);
    sms.priority = 3;
    sms.binfo = slice_str("LONGBINFO");
    sms.pid = 65;
    sms.rpi = 1;
    compose(&sms);
    assert_text(pdu.sm.service_type, "LONGB");
    assert_int_equal(pdu.sm.priority_flag, 3);
    assert_int_equal(pdu.sm.protocol_id, 65);
    assert_int_equal(pdu.sm.esm_class, 0x80);
    sms.priority = 9;
    sms.rpi = 2;
    compose(&sms);
    assert_int_equal(pdu.sm.priority_flag, 2);
    assert_int_equal(pdu.sm.esm_class, 0x80);
    sms.rpi = 0;
    compose(&sms);
    assert_int_equal(pdu.sm.esm_class, 0);
    tear_down();
}

/* coding, mclass, alt_dcs, data_coding */
static void data_codings(void **state)
{
    static const int cases[][4] = {
        {0, -1, -1, 0x00}, {0, -1, 0, 0x00}, {0, -1, 1, 0xF1}, {0, 0, -1, 0xF0},
        {0, 0, 0, 0xF0},   {0, 0, 1, 0xF0},  {0, 1, -1, 0xF1}, {1, -1, -1, 0x04},
        {1, -1, 0, 0x04},  {1, -1, 1, 0xF5}, {1, 0, -1, 0xF4}, {1, 1, 1, 0xF5},
        {2, -1, -1, 0x08}, {2, -1, 1, 0x08}, {2, 0, -1, 0x18}, {2, 1, 1, 0x19},
    };
    struct sms sms = plain();

    (void)state;
    set_up("");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        sms.coding = cases[i][0];
        sms.mclass = cases[i][1];
        sms.alt_dcs = cases[i][2];
        compose(&sms);
        if (pdu.sm.data_coding != cases[i][3])
            fail_msg("case %zu: 0x%02x", i, pdu.sm.data_coding);
    }
    tear_down();
    set_up("alt-dcs = yes");
    sms = plain();
    compose(&sms);
    assert_int_equal(pdu.sm.data_coding, 0xF1);
    sms.mclass = 2;
    sms.alt_dcs = 0;
    compose(&sms);
    assert_int_equal(pdu.sm.data_coding, 0xF2);
    tear_down();
}

/* --- content --------------------------------------------------------------------------------- */

/* "@" pound "$", a o u umlaut, sharp s, euro, "[]`", zhe */
#define MIXED "@\xC2\xA3$\xC3\xA4\xC3\xB6\xC3\xBC\xC3\x9F\xE2\x82\xAC[]`\xD0\xB6"

static void texts(void **state)
{
    struct sms sms = plain();

    (void)state;
    set_up("");
    sms.msgdata = slice_str(MIXED);
    compose(&sms);
    assert_true(slice_equal(pdu.sm.short_message, slice_of("\0\1\2{|~\x1E\x1B"
                                                           "e\x1B<\x1B>??",
                                                           15)));
    tear_down();
    set_up("alt-charset = ISO-8859-1");
    compose(&sms);
    assert_text(pdu.sm.short_message, "@\xA3$\xE4\xF6\xFC\xDF?[]`?"); /* Kannel: UTF-8 for ? */
    tear_down();
}

static void more_than_a_short_message(void **state)
{
    struct sms sms = plain();
    unsigned char octets[300];
    struct slice payload;

    (void)state;
    set_up("");
    memset(octets, 0xAB, sizeof octets);
    sms.coding = 1;
    sms.msgdata = slice_of(octets, 254);
    compose(&sms);
    assert_int_equal(pdu.sm.short_message.len, 254);
    sms.msgdata = slice_of(octets, 255);
    compose(&sms);
    assert_int_equal(pdu.sm.short_message.len, 0);
    assert_true(smpp_tlv_find(pdu.tlvs, SMPP_TLV_MESSAGE_PAYLOAD, &payload));
    assert_true(slice_equal(payload, sms.msgdata));
    tear_down();
}

#define TLVS                                                                                       \
    "\ngroup = smpp-tlv\nname = port\ntag = 0x204\ntype = integer\nlength = 2\n"                   \
    "\ngroup = smpp-tlv\nname = oct\ntag = 0x1400\ntype = octetstring\nlength = 5\n"               \
    "\ngroup = smpp-tlv\nname = str\ntag = 0x1401\ntype = nulterminated\nlength = 6\n"             \
    "\ngroup = smpp-tlv\nname = other\ntag = 0x1403\ntype = integer\nlength = 1\n"                 \
    "const = 9\nsmsc-id = S2; S3\n"                                                                \
    "\ngroup = smpp-tlv\nname = fix\ntag = 0x1402\ntype = integer\nlength = 1\n"                   \
    "const = 7\nsmsc-id = \"S2; S1\"\n"

static void check_meta(const char *meta, const char *hex)
{
    struct sms sms = plain();
    struct bytes found = {0};

    sms.meta_data = slice_str(meta);
    compose(&sms);
    bytes_append_hex(&found, pdu.tlvs, false);
    assert_string_equal(bytes_str(&found), hex);
    bytes_free(&found);
}

static void named_parameters(void **state)
{
    (void)state;
    set_up(TLVS);
    check_meta("?smpp?port=513&oct=a%00b&", "020400020201"
                                            "14000003610062"
                                            "1402000107");
    check_meta("?smpp?str=abc&oct=toolong&", "1401000461626300"
                                             "1402000107");
    check_meta("?other?port=1&?smpp?str=toolong&unknown=1&", "1402000107");
    check_meta("?other?port=1&?smpp?str=ab&fix=1", "14010003616200"
                                                   "1402000101");
    check_meta("?smpp?port=abc", "020400020000"
                                 "1402000107");
    check_meta("", "1402000107");
    check_meta("?smpp", "1402000107");
    check_meta("smpp?port=1", "1402000107");
    tear_down();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_recorded),
        cmocka_unit_test(sources),
        cmocka_unit_test(destinations),
        cmocka_unit_test(addresses_that_do_not_fit),
        cmocka_unit_test(receipts_that_are_asked_for),
        cmocka_unit_test(parts_of_a_long_message),
        cmocka_unit_test(times),
        cmocka_unit_test(what_messages_and_group_say),
        cmocka_unit_test(data_codings),
        cmocka_unit_test(texts),
        cmocka_unit_test(more_than_a_short_message),
        cmocka_unit_test(named_parameters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
