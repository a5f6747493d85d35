/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hook - a program of the operator's, run for a modem in trouble: a relay, a hub
 * that can switch its ports, usb_modeswitch. Without a shell: the command line is
 * cut into words as gwlib/child.h tells. For the modem's own thread, which waits.
 *
 * The program gets its own process group, /dev/null as standard input, standard
 * error as standard output, no other descriptors, and the environment with
 *   SMSC_ID, SMSC_DEVICE  smsc-id and device of the group
 *   SMSC_REASON           "mute", "missing" or "storage"
 *   SMSC_USB_ID           "1e0e:f000" when it is known, else ""
 */
#ifndef GW_SMSC_AT_HOOK_H
#define GW_SMSC_AT_HOOK_H

#include <stdbool.h>

#include "gwlib/bytes.h"

struct at_hook {
    const char *command;
    const char *smsc_id, *device, *reason, *usb_id;
    int limit_ms; /* then it is ended */
    /* Waits for so long; false: everything is to end, and so is the program. */
    bool (*wait)(void *arg, int ms);
    void *arg;
};

/* True when it ended with 0; else what happened is appended. */
bool at_hook_run(const struct at_hook *hook, struct bytes *error);

#endif
