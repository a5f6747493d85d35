/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usb_ids - what is known of a USB device by its id: modem, storage face of one,
 * adapter. Constant tables; total.
 */
#ifndef GW_SMSC_AT_USB_IDS_H
#define GW_SMSC_AT_USB_IDS_H

#include "gwlib/bytes.h"

enum usb_kind {
    USB_UNKNOWN,
    USB_STORAGE, /* a modem that shows itself as a disk or CD-ROM first */
    USB_MODEM,
    USB_HILINK, /* a modem with a web page in place of AT ports */
    USB_ADAPTER /* a serial port; a modem may be behind it */
};

struct usb_known {
    enum usb_kind kind;
    const char *name;    /* never NULL */
    const char *becomes; /* of a storage face: "1e0e:9000,9100"; else NULL */
};

/* An id may be a storage face and a modem at once (12d1:1003): then
 * has_modem_interface decides. */
struct usb_known usb_find(unsigned vendor, unsigned product, int has_modem_interface);
/* Whether modems come from this vendor. */
int usb_vendor_makes_modems(unsigned vendor);
/* The command that makes a modem of a storage face, appended. */
void usb_switch_command(unsigned vendor, unsigned product, struct bytes *command);
/* "unknown", "storage", "modem", "hilink", "adapter". */
const char *usb_kind_name(enum usb_kind kind);

#endif
