/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gwmodem doctor: which devices are looked at, and the verdicts of all of them.
 * The exit status is 0 when one modem at least can work.
 */
#include "gw/tools/gwmodem_doctor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gw/smsc/at/usb_ids.h"
#include "gwlib/memory.h"

struct round {
    const struct options *options;
    struct tree tree;
    struct verdict *verdicts;
    size_t count;
};

static struct verdict *add_verdict(struct round *round)
{
    round->verdicts = memory_realloc(round->verdicts, round->count + 1, sizeof *round->verdicts);
    memset(&round->verdicts[round->count], 0, sizeof *round->verdicts);
    return &round->verdicts[round->count++];
}

static void name_device(struct verdict *verdict, const struct tree_usb *usb)
{
    struct usb_known known = usb_find(usb->vendor, usb->product, tree_has_modem_interface(usb));

    usb_id_text(usb, verdict->usb_id);
    if (usb->title[0] != '\0')
        snprintf(verdict->name, sizeof verdict->name, "%.40s%s%.80s", usb->manufacturer,
                 usb->manufacturer[0] != '\0' ? " " : "", usb->title);
    else
        snprintf(verdict->name, sizeof verdict->name, "%.120s", known.name);
}

static void examine(struct round *round, const struct tree_usb *usb, const struct tree_port *port,
                    const char *device, const char *path)
{
    struct verdict *verdict = add_verdict(round);
    struct patient patient = {.options = round->options,
                              .tree = &round->tree,
                              .usb = usb,
                              .port = port,
                              .device = device,
                              .path = path,
                              .verdict = verdict};

    if (usb != NULL)
        name_device(verdict, usb);
    if (device != NULL)
        snprintf(verdict->device, sizeof verdict->device, "%s", device);
    if (doctor_reach_port(&patient))
        doctor_examine_modem(&patient);
    if (patient.link.dialogue != NULL)
        link_close(&patient.link);
}

/* --- which devices --------------------------------------------------------------------- */

static bool has_port(const struct tree *tree, size_t usb)
{
    for (size_t i = 0; i < tree->port_count; i++)
        if (tree->ports[i].usb == (long)usb)
            return true;
    return false;
}

static bool has_class(const struct tree_usb *usb, unsigned class)
{
    for (size_t i = 0; i < usb->interface_count; i++)
        if (usb->interfaces[i].class == class)
            return true;
    return false;
}

/* Whether a modem may be in it. */
static bool is_suspect(const struct tree *tree, size_t i)
{
    const struct tree_usb *usb = &tree->usb[i];

    return has_port(tree, i) ||
           usb_find(usb->vendor, usb->product, tree_has_modem_interface(usb)).kind != USB_UNKNOWN ||
           (usb_vendor_makes_modems(usb->vendor) && (has_class(usb, 0xff) || has_class(usb, 8)));
}

static void examine_all(struct round *round)
{
    for (size_t i = 0; i < round->tree.usb_count; i++)
        if (is_suspect(&round->tree, i))
            examine(round, &round->tree.usb[i], NULL, NULL, NULL);
    if (round->count == 0)
        verdict_stop(add_verdict(round), "no-modem",
                     "plug one in; if it is in, try another port or cable and look at dmesg; a "
                     "modem on a serial port is examined by \"gwmodem doctor /dev/ttyS0\"",
                     "there is no USB modem");
}

static void stop_no_such_device(struct round *round, const char *name)
{
    struct verdict *verdict = add_verdict(round);
    struct bytes remedy = {0};

    for (size_t i = 0; i < round->tree.port_count; i++)
        bytes_printf(&remedy, "%s%s", i == 0 ? "use one of those there are: " : ", ",
                     round->tree.ports[i].device);
    if (remedy.len == 0)
        bytes_append_str(&remedy, "plug the modem in and look at \"gwmodem list\"");
    snprintf(verdict->device, sizeof verdict->device, "%s", name);
    verdict_stop(verdict, "no-such-device", bytes_str(&remedy), "there is no device %s", name);
    bytes_free(&remedy);
}

static void examine_named(struct round *round, const char *name)
{
    const struct tree_port *port = tree_find_port(&round->tree, name);
    char *path = tree_path(&round->tree, "%s%s", name[0] == '/' ? "" : "/dev/", name);

    if (port != NULL && port->usb >= 0)
        examine(round, &round->tree.usb[port->usb], port, NULL, NULL);
    else if (access(path, F_OK) != 0)
        stop_no_such_device(round, name);
    else
        examine(round, NULL, port, port != NULL ? port->device : name, path);
    free(path);
}

/* --- what comes out ---------------------------------------------------------------------- */

/* The one that speaks for all: one that works, else what is most likely meant. */
static const struct verdict *chief(const struct round *round)
{
    const struct verdict *best = &round->verdicts[0];

    for (size_t i = 1; i < round->count; i++) {
        const struct verdict *one = &round->verdicts[i];

        if (best->obstacle.id != NULL && (one->obstacle.id == NULL || one->rank < best->rank))
            best = one;
    }
    return best;
}

static void print_json(const struct round *round)
{
    json_t *object = verdict_json(chief(round)), *all = json_array();

    for (size_t i = 0; i < round->count; i++)
        json_array_append_new(all, verdict_json(&round->verdicts[i]));
    json_object_set_new(object, "devices", all);
    json_print(object);
}

static void print_text(const struct round *round)
{
    for (size_t i = 0; i < round->count; i++) {
        const struct verdict *verdict = &round->verdicts[i];

        if (verdict->usb_id[0] != '\0')
            printf("%s%s %s\n", i > 0 ? "\n" : "", verdict->usb_id, verdict->name);
        else if (verdict->device[0] != '\0')
            printf("%s%s\n", i > 0 ? "\n" : "", verdict->device);
        verdict_print(verdict);
    }
}

int gwmodem_doctor(const struct options *options)
{
    struct round round = {.options = options};
    bool well;

    tree_read(&round.tree, options->root);
    if (options->word_count > 0)
        examine_named(&round, options->words[0]);
    else
        examine_all(&round);
    if (options->json)
        print_json(&round);
    else
        print_text(&round);
    well = chief(&round)->obstacle.id == NULL;
    for (size_t i = 0; i < round.count; i++)
        verdict_free(&round.verdicts[i]);
    free(round.verdicts);
    tree_free(&round.tree);
    return well ? EXIT_WELL : EXIT_TROUBLE;
}
