/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jobs - the work that bearerbox gives us: one job for each MO or report, from
 * its arrival to its acknowledgement.
 *
 * At most `limit` jobs run at once, the others wait in order. A message that
 * bearerbox sends again while its job runs, or after it was done while the
 * acknowledgement got lost, is not worked on twice: it is acknowledged when, or
 * because, the work is done. (The last 2048 finished ones are remembered.)
 *
 * ACK_FAILED_TEMPORARY asks bearerbox to postpone the message. Kannel's
 * bearerbox does not postpone but sends it at once, thousands of times a
 * second; a peer that comes back within a second is recognised and from then on
 * gets such answers after 10 s only.
 *
 * Loop thread only.
 */
#ifndef GW_SMSBOX_JOBS_H
#define GW_SMSBOX_JOBS_H

#include <stdbool.h>
#include <stddef.h>

#include "gw/msg/message.h"
#include "gw/smsbox/bearer.h"
#include "gwlib/loop.h"

struct jobs;
struct job;

/* Begins the work; it ends with job_finish(), now or later. */
typedef void job_start_fn(struct job *job, void *arg);

/* bearer must outlive it. */
struct jobs *jobs_create(struct loop *loop, struct bearer *bearer, unsigned limit,
                         job_start_fn *start, void *arg);
/* Forgets everything, without callbacks: bearerbox has the messages. */
void jobs_free(struct jobs *jobs);

/* A message from bearerbox. */
void jobs_take(struct jobs *jobs, const struct sms *sms);
/* Forgets the jobs that have not begun, after the link was lost: their messages
 * will come again, here or elsewhere. */
void jobs_forget_waiting(struct jobs *jobs);
/* Jobs at work. */
size_t jobs_running(const struct jobs *jobs);
/* No further job begins; those that run may end. */
void jobs_stop(struct jobs *jobs);

/* The message, valid until job_finish(). */
const struct sms *job_sms(const struct job *job);
/* Acknowledges and ends the job. */
void job_finish(struct job *job, enum ack_result result);

#endif
