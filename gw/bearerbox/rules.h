/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rules - what one SMSC connection carries: the allowed-, denied-,
 * preferred- and reroute variables of its group (doc/kannel.conf.5), read once.
 */
#ifndef GW_BEARERBOX_RULES_H
#define GW_BEARERBOX_RULES_H

#include "gw/msg/message.h"
#include "gwlib/conf.h"
#include "gwlib/regex.h"

/* A list and a pattern that mean the same thing; either may be NULL. */
struct rule {
    const char *list;    /* ';'-separated */
    struct regex *regex; /* searched in the text; owned */
};

struct rules {
    struct rule allowed_id, denied_id, preferred_id;
    struct rule allowed_prefix, denied_prefix, preferred_prefix;
    const char *unified_prefix;
    bool reroute;                 /* every MO goes out again */
    const char *reroute_smsc_id;  /* with this smsc-id; or NULL */
    const char *reroute_receiver; /* or by receiver: "A,111,222; B,333"; or NULL */
};

/* Strings borrow from the configuration. */
void rules_read(struct rules *rules, const struct conf_group *group);
void rules_free(struct rules *rules);

/* Whether the connection may carry the message. */
bool rules_accept(const struct rules *rules, const struct sms *sms);
/*
 * Whether what came in over the connection goes out again instead of to a box;
 * *smsc_id is what the message is routed by then: what reroute-receiver says,
 * else reroute-smsc-id, else its own.
 */
bool rules_reroute(const struct rules *rules, const struct sms *sms, struct slice *smsc_id);
/* Whether it is one of those that should. */
bool rules_prefer(const struct rules *rules, const struct sms *sms);

#endif
