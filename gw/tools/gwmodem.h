/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gwmodem - what its commands have in common: the options, the exit status, and
 * the way from a device's name to an open port. Each command is one function
 * that prints to standard output and returns the exit status.
 */
#ifndef GW_TOOLS_GWMODEM_H
#define GW_TOOLS_GWMODEM_H

#include <jansson.h>
#include <stdbool.h>

#include "gw/smsc/at/device_tree.h"
#include "gw/tools/gwmodem_link.h"
#include "gw/tools/gwmodem_state.h"

enum { EXIT_WELL = 0, EXIT_TROUBLE = 1, EXIT_USAGE = 64 };

struct options {
    const char *root; /* "" for the system's own */
    bool json;
    bool probe;       /* list: ask which port answers AT */
    bool remove;      /* receive: delete what was shown */
    int speed;        /* 0: not given */
    int wait_s;       /* -1: not given */
    const char *pin;  /* doctor: give it to the SIM, once */
    const char *user; /* doctor: who shall open the port */
    const char *name; /* replay: link to the port */
    char **words;     /* behind the command */
    int word_count;
};

/* Where a name leads: the port of the tree if it is one, else any path. */
struct target {
    const struct tree_port *port; /* or NULL */
    char *device;                 /* as people say it */
    char *path;                   /* to open */
};

/* False, with a word on standard error, when there is nothing of that name. */
bool target_find(struct target *target, const struct tree *tree, const char *name);
void target_free(struct target *target);

/* Opens a modem by name and makes it talk; says on standard error why not. */
bool modem_open(struct link *link, const struct options *options, const char *name);

/* Prints and gives up the object. */
void json_print(json_t *object);

/* "12d1:1446" */
void usb_id_text(const struct tree_usb *usb, char text[10]);

int gwmodem_list(const struct options *options);
int gwmodem_info(const struct options *options);
int gwmodem_doctor(const struct options *options);
int gwmodem_send(const struct options *options);
int gwmodem_receive(const struct options *options);
int gwmodem_ussd(const struct options *options);
int gwmodem_terminal(const struct options *options);
int gwmodem_record(const struct options *options);
int gwmodem_replay(const struct options *options);

#endif
