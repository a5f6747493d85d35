/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The golden vectors, through the JSON face of pdutool and through gw/sms itself:
 * every line of pdu-decode.jsonl and pdu-encode.jsonl, in both directions where
 * both exist. Then vectors-own.jsonl: cases reasoned from 3GPP TS 23.038 and
 * 23.040, in the same form; a line with `refused` is a PDU that cannot be read,
 * with the octet that must be named; `absent` is a field that must not come out.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "gw/sms/pdu.h"
#include "gw/sms/utf16.h"
#include "gw/tools/pdu_json.h"
#include "test/support/jsonl.h"

static const char *id_of(json_t *vector)
{
    return json_string_value(json_object_get(vector, "id"));
}

static void assert_same(json_t *vector, const char *what, json_t *got, json_t *expected)
{
    if (json_equal(got, expected))
        return;
    char *wanted = json_dumps(expected, JSON_ENCODE_ANY);
    char *found = got != NULL ? json_dumps(got, JSON_ENCODE_ANY) : NULL;
    fail_msg("%s: %s is %s, not %s", id_of(vector), what, found != NULL ? found : "absent", wanted);
}

static void decode_vector(json_t *vector, enum tpdu_direction direction, struct pdu *pdu)
{
    struct sms_fault fault;
    if (!pdu_decode(jsonl_string(vector, "pdu"), direction, true, pdu, &fault))
        fail_msg("%s: octet %zu: %s", id_of(vector), fault.octet, fault.reason);
}

static enum tpdu_direction direction_of(json_t *vector)
{
    return slice_equal_str(jsonl_string(vector, "direction"), "to-te") ? TPDU_TO_TE : TPDU_FROM_TE;
}

static void check_decoded(json_t *vector)
{
    struct pdu pdu;
    const char *name;
    json_t *expected;
    decode_vector(vector, direction_of(vector), &pdu);
    json_t *decoded = pdu_json_decoded(&pdu);
    json_object_foreach(json_object_get(vector, "expect"), name, expected)
        assert_same(vector, name, json_object_get(decoded, name), expected);
    name = json_string_value(json_object_get(vector, "absent"));
    if (name != NULL && json_object_get(decoded, name) != NULL)
        fail_msg("%s: %s is there", id_of(vector), name);
    json_decref(decoded);
}

static void decodes_every_line(void **state)
{
    (void)state;
    assert_int_equal(jsonl_each(TEST_DATA "/vectors/pdu-decode.jsonl", check_decoded), 409);
}

/* Where the sender broke the rules the same octets cannot come out. */
static bool is_irregular(json_t *vector)
{
    static const char *const irregular[] = {
        "d077", "d145",         /* fill bits that are not zero */
        "d196", "d197", "d198", /* escapes that show nothing of their own */
    };
    for (size_t i = 0; i < sizeof(irregular) / sizeof(irregular[0]); i++) {
        if (slice_equal_str(slice_str(id_of(vector)), irregular[i]))
            return true;
    }
    return false;
}

static void check_encoded_again(json_t *vector)
{
    struct pdu pdu;
    struct pdu_line line;
    struct sms_fault fault;
    decode_vector(vector, direction_of(vector), &pdu);
    if (!pdu_encode(&pdu, true, 0, &line, &fault))
        fail_msg("%s: octet %zu: %s", id_of(vector), fault.octet, fault.reason);
    json_t *expected = json_object_get(vector, "expect");
    if (is_irregular(vector))
        return;
    assert_int_equal(line.tpdu_len, json_integer_value(json_object_get(expected, "tpdu_len")));
    if (!slice_equal_nocase(jsonl_string(vector, "pdu"), line.digits))
        fail_msg("%s: %s", id_of(vector), line.digits);
}

static void encodes_again_what_was_decoded(void **state)
{
    (void)state;
    jsonl_each(TEST_DATA "/vectors/pdu-decode.jsonl", check_encoded_again);
}

static void check_encoded(json_t *vector)
{
    struct pdu_json_error error;
    json_t *encoded = pdu_json_encode(json_object_get(vector, "input"), &error);
    if (encoded == NULL)
        fail_msg("%s: %s", id_of(vector), error.text);
    assert_same(vector, "result", encoded, json_object_get(vector, "expect"));
    json_decref(encoded);
}

static void encodes_every_line(void **state)
{
    (void)state;
    assert_int_equal(jsonl_each(TEST_DATA "/vectors/pdu-encode.jsonl", check_encoded), 267);
}

/* The text, or the octets, of all parts one after another. */
static void check_decoded_again(json_t *vector)
{
    json_t *parts = json_object_get(json_object_get(vector, "expect"), "parts");
    json_t *part, *input = json_object_get(vector, "input");
    struct bytes whole = {0};
    size_t i;
    json_array_foreach(parts, i, part)
    {
        struct pdu pdu;
        struct sms_fault fault;
        assert_true(pdu_decode(jsonl_string(part, "pdu"), TPDU_FROM_TE, true, &pdu, &fault));
        assert_int_equal(pdu.tpdu_len, json_integer_value(json_object_get(part, "tpdu_len")));
        struct slice content = tpdu_content(&pdu.tpdu);
        char text[UTF16_UTF8_MAX(TPDU_USER_DATA_MAX)];
        if (pdu.tpdu.alphabet == DCS_UCS2)
            content = slice_of(text, utf16_to_utf8(content, text));
        bytes_append_slice(&whole, content);
    }
    struct slice expected = jsonl_string(input, "text");
    if (!slice_is_set(expected))
        expected = jsonl_octets(input, "data");
    if (!slice_equal(bytes_slice(&whole), expected))
        fail_msg("%s: the parts do not give the message", id_of(vector));
    bytes_free(&whole);
}

static void decodes_again_what_was_encoded(void **state)
{
    (void)state;
    jsonl_each(TEST_DATA "/vectors/pdu-encode.jsonl", check_decoded_again);
}

static void check_refused(json_t *vector, json_t *octet)
{
    struct pdu pdu;
    struct sms_fault fault;
    if (pdu_decode(jsonl_string(vector, "pdu"), TPDU_EITHER, true, &pdu, &fault))
        fail_msg("%s: taken", id_of(vector));
    if ((json_int_t)fault.octet != json_integer_value(octet))
        fail_msg("%s: octet %zu: %s", id_of(vector), fault.octet, fault.reason);
}

static void check_own(json_t *vector)
{
    json_t *refused = json_object_get(vector, "refused");
    if (refused != NULL) {
        check_refused(vector, refused);
    } else if (json_object_get(vector, "input") != NULL) {
        check_encoded(vector);
        check_decoded_again(vector);
    } else {
        check_decoded(vector);
    }
}

static void agrees_with_the_specification(void **state)
{
    (void)state;
    assert_int_equal(jsonl_each(TEST_DATA "/vectors-own.jsonl", check_own), 1102);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decodes_every_line),
        cmocka_unit_test(encodes_again_what_was_decoded),
        cmocka_unit_test(encodes_every_line),
        cmocka_unit_test(decodes_again_what_was_encoded),
        cmocka_unit_test(agrees_with_the_specification),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
