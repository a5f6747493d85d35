/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smsc_owner - see smsc_owner.h.
 */
#include "test/support/smsc_owner.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "gw/conf/schema.h"

#define DEADLINE_MS 10000
#define LOOK_MS     1

static size_t number_of(const struct owner *owner, const struct smsc_submit *submit)
{
    return (size_t)(submit - owner->submits) + 1;
}

static void log_slice(struct owner *owner, const char *name, struct slice value)
{
    bytes_printf(&owner->log, " %s=%.*s", name, (int)value.len, (const char *)value.data);
}

static void on_state(void *arg, enum smsc_state state)
{
    struct owner *owner = arg;

    bytes_printf(&owner->log, "state %s (%s)\n", smsc_state_name(state), smsc_detail(owner->smsc));
    if (state == SMSC_DEAD && owner->free_when_dead) {
        smsc_free(owner->smsc);
        owner->smsc = NULL;
    }
}

static void on_ready(void *arg)
{
    struct owner *owner = arg;

    bytes_append_str(&owner->log, "ready\n");
}

static void on_accepted(void *arg, struct smsc_submit *submit, struct slice id, struct slice text,
                        struct slice meta)
{
    struct owner *owner = arg;

    owner->accepted++;
    bytes_printf(&owner->log, "accepted %zu", number_of(owner, submit));
    log_slice(owner, "id", id);
    log_slice(owner, "text", text);
    log_slice(owner, "meta", meta);
    bytes_append_char(&owner->log, '\n');
    message_unref(submit->message);
    submit->message = NULL;
}

static void on_failed(void *arg, struct smsc_submit *submit, enum smsc_failure failure,
                      struct slice text, struct slice meta)
{
    static const char *const names[] = {"temporary", "permanent", "uncertain"};
    struct owner *owner = arg;

    owner->failed++;
    bytes_printf(&owner->log, "failed %zu %s", number_of(owner, submit), names[failure]);
    log_slice(owner, "text", text);
    log_slice(owner, "meta", meta);
    bytes_append_char(&owner->log, '\n');
    message_unref(submit->message);
    submit->message = NULL;
}

static void store(struct owner *owner, smsc_stored_fn *stored, void *arg)
{
    if (!owner->holds) {
        stored(true, arg);
        return;
    }
    assert_true(owner->held_count < OWNER_STORED_MAX);
    owner->held[owner->held_count++] = (struct owner_stored){stored, arg};
}

static void on_received(void *arg, struct message *message, smsc_stored_fn *stored,
                        void *stored_arg)
{
    struct owner *owner = arg;
    const struct sms *sms = message_sms(message);

    owner->received++;
    message_unref(owner->last);
    owner->last = message_ref(message);
    bytes_printf(&owner->log, "received %.*s->%.*s %.*s\n", (int)sms->sender.len,
                 (const char *)sms->sender.data, (int)sms->receiver.len,
                 (const char *)sms->receiver.data, (int)sms->msgdata.len,
                 (const char *)sms->msgdata.data);
    store(owner, stored, stored_arg);
}

static void on_reported(void *arg, const struct smsc_report *report, smsc_stored_fn *stored,
                        void *stored_arg)
{
    struct owner *owner = arg;

    owner->reported++;
    bytes_printf(&owner->log, "reported %.*s %d %.*s", (int)report->foreign_id.len,
                 (const char *)report->foreign_id.data, (int)report->event, (int)report->text.len,
                 (const char *)report->text.data);
    log_slice(owner, "meta", report->meta_data);
    log_slice(owner, "account", report->account);
    bytes_append_char(&owner->log, '\n');
    store(owner, stored, stored_arg);
}

static const struct smsc_events events = {on_state,  on_ready,    on_accepted,
                                          on_failed, on_received, on_reported};

/* --- life ------------------------------------------------------------------------- */

static struct conf *read_conf(const char *variables, const char *more,
                              struct conf_problems *problems)
{
    struct bytes text = {0};
    struct conf *conf;

    bytes_printf(&text, "group = core\nadmin-port = 1\n\ngroup = smsc\n%s\n\n%s\n", variables,
                 more != NULL ? more : "");
    conf = conf_parse(bytes_slice(&text), "test.conf", schema_get(), problems);
    bytes_free(&text);
    return conf;
}

void owner_create(struct owner *owner, const char *variables, const char *more)
{
    struct conf_problems problems = {0};

    *owner = (struct owner){.loop = loop_create()};
    owner->conf = read_conf(variables, more, &problems);
    owner->smsc =
        smsc_create(owner->loop, conf_first(owner->conf, "smsc"), &events, owner, &problems);
    if (problems.errors > 0)
        fail_msg("%s", problems.items[0].text);
    assert_non_null(owner->smsc);
    conf_problems_free(&problems);
}

char *owner_mistakes(const char *variables, const char *more)
{
    struct conf_problems problems = {0};
    struct loop *loop = loop_create();
    struct conf *conf = read_conf(variables, more, &problems);
    struct smsc *smsc = smsc_create(loop, conf_first(conf, "smsc"), &events, NULL, &problems);
    struct bytes text = {0};

    assert_true((smsc == NULL) == (problems.errors > 0));
    for (size_t i = 0; i < problems.count; i++)
        bytes_printf(&text, "%s\n", problems.items[i].text);
    smsc_free(smsc);
    conf_problems_free(&problems);
    conf_free(conf);
    loop_destroy(loop);
    return bytes_take(&text);
}

static bool is_over(struct owner *owner, void *arg)
{
    (void)arg;
    return owner->smsc == NULL || smsc_state(owner->smsc) == SMSC_DEAD;
}

void owner_destroy(struct owner *owner)
{
    if (owner->smsc != NULL)
        smsc_stop(owner->smsc);
    owner_run_until(owner, is_over, NULL);
    assert_int_equal(owner->accepted + owner->failed, owner->submit_count);
    smsc_free(owner->smsc);
    owner->smsc = NULL;
    owner_store(owner, true); /* after its end: must be harmless */
    loop_destroy(owner->loop);
    conf_free(owner->conf);
    message_unref(owner->last);
    bytes_free(&owner->log);
}

/* --- waiting ------------------------------------------------------------------------ */

struct look {
    struct owner *owner;
    owner_condition_fn *condition;
    void *arg;
    int64_t deadline;
    struct loop_timer *timer;
    bool holds;
};

static void take_look(void *arg)
{
    struct look *look = arg;

    look->holds = look->condition(look->owner, look->arg);
    if (look->holds || loop_now(look->owner->loop) >= look->deadline)
        loop_stop(look->owner->loop);
    else
        loop_timer_set(look->timer, LOOK_MS);
}

static bool run(struct owner *owner, owner_condition_fn *condition, void *arg, int ms)
{
    struct look look = {owner, condition, arg, loop_now(owner->loop) + ms, NULL, false};

    look.timer = loop_timer_create(owner->loop, take_look, &look);
    loop_timer_set(look.timer, 0);
    loop_run(owner->loop);
    loop_timer_free(look.timer);
    return look.holds;
}

void owner_run_until(struct owner *owner, owner_condition_fn *condition, void *arg)
{
    if (!run(owner, condition, arg, DEADLINE_MS))
        fail_msg("it did not come; there was:\n%s", bytes_str(&owner->log));
}

static bool never(struct owner *owner, void *arg)
{
    (void)owner;
    (void)arg;
    return false;
}

void owner_run_ms(struct owner *owner, int ms)
{
    run(owner, never, NULL, ms);
}

bool owner_saw(const struct owner *owner, const char *text)
{
    return strstr(bytes_str(&owner->log), text) != NULL;
}

static bool saw(struct owner *owner, void *text)
{
    return owner_saw(owner, text);
}

void owner_wait(struct owner *owner, const char *text)
{
    if (!run(owner, saw, (void *)(uintptr_t)text, DEADLINE_MS))
        fail_msg("'%s' did not come; there was:\n%s", text, bytes_str(&owner->log));
}

static bool has_state(struct owner *owner, void *state)
{
    return smsc_state(owner->smsc) == *(enum smsc_state *)state;
}

void owner_wait_state(struct owner *owner, enum smsc_state state)
{
    owner_run_until(owner, has_state, &state);
}

static bool has_answers(struct owner *owner, void *count)
{
    return owner->accepted + owner->failed >= *(size_t *)count;
}

void owner_wait_answers(struct owner *owner, size_t count)
{
    owner_run_until(owner, has_answers, &count);
}

void owner_forget(struct owner *owner)
{
    bytes_clear(&owner->log);
}

/* --- acting ------------------------------------------------------------------------- */

size_t owner_send(struct owner *owner, const struct sms *sms, bool want_report)
{
    struct smsc_submit *submit = &owner->submits[owner->submit_count++];
    size_t answered = owner->accepted + owner->failed;

    assert_true(owner->submit_count <= OWNER_SUBMITS_MAX);
    assert_true(smsc_has_room(owner->smsc));
    submit->message = message_create(sms);
    submit->part = submit->parts = 1;
    submit->want_report = want_report;
    smsc_send(owner->smsc, submit);
    assert_int_equal(owner->accepted + owner->failed, answered); /* never from inside */
    return owner->submit_count;
}

size_t owner_send_text(struct owner *owner, const char *text)
{
    struct sms sms = sms_blank();

    sms.sender = slice_str("999");
    sms.receiver = slice_str("3581");
    sms.msgdata = slice_str(text);
    sms.id = uuid_generate();
    return owner_send(owner, &sms, false);
}

void owner_store(struct owner *owner, bool stored)
{
    size_t count = owner->held_count;
    struct owner_stored held[OWNER_STORED_MAX];

    memcpy(held, owner->held, sizeof held);
    owner->held_count = 0;
    for (size_t i = 0; i < count; i++)
        held[i].stored(stored, held[i].arg);
}

int owner_free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    close(fd);
    return ntohs(address.sin_port);
}
