/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unit tests of gwlib/url: the rules that Kannel 1.4.5 was seen to have.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gwlib/url.h"

static void assert_encodes(const char *text, size_t len, const char *expected)
{
    struct bytes to = {0};

    url_encode(&to, slice_of(text, len));
    assert_string_equal(bytes_str(&to), expected);
    bytes_free(&to);
}

static void assert_decodes(const char *text, const char *expected, size_t expected_len)
{
    struct bytes to = {0};

    bytes_append_str(&to, "=");
    assert_true(url_decode(&to, slice_str(text)));
    assert_int_equal(to.len, expected_len + 1);
    assert_memory_equal(to.data + 1, expected, expected_len);
    bytes_free(&to);
}

static void assert_stays(const char *text)
{
    struct bytes to = {0};

    assert_false(url_decode(&to, slice_str(text)));
    assert_string_equal(bytes_str(&to), text);
    bytes_free(&to);
}

static void encodes(void **state)
{
    (void)state;
    assert_encodes("", 0, "");
    assert_encodes("azAZ09-_.!~*'()", 15, "azAZ09-_.!~*'()");
    assert_encodes("a b", 3, "a+b");
    assert_encodes("+&=?#%/:@", 9, "%2B%26%3D%3F%23%25%2F%3A%40");
    assert_encodes("\0\xff\n", 3, "%00%FF%0A");
}

static void decodes(void **state)
{
    (void)state;
    assert_decodes("", "", 0);
    assert_decodes("a+b%20c", "a b c", 5);
    assert_decodes("%2b%2B%00%ff", "++\0\xff", 4);
    assert_decodes("%41", "A", 1);
}

static void a_wrong_escape_leaves_the_whole_value(void **state)
{
    (void)state;
    assert_stays("100%zz");
    assert_stays("%41+%");
    assert_stays("%4");
    assert_stays("a+b%41%g0");
}

static void an_escape_at_the_end_of_a_longer_text_does_not_read_on(void **state)
{
    struct bytes to = {0};

    (void)state;
    assert_false(url_decode(&to, slice_of("%41", 2)));
    assert_string_equal(bytes_str(&to), "%4");
    bytes_free(&to);
}

static void assert_param(const struct url_params *params, const char *name, const char *expected)
{
    struct slice value = url_params_get(params, name);

    if (expected == NULL) {
        assert_false(slice_is_set(value));
        return;
    }
    assert_true(slice_is_set(value));
    assert_true(slice_equal_str(value, expected));
}

static void finds_parameters(void **state)
{
    struct url_params *params = url_params_parse(
        slice_str("user=a&text=hello+w%C3%B6rld&empty=&bare&&x=1;y=2&user=b&eq=a=b"));

    (void)state;
    assert_param(params, "user", "a"); /* the first counts */
    assert_param(params, "text", "hello w\xc3\xb6rld");
    assert_param(params, "empty", "");
    assert_param(params, "bare", "");
    assert_param(params, "x", "1;y=2"); /* only & separates */
    assert_param(params, "eq", "a=b");
    assert_param(params, "User", NULL); /* case counts */
    assert_param(params, "", NULL);
    url_params_free(params);
}

static void names_are_decoded_and_values_only_once(void **state)
{
    struct url_params *params = url_params_parse(slice_str("dlr%2Durl=a%2526b&p=100%zz&%zz=bad"));

    (void)state;
    assert_param(params, "dlr-url", "a%26b");
    assert_param(params, "p", "100%zz");
    assert_param(params, "%zz", "bad");
    url_params_free(params);
}

static void unset_and_empty_queries_have_no_parameters(void **state)
{
    struct url_params *unset = url_params_parse(slice_unset());
    struct url_params *empty = url_params_parse(slice_str(""));

    (void)state;
    assert_param(unset, "a", NULL);
    assert_param(empty, "a", NULL);
    url_params_free(unset);
    url_params_free(empty);
}

static void parameters_beyond_the_limit_are_ignored(void **state)
{
    struct bytes query = {0};
    struct url_params *params;

    (void)state;
    for (int i = 0; i < 1100; i++)
        bytes_printf(&query, "&n%d=%d", i, i);
    params = url_params_parse(bytes_slice(&query));
    assert_param(params, "n0", "0");
    assert_param(params, "n1000", "1000");
    assert_param(params, "n1099", NULL);
    url_params_free(params);
    bytes_free(&query);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(encodes),
        cmocka_unit_test(decodes),
        cmocka_unit_test(a_wrong_escape_leaves_the_whole_value),
        cmocka_unit_test(an_escape_at_the_end_of_a_longer_text_does_not_read_on),
        cmocka_unit_test(finds_parameters),
        cmocka_unit_test(names_are_decoded_and_values_only_once),
        cmocka_unit_test(unset_and_empty_queries_have_no_parameters),
        cmocka_unit_test(parameters_beyond_the_limit_are_ignored),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
