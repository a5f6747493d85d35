/* SPDX-License-Identifier: Apache-2.0 */
/*
 * incoming - the way of an MO: find its service, run it, send the reply, and
 * only then acknowledge.
 *
 * An MO is acknowledged when the application has taken it: its URL answered
 * (after the repetitions; what failed for good is told to the sender in words,
 * and that was it), its program ended; and when the reply, if there is one, was
 * acknowledged by bearerbox. What happens before is repeated by bearerbox with
 * the same id, and the reply then has its old id too.
 *
 * Specification: Kannel 1.4.5, as recorded in test/data/compat.
 */
#ifndef GW_SMSBOX_INCOMING_H
#define GW_SMSBOX_INCOMING_H

#include "gw/smsbox/bearer.h"
#include "gw/smsbox/fetch.h"
#include "gw/smsbox/jobs.h"
#include "gw/smsbox/loop_guard.h"
#include "gw/smsbox/services.h"
#include "gw/smsbox/settings.h"
#include "gwlib/log.h"

/* What it stands on; all outlive it. */
struct incoming {
    struct loop *loop;
    const struct settings *settings;
    const struct services *services;
    struct fetcher *fetcher;
    struct bearer *bearer;
    struct line_log *access_log; /* or NULL */
    struct loop_guard *guard;
};

/* Ends with job_finish(). */
void incoming_start(struct incoming *incoming, struct job *job);

#endif
