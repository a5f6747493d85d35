/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The telnet filter and the login behind it: the same comes out however the
 * octets are cut, answers are no longer than what came, and what is sent comes
 * back as it was.
 */
#include <stdint.h>

#include "gw/smsc/at/login.h"
#include "gw/smsc/at/telnet.h"
#include "gwlib/log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_cut(struct slice whole, size_t cut)
{
    struct at_telnet one, two;
    struct bytes data[2] = {{0}, {0}}, reply[2] = {{0}, {0}};

    at_telnet_init(&one, AT_CR_LF);
    at_telnet_init(&two, AT_CR_LF);
    at_telnet_receive(&one, whole, &data[0], &reply[0]);
    at_telnet_receive(&two, slice_sub(whole, 0, cut), &data[1], &reply[1]);
    at_telnet_receive(&two, slice_sub(whole, cut, whole.len), &data[1], &reply[1]);
    LOG_ASSERT(slice_equal(bytes_slice(&data[0]), bytes_slice(&data[1])));
    LOG_ASSERT(slice_equal(bytes_slice(&reply[0]), bytes_slice(&reply[1])));
    LOG_ASSERT(data[0].len + reply[0].len <= whole.len);
    for (int i = 0; i < 2; i++) {
        bytes_free(&data[i]);
        bytes_free(&reply[i]);
    }
}

static void check_return(struct slice text)
{
    struct at_telnet telnet;
    struct bytes octets = {0}, data = {0}, reply = {0};

    at_telnet_init(&telnet, AT_CR_NUL);
    at_telnet_send(&telnet, text, &octets);
    at_telnet_receive(&telnet, bytes_slice(&octets), &data, &reply);
    LOG_ASSERT(slice_equal(bytes_slice(&data), text) || text.len == 0);
    LOG_ASSERT(reply.len == 0);
    bytes_free(&octets);
    bytes_free(&data);
    bytes_free(&reply);
}

static void check_login(struct slice text)
{
    static const struct at_login_words words = {
        .user = "u", .password = "p", .menu_prompt = "menu>", .menu_answer = "1"};
    struct at_login login;
    struct slice line;

    at_login_init(&login, &words);
    while (slice_next_item(&text, 'X', &line)) {
        enum at_login_asks asks;

        at_login_take(&login, line);
        asks = at_login_asks(&login);
        if (asks != AT_LOGIN_NOTHING && asks != AT_LOGIN_REFUSED)
            at_login_answered(&login, asks);
        LOG_ASSERT(login.users <= 1 && login.passwords <= 1);
    }
    at_login_clear(&login);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice whole = slice_of(data, size);

    if (size == 0)
        return 0;
    check_cut(slice_sub(whole, 1, size), data[0] % size);
    check_return(whole);
    check_login(whole);
    return 0;
}
