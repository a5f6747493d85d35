/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gw/msg/frame.c: every frame captured from real Kannel programs
 * (test/data/compat/boxframes.jsonl) is unpacked to its decode and packed from
 * the decode to its octets; malformed ones are refused for the right reason.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <jansson.h>

#include "gw/msg/frame.h"

/* --- the captured frames ----------------------------------------------- */

/* What the decode says about one string: text, {"hex": ...} or null. The
 * buffers of one frame are kept in `kept` until it is compared. */
#define KEPT_MAX 32
static struct bytes kept[KEPT_MAX];
static size_t kept_count;

static struct slice expected_string(const json_t *decoded, const char *field)
{
    const json_t *value = json_object_get(decoded, field);

    assert_non_null(value);
    if (json_is_null(value))
        return slice_unset();
    if (json_is_string(value))
        return slice_of(json_string_value(value), json_string_length(value));
    assert_true(kept_count < KEPT_MAX);
    struct bytes *octets = &kept[kept_count++];
    assert_true(
        bytes_append_unhex(octets, slice_str(json_string_value(json_object_get(value, "hex")))));
    return bytes_slice(octets);
}

static int64_t expected_number(const json_t *decoded, const char *field)
{
    const json_t *value = json_object_get(decoded, field);

    assert_true(json_is_integer(value));
    return json_integer_value(value);
}

static struct uuid expected_id(const json_t *decoded, const char *field)
{
    struct uuid id;

    assert_true(uuid_parse(expected_string(decoded, field), &id));
    return id;
}

/* Makes the frame that the decode describes. */
static void build_expected(const json_t *decoded, struct frame *frame)
{
    const char *type = json_string_value(json_object_get(decoded, "type"));

    assert_non_null(type);
#define FRAME(name, number)                                                                        \
    if (strcmp(type, #name) == 0) {                                                                \
        struct name *to = &frame->u.name;                                                          \
        frame->type = FRAME_##name;
#define INTEGER(name)  to->name = (int32_t)expected_number(decoded, #name);
#define MOMENT(name)   to->name = expected_number(decoded, #name);
#define STRING(name)   to->name = expected_string(decoded, #name);
#define IDENTITY(name) to->name = expected_id(decoded, #name);
#define END_FRAME(name)                                                                            \
    return;                                                                                        \
    }
#include "gw/msg/frames.def"
    fail_msg("type %s", type);
}

static void assert_same_string(struct slice a, struct slice b)
{
    assert_int_equal(slice_is_set(a), slice_is_set(b));
    assert_true(slice_equal(a, b));
}

static void assert_same_frame(const struct frame *a, const struct frame *b)
{
    assert_int_equal(a->type, b->type);
    switch (a->type) {
#define FRAME(name, number)                                                                        \
    case FRAME_##name: {                                                                           \
        const struct name *x = &a->u.name, *y = &b->u.name;
#define INTEGER(name)  assert_int_equal(x->name, y->name);
#define MOMENT(name)   assert_int_equal(x->name, y->name);
#define STRING(name)   assert_same_string(x->name, y->name);
#define IDENTITY(name) assert_true(uuid_equal(&x->name, &y->name));
#define END_FRAME(name)                                                                            \
    break;                                                                                         \
    }
#include "gw/msg/frames.def"
    default:
        fail();
    }
}

static void check_captured(const json_t *record)
{
    struct bytes octets = {0}, packed = {0};
    struct frame expected, got;

    print_message("%s\n", json_string_value(json_object_get(record, "id")));
    assert_true(
        bytes_append_unhex(&octets, slice_str(json_string_value(json_object_get(record, "hex")))));
    build_expected(json_object_get(record, "decoded"), &expected);

    assert_int_equal(frame_length(bytes_slice(&octets)), octets.len);
    assert_int_equal(frame_length(slice_sub(bytes_slice(&octets), 0, 4)), octets.len);
    assert_null(frame_unpack(slice_sub(bytes_slice(&octets), 4, octets.len), &got));
    assert_same_frame(&expected, &got);
    frame_pack(&packed, &expected);
    assert_int_equal(packed.len, octets.len);
    assert_memory_equal(packed.data, octets.data, octets.len);

    bytes_free(&octets);
    bytes_free(&packed);
    while (kept_count > 0)
        bytes_free(&kept[--kept_count]);
}

typedef void record_fn(const json_t *record);

static int for_each_record(record_fn *fn)
{
    FILE *file = fopen(TEST_DATA "/compat/boxframes.jsonl", "r");
    json_error_t error;
    json_t *record;
    int count = 0;

    assert_non_null(file);
    while ((record = json_loadf(file, JSON_DISABLE_EOF_CHECK, &error)) != NULL) {
        fn(record);
        json_decref(record);
        count++;
    }
    fclose(file);
    return count;
}

static void captured_frames_both_ways(void **state)
{
    (void)state;
    assert_int_equal(for_each_record(check_captured), 26);
}

/* --- malformed frames -------------------------------------------------- */

/* Every shorter body is refused: nothing may be left out. The copy has exactly
 * the length, so that a sanitizer sees an overread. */
static void check_truncated(const json_t *record)
{
    struct bytes octets = {0};
    struct frame frame;

    assert_true(
        bytes_append_unhex(&octets, slice_str(json_string_value(json_object_get(record, "hex")))));
    for (size_t len = 0; len + 4 < octets.len; len++) {
        unsigned char *body = malloc(len > 0 ? len : 1);
        memcpy(body, octets.data + 4, len);
        assert_non_null(frame_unpack(slice_of(body, len), &frame));
        free(body);
    }
    bytes_free(&octets);
}

static void truncated_at_every_octet(void **state)
{
    (void)state;
    for_each_record(check_truncated);
}

static void assert_refused(const char *hex, const char *reason)
{
    struct bytes body = {0};
    struct frame frame;

    assert_true(bytes_append_unhex(&body, slice_str(hex)));
    const char *error = frame_unpack(bytes_slice(&body), &frame);
    assert_non_null(error);
    assert_string_equal(error, reason);
    bytes_free(&body);
}

#define ID_HEX "64346439663038342d626339372d346431662d616332612d313038336533626331306366"

static void malformed_fields(void **state)
{
    (void)state;
    /* admin with a string of length -2, longer than the frame, and of 2^31-1 */
    assert_refused("0000000100000003fffffffe", "string of negative length");
    assert_refused("000000010000000380000000", "string of negative length");
    assert_refused("0000000100000003000000066d79626f78", "string longer than the frame");
    assert_refused("00000001000000037fffffff6d79626f78", "string longer than the frame");
    assert_refused("00000005000000000000000000000000", "unknown type of frame");
    assert_refused("ffffffff", "unknown type of frame");
    assert_refused("000000", "the frame ends before its type");
    /* ack with an id that is NULL, short, or has a wrong character */
    assert_refused("00000003000000006b00f7daffffffff", "message id is not a UUID");
    assert_refused("00000003000000006b00f7da00000004"
                   "61626364",
                   "message id is not a UUID");
    assert_refused("00000003000000006b00f7da00000024"
                   "67346439663038342d626339372d346431662d616332612d313038336533626331306366",
                   "message id is not a UUID");
}

static void octets_after_the_last_field(void **state)
{
    struct bytes body = {0};
    struct frame frame;

    (void)state;
    assert_true(bytes_append_unhex(
        &body, slice_str("00000003000000016b00f7da00000024" ID_HEX "00000000ffffff")));
    assert_null(frame_unpack(bytes_slice(&body), &frame));
    assert_int_equal(frame.u.ack.nack, ACK_FAILED);
    assert_int_equal(frame.u.ack.time, 0x6b00f7da);
    bytes_free(&body);
}

static void impossible_lengths(void **state)
{
    (void)state;
    assert_int_equal(frame_length(slice_unset()), 0);
    assert_int_equal(frame_length(slice_of("\0\0\0", 3)), 0);
    assert_int_equal(frame_length(slice_of("\0\0\0\3", 4)), -1);
    assert_int_equal(frame_length(slice_of("\0\0\0\4", 4)), 8);
    assert_int_equal(frame_length(slice_of("\0\x10\0\0", 4)), FRAME_MAX_LENGTH + 4);
    assert_int_equal(frame_length(slice_of("\0\x10\0\1", 4)), -1);
    assert_int_equal(frame_length(slice_of("\x80\0\0\0", 4)), -1);
    assert_int_equal(frame_length(slice_of("\xff\xff\xff\xff", 4)), -1);
    assert_int_equal(frame_length(slice_str("GET / HTTP/1.1")), -1);
}

/* --- moments ------------------------------------------------------------ */

static void moments_after_2038(void **state)
{
    struct frame frame = {.type = FRAME_ack, .u.ack = {.time = 4102444800}}, back;
    struct bytes packed = {0};

    (void)state;
    frame_pack(&packed, &frame);
    assert_null(frame_unpack(slice_sub(bytes_slice(&packed), 4, packed.len), &back));
    assert_int_equal(back.u.ack.time, 4102444800);
    bytes_free(&packed);
}

static void packing_appends(void **state)
{
    struct frame frame = {.type = FRAME_heartbeat, .u.heartbeat = {.load = 258}};
    struct bytes packed = {0};

    (void)state;
    bytes_append_str(&packed, "x");
    frame_pack(&packed, &frame);
    assert_int_equal(packed.len, 13);
    assert_memory_equal(packed.data, "x\0\0\0\x08\0\0\0\0\0\0\x01\x02", 13);
    bytes_free(&packed);
}

/* --- for people --------------------------------------------------------- */

static void printed_form(void **state)
{
    struct frame frame = {.type = FRAME_sms, .u.sms = sms_blank()};
    struct bytes text = {0};

    (void)state;
    frame.u.sms.sender = slice_str("J\xc3\xb6rg");
    frame.u.sms.receiver = slice_str("");
    frame.u.sms.udhdata = slice_of("\x05\x00\x03\x2a\x02\x01", 6);
    frame.u.sms.msgdata = slice_str("two\nlines");
    frame.u.sms.priority = 0;
    assert_true(uuid_parse(slice_str("d4d9f084-bc97-4d1f-ac2a-1083e3bc10cf"), &frame.u.sms.id));
    frame_print(&text, &frame);
    assert_string_equal(bytes_str(&text), "sms\n"
                                          "  sender: \"J\xc3\xb6rg\"\n"
                                          "  receiver: \"\"\n"
                                          "  udhdata: 0500032a0201\n"
                                          "  msgdata: 74776f0a6c696e6573\n"
                                          "  id: d4d9f084-bc97-4d1f-ac2a-1083e3bc10cf\n"
                                          "  priority: 0\n");
    bytes_free(&text);
}

static void names_of_types(void **state)
{
    (void)state;
    assert_string_equal(frame_type_name(FRAME_sms), "sms");
    assert_string_equal(frame_type_name(4), "wdp_datagram");
    assert_string_equal(frame_type_name(5), "unknown");
    assert_string_equal(frame_type_name(-1), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(captured_frames_both_ways),
        cmocka_unit_test(truncated_at_every_octet),
        cmocka_unit_test(malformed_fields),
        cmocka_unit_test(octets_after_the_last_field),
        cmocka_unit_test(impossible_lengths),
        cmocka_unit_test(moments_after_2038),
        cmocka_unit_test(packing_appends),
        cmocka_unit_test(printed_form),
        cmocka_unit_test(names_of_types),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
