/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gwmodem list and info: what is plugged in, and what one modem says of itself.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gw/smsc/at/usb_ids.h"
#include "gw/tools/gwmodem.h"

/* --- list: one line a port ------------------------------------------------------ */

/* "yes", "no", or "" when nobody asked. One port after the other: some sticks
 * crash when two are open. */
static const char *ask_at(const struct options *options, const struct tree *tree,
                          const struct tree_port *port, bool held)
{
    bool slow = tree_port_has_speed(tree, port);
    struct link link = {0};
    struct bytes reason = {0};
    enum link_state state;
    char *path;

    if (!options->probe || held)
        return "";
    path = tree_path(tree, "%s", port->device);
    state = link_open(&link, path, slow ? 115200 : 0, slow, &reason);
    if (state == LINK_TALKS)
        link_close(&link);
    bytes_free(&reason);
    free(path);
    return state == LINK_TALKS ? "yes" : state == LINK_REFUSED ? "cannot open" : "no";
}

static void set_text(json_t *object, const char *key, const char *text)
{
    json_t *value = json_string(text);

    json_object_set_new(object, key, value != NULL ? value : json_string(""));
}

static json_t *describe_usb(const struct tree_usb *usb, bool has_port)
{
    struct usb_known known =
        usb_find(usb->vendor, usb->product, has_port || tree_has_modem_interface(usb));
    json_t *object = json_object();
    char id[10];

    usb_id_text(usb, id);
    set_text(object, "usb", id);
    set_text(object, "kind", usb_kind_name(known.kind));
    set_text(object, "product", usb->title[0] != '\0' ? usb->title : known.name);
    set_text(object, "manufacturer", usb->manufacturer);
    set_text(object, "serial", usb->serial);
    set_text(object, "known", known.name);
    return object;
}

static json_t *describe_port(const struct options *options, const struct tree *tree,
                             const struct tree_port *port)
{
    json_t *object = port->usb >= 0 ? describe_usb(&tree->usb[port->usb], true) : json_object();
    struct tree_holder holder;
    bool held = tree_find_holder(tree, port->device, &holder);

    set_text(object, "device", port->device);
    set_text(object, "by_id", port->by_id);
    set_text(object, "driver", port->driver);
    if (port->interface >= 0)
        json_object_set_new(object, "interface", json_integer(port->interface));
    if (held) {
        set_text(object, "holder", holder.name);
        json_object_set_new(object, "holder_pid", json_integer(holder.pid));
    }
    set_text(object, "at", ask_at(options, tree, port, held));
    return object;
}

/* A device without ports that is worth a word; NULL: it is not. */
static json_t *describe_portless(const struct tree *tree, size_t i)
{
    const struct tree_usb *usb = &tree->usb[i];
    struct usb_known known = usb_find(usb->vendor, usb->product, tree_has_modem_interface(usb));
    struct bytes command = {0};
    json_t *object;

    for (size_t k = 0; k < tree->port_count; k++)
        if (tree->ports[k].usb == (long)i)
            return NULL;
    if (known.kind == USB_UNKNOWN)
        return NULL;
    object = describe_usb(usb, false);
    if (known.kind == USB_STORAGE) {
        usb_switch_command(usb->vendor, usb->product, &command);
        bytes_printf(&command, " (it becomes %s)", known.becomes);
    } else if (known.kind == USB_HILINK) {
        bytes_append_str(&command, "none: it has no AT port");
    } else {
        bytes_append_str(&command, "gwmodem doctor: no driver made a port of it");
    }
    set_text(object, "remedy", bytes_str(&command));
    bytes_free(&command);
    return object;
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text != NULL ? text : "";
}

static void print_entry(const json_t *entry)
{
    const json_t *interface = json_object_get(entry, "interface");

    printf("%-14s %-9s %-10s", text_of(entry, "device"), text_of(entry, "usb"),
           text_of(entry, "driver"));
    if (interface != NULL)
        printf(" %2d", (int)json_integer_value(interface));
    else
        printf("   ");
    printf("  %-11s %s", text_of(entry, "at"), text_of(entry, "product"));
    if (text_of(entry, "serial")[0] != '\0')
        printf(", serial %s", text_of(entry, "serial"));
    if (text_of(entry, "holder")[0] != '\0')
        printf(" [held by %s, process %d]", text_of(entry, "holder"),
               (int)json_integer_value(json_object_get(entry, "holder_pid")));
    if (text_of(entry, "remedy")[0] != '\0')
        printf(" [%s; remedy: %s]", text_of(entry, "kind"), text_of(entry, "remedy"));
    printf("\n");
    if (text_of(entry, "by_id")[0] != '\0')
        printf("               %s\n", text_of(entry, "by_id"));
}

int gwmodem_list(const struct options *options)
{
    json_t *entries = json_array(), *entry;
    struct tree tree;
    size_t i;

    tree_read(&tree, options->root);
    for (i = 0; i < tree.port_count; i++)
        json_array_append_new(entries, describe_port(options, &tree, &tree.ports[i]));
    for (i = 0; i < tree.usb_count; i++)
        if ((entry = describe_portless(&tree, i)) != NULL)
            json_array_append_new(entries, entry);
    tree_free(&tree);
    if (options->json) {
        json_print(entries);
        return EXIT_WELL;
    }
    printf("%-14s %-9s %-10s %2s  %-11s %s\n", "DEVICE", "USB", "DRIVER", "IF", "ANSWERS AT",
           "PRODUCT");
    json_array_foreach(entries, i, entry) print_entry(entry);
    json_decref(entries);
    return EXIT_WELL;
}

/* --- info ----------------------------------------------------------------------------- */

static void set_known(json_t *object, const char *key, int value)
{
    if (value >= 0)
        json_object_set_new(object, key, json_integer(value));
}

static json_t *state_json(const struct modem_state *state, const struct link *link)
{
    json_t *object = json_object(), *memories = json_array();

    set_text(object, "manufacturer", state->manufacturer);
    set_text(object, "model", state->model);
    set_text(object, "revision", state->revision);
    set_text(object, "imei", state->imei);
    set_text(object, "sim", state->sim);
    set_known(object, "pin_tries", state->pin_tries);
    set_text(object, "imsi", state->imsi);
    set_text(object, "iccid", state->iccid);
    set_text(object, "number", state->own_number);
    set_text(object, "registration", state_registration_text(state->registration));
    set_known(object, "registration_state", state->registration);
    set_text(object, "operator", state->operator_name);
    if (state->signal <= 31)
        json_object_set_new(object, "signal_dbm", json_integer(state_signal_dbm(state)));
    set_text(object, "service_centre", state->service_centre);
    for (int i = 0; i < state->memory_count; i++)
        json_array_append_new(memories,
                              json_pack("{s:s,s:i,s:i}", "name", state->memories[i].name, "used",
                                        state->memories[i].used, "size", state->memories[i].size));
    json_object_set_new(object, "memories", memories);
    set_known(object, "speed", link->speed > 0 ? link->speed : -1);
    return object;
}

static void print_value(const char *key, const json_t *value)
{
    const json_t *memory;
    size_t i;

    if (json_is_string(value) && json_string_length(value) > 0)
        printf("%-20s %s\n", key, json_string_value(value));
    else if (json_is_integer(value))
        printf("%-20s %d\n", key, (int)json_integer_value(value));
    json_array_foreach(value, i, memory)
        printf("%s%zu                  %s: %d of %d used\n", "mem", i + 1, text_of(memory, "name"),
               (int)json_integer_value(json_object_get(memory, "used")),
               (int)json_integer_value(json_object_get(memory, "size")));
}

int gwmodem_info(const struct options *options)
{
    struct modem_state state;
    struct link link = {0};
    const char *key;
    json_t *object, *value;

    if (!modem_open(&link, options, options->words[0]))
        return EXIT_TROUBLE;
    state_init(&state);
    state_ask_identity(&link, &state);
    state_ask_sim(&link, &state);
    if (state_sim_is_ready(&state)) {
        state_ask_subscriber(&link, &state);
        state_ask_network(&link, &state);
        state_ask_service(&link, &state);
    }
    object = state_json(&state, &link);
    link_close(&link);
    if (options->json) {
        json_print(object);
        return EXIT_WELL;
    }
    json_object_foreach(object, key, value) print_value(key, value);
    json_decref(object);
    return EXIT_WELL;
}
