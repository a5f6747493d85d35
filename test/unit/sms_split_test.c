/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unit tests of gw/sms/split: both stages against the recording of Kannel 1.4.5
 * (compat/split.jsonl), and properties of random messages.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "gw/sms/split.h"
#include "gw/sms/utf16.h"
#include "test/support/jsonl.h"

#define LITERAL(text) slice_of(text, sizeof(text) - 1)

/* --- the recording ---------------------------------------------------------------- */

/*
 * Where the recording shows a defect of Kannel that is not to be had, with the
 * value that is right instead.
 */
static const struct deviation {
    const char *id;
    const char *reason;
    size_t first_octets; /* of the first part at the SMSC */
} deviations[] = {
    {"ucs2-emoji-boundary-67", "Kannel cuts the surrogate pair in two", 2 * 66},
};

static const struct deviation *deviation_of(json_t *record)
{
    for (size_t i = 0; i < sizeof(deviations) / sizeof(deviations[0]); i++) {
        if (slice_equal_str(jsonl_string(record, "id"), deviations[i].id))
            return &deviations[i];
    }
    return NULL;
}

static const char *id_of(json_t *record)
{
    return json_string_value(json_object_get(record, "id"));
}

/* The content of a message or part: name, or name_hex. */
static struct slice content_of(json_t *object, const char *name, const char *name_hex)
{
    struct slice text = jsonl_string(object, name);
    return slice_is_set(text) ? text : jsonl_octets(object, name_hex);
}

static enum dcs_alphabet alphabet_of(json_t *message)
{
    return (enum dcs_alphabet)json_integer_value(json_object_get(message, "coding"));
}

static struct split_box_rules rules_of(json_t *record, json_t *first)
{
    json_t *config = json_object_get(record, "user_config");
    json_t *max = json_object_get(config, "max-messages");
    return (struct split_box_rules){
        .alphabet = alphabet_of(first),
        .udh = jsonl_octets(first, "udhdata_hex"),
        .max_messages = max != NULL ? (unsigned)json_integer_value(max) : 1,
        .concatenation = json_is_true(json_object_get(config, "concatenation")),
        .header = jsonl_string(config, "header"),
        .footer = jsonl_string(config, "footer"),
        .suffix = jsonl_string(config, "split-suffix"),
        .split_chars = jsonl_string(config, "split-chars"),
    };
}

/* What the application gave, in the form of the alphabet. */
static void message_of(json_t *record, enum dcs_alphabet alphabet, struct bytes *content)
{
    struct slice text = content_of(record, "text", "text_hex");
    if (alphabet != DCS_UCS2) {
        bytes_append_slice(content, text);
        return;
    }
    bytes_reserve(content, utf16_count(text) + 1);
    content->len = utf16_from_utf8(text, content->data, utf16_count(text));
}

static size_t receivers_of(json_t *record)
{
    json_t *message;
    size_t i, count = 0;
    struct slice first = slice_unset();
    json_array_foreach(json_object_get(record, "box_to_bearerbox"), i, message)
    {
        struct slice receiver = jsonl_string(message, "receiver");
        if (i == 0)
            first = receiver;
        count += i == 0 || !slice_equal(first, receiver) ? 1 : 0;
    }
    return count;
}

static void check_box_stage(json_t *record)
{
    json_t *messages = json_object_get(record, "box_to_bearerbox");
    json_t *first = json_array_get(messages, 0);
    struct split_box_rules rules = rules_of(record, first);
    struct bytes content = {0}, made = {0};
    struct split_box box;
    size_t i = 0, expected = json_array_size(messages) / receivers_of(record);
    message_of(record, rules.alphabet, &content);
    split_box_begin(&box, &rules, bytes_slice(&content));
    for (; split_box_next(&box, &made); i++) {
        json_t *message = json_array_get(messages, i);
        if (message == NULL ||
            !slice_equal(bytes_slice(&made), content_of(message, "msgdata", "msgdata_hex")))
            fail_msg("%s: message %zu is %s", id_of(record), i, bytes_str(&made));
        bytes_clear(&made);
    }
    if (i != expected)
        fail_msg("%s: %zu messages, not %zu", id_of(record), i, expected);
    bytes_free(&made);
    bytes_free(&content);
}

static void cuts_as_the_smsbox(void **state)
{
    (void)state;
    assert_int_equal(jsonl_each(TEST_DATA "/compat/split.jsonl", check_box_stage), 58);
}

/* Third octet of a concatenation element at the end of a header. */
static uint16_t ref_of(json_t *part)
{
    struct udh_info info;
    udh_read(jsonl_octets(part, "udh_hex"), &info);
    return info.concat.ref;
}

static void check_part(json_t *record, json_t *part, const struct split_plan *plan, unsigned i)
{
    struct udh udh;
    split_part_udh(plan, i, &udh);
    struct slice expected_udh = jsonl_octets(part, "udh_hex");
    struct slice expected = content_of(part, "data", "data_hex");
    if (slice_is_set(expected_udh) && !slice_equal(udh_slice(&udh), expected_udh))
        fail_msg("%s: header of part %u", id_of(record), i);
    if (deviation_of(record) != NULL) {
        if (i == 0)
            assert_int_equal(split_part_content(plan, 0).len, deviation_of(record)->first_octets);
    } else if (!slice_equal(split_part_content(plan, i), expected)) {
        fail_msg("%s: content of part %u", id_of(record), i);
    }
}

/* The parts of message after message, in the order of the recording. */
static void check_smsc_stage(json_t *record)
{
    json_t *parts = json_object_get(record, "smsc"), *message;
    size_t i, at = 0;
    if (parts == NULL) /* sent by HTTP, not to the fake SMSC */
        return;
    json_array_foreach(json_object_get(record, "box_to_bearerbox"), i, message)
    {
        struct split_plan plan;
        struct split_rules rules = {.alphabet = alphabet_of(message),
                                    .udh = jsonl_octets(message, "udhdata_hex"),
                                    .ref = ref_of(json_array_get(parts, at))};
        struct slice content = content_of(message, "msgdata", "msgdata_hex");
        assert_true(split_plan(&plan, &rules, content, NULL));
        for (unsigned part = 0; part < plan.parts; part++)
            check_part(record, json_array_get(parts, at++), &plan, part);
    }
    if (at != json_array_size(parts))
        fail_msg("%s: %zu parts, not %zu", id_of(record), at, json_array_size(parts));
}

static void cuts_as_the_bearerbox(void **state)
{
    (void)state;
    jsonl_each(TEST_DATA "/compat/split.jsonl", check_smsc_stage);
}

/* --- arithmetic -------------------------------------------------------------------- */

static void knows_the_room(void **state)
{
    (void)state;
    static const size_t headers[] = {0, 6, 7}, septets[] = {160, 153, 152}, units[] = {70, 67, 66},
                        octets[] = {140, 134, 133};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(split_room(DCS_GSM7, 140, headers[i]), septets[i]);
        assert_int_equal(split_room(DCS_UCS2, 140, headers[i]), units[i]);
        assert_int_equal(split_room(DCS_8BIT, 140, headers[i]), octets[i]);
    }
    assert_int_equal(split_room(DCS_GSM7, 140, 4), 155);
    assert_int_equal(split_room(DCS_GSM7, 140, 9), 149);
    assert_int_equal(split_room(DCS_GSM7, 140, 12), 146);
    assert_int_equal(split_room(DCS_8BIT, 140, 141), 0);
}

static void refuses_what_cannot_be_split(void **state)
{
    (void)state;
    static unsigned char octets[256 * 134];
    struct split_plan plan;
    struct sms_fault fault;
    struct split_rules rules = {.alphabet = DCS_8BIT};
    assert_true(split_plan(&plan, &rules, slice_of(octets, 255 * 134), &fault));
    assert_int_equal(plan.parts, 255);
    assert_false(split_plan(&plan, &rules, slice_of(octets, 255 * 134 + 1), &fault));
    assert_int_equal(fault.octet, 255 * 134);

    rules.udh = LITERAL("\x05\x00\x03\x01\x02\x01");
    assert_true(split_plan(&plan, &rules, slice_of(octets, 134), &fault));
    assert_false(split_plan(&plan, &rules, slice_of(octets, 135), &fault));
    rules.udh = LITERAL("\x05\x00\x03\x01\x02");
    assert_false(split_plan(&plan, &rules, slice_of(octets, 1), &fault));

    octets[0] = 137;
    octets[1] = 0x70;
    octets[2] = 135;
    rules.udh = slice_of(octets, 138);
    assert_true(split_plan(&plan, &rules, slice_of(octets, 2), &fault));
    assert_false(split_plan(&plan, &rules, slice_of(octets, 3), &fault));
    memset(octets, 0, 138);
}

static void uses_wide_references(void **state)
{
    (void)state;
    static const char text[161] = {0};
    struct split_plan plan;
    struct udh udh;
    struct split_rules rules = {.alphabet = DCS_8BIT,
                                .udh = LITERAL("\x04\x04\x02\xF5\xF4"),
                                .ref = 0x1234,
                                .ref_bits = 16};
    assert_true(split_plan(&plan, &rules, slice_of(text, 161), NULL));
    assert_int_equal(plan.parts, 2);
    split_part_udh(&plan, 1, &udh);
    assert_true(
        slice_equal(udh_slice(&udh), LITERAL("\x0A\x04\x02\xF5\xF4\x08\x04\x12\x34\x02\x02")));
    rules.concat_first = true;
    split_part_udh(&plan, 0, &udh);
    assert_true(
        slice_equal(udh_slice(&udh), LITERAL("\x0A\x08\x04\x12\x34\x02\x01\x04\x02\xF5\xF4")));
}

static void counts_by_the_tables_of_the_header(void **state)
{
    (void)state;
    static const char s_cedilla[] = "\xC5\x9E"; /* in the Turkish locking table */
    struct bytes text = {0}, made = {0};
    struct split_plan plan;
    struct split_rules rules = {.udh = LITERAL("\x03\x24\x01\x01")};
    struct split_box_rules box_rules = {.udh = rules.udh, .max_messages = 1};
    struct split_box box;
    for (int i = 0; i < 80; i++)
        bytes_append_str(&text, s_cedilla);
    assert_true(split_plan(&plan, &rules, bytes_slice(&text), NULL));
    assert_int_equal(plan.units, 160); /* by the single shift: two each */
    assert_int_equal(plan.parts, 2);
    split_box_begin(&box, &box_rules, bytes_slice(&text));
    assert_true(split_box_next(&box, &made));
    assert_int_equal(made.len, 2 * (155 / 2));
    assert_memory_equal(made.data, text.data, made.len);
    rules.udh = LITERAL("\x03\x25\x01\x01");
    assert_true(split_plan(&plan, &rules, bytes_slice(&text), NULL));
    assert_int_equal(plan.units, 80);
    assert_int_equal(plan.parts, 1);
    bytes_free(&text);
    bytes_free(&made);
}

/* --- clusters ------------------------------------------------------------------------ */

static void append_repeated(struct bytes *to, const char *text, size_t times)
{
    while (times-- > 0)
        bytes_append_str(to, text);
}

/* So many units of "x", then the cluster, then some more: where part 1 ends. */
static size_t first_part_units(size_t before, const char *cluster, bool keep)
{
    struct bytes text = {0}, utf16 = {0};
    struct split_plan plan;
    struct split_rules rules = {.alphabet = DCS_UCS2, .greedy = !keep};
    append_repeated(&text, "x", before);
    append_repeated(&text, cluster, 1);
    append_repeated(&text, "y", 30);
    bytes_reserve(&utf16, utf16_count(bytes_slice(&text)));
    utf16.len = utf16_from_utf8(bytes_slice(&text), utf16.data, utf16_count(bytes_slice(&text)));
    assert_true(split_plan(&plan, &rules, bytes_slice(&utf16), NULL));
    size_t units = split_part_content(&plan, 0).len / 2;
    bytes_free(&text);
    bytes_free(&utf16);
    return units;
}

static void keeps_clusters_whole(void **state)
{
    (void)state;
    static const char family[] = "\xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x91\xA9\xE2\x80\x8D\xF0"
                                 "\x9F\x91\xA7";                    /* 8 units */
    static const char flag[] = "\xF0\x9F\x87\xA9\xF0\x9F\x87\xAA";  /* 4 units */
    static const char thumb[] = "\xF0\x9F\x91\x8D\xF0\x9F\x8F\xBD"; /* 4 units */
    static const char accent[] = "e\xCC\x81";                       /* 2 units */
    assert_int_equal(first_part_units(60, family, true), 60);
    assert_int_equal(first_part_units(59, family, true), 67);
    assert_int_equal(first_part_units(60, family, false), 66);
    assert_int_equal(first_part_units(65, flag, true), 65);
    assert_int_equal(first_part_units(64, flag, true), 64);
    assert_int_equal(first_part_units(63, flag, true), 67);
    assert_int_equal(first_part_units(64, thumb, true), 64);
    assert_int_equal(first_part_units(66, accent, true), 66);
    assert_int_equal(first_part_units(66, accent, false), 67);
    assert_int_equal(first_part_units(65, accent, true), 67);
    /* One that no part can hold is cut like anything else. */
    char zalgo[1 + 2 * 80 + 1] = "e";
    for (size_t i = 0; i < 80; i++)
        memcpy(zalgo + 1 + 2 * i, "\xCC\x81", 2);
    assert_int_equal(first_part_units(3, zalgo, true), 67);
    /* A pair never is. */
    assert_int_equal(first_part_units(66, "\xF0\x9F\x98\x80", false), 66);
}

/* --- the smsbox's stage, beyond the recording ----------------------------------------- */

static void assert_pieces(const struct split_box_rules *rules, struct slice content,
                          const char *const *expected, bool lost)
{
    struct split_box box;
    struct bytes made = {0};
    split_box_begin(&box, rules, content);
    for (; *expected != NULL; expected++) {
        assert_true(split_box_next(&box, &made));
        assert_string_equal(bytes_str(&made), *expected);
        bytes_clear(&made);
    }
    assert_false(split_box_next(&box, &made));
    assert_int_equal(box.lost, lost);
    bytes_free(&made);
}

static void trims_by_the_rules(void **state)
{
    (void)state;
    struct split_box_rules rules = {.alphabet = DCS_GSM7,
                                    .max_octets = 7, /* 8 septets */
                                    .max_messages = 3,
                                    .suffix = slice_str("..")};
    /* What fits loses nothing to the suffix; a last piece has all the room. */
    assert_pieces(&rules, slice_str("12345678"), (const char *[]){"12345678", NULL}, false);
    assert_pieces(&rules, slice_str("123456789"), (const char *[]){"123456..", "789", NULL}, false);
    assert_pieces(&rules, slice_str("12345612345678"),
                  (const char *[]){"123456..", "12345678", NULL}, false);
    assert_pieces(&rules, slice_str("12345612345612345678+"),
                  (const char *[]){"123456..", "123456..", "12345678", NULL}, true);
    rules.header = slice_str("<");
    rules.footer = slice_str(">");
    assert_pieces(&rules, slice_str("123456"), (const char *[]){"<123456>", NULL}, false);
    assert_pieces(&rules, slice_str("1234567"), (const char *[]){"<1234>..", "<567>", NULL}, false);
    assert_pieces(&rules, slice_str(""), (const char *[]){"<>", NULL}, false);
    rules.split_chars = slice_str(" ,");
    assert_pieces(&rules, slice_str("a b,cdefghi"),
                  (const char *[]){"<a b,>..", "<cdef>..", "<ghi>", NULL}, false);
    /* The euro sign in the header takes two septets. */
    rules.header = slice_str("\xE2\x82\xAC");
    assert_pieces(&rules, slice_str("12345"),
                  (const char *[]){"\xE2\x82\xAC"
                                   "12345>",
                                   NULL},
                  false);
    assert_pieces(&rules, slice_str("123456"),
                  (const char *[]){"\xE2\x82\xAC"
                                   "123>..",
                                   "\xE2\x82\xAC"
                                   "456>",
                                   NULL},
                  false);
    /* Trimmings that leave no room are left out. */
    rules.header = slice_str("much too long");
    assert_pieces(&rules, slice_str("123456789"), (const char *[]){"12345678", "9", NULL}, false);
    rules.max_messages = 0;
    assert_pieces(&rules, slice_str("1"), (const char *[]){NULL}, true);
}

static void joins_the_pieces(void **state)
{
    (void)state;
    struct split_box_rules rules = {.alphabet = DCS_GSM7,
                                    .max_octets = 13, /* 14 septets; 8 with concatenation */
                                    .max_messages = 2,
                                    .concatenation = true};
    assert_pieces(&rules, slice_str("12345678901234"), (const char *[]){"12345678901234", NULL},
                  false);
    assert_pieces(&rules, slice_str("1234567890123456"), (const char *[]){"1234567890123456", NULL},
                  false);
    assert_pieces(&rules, slice_str("1234567890123456x"),
                  (const char *[]){"1234567890123456", NULL}, true);
    /* One message needs no element. */
    rules.max_messages = 1;
    assert_pieces(&rules, slice_str("1234567890123456x"), (const char *[]){"12345678901234", NULL},
                  true);
}

/* --- properties ----------------------------------------------------------------------- */

static void random_text(struct chance *chance, struct bytes *text)
{
    static const char *const pieces[] = {"a",
                                         "z",
                                         " ",
                                         "[",
                                         "\xE2\x82\xAC",
                                         "\xC3\xA9",
                                         "\xD0\xB1",
                                         "\xF0\x9F\x98\x80",
                                         "e\xCC\x81",
                                         "\xF0\x9F\x87\xA9\xF0\x9F\x87\xAA",
                                         "\xFF",
                                         "\r\n"};
    for (size_t n = chance_below(chance, 900); n > 0; n--) {
        size_t kinds = chance_below(chance, 4) == 0 ? sizeof(pieces) / sizeof(pieces[0]) : 4;
        bytes_append_str(text, pieces[chance_below(chance, kinds)]);
    }
}

static void parts_make_the_whole(void **state)
{
    (void)state;
    struct chance chance = {20261121};
    for (int round = 0; round < 400; round++) {
        struct bytes text = {0}, content = {0}, joined = {0};
        struct split_plan plan;
        struct split_rules rules = {.alphabet = (enum dcs_alphabet)chance_below(&chance, 3),
                                    .ref_bits = chance_below(&chance, 2) ? 8 : 16,
                                    .max_octets = 40 + chance_below(&chance, 101),
                                    .greedy = chance_below(&chance, 2) != 0};
        if (chance_below(&chance, 3) == 0)
            rules.udh = LITERAL("\x06\x05\x04\x15\x81\x00\x00");
        random_text(&chance, &text);
        if (rules.alphabet == DCS_UCS2) {
            size_t octets = utf16_count(bytes_slice(&text));
            bytes_reserve(&content, octets + 1);
            content.len = utf16_from_utf8(bytes_slice(&text), content.data, octets);
        } else {
            bytes_append_slice(&content, bytes_slice(&text));
        }
        assert_true(split_plan(&plan, &rules, bytes_slice(&content), NULL));
        for (unsigned i = 0; i < plan.parts; i++) {
            struct udh udh;
            split_part_udh(&plan, i, &udh);
            struct slice piece = split_part_content(&plan, i);
            size_t units = split_units(rules.alphabet, GSM7_DEFAULT, piece);
            assert_true(udh_check(udh_slice(&udh), NULL));
            assert_true(units <= split_room(rules.alphabet, rules.max_octets, udh.len));
            bytes_append_slice(&joined, piece);
        }
        assert_true(slice_equal(bytes_slice(&joined), bytes_slice(&content)));
        bytes_free(&text);
        bytes_free(&content);
        bytes_free(&joined);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_by_the_tables_of_the_header),
        cmocka_unit_test(cuts_as_the_smsbox),
        cmocka_unit_test(cuts_as_the_bearerbox),
        cmocka_unit_test(knows_the_room),
        cmocka_unit_test(refuses_what_cannot_be_split),
        cmocka_unit_test(uses_wide_references),
        cmocka_unit_test(keeps_clusters_whole),
        cmocka_unit_test(trims_by_the_rules),
        cmocka_unit_test(joins_the_pieces),
        cmocka_unit_test(parts_make_the_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
