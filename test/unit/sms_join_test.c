/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unit tests of gw/sms/join: parts in any order, twice, interleaved, late; a
 * reference used again; what is overdue.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gw/sms/join.h"
#include "test/support/jsonl.h"

static int open_memory(void **state)
{
    *state = join_memory_create();
    return 0;
}

static int close_memory(void **state)
{
    join_memory_free(*state);
    return 0;
}

static struct join_key key(const char *sender, uint16_t ref, uint8_t total, uint8_t part)
{
    return (struct join_key){
        slice_str(sender), slice_str("999"), slice_str("modem1"), {8, total, part, ref}};
}

static struct join_outcome offer(void **state, struct join_key key, uint64_t digest, int64_t handle)
{
    return join_offer(join_memory_storage(*state), &key, digest, handle, 1000 + handle);
}

static void assert_handles(const struct join_set *set, const int64_t *handles)
{
    for (unsigned i = 0; i < set->total; i++)
        assert_int_equal(set->slots[i].handle, handles[i]);
}

static void completes_in_any_order(void **state)
{
    static const unsigned char orders[6][3] = {{1, 2, 3}, {1, 3, 2}, {2, 1, 3},
                                               {2, 3, 1}, {3, 1, 2}, {3, 2, 1}};
    for (uint8_t o = 0; o < 6; o++) {
        struct join_outcome outcome;
        for (int i = 0; i < 3; i++) {
            uint8_t part = orders[o][i];
            outcome = offer(state, key("+1", o, 3, part), part, 10 * o + part);
            assert_int_equal(outcome.verdict, i < 2 ? JOIN_WAIT : JOIN_COMPLETE);
            assert_null(outcome.abandoned);
        }
        assert_handles(outcome.set, (int64_t[]){10 * o + 1, 10 * o + 2, 10 * o + 3});
    }
}

static void takes_a_single_part_at_once(void **state)
{
    assert_int_equal(offer(state, key("+1", 1, 1, 1), 5, 1).verdict, JOIN_COMPLETE);
    assert_int_equal(offer(state, key("+1", 1, 1, 1), 5, 2).verdict, JOIN_LATE_DUPLICATE);
}

static void knows_duplicates(void **state)
{
    assert_int_equal(offer(state, key("+1", 7, 2, 1), 11, 1).verdict, JOIN_WAIT);
    struct join_outcome outcome = offer(state, key("+1", 7, 2, 1), 11, 2);
    assert_int_equal(outcome.verdict, JOIN_DUPLICATE);
    assert_int_equal(outcome.set->slots[0].handle, 1);
    assert_int_equal(offer(state, key("+1", 7, 2, 2), 12, 3).verdict, JOIN_COMPLETE);
    assert_int_equal(offer(state, key("+1", 7, 2, 2), 12, 4).verdict, JOIN_LATE_DUPLICATE);
    assert_int_equal(offer(state, key("+1", 7, 2, 1), 11, 5).verdict, JOIN_LATE_DUPLICATE);
}

static void keeps_messages_apart(void **state)
{
    struct join_key keys[6];
    for (int i = 0; i < 6; i++)
        keys[i] = key("+1", 7, 2, 1);
    keys[1].sender = slice_str("+2");
    keys[2].receiver = slice_str("998");
    keys[3].smsc = slice_str("modem2");
    keys[4].concat.bits = 16;
    keys[5].concat.total = 3;
    for (int i = 0; i < 6; i++)
        assert_int_equal(offer(state, keys[i], 1, i).verdict, JOIN_WAIT);
    assert_int_equal(join_memory_count(*state), 6);
    for (int i = 0; i < 5; i++) {
        keys[i].concat.part = 2;
        struct join_outcome outcome = offer(state, keys[i], 2, 10 + i);
        assert_int_equal(outcome.verdict, JOIN_COMPLETE);
        assert_handles(outcome.set, (int64_t[]){i, 10 + i});
    }
    /* Lengths keep sender and receiver apart. */
    struct join_key a = key("1", 8, 2, 1), b = key("19", 8, 2, 2);
    a.receiver = slice_str("99");
    b.receiver = slice_str("9");
    offer(state, a, 1, 1);
    assert_int_equal(offer(state, b, 2, 2).verdict, JOIN_WAIT);
}

static void begins_anew_after_completion(void **state)
{
    offer(state, key("+1", 7, 2, 1), 1, 1);
    offer(state, key("+1", 7, 2, 2), 2, 2);
    struct join_outcome outcome = offer(state, key("+1", 7, 2, 1), 3, 3);
    assert_int_equal(outcome.verdict, JOIN_WAIT);
    assert_null(outcome.abandoned);
    outcome = offer(state, key("+1", 7, 2, 2), 4, 4);
    assert_int_equal(outcome.verdict, JOIN_COMPLETE);
    assert_handles(outcome.set, (int64_t[]){3, 4});
}

static void gives_an_incomplete_set_up(void **state)
{
    offer(state, key("+1", 7, 3, 1), 1, 1);
    offer(state, key("+1", 7, 3, 3), 3, 3);
    struct join_outcome outcome = offer(state, key("+1", 7, 3, 1), 9, 9);
    assert_int_equal(outcome.verdict, JOIN_WAIT);
    assert_non_null(outcome.abandoned);
    assert_int_equal(outcome.abandoned->filled, 2);
    assert_int_equal(outcome.abandoned->slots[0].handle, 1);
    assert_false(outcome.abandoned->slots[1].filled);
    assert_int_equal(outcome.abandoned->slots[2].handle, 3);
    const struct join_storage *storage = join_memory_storage(*state);
    storage->drop(storage->context, outcome.abandoned);
    assert_int_equal(join_memory_count(*state), 1);
    offer(state, key("+1", 7, 3, 2), 10, 10);
    assert_int_equal(offer(state, key("+1", 7, 3, 3), 11, 11).verdict, JOIN_COMPLETE);
}

static void forgets_by_age(void **state)
{
    const struct join_storage *storage = join_memory_storage(*state);
    offer(state, key("+1", 1, 2, 1), 1, 100); /* begun at 1100 */
    offer(state, key("+1", 2, 2, 1), 1, 200);
    offer(state, key("+1", 2, 2, 2), 2, 300); /* complete at 1300 */
    assert_null(join_memory_expired(*state, 1099, 1299));
    struct join_set *set = join_memory_expired(*state, 1100, 1299);
    assert_non_null(set);
    assert_false(set->complete);
    storage->drop(storage->context, set);
    assert_null(join_memory_expired(*state, 1100, 1299));
    set = join_memory_expired(*state, 0, 1300);
    assert_non_null(set);
    assert_true(set->complete);
    storage->drop(storage->context, set);
    assert_int_equal(join_memory_count(*state), 0);
    assert_int_equal(offer(state, key("+1", 2, 2, 2), 2, 400).verdict, JOIN_WAIT);
}

/* The time goes on while it runs; looked through every ten seconds, as the gateway
 * does, with a timeout of a week and one of a day. */
static void days_between_parts(void **state)
{
    enum { DAY = 86400000, SWEEP = 10000 };
    const struct join_storage *storage = join_memory_storage(*state);
    struct join_key first = key("+1", 7, 2, 1), second = key("+1", 7, 2, 2);
    struct join_set *set = NULL;
    int64_t now = 1000;

    join_offer(storage, &second, 2, 20, now);
    for (; now < 3 * (int64_t)DAY; now += SWEEP)
        assert_null(join_memory_expired(*state, now - 7 * (int64_t)DAY, now - 600000));
    assert_int_equal(join_offer(storage, &second, 2, 21, now).verdict, JOIN_DUPLICATE);
    struct join_outcome outcome = join_offer(storage, &first, 1, 10, now);
    assert_int_equal(outcome.verdict, JOIN_COMPLETE);
    assert_handles(outcome.set, (int64_t[]){10, 20});
    assert_int_equal(join_offer(storage, &first, 1, 11, now + 1000).verdict, JOIN_LATE_DUPLICATE);

    now += DAY; /* forgotten by now: the same reference is another message */
    set = join_memory_expired(*state, now - 7 * (int64_t)DAY, now - 600000);
    assert_true(set != NULL && set->complete);
    storage->drop(storage->context, set);
    join_offer(storage, &second, 2, 22, now);
    for (set = NULL; set == NULL; now += SWEEP)
        set = join_memory_expired(*state, now - DAY, now - 600000);
    assert_false(set->complete);
    assert_int_equal(set->filled, 1);
    assert_int_equal(set->slots[1].handle, 22); /* it goes out alone */
    storage->drop(storage->context, set);
    assert_int_equal(join_offer(storage, &first, 1, 12, now).verdict, JOIN_WAIT);
    assert_int_equal(join_memory_count(*state), 1);
}

/* Many messages at once, parts shuffled and doubled: each completes once. */
static void survives_a_shuffle(void **state)
{
    enum { MESSAGES = 60, PARTS = 5, ALL = 2 * MESSAGES * PARTS };
    struct chance chance = {42};
    int order[ALL], completed[MESSAGES] = {0};
    for (int i = 0; i < ALL; i++)
        order[i] = i / 2;
    for (size_t i = ALL - 1; i > 0; i--) {
        size_t j = chance_below(&chance, i + 1);
        int swapped = order[i];
        order[i] = order[j];
        order[j] = swapped;
    }
    for (int i = 0; i < ALL; i++) {
        int message = order[i] / PARTS, part = order[i] % PARTS;
        struct join_key k = key("+1", (uint16_t)message, PARTS, (uint8_t)(part + 1));
        struct join_outcome outcome = offer(state, k, (uint64_t)order[i], order[i]);
        assert_null(outcome.abandoned);
        completed[message] += outcome.verdict == JOIN_COMPLETE ? 1 : 0;
    }
    for (int i = 0; i < MESSAGES; i++)
        assert_int_equal(completed[i], 1);
}

static void digests_tell_parts_apart(void **state)
{
    (void)state;
    uint64_t one = join_digest(slice_str("\x05"), slice_str("text"));
    assert_true(one == join_digest(slice_str("\x05"), slice_str("text")));
    assert_true(one != join_digest(slice_str("\x05"), slice_str("texu")));
    assert_true(one != join_digest(slice_str("\x06"), slice_str("text")));
    assert_true(join_digest(slice_str("ab"), slice_str("c")) !=
                join_digest(slice_str("a"), slice_str("bc")));
    assert_string_equal(join_verdict_name(JOIN_LATE_DUPLICATE), "late-duplicate");
}

static void joins_content(void **state)
{
    (void)state;
    struct bytes to = {0};
    assert_int_equal(join_alphabet(DCS_GSM7, DCS_GSM7), DCS_GSM7);
    assert_int_equal(join_alphabet(DCS_8BIT, DCS_8BIT), DCS_8BIT);
    assert_int_equal(join_alphabet(DCS_GSM7, DCS_UCS2), DCS_UCS2);
    join_append(&to, DCS_GSM7, DCS_GSM7, slice_str("one "));
    join_append(&to, DCS_GSM7, DCS_GSM7, slice_str("two"));
    assert_string_equal(bytes_str(&to), "one two");
    bytes_clear(&to);
    join_append(&to, DCS_UCS2, DCS_GSM7, slice_str("a\xE2\x82\xAC"));
    /* The halves of a pair that the sender cut in two. */
    join_append(&to, DCS_UCS2, DCS_UCS2, slice_of("\xD8\x3D", 2));
    join_append(&to, DCS_UCS2, DCS_UCS2, slice_of("\xDE\x00", 2));
    join_append(&to, DCS_UCS2, DCS_8BIT, slice_of("\xE9", 1));
    static const char expected[] = "\0a\x20\xAC\xD8\x3D\xDE\0\0\xE9";
    assert_int_equal(to.len, sizeof(expected) - 1);
    assert_memory_equal(to.data, expected, to.len);
    bytes_free(&to);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(completes_in_any_order, open_memory, close_memory),
        cmocka_unit_test_setup_teardown(takes_a_single_part_at_once, open_memory, close_memory),
        cmocka_unit_test_setup_teardown(knows_duplicates, open_memory, close_memory),
        cmocka_unit_test_setup_teardown(keeps_messages_apart, open_memory, close_memory),
        cmocka_unit_test_setup_teardown(begins_anew_after_completion, open_memory, close_memory),
        cmocka_unit_test_setup_teardown(gives_an_incomplete_set_up, open_memory, close_memory),
        cmocka_unit_test_setup_teardown(forgets_by_age, open_memory, close_memory),
        cmocka_unit_test_setup_teardown(days_between_parts, open_memory, close_memory),
        cmocka_unit_test_setup_teardown(survives_a_shuffle, open_memory, close_memory),
        cmocka_unit_test(digests_tell_parts_apart),
        cmocka_unit_test(joins_content),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
