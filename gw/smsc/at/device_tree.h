/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device_tree - what the system shows of USB devices and serial ports: sys/,
 * dev/ and proc/ below a root that can be a made-up one. Reads only.
 *
 * Names that are shown ("/dev/ttyUSB0") are without the root; `path` has it.
 */
#ifndef GW_SMSC_AT_DEVICE_TREE_H
#define GW_SMSC_AT_DEVICE_TREE_H

#include <stdbool.h>
#include <stddef.h>

enum { TREE_INTERFACES_MAX = 16 };

struct tree_interface {
    unsigned number, class, subclass, protocol;
    char driver[32]; /* "" without one */
};

struct tree_usb {
    char name[32]; /* "1-1.2" */
    unsigned vendor, product;
    char manufacturer[96], title[96], serial[96]; /* may be "" */
    struct tree_interface interfaces[TREE_INTERFACES_MAX];
    size_t interface_count;
};

struct tree_port {
    char name[48];   /* "ttyUSB0" */
    char device[64]; /* "/dev/ttyUSB0" */
    char by_id[256]; /* "/dev/serial/by-id/...", or "" */
    char driver[32]; /* of its interface; "" when not known */
    int interface;   /* bInterfaceNumber, -1: not USB */
    long usb;        /* index into tree.usb, -1: not USB */
};

struct tree {
    const char *root; /* "" for the system's own */
    struct tree_usb *usb;
    size_t usb_count;
    struct tree_port *ports;
    size_t port_count;
};

struct tree_holder {
    long pid;
    char name[64];
};

/* root must outlive the tree; "/" and "" mean the system's own. What cannot be
 * read is not there. */
void tree_read(struct tree *tree, const char *root);
void tree_free(struct tree *tree);

/* A path with the root in front; to free(). */
char *tree_path(const struct tree *tree, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The port that "/dev/ttyUSB0", "ttyUSB0", a name in /dev/serial or
 * usb:VID:PID[:serial][:interface] means; NULL: none. */
const struct tree_port *tree_find_port(const struct tree *tree, const char *device);

/* Whether the port is what the name means; for several that fit. */
bool tree_port_fits(const struct tree *tree, const struct tree_port *port, const char *device);
/* Whether a serial port's speed matters behind it: a modem's own USB port takes any. */
bool tree_port_has_speed(const struct tree *tree, const struct tree_port *port);

/* Whether a vendor specific or communication interface is there. */
bool tree_has_modem_interface(const struct tree_usb *usb);

/* The first process that has the device open, as far as we may look. */
bool tree_find_holder(const struct tree *tree, const char *device, struct tree_holder *holder);
/* The first process of that name. */
bool tree_find_process(const struct tree *tree, const char *name, struct tree_holder *holder);

#endif
