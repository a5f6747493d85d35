/* SPDX-License-Identifier: Apache-2.0 */
/*
 * USB ids of modems: see usb_ids.h.
 */
#include "gw/smsc/at/usb_ids.h"

#include <stddef.h>

struct entry {
    unsigned vendor, product;
    struct usb_known known;
};

#define STORAGE(vendor, product, becomes, name) {vendor, product, {USB_STORAGE, name, becomes}},
#define MODEM(vendor, product, name)            {vendor, product, {USB_MODEM, name, NULL}},
#define HILINK(vendor, product, name)           {vendor, product, {USB_HILINK, name, NULL}},
#define ADAPTER(vendor, product, name)          {vendor, product, {USB_ADAPTER, name, NULL}},
static const struct entry entries[] = {
#include "gw/smsc/at/usb_modules.def"
/* after those, which are the more precise */
#include "gw/smsc/at/usb_table.def"
};
enum { ENTRIES = sizeof entries / sizeof entries[0] };

struct usb_known usb_find(unsigned vendor, unsigned product, int has_modem_interface)
{
    for (size_t i = 0; i < ENTRIES; i++)
        if (entries[i].vendor == vendor && entries[i].product == product) {
            struct usb_known known = entries[i].known;

            if (known.kind == USB_STORAGE && has_modem_interface)
                known.kind = USB_MODEM;
            return known;
        }
    return (struct usb_known){USB_UNKNOWN, "", NULL};
}

int usb_vendor_makes_modems(unsigned vendor)
{
    for (size_t i = 0; i < ENTRIES; i++)
        if (entries[i].vendor == vendor && entries[i].known.kind != USB_ADAPTER)
            return 1;
    return 0;
}

void usb_switch_command(unsigned vendor, unsigned product, struct bytes *command)
{
    bytes_printf(command, "usb_modeswitch -v %04x -p %04x %s", vendor, product,
                 vendor == 0x12d1 ? "-J" : "-K");
}

const char *usb_kind_name(enum usb_kind kind)
{
    static const char *const names[] = {"unknown", "storage", "modem", "hilink", "adapter"};

    return names[kind];
}
