/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gwmodem - GSM modems by hand: finding them, asking them, sending and receiving
 * a message, and the doctor, who walks from the USB bus to a registered network
 * and says what is in the way. See doc/gwmodem.1.
 *
 * Exit status: 0; 1 when there is an obstacle; 64 for a mistake in the command
 * line.
 */
#include "gw/tools/gwmodem.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gw/smsc/at/usb_ids.h"
#include "gwlib/log.h"
#include "gwlib/memory.h"

static const struct {
    const char *name;
    int (*run)(const struct options *options);
    int words_min, words_max;
    const char *usage;
} commands[] = {
    {"list", gwmodem_list, 0, 0, "list                        what is plugged in"},
    {"info", gwmodem_info, 1, 1, "info DEVICE                 what a modem says of itself"},
    {"doctor", gwmodem_doctor, 0, 1, "doctor [DEVICE]             what is wrong, and what to do"},
    {"send", gwmodem_send, 3, 3, "send DEVICE NUMBER TEXT     sends a message"},
    {"receive", gwmodem_receive, 1, 1, "receive DEVICE              shows what was received"},
    {"ussd", gwmodem_ussd, 2, 2, "ussd DEVICE CODE            asks the network: *100#"},
    {"terminal", gwmodem_terminal, 1, 1, "terminal DEVICE             a dialogue by hand"},
    {"record", gwmodem_record, 2, 256, "record DEVICE FILE [CMD...] writes a dialogue down"},
    {"replay", gwmodem_replay, 1, 1, "replay FILE                 is the modem of a record"},
};
enum { COMMANDS = sizeof commands / sizeof commands[0] };

/* --- shared ---------------------------------------------------------------------- */

void json_print(json_t *object)
{
    char *text = json_dumps(object, JSON_INDENT(2));

    if (text != NULL)
        puts(text);
    free(text);
    json_decref(object);
}

void usb_id_text(const struct tree_usb *usb, char text[10])
{
    snprintf(text, 10, "%04x:%04x", usb->vendor & 0xffff, usb->product & 0xffff);
}

/* The two messages that nearly all sticks understand: Huawei's own, and EJECT. */
bool target_find(struct target *target, const struct tree *tree, const char *name)
{
    target->port = tree_find_port(tree, name);
    if (target->port != NULL)
        target->device = memory_strdup(target->port->device);
    else
        target->device = memory_strdup(name);
    target->path = tree_path(tree, "%s", target->device);
    if (access(target->path, F_OK) == 0)
        return true;
    fprintf(stderr, "gwmodem: there is no device %s; \"gwmodem list\" shows what there is\n", name);
    target_free(target);
    return false;
}

void target_free(struct target *target)
{
    free(target->device);
    free(target->path);
}

static void say_held(const struct tree *tree, const char *device)
{
    struct tree_holder holder;

    if (tree_find_holder(tree, device, &holder))
        fprintf(stderr, "gwmodem: %s (process %ld) has it open\n", holder.name, holder.pid);
}

bool modem_open(struct link *link, const struct options *options, const char *name)
{
    struct bytes reason = {0};
    struct target target;
    enum link_state state = LINK_REFUSED;
    struct tree tree;

    tree_read(&tree, options->root);
    if (target_find(&target, &tree, name)) {
        bool slow = target.port == NULL || tree_port_has_speed(&tree, target.port);
        int speed = options->speed > 0 ? options->speed : slow ? 115200 : 0;

        state = link_open(link, target.path, speed, slow, &reason);
        if (state == LINK_REFUSED)
            fprintf(stderr, "gwmodem: %s: %s\n", target.device, bytes_str(&reason));
        else if (state != LINK_TALKS)
            fprintf(stderr, "gwmodem: %s answers nothing to AT; try \"gwmodem doctor %s\"\n",
                    target.device, target.device);
        if (state != LINK_TALKS)
            say_held(&tree, target.device);
        target_free(&target);
    }
    bytes_free(&reason);
    tree_free(&tree);
    return state == LINK_TALKS;
}

/* --- the command line -------------------------------------------------------------- */

static int usage(FILE *to, int status)
{
    fprintf(to, "usage: gwmodem [options] COMMAND ...\n\n");
    for (size_t i = 0; i < COMMANDS; i++)
        fprintf(to, "  %s\n", commands[i].usage);
    fprintf(to, "\n  --root DIR    read sys/, dev/ and proc/ below DIR\n"
                "  --json        for machines (list, info, doctor, receive)\n"
                "  --speed N     bit/s of a serial port\n"
                "  --wait S      how long doctor waits for the network, receive for messages\n"
                "  --pin PIN     doctor gives it to a SIM that asks, once\n"
                "  --user NAME   doctor: whether this user may open the port\n"
                "  --no-probe    list does not ask which port answers\n"
                "  --delete      receive removes what it has shown\n"
                "  --link PATH   replay: a name for the port\n"
                "  --verbose     the dialogue on standard error\n");
    return status;
}

static bool read_number(const char *text, long max, int *value)
{
    long number;

    if (!slice_to_number(slice_str(text), 0, max, &number)) {
        fprintf(stderr, "gwmodem: '%s' is no number from 0 to %ld\n", text, max);
        return false;
    }
    *value = (int)number;
    return true;
}

enum {
    O_ROOT = 1,
    O_JSON,
    O_SPEED,
    O_WAIT,
    O_PIN,
    O_USER,
    O_NO_PROBE,
    O_DELETE,
    O_LINK,
    O_VERBOSE,
    O_HELP
};

static bool take_option(struct options *options, int option)
{
    switch (option) {
    case O_ROOT:
        options->root = strcmp(optarg, "/") == 0 ? "" : optarg;
        return true;
    case O_JSON:
        options->json = true;
        return true;
    case O_SPEED:
        return read_number(optarg, 4000000, &options->speed);
    case O_WAIT:
        return read_number(optarg, 86400, &options->wait_s);
    case O_PIN:
        options->pin = optarg;
        return true;
    case O_USER:
        options->user = optarg;
        return true;
    case O_NO_PROBE:
        options->probe = false;
        return true;
    case O_DELETE:
        options->remove = true;
        return true;
    case O_LINK:
        options->name = optarg;
        return true;
    case O_VERBOSE:
        log_set_stderr_level(LOG_LEVEL_DEBUG);
        return true;
    default:
        return false;
    }
}

static bool read_options(struct options *options, int argc, char **argv)
{
    static const struct option known[] = {
        {"root", required_argument, NULL, O_ROOT},   {"json", no_argument, NULL, O_JSON},
        {"speed", required_argument, NULL, O_SPEED}, {"wait", required_argument, NULL, O_WAIT},
        {"pin", required_argument, NULL, O_PIN},     {"user", required_argument, NULL, O_USER},
        {"no-probe", no_argument, NULL, O_NO_PROBE}, {"delete", no_argument, NULL, O_DELETE},
        {"link", required_argument, NULL, O_LINK},   {"verbose", no_argument, NULL, O_VERBOSE},
        {"help", no_argument, NULL, O_HELP},         {NULL, 0, NULL, 0}};
    int option;

    while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
        if (option == O_HELP)
            exit(usage(stdout, EXIT_WELL));
        if (!take_option(options, option))
            return false;
    }
    return true;
}

int main(int argc, char **argv)
{
    struct options options = {.root = "", .probe = true, .wait_s = -1};

    log_set_stderr_level(LOG_LEVEL_PANIC);
    if (!read_options(&options, argc, argv) || optind == argc)
        return usage(stderr, EXIT_USAGE);
    options.words = argv + optind + 1;
    options.word_count = argc - optind - 1;
    for (size_t i = 0; i < COMMANDS; i++)
        if (strcmp(commands[i].name, argv[optind]) == 0 &&
            options.word_count >= commands[i].words_min &&
            options.word_count <= commands[i].words_max)
            return commands[i].run(&options);
    return usage(stderr, EXIT_USAGE);
}
