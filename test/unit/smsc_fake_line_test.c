/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines of a fake SMSC, both ways. What Debian's bearerbox makes of the same
 * lines was looked at; where we differ it is said.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "gw/smsc/fake_line.h"

struct line_case {
    const char *line;
    struct slice udh, msg; /* msg unset: no message */
    int coding;
    int mask;
    const char *box;
};

#define OCTETS(s)                                                                                  \
    {                                                                                              \
        (const unsigned char *)(s), sizeof(s) - 1                                                  \
    }
#define NONE                                                                                       \
    {                                                                                              \
        NULL, 0                                                                                    \
    }

static const struct line_case lines[] = {
    {"1 2 text hi", NONE, OCTETS("hi"), 0, -1, NULL},
    {"1 2 text  two  blanks ", NONE, OCTETS(" two  blanks "), 0, -1, NULL},
    {"1 2 text ", NONE, OCTETS(""), 0, -1, NULL},
    {"1 2 data a%20b+c%00", NONE, OCTETS("a b c\0"), 1, -1, NULL},
    {"1 2 data %zz", NONE, OCTETS("%zz"), 1, -1, NULL},
    {"1 2 ucs2 %00a%04%3F", NONE, OCTETS("\0a\x04?"), 2, -1, NULL},
    {"1 2 ucs-2 %00a", NONE, OCTETS("\0a"), 2, -1, NULL}, /* Kannel: not read */
    {"1 2 udh %05 x%01", OCTETS("\5"), OCTETS("x\1"), 1, -1, NULL},
    {"1 2 udh-data %05 x", OCTETS("\5"), OCTETS("x"), 1, -1, NULL},
    {"1 2 udh  x", OCTETS(""), OCTETS("x"), 1, -1, NULL},
    {"1 2 udh-text %05%00 hi+there you", OCTETS("\5\0"), OCTETS("hi+there you"), 0, -1, NULL},
    {"1 2 route box1 hey you", NONE, OCTETS("hey you"), 0, -1, "box1"},
    {"1 2 dlr-mask 3 foo bar", NONE, OCTETS("foo bar"), -1, 3, NULL},
    {"1 2 dlr-mask x foo", NONE, NONE, 0, 0, NULL}, /* Kannel: 0 */
    {"1 2 dlr-mask 128 foo", NONE, NONE, 0, 0, NULL},
    {"1 2 text", NONE, NONE, 0, 0, NULL},
    {"1 2 TEXT x", NONE, NONE, 0, 0, NULL},
    {"1 2", NONE, NONE, 0, 0, NULL},
    {" 1 2 text x", NONE, NONE, 0, 0, NULL},
    {"1  text x", NONE, NONE, 0, 0, NULL},
    {"junk", NONE, NONE, 0, 0, NULL},
    {"", NONE, NONE, 0, 0, NULL},
};

static void check_line(const struct line_case *c)
{
    struct fake_line_scratch scratch = {{0}, {0}};
    struct sms sms;
    bool good = fake_line_parse(&sms, slice_str(c->line), &scratch);

    if (good != slice_is_set(c->msg))
        fail_msg("'%s' is %s", c->line, good ? "taken" : "refused");
    if (good) {
        assert_true(slice_equal_str(sms.sender, "1"));
        assert_true(slice_equal_str(sms.receiver, "2"));
        if (!slice_equal(sms.msgdata, c->msg) || !slice_equal(sms.udhdata, c->udh))
            fail_msg("'%s': wrong content", c->line);
        assert_int_equal(sms.coding, c->coding);
        assert_int_equal(sms.dlr_mask, c->mask);
        assert_true(slice_equal(sms.boxc_id, slice_str(c->box)));
    }
    fake_line_scratch_free(&scratch);
}

static void lines_of_the_client(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        check_line(&lines[i]);
}

static void check_compose(int coding, struct slice udh, struct slice msg, const char *expected)
{
    struct sms sms = sms_blank();
    struct bytes line = {0};

    sms.sender = slice_str("My Shop");
    sms.receiver = slice_str("+46\n70");
    sms.coding = coding;
    sms.udhdata = udh;
    sms.msgdata = msg;
    fake_line_compose(&line, &sms);
    assert_string_equal(bytes_str(&line), expected);
    bytes_free(&line);
}

#define SLICE(s) slice_of(s, sizeof(s) - 1)

static void lines_to_the_client(void **state)
{
    (void)state;
    check_compose(-1, slice_unset(), SLICE("\xC3\xA4 b"), "My Shop +46_70 text \xC3\xA4 b\n");
    check_compose(0, SLICE(""), SLICE(""), "My Shop +46_70 text \n");
    check_compose(0, slice_unset(), SLICE("a\nb"), "My Shop +46_70 data a%0Ab\n");
    check_compose(0, slice_unset(), SLICE("a\rb"), "My Shop +46_70 data a%0Db\n");
    check_compose(1, slice_unset(), SLICE("\0a b"), "My Shop +46_70 data %00a+b\n");
    check_compose(2, slice_unset(), SLICE("\0a"), "My Shop +46_70 ucs-2 %00a\n");
    check_compose(0, SLICE("\5\0\3\1\2\1"), SLICE("a b"),
                  "My Shop +46_70 udh %05%00%03%01%02%01 data a+b\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_of_the_client),
        cmocka_unit_test(lines_to_the_client),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
