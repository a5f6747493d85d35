/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loopback - smsc = loopback: what is sent comes back as an incoming message
 * with a new id, for tests and for reaching services from applications
 * (doc/kannel.conf.5). Its smsc-id is reroute-smsc-id, else the connection's.
 *
 * A message counts as accepted when what came of it is stored; who asked for it
 * gets the report "delivered". There is no network that could offer it again,
 * so what cannot be stored was not sent.
 */
#include <stdlib.h>

#include "gw/smsc/smsc.h"
#include "gwlib/memory.h"

#define WINDOW 1000

struct loopback {
    struct smsc *smsc;
    const char *smsc_id; /* reroute-smsc-id, or NULL */
    struct loop_timer *turn;
    struct round_trip *first, **last; /* not turned yet */
    size_t under_way;                 /* turned, on their way to the store */
    bool stopping;
};

struct round_trip {
    struct loopback *loopback;
    struct smsc_submit *submit;
    struct round_trip *next;
};

static void nothing_to_do(bool stored, void *arg)
{
    (void)stored;
    (void)arg;
}

static void accept_one(struct loopback *loopback, struct smsc_submit *submit)
{
    const struct sms *sms = message_sms(submit->message);
    char id[UUID_TEXT_LEN + 1];
    struct smsc_report report = {
        .foreign_id = slice_of(id, UUID_TEXT_LEN),
        .event = DLR_DELIVERED,
        .text = slice_str(""),
        .time = sms->time,
    };
    bool wants_report = submit->want_report;

    uuid_format(&sms->id, id);
    smsc_accepted(loopback->smsc, submit, report.foreign_id, slice_unset(), slice_unset());
    if (wants_report)
        smsc_reported(loopback->smsc, &report, nothing_to_do, NULL);
}

static void end_if_idle(struct loopback *loopback)
{
    if (loopback->stopping && loopback->under_way == 0)
        smsc_set_state(loopback->smsc, SMSC_DEAD, NULL);
}

static void came_back(bool stored, void *arg)
{
    struct round_trip *trip = arg;
    struct loopback *loopback = trip->loopback;
    struct smsc_submit *submit = trip->submit;

    free(trip);
    loopback->under_way--;
    if (stored)
        accept_one(loopback, submit);
    else
        smsc_failed(loopback->smsc, submit, SMSC_TEMPORARY, slice_str("could not be received"),
                    slice_unset());
    end_if_idle(loopback);
}

/* What it keeps of the message: content and numbers, nothing of its sender's
 * affairs. */
static void turn_one(struct round_trip *trip)
{
    const struct sms *mt = message_sms(trip->submit->message);
    struct sms mo = *mt;

    mo.id = uuid_generate();
    mo.smsc_id = slice_str(trip->loopback->smsc_id);
    mo.boxc_id = slice_unset();
    mo.foreign_id = slice_unset();
    mo.dlr_url = slice_unset();
    mo.dlr_mask = SMS_UNSET;
    mo.validity = SMS_UNSET;
    mo.deferred = SMS_UNSET;
    mo.time = SMS_UNSET;
    trip->loopback->under_way++;
    smsc_received(trip->loopback->smsc, &mo, came_back, trip);
}

static void turn_all(void *arg)
{
    struct loopback *loopback = arg;
    struct round_trip *list = loopback->first;

    loopback->first = NULL;
    loopback->last = &loopback->first;
    while (list != NULL) {
        struct round_trip *trip = list;

        list = trip->next;
        turn_one(trip);
    }
}

/* --- the driver ----------------------------------------------------------------- */

static void *loopback_create(struct smsc *smsc, const struct conf_group *group,
                             struct conf_problems *problems)
{
    struct loopback *loopback = memory_zalloc(1, sizeof *loopback);

    (void)problems;
    loopback->smsc = smsc;
    loopback->smsc_id = conf_string(group, "reroute-smsc-id");
    loopback->last = &loopback->first;
    loopback->turn = loop_timer_create(smsc_loop(smsc), turn_all, loopback);
    smsc_set_name(smsc, "LOOPBACK:%s", smsc_id(smsc) != NULL ? smsc_id(smsc) : "");
    smsc_set_window(smsc, WINDOW);
    return loopback;
}

static void loopback_free(void *arg)
{
    struct loopback *loopback = arg;

    loop_timer_free(loopback->turn);
    free(loopback);
}

static void loopback_start(void *arg)
{
    struct loopback *loopback = arg;

    loopback->stopping = false;
    smsc_set_state(loopback->smsc, SMSC_ONLINE, NULL);
}

static void give_back(struct loopback *loopback)
{
    struct round_trip *list = loopback->first;

    loopback->first = NULL;
    loopback->last = &loopback->first;
    while (list != NULL) {
        struct round_trip *trip = list;

        list = trip->next;
        smsc_failed(loopback->smsc, trip->submit, SMSC_TEMPORARY, slice_str("stopped"),
                    slice_unset());
        free(trip);
    }
}

static void loopback_stop(void *arg)
{
    struct loopback *loopback = arg;

    loopback->stopping = true;
    smsc_set_state(loopback->smsc, SMSC_DISCONNECTED, NULL);
    give_back(loopback);
    end_if_idle(loopback);
}

static void loopback_send(void *arg, struct smsc_submit *submit)
{
    struct loopback *loopback = arg;
    struct round_trip *trip = memory_zalloc(1, sizeof *trip);

    trip->loopback = loopback;
    trip->submit = submit;
    *loopback->last = trip;
    loopback->last = &trip->next;
    loop_timer_set(loopback->turn, 0);
}

const struct smsc_driver smsc_driver_loopback = {
    .type = "loopback",
    .create = loopback_create,
    .start = loopback_start,
    .stop = loopback_stop,
    .send = loopback_send,
    .free = loopback_free,
};
