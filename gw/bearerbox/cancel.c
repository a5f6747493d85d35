/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cancelling: see cancel.h.
 */
#include "gw/bearerbox/cancel.h"

#include <stdlib.h>

#include "gwlib/memory.h"

#define REPORTS_STEP 1000 /* entries that are changed in one round */

struct cancelling {
    struct gateway *gateway;
    cancel_done_fn *done;
    void *arg;
    size_t awaited; /* changes under way */
    size_t changed;
    bool good;
};

static struct cancelling *cancelling_create(struct gateway *gateway, cancel_done_fn *done,
                                            void *arg)
{
    struct cancelling *cancelling = memory_zalloc(1, sizeof *cancelling);

    *cancelling = (struct cancelling){.gateway = gateway, .done = done, .arg = arg, .good = true};
    return cancelling;
}

static void cancelling_end(struct cancelling *cancelling)
{
    cancelling->done(cancelling->good, cancelling->arg);
    free(cancelling);
}

/* An entry that moved on meanwhile is no failure. */
static void note(struct cancelling *cancelling, enum store_status status)
{
    cancelling->awaited--;
    cancelling->changed += status == STORE_OK;
    cancelling->good = cancelling->good && status != STORE_FAILED;
}

/* --- a message ------------------------------------------------------------------- */

static void cancelled(enum store_status status, void *arg)
{
    struct cancelling *cancelling = arg;

    note(cancelling, status);
    if (cancelling->awaited == 0)
        cancelling_end(cancelling);
}

static bool may_be_cancelled(enum message_state state)
{
    return state == STATE_QUEUED || state == STATE_DEFERRED || state == STATE_RECEIVED ||
           state == STATE_POSTPONED;
}

static void cancel_entry(struct cancelling *cancelling, const struct store_entry *entry)
{
    struct gateway *gateway = cancelling->gateway;
    struct store_change change = store_change_none();
    bool waiting = entry->state == STATE_QUEUED || entry->state == STATE_RECEIVED;
    struct lane *lane;

    if (!may_be_cancelled(entry->state)) {
        cancelling->good = false;
        return;
    }
    lane = lane_get(gateway->lanes, entry->kind, entry->queue);
    if (!lane_withdraw(lane, entry->number, entry->message, waiting, entry->kind != STORE_MT)) {
        cancelling->good = false;
        return;
    }
    change.state = STATE_CANCELLED;
    change.error = slice_str("removed by an operator");
    cancelling->awaited++;
    store_update(gateway->store, entry->number, &change, cancelled, cancelling);
    store_hand_settled(gateway->store, entry->number);
}

static void found(enum store_status status, const struct store_entry *entries, size_t count,
                  void *arg)
{
    struct cancelling *cancelling = arg;

    cancelling->good = status != STORE_FAILED;
    for (size_t i = 0; i < count; i++)
        cancel_entry(cancelling, &entries[i]);
    if (cancelling->awaited == 0)
        cancelling_end(cancelling);
}

void cancel_message(struct gateway *gateway, const struct uuid *id, cancel_done_fn *done, void *arg)
{
    store_find_id(gateway->store, id, found, cancelling_create(gateway, done, arg));
}

/* --- reports --------------------------------------------------------------------- */

static void next_step(struct cancelling *cancelling);

static void given_up(enum store_status status, void *arg)
{
    struct cancelling *cancelling = arg;

    note(cancelling, status);
    if (cancelling->awaited > 0)
        return;
    if (cancelling->good && cancelling->changed > 0)
        next_step(cancelling);
    else
        cancelling_end(cancelling);
}

static void sent_found(enum store_status status, const struct store_entry *entries, size_t count,
                       void *arg)
{
    struct cancelling *cancelling = arg;
    struct store_change change = store_change_none();

    cancelling->good = status != STORE_FAILED;
    if (count == 0) {
        cancelling_end(cancelling);
        return;
    }
    change.state = STATE_ACCEPTED;
    cancelling->awaited = count;
    for (size_t i = 0; i < count; i++)
        store_update(cancelling->gateway->store, entries[i].number, &change, given_up, cancelling);
}

static void next_step(struct cancelling *cancelling)
{
    cancelling->changed = 0;
    store_list(cancelling->gateway->store, STORE_MT, STATE_SENT, REPORTS_STEP, sent_found,
               cancelling);
}

void cancel_reports(struct gateway *gateway, cancel_done_fn *done, void *arg)
{
    next_step(cancelling_create(gateway, done, arg));
}
