/* SPDX-License-Identifier: Apache-2.0 */
/*
 * receivers - the "to" of a request: cut at blanks, checked, without doubles.
 *
 * Specification: Kannel 1.4.5, as recorded in test/data/compat.
 */
#ifndef GW_SMSBOX_RECEIVERS_H
#define GW_SMSBOX_RECEIVERS_H

#include "gw/smsbox/lists.h"

#define RECEIVERS_MAX 10000 /* what one request may have: for the caller to check */

struct receivers {
    struct slice *allowed; /* in their order */
    size_t count;
    struct slice *denied;
    size_t denied_count;
    struct slice small[4]; /* room for the usual case */
};

struct receivers_rules {
    const char *chars;        /* allowed in a receiver; NULL: all */
    const struct lists *user; /* or NULL */
    const struct lists *box;  /* or NULL */
};

/* Slices borrow from `to`. */
void receivers_read(struct receivers *receivers, struct slice to,
                    const struct receivers_rules *rules);
void receivers_free(struct receivers *receivers);

#endif
