/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unit tests of gw/smsbox/reply and html: what becomes of an application's
 * answer, where the recordings do not show it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gw/smsbox/html.h"
#include "gw/smsbox/reply.h"

#define MAX_HEADERS 8

static struct http_header headers[MAX_HEADERS];
static size_t header_count;

static void header(const char *name, const char *value)
{
    assert_true(header_count < MAX_HEADERS);
    headers[header_count++] = (struct http_header){name, value};
}

static struct reply read_answer(const char *type, const char *body, const struct reply_rules *rules)
{
    struct reply reply;
    if (type != NULL)
        header("Content-Type", type);
    struct http_answer answer = {
        .status = 200, .body = slice_str(body), .headers = headers, .header_count = header_count};
    reply_read(&reply, &answer, rules);
    header_count = 0;
    return reply;
}

static void assert_text(const char *type, const char *body, const char *expected)
{
    struct reply reply = read_answer(type, body, &(struct reply_rules){0});
    assert_int_equal(reply.kind, REPLY_TEXT);
    assert_string_equal(bytes_str(&reply.content), expected);
    reply_free(&reply);
}

static void assert_unrepresentable(const char *type, const char *body)
{
    struct reply reply = read_answer(type, body, &(struct reply_rules){0});
    assert_int_equal(reply.kind, REPLY_UNREPRESENTABLE);
    reply_free(&reply);
}

static void charsets(void **state)
{
    (void)state;
    assert_text("text/plain", "h\xe5", "h\xc3\xa5");
    assert_text("text/plain", "h\xc3\xa5", "h\xc3\xa5");
    assert_text("text/plain; charset=ISO-8859-1", "\xc3\xa5", "?\xc2\xa5");
    assert_text("TEXT/Plain;charset=\"windows-1252\"", "\x80", "\xe2\x82\xac");
    assert_text(NULL, "h\xc3\xa5", "h\xc3\xa5");
    assert_unrepresentable("text/plain; charset=nosuch", "x");
    assert_unrepresentable("text/plain; charset=UTF-8//IGNORE", "x");
    assert_unrepresentable("image/png", "x");
    assert_unrepresentable("text/xml", "<message>");
    assert_unrepresentable("text/xml", "");
}

static void alt_charset(void **state)
{
    (void)state;
    struct reply reply =
        read_answer("text/plain", "\xe4", &(struct reply_rules){.alt_charset = "ISO-8859-7"});
    /* small delta in ISO 8859-7, which GSM 03.38 lacks */
    assert_string_equal(bytes_str(&reply.content), "?");
    assert_string_equal(bytes_str(&reply.charset), "ISO-8859-7");
    reply_free(&reply);
}

static void fields_only_when_allowed(void **state)
{
    (void)state;
    header("X-Kannel-To", "222");
    header("X-Kannel-MClass", "1");
    struct reply reply = read_answer("text/plain", "x", &(struct reply_rules){0});
    assert_true(reply.refused_fields);
    assert_false(slice_is_set(reply.form.to));
    assert_int_equal(reply.form.mclass, SMS_UNSET);
    reply_free(&reply);

    header("X-Kannel-To", "222");
    header("X-Kannel-MClass", "1");
    reply = read_answer("text/plain", "x", &(struct reply_rules){.accept_headers = true});
    assert_false(reply.refused_fields);
    assert_true(slice_equal_str(reply.form.to, "222"));
    assert_int_equal(reply.form.mclass, 1);
    reply_free(&reply);
}

static void bad_fields_are_dropped(void **state)
{
    (void)state;
    header("X-Kannel-To", "222");
    header("X-Kannel-Coding", "9");
    struct reply reply =
        read_answer("text/plain", "x", &(struct reply_rules){.accept_headers = true});
    assert_string_equal(reply.misformed, "Coding field misformed, rejected");
    assert_false(slice_is_set(reply.form.to));
    assert_int_equal(reply.form.coding, SMS_CODING_7BIT);
    assert_string_equal(bytes_str(&reply.content), "x");
    reply_free(&reply);
}

static const char *const document =
    "<message><submit><da><number>222</number></da><oa><number>111</number></oa>"
    "<ud>a%21</ud><udh>06050415810000</udh></submit></message>";

static void xml(void **state)
{
    (void)state;
    struct reply reply = read_answer("text/xml", document, &(struct reply_rules){0});
    assert_string_equal(bytes_str(&reply.content), "a!");
    assert_false(slice_is_set(reply.form.to));
    assert_true(reply.refused_fields);
    reply_free(&reply);

    reply = read_answer("text/xml", document, &(struct reply_rules){.accept_headers = true});
    assert_true(slice_equal_str(reply.form.to, "222"));
    assert_true(slice_equal_str(reply.form.from, "111"));
    assert_int_equal(reply.form.udh.len, 7);
    assert_int_equal(reply.form.coding, SMS_CODING_8BIT);
    reply_free(&reply);
}

static void octets(void **state)
{
    (void)state;
    struct reply reply = read_answer("application/octet-stream", "\x01x",
                                     &(struct reply_rules){.accept_headers = true});
    assert_int_equal(reply.form.coding, SMS_CODING_8BIT);
    assert_string_equal(bytes_str(&reply.content), "\x01x");
    reply_free(&reply);
    assert_text("application/octet-stream", "\x01x", "?x");
}

static void assert_html(const char *page, const char *expected)
{
    struct bytes to = {0};
    html_to_text(&to, slice_str(page));
    assert_string_equal(bytes_str(&to), expected);
    bytes_free(&to);
}

static void html_text(void **state)
{
    (void)state;
    assert_html("<p>a</p>\n<p>b</p>\n", "a\nb");
    assert_html("&amp;&lt;&gt;&quot;x&nbsp;y", "&<>\"x y");
    assert_html("&euro;&aring;&#229;&#xE5;", "\xe2\x82\xac\xc3\xa5\xc3\xa5\xc3\xa5");
    assert_html("&nosuch; & &; &#; &#x; &#xD800; &#1114112; &amp",
                "&nosuch; & &; &#; &#x; &#xD800; &#1114112; &amp");
    assert_html("a<!-- > -->b<unclosed", "ab");
    assert_html("<", "");
    assert_html("", "");
}

static void html_between(void **state)
{
    (void)state;
    struct slice page = slice_str("x<Begin>in<END>y<begin>z<end>");
    assert_true(slice_equal_str(html_cut(page, "<BEGIN>", "<end>"), "in"));
    assert_true(slice_equal(html_cut(page, "<none>", "<end>"), page));
    assert_true(slice_equal(html_cut(page, "<begin>", "<none>"), page));
    assert_true(slice_equal(html_cut(page, NULL, "<end>"), page));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(charsets),
        cmocka_unit_test(alt_charset),
        cmocka_unit_test(fields_only_when_allowed),
        cmocka_unit_test(bad_fields_are_dropped),
        cmocka_unit_test(xml),
        cmocka_unit_test(octets),
        cmocka_unit_test(html_text),
        cmocka_unit_test(html_between),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
