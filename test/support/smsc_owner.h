/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smsc_owner - plays the bearerbox above one SMSC connection: configuration from
 * text, a line of text for everything that it is told, and a loop that runs until
 * something holds. Everything has a deadline.
 *
 * The lines: "state NAME (DETAIL)", "ready", "accepted N id=ID text=T meta=M",
 * "failed N KIND text=T meta=M", "received FROM->TO TEXT", "reported ID EVENT T
 * meta=M". N numbers the submits from 1.
 */
#ifndef TEST_SUPPORT_SMSC_OWNER_H
#define TEST_SUPPORT_SMSC_OWNER_H

#include "gw/smsc/smsc.h"

#define OWNER_SUBMITS_MAX 512
#define OWNER_STORED_MAX  2500

struct owner_stored {
    smsc_stored_fn *stored;
    void *arg;
};

struct owner {
    struct loop *loop;
    struct conf *conf;
    struct smsc *smsc;
    struct bytes log; /* lines */
    struct smsc_submit submits[OWNER_SUBMITS_MAX];
    size_t submit_count;
    size_t accepted, failed, received, reported;
    bool holds; /* stored() is called later, by owner_store() */
    struct owner_stored held[OWNER_STORED_MAX];
    size_t held_count;
    struct message *last; /* message received last */
    bool free_when_dead;  /* smsc_free() from inside the report */
};

/* A connection from the text of its group (without "group = smsc"), and more
 * groups; the test fails when there are errors. */
void owner_create(struct owner *owner, const char *variables, const char *more);
/* Stops it, waits for its end, frees all. */
void owner_destroy(struct owner *owner);

/* The errors that the group has, one a line; nothing is created. */
char *owner_mistakes(const char *variables, const char *more);

typedef bool owner_condition_fn(struct owner *owner, void *arg);
void owner_run_until(struct owner *owner, owner_condition_fn *condition, void *arg);
void owner_run_ms(struct owner *owner, int ms); /* to see that nothing happens */
/* Until a line of the log contains it. */
void owner_wait(struct owner *owner, const char *text);
void owner_wait_state(struct owner *owner, enum smsc_state state);
/* Until so many submits are answered. */
void owner_wait_answers(struct owner *owner, size_t count);
bool owner_saw(const struct owner *owner, const char *text);
void owner_forget(struct owner *owner); /* empties the log */

/* Sends; the connection must have room. Returns the submit's number. */
size_t owner_send(struct owner *owner, const struct sms *sms, bool want_report);
size_t owner_send_text(struct owner *owner, const char *text);
/* Answers what was held. */
void owner_store(struct owner *owner, bool stored);

/* A port that nobody has. */
int owner_free_port(void);

#endif
