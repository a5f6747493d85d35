/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device - which port a configured name means now. A stick that is pulled and put
 * back gets another number; named by its USB id, by /dev/serial, or known from
 * before, it is found again.
 *
 * Looks at sys/ and dev/ below a root that can be a made-up one. For the modem's
 * own thread.
 */
#ifndef GW_SMSC_AT_DEVICE_H
#define GW_SMSC_AT_DEVICE_H

#include <stdbool.h>
#include <stddef.h>

#include "gwlib/bytes.h"

/* What tells one USB port from the others, after it was unplugged, too. */
struct at_device_identity {
    bool known;
    unsigned vendor, product;
    char serial[96];   /* "" without one: then the place on the bus counts */
    char usb_name[32]; /* "1-1.2" */
    int interface;
};

struct at_device {
    char path[512];                     /* to open: with the root in front */
    char shown[256];                    /* "/dev/ttyUSB0" */
    char lock[48];                      /* "ttyUSB0"; "": it takes no lock file */
    bool has_speed;                     /* a speed is to be found */
    struct at_device_identity identity; /* not known for what is not USB */
};

/* The same port of the same device. */
bool at_device_is_same(const struct at_device_identity *a, const struct at_device_identity *b);

enum { AT_DEVICES_MAX = 16 };

struct at_devices {
    struct at_device items[AT_DEVICES_MAX];
    size_t count;
};

/*
 * The ports that may be meant, the likeliest first; none when none is there.
 * name: a path or usb:VID:PID[:serial][:interface]. last: what was in use before.
 * everywhere: also every other port of a USB modem, behind those.
 */
void at_device_find(const char *root, const char *name, const struct at_device_identity *last,
                    bool everywhere, struct at_devices *devices);

/* When the modem that is meant may be there with its storage face: its USB id
 * ("1e0e:f000") in id, and what to do about it appended to *remedy. */
bool at_device_find_storage(const char *root, const char *name,
                            const struct at_device_identity *last, char id[10],
                            struct bytes *remedy);

/* "ModemManager (process 812)", appended: who has the port. pid: told by a lock
 * file, else 0. False when it is not known. */
bool at_device_find_holder(const char *root, const struct at_device *device, long pid,
                           struct bytes *holder);

/*
 * Resets the USB device: `authorized` 0 and, after a second, 1; where that may not
 * be written, by USBDEVFS_RESET. The port must be closed. False with a reason.
 */
bool at_device_reset_usb(const char *root, const struct at_device_identity *identity,
                         struct bytes *error);

#endif
