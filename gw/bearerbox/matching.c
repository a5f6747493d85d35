/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which message a report is about: see matching.h.
 *
 * An SMSC may send the report before its answer to the submit, and a report may
 * be about a message that is not ours. What fits no message is stored as
 * UNMATCHED, told to the network as taken, and looked at again when an answer
 * brings its id, and once after a restart. It is kept for dlr-unmatched-time,
 * and no more than dlr-unmatched-limit of them.
 *
 * The parts of a long message are reported one by one; the box hears once: that
 * it is on its way with the first part that says so, that it failed with the
 * first part that did, that it was delivered with the last one. Since two
 * reports of one message may be under way at a time, what was asked before the
 * last change of a message is asked again. One that was told before, of a message
 * that is finished, is dropped.
 */
#include "gw/bearerbox/matching.h"

#include <stddef.h>
#include <stdlib.h>

#include "gw/bearerbox/repeats.h"
#include "gw/bearerbox/reports.h"
#include "gw/bearerbox/unmatched.h"
#include "gwlib/clock.h"
#include "gwlib/log.h"
#include "gwlib/memory.h"

#define SUFFIX_DIGITS   7            /* of a number that networks leave alone */
#define SWEEP_MS        10000        /* between two looks at what is kept too long */
#define ANSWER_MS       (10 * 60000) /* an SMSC's answer comes within that after its report */
#define STORED_LIMIT    100000       /* taken up at start; too many of them go soon after */
#define CHANGE_COUNTERS 4096

struct matching {
    struct gateway *gateway;
    struct incoming_report *open; /* all */
    struct unmatched *unmatched;
    struct loop_timer *sweep;
    int64_t asked;                    /* questions and changes so far */
    int64_t changed[CHANGE_COUNTERS]; /* `asked` at the last change, by entry's number */
    struct repeats *repeats;
};

/* A report on its way from the driver to its message. */
struct incoming_report {
    struct matching *matching;
    struct smsc *smsc;              /* while the network waits */
    struct message *message;        /* what the driver said: receiver, text, foreign id, ... */
    struct bytes link;              /* reports_link_name() */
    struct bytes name;              /* of the connection, for the log */
    struct bytes other_id, claimed; /* see smsc_report */
    smsc_stored_fn *stored;         /* NULL: called, or nobody waits */
    void *arg;
    bool expected;  /* the connection has submits without an answer */
    bool by_other;  /* the question is about other_id */
    bool busy;      /* a question or a change is under way */
    bool again;     /* and another one is wanted */
    bool kept;      /* is in `unmatched` */
    bool retry;     /* the store failed: the sweep asks again */
    bool gone;      /* could not be kept: ends when it is not busy */
    int64_t number; /* of its entry, UNMATCHED; 0: not there yet */
    int64_t asked;
    struct unmatched_item item;
    struct incoming_report *next, **place;
};

/* --- a report from the network: its beginning and its end ----------------------- */

static struct incoming_report *incoming_create(struct matching *matching, struct message *message,
                                               const char *link)
{
    struct incoming_report *incoming = memory_zalloc(1, sizeof *incoming);

    incoming->matching = matching;
    incoming->message = message;
    bytes_append_str(&incoming->link, link);
    incoming->next = matching->open;
    if (incoming->next != NULL)
        incoming->next->place = &incoming->next;
    incoming->place = &matching->open;
    matching->open = incoming;
    return incoming;
}

static void incoming_free(struct incoming_report *incoming)
{
    if (incoming->kept)
        unmatched_remove(incoming->matching->unmatched, &incoming->item);
    *incoming->place = incoming->next;
    if (incoming->next != NULL)
        incoming->next->place = incoming->place;
    message_unref(incoming->message);
    bytes_free(&incoming->link);
    bytes_free(&incoming->name);
    bytes_free(&incoming->other_id);
    bytes_free(&incoming->claimed);
    free(incoming);
}

static void incoming_answer(struct incoming_report *incoming, bool stored)
{
    smsc_stored_fn *fn = incoming->stored;

    incoming->stored = NULL;
    if (fn != NULL)
        fn(stored, incoming->arg);
}

static void incoming_done(struct incoming_report *incoming, bool stored)
{
    incoming_answer(incoming, stored);
    incoming_free(incoming);
}

static const struct sms *incoming_sms(const struct incoming_report *incoming)
{
    return message_sms(incoming->message);
}

static enum dlr_event incoming_event(const struct incoming_report *incoming)
{
    return (enum dlr_event)incoming_sms(incoming)->dlr_mask;
}

static void found(enum store_status status, const struct store_entry *entries, size_t count,
                  void *arg);

static void ask(struct incoming_report *incoming, bool by_other)
{
    struct matching *matching = incoming->matching;

    incoming->busy = true;
    incoming->by_other = by_other;
    incoming->asked = ++matching->asked;
    store_find_sent(matching->gateway->store, bytes_slice(&incoming->link),
                    by_other ? bytes_slice(&incoming->other_id)
                             : incoming_sms(incoming)->foreign_id,
                    found, incoming);
}

/* --- which message ---------------------------------------------------------------- */

/* Networks change the form of numbers (+49170..., 0170...): the last digits
 * tell. */
static bool same_handset(struct slice a, struct slice b)
{
    size_t n = a.len < b.len ? a.len : b.len;

    if (n > SUFFIX_DIGITS)
        n = SUFFIX_DIGITS;
    return slice_equal(slice_sub(a, a.len - n, n), slice_sub(b, b.len - n, n));
}

static bool may_be_about(const struct incoming_report *incoming, const struct store_entry *entry)
{
    struct slice receiver = incoming_sms(incoming)->receiver;

    if (incoming->by_other)
        receiver = bytes_slice(&incoming->claimed);
    else if (slice_is_empty(receiver))
        receiver = message_sms(entry->message)->receiver;
    /* What a modem numbered long after the report is another message. */
    return same_handset(message_sms(entry->message)->receiver, receiver) &&
           (!incoming->kept || entry->changed_ms <= incoming->item.arrived_ms + ANSWER_MS);
}

/* An SMSC may give all parts of a message one id, and report each: then it is about
 * one that has no report yet. */
static const struct store_entry *choose_part(const struct store_entry *chosen,
                                             const struct store_entry *entries, size_t count)
{
    if (chosen->of_parts.part == 0 || !state_is_final((int)chosen->of_parts.state))
        return chosen;
    for (size_t i = 0; i < count; i++)
        if (entries[i].number == chosen->number && !state_is_final((int)entries[i].of_parts.state))
            return &entries[i];
    return chosen;
}

/* The newest one; one that came to its end has the last say: of its parts there
 * may be reports yet. */
static const struct store_entry *choose_entry(const struct incoming_report *incoming,
                                              const struct store_entry *entries, size_t count)
{
    const struct store_entry *finished = NULL;

    for (size_t i = 0; i < count; i++) {
        if (!may_be_about(incoming, &entries[i]))
            continue;
        if (!state_is_final((int)entries[i].state))
            return choose_part(&entries[i], entries, count);
        if (finished == NULL)
            finished = &entries[i];
    }
    return finished;
}

/* --- what it does to the message ---------------------------------------------------- */

static enum message_state state_after(enum dlr_event event)
{
    switch (event) {
    case DLR_DELIVERED:
        return STATE_DELIVERED;
    case DLR_FAILED:
    case DLR_UNKNOWN:
        return STATE_FAILED;
    case DLR_EXPIRED:
        return STATE_EXPIRED;
    default:
        return 0; /* still on its way */
    }
}

static void changed(enum store_status status, void *arg)
{
    struct incoming_report *incoming = arg;

    incoming->busy = false;
    if (status == STORE_OK)
        repeats_note(incoming->matching->repeats, incoming_sms(incoming));
    if (status != STORE_FAILED)
        incoming_done(incoming, true);
    else if (!incoming->kept)
        incoming_done(incoming, false);
    else
        incoming->retry = true;
}

/* Has a callback, so that it fails together with what goes with it. */
static void changed_too(enum store_status status, void *arg)
{
    (void)status;
    (void)arg;
}

static void tell_box(struct incoming_report *incoming, const struct store_entry *entry)
{
    const struct sms *sms = incoming_sms(incoming);
    struct report_content content = {
        .event = incoming_event(incoming),
        .text = sms->msgdata,
        .foreign_id = sms->foreign_id,
        .smsc_id = sms->smsc_id,
        .account = sms->account,
        .driver_meta = sms->meta_data,
        .time = sms->time,
    };

    if (entry->of_parts.part > 0 && slice_is_set(entry->foreign_id))
        content.foreign_id = entry->foreign_id;
    reports_make(incoming->matching->gateway->reports, message_sms(entry->message), &content);
}

/* Ends with a change that is answered by changed(). */
static void commit(struct incoming_report *incoming, int64_t number,
                   const struct store_change *change)
{
    struct store *store = incoming->matching->gateway->store;
    struct store_change matched = store_change_none();

    incoming->busy = true;
    matched.state = STATE_MATCHED;
    if (change != NULL)
        store_update(store, number, change, incoming->number == 0 ? changed : changed_too,
                     incoming);
    if (incoming->number != 0)
        store_update(store, incoming->number, &matched, changed, incoming);
}

/* Other reports of this message that were asked about before must ask again. */
static void note_change(struct matching *matching, const struct store_entry *entry)
{
    matching->changed[entry->number % CHANGE_COUNTERS] = ++matching->asked;
}

static bool has_changed_since(const struct incoming_report *incoming,
                              const struct store_entry *entry)
{
    return incoming->matching->changed[entry->number % CHANGE_COUNTERS] > incoming->asked;
}

static void drop_repeated(struct incoming_report *incoming)
{
    static struct log_limit limit;

    if (incoming->stored != NULL) {
        smsc_count(incoming->smsc, SMSC_TALLY_REPEATED, 1);
        log_limited(&limit, LOG_LEVEL_INFO, "SMSC <%s>: a delivery report came again",
                    bytes_str(&incoming->name));
    }
    if (incoming->number != 0)
        commit(incoming, 0, NULL);
    else
        incoming_done(incoming, true);
}

static void report_message(struct incoming_report *incoming, const struct store_entry *entry)
{
    struct store_change change = store_change_none();

    if (state_after(incoming_event(incoming)) == 0 &&
        repeats_knows(incoming->matching->repeats, incoming_sms(incoming))) {
        drop_repeated(incoming); /* the message is open yet */
        return;
    }
    tell_box(incoming, entry);
    note_change(incoming->matching, entry);
    change.state = state_after(incoming_event(incoming));
    if (change.state == STATE_FAILED || change.state == STATE_EXPIRED)
        change.error = incoming_sms(incoming)->msgdata;
    commit(incoming, entry->number, &change);
}

/* What the part's new state makes of the whole message; 0: nothing. */
static enum message_state state_of_whole(const struct store_entry *entry,
                                         enum message_state of_part)
{
    if (of_part == STATE_DELIVERED &&
        (entry->state != STATE_SENT || entry->of_parts.delivered + 1 < entry->parts))
        return 0;
    return of_part;
}

static void report_part(struct incoming_report *incoming, const struct store_entry *entry)
{
    struct store_change change = store_change_none();
    bool open = !state_is_final((int)entry->state);

    if (state_is_final((int)entry->of_parts.state)) {
        drop_repeated(incoming);
        return;
    }
    change.part = entry->of_parts.part;
    change.part_state = state_after(incoming_event(incoming));
    change.part_buffered = change.part_state == 0;
    if (open && change.part_state != 0)
        change.state = state_of_whole(entry, change.part_state);
    if (change.state == STATE_FAILED || change.state == STATE_EXPIRED)
        change.error = incoming_sms(incoming)->msgdata;
    if (change.state != 0 || (open && change.part_buffered && !entry->of_parts.buffered))
        tell_box(incoming, entry);
    note_change(incoming->matching, entry);
    commit(incoming, entry->number, &change);
}

/* --- what fits no message --------------------------------------------------------------- */

static void give_up(struct incoming_report *incoming)
{
    struct store_change change = store_change_none();

    change.state = STATE_UNCLAIMED;
    if (incoming->number != 0)
        store_update(incoming->matching->gateway->store, incoming->number, &change, NULL, NULL);
    incoming_free(incoming);
}

static struct incoming_report *incoming_of(struct unmatched_item *item)
{
    return (struct incoming_report *)((char *)item - offsetof(struct incoming_report, item));
}

/* The oldest goes; what is being looked for now waits for the next time. */
static void keep_within(struct matching *matching, int64_t before_ms)
{
    static struct log_limit told;
    size_t limit = (size_t)matching->gateway->settings.unmatched_limit;
    struct unmatched_item *oldest;

    while ((oldest = unmatched_oldest(matching->unmatched)) != NULL &&
           (unmatched_count(matching->unmatched) > limit || oldest->arrived_ms < before_ms)) {
        struct incoming_report *incoming = incoming_of(oldest);

        if (incoming->busy)
            return;
        log_limited(&told, LOG_LEVEL_WARNING,
                    "a delivery report for <%.*s> of SMSC <%s> found no message, given up",
                    (int)incoming_sms(incoming)->foreign_id.len,
                    (const char *)incoming_sms(incoming)->foreign_id.data,
                    bytes_str(&incoming->link));
        give_up(incoming);
    }
}

static void remember(struct incoming_report *incoming, int64_t arrived_ms)
{
    incoming->kept = true;
    incoming->item.link = bytes_slice(&incoming->link);
    incoming->item.ids[0] = incoming_sms(incoming)->foreign_id;
    incoming->item.ids[1] = bytes_slice(&incoming->other_id);
    incoming->item.arrived_ms = arrived_ms;
    unmatched_add(incoming->matching->unmatched, &incoming->item);
}

static void kept_stored(enum store_status status, int64_t number, void *arg)
{
    struct incoming_report *incoming = arg;

    incoming->number = number;
    if (status != STORE_OK) {
        unmatched_remove(incoming->matching->unmatched, &incoming->item);
        incoming->kept = false;
        incoming->gone = true; /* its second question is still under way */
    }
    incoming_answer(incoming, status == STORE_OK);
    keep_within(incoming->matching, INT64_MIN);
}

/* Stores it, and asks once more: the answer to the submit may have come between
 * the first question and now. Later ones find it here. */
static void keep(struct incoming_report *incoming)
{
    static struct log_limit told;
    struct store_insert insert = {
        .kind = STORE_REPORT,
        .state = STATE_UNMATCHED,
        .message = incoming->message,
        .link = bytes_slice(&incoming->link),
    };

    if (!incoming->expected)
        log_limited(&told, LOG_LEVEL_WARNING,
                    "SMSC <%s>: delivery report for the unknown message <%.*s>, kept",
                    bytes_str(&incoming->name), (int)incoming_sms(incoming)->foreign_id.len,
                    (const char *)incoming_sms(incoming)->foreign_id.data);
    remember(incoming, clock_wall_ms());
    store_insert(incoming->matching->gateway->store, &insert, kept_stored, incoming);
    ask(incoming, false);
}

/* --- the answers ---------------------------------------------------------------------------- */

static void not_found(struct incoming_report *incoming)
{
    if (repeats_knows(incoming->matching->repeats, incoming_sms(incoming)))
        drop_repeated(incoming);
    else if (!incoming->by_other && incoming->other_id.len > 0 && incoming->claimed.len > 0) {
        ask(incoming, true);
    } else if (!incoming->kept) {
        keep(incoming);
    } else if (incoming->again) {
        incoming->again = false;
        ask(incoming, false);
    }
}

static void found(enum store_status status, const struct store_entry *entries, size_t count,
                  void *arg)
{
    struct incoming_report *incoming = arg;
    const struct store_entry *entry = choose_entry(incoming, entries, count);

    incoming->busy = false;
    if (incoming->gone)
        incoming_free(incoming);
    else if (status == STORE_FAILED && incoming->kept)
        incoming->retry = true;
    else if (status == STORE_FAILED)
        incoming_done(incoming, false);
    else if (entry == NULL)
        not_found(incoming);
    else if (has_changed_since(incoming, entry))
        ask(incoming, incoming->by_other);
    else if (entry->of_parts.part == 0)
        report_message(incoming, entry);
    else
        report_part(incoming, entry);
}

/* --- for the other rooms -----------------------------------------------------------------------
 */

void matching_receive(struct matching *matching, struct smsc *smsc,
                      const struct smsc_report *report, smsc_stored_fn *stored, void *arg)
{
    struct sms sms = sms_blank();
    struct incoming_report *incoming;

    sms.sms_type = SMS_REPORT_MO;
    sms.foreign_id = report->foreign_id;
    sms.receiver = report->receiver;
    sms.msgdata = report->text;
    sms.meta_data = report->meta_data;
    sms.account = report->account;
    sms.smsc_id = slice_str(smsc_id(smsc));
    sms.dlr_mask = (int32_t)report->event;
    sms.time = report->time;
    incoming = incoming_create(matching, message_create(&sms), reports_link_name(smsc));
    bytes_append_str(&incoming->name, smsc_name(smsc));
    bytes_append_slice(&incoming->other_id, report->other_id);
    bytes_append_slice(&incoming->claimed, report->claimed_receiver);
    incoming->expected = smsc_outstanding(smsc) > 0;
    incoming->smsc = smsc;
    incoming->stored = stored;
    incoming->arg = arg;
    ask(incoming, false);
}

static void look_again(struct unmatched_item *item, void *arg)
{
    struct incoming_report *incoming = incoming_of(item);
    const int64_t *handed_ms = arg;

    if (item->arrived_ms < *handed_ms)
        return;
    if (incoming->busy)
        incoming->again = true;
    else
        ask(incoming, false);
}

void matching_accepted(struct matching *matching, const char *link, struct slice foreign_id,
                       int64_t handed_ms)
{
    if (unmatched_count(matching->unmatched) > 0)
        unmatched_each(matching->unmatched, slice_str(link), foreign_id, look_again, &handed_ms);
}

static void sweep(void *arg)
{
    struct matching *matching = arg;

    keep_within(matching, clock_wall_ms() - matching->gateway->settings.unmatched_time_s * 1000);
    for (struct incoming_report *incoming = matching->open; incoming != NULL;
         incoming = incoming->next) {
        if (!incoming->retry || incoming->busy)
            continue;
        incoming->retry = false;
        ask(incoming, false);
    }
    loop_timer_set(matching->sweep, SWEEP_MS);
}

static void found_unmatched(enum store_status status, const struct store_entry *entries,
                            size_t count, void *arg)
{
    struct matching *matching = arg;

    (void)status;
    for (size_t i = 0; i < count; i++) {
        char *link = slice_to_str(entries[i].link);
        struct incoming_report *incoming =
            incoming_create(matching, message_ref(entries[i].message), link);

        incoming->number = entries[i].number;
        remember(incoming, entries[i].accepted_ms);
        ask(incoming, false);
        free(link);
    }
}

/* What was told before the restart, of this time: the network may not have heard
 * the last acknowledgements. */
static void found_told(enum store_status status, const struct store_entry *entries, size_t count,
                       void *arg)
{
    struct matching *matching = arg;

    (void)status;
    for (size_t i = 0; i < count; i++)
        if (entries[i].state != STATE_UNMATCHED && entries[i].state != STATE_UNCLAIMED)
            repeats_note(matching->repeats, message_sms(entries[i].message));
}

struct matching *matching_create(struct gateway *gateway)
{
    struct matching *matching = memory_zalloc(1, sizeof *matching);

    matching->gateway = gateway;
    matching->unmatched = unmatched_create();
    matching->repeats = repeats_create();
    matching->sweep = loop_timer_create(gateway->loop, sweep, matching);
    return matching;
}

void matching_start(struct matching *matching)
{
    store_list_latest(matching->gateway->store, STORE_REPORT, REPEATS_MOST, found_told, matching);
    store_list(matching->gateway->store, STORE_REPORT, STATE_UNMATCHED, STORED_LIMIT,
               found_unmatched, matching);
    loop_timer_set(matching->sweep, SWEEP_MS);
}

void matching_free(struct matching *matching)
{
    if (matching == NULL)
        return;
    while (matching->open != NULL)
        incoming_free(matching->open);
    unmatched_free(matching->unmatched);
    repeats_free(matching->repeats);
    loop_timer_free(matching->sweep);
    free(matching);
}
