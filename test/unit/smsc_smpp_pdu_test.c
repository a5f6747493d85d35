/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SMPP PDUs: octets of the specification, every command there and back, and
 * damage in every place.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "gw/smsc/smpp/pdu.h"

#define LITERAL(s) slice_of(s, sizeof(s) - 1)

/* SMPP 3.4, section 3.2: the example of a bind_transmitter. */
static const char bind_octets[] = "\x00\x00\x00\x2F\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00\x01"
                                  "SMPP3TEST\0secret08\0SUBMIT1\0\x00\x01\x01\0";

/* Put together by hand from section 4.4.1. */
static const char submit_octets[] =
    "\x00\x00\x00\x46\x00\x00\x00\x04\x00\x00\x00\x00\x00\x00\x12\x34"
    "WAP\0\x05\x00Shop\0\x01\x01"
    "4670\0\x43\x41\x02"
    "261121000000000+\0"
    "\0\x11\x00\x04\x00\x05"
    "\x01\x00\xFFok"
    "\x04\x26\x00\x01\x01";

static struct smpp_pdu unpack(struct slice octets)
{
    struct smpp_pdu pdu;
    const char *fault = NULL;

    if (!smpp_pdu_unpack(octets, &pdu, &fault))
        fail_msg("%s", fault);
    return pdu;
}

static void assert_text(struct slice slice, const char *text)
{
    if (!slice_equal_str(slice, text))
        fail_msg("'%.*s' is not '%s'", (int)slice.len, (const char *)slice.data, text);
}

static void assert_packs_to(const struct smpp_pdu *pdu, struct slice octets)
{
    struct bytes packed = {0};

    smpp_pdu_pack(&packed, pdu);
    assert_int_equal(packed.len, octets.len);
    assert_memory_equal(packed.data, octets.data, octets.len);
    bytes_free(&packed);
}

static void the_bind_of_the_specification(void **state)
{
    struct slice octets = slice_of(bind_octets, 0x2F);
    struct smpp_pdu pdu = unpack(octets);

    (void)state;
    assert_int_equal(pdu.command, SMPP_BIND_TRANSMITTER);
    assert_int_equal(pdu.sequence, 1);
    assert_text(pdu.bind.system_id, "SMPP3TEST");
    assert_text(pdu.bind.password, "secret08");
    assert_text(pdu.bind.system_type, "SUBMIT1");
    assert_int_equal(pdu.bind.interface_version, 0);
    assert_int_equal(pdu.bind.addr_ton, 1);
    assert_int_equal(pdu.bind.addr_npi, 1);
    assert_text(pdu.bind.address_range, "");
    assert_packs_to(&pdu, octets);
}

static void a_submit_sm_with_everything(void **state)
{
    struct slice octets = slice_of(submit_octets, 0x46);
    struct smpp_pdu pdu = unpack(octets);
    uint32_t more = 0;

    (void)state;
    assert_int_equal(sizeof submit_octets - 1, 0x46);
    assert_int_equal(smpp_pdu_length(octets), 0x46);
    assert_int_equal(pdu.sequence, 0x1234);
    assert_text(pdu.sm.service_type, "WAP");
    assert_int_equal(pdu.sm.source_addr_ton, 5);
    assert_int_equal(pdu.sm.source_addr_npi, 0);
    assert_text(pdu.sm.source_addr, "Shop");
    assert_int_equal(pdu.sm.dest_addr_ton, 1);
    assert_int_equal(pdu.sm.dest_addr_npi, 1);
    assert_text(pdu.sm.destination_addr, "4670");
    assert_int_equal(pdu.sm.esm_class, 0x43);
    assert_int_equal(pdu.sm.protocol_id, 0x41);
    assert_int_equal(pdu.sm.priority_flag, 2);
    assert_text(pdu.sm.schedule_delivery_time, "261121000000000+");
    assert_text(pdu.sm.validity_period, "");
    assert_int_equal(pdu.sm.registered_delivery, 0x11);
    assert_int_equal(pdu.sm.data_coding, 4);
    assert_int_equal(pdu.sm.short_message.len, 5);
    assert_true(smpp_tlv_find_number(pdu.tlvs, SMPP_TLV_MORE_MESSAGES_TO_SEND, &more));
    assert_int_equal(more, 1);
    assert_packs_to(&pdu, octets);
}

/* Cut anywhere, and with a length that says so: a fault, never an overread. The
 * octets are copied so that the sanitizer sees one. */
static void cut_anywhere(void **state)
{
    (void)state;
    for (size_t len = 0; len < 0x46; len++) {
        unsigned char *cut = malloc(len > 0 ? len : 1);
        struct smpp_pdu pdu;
        const char *fault = NULL;
        bool whole_body = len >= 0x46 - 5; /* before and inside the last TLV */

        memcpy(cut, submit_octets, len);
        if (len >= 4)
            cut[3] = (unsigned char)len;
        assert_int_equal(smpp_pdu_unpack(slice_of(cut, len), &pdu, &fault), whole_body);
        assert_true(whole_body || fault != NULL);
        free(cut);
    }
}

static void a_length_that_is_wrong(void **state)
{
    char octets[sizeof submit_octets];
    struct smpp_pdu pdu;
    const char *fault = NULL;

    (void)state;
    memcpy(octets, submit_octets, sizeof octets);
    octets[3] = 0x45;
    assert_false(smpp_pdu_unpack(slice_of(octets, 0x46), &pdu, &fault));
    assert_int_equal(pdu.sequence, 0x1234); /* so that it can be refused */
    octets[3] = 0x46;
    octets[0x46 - 11] = (char)0xFF; /* sm_length */
    assert_false(smpp_pdu_unpack(slice_of(octets, 0x46), &pdu, &fault));
}

static void responses_with_and_without_body(void **state)
{
    struct smpp_pdu pdu;

    (void)state;
    pdu = unpack(slice_of("\0\0\0\x14\x80\0\0\x04\0\0\0\0\0\0\0\x07"
                          "417\0",
                          20));
    assert_text(pdu.text.text, "417");
    pdu = unpack(slice_of("\0\0\0\x13\x80\0\0\x04\0\0\0\0\0\0\0\x07"
                          "417",
                          19));
    assert_text(pdu.text.text, "417"); /* without its NUL */
    pdu = unpack(slice_of("\0\0\0\x10\x80\0\0\x04\0\0\0\x58\0\0\0\x07", 16));
    assert_text(pdu.text.text, "");
    assert_int_equal(pdu.status, SMPP_ESME_RTHROTTLED);
    pdu = unpack(slice_of("\0\0\0\x10\x80\0\0\0\0\0\0\x03\0\0\0\x07", 16));
    assert_int_equal(pdu.command, SMPP_GENERIC_NACK);
    assert_true(smpp_pdu_known(&pdu));
    pdu = unpack(slice_of("\0\0\0\x12\0\0\0\x03\0\0\0\0\0\0\0\x07xx", 18));
    assert_false(smpp_pdu_known(&pdu)); /* query_sm: not ours */
}

/* Too long for the specification: cut when sent, taken when received. */
static void strings_that_are_too_long(void **state)
{
    struct smpp_pdu pdu = smpp_pdu_blank(SMPP_SUBMIT_SM, 9), back;
    struct bytes packed = {0};

    (void)state;
    pdu.sm.service_type = slice_str("LONGER");
    pdu.sm.source_addr = LITERAL("123456789012345678901234");
    pdu.sm.destination_addr = LITERAL("12\0"
                                      "34");
    smpp_pdu_pack(&packed, &pdu);
    back = unpack(bytes_slice(&packed));
    assert_text(back.sm.service_type, "LONGE");
    assert_text(back.sm.source_addr, "12345678901234567890");
    assert_text(back.sm.destination_addr, "12");
    bytes_free(&packed);
}

static void a_message_id_longer_than_allowed(void **state)
{
    struct bytes octets = {0};
    struct smpp_pdu pdu;

    (void)state;
    bytes_append(&octets, "\0\0\0\x5A\x80\0\0\x04\0\0\0\0\0\0\0\x07", 16);
    while (octets.len < 0x59)
        bytes_append_char(&octets, 'a');
    bytes_append_char(&octets, 0);
    pdu = unpack(bytes_slice(&octets));
    assert_int_equal(pdu.text.text.len, 0x59 - 16);
    bytes_free(&octets);
}

static void optional_parameters(void **state)
{
    struct slice tlvs = LITERAL("\x00\x1E\x00\x04"
                                "abc\0"
                                "\x04\x27\x00\x01\x02\x02\x0C\x00\x02\x01\x00\x99");
    struct slice value;
    struct bytes made = {0};
    uint32_t number = 77;

    (void)state;
    assert_true(smpp_tlv_find(tlvs, SMPP_TLV_RECEIPTED_MESSAGE_ID, &value));
    assert_int_equal(value.len, 4);
    assert_true(smpp_tlv_find_number(tlvs, SMPP_TLV_MESSAGE_STATE, &number));
    assert_int_equal(number, 2);
    assert_true(smpp_tlv_find_number(tlvs, SMPP_TLV_SAR_MSG_REF_NUM, &number));
    assert_int_equal(number, 256);
    assert_false(smpp_tlv_find(tlvs, 0x9900, &value)); /* rubbish at the end */
    smpp_tlv_append(&made, SMPP_TLV_RECEIPTED_MESSAGE_ID, LITERAL("abc\0"));
    smpp_tlv_append_number(&made, SMPP_TLV_MESSAGE_STATE, 2, 1);
    smpp_tlv_append_number(&made, SMPP_TLV_SAR_MSG_REF_NUM, 256, 2);
    assert_int_equal(made.len, tlvs.len - 1);
    assert_memory_equal(made.data, tlvs.data, made.len);
    bytes_free(&made);
}

static void names_and_texts(void **state)
{
    (void)state;
    assert_string_equal(smpp_command_name(SMPP_SUBMIT_SM), "submit_sm");
    assert_string_equal(smpp_command_name(SMPP_SUBMIT_SM | SMPP_RESPONSE), "submit_sm_resp");
    assert_string_equal(smpp_command_name(0x77), "unknown");
    assert_string_equal(smpp_status_text(0x0B), "Invalid Destination Address");
    assert_string_equal(smpp_status_text(0x88), "Unknown/Reserved");
}

static void passwords_are_not_printed(void **state)
{
    struct smpp_pdu pdu = unpack(slice_of(bind_octets, 0x2F));
    struct bytes text = {0};

    (void)state;
    smpp_pdu_print(&text, &pdu, "\n");
    assert_non_null(strstr(bytes_str(&text), "system_id: \"SMPP3TEST\""));
    assert_null(strstr(bytes_str(&text), "secret08"));
    bytes_free(&text);
}

static void times_are_utc(void **state)
{
    char text[SMPP_TIME_LEN + 1];

    (void)state;
    setenv("TZ", "Asia/Tokyo", 1);
    smpp_time_format(1795241824, text); /* 2026-11-21 06:17:04 UTC, by date -u */
    assert_string_equal(text, "261121061704000+");
    smpp_time_format(INT64_MAX, text);
    assert_int_equal(strlen(text) <= SMPP_TIME_LEN, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_bind_of_the_specification),
        cmocka_unit_test(a_submit_sm_with_everything),
        cmocka_unit_test(cut_anywhere),
        cmocka_unit_test(a_length_that_is_wrong),
        cmocka_unit_test(responses_with_and_without_body),
        cmocka_unit_test(strings_that_are_too_long),
        cmocka_unit_test(a_message_id_longer_than_allowed),
        cmocka_unit_test(optional_parameters),
        cmocka_unit_test(names_and_texts),
        cmocka_unit_test(passwords_are_not_printed),
        cmocka_unit_test(times_are_utc),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
