/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See store_fixture.h.
 */
#include "test/unit/store_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEADLINE_MS 60000

struct store_fixture fixture;

/* --- a store to play with ----------------------------------------------- */

static void on_deadline(void *arg)
{
    (void)arg;
    fail_msg("no answer in %d ms", DEADLINE_MS);
}

void open_store_as(const struct store_options *options)
{
    struct bytes error = {0};

    fixture.loop = loop_create();
    fixture.deadline = loop_timer_create(fixture.loop, on_deadline, NULL);
    fixture.store = store_open(fixture.loop, options, &error);
    if (fixture.store == NULL)
        fail_msg("%s", bytes_str(&error));
}

void open_store_with(int64_t history_s)
{
    struct store_options options = {.path = fixture.path, .history_s = history_s};

    open_store_as(&options);
}

void open_store(void)
{
    open_store_with(3600);
}

void close_store(void)
{
    store_close(fixture.store);
    loop_timer_free(fixture.deadline);
    loop_destroy(fixture.loop);
    fixture.store = NULL;
}

int make_folder(void **state)
{
    (void)state;
    memset(&fixture, 0, sizeof fixture);
    snprintf(fixture.folder, sizeof fixture.folder, "/tmp/store-test-XXXXXX");
    assert_non_null(mkdtemp(fixture.folder));
    snprintf(fixture.path, sizeof fixture.path, "%s/kannel.store", fixture.folder);
    return 0;
}

int remove_folder(void **state)
{
    char command[128];

    (void)state;
    snprintf(command, sizeof command, "rm -rf '%s'", fixture.folder);
    return system(command);
}

/* Runs the loop until the answer that says loop_stop(). */
void wait_answer(void)
{
    loop_timer_set(fixture.deadline, DEADLINE_MS);
    loop_run(fixture.loop);
    loop_timer_cancel(fixture.deadline);
}

/* --- messages -------------------------------------------------------------- */

struct message *make_message(const char *receiver, const char *text)
{
    struct sms sms = sms_blank();

    sms.sender = slice_str("123");
    sms.receiver = slice_str(receiver);
    sms.msgdata = slice_str(text);
    sms.sms_type = SMS_MT_PUSH;
    sms.id = uuid_generate();
    sms.time = 1795225562;
    struct message *message = message_create(&sms);
    return message;
}

struct store_insert mt(struct message *message, enum message_state state)
{
    return (struct store_insert){.kind = STORE_MT,
                                 .state = state,
                                 .message = message,
                                 .queue = slice_str("smsc1"),
                                 .refuse_duplicate = true};
}

/* --- one operation at a time ------------------------------------------------ */

enum store_status got_status;
int64_t got_number;

static void on_inserted(enum store_status status, int64_t number, void *arg)
{
    (void)arg;
    got_status = status;
    got_number = number;
    loop_stop(fixture.loop);
}

int64_t insert_now(const struct store_insert *insert)
{
    store_insert(fixture.store, insert, on_inserted, NULL);
    wait_answer();
    return got_number;
}

int64_t insert_text(const char *receiver, enum message_state state)
{
    struct message *message = make_message(receiver, "hello");
    struct store_insert insert = mt(message, state);
    int64_t number = insert_now(&insert);

    assert_int_equal(got_status, STORE_OK);
    message_unref(message);
    return number;
}

void on_done(enum store_status status, void *arg)
{
    (void)arg;
    got_status = status;
    loop_stop(fixture.loop);
}

enum store_status update_now(int64_t number, const struct store_change *change)
{
    store_update(fixture.store, number, change, on_done, NULL);
    wait_answer();
    return got_status;
}

enum store_status change_state(int64_t number, enum message_state state)
{
    struct store_change change = store_change_none();

    change.state = state;
    return update_now(number, &change);
}

/* What a question answered, with references of our own on the messages. */
struct store_entry got[64];
size_t got_count;

void forget_entries(void)
{
    for (size_t i = 0; i < got_count; i++)
        message_unref(got[i].message);
    got_count = 0;
}

void on_entries(enum store_status status, const struct store_entry *entries, size_t count,
                void *arg)
{
    (void)arg;
    forget_entries();
    got_status = status;
    assert_true(count <= 64);
    for (size_t i = 0; i < count; i++) {
        got[i] = entries[i];
        message_ref(got[i].message);
    }
    got_count = count;
    loop_stop(fixture.loop);
}

size_t fetch(const char *queue, size_t limit)
{
    store_fetch(fixture.store, STORE_MT, slice_str(queue), limit, on_entries, NULL);
    wait_answer();
    assert_int_equal(got_status, STORE_OK);
    return got_count;
}

size_t list_state(enum store_kind kind, enum message_state state)
{
    store_list(fixture.store, kind, state, 64, on_entries, NULL);
    wait_answer();
    assert_int_equal(got_status, STORE_OK);
    return got_count;
}

const struct sms *got_sms(size_t i)
{
    return message_sms(got[i].message);
}
