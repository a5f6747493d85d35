/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gw/bearerbox/unmatched: found by link and either id, in the order of arrival;
 * nothing is left of what was taken out, in any order.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "gw/bearerbox/unmatched.h"

#define MANY 20000

struct seen {
    struct unmatched *unmatched;
    struct unmatched_item *items[8];
    size_t count;
    bool remove;
};

static void see(struct unmatched_item *item, void *arg)
{
    struct seen *seen = arg;

    seen->items[seen->count++] = item;
    if (seen->remove)
        unmatched_remove(seen->unmatched, item);
}

static size_t find(struct seen *seen, const char *link, const char *id)
{
    seen->count = 0;
    unmatched_each(seen->unmatched, slice_str(link), slice_str(id), see, seen);
    return seen->count;
}

static struct unmatched_item item(const char *link, const char *id, const char *other)
{
    return (struct unmatched_item){.link = slice_str(link),
                                   .ids = {slice_str(id), slice_str(other)}};
}

static void found_by_link_and_either_id(void **state)
{
    struct seen seen = {.unmatched = unmatched_create()};
    struct unmatched_item items[] = {item("a", "1", NULL), item("a", "2", "1"), item("b", "1", ""),
                                     item("a", "1", "7")};

    (void)state;
    for (int i = 0; i < 4; i++)
        unmatched_add(seen.unmatched, &items[i]);
    assert_int_equal(find(&seen, "a", "1"), 3);
    assert_ptr_equal(seen.items[0], &items[0]); /* oldest first */
    assert_ptr_equal(seen.items[1], &items[1]);
    assert_ptr_equal(seen.items[2], &items[3]);
    assert_int_equal(find(&seen, "a", "2"), 1);
    assert_int_equal(find(&seen, "b", "1"), 1);
    assert_int_equal(find(&seen, "b", "2"), 0);
    assert_int_equal(find(&seen, "b", ""), 0); /* empty is no id */
    assert_ptr_equal(unmatched_oldest(seen.unmatched), &items[0]);
    seen.remove = true;
    assert_int_equal(find(&seen, "a", "1"), 3);
    assert_int_equal(find(&seen, "a", "2"), 0);
    assert_int_equal(unmatched_count(seen.unmatched), 1);
    assert_ptr_equal(unmatched_oldest(seen.unmatched), &items[2]);
    unmatched_free(seen.unmatched);
}

static void many_go_in_any_order(void **state)
{
    struct seen seen = {.unmatched = unmatched_create()};
    struct unmatched_item *items = calloc(MANY, sizeof *items);
    char(*ids)[16] = calloc(MANY, sizeof *ids);
    size_t step = 7919; /* a prime: visits every place once */

    (void)state;
    for (size_t i = 0; i < MANY; i++) {
        snprintf(ids[i], sizeof ids[i], "%zu", i);
        items[i] = item("link", ids[i], NULL);
        unmatched_add(seen.unmatched, &items[i]);
    }
    for (size_t i = 0, at = 0; i < MANY; i++, at = (at + step) % MANY) {
        assert_int_equal(find(&seen, "link", ids[at]), 1);
        assert_ptr_equal(seen.items[0], &items[at]);
        unmatched_remove(seen.unmatched, &items[at]);
        assert_int_equal(find(&seen, "link", ids[at]), 0);
    }
    assert_int_equal(unmatched_count(seen.unmatched), 0);
    assert_null(unmatched_oldest(seen.unmatched));
    free(items);
    free(ids);
    unmatched_free(seen.unmatched);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(found_by_link_and_either_id),
        cmocka_unit_test(many_go_in_any_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
