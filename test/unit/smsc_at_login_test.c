/* SPDX-License-Identifier: Apache-2.0 */
/* What a gateway asks before its modem: prompts, and what is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gw/smsc/at/login.h"

static struct at_login login;

static int teardown(void **state)
{
    (void)state;
    at_login_clear(&login);
    return 0;
}

static enum at_login_asks after(const struct at_login_words *words, const char *text)
{
    at_login_clear(&login);
    at_login_init(&login, words);
    at_login_take(&login, slice_str(text));
    return at_login_asks(&login);
}

static void usual_prompts(void **state)
{
    static const struct at_login_words words = {.user = "u", .password = "p"};

    (void)state;
    assert_int_equal(after(&words, "Welcome\r\nlogin: "), AT_LOGIN_USER);
    assert_int_equal(after(&words, "SG login:"), AT_LOGIN_USER);
    assert_int_equal(after(&words, "\r\nUsername: "), AT_LOGIN_USER);
    assert_int_equal(after(&words, "Password: "), AT_LOGIN_PASSWORD);
    assert_int_equal(after(&words, "Password: \r\n"), AT_LOGIN_NOTHING);
    assert_int_equal(after(&words, ""), AT_LOGIN_NOTHING);
    assert_int_equal(after(&words, "Welcome"), AT_LOGIN_NOTHING);
}

static void last_login_is_none(void **state)
{
    static const struct at_login_words words = {.user = "u", .password = "p"};
    static const struct at_login_words own = {.user = "u", .user_prompt = "ogin:"};

    (void)state;
    assert_int_equal(after(&words, "Last login: Fri Nov 27 from 10.0.0.1\r\n"), AT_LOGIN_NOTHING);
    assert_int_equal(after(&words, "Last login:"), AT_LOGIN_NOTHING);
    assert_int_equal(after(&own, "last Login: "), AT_LOGIN_NOTHING);
    assert_int_equal(after(&own, "Last login: never\r\nLogin: "), AT_LOGIN_USER);
}

static void configured_prompts(void **state)
{
    static const struct at_login_words words = {
        .user = "u", .user_prompt = "Who? ", .password = "p", .password_prompt = "Secret"};

    (void)state;
    assert_int_equal(after(&words, "Who? "), AT_LOGIN_USER);
    assert_int_equal(after(&words, "login: "), AT_LOGIN_NOTHING);
    assert_int_equal(after(&words, "your SECRET"), AT_LOGIN_PASSWORD);
}

static void asked_again_is_refused(void **state)
{
    static const struct at_login_words words = {.user = "u", .password = "p"};

    (void)state;
    assert_int_equal(after(&words, "login: "), AT_LOGIN_USER);
    assert_string_equal(at_login_answer(&login, AT_LOGIN_USER), "u");
    at_login_answered(&login, AT_LOGIN_USER);
    assert_int_equal(at_login_asks(&login), AT_LOGIN_NOTHING);
    assert_false(at_login_is_complete(&login));
    at_login_take(&login, slice_str("u\r\nPassword: "));
    assert_int_equal(at_login_asks(&login), AT_LOGIN_PASSWORD);
    at_login_answered(&login, AT_LOGIN_PASSWORD);
    assert_true(at_login_is_complete(&login));
    assert_false(login.accepted);
    at_login_take(&login, slice_str("\r\nLogin incorrect\r\nlogin: "));
    assert_int_equal(at_login_asks(&login), AT_LOGIN_REFUSED);
}

static void ok_says_that_it_was_accepted(void **state)
{
    static const struct at_login_words words = {.password = "p"};

    (void)state;
    assert_int_equal(after(&words, "OK\r\nPassword:"), AT_LOGIN_PASSWORD);
    assert_false(login.accepted);
    at_login_answered(&login, AT_LOGIN_PASSWORD);
    at_login_take(&login, slice_str("\r\nOK\r\n"));
    assert_true(login.accepted);
}

static void a_menu_whenever_it_appears(void **state)
{
    static const struct at_login_words words = {.menu_prompt = "which module?",
                                                .menu_answer = "module1"};

    (void)state;
    assert_true(at_login_is_wanted(&words));
    assert_int_equal(after(&words, "Which module? (1-4)\r\n"), AT_LOGIN_MENU);
    assert_string_equal(at_login_answer(&login, AT_LOGIN_MENU), "module1");
    at_login_answered(&login, AT_LOGIN_MENU);
    assert_true(at_login_is_complete(&login));
    assert_int_equal(at_login_asks(&login), AT_LOGIN_NOTHING);
    at_login_take(&login, slice_str("\r\nOK\r\nwhich module? "));
    assert_int_equal(at_login_asks(&login), AT_LOGIN_MENU);
}

static void a_line_without_an_end_is_bounded(void **state)
{
    static const struct at_login_words words = {.user = "u"};

    (void)state;
    after(&words, "");
    for (int i = 0; i < 10000; i++)
        at_login_take(&login, slice_str("0123456789"));
    assert_true(login.line.len <= 512);
    at_login_take(&login, slice_str(" login:"));
    assert_int_equal(at_login_asks(&login), AT_LOGIN_USER);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, NULL, teardown)
    const struct CMUnitTest tests[] = {
        CASE(usual_prompts),
        CASE(last_login_is_none),
        CASE(configured_prompts),
        CASE(asked_again_is_refused),
        CASE(ok_says_that_it_was_accepted),
        CASE(a_menu_whenever_it_appears),
        CASE(a_line_without_an_end_is_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
