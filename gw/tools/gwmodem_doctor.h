/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gwmodem_doctor - the two halves of the doctor's walk: from the USB bus to a
 * port that answers, and from there to a registered network.
 */
#ifndef GW_TOOLS_GWMODEM_DOCTOR_H
#define GW_TOOLS_GWMODEM_DOCTOR_H

#include "gw/tools/gwmodem.h"
#include "gw/tools/gwmodem_verdict.h"

struct patient {
    const struct options *options;
    const struct tree *tree;
    const struct tree_usb *usb;   /* or NULL: no USB device */
    const struct tree_port *port; /* asked for, or the one that answers; or NULL */
    const char *device;           /* asked for by name, or NULL */
    const char *path;             /* of a device that is not in the tree */
    struct link link;
    struct verdict *verdict;
};

/* gwmodem_doctor_port.c. True with link open. */
bool doctor_reach_port(struct patient *patient);
/* gwmodem_doctor_modem.c. True with the group written. */
bool doctor_examine_modem(struct patient *patient);

#endif
