/* SPDX-License-Identifier: Apache-2.0 */
/*
 * daemon_process - what the two halves of daemon share.
 */
#ifndef GWLIB_DAEMON_PROCESS_H
#define GWLIB_DAEMON_PROCESS_H

/* For daemon_restart(): the arguments (which stay where they are), the program
 * and the working directory. */
void daemon_remember_arguments(char **argv);

#endif
