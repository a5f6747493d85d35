/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The common part of SMSC connections: see smsc.h. It keeps the state and its
 * time, counts what is outstanding against the window, and lets messages pass at
 * the configured throughput.
 *
 * Throughput: message n+1 may go 1/throughput after message n. A timer of whole
 * milliseconds is late by some; so much is caught up, which keeps the average
 * exact, but a link that was idle never sends a burst.
 */
#include "gw/smsc/smsc.h"

#include "config.h"

#include <stdlib.h>

#include "gw/smsc/balance.h"
#include "gw/smsc/restraint.h"
#include "gwlib/clock.h"
#include "gwlib/memory.h"

#define PREFETCH_MIN_WINDOW 10 /* narrower windows get nothing ready beforehand */
#define CATCH_UP_MS         50 /* lateness of a timer that throughput makes good */

struct smsc {
    struct loop *loop;
    const struct conf_group *group;
    const struct smsc_driver *driver;
    void *data; /* the driver's */
    const struct smsc_events *events;
    void *owner;
    const char *id, *admin_id; /* or NULL */
    char *name;
    char *detail; /* or NULL */
    enum smsc_state state;
    int64_t online_since; /* loop_now() */
    bool stopping;        /* from smsc_stop() until SMSC_DEAD */
    bool in_call;         /* of the bearerbox: a change of state is told later */
    bool told_later;      /* a letter about it is under way */
    bool freed;           /* ends with that letter */
    size_t window, outstanding;
    size_t max_octets;
    int64_t reconnect_delay_ms;
    bool was_full;     /* there was no room: tell when that changes */
    double throughput; /* messages a second; 0: no limit */
    double next_ms;    /* when the next message may go */
    bool throttled;    /* the timer runs until then */
    struct loop_timer *throttle;
    struct restraint *restraint;
    char *restrained; /* what was told of it, or NULL */
    struct log_file *log;
    int log_level;
    smsc_ussd_fn *ussd_done; /* NULL: nothing was asked */
    void *ussd_arg;
    bool ussd_is_balance;
    struct balance *balance; /* or NULL */
    char *facts[SMSC_FACTS]; /* NULL: not known */
    uint64_t tallies[SMSC_TALLIES];
};

static const struct smsc_driver *const drivers[] = {
    &smsc_driver_fake,
    &smsc_driver_loopback,
#ifdef HAVE_SERIALPORT
    &smsc_driver_at,
#endif
    &smsc_driver_smpp,
};

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* --- room -------------------------------------------------------------------------- */

size_t smsc_room(const struct smsc *smsc)
{
    size_t room = smsc->outstanding < smsc->window ? smsc->window - smsc->outstanding : 0;

    if (smsc->state != SMSC_ONLINE || smsc->throttled)
        return 0;
    return smsc->throughput > 0 && room > 1 ? 1 : room;
}

size_t smsc_prefetch(const struct smsc *smsc)
{
    return smsc->throughput > 0 || smsc->window < PREFETCH_MIN_WINDOW ? 0 : smsc->window;
}

static void tell_ready(struct smsc *smsc)
{
    if (!smsc->was_full || !smsc_has_room(smsc))
        return;
    smsc->was_full = false;
    if (smsc->events->ready != NULL)
        smsc->events->ready(smsc->owner);
}

static void throttle_over(void *arg)
{
    struct smsc *smsc = arg;

    smsc->throttled = false;
    tell_ready(smsc);
}

static void use_throughput(struct smsc *smsc)
{
    double now = (double)loop_now(smsc->loop);

    if (smsc->throughput <= 0)
        return;
    if (smsc->next_ms < now - CATCH_UP_MS)
        smsc->next_ms = now;
    smsc->next_ms += 1000 / smsc->throughput;
    if (smsc->next_ms <= now)
        return;
    smsc->throttled = true;
    loop_timer_set(smsc->throttle, (int64_t)(smsc->next_ms - now) + 1);
}

static void note_sent(struct smsc *smsc)
{
    smsc->outstanding++;
    use_throughput(smsc);
    if (!smsc_has_room(smsc))
        smsc->was_full = true;
}

static void note_answered(struct smsc *smsc)
{
    LOG_ASSERT(smsc->outstanding > 0);
    smsc->outstanding--;
}

/* --- restraint ------------------------------------------------------------------------- */

size_t smsc_permits(const struct smsc *smsc, int priority)
{
    return restraint_permits(smsc->restraint, priority, smsc->outstanding);
}

void smsc_hold(struct smsc *smsc, const char *why)
{
    restraint_hold(smsc->restraint, why);
}

bool smsc_is_aside(const struct smsc *smsc)
{
    return restraint_is_aside(smsc->restraint);
}

void smsc_set_aside(struct smsc *smsc, const char *why, int64_t ms)
{
    restraint_set_aside(smsc->restraint, why, ms);
    if (why != NULL) {
        smsc_count(smsc, SMSC_TALLY_SET_ASIDE, 1);
        balance_ask_now(smsc->balance); /* an empty account is the likeliest reason */
    }
}

static void note_limits(struct smsc *smsc)
{
    struct bytes used = {0};

    restraint_print_limits(smsc->restraint, &used);
    smsc_set_fact(smsc, SMSC_FACT_LIMIT, bytes_slice(&used));
    bytes_free(&used);
}

static void restraint_changed(void *arg)
{
    struct smsc *smsc = arg;
    const char *text = restraint_text(smsc->restraint);

    note_limits(smsc);
    if (strcmp(text, smsc->restrained != NULL ? smsc->restrained : "") == 0)
        return;
    free(smsc->restrained);
    smsc->restrained = memory_strdup(text);
    if (smsc->state == SMSC_ONLINE && smsc->events->state != NULL)
        smsc->events->state(smsc->owner, SMSC_ONLINE);
}

static void count_sent(struct smsc *smsc)
{
    restraint_count(smsc->restraint);
    note_limits(smsc);
}

/* --- making one ------------------------------------------------------------------------ */

static const struct smsc_driver *find_driver(const struct conf_group *group,
                                             struct conf_problems *problems)
{
    const char *type = conf_string(group, "smsc");

    if (type == NULL) {
        conf_report(problems, CONF_ERROR, group, "smsc", "the type of the SMSC is missing");
        return NULL;
    }
    for (size_t i = 0; i < COUNT(drivers); i++)
        if (strcmp(drivers[i]->type, type) == 0)
            return drivers[i];
    conf_report(problems, CONF_ERROR, group, "smsc",
                "SMSC type '%s' is not supported in this build", type);
    return NULL;
}

static void read_variables(struct smsc *smsc, const struct conf_group *group)
{
    smsc->id = conf_string(group, "smsc-id");
    smsc->admin_id = conf_string(group, "smsc-admin-id");
    if (smsc->admin_id == NULL)
        smsc->admin_id = smsc->id;
    smsc->throughput = conf_decimal(group, "throughput");
    smsc->max_octets = (size_t)conf_number(group, "max-sms-octets");
    smsc->reconnect_delay_ms = conf_number(group, "reconnect-delay") * 1000;
    smsc->log_level = (int)conf_number(group, "log-level");
}

/* What all kinds of connections have besides their driver. */
static bool make_parts(struct smsc *smsc, struct conf_problems *problems)
{
    smsc->restraint = restraint_create(smsc->loop, smsc->group, restraint_changed, smsc, problems);
    if (smsc->restraint == NULL || !balance_create(&smsc->balance, smsc, smsc->group, problems))
        return false;
    if (smsc->balance == NULL || smsc->driver->ussd != NULL)
        return true;
    conf_report(problems, CONF_ERROR, smsc->group, "balance-code",
                "an SMSC of type %s cannot ask the network", smsc->driver->type);
    return false;
}

struct smsc *smsc_create(struct loop *loop, const struct conf_group *group,
                         const struct smsc_events *events, void *owner,
                         struct conf_problems *problems)
{
    const struct smsc_driver *driver = find_driver(group, problems);
    struct smsc *smsc;

    if (driver == NULL)
        return NULL;
    smsc = memory_zalloc(1, sizeof *smsc);
    smsc->loop = loop;
    smsc->group = group;
    smsc->driver = driver;
    smsc->events = events;
    smsc->owner = owner;
    smsc->state = SMSC_DEAD;
    smsc->window = 1;
    smsc->name = memory_strdup(driver->type);
    smsc->throttle = loop_timer_create(loop, throttle_over, smsc);
    read_variables(smsc, group);
    if (make_parts(smsc, problems))
        smsc->data = driver->create(smsc, group, problems);
    if (smsc->data == NULL) {
        smsc_free(smsc);
        return NULL;
    }
    return smsc;
}

static void release(struct smsc *smsc)
{
    for (int i = 0; i < SMSC_FACTS; i++)
        free(smsc->facts[i]);
    free(smsc->name);
    free(smsc->detail);
    free(smsc->restrained);
    free(smsc);
}

void smsc_free(struct smsc *smsc)
{
    if (smsc == NULL)
        return;
    if (smsc->state != SMSC_DEAD) {
        log_warning("SMSC <%s>: did not end in time", smsc->name);
        return; /* its thread may still use it; the process ends anyway */
    }
    if (smsc->data != NULL)
        smsc->driver->free(smsc->data);
    loop_timer_free(smsc->throttle);
    balance_free(smsc->balance);
    restraint_free(smsc->restraint);
    log_file_close(smsc->log);
    smsc->freed = true;
    if (!smsc->told_later)
        release(smsc);
}

/* --- its life ---------------------------------------------------------------------------- */

static void open_log(struct smsc *smsc)
{
    const char *path = conf_string(smsc->group, "log-file");

    if (path != NULL && smsc->log == NULL)
        smsc->log = log_file_open(path, smsc->log_level);
}

void smsc_start(struct smsc *smsc)
{
    if (smsc->state != SMSC_DEAD)
        return;
    open_log(smsc);
    restraint_start(smsc->restraint, smsc->admin_id != NULL ? smsc->admin_id : smsc->name);
    smsc->in_call = true;
    smsc->driver->start(smsc->data);
    smsc->in_call = false;
}

void smsc_stop(struct smsc *smsc)
{
    if (smsc->state == SMSC_DEAD || smsc->stopping)
        return;
    smsc->stopping = true;
    smsc->in_call = true;
    smsc->driver->stop(smsc->data);
    if (smsc->state != SMSC_DEAD) /* nothing more goes over it, whatever its driver still ends */
        smsc_set_state(smsc, SMSC_DISCONNECTED, NULL);
    smsc->in_call = false;
}

void smsc_send(struct smsc *smsc, struct smsc_submit *submit)
{
    LOG_ASSERT(smsc_has_room(smsc));
    note_sent(smsc);
    smsc->driver->send(smsc->data, submit);
}

void smsc_set_receiving(struct smsc *smsc, bool receiving)
{
    if (smsc->driver->set_receiving != NULL)
        smsc->driver->set_receiving(smsc->data, receiving);
}

/* --- USSD -------------------------------------------------------------------------------- */

bool smsc_ussd(struct smsc *smsc, struct slice code, bool is_answer, smsc_ussd_fn *done, void *arg,
               struct bytes *why)
{
    const char *reason = NULL;

    if (smsc->driver->ussd == NULL)
        reason = "this kind of connection has no USSD";
    else if (smsc->state != SMSC_ONLINE || smsc->stopping)
        reason = "the connection is not online";
    else if (smsc->ussd_done != NULL)
        reason = "another question waits for its answer";
    if (reason != NULL) {
        bytes_append_str(why, reason);
        return false;
    }
    smsc->ussd_done = done;
    smsc->ussd_arg = arg;
    smsc->ussd_is_balance = balance_is_code(smsc->balance, code);
    smsc->driver->ussd(smsc->data, code, is_answer);
    return true;
}

void smsc_ussd_answered(struct smsc *smsc, enum smsc_ussd_result result, struct slice text)
{
    smsc_ussd_fn *done = smsc->ussd_done;

    LOG_ASSERT(done != NULL);
    smsc->ussd_done = NULL;
    if (smsc->ussd_is_balance && result != SMSC_USSD_FAILED)
        balance_heard(smsc->balance, text);
    done(result, text, smsc->ussd_arg);
}

/* --- what is known about it ---------------------------------------------------------------- */

enum smsc_state smsc_state(const struct smsc *smsc)
{
    return smsc->state;
}

int64_t smsc_online_seconds(const struct smsc *smsc)
{
    return smsc->state == SMSC_ONLINE ? (loop_now(smsc->loop) - smsc->online_since) / 1000 : 0;
}

const char *smsc_detail(const struct smsc *smsc)
{
    if (smsc->detail == NULL && smsc->state == SMSC_ONLINE)
        return restraint_text(smsc->restraint);
    return smsc->detail != NULL ? smsc->detail : "";
}

size_t smsc_outstanding(const struct smsc *smsc)
{
    return smsc->outstanding;
}

const char *smsc_id(const struct smsc *smsc)
{
    return smsc->id;
}

const char *smsc_admin_id(const struct smsc *smsc)
{
    return smsc->admin_id;
}

const char *smsc_name(const struct smsc *smsc)
{
    return smsc->name;
}

size_t smsc_max_octets(const struct smsc *smsc)
{
    return smsc->max_octets;
}

/* --- facts and tallies ----------------------------------------------------------------------- */

const char *smsc_fact(const struct smsc *smsc, enum smsc_fact fact)
{
    return smsc->facts[fact] != NULL ? smsc->facts[fact] : "";
}

uint64_t smsc_tally(const struct smsc *smsc, enum smsc_tally tally)
{
    return smsc->tallies[tally];
}

/* --- for drivers ------------------------------------------------------------------------------ */

struct loop *smsc_loop(const struct smsc *smsc)
{
    return smsc->loop;
}

void smsc_set_name(struct smsc *smsc, const char *format, ...)
{
    struct bytes name = {0};
    va_list args;

    va_start(args, format);
    bytes_vprintf(&name, format, args);
    va_end(args);
    free(smsc->name);
    smsc->name = bytes_take(&name);
}

void smsc_set_window(struct smsc *smsc, size_t submits)
{
    smsc->window = submits;
    if (smsc->state == SMSC_ONLINE && !smsc_has_room(smsc))
        smsc->was_full = true;
    tell_ready(smsc);
}

int64_t smsc_reconnect_delay_ms(const struct smsc *smsc)
{
    return smsc->reconnect_delay_ms;
}

bool smsc_logs(const struct smsc *smsc, enum log_level level)
{
    return smsc->log != NULL ? (int)level >= smsc->log_level : log_wants(level);
}

void smsc_log(const struct smsc *smsc, enum log_level level, const char *format, ...)
{
    va_list args;

    if (!smsc_logs(smsc, level))
        return;
    va_start(args, format);
    log_to_v(smsc->log, level, format, args);
    va_end(args);
}

struct log_file *smsc_log_file(const struct smsc *smsc)
{
    return smsc->log;
}

static void tell_state(void *arg)
{
    struct smsc *smsc = arg;

    smsc->told_later = false;
    if (smsc->freed)
        release(smsc);
    else if (smsc->events->state != NULL)
        smsc->events->state(smsc->owner, smsc->state); /* may free it */
}

void smsc_set_state(struct smsc *smsc, enum smsc_state state, const char *detail)
{
    if (detail == NULL)
        detail = "";
    if (smsc->stopping && state != SMSC_DISCONNECTED && state != SMSC_DEAD)
        return; /* of a thread that has not seen it yet */
    if (state == smsc->state && strcmp(detail, smsc->detail != NULL ? smsc->detail : "") == 0)
        return;
    if (state == SMSC_ONLINE && smsc->state != SMSC_ONLINE) {
        smsc->online_since = loop_now(smsc->loop);
        balance_online(smsc->balance);
    }
    if (state == SMSC_DEAD) {
        smsc->stopping = false;
        restraint_stop(smsc->restraint);
        balance_stop(smsc->balance);
    }
    free(smsc->detail);
    smsc->detail = *detail != '\0' ? memory_strdup(detail) : NULL;
    smsc->state = state;
    if (!smsc->told_later && (smsc->in_call || state == SMSC_DEAD)) {
        smsc->told_later = true;
        loop_post(smsc->loop, tell_state, smsc);
    } else if (!smsc->told_later && smsc->events->state != NULL) {
        smsc->events->state(smsc->owner, state);
    }
}

void smsc_set_fact(struct smsc *smsc, enum smsc_fact fact, struct slice value)
{
    free(smsc->facts[fact]);
    smsc->facts[fact] = value.len > 0 ? slice_to_str(value) : NULL;
    if (fact == SMSC_FACT_ICCID || (fact == SMSC_FACT_IMSI && smsc->facts[SMSC_FACT_ICCID] == NULL))
        restraint_set_sim(smsc->restraint, value);
}

void smsc_count(struct smsc *smsc, enum smsc_tally tally, unsigned times)
{
    smsc->tallies[tally] += times;
}

void smsc_accepted(struct smsc *smsc, struct smsc_submit *submit, struct slice foreign_id,
                   struct slice text, struct slice meta_data)
{
    note_answered(smsc);
    count_sent(smsc);
    smsc->events->accepted(smsc->owner, submit, foreign_id, text, meta_data);
    tell_ready(smsc);
}

void smsc_failed(struct smsc *smsc, struct smsc_submit *submit, enum smsc_failure failure,
                 struct slice text, struct slice meta_data)
{
    note_answered(smsc);
    if (failure == SMSC_UNCERTAIN)
        count_sent(smsc); /* it may have been paid for */
    smsc->events->failed(smsc->owner, submit, failure, text, meta_data);
    tell_ready(smsc);
}

static void append_with_length(struct bytes *to, struct slice octets)
{
    bytes_printf(to, "%zu:", octets.len);
    bytes_append_slice(to, octets);
}

/* Several modems may have one smsc-id, and each its own SIM: the device tells
 * them apart. */
static struct uuid identity_of(const struct smsc *smsc, const struct sms *sms)
{
    struct bytes text = {0};

    append_with_length(&text, slice_str(smsc->name));
    append_with_length(&text, slice_str(conf_string(smsc->group, "device")));
    append_with_length(&text, sms->sender);
    append_with_length(&text, sms->receiver);
    append_with_length(&text, sms->udhdata);
    append_with_length(&text, sms->msgdata);
    bytes_printf(&text, "%lld:%d:%d", (long long)sms->time, (int)sms->coding, (int)sms->pid);
    struct uuid id = uuid_of(bytes_slice(&text));
    bytes_free(&text);
    return id;
}

void smsc_received(struct smsc *smsc, const struct sms *given, smsc_stored_fn *stored, void *arg)
{
    struct sms sms = *given;
    struct message *message;

    sms.sms_type = SMS_MO;
    if (uuid_is_nil(&sms.id))
        sms.id = sms.time != SMS_UNSET ? identity_of(smsc, &sms) : uuid_generate();
    if (sms.time == SMS_UNSET)
        sms.time = clock_wall();
    if (!slice_is_set(sms.smsc_id) && smsc->id != NULL)
        sms.smsc_id = slice_str(smsc->id);
    if (!slice_is_set(sms.msgdata))
        sms.msgdata = slice_str("");
    message = message_create(&sms);
    smsc->events->received(smsc->owner, message, stored, arg);
    message_unref(message);
}

void smsc_reported(struct smsc *smsc, const struct smsc_report *report, smsc_stored_fn *stored,
                   void *arg)
{
    smsc->events->reported(smsc->owner, report, stored, arg);
}
