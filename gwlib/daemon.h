/* SPDX-License-Identifier: Apache-2.0 */
/*
 * daemon - what every box does before and after its work: command line, user,
 * background, pid file, version block.
 *
 * Command line, as Kannel's boxes have it: -v N, -F FILE, -V N, -D PLACES, -d, -p
 * FILE, -P, -X SCRIPT, -u NAME, -g, --version, --check-config, and what the box
 * adds; then the configuration file, default "kannel.conf".
 */
#ifndef GWLIB_DAEMON_H
#define GWLIB_DAEMON_H

#include <stdbool.h>

#include "gwlib/bytes.h"

struct daemon_options {
    const char *box;   /* "bearerbox": for messages and syslog */
    const char *flags; /* letters of the box's own options without argument, "SI" or "H" */
    const char *const *long_flags; /* their long names in the same order, NULL-terminated */

    /* what the command line said */
    const char *config_file;
    bool flag_given[8]; /* in the order of flags */
    bool check_config;
    bool generate;
    bool daemonize;
    bool parachute;
    const char *pid_file;
    const char *user;
    const char *panic_script;
    int stderr_level;
    const char *log_file;
    int log_file_level;
};

/* Exits by itself for --version, --help and mistakes (status 1). */
void daemon_parse(struct daemon_options *options, int argc, char **argv);

/*
 * In this order: background, log file of -F, parachute (the caller continues in
 * the child), user, pid file. Before any socket or thread. Exits with a log
 * line when one fails.
 */
void daemon_enter(const struct daemon_options *options);
/* Removes the pid file. */
void daemon_leave(const struct daemon_options *options);
/* Replaces the process by a fresh run with the same arguments; returns only on
 * failure (logged). */
void daemon_restart(void);

/* The version block of --version and the status page: lines ended by LF. */
void daemon_version(const char *box, struct bytes *to);

#endif
