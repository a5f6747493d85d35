/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading sys/, dev/ and proc/: see device_tree.h. The layout is that of
 * Linux: a tty's directory below /sys/class/tty lies, links resolved, inside its
 * USB interface (which has bInterfaceNumber), and that inside its device (which
 * has idVendor).
 */
#include "gw/smsc/at/device_tree.h"

#include <dirent.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gw/smsc/at/usb_ids.h"
#include "gwlib/bytes.h"
#include "gwlib/memory.h"

enum { ENTRIES_MAX = 4096 };

char *tree_path(const struct tree *tree, const char *format, ...)
{
    struct bytes path = {0};
    va_list args;

    bytes_append_str(&path, tree->root);
    va_start(args, format);
    bytes_vprintf(&path, format, args);
    va_end(args);
    return bytes_take(&path);
}

static void put(char *to, size_t size, const char *from)
{
    size_t len = strnlen(from, size - 1);

    memcpy(to, from, len);
    to[len] = '\0';
}

/* --- small reads -------------------------------------------------------------- */

/* The first line of DIR/NAME, trimmed; false and "" when there is none. */
static bool read_line(const char *dir, const char *name, char *line, size_t size)
{
    char buffer[256] = "";
    struct bytes path = {0};
    FILE *file;
    bool read;

    bytes_printf(&path, "%s/%s", dir, name);
    file = fopen(bytes_str(&path), "re");
    bytes_free(&path);
    line[0] = '\0';
    if (file == NULL)
        return false;
    read = fgets(buffer, sizeof buffer, file) != NULL;
    fclose(file);
    if (read) {
        struct slice text = slice_trim(slice_str(buffer));

        buffer[(size_t)(text.data - (const unsigned char *)buffer) + text.len] = '\0';
        put(line, size, (const char *)text.data);
    }
    return read;
}

static bool read_hex(const char *dir, const char *name, unsigned *value)
{
    char line[32], *end;

    if (!read_line(dir, name, line, sizeof line))
        return false;
    *value = (unsigned)strtoul(line, &end, 16);
    return end != line && *end == '\0';
}

/* Where DIR/NAME points to, its last part. */
static void read_link_name(const char *dir, const char *name, char *to, size_t size)
{
    char target[PATH_MAX];
    struct bytes path = {0};
    ssize_t len;

    bytes_printf(&path, "%s/%s", dir, name);
    len = readlink(bytes_str(&path), target, sizeof target - 1);
    bytes_free(&path);
    to[0] = '\0';
    if (len <= 0)
        return;
    target[len] = '\0';
    put(to, size, strrchr(target, '/') != NULL ? strrchr(target, '/') + 1 : target);
}

static int visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* Calls take() for each entry in the order of their numbers, until it says false. */
static void for_each(const char *dir, bool (*take)(void *arg, const char *dir, const char *name),
                     void *arg)
{
    struct dirent **entries;
    int count = scandir(dir, &entries, visible, versionsort);
    bool more = true;

    for (int i = 0; i < count; i++) {
        if (more && i < ENTRIES_MAX)
            more = take(arg, dir, entries[i]->d_name);
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
}

/* --- USB ------------------------------------------------------------------------ */

static bool take_interface(void *arg, const char *dir, const char *name)
{
    struct tree_usb *usb = arg;
    struct tree_interface interface = {0};
    struct bytes path = {0};

    if (usb->interface_count == TREE_INTERFACES_MAX)
        return false;
    bytes_printf(&path, "%s/%s", dir, name);
    if (strchr(name, ':') != NULL &&
        read_hex(bytes_str(&path), "bInterfaceNumber", &interface.number)) {
        read_hex(bytes_str(&path), "bInterfaceClass", &interface.class);
        read_hex(bytes_str(&path), "bInterfaceSubClass", &interface.subclass);
        read_hex(bytes_str(&path), "bInterfaceProtocol", &interface.protocol);
        read_link_name(bytes_str(&path), "driver", interface.driver, sizeof interface.driver);
        usb->interfaces[usb->interface_count++] = interface;
    }
    bytes_free(&path);
    return true;
}

static bool take_usb(void *arg, const char *dir, const char *name)
{
    struct tree *tree = arg;
    struct tree_usb usb = {0};
    struct bytes path = {0};

    bytes_printf(&path, "%s/%s", dir, name);
    if (strchr(name, ':') == NULL && read_hex(bytes_str(&path), "idVendor", &usb.vendor) &&
        read_hex(bytes_str(&path), "idProduct", &usb.product)) {
        put(usb.name, sizeof usb.name, name);
        read_line(bytes_str(&path), "manufacturer", usb.manufacturer, sizeof usb.manufacturer);
        read_line(bytes_str(&path), "product", usb.title, sizeof usb.title);
        read_line(bytes_str(&path), "serial", usb.serial, sizeof usb.serial);
        for_each(bytes_str(&path), take_interface, &usb);
        tree->usb = memory_realloc(tree->usb, tree->usb_count + 1, sizeof *tree->usb);
        tree->usb[tree->usb_count++] = usb;
    }
    bytes_free(&path);
    return true;
}

bool tree_has_modem_interface(const struct tree_usb *usb)
{
    for (size_t i = 0; i < usb->interface_count; i++)
        if (usb->interfaces[i].class == 0xff || usb->interfaces[i].class == 0x02)
            return true;
    return false;
}

/* --- ports ------------------------------------------------------------------------ */

static long usb_by_name(const struct tree *tree, const char *name)
{
    for (size_t i = 0; i < tree->usb_count; i++)
        if (strcmp(tree->usb[i].name, name) == 0)
            return (long)i;
    return -1;
}

/* Goes up from the tty's directory to its interface and its device. */
static void find_parents(const struct tree *tree, char *dir, struct tree_port *port)
{
    unsigned number;

    for (char *slash; port->usb < 0 && (slash = strrchr(dir, '/')) != NULL && slash != dir;
         *slash = '\0') {
        if (port->interface < 0 && read_hex(dir, "bInterfaceNumber", &number)) {
            port->interface = (int)number;
            read_link_name(dir, "driver", port->driver, sizeof port->driver);
        }
        if (read_hex(dir, "idVendor", &number))
            port->usb = usb_by_name(tree, slash + 1);
    }
}

/* A ttyS without hardware behind it has type 0. */
static bool is_port(const char *dir, const struct tree_port *port)
{
    char type[16];

    if (port->usb >= 0)
        return true;
    return strncmp(port->name, "ttyS", 4) == 0 && read_line(dir, "type", type, sizeof type) &&
           strcmp(type, "0") != 0;
}

static bool take_port(void *arg, const char *dir, const char *name)
{
    struct tree *tree = arg;
    struct tree_port port = {.interface = -1, .usb = -1};
    struct bytes path = {0};
    char real[PATH_MAX];

    bytes_printf(&path, "%s/%s", dir, name);
    if (strncmp(name, "tty", 3) == 0 && realpath(bytes_str(&path), real) != NULL) {
        put(port.name, sizeof port.name, name);
        put(port.device, sizeof port.device, "/dev/");
        put(port.device + 5, sizeof port.device - 5, name);
        find_parents(tree, real, &port);
        bytes_append_str(&path, "/device");
        if (port.usb < 0 && realpath(bytes_str(&path), real) != NULL)
            find_parents(tree, real, &port);
        bytes_truncate(&path, path.len - strlen("/device"));
        if (is_port(bytes_str(&path), &port)) {
            tree->ports = memory_realloc(tree->ports, tree->port_count + 1, sizeof *tree->ports);
            tree->ports[tree->port_count++] = port;
        }
    }
    bytes_free(&path);
    return true;
}

static bool take_by_id(void *arg, const char *dir, const char *name)
{
    struct tree *tree = arg;
    char target[64];

    read_link_name(dir, name, target, sizeof target);
    for (size_t i = 0; i < tree->port_count; i++)
        if (strcmp(tree->ports[i].name, target) == 0) {
            put(tree->ports[i].by_id, sizeof tree->ports[i].by_id, "/dev/serial/by-id/");
            put(tree->ports[i].by_id + 18, sizeof tree->ports[i].by_id - 18, name);
        }
    return true;
}

void tree_read(struct tree *tree, const char *root)
{
    static const struct {
        const char *dir;
        bool (*take)(void *, const char *, const char *);
    } parts[] = {{"/sys/bus/usb/devices", take_usb},
                 {"/sys/class/tty", take_port},
                 {"/dev/serial/by-id", take_by_id}};

    *tree = (struct tree){.root = strcmp(root, "/") == 0 ? "" : root};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        char *dir = tree_path(tree, "%s", parts[i].dir);

        for_each(dir, parts[i].take, tree);
        free(dir);
    }
}

void tree_free(struct tree *tree)
{
    free(tree->usb);
    free(tree->ports);
    *tree = (struct tree){.root = ""};
}

/* --- a port by name ------------------------------------------------------------------ */

/* [serial][:interface]; a serial number may hold colons of its own. */
static bool rest_fits(struct slice rest, const char *serial, int interface)
{
    size_t colon = rest.len;
    struct slice last;
    long number;

    if (rest.len == 0 || slice_equal_str(rest, serial))
        return true;
    while (colon > 0 && rest.data[colon - 1] != ':')
        colon--;
    last = slice_sub(rest, colon, rest.len);
    rest.len = colon > 0 ? colon - 1 : 0;
    return last.len <= 2 && slice_to_number(last, 0, 99, &number) && number == interface &&
           (rest.len == 0 || slice_equal_str(rest, serial));
}

/* usb:VID:PID[:serial][:interface] */
static bool usb_name_fits(const struct tree *tree, const struct tree_port *port, struct slice name)
{
    const struct tree_usb *usb = port->usb >= 0 ? &tree->usb[port->usb] : NULL;
    char ids[2][8];
    struct slice item;

    if (usb == NULL)
        return false;
    snprintf(ids[0], sizeof ids[0], "%04x", usb->vendor & 0xffff);
    snprintf(ids[1], sizeof ids[1], "%04x", usb->product & 0xffff);
    for (int i = 0; i < 2; i++)
        if (!slice_next_item(&name, ':', &item) || !slice_equal_nocase(item, ids[i]))
            return false;
    return rest_fits(name, usb->serial, port->interface);
}

bool tree_port_fits(const struct tree *tree, const struct tree_port *port, const char *device)
{
    char target[64] = "";

    if (strncmp(device, "usb:", 4) == 0)
        return usb_name_fits(tree, port, slice_str(device + 4));
    if (strncmp(device, "/dev/serial/", 12) == 0)
        read_link_name(tree->root[0] != '\0' ? tree->root : "/", device + 1, target, sizeof target);
    return strcmp(device, port->device) == 0 || strcmp(device, port->name) == 0 ||
           strcmp(target, port->name) == 0;
}

const struct tree_port *tree_find_port(const struct tree *tree, const char *device)
{
    for (size_t i = 0; i < tree->port_count; i++)
        if (tree_port_fits(tree, &tree->ports[i], device))
            return &tree->ports[i];
    return NULL;
}

bool tree_port_has_speed(const struct tree *tree, const struct tree_port *port)
{
    if (port->usb < 0)
        return true;
    return usb_find(tree->usb[port->usb].vendor, tree->usb[port->usb].product, 1).kind ==
           USB_ADAPTER;
}

/* --- processes ------------------------------------------------------------------------- */

struct search {
    const char *device; /* as processes name it */
    char *real;         /* what it is in the end, or NULL */
    const char *process;
    struct tree_holder *holder;
    bool found;
};

static bool take_descriptor(void *arg, const char *dir, const char *name)
{
    struct search *search = arg;
    char target[PATH_MAX];
    struct bytes path = {0};
    ssize_t len;

    bytes_printf(&path, "%s/%s", dir, name);
    len = readlink(bytes_str(&path), target, sizeof target - 1);
    bytes_free(&path);
    if (len <= 0)
        return true;
    target[len] = '\0';
    search->found = strcmp(target, search->device) == 0 ||
                    (search->real != NULL && strcmp(target, search->real) == 0);
    return !search->found;
}

static bool take_process(void *arg, const char *dir, const char *name)
{
    struct search *search = arg;
    struct bytes path = {0};

    if (name[0] < '1' || name[0] > '9')
        return true;
    bytes_printf(&path, "%s/%s", dir, name);
    read_line(bytes_str(&path), "comm", search->holder->name, sizeof search->holder->name);
    search->holder->pid = strtol(name, NULL, 10);
    if (search->process != NULL) {
        search->found = strcmp(search->holder->name, search->process) == 0;
    } else {
        bytes_append_str(&path, "/fd");
        for_each(bytes_str(&path), take_descriptor, search);
    }
    bytes_free(&path);
    return !search->found;
}

static bool search_processes(const struct tree *tree, struct search *search)
{
    char *proc = tree_path(tree, "/proc");

    for_each(proc, take_process, search);
    free(proc);
    return search->found;
}

bool tree_find_holder(const struct tree *tree, const char *device, struct tree_holder *holder)
{
    struct search search = {.device = device, .holder = holder};
    char *path = tree_path(tree, "%s", device);
    bool found;

    search.real = realpath(path, NULL);
    if (search.real != NULL && strncmp(search.real, "/dev/pts/", 9) == 0) {
        free(search.real); /* who made a pseudo terminal always has it open */
        search.real = NULL;
    }
    found = search_processes(tree, &search);
    free(search.real);
    free(path);
    return found;
}

bool tree_find_process(const struct tree *tree, const char *name, struct tree_holder *holder)
{
    struct search search = {.process = name, .holder = holder};

    return search_processes(tree, &search);
}
