/* SPDX-License-Identifier: Apache-2.0 */
/*
 * child - running a program from the loop, without a shell. Loop thread only.
 *
 * The child gets its own process group, standard input from the given text (or
 * /dev/null), standard output collected, standard error inherited, no other
 * descriptors. At its time limit the group gets SIGTERM, and SIGKILL 5 s later.
 */
#ifndef GWLIB_CHILD_H
#define GWLIB_CHILD_H

#include <stdbool.h>
#include <stddef.h>

#include "gwlib/bytes.h"
#include "gwlib/loop.h"

struct child;

struct child_options {
    char *const *argv;  /* NULL-terminated; argv[0] is looked up in PATH when it has no '/' */
    struct slice input; /* for standard input */
    unsigned timeout_s; /* 0 means 60 */
    size_t max_output;  /* octets kept, the rest is read and dropped; 0 means 64 KiB */
};

struct child_result {
    bool started;    /* false: see error */
    int error;       /* errno of the failed start */
    int exit_status; /* 0..255, or -1 when a signal ended it */
    int signal;      /* that signal, or 0 */
    bool timed_out;
    bool truncated;
    struct slice output; /* valid during the call */
};

typedef void child_fn(const struct child_result *result, void *arg);

/* `done` comes exactly once, never from inside this call; after the end of the
 * process (what its own children still write is not awaited). */
struct child *child_start(struct loop *loop, const struct child_options *options, child_fn *done,
                          void *arg);
/* Kills it; no callback. */
void child_cancel(struct child *child);

/*
 * A command line cut into words the way a shell would: blanks separate, '...'
 * and "..." quote, a backslash takes the next character literally (inside "..."
 * only before " and \). Nothing is expanded. False and the reason appended to
 * *error for an open quote or no word at all. Free with child_free_words().
 */
bool child_split_words(const char *command, char ***words, struct bytes *error);
void child_free_words(char **words);
/* The first character that only a shell would understand, or NULL: one of
 * | & ; < > ( ) $ ` * ? outside quotes, # or ~ there at the start of a word, $ or
 * ` in "...". */
const char *child_find_shell_syntax(const char *command);

#endif
