/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reports - delivery reports: making the report message that goes to the box.
 *
 * Events and texts: doc/box-protocol.md, section 5. A report is an entry of the
 * store like any message: it waits there until a box has acknowledged it.
 */
#ifndef GW_BEARERBOX_REPORTS_H
#define GW_BEARERBOX_REPORTS_H

#include "gw/bearerbox/gateway.h"
#include "gw/smsc/smsc.h"

struct reports *reports_create(struct gateway *gateway);
void reports_free(struct reports *reports);

/* A further word about an MT: what the report says besides the MT's own data. */
struct report_content {
    enum dlr_event event;
    struct slice text; /* msgdata */
    struct slice foreign_id;
    struct slice smsc_id;
    struct slice account;
    struct slice driver_meta; /* from the driver, or unset */
    int64_t time;             /* 0: now */
};

/*
 * Stores a report for the box that sent the MT, if the MT wants it. It is
 * committed with whatever else this callback of the loop changes in the store.
 */
void reports_make(struct reports *reports, const struct sms *mt,
                  const struct report_content *content);

/*
 * What the store's column `link` says of a message that went over a connection:
 * its smsc-id, so that a report over another connection to the same SMSC finds
 * it; its name when it has none.
 */
const char *reports_link_name(const struct smsc *smsc);

#endif
