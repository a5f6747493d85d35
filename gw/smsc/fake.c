/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fake - smsc = fake: an SMSC made of text lines, for tests (doc/kannel.conf.5;
 * the lines: fake_line.h).
 *
 * The bearerbox listens; one client at a time is the SMSC. A message counts as
 * accepted when the kernel has taken its line; if the client leaves before, it
 * goes back. Who asked for it gets the report "delivered".
 *
 * What comes in and could not be stored is offered again every second, and
 * nothing is read meanwhile: the protocol has no way to refuse. The lines that a
 * client sent before it left are still taken.
 */
#include <stdlib.h>
#include <string.h>

#include "gw/smsc/fake_line.h"
#include "gw/smsc/smsc.h"
#include "gwlib/clock.h"
#include "gwlib/memory.h"
#include "gwlib/net.h"

#define WINDOW       1000 /* MT whose line is not out yet */
#define MAX_INCOMING 1000 /* MO and reports that are not stored yet */
#define MAX_LINE     (64 * 1024)
#define RETRY_MS     1000

/* A submit whose line is in the output buffer. */
struct written {
    struct smsc_submit *submit;
    uint64_t end; /* octets written to the client when it was */
    struct written *next;
};

/* A line of the client, or a report, on its way to the store. */
struct incoming {
    struct fake *fake;
    struct message *message; /* NULL: the report "delivered" about `id` */
    char id[UUID_TEXT_LEN + 1];
    struct incoming *next;
};

struct fake {
    struct smsc *smsc; /* NULL when freed: the store still has incoming */
    const struct conf_group *group;
    int port;
    struct acl *acl;
    struct net_listener *listener;
    struct loop_timer *listen_again;
    struct net_conn *conn; /* the client, or NULL */
    bool ended;            /* it has gone; its last lines are still taken */
    bool receiving;
    bool reading;             /* inside read_lines() */
    size_t under_way;         /* incoming at the store */
    struct incoming *refused; /* to be offered again */
    struct loop_timer *retry;
    struct bytes line, out;
    struct fake_line_scratch scratch;
    uint64_t octets; /* written to this client */
    struct written *first, **last;
};

static void read_lines(struct fake *fake);

/* --- to the store --------------------------------------------------------------------- */

static struct incoming *incoming_create(struct fake *fake)
{
    struct incoming *incoming = memory_zalloc(1, sizeof *incoming);

    incoming->fake = fake;
    return incoming;
}

static void incoming_free(struct incoming *incoming)
{
    message_unref(incoming->message);
    free(incoming);
}

static void release(struct fake *fake)
{
    if (fake->under_way == 0)
        free(fake);
}

static void keep_refused(struct fake *fake, struct incoming *incoming)
{
    incoming->next = fake->refused;
    fake->refused = incoming;
    loop_timer_set(fake->retry, RETRY_MS);
}

static void on_stored(bool stored, void *arg)
{
    struct incoming *incoming = arg;
    struct fake *fake = incoming->fake;

    fake->under_way--;
    if (fake->smsc != NULL && !stored) {
        keep_refused(fake, incoming);
        return;
    }
    incoming_free(incoming);
    if (fake->smsc == NULL)
        release(fake);
    else
        read_lines(fake);
}

static void offer_report(struct incoming *incoming)
{
    struct smsc_report report = {
        .foreign_id = slice_of(incoming->id, UUID_TEXT_LEN),
        .event = DLR_DELIVERED,
        .text = slice_str(""),
        .time = clock_wall(),
    };

    smsc_reported(incoming->fake->smsc, &report, on_stored, incoming);
}

static void offer(struct incoming *incoming)
{
    struct fake *fake = incoming->fake;

    fake->under_way++;
    if (incoming->message != NULL)
        smsc_received(fake->smsc, message_sms(incoming->message), on_stored, incoming);
    else
        offer_report(incoming);
}

static void retry(void *arg)
{
    struct fake *fake = arg;
    struct incoming *list = fake->refused;

    fake->refused = NULL;
    while (list != NULL) {
        struct incoming *incoming = list;

        list = incoming->next;
        offer(incoming);
    }
}

/* --- to the client ---------------------------------------------------------------------- */

static void fake_send(void *arg, struct smsc_submit *submit)
{
    struct fake *fake = arg;
    struct written *written = memory_zalloc(1, sizeof *written);

    bytes_clear(&fake->out);
    fake_line_compose(&fake->out, message_sms(submit->message));
    net_conn_write(fake->conn, bytes_slice(&fake->out));
    fake->octets += fake->out.len;
    written->submit = submit;
    written->end = fake->octets;
    *fake->last = written;
    fake->last = &written->next;
}

/* There is no network behind: what was taken is delivered. */
static void accept_one(struct fake *fake, struct smsc_submit *submit)
{
    struct incoming *report = submit->want_report ? incoming_create(fake) : NULL;
    char id[UUID_TEXT_LEN + 1];

    uuid_format(&message_sms(submit->message)->id, id);
    if (report != NULL)
        memcpy(report->id, id, sizeof id);
    smsc_accepted(fake->smsc, submit, slice_of(id, UUID_TEXT_LEN), slice_unset(), slice_unset());
    if (report != NULL)
        offer(report);
}

/* Answers all that waits; the kernel has taken so many octets. Answering one may
 * bring new submits: those wait for the next time. */
static void settle(struct fake *fake, uint64_t flushed)
{
    struct written *list = fake->first;

    fake->first = NULL;
    fake->last = &fake->first;
    while (list != NULL) {
        struct written *written = list;

        list = written->next;
        if (written->end <= flushed)
            accept_one(fake, written->submit);
        else
            smsc_failed(fake->smsc, written->submit, SMSC_TEMPORARY, slice_str("the client left"),
                        slice_unset());
        free(written);
    }
}

static void on_drained(struct net_conn *conn, void *arg)
{
    struct fake *fake = arg;

    (void)conn;
    settle(fake, fake->octets);
}

/* --- from the client ---------------------------------------------------------------------- */

static void take_line(struct fake *fake, struct slice line)
{
    static struct log_limit limit;
    struct incoming *incoming;
    struct sms sms;

    if (line.len > MAX_LINE || !fake_line_parse(&sms, line, &fake->scratch)) {
        log_limited(&limit, LOG_LEVEL_WARNING, "SMSC <%s>: a line that is no message, left out",
                    smsc_name(fake->smsc));
        return;
    }
    incoming = incoming_create(fake);
    incoming->message = message_create(&sms);
    offer(incoming);
}

/* What was refused holds up the lines behind it: they would be refused too. */
static bool may_take(const struct fake *fake)
{
    return fake->receiving && fake->refused == NULL && fake->under_way < MAX_INCOMING;
}

static void let_client_go(struct fake *fake)
{
    net_conn_close(fake->conn);
    fake->conn = NULL;
    fake->ended = false;
    net_listener_pause(fake->listener, false);
}

/* Lines as far as they may be taken now; the rest stays where it is. Taking one
 * may end in here again. */
static void read_lines(struct fake *fake)
{
    bool more = true;

    if (fake->reading || fake->conn == NULL)
        return;
    fake->reading = true;
    while (fake->conn != NULL && may_take(fake) &&
           (more = net_conn_read_line(fake->conn, &fake->line)))
        take_line(fake, bytes_slice(&fake->line));
    fake->reading = false;
    if (fake->conn == NULL)
        return;
    if (fake->ended && !more)
        let_client_go(fake);
    else
        net_conn_pause(fake->conn, !may_take(fake));
}

/* What had gone out counts, what had not can go again; the lines that it sent
 * before are still taken. */
static void lose_client(struct fake *fake, const char *reason)
{
    uint64_t flushed = fake->octets - net_conn_unsent(fake->conn);

    smsc_log(fake->smsc, LOG_LEVEL_INFO, "SMSC <%s>: the client has gone: %s",
             smsc_name(fake->smsc), reason);
    fake->ended = true;
    smsc_set_state(fake->smsc, SMSC_RECONNECTING, NULL);
    settle(fake, flushed);
    read_lines(fake);
}

static void on_readable(struct net_conn *conn, void *arg)
{
    struct fake *fake = arg;

    read_lines(fake);
    if (fake->conn == conn && may_take(fake) && net_conn_available(conn) > MAX_LINE)
        lose_client(fake, "it sent a line without end");
}

static void on_closed(struct net_conn *conn, const char *reason, void *arg)
{
    (void)conn;
    lose_client(arg, reason);
}

static const struct net_conn_events conn_events = {
    .readable = on_readable,
    .drained = on_drained,
    .closed = on_closed,
};

/* One client at a time: the next ones wait in the backlog. */
static void on_accept(struct net_conn *conn, void *arg)
{
    struct fake *fake = arg;

    if (fake->conn != NULL) {
        net_conn_close(conn);
        return;
    }
    fake->conn = conn;
    fake->octets = 0;
    net_conn_set_events(conn, &conn_events, fake);
    net_listener_pause(fake->listener, true);
    smsc_log(fake->smsc, LOG_LEVEL_INFO, "SMSC <%s>: client connected from %s",
             smsc_name(fake->smsc), net_conn_peer(conn));
    smsc_set_state(fake->smsc, SMSC_ONLINE, NULL);
    read_lines(fake);
}

/* --- the driver --------------------------------------------------------------------------- */

static void fake_free(void *arg)
{
    struct fake *fake = arg;

    loop_timer_free(fake->retry);
    loop_timer_free(fake->listen_again);
    while (fake->refused != NULL) {
        struct incoming *incoming = fake->refused;

        fake->refused = incoming->next;
        incoming_free(incoming);
    }
    acl_free(fake->acl);
    bytes_free(&fake->line);
    bytes_free(&fake->out);
    fake_line_scratch_free(&fake->scratch);
    fake->smsc = NULL;
    release(fake);
}

static bool read_access(struct fake *fake, const struct conf_group *group,
                        struct conf_problems *problems)
{
    const char *allow = conf_string(group, "connect-allow-ip");
    struct bytes error = {0};

    if (allow == NULL)
        return true;
    fake->acl = acl_create_only(allow, &error);
    if (fake->acl == NULL)
        conf_report(problems, CONF_ERROR, group, "connect-allow-ip", "%s", bytes_str(&error));
    bytes_free(&error);
    return fake->acl != NULL;
}

/* A port that is in use now may be free later: then it listens. */
static void listen_to_client(void *arg)
{
    struct fake *fake = arg;
    struct bytes error = {0};
    struct net_listen_options options = {
        .interface = conf_string(fake->group, "our-host"),
        .port = fake->port,
        .acl = fake->acl,
    };

    fake->listener = net_listen(smsc_loop(fake->smsc), &options, on_accept, fake, &error);
    if (fake->listener == NULL) {
        if (strcmp(smsc_detail(fake->smsc), bytes_str(&error)) != 0)
            smsc_log(fake->smsc, LOG_LEVEL_ERROR, "SMSC <%s>: %s", smsc_name(fake->smsc),
                     bytes_str(&error));
        loop_timer_set(fake->listen_again, smsc_reconnect_delay_ms(fake->smsc));
    }
    smsc_set_state(fake->smsc, SMSC_CONNECTING, bytes_str(&error));
    bytes_free(&error);
}

static void *fake_create(struct smsc *smsc, const struct conf_group *group,
                         struct conf_problems *problems)
{
    struct fake *fake = memory_zalloc(1, sizeof *fake);

    fake->smsc = smsc;
    fake->group = group;
    fake->receiving = true;
    fake->last = &fake->first;
    fake->retry = loop_timer_create(smsc_loop(smsc), retry, fake);
    fake->listen_again = loop_timer_create(smsc_loop(smsc), listen_to_client, fake);
    fake->port = (int)conf_number(group, "port");
    if (!conf_is_set(group, "port"))
        conf_report(problems, CONF_ERROR, group, "port",
                    "is missing: where the client of a fake SMSC connects");
    if (!conf_is_set(group, "port") || !read_access(fake, group, problems)) {
        fake_free(fake);
        return NULL;
    }
    smsc_set_name(smsc, "FAKE:%d", fake->port);
    smsc_set_window(smsc, WINDOW);
    return fake;
}

static void fake_start(void *arg)
{
    listen_to_client(arg);
}

static void hang_up(struct fake *fake)
{
    uint64_t unsent = net_conn_unsent(fake->conn);

    if (unsent == 0)
        net_conn_finish(fake->conn); /* so that nothing is lost on the way */
    else
        net_conn_close(fake->conn);
    fake->conn = NULL;
    fake->ended = false;
    settle(fake, fake->octets - unsent);
}

static void fake_stop(void *arg)
{
    struct fake *fake = arg;

    smsc_set_state(fake->smsc, SMSC_DISCONNECTED, NULL);
    loop_timer_cancel(fake->listen_again);
    net_listener_close(fake->listener);
    fake->listener = NULL;
    if (fake->conn != NULL)
        hang_up(fake);
    smsc_set_state(fake->smsc, SMSC_DEAD, NULL);
}

static void fake_set_receiving(void *arg, bool receiving)
{
    struct fake *fake = arg;

    fake->receiving = receiving;
    read_lines(fake);
}

const struct smsc_driver smsc_driver_fake = {
    .type = "fake",
    .create = fake_create,
    .start = fake_start,
    .stop = fake_stop,
    .send = fake_send,
    .set_receiving = fake_set_receiving,
    .free = fake_free,
};
