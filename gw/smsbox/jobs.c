/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jobs - see jobs.h.
 *
 * All jobs, running or waiting, stand in one hash table by message id, the
 * waiting ones in a list besides. Finished ids are kept in a ring of fixed size
 * with a hash table over it.
 */
#include "gw/smsbox/jobs.h"

#include <stdlib.h>
#include <uthash.h>
#include <utlist.h>

#include "gwlib/log.h"
#include "gwlib/memory.h"

#define REMEMBERED      2048
#define HURRY_MS        1000
#define POSTPONE_ACK_MS 10000

struct job {
    struct uuid id;
    struct message *message;
    struct jobs *jobs;
    struct loop_timer *ack_timer; /* while an ACK_FAILED_TEMPORARY is held back */
    struct job *prev, *next;      /* while waiting */
    UT_hash_handle hh;
};

/* A finished job. */
struct memory_of_job {
    struct uuid id;
    enum ack_result result;
    int64_t when; /* loop time */
    bool used;
    UT_hash_handle hh;
};

struct jobs {
    struct loop *loop;
    struct bearer *bearer;
    unsigned limit;
    job_start_fn *start;
    void *arg;

    struct job *table;
    struct job *waiting;
    size_t running;
    bool stopped;
    bool peer_hurries;
    struct loop_timer *start_timer;

    struct memory_of_job *finished;
    struct memory_of_job ring[REMEMBERED];
    size_t ring_next;
};

static void remember(struct jobs *jobs, const struct uuid *id, enum ack_result result)
{
    struct memory_of_job *m;
    HASH_FIND(hh, jobs->finished, id, sizeof(*id), m);
    if (m == NULL) {
        m = &jobs->ring[jobs->ring_next];
        jobs->ring_next = (jobs->ring_next + 1) % REMEMBERED;
        if (m->used)
            HASH_DEL(jobs->finished, m);
        m->id = *id;
        m->used = true;
        HASH_ADD(hh, jobs->finished, id, sizeof(m->id), m);
    }
    m->result = result;
    m->when = loop_now(jobs->loop);
}

static void job_free(struct job *job)
{
    loop_timer_free(job->ack_timer);
    message_unref(job->message);
    free(job);
}

static void start_waiting(void *arg)
{
    struct jobs *jobs = arg;
    while (jobs->waiting != NULL && jobs->running < jobs->limit && !jobs->stopped) {
        struct job *job = jobs->waiting;
        DL_DELETE(jobs->waiting, job);
        jobs->running++;
        jobs->start(job, jobs->arg);
    }
}

/* Sends the acknowledgement and forgets the job but for its result. */
static void acknowledge(struct job *job, enum ack_result result)
{
    struct jobs *jobs = job->jobs;
    HASH_DEL(jobs->table, job);
    remember(jobs, &job->id, result);
    if (!bearer_ack(jobs->bearer, message_sms(job->message), result))
        log_debug("no link: the message will come again and be acknowledged then");
    job_free(job);
}

static void on_ack_timer(void *arg)
{
    acknowledge(arg, ACK_FAILED_TEMPORARY);
}

void job_finish(struct job *job, enum ack_result result)
{
    struct jobs *jobs = job->jobs;
    jobs->running--;
    if (result == ACK_FAILED_TEMPORARY && jobs->peer_hurries) {
        job->ack_timer = loop_timer_create(jobs->loop, on_ack_timer, job);
        loop_timer_set(job->ack_timer, POSTPONE_ACK_MS);
    } else {
        acknowledge(job, result);
    }
    if (jobs->waiting != NULL)
        loop_timer_set(jobs->start_timer, 0);
}

/* True when the message was worked on already and is acknowledged by that. */
static bool was_finished(struct jobs *jobs, const struct sms *sms)
{
    struct memory_of_job *m;
    HASH_FIND(hh, jobs->finished, &sms->id, sizeof(sms->id), m);
    if (m == NULL)
        return false;
    if (m->result != ACK_FAILED_TEMPORARY) {
        log_info("a message came again that was finished before: acknowledged without work");
        bearer_ack(jobs->bearer, sms, m->result);
        return true;
    }
    if (!jobs->peer_hurries && loop_now(jobs->loop) - m->when < HURRY_MS) {
        log_warning("bearerbox repeats postponed messages at once: such answers wait %d s from "
                    "now on",
                    POSTPONE_ACK_MS / 1000);
        jobs->peer_hurries = true;
    }
    return false;
}

void jobs_take(struct jobs *jobs, const struct sms *sms)
{
    struct job *job;
    HASH_FIND(hh, jobs->table, &sms->id, sizeof(sms->id), job);
    if (job != NULL) {
        log_debug("a message came again whose work is under way");
        return;
    }
    if (was_finished(jobs, sms))
        return;
    job = memory_zalloc(1, sizeof(*job));
    job->id = sms->id;
    job->message = message_create(sms);
    job->jobs = jobs;
    HASH_ADD(hh, jobs->table, id, sizeof(job->id), job);
    if (jobs->running < jobs->limit && jobs->waiting == NULL && !jobs->stopped) {
        jobs->running++;
        jobs->start(job, jobs->arg);
    } else {
        DL_APPEND(jobs->waiting, job);
    }
}

struct jobs *jobs_create(struct loop *loop, struct bearer *bearer, unsigned limit,
                         job_start_fn *start, void *arg)
{
    struct jobs *jobs = memory_zalloc(1, sizeof(*jobs));
    jobs->loop = loop;
    jobs->bearer = bearer;
    jobs->limit = limit;
    jobs->start = start;
    jobs->arg = arg;
    jobs->start_timer = loop_timer_create(loop, start_waiting, jobs);
    return jobs;
}

void jobs_free(struct jobs *jobs)
{
    if (jobs == NULL)
        return;
    struct job *job, *next;
    HASH_ITER(hh, jobs->table, job, next)
    {
        HASH_DEL(jobs->table, job);
        job_free(job);
    }
    HASH_CLEAR(hh, jobs->finished);
    loop_timer_free(jobs->start_timer);
    free(jobs);
}

void jobs_forget_waiting(struct jobs *jobs)
{
    while (jobs->waiting != NULL) {
        struct job *job = jobs->waiting;
        DL_DELETE(jobs->waiting, job);
        HASH_DEL(jobs->table, job);
        job_free(job);
    }
}

size_t jobs_running(const struct jobs *jobs)
{
    return jobs->running;
}

void jobs_stop(struct jobs *jobs)
{
    jobs->stopped = true;
}

const struct sms *job_sms(const struct job *job)
{
    return message_sms(job->message);
}
