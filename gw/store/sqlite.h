/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sqlite - the store's tables in an SQLite file. Private to gw/store/.
 *
 * A struct database is one connection with its prepared statements. It belongs
 * to one thread at a time: to the opener, then to the store's thread.
 *
 *   sqlite.c    the connection: opening, transactions, statements, errors
 *   schema.c    tables, indexes, views, bringing older files forward
 *   row.c       messages and entries to and from a row
 *   changes.c   insert, update, ripen, prune
 *   part.c      the parts of long MT
 *   questions.c fetch, lists, finding, what is there at opening
 *   takeover.c  the store file of a Kannel that was there before
 *   wal.c       when the write-ahead log is moved into the file, and its size
 *   gather.c    the write-ahead log in few writes
 *   reserve.c   room for changes of state on a full disk
 *   lock.c      one bearerbox a file
 *
 * An operation that cannot be carried out for a reason of its own says so in
 * its status. A function that answers false has hit an error of the file: the
 * transaction is lost and has to be rolled back; database_error() tells why.
 */
#ifndef GW_STORE_SQLITE_H
#define GW_STORE_SQLITE_H

#include <sqlite3.h>

#include "gw/store/operation.h"

/* --- the tables --------------------------------------------------------- */

#define STORE_APPLICATION_ID 0x4B4E5445 /* "KNTE", in the header of the file */

enum column {
#define COLUMN(name, type) COLUMN_##name,
#include "gw/store/columns.def"
    COLUMN_COUNT
};
/* content.once: see schema.c. Its parameter stands after all columns'. */
#define PARAMETER_ONCE (COLUMN_COUNT + 1)

/*
 * The states by what is asked of them. IS_LIVE, HAS_DUE and IS_SENT are each the
 * condition of a partial index; a query must repeat it literally to use the
 * index. No "IN" with more than two: that makes a table each time.
 */
#define IS_LIVE   "state <> 13 AND (state < 50 OR state = 63)" /* all but SENT; and DEAD */
#define NOT_ASIDE "state < 23"                                 /* UNMATCHED and DEAD are */
#define HAS_DUE   "due_ms IS NOT NULL"
#define IS_DUE    "state IN (11, 22)" /* DEFERRED, POSTPONED */
#define IS_SENT   "(state = 13 OR (state = 12 AND foreign_id IS NOT NULL))" /* SENT, SENDING */
_Static_assert(STATE_QUEUED == 10 && STATE_DEFERRED == 11 && STATE_SENDING == 12 &&
                   STATE_SENT == 13 && STATE_HELD == 14 && STATE_RECEIVING == 20 &&
                   STATE_RECEIVED == 21 && STATE_POSTPONED == 22 && STATE_UNMATCHED == 23 &&
                   STATE_DEAD == 63,
               "the conditions above say other states");

/* entry.guard. The same in SQL, for the state that the expression gives. */
#define GUARD(number, kind, state)                                                                 \
    ((((number)&65535) * 256 + (int64_t)(kind)*64 + (int64_t)(state)) * 40503 & 16777215)
#define GUARD_SQL(state) "((number & 65535) * 256 + kind * 64 + (" state ")) * 40503 & 16777215"

#define STATE_LIMIT 70 /* above every state's number */

enum statement {
    STATEMENT_BEGIN,
    STATEMENT_BEGIN_READING,
    STATEMENT_COMMIT,
    STATEMENT_ROLLBACK,
    STATEMENT_RESERVE,
    STATEMENT_INSERT_CONTENT,
    STATEMENT_INSERT_ENTRY,
    STATEMENT_STATE,
    STATEMENT_DELETE_CONTENT,
    STATEMENT_DELETE_ENTRY,
    STATEMENT_RIPE_QUEUES,
    STATEMENT_RIPEN,
    STATEMENT_NEXT_DUE,
    STATEMENT_WALK,
    STATEMENT_FETCH,
    STATEMENT_LIST,
    STATEMENT_LIST_LIVE,
    STATEMENT_FIND_SENT,
    STATEMENT_FIND_ID,
    STATEMENT_FIND_PARTS,
    STATEMENT_SUM_PARTS,
    STATEMENT_NOTE_PART,
    STATEMENT_CHANGE_PART,
    STATEMENT_DELETE_PARTS,
    STATEMENT_COUNT
};

/* What store_update() can set, a bit each; UPDATE statements are made for the
 * combinations that occur. */
enum changed_field {
    CHANGED_STATE,
    CHANGED_ATTEMPTS,
    CHANGED_DUE,
    CHANGED_QUEUE,
    CHANGED_LINK,
    CHANGED_FOREIGN_ID,
    CHANGED_ERROR,
    CHANGED_PARTS,
    CHANGED_PARTS_SENT,
    CHANGED_REFERENCE,
    CHANGED_FIELDS
};

struct database {
    sqlite3 *handle;
    char *path; /* for texts */
    bool keep_history;
    bool hold_uncertain; /* SENDING at opening becomes HELD instead of QUEUED */
    struct bytes damage; /* what was found wrong with a row; empty: nothing */
    sqlite3_stmt *statements[STATEMENT_COUNT];
    sqlite3_stmt *updates[1 << CHANGED_FIELDS];
    int64_t now_ms;             /* time of the running transaction */
    int64_t next_number;        /* never given twice, not even after a crash: */
    int64_t reserved;           /* numbers below this are reserved in the file */
    int64_t reserving;          /* the same, if the running transaction commits */
    int64_t tally[STATE_LIMIT]; /* entries by state, as of the last commit */
    int64_t delta[STATE_LIMIT]; /* by the running transaction */
    int64_t prune_cursor, await_cursor; /* how far the walks through the table are */
    bool has_parts;       /* there is a row in the table `part` */
    bool seized;          /* a transaction is open, by database_seize() */
    int64_t data_version; /* changes when somebody else writes into the file */
    int64_t log_pages;    /* in the write-ahead log */
    int64_t log_limit;    /* so many and it is moved */
    int64_t log_frame;    /* octets of a page in it */
    int64_t log_size;     /* octets of its file, when last looked at */
};

/* --- sqlite.c ----------------------------------------------------------- */

/*
 * Opens or makes the file, which must be ours or empty, and brings its schema
 * forward. path NULL: in memory. NULL with the reason appended to *error.
 */
struct database *database_open(const struct store_options *options, struct bytes *error);
void database_close(struct database *database);

bool database_begin(struct database *database);
/* Begins now, for the database_begin() that follows; false, and nothing is begun,
 * when that would have to wait for another process. */
bool database_seize(struct database *database);
bool database_commit(struct database *database);
void database_roll_back(struct database *database);
/* What the last failure was; valid until the next call. The code is SQLite's
 * extended one, SQLITE_CORRUPT when a row does not match its checksum. */
int database_error_code(struct database *database);
const char *database_error(struct database *database);

/* The file, or a row in it, is not what was written. */
bool database_is_damaged(struct database *database);
/* Takes down that a row is damaged; false. */
bool database_note_damage(struct database *database, int64_t number);
/* "X is damaged (WHAT): salvage it with ...". */
void database_tell_damage(const char *path, const char *what, struct bytes *text);
/* Without a write lock: for questions while the file cannot be written. */
bool database_begin_reading(struct database *database);
/* Carries out one operation inside the transaction and fills in its answer. */
bool database_carry_out(struct database *database, struct operation *operation);

/* Writes something that changes nothing: whether the file can be written. A
 * transaction of its own. */
bool database_probe(struct database *database);
/* Octets of the file that are in use, without free pages and without the log. */
int64_t database_octets(struct database *database);
/* Rows changed since opening. */
int64_t database_changes(struct database *database);

/* Several statements without results. */
bool database_execute(struct database *database, const char *sql);
/* A statement made from text, kept until finalised by the caller. NULL: error. */
sqlite3_stmt *database_prepare(struct database *database, const char *sql);
/* A kept statement, reset and without values. */
sqlite3_stmt *database_statement(struct database *database, enum statement which);
/* One step to the end; SQLITE_ROW counts as done. Resets. */
bool database_run(sqlite3_stmt *statement);
/* The single number a query answers; `otherwise` when there is no row or NULL. */
int64_t database_number(struct database *database, const char *sql, int64_t otherwise);

/* --- schema.c ----------------------------------------------------------- */

/* False with the reason appended to *error. */
bool schema_prepare(struct database *database, struct bytes *error);
/* All columns, for FROM entry AS e JOIN content AS c: "e.number, e.kind, ...". */
void schema_append_columns(struct bytes *sql);
/* An INSERT into one of the tables; column i is parameter i + 1. */
void schema_append_insert(struct bytes *sql, bool entry);

/* --- row.c -------------------------------------------------------------- */

void row_bind_text(sqlite3_stmt *statement, int parameter, struct slice text);
/* The two rows of an entry. */
void row_bind_content(sqlite3_stmt *statement, const struct store_insert *insert, int64_t number);
void row_bind_entry(sqlite3_stmt *statement, const struct store_insert *insert, int64_t number,
                    int64_t now_ms);
/* The row's text, borrowed until the next step. */
struct slice row_text(sqlite3_stmt *statement, int column);
/* Fills in the entry, whose strings are the operation's then. False when the row is damaged. */
bool row_read_entry(sqlite3_stmt *statement, struct store_entry *entry);
/* Over all fields of the message that are in `content`. */
int64_t row_checksum(const struct sms *sms, int64_t number);

/* --- changes.c ---------------------------------------------------------- */

bool change_insert(struct database *database, struct operation *operation);
bool change_update(struct database *database, struct operation *operation);
bool change_ripen(struct database *database, struct operation *operation);
/* Removes an entry; the tally is the caller's. */
bool change_delete(struct database *database, int64_t number);
/*
 * One small step through the table, from where the last one ended: deletes what
 * became final before before_ms. *more says whether the table is not through.
 * A transaction of its own.
 */
bool change_prune(struct database *database, int64_t before_ms, bool *more);
/* As that: SENT since before before_ms becomes ACCEPTED; *count is how many. The walk
 * stays at its end, until await_cursor is set to 0. */
bool change_stop_awaiting(struct database *database, int64_t before_ms, size_t *count, bool *more);
/* SENDING becomes QUEUED, or HELD with hold_uncertain; each is logged. A transaction of its own. */
bool change_recover(struct database *database, int64_t *uncertain);

/* --- part.c ------------------------------------------------------------- */

/* The parts of long MT: one row each in the table `part`, for as long as their
 * entry. They cost nothing where there are none. */
/* What a change says of a part. */
bool part_note(struct database *database, int64_t number, const struct store_change *change);
bool part_delete_all(struct database *database, int64_t number);
/* The entries with a part of this link and foreign id come to the answer, those
 * that are there by a foreign id of their own but have parts go from it. */
bool part_find(struct database *database, struct operation *operation);
bool part_look(struct database *database);

/* --- wal.c -------------------------------------------------------------- */

/* From now on the log is moved by wal_tend() and wal_move() only. */
void wal_take_over(struct database *database);
/* Whether wal_tend() has something to do. Costs nothing. */
bool wal_is_due(const struct database *database);
/* Between two batches: moves the log into the file when it is long, and prepares
 * room in it for the next ones. */
void wal_tend(struct database *database);
/* Moves the log into the file. Its octets stay on the disk and are written over. */
void wal_move(struct database *database);

/* --- gather.c ----------------------------------------------------------- */

/* An SQLite VFS on top of the default one, for a database with synchronous=FULL. */
#define GATHER_VFS "kantele-gather"
/* Makes it known to SQLite; once a process does something. */
void gather_prepare(void);
/* Before a rollback: what was gathered is wanted by nobody any more. */
void gather_drop(sqlite3 *handle);

/* --- questions.c -------------------------------------------------------- */

bool question_ask(struct database *database, struct operation *operation);
/* Counts everything by state, and what waits by queue (to free with
 * question_free_queues()). */
bool question_survey(struct database *database, struct store_queue **queues, size_t *count);
/* Counts everything by state again when somebody else (gwstore) has changed the
 * file. Inside a transaction. */
bool question_notice_others(struct database *database);
void question_free_queues(struct store_queue *queues, size_t count);

/* --- takeover.c --------------------------------------------------------- */

/*
 * When the file at path is the store file of a Kannel: puts a database with its
 * pending messages in its place and keeps it beside as PATH.kannel-TIME. True
 * when there is nothing (more) to take over; false, and nothing touched, with
 * the reason appended to *error when the file is neither Kannel's nor SQLite's.
 */
bool takeover_look(const char *path, struct bytes *error);
/*
 * When Kannel's spool directories are in this folder: adds their messages to the
 * database and moves them to a folder beside. Done twice it adds nothing. False
 * with the reason appended to *error.
 */
bool takeover_spool(struct database *database, const char *spool, struct bytes *error);
/*
 * Adds the waiting messages of a Kannel's store file or spool directory to the
 * database, in one transaction. *left_out is the octets (file) or files
 * (directory) that could not be read. False with the reason in *error.
 */
bool takeover_import(struct database *database, const char *path, int64_t *count, int64_t *left_out,
                     struct bytes *error);

/* --- reserve.c ---------------------------------------------------------- */

/*
 * PATH.reserve: room on the disk that is given back when the disk is full, so
 * that changes of state can still be written. False when there is no room for
 * it: the disk counts as full then.
 */
bool reserve_make(const char *path);
void reserve_release(const char *path);

/* --- hands.c ------------------------------------------------------------ */

/*
 * PATH.hands: the MO and reports that are noted as in the hands of boxes. Never
 * NULL: where the file cannot be used nothing is noted, which is logged.
 */
struct hands *hands_open(const char *path);
/* Of those that an earlier process noted: logs each that waits still and keeps
 * its note. False on errors of the database. */
bool hands_recover(struct hands *hands, struct database *database, int64_t *found);
/* The loop's from here on. */
void hands_take(struct hands *hands, int64_t number);
void hands_settle(struct hands *hands, int64_t number);
/* The file goes when nothing is noted in it. NULL is fine. */
void hands_close(struct hands *hands);

/* --- lock.c ------------------------------------------------------------- */

struct store_lock;
/* NULL with the reason appended to *error, naming who has it. */
struct store_lock *store_lock_take(const char *path, struct bytes *error);
void store_lock_release(struct store_lock *lock);

#endif
