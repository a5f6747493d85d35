/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store - the message store: nothing that was accepted is ever lost.
 *
 * Every message that the gateway accepts is one entry here, from acceptance to
 * its final state and for store-history after it. Queues, the matching of
 * reports, the parts of long messages and the history are questions to this one
 * table.
 *
 * Operations are asynchronous. They are issued on the loop's thread, carried
 * out by the store's own thread in the order of issue, committed in groups
 * (whatever waited while the last commit ran), and answered on the loop's
 * thread after the commit is on disk. While the disk is quick and no other
 * process writes into the file, one that comes alone is carried out on the loop's
 * thread, after the callback that issued it. What is issued from one callback of
 * the loop is committed together or not at all. An operation whose answer does
 * not matter passes a NULL callback; failures are logged and counted by the store.
 *
 * A read sees all operations issued before it.
 *
 * When the disk is full, new messages answer STORE_FAILED, while changes and
 * reports go on in the room of a reserve file. When the file cannot be written
 * at all, operations answer STORE_FAILED, except those that happened already in
 * the world and must be known here: an update without a callback, and an update
 * or insert that says keep_trying. These are kept in memory, a bounded number, and
 * carried out before anything else as soon as that is possible. The store goes on
 * trying by itself; store_health() tells.
 *
 * Strings and messages passed in are copied or referenced; the caller keeps
 * what is his.
 *
 * The interface knows no SQL: SQLite is behind it, another database may be.
 */
#ifndef GW_STORE_STORE_H
#define GW_STORE_STORE_H

#include <stddef.h>
#include <stdint.h>

#include "gw/msg/message.h"
#include "gw/store/state.h"
#include "gwlib/loop.h"

struct store;

enum store_kind {
    STORE_MT = 1,
    STORE_MO = 2,    /* whole messages and parts */
    STORE_REPORT = 3 /* a delivery report on its way to a box */
};

enum store_status {
    STORE_OK,
    STORE_DUPLICATE, /* the same id for the same receiver is there already */
    STORE_MISSING,   /* no such entry, or its state does not allow the change */
    STORE_FAILED     /* not stored; see the log */
};

/* What store_find_sent() says of a long MT whose parts were noted; else all 0. */
struct store_parts {
    int part;                 /* the one that the foreign id is of, from 1 */
    enum message_state state; /* of this part: SENT until a report makes it final */
    int delivered, failed;    /* parts, of entry.parts */
    bool buffered;            /* of one of them a report said that it is still on its way */
};

/* One entry as it is handed out; valid during the callback, the message as
 * long as a reference is held. */
struct store_entry {
    int64_t number; /* ours: unique, grows with the order of acceptance */
    enum store_kind kind;
    enum message_state state;
    struct message *message;
    struct slice queue;  /* who it waits for; the caller's vocabulary */
    int attempts;        /* times it was handed to an SMSC or box; 1 when inserted SENDING */
    int64_t accepted_ms; /* since 1970 */
    int64_t changed_ms;
    int64_t due_ms;          /* DEFERRED, POSTPONED: when to go on */
    struct slice link;       /* the SMSC connection that has or had it */
    struct slice foreign_id; /* the SMSC's id */
    struct slice error;      /* the last error */
    int parts, parts_sent;   /* of a long MT; 0 when not split */
    int reference;           /* its concatenation reference */
    struct store_parts of_parts;
};

/* --- opening ----------------------------------------------------------- */

enum store_sync {
    STORE_SYNC_FULL,   /* every commit is on the disk when it is answered */
    STORE_SYNC_NORMAL, /* a power cut may take the last commits; the file stays sound */
    STORE_SYNC_OFF     /* a power cut may take or damage anything; a crash of ours takes nothing */
};

struct store_options {
    const char *path;  /* NULL: in memory only, nothing survives */
    const char *spool; /* a folder where a Kannel may have had its spool, or NULL */
    int64_t history_s; /* how long finished entries stay; 0: gone at once */
    /* Above so many octets of the file the oldest finished entries go earlier; 0: never. */
    int64_t history_octets;
    /* How long a SENT entry waits for its report before it is ACCEPTED; 0: for ever. */
    int64_t await_s;
    enum store_sync sync;
    bool hold_uncertain; /* what was SENDING at opening becomes HELD, not QUEUED */
    /* The file turned out to be damaged: from now on everything is answered
     * STORE_FAILED. Called once, on the loop; may be NULL. */
    void (*damaged)(const char *text, void *arg);
    void *arg;
};

/* What waits in one queue, found at opening. */
struct store_queue {
    char *queue;
    enum store_kind kind;
    int64_t waiting; /* QUEUED or RECEIVED */
    int64_t later;   /* DEFERRED or POSTPONED */
};

/*
 * Opens or makes the file, locks it against other bearerboxes, brings an older
 * schema forward, and turns what was SENDING into QUEUED again (or HELD): those
 * are uncertain and each is logged with id and receiver. NULL with the reason
 * appended to *error. Blocks.
 */
struct store *store_open(struct loop *loop, const struct store_options *options,
                         struct bytes *error);
/* What was found at opening, until the store is closed. */
const struct store_queue *store_queues(const struct store *store, size_t *count);
/* Entries that were uncertain at opening. */
int64_t store_uncertain(const struct store *store);

/*
 * An MO or report goes to a box now. Noted beside the file before this returns, without
 * a sync: what was noted and not settled when the process was killed is logged
 * with id, sender, receiver and queue at the next opening, for the box may have
 * it and gets it again. (After a power cut some of them may be missing there.)
 */
void store_hand_over(struct store *store, int64_t number);
/* Its answer is committed. */
void store_hand_settled(struct store *store, int64_t number);
/* Entries that were in the hands of boxes at opening. */
int64_t store_in_hands(const struct store *store);

/* Carries out what was issued, ends the thread, delivers the last answers,
 * closes. Blocks. */
void store_close(struct store *store);

/* --- changes ----------------------------------------------------------- */

struct store_insert {
    enum store_kind kind;
    /* QUEUED, DEFERRED, SENDING, RECEIVING, RECEIVED, UNMATCHED, or final */
    enum message_state state;
    struct message *message;
    struct slice queue;
    struct slice link;  /* with SENDING, UNMATCHED */
    int64_t due_ms;     /* with DEFERRED */
    struct slice error; /* with a final state */
    /* UNMATCHED: the report as a message, link and its foreign_id as they came. */
    /* A non-nil id that is there with the same kind and receiver, inserted with
     * this flag too, answers STORE_DUPLICATE and inserts nothing. Finished
     * entries count as long as they are kept. */
    bool refuse_duplicate;
    /* Never answers STORE_FAILED while the store is open: see above. */
    bool keep_trying;
};

/* number is 0 when nothing was inserted. */
typedef void store_inserted_fn(enum store_status status, int64_t number, void *arg);
void store_insert(struct store *store, const struct store_insert *insert, store_inserted_fn *done,
                  void *arg);

/* Fields that stay as they are: state 0, numbers -1, slices unset. */
struct store_change {
    enum message_state state;
    int attempts;
    int64_t due_ms;
    struct slice queue;
    struct slice link;
    struct slice foreign_id;
    struct slice error;
    int parts, parts_sent, reference;
    /* Never answers STORE_FAILED while the store is open: see above. What has no
     * callback never fails anyway. */
    bool keep_trying;
    /* One part of a long MT, from 1; 0: none. part_id: an SMSC accepted it, it is
     * SENT over the entry's link from now on. part_state: what a report made of
     * it. The first part of all puts an end to those of an earlier attempt. */
    int part;
    struct slice part_id;
    enum message_state part_state;
    bool part_buffered;
    /* May wait a few milliseconds for other operations to be committed with. */
    bool patient;
};
struct store_change store_change_none(void);

typedef void store_done_fn(enum store_status status, void *arg);
void store_update(struct store *store, int64_t number, const struct store_change *change,
                  store_done_fn *done, void *arg);

/* Every DEFERRED entry with due_ms <= now becomes QUEUED, every POSTPONED one
 * RECEIVED. The answer names the queues that grew (once per queue and kind),
 * and the time of the next entry that is due (0: none). Very many are done in
 * steps: the next time is in the past then, and the caller asks again. */
struct store_ripe {
    struct slice queue;
    enum store_kind kind;
    int64_t entries;
    int priority; /* the highest of them */
};
typedef void store_ripen_fn(const struct store_ripe *queues, size_t count, int64_t next_due_ms,
                            void *arg);
void store_ripen(struct store *store, int64_t now_ms, store_ripen_fn *done, void *arg);

/* --- questions --------------------------------------------------------- */

/* Called once with all entries; count 0 when there is none. */
typedef void store_entries_fn(enum store_status status, const struct store_entry *entries,
                              size_t count, void *arg);

/*
 * The first `limit` entries of a queue that wait (QUEUED or RECEIVED), by
 * priority, then age. Entries that the caller has already are among them: he
 * knows their numbers.
 */
void store_fetch(struct store *store, enum store_kind kind, struct slice queue, size_t limit,
                 store_entries_fn *done, void *arg);

/* All entries in a state, by age, at most limit; for RECEIVING at start and for
 * lists. */
void store_list(struct store *store, enum store_kind kind, enum message_state state, size_t limit,
                store_entries_fn *done, void *arg);

/* Those of a kind, in any state, among the last `numbers` entries, by age. */
void store_list_latest(struct store *store, enum store_kind kind, size_t numbers,
                       store_entries_fn *done, void *arg);

/* What is not final, oldest first, at most limit: for store-status. */
void store_list_live(struct store *store, size_t limit, store_entries_fn *done, void *arg);

/* MT that are SENT (or SENDING) over an SMSC link with this foreign id, and, in
 * any state, those with a part that is; newest first, at most 100 of each. The
 * same id may stand several times where a modem counts to 255. */
void store_find_sent(struct store *store, struct slice smsc_id, struct slice foreign_id,
                     store_entries_fn *done, void *arg);

/* Every entry with this id that is not final. */
void store_find_id(struct store *store, const struct uuid *id, store_entries_fn *done, void *arg);

/* Counts, as of the last commit; costs nothing. */
struct store_counts {
    int64_t live;            /* all that is not final, without SENT: "store size" */
    int64_t mt_waiting;      /* QUEUED, DEFERRED, SENDING */
    int64_t mo_waiting;      /* MO and reports: RECEIVED, POSTPONED */
    int64_t reports_awaited; /* SENT */
    int64_t held;            /* HELD */
    int64_t unmatched;       /* UNMATCHED */
    int64_t dead;            /* DEAD, as long as the history keeps them */
};
struct store_counts store_counts(const struct store *store);

/* NULL when all is well, else what is wrong ("database or disk is full"). */
const char *store_health(const struct store *store);
/* What store_health() tells is damage of the file, which does not go away. */
bool store_is_damaged(const struct store *store);
/* Octets of the file and its log; looked up at each call. */
int64_t store_file_size(const struct store *store);

#endif
