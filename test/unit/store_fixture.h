/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_fixture - what the tests of the store share: a store in a folder of its
 * own, messages to put there, and one operation at a time with its answer. Every
 * wait has a deadline.
 */
#ifndef TEST_STORE_FIXTURE_H
#define TEST_STORE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gw/store/store.h"

struct store_fixture {
    char folder[64];
    char path[96]; /* of the store, in the folder */
    struct loop *loop;
    struct loop_timer *deadline;
    struct store *store;
};

extern struct store_fixture fixture;

/* Around each test. */
int make_folder(void **state);
int remove_folder(void **state);
#define STORE_TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

/* Opens it in place, with a history of an hour or as told; or as told, wherever. It
 * must succeed. */
void open_store(void);
void open_store_with(int64_t history_s);
void open_store_as(const struct store_options *options);
void close_store(void);

/* Runs the loop until the answer that says loop_stop(). */
void wait_answer(void);

/* --- messages -------------------------------------------------------------- */

struct message *make_message(const char *receiver, const char *text);
/* One for smsc1, which may stand there once. */
struct store_insert mt(struct message *message, enum message_state state);

/* --- one operation at a time ------------------------------------------------ */

/* What the last one answered. */
extern enum store_status got_status;
extern int64_t got_number;

int64_t insert_now(const struct store_insert *insert);
int64_t insert_text(const char *receiver, enum message_state state); /* which is stored */
store_done_fn on_done; /* keeps the status and stops the loop */
enum store_status update_now(int64_t number, const struct store_change *change);
enum store_status change_state(int64_t number, enum message_state state);

/* What a question answered, with references of our own on the messages. */
extern struct store_entry got[64];
extern size_t got_count;

void forget_entries(void);
store_entries_fn on_entries; /* keeps them and stops the loop */
size_t fetch(const char *queue, size_t limit);
size_t list_state(enum store_kind kind, enum message_state state);
const struct sms *got_sms(size_t i);

#endif
