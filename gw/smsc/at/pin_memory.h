/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pin_memory - which PINs were tried, on disk: a PIN is tried once in the life
 * of a SIM. Three wrong ones lock it, and a gateway that is started again and
 * again must not be what locks it.
 *
 * A line per SIM: its ICCID (or the modem's IMEI when the SIM does not tell
 * before it has its PIN), a hash of the PIN, how often it was tried without an
 * answer, and whether it was refused. The file is written before the PIN is
 * sent.
 */
#ifndef GW_SMSC_AT_PIN_MEMORY_H
#define GW_SMSC_AT_PIN_MEMORY_H

#include <stdbool.h>

#include "gwlib/bytes.h"

struct at_pin_memory {
    char *path; /* NULL: only in memory, for as long as the process runs */
    struct bytes lines;
};

/* Reads the file; one that is not there is empty. */
void at_pin_memory_open(struct at_pin_memory *memory, const char *path);
void at_pin_memory_close(struct at_pin_memory *memory);

enum at_pin_state {
    AT_PIN_NEW,    /* may be tried */
    AT_PIN_TRIED,  /* was sent, and nobody knows what became of it */
    AT_PIN_REFUSED /* is wrong */
};
enum at_pin_state at_pin_memory_ask(const struct at_pin_memory *memory, struct slice sim,
                                    const char *pin);
/* AT_PIN_NEW forgets it: the SIM took it. False when it could not be written. */
bool at_pin_memory_note(struct at_pin_memory *memory, struct slice sim, const char *pin,
                        enum at_pin_state state);

#endif
