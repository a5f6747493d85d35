/* SPDX-License-Identifier: Apache-2.0 */
/* gw/msg/message.c: a message owns its strings, keeps unset and empty apart,
 * and lives until its last reference is given back, on whatever thread. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gw/msg/message.h"

static void blank_is_unset_everywhere(void **state)
{
    struct sms sms = sms_blank();

    (void)state;
#define FRAME(name, type)
#define END_FRAME(name)
#define INTEGER(name)  assert_int_equal(sms.name, SMS_UNSET);
#define MOMENT(name)   assert_int_equal(sms.name, SMS_UNSET);
#define STRING(name)   assert_false(slice_is_set(sms.name));
#define IDENTITY(name) assert_true(uuid_is_nil(&sms.name));
#include "gw/msg/sms_frame.def"
}

static void message_owns_its_strings(void **state)
{
    char sender[] = "123";
    struct sms sms = sms_blank();

    (void)state;
    sms.sender = slice_str(sender);
    sms.msgdata = slice_of("a\0b", 3);
    sms.udhdata = slice_str("");
    sms.meta_data = slice_str("?smpp?a=b&");
    sms.validity = 4102444800;
    struct message *message = message_create(&sms);
    memset(sender, 'x', sizeof sender);

    const struct sms *kept = message_sms(message);
    assert_true(slice_equal_str(kept->sender, "123"));
    assert_true(slice_equal(kept->msgdata, slice_of("a\0b", 3)));
    assert_true(slice_equal_str(kept->meta_data, "?smpp?a=b&"));
    assert_true(slice_is_set(kept->udhdata));
    assert_int_equal(kept->udhdata.len, 0);
    assert_false(slice_is_set(kept->receiver));
    assert_int_equal(kept->validity, 4102444800);
    message_unref(message);
    message_unref(NULL);
}

static void copy_with_a_change(void **state)
{
    struct sms sms = sms_blank();

    (void)state;
    sms.receiver = slice_str("3581");
    struct message *first = message_create(&sms);
    sms = *message_sms(first);
    sms.smsc_id = slice_str("linuxku");
    struct message *second = message_create(&sms);
    message_unref(first);
    assert_true(slice_equal_str(message_sms(second)->receiver, "3581"));
    assert_true(slice_equal_str(message_sms(second)->smsc_id, "linuxku"));
    message_unref(second);
}

static void *take_and_give_back(void *arg)
{
    for (int i = 0; i < 10000; i++)
        message_unref(message_ref(arg));
    message_unref(arg);
    return NULL;
}

static void references_on_several_threads(void **state)
{
    struct sms sms = sms_blank();
    pthread_t threads[4];

    (void)state;
    sms.sender = slice_str("123");
    struct message *message = message_create(&sms);
    for (int i = 0; i < 4; i++)
        assert_int_equal(
            pthread_create(&threads[i], NULL, take_and_give_back, message_ref(message)), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    assert_true(slice_equal_str(message_sms(message)->sender, "123"));
    message_unref(message);
}

static void wanted_events(void **state)
{
    struct sms sms = sms_blank();

    (void)state;
    assert_false(sms_wants(&sms, DLR_FROM_SMSC)); /* -1 has all bits, and wants none */
    sms.dlr_mask = DLR_DELIVERED | DLR_SMSC_REFUSED;
    assert_true(sms_wants(&sms, DLR_DELIVERED));
    assert_true(sms_wants(&sms, DLR_FROM_SMSC));
    assert_false(sms_wants(&sms, DLR_SMSC_ACCEPTED));
}

static void coding_when_unset(void **state)
{
    struct sms sms = sms_blank();

    (void)state;
    assert_int_equal(sms_coding(&sms), SMS_CODING_7BIT);
    sms.udhdata = slice_str("");
    assert_int_equal(sms_coding(&sms), SMS_CODING_7BIT);
    sms.udhdata = slice_of("\x01\x00", 2);
    assert_int_equal(sms_coding(&sms), SMS_CODING_8BIT);
    sms.coding = SMS_CODING_UCS2;
    assert_int_equal(sms_coding(&sms), SMS_CODING_UCS2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blank_is_unset_everywhere),
        cmocka_unit_test(message_owns_its_strings),
        cmocka_unit_test(copy_with_a_change),
        cmocka_unit_test(references_on_several_threads),
        cmocka_unit_test(wanted_events),
        cmocka_unit_test(coding_when_unset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
