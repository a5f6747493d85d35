/* SPDX-License-Identifier: Apache-2.0 */
/*
 * port_lock - a serial port for one program at a time: the lock file that pppd,
 * minicom, gammu and others look at (UUCP form: LCK..ttyUSB0, holding the process
 * id as ten characters and a line end), and the locks of the open descriptor.
 */
#ifndef GW_SMSC_AT_PORT_LOCK_H
#define GW_SMSC_AT_PORT_LOCK_H

#include <stdbool.h>

struct at_port_lock {
    char *path; /* of our lock file; NULL: there is none */
};

/*
 * Takes folder/LCK..name. False when a living process has it: its id is in *pid.
 * A file that was left behind by one that ended is replaced. Where the folder is
 * not there or not ours to write, nothing is locked, and that is no failure.
 */
bool at_port_lock_take(struct at_port_lock *lock, const char *folder, const char *name, long *pid);
void at_port_lock_release(struct at_port_lock *lock);

/* The descriptor of an open terminal: false when another descriptor is locked. */
bool at_port_lock_descriptor(int fd);

#endif
