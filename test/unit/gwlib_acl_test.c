/* SPDX-License-Identifier: Apache-2.0 */
/* Access lists: the rule of Kannel and the patterns. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gwlib/acl.h"

/* Each row: lists, address, whether it may. NULL deny and allow: not given. */
struct row {
    const char *deny, *allow, *address;
    bool allowed;
};

static void check_rows(const struct row *rows, size_t count)
{
    struct bytes error = {0};
    size_t i;

    for (i = 0; i < count; i++) {
        struct acl *acl = acl_create(rows[i].deny, rows[i].allow, &error);

        assert_non_null(acl);
        if (acl_allows(acl, rows[i].address) != rows[i].allowed)
            fail_msg("row %zu: deny %s allow %s address %s", i, rows[i].deny, rows[i].allow,
                     rows[i].address);
        acl_free(acl);
    }
    assert_int_equal(error.len, 0);
    bytes_free(&error);
}

static void the_rule(void **state)
{
    static const struct row rows[] = {
        {NULL, NULL, "10.0.0.1", true},
        {NULL, "127.0.0.1", "10.0.0.1", true}, /* allow alone restricts nothing */
        {"10.0.0.1", NULL, "10.0.0.1", false},
        {"10.0.0.1", NULL, "10.0.0.2", true},
        {"*.*.*.*", "127.0.0.1", "127.0.0.1", true},
        {"*.*.*.*", "127.0.0.1", "127.0.0.2", false},
        {"10.*.*.*", "10.1.*.*", "10.1.2.3", true},
        {"10.*.*.*", "10.1.*.*", "10.2.2.3", false},
        {"10.*.*.*", "10.1.*.*", "11.2.2.3", true},
        {"*.*.*.*", NULL, "::1", false},
        {"*.*.*.*", "::1", "::1", true},
        {"127.0.0.1", NULL, "::1", true},
        {"", NULL, "10.0.0.1", true},
        {"*.*.*.*", "", "10.0.0.1", false},
        {"1.2.3.4 ; ; 5.6.7.8;", NULL, "5.6.7.8", false},
        {"10.0.0.1", NULL, "?", false}, /* nobody knows who that is */
        {NULL, NULL, "?", true},
    };

    (void)state;
    check_rows(rows, sizeof(rows) / sizeof(rows[0]));
    assert_true(acl_allows(NULL, "10.0.0.1"));
    acl_free(NULL);
}

static void the_patterns(void **state)
{
    static const struct row rows[] = {
        {"10.*.7.*", NULL, "10.200.7.1", false},
        {"10.*.7.*", NULL, "10.200.8.1", true},
        {"192.0.2.0/24", NULL, "192.0.2.255", false},
        {"192.0.2.0/24", NULL, "192.0.3.0", true},
        {"192.0.2.77/24", NULL, "192.0.2.1", false}, /* host bits do not matter */
        {"192.0.2.128/25", NULL, "192.0.2.127", true},
        {"192.0.2.128/25", NULL, "192.0.2.129", false},
        {"192.0.2.6/31", NULL, "192.0.2.7", false},
        {"192.0.2.6/31", NULL, "192.0.2.5", true},
        {"192.0.2.6/32", NULL, "192.0.2.7", true},
        {"0.0.0.0/0", NULL, "203.0.113.9", false},
        {"0.0.0.0/0", NULL, "2001:db8::1", true},
        {"2001:db8::/32", NULL, "2001:db8:ffff::1", false},
        {"2001:db8::/32", NULL, "2001:db9::1", true},
        {"2001:db8::/33", NULL, "2001:db8:8000::1", true},
        {"::1", NULL, "0:0:0:0:0:0:0:1", false},
        {"::1", NULL, "::2", true},
        {"::/0", NULL, "2001:db8::1", false},
        {"::/0", NULL, "10.0.0.1", true}, /* that is IPv6 only */
        {"10.0.0.1", NULL, "::ffff:10.0.0.1", false},
        {"::ffff:10.0.0.0/104", NULL, "10.9.9.9", false},
        {"::ffff:10.0.0.0/104", NULL, "11.9.9.9", true},
    };

    (void)state;
    check_rows(rows, sizeof(rows) / sizeof(rows[0]));
}

static void what_is_no_pattern_is_told(void **state)
{
    static const char *const wrong[] = {
        "10.0.0",
        "10.0.0.256",
        "10.0.0.0.0",
        "10.0.0.1*",
        "*",
        "localhost",
        "10.0.0.0/33",
        "10.0.0.0/",
        "10.0.0.0/-1",
        "2001:db8::/129",
        "10.0.0.+1",
        "10..0.1",
        "10.0.0.1,10.0.0.2",
        "/8",
        "1.2.3.0001",
        "10.*.0.0/16",
        "::1%lo",
        "[::1]",
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct bytes error = {0};

        bytes_append_str(&error, "before ");
        if (acl_create(wrong[i], NULL, &error) != NULL || acl_create("1.1.1.1", wrong[i], &error))
            fail_msg("taken: %s", wrong[i]);
        assert_true(slice_starts_with(bytes_slice(&error), slice_str("before ")));
        assert_non_null(strstr(bytes_str(&error), wrong[i]));
        bytes_free(&error);
    }
}

static void only_those_who_are_named(void **state)
{
    struct bytes error = {0};
    struct acl *acl = acl_create_only("127.0.0.1;10.0.*.*", &error);

    (void)state;
    assert_true(acl_allows(acl, "127.0.0.1"));
    assert_true(acl_allows(acl, "::ffff:127.0.0.1"));
    assert_true(acl_allows(acl, "10.0.7.7"));
    assert_false(acl_allows(acl, "10.1.0.0"));
    assert_false(acl_allows(acl, "::1"));
    assert_false(acl_allows(acl, "?"));
    acl_free(acl);

    acl = acl_create_only("", &error);
    assert_false(acl_allows(acl, "127.0.0.1"));
    acl_free(acl);
    acl = acl_create_only(NULL, &error);
    assert_true(acl_allows(acl, "203.0.113.1"));
    acl_free(acl);
    assert_null(acl_create_only("nonsense", &error));
    bytes_free(&error);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_rule),
        cmocka_unit_test(the_patterns),
        cmocka_unit_test(what_is_no_pattern_is_told),
        cmocka_unit_test(only_those_who_are_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
