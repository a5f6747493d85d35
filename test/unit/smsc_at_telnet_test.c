/* SPDX-License-Identifier: Apache-2.0 */
/* The telnet filter (RFC 854, 855, 857, 858, 1143). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "gw/smsc/at/telnet.h"

#define IAC  "\xff"
#define DONT "\xfe"
#define DO   "\xfd"
#define WONT "\xfc"
#define WILL "\xfb"
#define SB   "\xfa"
#define SE   "\xf0"
#define NOP  "\xf1"

static struct at_telnet telnet;
static struct bytes data, reply;

static int setup(void **state)
{
    (void)state;
    at_telnet_init(&telnet, AT_CR_LF);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    bytes_free(&data);
    bytes_free(&reply);
    return 0;
}

static void receive(const char *octets, size_t len)
{
    bytes_clear(&data);
    bytes_clear(&reply);
    at_telnet_receive(&telnet, slice_of(octets, len), &data, &reply);
}

static void assert_bytes(const struct bytes *is, const char *should, size_t len)
{
    assert_int_equal(is->len, len);
    if (len > 0)
        assert_memory_equal(is->data, should, len);
}

/* Literals hold NUL: their length is that of the array. */
#define CHECK(octets, wanted, answered)                                                            \
    do {                                                                                           \
        receive(octets, sizeof(octets) - 1);                                                       \
        assert_bytes(&data, wanted, sizeof(wanted) - 1);                                           \
        assert_bytes(&reply, answered, sizeof(answered) - 1);                                      \
    } while (0)

static void plain_data(void **state)
{
    (void)state;
    CHECK("\r\nOK\r\n", "\r\nOK\r\n", "");
    CHECK("a" IAC IAC "b",
          "a\xff"
          "b",
          "");
    CHECK("\r\0"
          "OK\r\0\0",
          "\rOK\r\0", "");
    CHECK("a" IAC NOP "b" IAC SE "c", "abc", "");
}

static void options_are_refused(void **state)
{
    (void)state;
    CHECK(IAC DO "\x18", "", IAC WONT "\x18");
    CHECK(IAC WILL "\x05", "", IAC DONT "\x05");
    CHECK(IAC DO "\x01", "", IAC WONT "\x01"); /* we do not echo */
    CHECK(IAC WONT "\x05" IAC DONT "\x18", "", "");
    CHECK(IAC DO "\xff", "", IAC WONT "\xff");
}

static void echo_and_go_ahead_are_accepted_once(void **state)
{
    (void)state;
    CHECK(IAC WILL "\x01" IAC WILL "\x03" IAC DO "\x03", "",
          IAC DO "\x01" IAC DO "\x03" IAC WILL "\x03");
    CHECK(IAC WILL "\x01" IAC WILL "\x03" IAC DO "\x03", "", "");
    CHECK(IAC WONT "\x01" IAC DONT "\x03", "", IAC DONT "\x01" IAC WONT "\x03");
    CHECK(IAC WILL "\x01", "", IAC DO "\x01");
}

static void subnegotiations_are_skipped(void **state)
{
    (void)state;
    CHECK("a" IAC SB "\x18\x01" IAC IAC "x" IAC SE "b", "ab", "");
    CHECK("a" IAC SB "\x2c"
          "OK" IAC NOP "OK" IAC SE "b",
          "ab", "");
}

static void one_without_an_end_does_not_swallow_everything(void **state)
{
    char noise[5000];

    (void)state;
    memset(noise, 'x', sizeof noise);
    CHECK(IAC SB, "", "");
    receive(noise, sizeof noise);
    assert_true(data.len > 0 && data.len < sizeof noise);
    CHECK("OK", "OK", "");
}

/* Wherever packets end, the same comes out. */
static void cut_anywhere(void **state)
{
    static const char stream[] =
        "lo" IAC WILL "\x01"
        "gin" IAC SB "\x18\x01" IAC IAC IAC SE ": \r\0" IAC IAC IAC DO "\x18"
        "x\r\n";
    static const char wanted[] = "login: \r\xffx\r\n";
    size_t len = sizeof stream - 1;

    (void)state;
    for (size_t cut = 0; cut <= len; cut++) {
        setup(NULL);
        bytes_clear(&data);
        bytes_clear(&reply);
        at_telnet_receive(&telnet, slice_of(stream, cut), &data, &reply);
        at_telnet_receive(&telnet, slice_of(stream + cut, len - cut), &data, &reply);
        assert_bytes(&data, wanted, sizeof wanted - 1);
        assert_bytes(&reply, IAC DO "\x01" IAC WONT "\x18", 6);
    }
}

static void check_sent(enum at_line_end line_end, const char *text, const char *wanted, size_t len)
{
    at_telnet_init(&telnet, line_end);
    bytes_clear(&data);
    at_telnet_send(&telnet, slice_str(text), &data);
    assert_bytes(&data, wanted, len);
}

static void what_is_sent(void **state)
{
    (void)state;
    check_sent(AT_CR_LF, "AT\r", "AT\r\n", 4);
    check_sent(AT_CR, "AT\r", "AT\r", 3);
    check_sent(AT_CR_NUL, "AT\r", "AT\r\0", 4);
    check_sent(AT_CR_LF, "a\r\nb", "a\r\nb", 4);
    check_sent(AT_CR_NUL, "a\r\nb", "a\r\nb", 4);
    check_sent(AT_CR_LF, "\xff\x1a", "\xff\xff\x1a", 3);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(plain_data),
        CASE(options_are_refused),
        CASE(echo_and_go_ahead_are_accepted_once),
        CASE(subnegotiations_are_skipped),
        CASE(one_without_an_end_does_not_swallow_everything),
        CASE(cut_anywhere),
        CASE(what_is_sent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
