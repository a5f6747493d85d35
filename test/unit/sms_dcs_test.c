/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unit tests of gw/sms/dcs: every octet by the groups of 3GPP TS 23.038 section
 * 4, and the message fields as Kannel 1.4.5 was seen to use them
 * (compat/smpp.jsonl).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gw/sms/dcs.h"
#include "test/support/jsonl.h"

static void assert_general(uint8_t octet, const struct dcs *dcs)
{
    static const enum dcs_alphabet alphabets[] = {DCS_GSM7, DCS_8BIT, DCS_UCS2, DCS_GSM7};
    assert_int_equal(dcs->group, octet < 0x40 ? DCS_GENERAL : DCS_AUTO_DELETE);
    assert_int_equal(dcs->alphabet, alphabets[octet >> 2 & 3]);
    assert_int_equal(dcs->compressed, octet >> 5 & 1);
    assert_int_equal(dcs->class, octet & 0x10 ? octet & 3 : DCS_NO_CLASS);
}

static void assert_waiting(uint8_t octet, const struct dcs *dcs)
{
    static const enum dcs_group groups[] = {DCS_WAITING_DISCARD, DCS_WAITING_STORE,
                                            DCS_WAITING_UCS2};
    assert_true(dcs_is_waiting(dcs));
    assert_int_equal(dcs->group, groups[(octet >> 4) - 0xC]);
    assert_int_equal(dcs->alphabet, octet >= 0xE0 ? DCS_UCS2 : DCS_GSM7);
    assert_int_equal(dcs->waiting_active, octet >> 3 & 1);
    assert_int_equal(dcs->waiting_type, octet & 3);
    assert_int_equal(dcs->class, DCS_NO_CLASS);
}

static void reads_every_octet(void **state)
{
    (void)state;
    for (unsigned n = 0; n < 256; n++) {
        uint8_t octet = (uint8_t)n;
        struct dcs dcs = dcs_decode(octet);
        if (octet < 0x80) {
            assert_general(octet, &dcs);
        } else if (octet < 0xC0) {
            assert_int_equal(dcs.group, DCS_RESERVED);
            assert_int_equal(dcs.alphabet, DCS_GSM7);
            assert_int_equal(dcs.class, DCS_NO_CLASS);
        } else if (octet < 0xF0) {
            assert_waiting(octet, &dcs);
        } else {
            assert_int_equal(dcs.group, DCS_CODING_CLASS);
            assert_int_equal(dcs.alphabet, octet & 4 ? DCS_8BIT : DCS_GSM7);
            assert_int_equal(dcs.class, octet & 3);
        }
    }
}

static void assert_octet(struct dcs_fields fields, uint8_t octet)
{
    assert_int_equal(dcs_from_fields(&fields), octet);
}

static void makes_octets_of_fields(void **state)
{
    (void)state;
    /* coding, mclass, mwi, compress, alt_dcs */
    assert_octet(DCS_FIELDS_UNSET, 0x00);
    assert_octet((struct dcs_fields){0, -1, -1, -1, -1}, 0x00);
    assert_octet((struct dcs_fields){1, -1, -1, -1, -1}, 0x04);
    assert_octet((struct dcs_fields){2, -1, -1, -1, -1}, 0x08);
    for (int class = 0; class < 4; class ++) {
        assert_octet((struct dcs_fields){0, class, -1, -1, -1}, (uint8_t)(0x10 + class));
        assert_octet((struct dcs_fields){1, class, -1, -1, 0}, (uint8_t)(0x14 + class));
        assert_octet((struct dcs_fields){2, class, -1, -1, 1}, (uint8_t)(0x18 + class));
        assert_octet((struct dcs_fields){0, class, -1, -1, 1}, (uint8_t)(0xF0 + class));
        assert_octet((struct dcs_fields){1, class, -1, -1, 1}, (uint8_t)(0xF4 + class));
        assert_octet((struct dcs_fields){0, -1, class, -1, -1}, (uint8_t)(0xD8 + class));
        assert_octet((struct dcs_fields){0, -1, class + 4, -1, -1}, (uint8_t)(0xC0 + class));
        assert_octet((struct dcs_fields){2, -1, class, -1, -1}, (uint8_t)(0xE8 + class));
        assert_octet((struct dcs_fields){2, -1, class + 4, -1, -1}, (uint8_t)(0xE0 + class));
    }
    assert_octet((struct dcs_fields){0, -1, -1, 1, -1}, 0x20);
    assert_octet((struct dcs_fields){1, -1, -1, -1, 1}, 0xF5);
    assert_octet((struct dcs_fields){1, -1, 0, -1, -1}, 0x04);
}

static int number(json_t *object, const char *name)
{
    json_t *value = json_object_get(object, name);
    return value != NULL ? (int)json_integer_value(value) : -1;
}

static size_t compared;

static void compare_with_recording(json_t *record)
{
    json_t *mt = json_object_get(record, "mt");
    json_t *sent = json_array_get(json_object_get(record, "submit_sm"), 0);
    if (sent == NULL || json_object_get(sent, "dcs") == NULL)
        return;
    struct dcs_fields fields = {number(mt, "coding"), number(mt, "mclass"), number(mt, "mwi"),
                                number(mt, "compress"), number(mt, "alt_dcs")};
    assert_int_equal(dcs_from_fields(&fields), number(sent, "dcs"));
    compared++;
}

static void agrees_with_kannel(void **state)
{
    (void)state;
    jsonl_each(TEST_DATA "/compat/smpp.jsonl", compare_with_recording);
    assert_true(compared > 4);
}

static void makes_fields_of_octets(void **state)
{
    (void)state;
    for (unsigned n = 0; n < 256; n++) {
        struct dcs_fields fields = dcs_to_fields((uint8_t)n);
        uint8_t again = dcs_from_fields(&fields);
        struct dcs dcs = dcs_decode((uint8_t)n), then = dcs_decode(again);
        assert_int_equal(then.alphabet, dcs.alphabet);
        assert_int_equal(then.class, dcs.class);
        assert_int_equal(then.compressed, dcs.compressed);
        assert_int_equal(dcs_is_waiting(&then), dcs_is_waiting(&dcs));
        assert_int_equal(then.waiting_active, dcs.waiting_active);
        assert_int_equal(then.waiting_type, dcs.waiting_type);
    }
    assert_int_equal(dcs_to_fields(0xF1).alt_dcs, 1);
    assert_int_equal(dcs_to_fields(0x11).alt_dcs, -1);
    assert_int_equal(dcs_to_fields(0xC9).mwi, 1);
    assert_int_equal(dcs_to_fields(0xC1).mwi, 5);
    assert_int_equal(dcs_to_fields(0x20).compress, 1);
    assert_int_equal(dcs_to_fields(0x00).mclass, -1);
}

static void has_names(void **state)
{
    (void)state;
    assert_string_equal(dcs_alphabet_name(DCS_UCS2), "ucs2");
    assert_string_equal(dcs_alphabet_name((enum dcs_alphabet)7), "unknown");
    assert_string_equal(dcs_group_name(DCS_CODING_CLASS), "data coding and class");
    assert_string_equal(dcs_waiting_name(DCS_OTHER), "other");
    assert_string_equal(dcs_class_name(0), "flash");
    assert_string_equal(dcs_class_name(DCS_NO_CLASS), "none");
    assert_string_equal(dcs_class_name(4), "none");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_octet),  cmocka_unit_test(makes_octets_of_fields),
        cmocka_unit_test(agrees_with_kannel), cmocka_unit_test(makes_fields_of_octets),
        cmocka_unit_test(has_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
