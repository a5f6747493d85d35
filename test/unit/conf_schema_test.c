/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of kannel.conf, the checks across variables, whole configurations
 * of Kannel, the sample, and the manual page.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "gw/conf/schema.h"
#include "gwlib/conf.h"
#include "gwlib/conf_internal.h"

#define BOTH 2 /* besides the values of enum schema_box */

static struct conf_problems problems;

static int free_problems(void **state)
{
    (void)state;
    conf_problems_free(&problems);
    return 0;
}

static void show_problems(void)
{
    size_t i;

    for (i = 0; i < problems.count; i++)
        print_message("  %d %s\n", (int)problems.items[i].severity, problems.items[i].text);
}

static void check(const char *file, enum schema_box box)
{
    struct conf *conf;

    conf_problems_free(&problems);
    conf = conf_parse(slice_str(file), "t.conf", schema_get(), &problems);
    schema_check(conf, box, &problems);
    conf_free(conf);
}

static void expect_clean(const char *file, enum schema_box box)
{
    check(file, box);
    if (problems.count != 0)
        show_problems();
    assert_int_equal(problems.count, 0);
}

static void expect_one(const char *file, enum schema_box box, enum conf_severity severity,
                       const char *text)
{
    check(file, box);
    if (problems.count != 1 || strcmp(problems.items[0].text, text) != 0)
        show_problems();
    assert_int_equal(problems.count, 1);
    assert_string_equal(problems.items[0].text, text);
    assert_int_equal(problems.items[0].severity, severity);
}

/* --- the table -------------------------------------------------------------------- */

static void check_fallback(const struct conf_group_type *group,
                           const struct conf_variable *variable)
{
    struct conf_value value;
    struct bytes complaint = {0};
    char *choice = NULL;

    if (variable->fallback == NULL)
        return;
    if (!conf_value_parse(variable, variable->fallback, &value, &choice, &complaint) ||
        complaint.len > 0)
        fail_msg("%s %s: %s", group->name, variable->name, bytes_str(&complaint));
    if (variable->required)
        fail_msg("%s %s: required with a default", group->name, variable->name);
    free(choice);
    bytes_free(&complaint);
}

static void check_group_type(const struct conf_group_type *group)
{
    size_t i, k;

    assert_true(group->doc != NULL && group->doc[strlen(group->doc) - 1] == '.');
    for (i = 0; i < group->variable_count; i++) {
        const struct conf_variable *variable = &group->variables[i];

        check_fallback(group, variable);
        if (variable->doc == NULL || variable->doc[strlen(variable->doc) - 1] != '.')
            fail_msg("%s %s: doc is no sentence", group->name, variable->name);
        for (k = 0; k < i; k++) {
            if (strcmp(group->variables[k].name, variable->name) == 0)
                fail_msg("%s %s: twice", group->name, variable->name);
        }
    }
}

static void the_table_is_sound(void **state)
{
    const struct conf_schema *schema = schema_get();
    size_t i, k;

    (void)state;
    for (i = 0; i < schema->group_count; i++) {
        check_group_type(&schema->groups[i]);
        for (k = 0; k < i; k++)
            assert_string_not_equal(schema->groups[i].name, schema->groups[k].name);
    }
}

/* The names that `bearerbox --generate` of Kannel 1.4.5 prints. */
static void every_name_of_kannel_is_known(void **state)
{
    FILE *file = fopen(TEST_DATA "/conf-names.txt", "r");
    char group[64], name[64], line[160];
    size_t count = 0;

    (void)state;
    assert_non_null(file);
    while (fgets(line, sizeof(line), file) != NULL) {
        const struct conf_group_type *type;

        if (line[0] == '#' || sscanf(line, "%63s %63s", group, name) != 2)
            continue;
        type = conf_schema_group(schema_get(), group);
        if (type == NULL || (!type->any_variable && conf_schema_variable(type, name) == NULL))
            fail_msg("%s %s is not known", group, name);
        count++;
    }
    assert_true(count > 490);
    fclose(file);
}

/* --- whole configurations ------------------------------------------------------------ */

static void load_file(const char *path, int box, enum conf_severity worst)
{
    struct conf *conf;
    size_t i;

    conf_problems_free(&problems);
    conf = conf_load(path, schema_get(), &problems);
    if (box != SCHEMA_SMSBOX)
        schema_check(conf, SCHEMA_BEARERBOX, &problems);
    if (box != SCHEMA_BEARERBOX)
        schema_check(conf, SCHEMA_SMSBOX, &problems);
    for (i = 0; i < problems.count; i++) {
        if (problems.items[i].severity > worst)
            fail_msg("%s", problems.items[i].text);
    }
    conf_free(conf);
}

#define CONF(name) TEST_DATA "/compat/conf/" name

static void kannels_configurations_load(void **state)
{
    (void)state;
    load_file(CONF("admin.conf"), BOTH, CONF_WARNING);
    load_file(CONF("sendsms.conf"), BOTH, CONF_WARNING);
    load_file(CONF("mo.conf"), BOTH, CONF_WARNING);
    load_file(CONF("mo-recode.conf"), BOTH, CONF_WARNING);
    load_file(CONF("smpp.conf"), BOTH, CONF_WARNING);
    load_file(CONF("immediate.conf"), BOTH, CONF_WARNING);
}

static void the_tutorial_of_2006_loads(void **state)
{
    struct conf *conf;
    const struct conf_group *smsc, *modems;

    (void)state;
    load_file(CONF("tutorial-2006.conf"), BOTH, CONF_NOTE);
    assert_int_equal(problems.count, 1); /* store-file is an old name */
    conf = conf_load(CONF("tutorial-2006.conf"), schema_get(), &problems);
    smsc = conf_first(conf, "smsc");
    assert_string_equal(conf_string(smsc, "device"), "/dev/ttyUSB0");
    assert_int_equal(conf_number(smsc, "speed"), 115200);
    assert_string_equal(conf_string(smsc, "sms-center"), "0816124");
    modems = conf_first(conf, "modems");
    assert_string_equal(conf_string(modems, "init-string"), "AT+CNMI=1,2,0,1,0;+CMEE=1");
    assert_string_equal(conf_string(modems, "enable-hwhs"), "AT+IFC=2,2");
    assert_string_equal(conf_string(conf_first(conf, "sms-service"), "exec"),
                        "/usr/local/bin/kannel_incoming %t %q %a");
    conf_free(conf);
}

static void the_sample_loads_without_a_note(void **state)
{
    (void)state;
    load_file(TOP_SRCDIR "/kannel.conf.sample", BOTH, CONF_NOTE);
    assert_int_equal(problems.count, 0);
}

/* --- the checks ------------------------------------------------------------------------ */

#define CORE   "group = core\nadmin-port = 1\nadmin-password = x\n"
#define SMSBOX "\ngroup = smsbox\n"
#define ROUTE  "\ngroup = smsbox-route\nsmsbox-id = b\n"

static void core_is_complete(void **state)
{
    (void)state;
    expect_clean(CORE, SCHEMA_BEARERBOX);
    expect_one("", SCHEMA_BEARERBOX, CONF_ERROR, "Group 'core' is missing.");
    expect_one("group = core\nadmin-port = 1\n", SCHEMA_BEARERBOX, CONF_ERROR,
               "t.conf:1: group 'core', variable 'admin-password': is missing: nobody could "
               "administrate the gateway");
    expect_one("group = core\nadmin-password = 1\n", SCHEMA_BEARERBOX, CONF_ERROR,
               "t.conf:1: group 'core', variable 'admin-port': is missing: the port of the "
               "administration");
    expect_one(CORE "smsbox-port = 13001\n", SCHEMA_BEARERBOX, CONF_ERROR,
               "t.conf:4: group 'core', variable 'smsbox-port': there is no group 'smsbox'");
    expect_one(CORE "\ngroup = smsc\nsmsc = fake\n", SCHEMA_BEARERBOX, CONF_ERROR,
               "t.conf:1: group 'core', variable 'smsbox-port': is missing: there is a group "
               "'smsc', but no box could connect");
    expect_one("group = core\nadmin-port = x\nadmin-password = x\n", SCHEMA_BEARERBOX, CONF_ERROR,
               "t.conf:2: group 'core', variable 'admin-port': 'x' is not a number");
    expect_clean("group = core\n" SMSBOX, SCHEMA_SMSBOX);
    check(CORE "wapbox-port = 13002\n\ngroup = wapbox\nbearerbox-host = x\n", SCHEMA_BEARERBOX);
    assert_int_equal(problems.errors, 0);
    assert_int_equal(problems.count, 2);
}

static void tls_needs_a_certificate(void **state)
{
    (void)state;
    expect_one(CORE "admin-port-ssl = yes\nssl-server-cert-file = a\n", SCHEMA_BEARERBOX,
               CONF_ERROR,
               "t.conf:4: group 'core', variable 'admin-port-ssl': needs ssl-server-cert-file and "
               "ssl-server-key-file in group 'core'");
    expect_clean(CORE "admin-port-ssl = yes\nssl-server-cert-file = a\nssl-server-key-file = b\n",
                 SCHEMA_BEARERBOX);
    expect_one("group = core\n" SMSBOX "sendsms-port-ssl = yes\n", SCHEMA_SMSBOX, CONF_ERROR,
               "t.conf:4: group 'smsbox', variable 'sendsms-port-ssl': needs "
               "ssl-server-cert-file and ssl-server-key-file in group 'core'");
}

static void an_allow_list_alone_is_told(void **state)
{
    (void)state;
    expect_one(CORE "admin-allow-ip = 127.0.0.1\n", SCHEMA_BEARERBOX, CONF_WARNING,
               "t.conf:4: group 'core', variable 'admin-allow-ip': restricts nothing without "
               "admin-deny-ip; write admin-deny-ip = \"*.*.*.*\" to let in nobody else");
}

#define SMSC CORE "smsbox-port = 2\n" SMSBOX "\ngroup = smsc\n"

static void smsc_types(void **state)
{
    (void)state;
    expect_clean(SMSC "smsc = at\ndevice = /dev/null\n", SCHEMA_BEARERBOX);
    expect_one(SMSC "smsc = smp\n", SCHEMA_BEARERBOX, CONF_ERROR,
               "t.conf:9: group 'smsc', variable 'smsc': Unknown SMSC type 'smp'; did you mean "
               "'smpp'? (there are at, smpp, fake, loopback)");
    expect_one(SMSC "smsc = telepathy\n", SCHEMA_BEARERBOX, CONF_ERROR,
               "t.conf:9: group 'smsc', variable 'smsc': Unknown SMSC type 'telepathy' (there are "
               "at, smpp, fake, loopback)");
    expect_one(SMSC "smsc = cimd2\n", SCHEMA_BEARERBOX, CONF_ERROR,
               "t.conf:9: group 'smsc', variable 'smsc': SMSC type 'cimd2' of Kannel is not "
               "supported here; comment the group out to go on without it");
    check(SMSC "smsc-id = x\n", SCHEMA_BEARERBOX);
    assert_int_equal(problems.errors, 1);
    expect_one(SMSC "smsc = fake\nallowed-smsc-id = a\ndenied-smsc-id = b\n", SCHEMA_BEARERBOX,
               CONF_WARNING,
               "t.conf:11: group 'smsc', variable 'denied-smsc-id': has no effect besides "
               "allowed-smsc-id");
}

static void routes_are_unique(void **state)
{
    (void)state;
    expect_clean(CORE ROUTE "smsc-id = a;b\n" ROUTE "shortcode = a\n" ROUTE
                            "shortcode = 1;2\nsmsc-id = a;b\n" ROUTE "shortcode = 1\nsmsc-id = c\n",
                 SCHEMA_BEARERBOX);
    expect_one(CORE ROUTE "smsc-id = \"a; b\"\n" ROUTE "smsc-id = \"c ;b\"\n", SCHEMA_BEARERBOX,
               CONF_ERROR, "t.conf:9: group 'smsbox-route': a second route for smsc-id 'b'");
    expect_one(CORE ROUTE "shortcode = 1\n" ROUTE "shortcode = 2;1\n", SCHEMA_BEARERBOX, CONF_ERROR,
               "t.conf:9: group 'smsbox-route': a second route for receiver '1'");
    expect_one(CORE ROUTE "shortcode = 1\nsmsc-id = a\n" ROUTE "smsc-id = a\nshortcode = 2;1\n",
               SCHEMA_BEARERBOX, CONF_ERROR,
               "t.conf:10: group 'smsbox-route': a second route for receiver '1' smsc-id 'a'");
    expect_one(CORE ROUTE, SCHEMA_BEARERBOX, CONF_WARNING,
               "t.conf:5: group 'smsbox-route': routes nothing without shortcode or smsc-id");
    check(CORE "\ngroup = smsbox-route\nsmsc-id = a\n", SCHEMA_BEARERBOX);
    assert_int_equal(problems.errors, 1);
}

static void reroutes_are_unique(void **state)
{
    (void)state;
    expect_clean(SMSC "smsc = fake\nreroute-receiver = \"A,111,222; B,333;A,A\"\n",
                 SCHEMA_BEARERBOX);
    expect_one(SMSC "smsc = fake\nreroute-receiver = \"A,111,222; B, 111\"\n", SCHEMA_BEARERBOX,
               CONF_ERROR,
               "t.conf:10: group 'smsc', variable 'reroute-receiver': a second route for receiver "
               "'111'");
}

static void another_store_is_told(void **state)
{
    (void)state;
    expect_clean(CORE "store-type = file\n", SCHEMA_BEARERBOX);
    expect_clean(CORE "store-type = none\n", SCHEMA_BEARERBOX);
    expect_one(CORE "store-type = redis\n", SCHEMA_BEARERBOX, CONF_WARNING,
               "t.conf:4: group 'core', variable 'store-type': messages that wait in Kannel's "
               "store of type 'redis' are not taken over; those of this gateway are kept in a "
               "database file");
}

#define SERVICE "group = core\n" SMSBOX "\ngroup = sms-service\n"

static void services_are_complete(void **state)
{
    (void)state;
    expect_clean(SERVICE "keyword = a\ntext = b\n", SCHEMA_SMSBOX);
    expect_clean(SERVICE "keyword-regex = ^a\npost-url = http://h/\n", SCHEMA_SMSBOX);
    expect_clean(CORE "\ngroup = sms-service\nkeyword = a\n", SCHEMA_BEARERBOX);
    expect_one(SERVICE "text = b\n", SCHEMA_SMSBOX, CONF_ERROR,
               "t.conf:5: group 'sms-service': keyword or keyword-regex is needed");
    expect_one(SERVICE "text = b\nkeyword = a\nkeyword-regex = a\n", SCHEMA_SMSBOX, CONF_ERROR,
               "t.conf:8: group 'sms-service', variable 'keyword-regex': keyword and "
               "keyword-regex exclude each other");
    expect_one(SERVICE "keyword = a\n", SCHEMA_SMSBOX, CONF_ERROR,
               "t.conf:5: group 'sms-service': one of get-url, post-url, post-xml, file, text, "
               "exec is needed");
    expect_one(SERVICE "keyword = a\nexec = true\ntext = b\n", SCHEMA_SMSBOX, CONF_WARNING,
               "t.conf:7: group 'sms-service', variable 'exec': has no effect besides text: a "
               "service does one thing");
    expect_one(SERVICE "keyword = a\ntext = b\nsuffix = c\n", SCHEMA_SMSBOX, CONF_WARNING,
               "t.conf:8: group 'sms-service', variable 'suffix': prefix and suffix have an "
               "effect only together");
}

#define USER "\ngroup = sendsms-user\n"

static void users_are_complete(void **state)
{
    (void)state;
    expect_clean("group = core\n" SMSBOX USER "username = a\npassword = b\n" USER
                 "username = b\npassword = b\n",
                 SCHEMA_SMSBOX);
    expect_one("group = core\n" SMSBOX USER "password = b\n", SCHEMA_SMSBOX, CONF_ERROR,
               "t.conf:5: group 'sendsms-user', variable 'username': is missing: the user could "
               "not log in");
    expect_one("group = core\n" SMSBOX USER "username = b\n", SCHEMA_SMSBOX, CONF_ERROR,
               "t.conf:5: group 'sendsms-user', variable 'password': is missing: the user could "
               "not log in");
    expect_one("group = core\n" SMSBOX USER "username = a\npassword = b\n" USER
               "username = a\npassword = c\n",
               SCHEMA_SMSBOX, CONF_WARNING,
               "t.conf:10: group 'sendsms-user', variable 'username': 'a' has a group already, "
               "which counts; this one has no effect");
    expect_one("group = core\n", SCHEMA_SMSBOX, CONF_ERROR, "Group 'smsbox' is missing.");
    expect_one("group = smsbox\n", SCHEMA_SMSBOX, CONF_ERROR, "Group 'core' is missing.");
}

static void durations_of_the_store(void **state)
{
    struct conf *conf = conf_parse(slice_str("group = core\nstore-history = 2d\n"), "t.conf",
                                   schema_get(), &problems);

    (void)state;
    assert_int_equal(conf_number(conf_first(conf, "core"), "store-history"), 172800);
    conf_free(conf);
    conf = conf_parse(slice_str("group = core\n"), "t.conf", schema_get(), &problems);
    assert_int_equal(conf_number(conf_first(conf, "core"), "store-history"), 2592000);
    assert_int_equal(problems.count, 0);
    conf_free(conf);
}

/* --- the manual page --------------------------------------------------------------------- */

static void the_page_says_what_the_table_says(void **state)
{
    FILE *file = fopen(TOP_SRCDIR "/doc/kannel.conf.5", "r");
    struct bytes page = {0}, lists = {0};
    char piece[4096];
    size_t n;

    (void)state;
    assert_non_null(file);
    while ((n = fread(piece, 1, sizeof(piece), file)) > 0)
        bytes_append(&page, piece, n);
    fclose(file);
    conf_schema_print_mdoc(schema_get(), &lists);
    assert_true(lists.len > 10000);
    if (strstr(bytes_str(&page), bytes_str(&lists)) == NULL)
        fail_msg("doc/kannel.conf.5 is older than gw/conf/schema.def: run make update-doc");
    bytes_free(&page);
    bytes_free(&lists);
}

#define TEST(f) cmocka_unit_test_teardown(f, free_problems)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_table_is_sound),
        TEST(every_name_of_kannel_is_known),
        TEST(kannels_configurations_load),
        TEST(the_tutorial_of_2006_loads),
        TEST(the_sample_loads_without_a_note),
        TEST(core_is_complete),
        TEST(tls_needs_a_certificate),
        TEST(an_allow_list_alone_is_told),
        TEST(smsc_types),
        TEST(routes_are_unique),
        TEST(reroutes_are_unique),
        TEST(another_store_is_told),
        TEST(services_are_complete),
        TEST(users_are_complete),
        TEST(durations_of_the_store),
        TEST(the_page_says_what_the_table_says),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
