/* SPDX-License-Identifier: Apache-2.0 */
/*
 * opening - from a configured device to a modem that is ready, and what is done
 * for one that is not: see opening.c. For the modem's own thread.
 */
#ifndef GW_SMSC_AT_OPENING_H
#define GW_SMSC_AT_OPENING_H

#include "gw/smsc/at/device.h"
#include "gw/smsc/at/port.h"
#include "gw/smsc/at/rescue.h"

struct at_driver;

/* What is remembered between attempts. All zero but for rescue. */
struct at_opening {
    struct at_rescue rescue;
    struct at_device device;        /* that is open, or was last */
    struct at_device_identity seen; /* where the modem was ready last */
    bool was_open;                  /* what is opened now is opened again */
    int64_t missing_since;          /* 0: it is not */
    int64_t storage_due;            /* when the storage-hook may run again */
    int storages;                   /* how often it has run in a row */
    int64_t look_due;               /* when to look for a storage face again */
    struct bytes storage;           /* what was found then, in words */
    struct bytes logged;            /* the last reason in the log */
};

/* One attempt to have a modem that is ready: true when it is. Else it has waited
 * as long as is good before the next one. */
bool at_opening_run(struct at_driver *driver);
/* The modem that was ready has fallen silent, or its device is lost: left open
 * when ESC and AT have helped, else closed. asked: they were in vain just now. */
void at_opening_trouble(struct at_driver *driver, bool asked);
void at_opening_close(struct at_driver *driver);
/* A pause that doubles with each time in a row; a quarter more or less, so that
 * many modems that failed together do not come back together. */
int64_t at_opening_growing(int64_t first, int64_t last, int times);

/* The port opened as the settings say; NULL with the reason for people in
 * *detail. missing, busy, ... in *refusal. */
struct at_port *at_opening_port(struct at_driver *driver, struct at_port_refusal *refusal,
                                struct bytes *detail);

/* The speed that a port is opened with. */
int at_opening_speed(const struct at_driver *driver);

/* Takes a step of the ladder that needs no open modem. */
void at_opening_reset_usb(struct at_driver *driver);
void at_opening_power(struct at_driver *driver, const char *reason);
/* Appends which other program has the port open, whoever locked it. Ours must be
 * closed. */
void at_opening_look_for_others(struct at_driver *driver, struct bytes *detail);
/* While the device is missing: whether it shows its storage face; said in
 * *detail, and the storage-hook is run when it is due. */
void at_opening_look_for_storage(struct at_driver *driver, struct bytes *detail);

#endif
