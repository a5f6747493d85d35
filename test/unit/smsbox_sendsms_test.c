/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unit tests of what sendsms is made of: the form and its checks, receivers,
 * number lists, texts, the XML form, ids and the answer for several
 * acknowledgements. The whole is replayed by compat_sendsms_test.py.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gw/conf/schema.h"
#include "gw/smsbox/form.h"
#include "gw/smsbox/identity.h"
#include "gw/smsbox/receivers.h"
#include "gw/smsbox/sendsms.h"
#include "gw/smsbox/submit.h"
#include "gw/smsbox/text.h"
#include "gw/smsbox/xml.h"
#include "gwlib/url.h"

static void numbers(void **state)
{
    (void)state;
    assert_int_equal(form_number(slice_str("7abc")), 7);
    assert_int_equal(form_number(slice_str(" +12 ")), 12);
    assert_int_equal(form_number(slice_str("-2")), -2);
    assert_int_equal(form_number(slice_str("abc")), SMS_UNSET);
    assert_int_equal(form_number(slice_str("-")), SMS_UNSET);
    assert_int_equal(form_number(slice_str("")), SMS_UNSET);
    assert_int_equal(form_number(slice_unset()), SMS_UNSET);
    assert_int_equal(form_number(slice_str("99999999999999999999999")), INT32_MAX);
}

static struct slice param(void *source, const char *name)
{
    return url_params_get(source, name);
}

/* What the checks say about a query string; NULL when all is well. */
static const char *check(const char *query)
{
    struct url_params *params = url_params_parse(slice_str(query));
    struct form form;
    form_init(&form);
    form_read_params(&form, param, params);
    const char *answer = form_check_udh(&form);
    if (answer == NULL)
        answer = form_check_fields(&form);
    form_free(&form);
    url_params_free(params);
    return answer;
}

static void checks(void **state)
{
    (void)state;
    assert_null(check(""));
    assert_null(check("mclass=3&pid=255&rpi=2&alt-dcs=1&mwi=7&coding=2&compress=1&priority=3&"
                      "dlr-mask=127&validity=0&deferred=35791394"));
    assert_null(check("mclass=-1&pid=&dlr-url=&account="));
    assert_string_equal(check("mclass=4&dlr-mask=128"), "DLR-Mask field misformed, rejected");
    assert_string_equal(check("dlrmask=128"), "DLR-Mask field misformed, rejected");
    assert_string_equal(check("validity=35791395"), "Validity field misformed, rejected");
    assert_string_equal(check("priority=-2"), "Priority field misformed, rejected");
    assert_string_equal(check("account=a%0Db"), "Account field misformed or too long, rejected");
    assert_string_equal(check("dlr-url=ftp://example"), "DLR-URL field misformed, rejected");
    assert_null(check("dlr-url=HTTPS://x"));
    assert_null(check("udh=%02ab"));
    assert_string_equal(check("udh=%03ab"), "UDH field misformed, rejected");
}

static void udh_too_long(void **state)
{
    (void)state;
    unsigned char udh[141];
    memset(udh, 0, sizeof(udh));
    struct form form;
    form_init(&form);
    form.udh = slice_of(udh, 140);
    udh[0] = 139;
    assert_null(form_check_udh(&form));
    form.udh = slice_of(udh, 141);
    udh[0] = 140;
    assert_string_equal(form_check_udh(&form), "UDH field is too long, rejected");
    form_free(&form);
}

static void filling(void **state)
{
    (void)state;
    struct form form;
    struct sms sms = sms_blank();
    form_init(&form);
    form_set_udh(&form, slice_str("%02ab"));
    form.validity = 2;
    form_fill(&form, &sms, 1000);
    assert_int_equal(sms.coding, SMS_CODING_8BIT);
    assert_int_equal(sms.validity, 1120);
    assert_int_equal(sms.deferred, SMS_UNSET);
    assert_true(slice_equal_str(sms.udhdata, "\002ab"));
    form_free(&form);
}

static void receiver_words(void **state)
{
    (void)state;
    struct receivers r;
    struct receivers_rules rules = {.chars = "0123456789 +-"};
    receivers_read(&r, slice_str("  1 +2 abc 1 3 4-5\t6 "), &rules);
    assert_int_equal(r.count, 5);
    assert_true(slice_equal_str(r.allowed[0], "1"));
    assert_true(slice_equal_str(r.allowed[1], "+2"));
    assert_true(slice_equal_str(r.allowed[4], "6"));
    assert_int_equal(r.denied_count, 1);
    assert_true(slice_equal_str(r.denied[0], "abc"));
    receivers_free(&r);
    receivers_read(&r, slice_str("1,2"), &rules);
    assert_int_equal(r.count, 0);
    assert_int_equal(r.denied_count, 1);
    receivers_free(&r);
    receivers_read(&r, slice_str("  "), &rules);
    assert_int_equal(r.count, 0);
    receivers_free(&r);
}

static void number_lists(void **state)
{
    (void)state;
    struct conf_problems problems = {0};
    struct loop *loop = loop_create();
    struct http_client *http = http_client_create(loop, &(struct http_client_options){0});
    struct conf *conf = conf_parse(
        slice_str(
            "group = smsbox\nwhite-list = \"http://127.0.0.1:1/w\"\nblack-list-regex = \"9$\"\n"),
        "test.conf", schema_get(), &problems);
    struct lists *lists = lists_create(loop, http, conf_first(conf, "smsbox"));
    assert_false(lists_allow(lists, slice_str("35840"))); /* not fetched: nobody */
    lists_load(lists, true, slice_str("# people\n 35840\r\n+35 849\n\n41\n"));
    assert_true(lists_allow(lists, slice_str("+35840")));
    assert_true(lists_allow(lists, slice_str("41")));
    assert_false(lists_allow(lists, slice_str("35849"))); /* black by pattern */
    assert_false(lists_allow(lists, slice_str("3584")));
    assert_false(lists_allow(lists, slice_str("")));
    assert_true(lists_allow(NULL, slice_str("1")));
    lists_free(lists);
    conf_free(conf);
    conf_problems_free(&problems);
    http_client_free(http);
    loop_destroy(loop);
}

static void assert_content(enum sms_coding coding, const char *text, const char *charset,
                           const char *expected, size_t len)
{
    struct bytes to = {0};
    assert_true(text_to_content(&to, coding, slice_str(text), slice_str(charset)));
    assert_int_equal(to.len, len);
    assert_memory_equal(bytes_str(&to), expected, len);
    bytes_free(&to);
}

static void texts(void **state)
{
    (void)state;
    assert_content(SMS_CODING_7BIT, "a\xe5z", NULL, "az", 2);
    assert_content(SMS_CODING_7BIT, "a\xe5z", "utf-8", "az", 2);
    assert_content(SMS_CODING_7BIT, "\xc3\xa7\xc3\x87", NULL, "\xc3\x87\xc3\x87", 4);
    assert_content(SMS_CODING_7BIT, "`\t\xd0\xb1", NULL, "???", 3);
    assert_content(SMS_CODING_8BIT, "\xff", "nosuch", "\xff", 1);
    assert_content(SMS_CODING_UCS2, "a", "UTF-8", "\0a", 2);
    assert_content(SMS_CODING_UCS2, "\4\x3f", NULL, "\4\x3f", 2);
    struct bytes to = {0};
    assert_false(text_to_content(&to, SMS_CODING_7BIT, slice_str("x"), slice_str("no such/x")));
    assert_false(text_to_content(&to, SMS_CODING_UCS2, slice_str("\xff"), slice_str("UTF-8")));
    assert_int_equal(to.len, 0);
    text_append_visible(&to, slice_str("a\nb\x7f"));
    assert_string_equal(bytes_str(&to), "a?b?");
    bytes_free(&to);
}

static void xml_form(void **state)
{
    (void)state;
    struct form form;
    form_init(&form);
    assert_true(xml_read_form(
        &form,
        slice_str("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><message><submit>"
                  "<da><number>1</number><number>2</number></da><da><number> 3 </number></da>"
                  "<ud> h\xe5+%2B&lt;<![CDATA[&]]> </ud><from><user>u</user><pass/></from>"
                  "<dcs><mclass>1</mclass></dcs><vp><delay>5</delay></vp>"
                  "</submit></message>")));
    assert_true(slice_equal_str(form.to, "1 2  3"));
    assert_true(slice_equal_str(form.text, "h\xc3\xa5 +<&"));
    assert_true(slice_equal_str(form.username, "u"));
    assert_true(slice_is_set(form.password) && form.password.len == 0);
    assert_false(slice_is_set(form.from));
    assert_int_equal(form.mclass, 1);
    assert_int_equal(form.validity, 5);
    form_free(&form);
}

/* What a document declares is not read: no file, no expansion. */
static void xml_entities(void **state)
{
    (void)state;
    struct form form;
    form_init(&form);
    assert_true(
        xml_read_form(&form, slice_str("<!DOCTYPE m [<!ENTITY f SYSTEM \"file:///etc/hostname\">"
                                       "<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;\">]>"
                                       "<message><submit><ud>x&f;&b;y</ud></submit></message>")));
    assert_true(slice_equal_str(form.text, "xy"));
    form_free(&form);
    form_init(&form);
    assert_false(xml_read_form(&form, slice_str("<other/>")));
    assert_false(xml_read_form(&form, slice_str("garbage")));
    assert_false(xml_read_form(&form, slice_unset()));
    form_free(&form);
}

static void identities(void **state)
{
    (void)state;
    struct slice a = slice_str("a"), to = slice_str("123");
    struct uuid first = identity_of_part(a, to, 0), again = identity_of_part(a, to, 0);
    assert_true(uuid_equal(&first, &again));
    struct uuid other = identity_of_part(a, to, 1);
    assert_false(uuid_equal(&first, &other));
    other = identity_of_part(a, slice_str("124"), 0);
    assert_false(uuid_equal(&first, &other));
    other = identity_of_part(slice_unset(), to, 0);
    again = identity_of_part(slice_unset(), to, 0);
    assert_false(uuid_equal(&other, &again));
    assert_int_equal(first.octets[6] >> 4, 8);
}

static void answers(void **state)
{
    (void)state;
    assert_int_equal(submit_combine(BEARER_QUEUED, BEARER_QUEUED), BEARER_QUEUED);
    assert_int_equal(submit_combine(BEARER_QUEUED, BEARER_REFUSED), BEARER_QUEUED);
    assert_int_equal(submit_combine(BEARER_REFUSED, BEARER_BUFFERED), BEARER_BUFFERED);
    assert_int_equal(submit_combine(BEARER_QUEUED, BEARER_BUFFERED), BEARER_BUFFERED);
    assert_int_equal(submit_combine(BEARER_REFUSED, BEARER_BUSY), BEARER_BUSY);
    assert_int_equal(submit_combine(BEARER_REFUSED, BEARER_REFUSED), BEARER_REFUSED);
    const char *text;
    assert_int_equal(sendsms_answer_for(bearer_outcome_of_ack(ACK_BUFFERED), &text), 202);
    assert_string_equal(text, "3: Queued for later delivery");
    assert_int_equal(sendsms_answer_for(bearer_outcome_of_ack(77), &text), 503);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers),        cmocka_unit_test(checks),
        cmocka_unit_test(udh_too_long),   cmocka_unit_test(filling),
        cmocka_unit_test(receiver_words), cmocka_unit_test(number_lists),
        cmocka_unit_test(texts),          cmocka_unit_test(xml_form),
        cmocka_unit_test(xml_entities),   cmocka_unit_test(identities),
        cmocka_unit_test(answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
