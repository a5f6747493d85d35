/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The doctor's way to a port that answers: USB device, driver, device node,
 * permission, other programs, and which of several ports it is.
 */
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gw/smsc/at/usb_ids.h"
#include "gw/tools/gwmodem_doctor.h"

enum { PORTS_MAX = 16, GROUPS_MAX = 64 };

/* --- the device ------------------------------------------------------------------- */

static bool stop_at_storage(struct patient *patient, const struct usb_known *known)
{
    struct bytes remedy = {0};

    bytes_append_str(&remedy, "install usb-modeswitch and plug the stick in again, or run \"");
    usb_switch_command(patient->usb->vendor, patient->usb->product, &remedy);
    bytes_append_str(&remedy, "\"");
    patient->verdict->rank = 1;
    if (known->becomes != NULL)
        verdict_stop(patient->verdict, "storage-face", bytes_str(&remedy),
                     "%s shows its storage face and no modem, it needs a mode switch to %s",
                     patient->verdict->usb_id, known->becomes);
    else
        verdict_stop(patient->verdict, "storage-face", bytes_str(&remedy),
                     "%s shows only a disk, as modems of this maker do before their mode switch",
                     patient->verdict->usb_id);
    bytes_free(&remedy);
    return false;
}

/* Devices without a tty: is a driver missing, or the driver's word for this id? */
static bool stop_at_driver(struct patient *patient)
{
    const struct tree_usb *usb = patient->usb;
    struct bytes remedy = {0};
    bool acm = false;

    for (size_t i = 0; i < usb->interface_count; i++)
        acm |= usb->interfaces[i].class == 0x02;
    if (acm)
        bytes_append_str(&remedy, "run \"modprobe cdc_acm\" and plug it in again");
    else
        bytes_printf(&remedy,
                     "run \"modprobe option\" and then \"echo %04x %04x > "
                     "/sys/bus/usb-serial/drivers/option1/new_id\"",
                     usb->vendor, usb->product);
    patient->verdict->rank = 1;
    verdict_stop(patient->verdict, "no-driver", bytes_str(&remedy),
                 "the kernel made no serial port for %s: its driver does not know the id",
                 patient->verdict->usb_id);
    bytes_free(&remedy);
    return false;
}

static bool only_disks(const struct tree_usb *usb)
{
    for (size_t i = 0; i < usb->interface_count; i++)
        if (usb->interfaces[i].class != 0x08)
            return false;
    return usb->interface_count > 0;
}

static bool check_device(struct patient *patient, size_t port_count)
{
    const struct tree_usb *usb = patient->usb;
    struct usb_known known =
        usb_find(usb->vendor, usb->product, port_count > 0 || tree_has_modem_interface(usb));

    if (known.kind == USB_STORAGE ||
        (known.kind == USB_UNKNOWN && port_count == 0 && only_disks(usb)))
        return stop_at_storage(patient, &known);
    if (known.kind == USB_HILINK && port_count == 0) {
        patient->verdict->rank = 2;
        return verdict_stop(patient->verdict, "hilink",
                            "use a stick with modem firmware, this one speaks only HTTP "
                            "(http://192.168.8.1)",
                            "%s is a HiLink stick: a small router without any AT port",
                            patient->verdict->usb_id);
    }
    verdict_step(patient->verdict, "USB device %s %s%s", patient->verdict->usb_id,
                 known.kind == USB_ADAPTER ? "is a serial adapter: " : "", patient->verdict->name);
    return port_count > 0 || stop_at_driver(patient);
}

/* --- may we open it ------------------------------------------------------------------ */

/* As the kernel would decide for that user, by owner, group and mode. */
static bool user_may(const struct stat *node, const char *user)
{
    const struct passwd *entry = getpwnam(user);
    gid_t groups[GROUPS_MAX];
    int count = GROUPS_MAX;

    if (entry == NULL || entry->pw_uid == 0)
        return entry != NULL;
    if (entry->pw_uid == node->st_uid)
        return (node->st_mode & 0600) == 0600;
    if (getgrouplist(user, entry->pw_gid, groups, &count) < 0)
        count = GROUPS_MAX;
    for (int i = 0; i < count; i++)
        if (groups[i] == node->st_gid)
            return (node->st_mode & 0060) == 0060;
    return (node->st_mode & 0006) == 0006;
}

static bool check_permission(struct patient *patient, const char *device, const char *path)
{
    const char *user = patient->options->user;
    const struct passwd *me = getpwuid(geteuid());
    const struct group *group;
    struct bytes remedy = {0};
    struct stat node;

    if (stat(path, &node) != 0)
        return verdict_stop(patient->verdict, "no-node",
                            "start udev, or hand the device to the container",
                            "the kernel has %s but there is no such file", device);
    if (user != NULL ? user_may(&node, user) : access(path, R_OK | W_OK) == 0)
        return true;
    if (user == NULL)
        user = me != NULL ? me->pw_name : "USER";
    group = getgrgid(node.st_gid);
    bytes_printf(&remedy, "run \"usermod -a -G %s %s\" and log in again",
                 group != NULL && node.st_gid != 0 ? group->gr_name : "dialout", user);
    verdict_stop(patient->verdict, "permission", bytes_str(&remedy),
                 "%s may not open %s, for which the group dialout is there", user, device);
    bytes_free(&remedy);
    return false;
}

static bool check_holder(struct patient *patient, const char *device)
{
    struct tree_holder holder;

    if (!tree_find_holder(patient->tree, device, &holder))
        return true;
    if (strcmp(holder.name, "ModemManager") == 0)
        return verdict_stop(patient->verdict, "held-by-modemmanager",
                            "run \"systemctl disable --now ModemManager\", or install Kantele's "
                            "udev rules, which tell it to leave modems alone",
                            "%s is held by ModemManager (process %ld)", device, holder.pid);
    if (strcmp(holder.name, "bearerbox") == 0)
        return verdict_stop(patient->verdict, "held-by-gateway",
                            "look at its status page, or stop it to examine the modem",
                            "%s is in use by the gateway itself (bearerbox, process %ld)", device,
                            holder.pid);
    return verdict_stop(patient->verdict, "held", "stop that program, only one can use a modem",
                        "%s is held by %s (process %ld)", device, holder.name, holder.pid);
}

/* --- which port ---------------------------------------------------------------------- */

/* What is most often the port for SMS goes first (section 3.2); others follow. */
static int preference(const struct tree_usb *usb, const struct tree_port *port)
{
    static const struct {
        unsigned vendor;
        int first;
    } usual[] = {{0x12d1, 2}, {0x19d2, 1}, {0x1e0e, 2}, {0x2c7c, 2}, {0x1199, 3}, {0x1bc7, 0}};

    for (size_t i = 0; i < sizeof usual / sizeof usual[0]; i++)
        if (usual[i].vendor == usb->vendor)
            return port->interface == usual[i].first ? -1 : port->interface;
    return port->interface;
}

static size_t ports_of(const struct patient *patient, const struct tree_port *ports[PORTS_MAX])
{
    const struct tree *tree = patient->tree;
    size_t count = 0;

    for (size_t i = 0; i < tree->port_count && count < PORTS_MAX; i++) {
        const struct tree_port *port = &tree->ports[i];
        size_t at = count;

        if (port->usb < 0 || &tree->usb[port->usb] != patient->usb)
            continue;
        while (at > 0 && preference(patient->usb, port) < preference(patient->usb, ports[at - 1])) {
            ports[at] = ports[at - 1];
            at--;
        }
        ports[at] = port;
        count++;
    }
    return count;
}

/* Tries one; false with *state, or with an obstacle. */
static bool try_port(struct patient *patient, const struct tree_port *port, enum link_state *state)
{
    bool slow = tree_port_has_speed(patient->tree, port);
    int speed = patient->options->speed > 0 ? patient->options->speed : slow ? 115200 : 0;
    char *path = tree_path(patient->tree, "%s", port->device);
    struct bytes reason = {0};

    *state = LINK_REFUSED;
    if (check_permission(patient, port->device, path) && check_holder(patient, port->device)) {
        *state = link_open(&patient->link, path, speed, slow, &reason);
        if (*state == LINK_REFUSED)
            verdict_stop(patient->verdict, "cannot-open",
                         "look for another program that uses it, or plug it in again",
                         "%s cannot be opened (%s)", port->device, bytes_str(&reason));
    }
    bytes_free(&reason);
    free(path);
    if (*state != LINK_TALKS)
        return false;
    patient->port = port;
    if (!slow || patient->link.speed == speed)
        return true;
    verdict_warn(patient->verdict, "other-speed", "the group below has the right speed",
                 "%s answers at %d bit/s, not at %d", port->device, patient->link.speed, speed);
    return true;
}

static bool stop_at_silence(struct patient *patient, bool noise, size_t port_count)
{
    const struct usb_known known = usb_find(patient->usb->vendor, patient->usb->product, 1);

    patient->verdict->rank = known.kind == USB_ADAPTER ? 5 : known.kind == USB_MODEM ? 2 : 4;
    if (known.kind == USB_ADAPTER && !noise)
        return verdict_stop(patient->verdict, "adapter-silent",
                            "check that a modem is connected, has power, and that the cable is a "
                            "straight one",
                            "%s is a serial adapter, not a modem, and nothing behind it answers at "
                            "any speed",
                            patient->verdict->usb_id);
    if (noise)
        return verdict_stop(patient->verdict, "noise",
                            "check the cable and the modem's speed (AT+IPR), or give --speed",
                            "%s sends something, but no answer to AT at any speed",
                            patient->verdict->usb_id);
    return verdict_stop(patient->verdict, "no-answer",
                        "unplug the device for ten seconds and try again; a stick that stays mute "
                        "may have a firmware without AT port",
                        "none of the %zu ports of %s answers AT", port_count,
                        patient->verdict->usb_id);
}

static bool reach_any(struct patient *patient, const struct tree_port **ports, size_t count)
{
    enum link_state state;
    bool noise = false;

    for (size_t i = 0; i < count; i++) {
        if (try_port(patient, ports[i], &state))
            return true;
        if (patient->verdict->obstacle.id != NULL)
            return false;
        noise |= state == LINK_NOISE;
    }
    return stop_at_silence(patient, noise, count);
}

/* The one that was asked for is mute: which one would it be? */
static bool reach_asked(struct patient *patient, const struct tree_port **ports, size_t count)
{
    const struct tree_port *asked = patient->port;
    struct bytes remedy = {0};
    enum link_state state;

    if (try_port(patient, asked, &state))
        return true;
    for (size_t i = 0; i < count && patient->verdict->obstacle.id == NULL; i++)
        if (ports[i] != asked && try_port(patient, ports[i], &state)) {
            bytes_printf(&remedy, "use %s, which does", ports[i]->device);
            link_close(&patient->link);
            verdict_stop(patient->verdict, "wrong-port", bytes_str(&remedy),
                         "%s answers nothing, it is a port for something else", asked->device);
            bytes_free(&remedy);
        }
    return stop_at_silence(patient, state == LINK_NOISE, count);
}

static bool reach_path(struct patient *patient)
{
    int speed = patient->options->speed > 0 ? patient->options->speed : 115200;
    struct bytes reason = {0};
    enum link_state state = LINK_REFUSED;

    if (check_permission(patient, patient->device, patient->path) &&
        check_holder(patient, patient->device)) {
        state = link_open(&patient->link, patient->path, speed, true, &reason);
        if (state == LINK_REFUSED)
            verdict_stop(patient->verdict, "cannot-open",
                         "look for another program that uses it, or plug it in again",
                         "%s cannot be opened (%s)", patient->device, bytes_str(&reason));
        else if (state != LINK_TALKS)
            verdict_stop(patient->verdict, state == LINK_NOISE ? "noise" : "no-answer",
                         "check that the modem has power and that the cable is a straight one",
                         "%s answers nothing to AT at any speed", patient->device);
    }
    bytes_free(&reason);
    if (state == LINK_TALKS && patient->link.speed != speed)
        verdict_warn(patient->verdict, "other-speed", "the group below has the right speed",
                     "%s answers at %d bit/s, not at %d", patient->device, patient->link.speed,
                     speed);
    return state == LINK_TALKS;
}

bool doctor_reach_port(struct patient *patient)
{
    const struct tree_port *ports[PORTS_MAX];
    size_t count;
    bool reached;

    patient->verdict->rank = 3;
    if (patient->usb == NULL) {
        reached = reach_path(patient);
    } else {
        count = ports_of(patient, ports);
        if (!check_device(patient, count))
            return false;
        reached = patient->port != NULL ? reach_asked(patient, ports, count)
                                        : reach_any(patient, ports, count);
    }
    if (reached) {
        const char *device = patient->usb != NULL ? patient->port->device : patient->device;

        verdict_step(patient->verdict, "%s answers AT", device);
        snprintf(patient->verdict->device, sizeof patient->verdict->device, "%s", device);
    }
    return reached;
}
