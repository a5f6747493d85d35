/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which connection carries what: the rules of a smsc group, each by a
 * configuration as people write it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "gw/bearerbox/rules.h"
#include "gw/conf/schema.h"

/* What the rules say of a message with that smsc-id (or NULL) and receiver. */
static void ask(const char *lines, const char *id, const char *receiver, bool *accepted,
                bool *preferred)
{
    struct bytes text = {0};
    struct conf_problems problems = {0};
    struct rules rules;
    struct sms sms = sms_blank();
    struct conf *conf;

    bytes_printf(&text, "group = smsc\nsmsc = fake\nport = 1\n%s\n", lines);
    conf = conf_parse(bytes_slice(&text), "test", schema_get(), &problems);
    assert_int_equal(problems.errors, 0);
    rules_read(&rules, conf_first(conf, "smsc"));
    sms.smsc_id = slice_str(id);
    sms.receiver = slice_str(receiver);
    *accepted = rules_accept(&rules, &sms);
    *preferred = rules_prefer(&rules, &sms);
    rules_free(&rules);
    conf_free(conf);
    conf_problems_free(&problems);
    bytes_free(&text);
}

static bool accepts(const char *lines, const char *id, const char *receiver)
{
    bool accepted, preferred;

    ask(lines, id, receiver, &accepted, &preferred);
    return accepted;
}

static bool prefers(const char *lines, const char *id, const char *receiver)
{
    bool accepted, preferred;

    ask(lines, id, receiver, &accepted, &preferred);
    return preferred;
}

static void without_rules_everything_goes(void **state)
{
    (void)state;
    assert_true(accepts("", NULL, "1"));
    assert_true(accepts("", "x", "1"));
    assert_false(prefers("", "x", "1"));
}

static void an_allowed_list_refuses_messages_without_id(void **state)
{
    (void)state;
    assert_true(accepts("allowed-smsc-id = a;b", "b", "1"));
    assert_false(accepts("allowed-smsc-id = a;b", "c", "1"));
    assert_false(accepts("allowed-smsc-id = a;b", "B", "1"));
    assert_false(accepts("allowed-smsc-id = a;b", NULL, "1"));
}

static void a_denied_list_lets_messages_without_id_through(void **state)
{
    (void)state;
    assert_false(accepts("denied-smsc-id = a;b", "a", "1"));
    assert_true(accepts("denied-smsc-id = a;b", "c", "1"));
    assert_true(accepts("denied-smsc-id = a;b", NULL, "1"));
    /* an allowed list decides alone */
    assert_true(accepts("allowed-smsc-id = a\ndenied-smsc-id = a", "a", "1"));
}

static void prefixes_allowed_denied_and_both(void **state)
{
    (void)state;
    assert_true(accepts("allowed-prefix = +49;0", NULL, "0170"));
    assert_false(accepts("allowed-prefix = +49;0", NULL, "+35"));
    assert_false(accepts("denied-prefix = +49;0", NULL, "0170"));
    assert_true(accepts("denied-prefix = +49;0", NULL, "+35"));
    /* both: refused is only what is denied and not allowed */
    assert_true(accepts("allowed-prefix = 0170\ndenied-prefix = 01", NULL, "0170"));
    assert_false(accepts("allowed-prefix = 0170\ndenied-prefix = 01", NULL, "0160"));
    assert_true(accepts("allowed-prefix = 0170\ndenied-prefix = 01", NULL, "+35"));
}

static void patterns_count_like_lists(void **state)
{
    (void)state;
    assert_true(accepts("allowed-smsc-id-regex = ^a[0-9]+$", "a17", "1"));
    assert_false(accepts("allowed-smsc-id-regex = ^a[0-9]+$", "b17", "1"));
    assert_false(accepts("denied-prefix-regex = ^(00|\\+)", NULL, "0049"));
    assert_true(accepts("denied-prefix-regex = ^(00|\\+)", NULL, "0149"));
}

static void preference_by_id_or_prefix(void **state)
{
    (void)state;
    assert_true(prefers("preferred-smsc-id = a", "a", "1"));
    assert_false(prefers("preferred-smsc-id = a", NULL, "1"));
    assert_true(prefers("preferred-prefix = 358", NULL, "3581"));
    assert_false(prefers("preferred-prefix = 358", NULL, "491"));
    assert_true(prefers("preferred-prefix-regex = ^49", NULL, "491"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_rules_everything_goes),
        cmocka_unit_test(an_allowed_list_refuses_messages_without_id),
        cmocka_unit_test(a_denied_list_lets_messages_without_id_through),
        cmocka_unit_test(prefixes_allowed_denied_and_both),
        cmocka_unit_test(patterns_count_like_lists),
        cmocka_unit_test(preference_by_id_or_prefix),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
