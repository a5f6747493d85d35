/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Incoming messages: see inbox.h.
 *
 * gw/sms/join says what a part is good for; the handle that it keeps for each
 * part is the address of a struct part here, and the part itself is an entry of
 * the store in state RECEIVING.
 */
#include "gw/bearerbox/inbox.h"

#include <stdlib.h>

#include "gw/bearerbox/access_log.h"
#include "gw/bearerbox/boxes.h"
#include "gw/bearerbox/lists.h"
#include "gw/bearerbox/matching.h"
#include "gw/bearerbox/numbers.h"
#include "gw/bearerbox/outbox.h"
#include "gw/bearerbox/own_numbers.h"
#include "gw/bearerbox/reports.h"
#include "gw/bearerbox/router.h"
#include "gw/bearerbox/sticky.h"
#include "gw/sms/join.h"
#include "gwlib/clock.h"
#include "gwlib/log.h"
#include "gwlib/memory.h"

#define REMEMBER_COMPLETE_MS (10 * 60 * 1000) /* for late duplicates */
#define SWEEP_MS             10000
#define STORED_PARTS_LIMIT   1000000 /* parts taken up at start */

struct inbox {
    struct gateway *gateway;
    struct join_memory *joins;
    struct loop_timer *sweep;
};

/* A part of a long message, stored as RECEIVING. */
struct part {
    int64_t number;
    struct message *message;
};

/* A message on its way to the store. */
struct arrival {
    struct inbox *inbox;
    struct message *message;
    struct bearer *bearer; /* or NULL: joined */
    bool is_part;
    smsc_stored_fn *stored; /* or NULL */
    void *arg;
};

static struct slice smsc_of(const struct sms *sms)
{
    return slice_is_set(sms->smsc_id) ? sms->smsc_id : slice_str("");
}

/* --- whole messages ------------------------------------------------------------- */

static void arrival_stored(enum store_status status, int64_t number, void *arg);

/* Stores a message for a box. bearer and stored are NULL for a joined one. */
static void store_whole(struct inbox *inbox, struct bearer *bearer, struct message *message,
                        smsc_stored_fn *stored, void *arg)
{
    struct gateway *gateway = inbox->gateway;
    struct arrival *arrival = memory_zalloc(1, sizeof *arrival);
    struct store_insert insert = {
        .kind = STORE_MO,
        .state = STATE_RECEIVED,
        .message = message,
        .queue = router_box(gateway->conf, message_sms(message)),
        .refuse_duplicate = true,
        .keep_trying = stored == NULL, /* joined: its parts are acknowledged */
    };

    arrival->inbox = inbox;
    arrival->bearer = bearer;
    arrival->message = message_ref(message);
    arrival->stored = stored;
    arrival->arg = arg;
    store_insert(gateway->store, &insert, arrival_stored, arrival);
}

/* --- joining ------------------------------------------------------------------------ */

/* dcs_alphabet counts like coding (gw/sms/dcs.h). */
static enum dcs_alphabet part_alphabet(const struct sms *sms)
{
    return (enum dcs_alphabet)sms_coding(sms);
}

static struct part *slot_part(const struct join_slot *slot)
{
    return (struct part *)(intptr_t)slot->handle;
}

static void part_free(struct part *part)
{
    message_unref(part->message);
    free(part);
}

static void change_part(struct inbox *inbox, const struct part *part, enum message_state state)
{
    struct store_change change = store_change_none();

    change.state = state;
    store_update(inbox->gateway->store, part->number, &change, NULL, NULL);
}

/* The parts of a complete set as one message: what they have in common is taken
 * from the first. */
static struct message *join_parts(const struct join_set *set)
{
    struct sms whole = *message_sms(slot_part(&set->slots[0])->message);
    struct bytes content = {0};
    struct udh rest = {0};
    enum dcs_alphabet alphabet = part_alphabet(&whole);
    struct message *message;

    for (unsigned i = 1; i < set->total; i++)
        alphabet =
            join_alphabet(alphabet, part_alphabet(message_sms(slot_part(&set->slots[i])->message)));
    for (unsigned i = 0; i < set->total; i++) {
        const struct sms *part = message_sms(slot_part(&set->slots[i])->message);

        join_append(&content, alphabet, part_alphabet(part), part->msgdata);
    }
    udh_without_concat(whole.udhdata, &rest);
    whole.udhdata = udh_slice(&rest);
    whole.msgdata = bytes_slice(&content);
    whole.coding = (int32_t)alphabet;
    whole.id = uuid_generate();
    message = message_create(&whole);
    bytes_free(&content);
    return message;
}

/* The whole is stored and its parts become JOINED, in one commit. */
static void complete(struct inbox *inbox, struct join_set *set)
{
    struct message *whole = join_parts(set);

    store_whole(inbox, NULL, whole, NULL, NULL);
    for (unsigned i = 0; i < set->total; i++) {
        struct part *part = slot_part(&set->slots[i]);

        change_part(inbox, part, STATE_JOINED);
        part_free(part);
        set->slots[i].handle = 0;
    }
    message_unref(whole);
}

/* Hands the parts that came on as they are. */
static void give_up(struct inbox *inbox, struct join_set *set)
{
    struct gateway *gateway = inbox->gateway;

    for (unsigned i = 0; i < set->total; i++) {
        struct part *part = slot_part(&set->slots[i]);

        if (part == NULL)
            continue;
        change_part(inbox, part, STATE_RECEIVED);
        boxes_offer(gateway->boxes, STORE_MO, router_box(gateway->conf, message_sms(part->message)),
                    part->number, part->message);
        part_free(part);
        set->slots[i].handle = 0;
    }
    join_memory_storage(inbox->joins)->drop(join_memory_storage(inbox->joins)->context, set);
}

static void offer_part(struct inbox *inbox, int64_t number, struct message *message)
{
    const struct sms *sms = message_sms(message);
    struct part *part = memory_zalloc(1, sizeof *part);
    struct udh_info info;
    struct join_key key = {sms->sender, sms->receiver, smsc_of(sms), {0, 0, 0, 0}};
    struct join_outcome outcome;

    udh_read(sms->udhdata, &info);
    key.concat = info.concat;
    part->number = number;
    part->message = message_ref(message);
    outcome = join_offer(join_memory_storage(inbox->joins), &key,
                         join_digest(sms->udhdata, sms->msgdata), (intptr_t)part, clock_wall_ms());
    if (outcome.abandoned != NULL)
        give_up(inbox, outcome.abandoned);
    switch (outcome.verdict) {
    case JOIN_WAIT:
        break;
    case JOIN_COMPLETE:
        complete(inbox, outcome.set);
        break;
    case JOIN_DUPLICATE:
    case JOIN_LATE_DUPLICATE:
        change_part(inbox, part, STATE_JOINED);
        part_free(part);
        break;
    }
}

static void sweep(void *arg)
{
    struct inbox *inbox = arg;
    int64_t now = clock_wall_ms();
    struct join_set *set;

    while ((set = join_memory_expired(inbox->joins,
                                      now - inbox->gateway->settings.combine_timeout_s * 1000,
                                      now - REMEMBER_COMPLETE_MS)) != NULL)
        give_up(inbox, set);
    loop_timer_set(inbox->sweep, SWEEP_MS);
}

static void found_parts(enum store_status status, const struct store_entry *entries, size_t count,
                        void *arg)
{
    (void)status;
    for (size_t i = 0; i < count; i++)
        offer_part(arg, entries[i].number, entries[i].message);
}

/* --- stored ---------------------------------------------------------------------------- */

/* The network did not hear our acknowledgement: it is there already. */
static void note_repeated(struct bearer *bearer)
{
    static struct log_limit limit;

    if (bearer == NULL)
        return;
    smsc_count(bearer->smsc, SMSC_TALLY_REPEATED, 1);
    log_limited(&limit, LOG_LEVEL_INFO, "SMSC <%s>: a message came again that is stored already",
                smsc_name(bearer->smsc));
}

/* Whether the network may be told that we have it. */
static bool is_stored(enum store_status status, struct bearer *bearer)
{
    if (status == STORE_DUPLICATE)
        note_repeated(bearer);
    return status == STORE_OK || status == STORE_DUPLICATE;
}

static void arrival_stored(enum store_status status, int64_t number, void *arg)
{
    struct arrival *arrival = arg;
    struct gateway *gateway = arrival->inbox->gateway;
    const struct sms *sms = message_sms(arrival->message);
    bool stored = is_stored(status, arrival->bearer);

    if (arrival->stored != NULL)
        arrival->stored(stored, arrival->arg);
    if (status != STORE_OK)
        ; /* the driver keeps it, the network sends it again, or it came before */
    else if (arrival->is_part)
        offer_part(arrival->inbox, number, arrival->message);
    else
        boxes_offer(gateway->boxes, STORE_MO, router_box(gateway->conf, sms), number,
                    arrival->message);
    message_unref(arrival->message);
    free(arrival);
}

static void store_part(struct inbox *inbox, struct bearer *bearer, struct message *message,
                       smsc_stored_fn *stored, void *arg)
{
    struct arrival *arrival = memory_zalloc(1, sizeof *arrival);
    struct store_insert insert = {
        .kind = STORE_MO,
        .state = STATE_RECEIVING,
        .message = message,
        .queue = router_box(inbox->gateway->conf, message_sms(message)),
        .refuse_duplicate = true,
    };

    arrival->inbox = inbox;
    arrival->bearer = bearer;
    arrival->message = message_ref(message);
    arrival->is_part = true;
    arrival->stored = stored;
    arrival->arg = arg;
    store_insert(inbox->gateway->store, &insert, arrival_stored, arrival);
}

static void refusal_stored(enum store_status status, int64_t number, void *arg)
{
    struct arrival *arrival = arg;

    (void)number;
    arrival->stored(is_stored(status, arrival->bearer), arrival->arg);
    free(arrival);
}

/* A list keeps it out: it is noted in the store, and the network gets rid of it. */
static void store_refused(struct bearer *bearer, struct message *message, const char *why,
                          smsc_stored_fn *stored, void *arg)
{
    struct gateway *gateway = bearer->gateway;
    struct arrival *arrival = memory_zalloc(1, sizeof *arrival);
    struct bytes event = {0};
    struct store_insert insert = {
        .kind = STORE_MO,
        .state = STATE_REFUSED,
        .message = message,
        .error = slice_str(why),
        .refuse_duplicate = true,
    };

    bytes_printf(&event, "REJECTED Receive SMS - %s SMS", why);
    access_log_write(gateway->access_log, bytes_str(&event), reports_link_name(bearer->smsc),
                     message_sms(message));
    bytes_free(&event);
    arrival->bearer = bearer;
    arrival->stored = stored;
    arrival->arg = arg;
    store_insert(gateway->store, &insert, refusal_stored, arrival);
}

/* --- from the connections ------------------------------------------------------------------ */

static bool takes(const struct gateway *gateway)
{
    static struct log_limit limit;
    long most = gateway->settings.incoming_limit;

    if (gateway->state != GATEWAY_RUNNING)
        return false;
    if (most >= 0 && store_counts(gateway->store).mo_waiting > most) {
        log_limited(&limit, LOG_LEVEL_WARNING,
                    "sms-incoming-queue-limit is reached, the SMSCs have to wait");
        return false;
    }
    return true;
}

/* The sender in one form: the connection's rule first, then the core's. */
static struct message *with_unified_sender(const struct bearer *bearer, struct message *message)
{
    struct sms sms = *message_sms(message);
    struct bytes by_link = {0}, by_core = {0};
    struct message *result;
    bool changed = false;

    if (numbers_unify(bearer->rules.unified_prefix, sms.sender, &by_link)) {
        sms.sender = bytes_slice(&by_link);
        changed = true;
    }
    if (numbers_unify(bearer->gateway->settings.unified_prefix, sms.sender, &by_core)) {
        sms.sender = bytes_slice(&by_core);
        changed = true;
    }
    result = changed ? message_create(&sms) : message_ref(message);
    bytes_free(&by_link);
    bytes_free(&by_core);
    return result;
}

/* Our own message came back; the reason to refuse it. */
static const char *note_loop(struct bearer *bearer)
{
    static struct log_limit limit;

    smsc_count(bearer->smsc, SMSC_TALLY_LOOPED, 1);
    log_limited(&limit, LOG_LEVEL_WARNING,
                "SMSC <%s>: a message from one of our own numbers goes to no service "
                "(loop-guard = no would let it)",
                smsc_name(bearer->smsc));
    return "own-number";
}

static bool is_part(const struct gateway *gateway, const struct sms *sms)
{
    struct udh_info info;

    if (!gateway->settings.combine_parts || slice_is_empty(sms->udhdata) ||
        !slice_is_set(sms->smsc_id))
        return false;
    udh_read(sms->udhdata, &info);
    return info.concat.bits != 0 && info.concat.total > 1;
}

/* What a connection waits for an answer to: it must not be freed meanwhile. */
struct receipt {
    struct bearer *bearer;
    smsc_stored_fn *stored;
    void *arg;
};

static struct receipt *receipt_create(struct bearer *bearer, smsc_stored_fn *stored, void *arg)
{
    struct receipt *receipt = memory_zalloc(1, sizeof *receipt);

    *receipt = (struct receipt){bearer, stored, arg};
    bearer->arriving++;
    return receipt;
}

static void receipt_give(bool good, void *arg)
{
    struct receipt *receipt = arg;

    receipt->bearer->arriving--;
    receipt->stored(good, receipt->arg);
    free(receipt);
}

static void receive(struct bearer *bearer, struct message *received, smsc_stored_fn *stored,
                    void *arg)
{
    struct gateway *gateway = bearer->gateway;
    struct message *message;
    struct slice smsc_id;
    const char *why;

    if (!takes(gateway)) {
        stored(false, arg);
        return;
    }
    message = with_unified_sender(bearer, received);
    why = lists_refuse(gateway->lists, message_sms(message));
    if (why == NULL && own_numbers_hold(gateway, message_sms(message)->sender))
        why = note_loop(bearer);
    if (why != NULL) {
        store_refused(bearer, message, why, stored, arg);
        message_unref(message);
        return;
    }
    if (bearer->sticky)
        sticky_note(gateway->sticky, message_sms(message)->sender, bearer->key);
    counter_add(&gateway->sms_received, 1, loop_now(gateway->loop));
    counter_add(&bearer->sms_received, 1, loop_now(gateway->loop));
    access_log_write(gateway->access_log, "Receive SMS", reports_link_name(bearer->smsc),
                     message_sms(message));
    if (rules_reroute(&bearer->rules, message_sms(message), &smsc_id))
        outbox_forward(gateway, message_sms(message), smsc_id, stored, arg);
    else if (is_part(gateway, message_sms(message)))
        store_part(gateway->inbox, bearer, message, stored, arg);
    else
        store_whole(gateway->inbox, bearer, message, stored, arg);
    message_unref(message);
}

void inbox_receive(struct bearer *bearer, struct message *received, smsc_stored_fn *stored,
                   void *arg)
{
    receive(bearer, received, receipt_give, receipt_create(bearer, stored, arg));
}

void inbox_receive_report(struct bearer *bearer, const struct smsc_report *report,
                          smsc_stored_fn *stored, void *arg)
{
    struct gateway *gateway = bearer->gateway;

    if (gateway->state == GATEWAY_SHUTDOWN || gateway->state == GATEWAY_SUSPENDED) {
        stored(false, arg);
        return;
    }
    counter_add(&bearer->dlr_received, 1, loop_now(gateway->loop));
    matching_receive(gateway->matching, bearer->smsc, report, receipt_give,
                     receipt_create(bearer, stored, arg));
}

/* --- the room as a whole --------------------------------------------------------------------- */

struct inbox *inbox_create(struct gateway *gateway)
{
    struct inbox *inbox = memory_zalloc(1, sizeof *inbox);

    inbox->gateway = gateway;
    inbox->joins = join_memory_create();
    inbox->sweep = loop_timer_create(gateway->loop, sweep, inbox);
    return inbox;
}

void inbox_start(struct inbox *inbox)
{
    store_list(inbox->gateway->store, STORE_MO, STATE_RECEIVING, STORED_PARTS_LIMIT, found_parts,
               inbox);
    loop_timer_set(inbox->sweep, SWEEP_MS);
}

/* The parts' own memory: the sets know nothing of it. */
static void free_parts(struct inbox *inbox)
{
    struct join_set *set;

    while ((set = join_memory_expired(inbox->joins, INT64_MAX, INT64_MAX)) != NULL) {
        for (unsigned i = 0; i < set->total; i++)
            if (slot_part(&set->slots[i]) != NULL)
                part_free(slot_part(&set->slots[i]));
        join_memory_storage(inbox->joins)->drop(join_memory_storage(inbox->joins)->context, set);
    }
}

void inbox_free(struct inbox *inbox)
{
    if (inbox == NULL)
        return;
    free_parts(inbox);
    join_memory_free(inbox->joins);
    loop_timer_free(inbox->sweep);
    free(inbox);
}
