/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unit tests of gw/smsbox/services: which service a message is for, beyond what
 * compat_mo_test.py replays.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gw/conf/schema.h"
#include "gw/smsbox/services.h"

struct world {
    struct loop *loop;
    struct http_client *http;
    struct conf *conf;
    struct services *services;
    struct conf_problems problems;
};

static struct world load(const char *groups)
{
    struct world world = {0};
    struct bytes text = {0};
    bytes_append_str(&text, "group = core\n\ngroup = smsbox\n\n");
    bytes_append_str(&text, groups);
    world.loop = loop_create();
    world.http = http_client_create(world.loop, &(struct http_client_options){0});
    world.conf = conf_parse(bytes_slice(&text), "test.conf", schema_get(), &world.problems);
    world.services = services_load(world.conf, world.loop, world.http, &world.problems);
    bytes_free(&text);
    return world;
}

static void unload(struct world *world)
{
    services_free(world->services);
    conf_free(world->conf);
    http_client_free(world->http);
    loop_destroy(world->loop);
    conf_problems_free(&world->problems);
}

static struct sms an_mo(const char *text)
{
    struct sms sms = sms_blank();
    sms.sender = slice_str("123");
    sms.receiver = slice_str("999");
    sms.msgdata = slice_str(text);
    return sms;
}

/* The pattern of the service that is found; "" when there is none. */
static const char *found(const struct world *world, const struct sms *sms)
{
    const struct service *service = services_find(world->services, sms);
    return service != NULL ? service->pattern : "";
}

static const char *found_for(const struct world *world, const char *text)
{
    struct sms sms = an_mo(text);
    return found(world, &sms);
}

static void keywords(void **state)
{
    (void)state;
    struct world w = load(
        "group = sms-service\nkeyword = esc\naliases = \"e1;e2\"\ntext = a\ncatch-all = yes\n\n"
        "group = sms-service\nkeyword = b+\ntext = b\ncatch-all = yes\n\n"
        "group = sms-service\nkeyword-regex = \"[0-9]{4}\"\ntext = c\ncatch-all = yes\n\n");
    assert_string_equal(found_for(&w, "esc x"), "a");
    assert_string_equal(found_for(&w, "  ESCape"), "a");
    assert_string_equal(found_for(&w, "e2"), "a");
    assert_string_equal(found_for(&w, "BBBB"), "b");
    assert_string_equal(found_for(&w, "pin 1234 x"), "c");
    assert_string_equal(found_for(&w, "nothing"), "");
    struct sms sms = sms_blank();
    sms.msgdata = slice_of("\0e\0s\0c", 6);
    assert_string_equal(found(&w, &sms), "a");
    unload(&w);
}

static void number_of_words(void **state)
{
    (void)state;
    struct world w = load("group = sms-service\nkeyword = k\ntext = none\n\n"
                          "group = sms-service\nkeyword = k\ntext = \"one %s\"\n\n"
                          "group = sms-service\nkeyword = k\ntext = \"rest %s %s %r\"\n\n"
                          "group = sms-service\nkeyword = default\ntext = default\n\n");
    assert_string_equal(found_for(&w, "k"), "none");
    assert_string_equal(found_for(&w, "k a"), "one %s");
    assert_string_equal(found_for(&w, "k a b"), "rest %s %s %r");
    assert_string_equal(found_for(&w, "k a b c d"), "rest %s %s %r");
    assert_string_equal(found_for(&w, ""), "default");
    unload(&w);
}

static void who_and_where(void **state)
{
    (void)state;
    struct world w =
        load("group = sms-service\nkeyword = k\naccepted-smsc = \"A; B\"\ntext = ab\n\n"
             "group = sms-service\nkeyword = k\naccepted-account = acc\ntext = acc\n\n"
             "group = sms-service\nkeyword = default\nallowed-prefix = \"44;45\"\n"
             "denied-receiver-prefix = 88\ntext = prefix\n\n"
             "group = sms-service\nkeyword = default\nblack-list-regex = \"^6\"\ntext = last\n\n");
    struct sms sms = an_mo("k");
    assert_string_equal(found(&w, &sms), "ab"); /* without smsc-id nothing is refused */
    sms.smsc_id = slice_str("B");
    assert_string_equal(found(&w, &sms), "ab");
    sms.smsc_id = slice_str("C");
    assert_string_equal(found(&w, &sms), "acc");
    sms.account = slice_str("other");
    assert_string_equal(found(&w, &sms), "last");
    sms.sender = slice_str("455");
    assert_string_equal(found(&w, &sms), "prefix");
    sms.receiver = slice_str("881");
    assert_string_equal(found(&w, &sms), "last");
    sms.sender = slice_str("66");
    assert_string_equal(found(&w, &sms), "");
    unload(&w);
}

static void names(void **state)
{
    (void)state;
    struct world w = load("group = sms-service\nkeyword = a\naliases = \"b; c\"\ntext = x\n\n"
                          "group = sms-service\nkeyword = d\nname = \"my name\"\ntext = y\n\n"
                          "group = sms-service\nkeyword = default\ntext = z\n\n");
    assert_string_equal(services_by_name(w.services, slice_str("^[ ]*(a|b| c)[ ]*"))->pattern, "x");
    assert_string_equal(services_by_name(w.services, slice_str("my name"))->pattern, "y");
    assert_string_equal(services_by_name(w.services, slice_str("default"))->pattern, "z");
    assert_null(services_by_name(w.services, slice_str("none")));
    unload(&w);
}

static void mistakes(void **state)
{
    (void)state;
    struct world w = load("group = sms-service\nkeyword = \"(\"\ntext = x\n\n"
                          "group = sms-service\nkeyword = a\nexec = \"echo 'x\"\n\n"
                          "group = sms-service\nkeyword = b\nexec = \"echo x; id\"\n\n");
    assert_int_equal(w.problems.errors, 2);
    assert_int_equal(w.problems.count, 3);
    assert_non_null(strstr(w.problems.items[0].text, "test.conf:6"));
    assert_non_null(strstr(w.problems.items[1].text, "'exec'"));
    assert_int_equal(w.problems.items[2].severity, CONF_WARNING);
    assert_non_null(strstr(w.problems.items[2].text, "';'"));
    unload(&w);
}

static void first_action_counts(void **state)
{
    (void)state;
    struct world w =
        load("group = sms-service\nkeyword = a\ntext = x\nget-url = \"http://h/\"\n\n");
    const struct service *s = services_by_name(w.services, slice_str("^[ ]*(a)[ ]*"));
    assert_int_equal(s->action, SERVICE_GET_URL);
    assert_string_equal(s->pattern, "http://h/");
    unload(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keywords),      cmocka_unit_test(number_of_words),
        cmocka_unit_test(who_and_where), cmocka_unit_test(names),
        cmocka_unit_test(mistakes),      cmocka_unit_test(first_action_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
