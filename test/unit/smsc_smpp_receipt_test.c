/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Delivery receipts in their two forms, and what SMSCs make of them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "gw/smsc/smpp/pdu.h"
#include "gw/smsc/smpp/receipt.h"

#define USUAL(stat)                                                                                \
    "id:418 sub:001 dlvrd:001 submit date:2611210200 done date:2611210201 stat:" stat              \
    " err:000 text:mt"

struct text_case {
    const char *text;
    const char *id; /* NULL: no receipt */
    int event;
    int error; /* code, -1: none */
};

/* Mapping: recorded in test/data/compat/smpp.jsonl. */
static const struct text_case texts[] = {
    {USUAL("DELIVRD"), "418", 1, 0},
    {USUAL("ACCEPTD"), "418", 4, 0},
    {USUAL("ENROUTE"), "418", 4, 0},
    {USUAL("EXPIRED"), "418", 2, 0},
    {USUAL("DELETED"), "418", 2, 0},
    {USUAL("UNDELIV"), "418", 2, 0},
    {USUAL("UNKNOWN"), "418", 2, 0},
    {USUAL("REJECTD"), "418", 2, 0},
    {USUAL("FOOBAR"), "418", 2, 0},
    {"ID:aB-9 STAT:delivrd ERR:012", "aB-9", 1, 12},
    {"stat:DELIVRD id:7", "7", 1, -1},
    {"id: 7 stat: ENROUTE", "7", 4, -1}, /* blanks behind the colon */
    {"id:7 stat:DELIVRD err:0AB text:", "7", 1, 0},
    {"id:7 stat:DELIVRD err:65536000001", "7", 1, 1},
    {"id:7 stat:DELIVRD text:id:8 stat:EXPIRED", "7", 1, -1}, /* the message quotes */
    {"text:id:8 stat:EXPIRED", NULL, 0, 0},
    {"id:7", NULL, 0, 0},
    {"stat:DELIVRD", NULL, 0, 0},
    {"id: stat:DELIVRD", "stat:DELIVRD", 1, -1},
    {"paid:7 thermostat:DELIVRD", NULL, 0, 0},
    {"id:", NULL, 0, 0},
    {"", NULL, 0, 0},
};

static void check_text(const struct text_case *c)
{
    struct receipt receipt;
    bool found = receipt_read(slice_str(c->text), slice_unset(), &receipt);

    if (found != (c->id != NULL))
        fail_msg("'%s' %s a receipt", c->text, found ? "is" : "is not");
    if (!found)
        return;
    if (!slice_equal_str(receipt.id, c->id) || (int)receipt.event != c->event)
        fail_msg("'%s': id %.*s, event %d", c->text, (int)receipt.id.len,
                 (const char *)receipt.id.data, (int)receipt.event);
    assert_int_equal(receipt.has_error, c->error >= 0);
    if (c->error >= 0) {
        assert_int_equal(receipt.error[0], 3);
        assert_int_equal(receipt.error[1] << 8 | receipt.error[2], c->error);
    }
}

static void receipts_as_text(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        check_text(&texts[i]);
}

static struct slice state_tlvs(struct bytes *tlvs, unsigned message_state)
{
    bytes_clear(tlvs);
    smpp_tlv_append(tlvs, SMPP_TLV_RECEIPTED_MESSAGE_ID, slice_of("442\0", 4));
    smpp_tlv_append_number(tlvs, SMPP_TLV_MESSAGE_STATE, message_state, 1);
    return bytes_slice(tlvs);
}

static void receipts_as_parameters(void **state)
{
    static const int events[] = {4, 4, 1, 2, 2, 2, 4, 2, 2, 2};
    struct bytes tlvs = {0};
    struct receipt receipt;

    (void)state;
    for (unsigned i = 0; i < sizeof events / sizeof events[0]; i++) {
        assert_true(receipt_read(slice_str(""), state_tlvs(&tlvs, i), &receipt));
        assert_true(slice_equal_str(receipt.id, "442"));
        assert_int_equal(receipt.event, events[i]);
        assert_false(receipt.has_error);
    }
    smpp_tlv_append(&tlvs, SMPP_TLV_NETWORK_ERROR_CODE, slice_of("\1\2A", 3));
    assert_true(receipt_read(slice_str(""), bytes_slice(&tlvs), &receipt));
    assert_memory_equal(receipt.error, "\1\2A", 3);
    bytes_free(&tlvs);
}

static void parameters_win_over_text(void **state)
{
    struct bytes tlvs = {0};
    struct receipt receipt;

    (void)state;
    assert_true(receipt_read(slice_str(USUAL("EXPIRED")), state_tlvs(&tlvs, 2), &receipt));
    assert_true(slice_equal_str(receipt.id, "442"));
    assert_int_equal(receipt.event, DLR_DELIVERED);
    bytes_clear(&tlvs);
    smpp_tlv_append(&tlvs, SMPP_TLV_RECEIPTED_MESSAGE_ID, slice_of("\0", 1)); /* says nothing */
    assert_true(receipt_read(slice_str(USUAL("EXPIRED")), bytes_slice(&tlvs), &receipt));
    assert_true(slice_equal_str(receipt.id, "418"));
    bytes_free(&tlvs);
}

static void check_id(const char *id, bool hex, const char *expected)
{
    struct bytes made = {0};

    receipt_append_id(&made, slice_str(id), hex);
    assert_string_equal(bytes_str(&made), expected);
    bytes_free(&made);
}

static void ids_in_their_forms(void **state)
{
    (void)state;
    check_id("1A2b", true, "6699");
    check_id("0000001A2B", true, "6699");
    check_id("0006699", false, "6699");
    check_id("1A2B", false, "1A2B");
    check_id("ffffffffffffffff", true, "18446744073709551615");
    check_id("10000000000000000", true, "10000000000000000"); /* more than 64 bits */
    check_id("18446744073709551616", false, "18446744073709551616");
    check_id("x1", true, "x1");
    check_id("", true, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(receipts_as_text),
        cmocka_unit_test(receipts_as_parameters),
        cmocka_unit_test(parameters_win_over_text),
        cmocka_unit_test(ids_in_their_forms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
