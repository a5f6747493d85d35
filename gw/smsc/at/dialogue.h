/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dialogue - lines to and from a modem (3GPP TS 27.007 section 4, V.250): one
 * command at a time, its answer, and what the modem says unasked.
 *
 * A line is first offered to the running command: final results end it, lines
 * with a prefix it asked for belong to its answer. Anything else that is known
 * to come unasked is put aside as an event, anywhere and at any time; the rest
 * is answer text while a command runs, noise otherwise. `+CMT:` and `+CDS:` take
 * the next line with them.
 *
 * Every line can be followed in the log at debug level as "AT2[id]: --> ..." and
 * "<-- ...". For the modem's own thread only.
 */
#ifndef GW_SMSC_AT_DIALOGUE_H
#define GW_SMSC_AT_DIALOGUE_H

#include <stdbool.h>

#include "gw/smsc/at/port.h"
#include "gw/smsc/at/unasked.h"
#include "gwlib/log.h"

struct at_dialogue;

enum at_final {
    AT_OK,
    AT_ERROR,     /* see code */
    AT_PROMPT,    /* "> " */
    AT_TIMEOUT,   /* nothing final in time; the modem may still answer */
    AT_RESTARTED, /* the modem booted meanwhile and knows nothing of the command */
    AT_GONE       /* the device is lost */
};

struct at_answer {
    enum at_final final;
    struct bytes error; /* the final line of an AT_ERROR: "+CMS ERROR: 38" */
    struct bytes lines; /* what came before it, lines joined by LF */
};

/* name: for the log, "AT2[linuxku]". file: where to log, NULL: the main log.
 * Takes the port over. */
struct at_dialogue *at_dialogue_create(struct at_port *port, const char *name,
                                       struct log_file *file);
void at_dialogue_free(struct at_dialogue *dialogue);

/*
 * Sends a command (without CR) and collects its answer. secret: it is masked in
 * the log. An answer that was used before may be given again.
 */
enum at_final at_command(struct at_dialogue *dialogue, struct at_answer *answer, int timeout_ms,
                         const char *format, ...) __attribute__((format(printf, 4, 5)));
enum at_final at_command_secret(struct at_dialogue *dialogue, struct at_answer *answer,
                                int timeout_ms, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* Sends octets as they are (an ESC) and collects the answer. */
enum at_final at_raw(struct at_dialogue *dialogue, struct at_answer *answer, int timeout_ms,
                     const char *octets);
/* Behind the prompt: sends the PDU or text and Ctrl-Z and collects the answer. */
enum at_final at_submit(struct at_dialogue *dialogue, struct at_answer *answer, int timeout_ms,
                        struct slice text);
/* After a timeout of at_submit() or AT+CMSS: goes on collecting the same answer. */
enum at_final at_listen(struct at_dialogue *dialogue, struct at_answer *answer, int timeout_ms);
/* What stands in front of each command on the wire; NULL: nothing. Must outlive
 * the dialogue. */
void at_set_prefix(struct at_dialogue *dialogue, const char *prefix);
/* Whether the modem has said an answer's OK twice: another command should not be
 * there yet when the second one comes. */
bool at_doubles_answers(const struct at_dialogue *dialogue);
/* Whether the modem repeats what it is told, so that an echo tells nothing of a
 * restart. */
bool at_echoes(const struct at_dialogue *dialogue);
/* Whether a line "0" means OK, as after ATV0. True at first. */
void at_set_numeric(struct at_dialogue *dialogue, bool numeric);
/* Whether messages come as text, AT+CMGF=1 (text_mode.h). False at first. */
void at_set_text_mode(struct at_dialogue *dialogue, bool text_mode);
void at_answer_free(struct at_answer *answer);

/* Takes the next line with the prefix away from the rest of an answer's lines:
 * what follows the prefix, trimmed. */
bool at_answer_next(struct slice *rest, const char *prefix, struct slice *value);
/* The first line of the answer that starts with the prefix, without it and
 * trimmed; unset when there is none. */
struct slice at_answer_value(const struct at_answer *answer, const char *prefix);

/*
 * While no command runs: reads until an event is there, the wake descriptor is
 * readable, or the time is up. False when the device is gone.
 */
bool at_wait(struct at_dialogue *dialogue, int wake_fd, int timeout_ms);
/* Drops what comes until the line is quiet for that long (at most ten times as
 * long); events are kept. False when the device is gone. */
bool at_settle(struct at_dialogue *dialogue, int quiet_ms);

/* Forgets that the modem said it restarted: it was brought up since. */
void at_forget_restarts(struct at_dialogue *dialogue);
bool at_has_restarted(const struct at_dialogue *dialogue);

/* The first event, to look at only; its successors by ->next. */
const struct at_event *at_peek_events(const struct at_dialogue *dialogue);
/* The oldest event, or NULL; the caller frees it with at_event_free(). */
struct at_event *at_next_event(struct at_dialogue *dialogue);
/* The oldest of that kind, out of its turn. */
struct at_event *at_next_event_of(struct at_dialogue *dialogue, enum at_event_kind kind);

#endif
