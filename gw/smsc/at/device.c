/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finding ports: see device.h and, for which port of a modem takes AT commands,
 * the typical numbers of interfaces: most modems have it before the one for dial
 * up, Huawei's after it.
 */
#include "gw/smsc/at/device.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gw/smsc/at/device_tree.h"
#include "gw/smsc/at/usb_ids.h"

enum { HUAWEI = 0x12d1 };

static void put(char *to, size_t size, const char *from)
{
    size_t len = strnlen(from, size - 1);

    memcpy(to, from, len);
    to[len] = '\0';
}

/* --- one port ----------------------------------------------------------------------- */

static void identify(const struct tree *tree, const struct tree_port *port,
                     struct at_device_identity *identity)
{
    *identity = (struct at_device_identity){.known = port->usb >= 0, .interface = port->interface};
    if (port->usb < 0)
        return;
    identity->vendor = tree->usb[port->usb].vendor;
    identity->product = tree->usb[port->usb].product;
    put(identity->serial, sizeof identity->serial, tree->usb[port->usb].serial);
    put(identity->usb_name, sizeof identity->usb_name, tree->usb[port->usb].name);
}

bool at_device_is_same(const struct at_device_identity *a, const struct at_device_identity *b)
{
    return a->known && b->known && a->vendor == b->vendor && a->product == b->product &&
           a->interface == b->interface &&
           (a->serial[0] != '\0' || b->serial[0] != '\0' ? strcmp(a->serial, b->serial) == 0
                                                         : strcmp(a->usb_name, b->usb_name) == 0);
}

static bool has_path(const struct at_devices *devices, const char *path)
{
    for (size_t i = 0; i < devices->count; i++)
        if (strcmp(devices->items[i].path, path) == 0)
            return true;
    return false;
}

/* Adds the port when its node is there and it is not in the list yet. */
static void add_port(struct at_devices *devices, const struct tree *tree,
                     const struct tree_port *port)
{
    struct at_device *device = &devices->items[devices->count];

    if (devices->count == AT_DEVICES_MAX)
        return;
    snprintf(device->path, sizeof device->path, "%s%s", tree->root, port->device);
    if (has_path(devices, device->path) || access(device->path, F_OK) != 0)
        return;
    put(device->shown, sizeof device->shown, port->device);
    put(device->lock, sizeof device->lock, port->name);
    device->has_speed = tree_port_has_speed(tree, port);
    identify(tree, port, &device->identity);
    devices->count++;
}

/* A path that the system does not list as a port: a pseudo terminal, a container.
 * Only what lies in /dev itself has a lock file. */
static void add_path(struct at_devices *devices, const char *root, const char *path)
{
    struct at_device *device = &devices->items[devices->count];
    char real[PATH_MAX];

    if (devices->count == AT_DEVICES_MAX)
        return;
    snprintf(device->path, sizeof device->path, "%s%s", root, path);
    if (has_path(devices, device->path) || access(device->path, F_OK) != 0)
        return;
    put(device->shown, sizeof device->shown, path);
    device->lock[0] = '\0';
    if (root[0] != '\0' || realpath(path, real) == NULL)
        put(real, sizeof real, path);
    if (strncmp(real, "/dev/", 5) == 0 && strchr(real + 5, '/') == NULL)
        put(device->lock, sizeof device->lock, real + 5);
    device->has_speed = true;
    device->identity = (struct at_device_identity){.known = false};
    devices->count++;
}

/* --- the list ------------------------------------------------------------------------- */

static void add_known(struct at_devices *devices, const struct tree *tree,
                      const struct at_device_identity *last)
{
    struct at_device_identity identity;

    for (size_t i = 0; i < tree->port_count; i++) {
        identify(tree, &tree->ports[i], &identity);
        if (at_device_is_same(&identity, last))
            add_port(devices, tree, &tree->ports[i]);
    }
}

/* By the order of trying: the ports of one device stand together in the tree. */
static void add_named(struct at_devices *devices, const struct tree *tree, const char *name)
{
    for (size_t i = 0; i < tree->port_count; i++) {
        const struct tree_port *port = &tree->ports[i];

        if (tree_port_fits(tree, port, name) &&
            (port->usb < 0 || tree->usb[port->usb].vendor != HUAWEI))
            add_port(devices, tree, port);
    }
    for (size_t i = tree->port_count; i-- > 0;)
        if (tree_port_fits(tree, &tree->ports[i], name))
            add_port(devices, tree, &tree->ports[i]);
}

static void add_modems(struct at_devices *devices, const struct tree *tree)
{
    for (size_t i = 0; i < tree->port_count; i++) {
        const struct tree_port *port = &tree->ports[i];
        const struct tree_usb *usb = port->usb >= 0 ? &tree->usb[port->usb] : NULL;

        if (usb != NULL && usb_find(usb->vendor, usb->product, 1).kind == USB_MODEM)
            add_port(devices, tree, port);
    }
}

void at_device_find(const char *root, const char *name, const struct at_device_identity *last,
                    bool everywhere, struct at_devices *devices)
{
    bool is_usb = strncmp(name, "usb:", 4) == 0;
    char real[PATH_MAX];
    struct tree tree;

    devices->count = 0;
    tree_read(&tree, root);
    if (last->known)
        add_known(devices, &tree, last);
    add_named(devices, &tree, name);
    if (!is_usb && devices->count == 0 && tree.root[0] == '\0' && realpath(name, real) != NULL)
        add_named(devices, &tree, real); /* a link of the operator's own */
    if (!is_usb && devices->count == 0)
        add_path(devices, tree.root, name);
    if (everywhere)
        add_modems(devices, &tree);
    tree_free(&tree);
}

/* --- storage mode ----------------------------------------------------------------------- */

/* Whether a modem of these ids comes from that storage face: "1e0e:9000,9100". */
static bool becomes(const struct usb_known *known, unsigned vendor, unsigned product)
{
    struct slice rest = slice_str(known->becomes), ids, one;
    char wanted[2][8];

    snprintf(wanted[0], sizeof wanted[0], "%04x", vendor);
    snprintf(wanted[1], sizeof wanted[1], "%04x", product);
    if (!slice_next_item(&rest, ':', &ids) || !slice_equal_nocase(ids, wanted[0]))
        return false;
    if (slice_starts_with(rest, slice_str("class")))
        return true;
    while (slice_next_item(&rest, ',', &one))
        if (slice_equal_nocase(slice_trim(one), wanted[1]))
            return true;
    return false;
}

/* usb:1e0e:9000:... */
static bool ids_of(const char *name, unsigned *vendor, unsigned *product)
{
    return sscanf(name, "usb:%4x:%4x", vendor, product) == 2;
}

/* A device known from before is looked for where it was, or by its ids; a plain
 * path may be any. */
static bool may_be(const struct tree_usb *usb, const struct usb_known *known, const char *name,
                   const struct at_device_identity *last)
{
    unsigned vendor, product;

    if (last->known)
        return strcmp(last->usb_name, usb->name) == 0 ||
               becomes(known, last->vendor, last->product);
    if (ids_of(name, &vendor, &product))
        return becomes(known, vendor, product) ||
               (usb->vendor == vendor && usb->product == product);
    return true;
}

bool at_device_find_storage(const char *root, const char *name,
                            const struct at_device_identity *last, char id[10],
                            struct bytes *remedy)
{
    struct tree tree;
    bool found = false;

    tree_read(&tree, root);
    for (size_t i = 0; i < tree.usb_count && !found; i++) {
        const struct tree_usb *usb = &tree.usb[i];
        struct usb_known known = usb_find(usb->vendor, usb->product, tree_has_modem_interface(usb));

        if (known.kind != USB_STORAGE || !may_be(usb, &known, name, last))
            continue;
        snprintf(id, 10, "%04x:%04x", usb->vendor & 0xffff, usb->product & 0xffff);
        bytes_printf(remedy, "%s shows its storage face and no modem: run \"", id);
        usb_switch_command(usb->vendor, usb->product, remedy);
        bytes_append_str(remedy, "\"");
        found = true;
    }
    tree_free(&tree);
    return found;
}

/* --- who has it --------------------------------------------------------------------------- */

static void name_process(const struct tree *tree, struct tree_holder *holder)
{
    char *path = tree_path(tree, "/proc/%ld/comm", holder->pid);
    FILE *file = fopen(path, "re");

    if (file != NULL && fgets(holder->name, sizeof holder->name, file) != NULL)
        holder->name[strcspn(holder->name, "\n")] = '\0';
    if (file != NULL)
        fclose(file);
    free(path);
}

bool at_device_find_holder(const char *root, const struct at_device *device, long pid,
                           struct bytes *holder)
{
    struct tree tree = {.root = root};
    struct tree_holder found = {.pid = pid};

    if (pid > 0)
        name_process(&tree, &found);
    else if (!tree_find_holder(&tree, device->shown, &found))
        return false;
    if (root[0] == '\0' && found.pid == (long)getpid())
        bytes_append_str(holder, "this gateway, by another group");
    else if (found.name[0] != '\0')
        bytes_printf(holder, "%s (process %ld)", found.name, found.pid);
    else
        bytes_printf(holder, "process %ld", found.pid);
    return true;
}
