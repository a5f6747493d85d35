/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gwmodem_link - a port that a modem may answer on: opened, woken, its speed
 * found.
 */
#ifndef GW_TOOLS_GWMODEM_LINK_H
#define GW_TOOLS_GWMODEM_LINK_H

#include "gw/smsc/at/dialogue.h"
#include "gwlib/bytes.h"

enum link_state {
    LINK_TALKS,
    LINK_REFUSED, /* cannot be opened: see the reason */
    LINK_SILENT,
    LINK_NOISE /* something comes, but no answer */
};

/* All zero is a closed one. */
struct link {
    struct at_dialogue *dialogue;
    struct at_port *port; /* owned by the dialogue */
    struct at_answer answer;
    int speed; /* that it answers at; 0: the port has none */
};

/*
 * Opens and says AT. speed 0: any, as USB modems have it; other speeds are tried
 * after it when search is set. The link is open afterwards when it talks.
 * The reason of LINK_REFUSED is appended.
 */
enum link_state link_open(struct link *link, const char *path, int speed, bool search,
                          struct bytes *reason);
void link_close(struct link *link);

/* One command with 5 s; true for OK. The answer is in link->answer. */
bool link_ask(struct link *link, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The number in a "+CMS ERROR: 310" or "+CME ERROR: 10"; -1: there is none. */
int link_error(const struct link *link);

#endif
