/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sticky - over which connection a number was talked to last, so that it always
 * sees the same SIM (sticky-sender). In memory only: after a restart the first
 * message to a number chooses anew. Bounded: the number that was silent longest
 * is forgotten.
 */
#ifndef GW_BEARERBOX_STICKY_H
#define GW_BEARERBOX_STICKY_H

#include "gwlib/bytes.h"

#define STICKY_NUMBERS_MAX 100000

struct sticky;

struct sticky *sticky_create(void);
void sticky_free(struct sticky *sticky);

/* A message went to that number, or came from it; key: of the connection. */
void sticky_note(struct sticky *sticky, struct slice number, const char *key);
/* The key of the connection, or NULL. Valid until the next note. */
const char *sticky_find(const struct sticky *sticky, struct slice number);

#endif
