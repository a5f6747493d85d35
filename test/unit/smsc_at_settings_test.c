/* SPDX-License-Identifier: Apache-2.0 */
/* Settings of a modem: defaults, groups modems, which profile fits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "gw/conf/schema.h"
#include "gw/smsc/at/settings.h"

static struct conf *conf;
static struct at_settings settings;
static struct conf_problems problems;

static bool read_settings(const char *text)
{
    struct bytes all = {0};

    bytes_printf(&all, "group = core\nadmin-port = 1\n\ngroup = smsc\nsmsc = at\n%s", text);
    conf = conf_parse(bytes_slice(&all), "t.conf", schema_get(), &problems);
    bytes_free(&all);
    assert_non_null(conf);
    return at_settings_read(&settings, conf_first(conf, "smsc"), &problems);
}

static int teardown(void **state)
{
    (void)state;
    at_settings_free(&settings);
    conf_free(conf);
    conf_problems_free(&problems);
    memset(&problems, 0, sizeof problems);
    return 0;
}

static const char *profile_for(const char *identification)
{
    return at_settings_profile(&settings, slice_str(identification))->id;
}

static void defaults(void **state)
{
    (void)state;
    assert_true(read_settings("device = /dev/ttyUSB0\n"));
    assert_string_equal(settings.device, "/dev/ttyUSB0");
    assert_int_equal(settings.speed, 0);
    assert_int_equal(settings.validity, 167);
    assert_int_equal(settings.keepalive_s, 0);
    assert_int_equal(settings.max_errors, -1);
    assert_null(settings.pin);
    assert_string_equal(profile_for("WAVECOM MODEM"), "wavecom");
    assert_string_equal(profile_for("SIMCOM INCORPORATED\nSIMCOM_SIM7600E"), "sim7000");
    assert_string_equal(profile_for("SIMCOM_Ltd\nSIMCOM_SIM800L"), "simcom");
    assert_string_equal(profile_for("Some other"), "generic");
    assert_string_equal(profile_for("SIEMENS TC35"), "siemens");
    assert_string_equal(profile_for("Motorola\nT280"), "motorola");
}

static void a_configured_profile_wins(void **state)
{
    const struct at_profile *profile;

    (void)state;
    assert_true(read_settings("device = /dev/ttyUSB0\n\n"
                              "group = modems\nid = mine\ndetect-string = TC35\n"
                              "init-string = \"AT+CNMI=1,2,0,1,1\"\nno-pin = true\nspeed = 19200\n"
                              "\ngroup = modems\nid = both\ndetect-string = A\n"
                              "detect-string2 = B\n"));
    profile = at_settings_profile(&settings, slice_str("siemens tc35i"));
    assert_string_equal(profile->id, "mine");
    assert_string_equal(profile->init_string, "AT+CNMI=1,2,0,1,1");
    assert_true(profile->no_pin);
    assert_int_equal(profile->speed, 19200);
    assert_string_equal(profile_for("xAxBx"), "both");
    assert_string_equal(profile_for("xAx"), "generic");
}

static void a_named_profile(void **state)
{
    (void)state;
    assert_true(read_settings("device = /dev/ttyUSB0\nmodemtype = wavecom\n\n"
                              "group = modems\nid = WAVECOM\nname = wavecom\n"
                              "detect-string = WAVECOM\ninit-string = \"AT+CNMI=1,2,0,1,0\"\n"));
    assert_string_equal(profile_for("anything"), "WAVECOM");
}

static void an_unknown_type_is_detected(void **state)
{
    size_t before;

    (void)state;
    assert_true(read_settings("device = /dev/ttyUSB0\nmodemtype = nosuch\n"));
    before = problems.count;
    assert_true(before >= 1);
    assert_string_equal(profile_for("Nokia 6310i"), "nokiaphone");
}

static void mistakes(void **state)
{
    static const char *const texts[] = {"smsc-id = x\n", "device = rawtcp\nhost = localhost\n",
                                        "device = rawtcp\nport = 5000\n"};

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_false(read_settings(texts[i]));
        teardown(state);
        conf = NULL;
    }
    assert_true(read_settings("device = rawtcp\nhost = localhost\nport = 5000\n"));
    assert_int_equal(settings.tcp_port, 5000);
}

static void where_a_modem_can_be(void **state)
{
    static const char *const bad[] = {
        "device = usb:12d1\n",
        "device = usb:12d1:10g1\n",
        "device = usb:12d1:1001x\n",
        "device = telnet\nhost = h\n",
        "device = telnet\nhost = h\nport = 23\nmenu-prompt = which\n",
        "device = telnet\nhost = h\nport = 23\ntelnet-line-end = lf\n",
        "device = /dev/ttyUSB0\nimei = 12345\n",
        "device = /dev/ttyUSB0\npower-hook = \"cycle 'port\"\n",
    };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        size_t before = problems.count;
        bool read = read_settings(bad[i]);

        assert_true(!read || problems.count > before);
        teardown(state);
        conf = NULL;
    }
    assert_true(read_settings("device = usb:12d1:1001:ABC:2\n"));
    assert_false(settings.is_tcp);
    teardown(state);
    assert_true(read_settings("device = telnet\nhost = h\nport = 23\nsmsc-username = u\n"
                              "telnet-line-end = cr\n"));
    assert_true(settings.is_tcp && settings.telnet);
    assert_int_equal(settings.line_end, AT_CR);
    assert_string_equal(settings.login.user, "u");
    assert_null(settings.login.user_prompt);
    teardown(state);
    assert_true(read_settings("device = rawtcp\nhost = h\nport = 23\n"));
    assert_true(settings.is_tcp && !settings.telnet);
    assert_string_equal(settings.root, "");
    assert_string_equal(settings.lock_directory, "/run/lock");
}

static void handshake_and_chunks(void **state)
{
    const struct at_profile *profile;

    (void)state;
    assert_true(read_settings("device = /dev/ttyUSB0\n\n"
                              "group = modems\nid = plain\n\n"
                              "group = modems\nid = own\nenable-hwhs = AT\nwrite-chunk = 18\n"
                              "hardware-flow-control = no\n"));
    settings.modemtype = "plain";
    profile = at_settings_profile(&settings, slice_unset());
    assert_string_equal(profile->handshake, "AT+IFC=2,2");
    assert_true(profile->flow_control && !profile->always_handshake);
    assert_int_equal(profile->chunk, 0);
    settings.modemtype = "own";
    profile = at_settings_profile(&settings, slice_unset());
    assert_true(!profile->flow_control && profile->always_handshake);
    assert_int_equal(profile->chunk, 18);
    assert_int_equal(profile->gap_ms, 10);
    settings.modemtype = "nokiaphone"; /* these lose octets */
    assert_int_equal(at_settings_profile(&settings, slice_unset())->chunk, 18);
}

static void alternative_coding(void **state)
{
    (void)state;
    assert_true(read_settings("device = /dev/ttyUSB0\nalt-dcs = true\n"));
    assert_int_equal(at_settings_alt_dcs(&settings, -1), 1);
    assert_int_equal(at_settings_alt_dcs(&settings, 0), 0);
    settings.alt_dcs = false;
    assert_int_equal(at_settings_alt_dcs(&settings, -1), -1);
    assert_int_equal(at_settings_alt_dcs(&settings, 1), 1);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, NULL, teardown)
    const struct CMUnitTest tests[] = {
        CASE(defaults),
        CASE(a_configured_profile_wins),
        CASE(a_named_profile),
        CASE(an_unknown_type_is_detected),
        CASE(mistakes),
        CASE(where_a_modem_can_be),
        CASE(handshake_and_chunks),
        CASE(alternative_coding),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
