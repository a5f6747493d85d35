/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unit tests of gw/smsbox/escapes: the escape codes of URLs and programs. The
 * values that Kannel was recorded with are replayed by compat_mo_test.py; here
 * are the edges.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gw/smsbox/escapes.h"

static struct sms an_mo(const char *text)
{
    struct sms sms = sms_blank();
    sms.sender = slice_str("0035840123");
    sms.receiver = slice_str("999");
    sms.msgdata = slice_str(text);
    sms.time = 1795226239;
    sms.coding = SMS_CODING_7BIT;
    return sms;
}

static void assert_expands_sms(const struct sms *sms, bool report, const char *pattern,
                               const char *expected)
{
    struct bytes to = {0};
    struct escapes escapes = escapes_begin(sms, slice_str("svc"), report, sms->time);
    escapes_expand(&escapes, pattern, &to);
    assert_string_equal(bytes_str(&to), expected);
    bytes_free(&to);
}

static void assert_expands(const char *text, const char *pattern, const char *expected)
{
    struct sms sms = an_mo(text);
    assert_expands_sms(&sms, false, pattern, expected);
}

static void words(void **state)
{
    (void)state;
    assert_expands("kw one two three", "%k|%s|%s|%s|%s", "kw|one|two|three|");
    assert_expands("kw one two three", "%s,%r,%r", "one,two+three,two+three");
    assert_expands("kw", "[%s][%S][%r][%k]", "[][][][kw]");
    assert_expands("", "[%k][%s][%a][%b]", "[][][][]");
    assert_expands("  kw \t a\nb  ", "%k|%s|%r|%a", "kw|a|b|kw+a+b");
    assert_expands("kw a&b *c*", "%s|%S", "a%26b|~c~");
    assert_expands("kw a  b", "%b|%A|%e",
                   "kw+a++b|kw+a++b|6B7720612020"
                   "62");
}

static void not_codes(void **state)
{
    (void)state;
    assert_expands("kw", "100%", "100%");
    assert_expands("kw", "%%k %U%N%x%z", "%k %U%N%x%z");
    assert_expands("kw", "%#a", "%#a");
    assert_expands("kw", "%#a#b", "%#a#b");
    assert_expands("kw", "", "");
}

static void envelope(void **state)
{
    (void)state;
    struct sms sms = an_mo("x");
    assert_expands_sms(&sms, false, "%p %P %q %Q", "0035840123 999 %2B35840123 999");
    assert_expands_sms(&sms, true, "%p %P %q %Q", "999 0035840123 999 %2B35840123");
    assert_expands_sms(&sms, false, "%t %T %n", "2026-11-21+01:57:19 1795226239 svc");
    sms.service = slice_str("my service");
    assert_expands_sms(&sms, false, "%n", "my+service");
}

static void fields(void **state)
{
    (void)state;
    struct sms sms = an_mo("x");
    assert_expands_sms(&sms, false, "%c %C %m %M %d %O [%v] [%V]", "0 UTF-8 -1 -1 -1 00 [] []");
    sms.coding = SMS_CODING_UCS2;
    sms.validity = sms.time + 600;
    sms.deferred = sms.time + 59;
    assert_expands_sms(&sms, false, "%c %C %O %v %V", "2 UTF-16BE 08 10 0");
    sms.coding = SMS_CODING_8BIT;
    sms.mclass = 1;
    assert_expands_sms(&sms, false, "%C %O", "8-BIT 21");
    sms.charset = slice_str("KOI8-R");
    assert_expands_sms(&sms, false, "%C", "KOI8-R");
}

static void meta_data(void **state)
{
    (void)state;
    struct sms sms = an_mo("x");
    sms.meta_data = slice_str("?smpp?a=1&b%20c=d%26e&?orig_msg?dlr_mask=31&");
    assert_expands_sms(&sms, false, "%#smpp#a#", "1");
    assert_expands_sms(&sms, false, "%#smpp#b c#", "d%26e");
    assert_expands_sms(&sms, false, "<%#orig_msg#dlr_mask#>", "<31>");
    assert_expands_sms(&sms, false, "<%#smpp#none#><%#none#a#>", "<><>");
    sms.meta_data = slice_str("garbage");
    assert_expands_sms(&sms, false, "<%#smpp#a#>", "<>");
}

/* The parts of a command line share the words that are taken. */
static void one_expansion_in_parts(void **state)
{
    (void)state;
    struct sms sms = an_mo("kw one two");
    struct bytes to = {0};
    struct escapes escapes = escapes_begin(&sms, slice_unset(), false, 0);
    escapes_expand(&escapes, "%s", &to);
    escapes_expand(&escapes, "/%s", &to);
    escapes_expand(&escapes, "/%s", &to);
    assert_string_equal(bytes_str(&to), "one/two/");
    bytes_free(&to);
}

static void needs(void **state)
{
    (void)state;
    struct escapes_needs n = escapes_needs("a%s%S%%s%k");
    assert_int_equal(n.words, 2);
    assert_false(n.rest);
    assert_true(escapes_needs("%r").rest);
    assert_true(escapes_needs("%a").rest);
    assert_int_equal(escapes_needs("%").words, 0);
    assert_int_equal(escapes_count_words(slice_str(" a  b\tc\n")), 3);
    assert_int_equal(escapes_count_words(slice_unset()), 0);
}

static void without_keyword(void **state)
{
    (void)state;
    assert_true(slice_equal_str(escapes_without_first_word(slice_str("kw  a b")), "a b"));
    assert_true(slice_equal_str(escapes_without_first_word(slice_str("kw")), ""));
    assert_true(slice_equal_str(escapes_without_first_word(slice_unset()), ""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words),     cmocka_unit_test(not_codes),
        cmocka_unit_test(envelope),  cmocka_unit_test(fields),
        cmocka_unit_test(meta_data), cmocka_unit_test(one_expansion_in_parts),
        cmocka_unit_test(needs),     cmocka_unit_test(without_keyword),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
