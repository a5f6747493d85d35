/* SPDX-License-Identifier: Apache-2.0 */
/*
 * callbacks - the way of a report: its dlr-url is fetched, and then it is
 * acknowledged.
 *
 * An application that answers, with any status below 500, has got the report;
 * who does not answer, or with 5xx, has not, also after http-request-retry
 * repetitions: bearerbox keeps the report then and tries again later. (Kannel
 * acknowledges before the request is sent, and drops what fails.)
 *
 * Specification: Kannel 1.4.5, as recorded in test/data/compat.
 */
#ifndef GW_SMSBOX_CALLBACKS_H
#define GW_SMSBOX_CALLBACKS_H

#include "gw/smsbox/fetch.h"
#include "gw/smsbox/jobs.h"
#include "gw/smsbox/services.h"
#include "gw/smsbox/users.h"

/* What it stands on; all outlive it. */
struct callbacks {
    const struct users *users;
    const struct services *services;
    struct fetcher *fetcher;
};

/* Ends with job_finish(). */
void callbacks_start(struct callbacks *callbacks, struct job *job);

#endif
