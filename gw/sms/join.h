/* SPDX-License-Identifier: Apache-2.0 */
/*
 * join - the parts of long messages on their way in: a state machine that says
 * what a part is good for and when a message is whole.
 *
 * It holds no text. A part is known by its number, a digest of its content and a
 * handle of the caller (the number of its entry in the store); the caller keeps
 * the parts. The sets of parts live behind struct join_storage: join_memory is
 * one in memory, which after a restart is filled by offering the stored parts
 * again.
 *
 * Parts come in any order, twice, interleaved with other messages, and long
 * after their message was complete:
 *   - the same part again (equal digest) is a duplicate;
 *   - another content for a number that is there means that the sender has come
 *     round to the same reference: the old set is given up (its parts, when it
 *     was not complete, are to be delivered as they are) and a new one begins;
 *   - a complete set is remembered until it is forgotten by age, so that a late
 *     duplicate is recognised.
 */
#ifndef GW_SMS_JOIN_H
#define GW_SMS_JOIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gw/sms/dcs.h"
#include "gw/sms/udh.h"
#include "gwlib/bytes.h"

/* Whose parts belong together. */
struct join_key {
    struct slice sender;
    struct slice receiver;
    struct slice smsc;        /* connection it came by; for a modem better the SIM */
    struct udh_concat concat; /* ref, total and bits count; part does not */
};

struct join_slot {
    bool filled;
    uint64_t digest;
    int64_t handle;
};

struct join_set {
    unsigned total;
    unsigned filled;
    bool complete;
    int64_t begun_ms;        /* first part */
    int64_t changed_ms;      /* last part that was no duplicate */
    struct join_slot *slots; /* total of them: slots[0] is part 1 */
    void *owner;             /* the storage's own */
};

/* What the caller provides. A set stays where it is until it is dropped. */
struct join_storage {
    void *context;
    /* The set of that key, or NULL. */
    struct join_set *(*find)(void *context, const struct join_key *key);
    /* A new set of key->concat.total empty slots; there is none of that key. */
    struct join_set *(*create)(void *context, const struct join_key *key);
    /* The key means this set no longer; its memory stays until drop. */
    void (*detach)(void *context, struct join_set *set);
    /* Detaches if need be and releases the memory. */
    void (*drop)(void *context, struct join_set *set);
};

enum join_verdict {
    JOIN_WAIT,          /* keep the part; others are missing */
    JOIN_COMPLETE,      /* this part was the last: take all of set->slots, in order */
    JOIN_DUPLICATE,     /* drop the part: it is there */
    JOIN_LATE_DUPLICATE /* drop the part: its message was completed before */
};

/* "wait", "complete", "duplicate", "late-duplicate". */
const char *join_verdict_name(enum join_verdict verdict);

struct join_outcome {
    enum join_verdict verdict;
    struct join_set *set;       /* where the part belongs */
    struct join_set *abandoned; /* an incomplete set that was given up: deliver its parts
                                   marked incomplete, then drop it; NULL: none */
};

/*
 * Offers a part: key->concat.part of key->concat.total (udh_read() gives only
 * sensible numbers). A total of 1 is complete at once.
 */
struct join_outcome join_offer(const struct join_storage *storage, const struct join_key *key,
                               uint64_t digest, int64_t handle, int64_t now_ms);

/* For content and header: equal parts have equal digests. */
uint64_t join_digest(struct slice udh, struct slice content);

/*
 * Appends the content of the next part in the coding of the whole; a message
 * whose parts differ in coding is joined in UCS-2 (octets as characters 0..255).
 */
void join_append(struct bytes *to, enum dcs_alphabet whole, enum dcs_alphabet part,
                 struct slice content);
/* The coding of the whole when a part of that coding is added to one of these. */
enum dcs_alphabet join_alphabet(enum dcs_alphabet whole, enum dcs_alphabet part);

/* --- a storage in memory --------------------------------------------------- */

struct join_memory;

struct join_memory *join_memory_create(void);
void join_memory_free(struct join_memory *memory);
/* Valid as long as memory is. */
const struct join_storage *join_memory_storage(struct join_memory *memory);

/*
 * The next set that is overdue: begun at or before `begun_until` and not
 * complete, or complete and last changed at or before `complete_until`. It is
 * detached and the caller's to drop. NULL when there is none.
 */
struct join_set *join_memory_expired(struct join_memory *memory, int64_t begun_until,
                                     int64_t complete_until);
/* Sets held, complete or not. */
size_t join_memory_count(const struct join_memory *memory);

#endif
