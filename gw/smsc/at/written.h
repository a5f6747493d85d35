/* SPDX-License-Identifier: Apache-2.0 */
/*
 * written - the message that was written into the modem's memory to be sent from
 * there, remembered on disk until it is deleted: after a crash it is told from what
 * people put into the SIM, by what is in it, and the memory tells whether it was
 * sent. Written before the modem is told, and not waited for: after a power cut it
 * may be forgotten, and the message stays in the SIM.
 *
 * For one thread.
 */
#ifndef GW_SMSC_AT_WRITTEN_H
#define GW_SMSC_AT_WRITTEN_H

#include <stdbool.h>

#include "gwlib/bytes.h"
#include "gwlib/uuid.h"

enum at_written_found { AT_WRITTEN_NOT_FOUND, AT_WRITTEN_UNSENT, AT_WRITTEN_SENT };

/* All zero is none, and not kept. */
struct at_written {
    char *path;
    bool is_there;
    struct uuid id; /* of the message */
    int part;
    uint64_t hash;
    enum at_written_found found; /* by the look into the memory at the start */
    bool said;                   /* that the file cannot be written */
};

/* path NULL: not kept. */
void at_written_open(struct at_written *written, const char *path);
void at_written_close(struct at_written *written);

/* It will be there. essence: its PDU without what the modem may change. */
void at_written_note(struct at_written *written, const struct uuid *id, int part,
                     struct slice essence);
/* It is there no more, or was never. */
void at_written_forget(struct at_written *written);

/* Whether what lies in the memory is it. */
bool at_written_is(const struct at_written *written, struct slice essence);
/* Whether that message was found in the memory, and as sent. */
bool at_written_was_sent(const struct at_written *written, const struct uuid *id, int part);

#endif
