/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unit tests of gw/sms/gsm7. The alphabets are compared with
 * test/data/vectors/gsm-alphabets.json; packed octets are the examples of 3GPP TS
 * 23.038 section 6.1.2 and such as can be worked out by hand.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "gw/sms/gsm7.h"
#include "gwlib/charset.h"
#include "test/support/jsonl.h"

static json_t *alphabets;

static int load_alphabets(void **state)
{
    (void)state;
    alphabets = json_load_file(TEST_DATA "/vectors/gsm-alphabets.json", 0, NULL);
    return alphabets != NULL ? 0 : -1;
}

static int free_alphabets(void **state)
{
    (void)state;
    json_decref(alphabets);
    return 0;
}

/* The character at that place of the data, or NULL. */
static const char *data_char(const char *kind, unsigned language, size_t septet)
{
    char key[12];
    snprintf(key, sizeof(key), "%u", language);
    json_t *table = json_object_get(json_object_get(alphabets, kind), key);
    return json_string_value(json_array_get(table, septet));
}

static bool data_has(const char *kind, unsigned language)
{
    char key[12];
    snprintf(key, sizeof(key), "%u", language);
    return json_object_get(json_object_get(alphabets, kind), key) != NULL;
}

static void assert_shows(const uint8_t *septets, size_t count, struct gsm7_tables tables,
                         const char *expected)
{
    char text[512];
    assert_true(GSM7_UTF8_MAX(count) < sizeof(text));
    text[gsm7_decode(septets, count, tables, text)] = 0;
    assert_string_equal(text, expected);
}

static void knows_the_languages(void **state)
{
    (void)state;
    for (unsigned n = 0; n < 256; n++) {
        char key[12];
        snprintf(key, sizeof(key), "%u", n);
        json_t *name = json_object_get(json_object_get(alphabets, "languages"), key);
        assert_int_equal(gsm7_language_name(n) != NULL, name != NULL);
        if (name != NULL)
            assert_string_equal(gsm7_language_name(n), json_string_value(name));
        assert_int_equal(gsm7_has_locking(n), data_has("locking", n));
        assert_int_equal(gsm7_has_shift(n), data_has("single_shift", n));
    }
}

static void decodes_every_place(void **state)
{
    (void)state;
    for (uint8_t n = 0; n < GSM7_LANGUAGES; n++) {
        struct gsm7_tables tables = {n, n};
        const char *kind_main = data_has("locking", n) ? "locking" : NULL;
        for (uint8_t s = 0; s < 128; s++) {
            uint8_t escaped[2] = {GSM7_ESCAPE, s};
            if (s == GSM7_ESCAPE)
                continue;
            const char *main = kind_main != NULL ? data_char("locking", n, s) : NULL;
            if (main == NULL)
                main = data_char("locking", 0, s);
            const char *shifted = data_char("single_shift", n, s);
            assert_shows(&s, 1, tables, main);
            assert_shows(escaped, 2, tables, shifted != NULL ? shifted : main);
        }
    }
}

static void assert_round_trip(const char *text, struct gsm7_tables tables, size_t expected)
{
    uint8_t septets[4];
    size_t count;
    struct slice slice = slice_str(text);
    assert_true(gsm7_encode(slice, tables, 0, septets, sizeof(septets), &count, NULL));
    assert_int_equal(count, expected);
    assert_int_equal(gsm7_count(slice, tables), expected);
    assert_true(gsm7_fits(slice, tables));
    assert_shows(septets, count, tables, text);
}

static void check_characters(struct gsm7_tables tables)
{
    uint8_t main_n = data_has("locking", tables.locking) ? tables.locking : 0;
    for (uint8_t s = 0; s < 128; s++) {
        const char *main = data_char("locking", main_n, s);
        const char *shifted = data_char("single_shift", tables.shift, s);
        if (main != NULL)
            assert_round_trip(main, tables, 1);
        if (shifted != NULL) {
            size_t pos = 0;
            long c = charset_utf8_next(slice_str(shifted), &pos);
            unsigned cost = gsm7_cost((unsigned long)c, tables);
            assert_true(cost == 1 || cost == 2);
            assert_round_trip(shifted, tables, cost);
        }
    }
}

static void encodes_every_character(void **state)
{
    (void)state;
    for (uint8_t n = 0; n < GSM7_LANGUAGES; n++) {
        check_characters((struct gsm7_tables){n, n});
        check_characters((struct gsm7_tables){0, n});
        check_characters((struct gsm7_tables){n, 0});
    }
}

static void counts_costs(void **state)
{
    (void)state;
    assert_int_equal(gsm7_cost('a', GSM7_DEFAULT), 1);
    assert_int_equal(gsm7_cost('[', GSM7_DEFAULT), 2);
    assert_int_equal(gsm7_cost(0x20AC, GSM7_DEFAULT), 2);
    assert_int_equal(gsm7_cost('`', GSM7_DEFAULT), 0);
    assert_int_equal(gsm7_cost(0x431, GSM7_DEFAULT), 0);
    assert_int_equal(gsm7_cost(0x1F600, GSM7_DEFAULT), 0);
    assert_int_equal(gsm7_cost(0x1B, GSM7_DEFAULT), 0);
    assert_int_equal(gsm7_cost(0, GSM7_DEFAULT), 0);
    assert_int_equal(gsm7_cost(0x15E, (struct gsm7_tables){1, 0}), 1);
    assert_int_equal(gsm7_cost(0x15E, (struct gsm7_tables){0, 1}), 2);
    /* Numbers without a table are the default. */
    assert_int_equal(gsm7_cost(0x15E, (struct gsm7_tables){80, 99}), 0);
    assert_int_equal(gsm7_cost('a', (struct gsm7_tables){80, 99}), 1);
    assert_int_equal(gsm7_cost('a', (struct gsm7_tables){2, 0}), 1);
}

static void replaces_what_lacks(void **state)
{
    (void)state;
    uint8_t septets[8];
    size_t count;
    struct sms_fault fault;
    struct slice text = slice_str("a\xD0\xB1[\xF0\x9F\x98\x80");
    assert_int_equal(gsm7_count(text, GSM7_DEFAULT), 5);
    assert_true(gsm7_encode(text, GSM7_DEFAULT, '?', septets, sizeof(septets), &count, NULL));
    assert_shows(septets, count, GSM7_DEFAULT, "a?[?");
    assert_false(gsm7_encode(text, GSM7_DEFAULT, 0, septets, sizeof(septets), &count, &fault));
    assert_int_equal(fault.octet, 1);
    assert_false(gsm7_encode(text, GSM7_DEFAULT, '?', septets, 3, &count, &fault));
    assert_int_equal(fault.octet, 3);

    struct bytes to = {0};
    gsm7_append_replaced(&to, slice_str("a\xD0\xB1[\xF0\x9F\x98\x80!\xFFz"), GSM7_DEFAULT, '?');
    assert_string_equal(bytes_str(&to), "a?[?!?z");
    bytes_free(&to);
}

static void treats_escapes_by_the_book(void **state)
{
    (void)state;
    assert_shows((uint8_t[]){'H', 0x1B}, 2, GSM7_DEFAULT, "H ");
    assert_shows((uint8_t[]){'H', 0x1B, 0x1B, 'I'}, 4, GSM7_DEFAULT, "H I");
    assert_shows((uint8_t[]){0x1B, 'B'}, 2, GSM7_DEFAULT, "B");
    assert_shows((uint8_t[]){0x1B, 0x65}, 2, GSM7_DEFAULT, "\xE2\x82\xAC");
    assert_shows((uint8_t[]){0x80 | 'A'}, 1, GSM7_DEFAULT, "A");
}

/* --- packing --------------------------------------------------------------------- */

static void packs_the_known_text(void **state)
{
    (void)state;
    static const unsigned char packed[] = {0xE8, 0x32, 0x9B, 0xFD, 0x46, 0x97, 0xD9, 0xEC, 0x37};
    unsigned char octets[16];
    uint8_t septets[10];
    assert_int_equal(gsm7_pack((const uint8_t *)"hellohello", 10, 0, octets), sizeof(packed));
    assert_memory_equal(octets, packed, sizeof(packed));
    assert_true(gsm7_unpack(packed, sizeof(packed), 0, 10, septets));
    assert_memory_equal(septets, "hellohello", 10);
    assert_false(gsm7_unpack(packed, sizeof(packed), 0, 11, septets));
    assert_false(gsm7_unpack(packed, sizeof(packed), 0, SIZE_MAX, septets));
}

/* One septet after another, bit by bit: the slow way that is plainly right. */
static void pack_slowly(const uint8_t *septets, size_t count, unsigned fill, unsigned char *octets)
{
    memset(octets, 0, GSM7_PACKED(count, fill));
    for (size_t i = 0; i < count * 7; i++) {
        size_t bit = fill + i;
        if (septets[i / 7] >> i % 7 & 1)
            octets[bit / 8] |= (unsigned char)(1 << bit % 8);
    }
}

static void packs_every_length_and_fill(void **state)
{
    (void)state;
    struct chance chance = {7};
    for (unsigned fill = 0; fill < 7; fill++) {
        for (size_t count = 0; count <= 160; count++) {
            uint8_t septets[160], back[160];
            unsigned char fast[150], slow[150];
            chance_fill(&chance, septets, count);
            for (size_t i = 0; i < count; i++)
                septets[i] &= 0x7F;
            memset(fast, 0xAA, sizeof(fast));
            size_t len = gsm7_pack(septets, count, fill, fast);
            pack_slowly(septets, count, fill, slow);
            assert_int_equal(len, GSM7_PACKED(count, fill));
            assert_memory_equal(fast, slow, len);
            assert_int_equal(fast[len], 0xAA);
            assert_true(gsm7_unpack(fast, len, fill, count, back));
            assert_memory_equal(back, septets, count);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_the_languages),     cmocka_unit_test(decodes_every_place),
        cmocka_unit_test(encodes_every_character), cmocka_unit_test(counts_costs),
        cmocka_unit_test(replaces_what_lacks),     cmocka_unit_test(treats_escapes_by_the_book),
        cmocka_unit_test(packs_the_known_text),    cmocka_unit_test(packs_every_length_and_fill),
    };
    return cmocka_run_group_tests(tests, load_alphabets, free_alphabets);
}
