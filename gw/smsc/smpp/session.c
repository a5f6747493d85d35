/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SMPP sessions: see session.h.
 *
 * The state moves forward only: connecting, binding, bound, unbinding, over. One
 * timer serves them all: the answer to bind and unbind has its time, and a bound
 * session looks after its silence when the earliest of its deadlines has come.
 *
 * Each PDU is copied out of the connection's buffer before it is looked at,
 * because whoever gets it may write to the connection or close the session.
 */
#include "gw/smsc/smpp/session.h"

#include <stdio.h>
#include <stdlib.h>

#include "gwlib/memory.h"
#include "gwlib/net.h"

#define BIND_TIMEOUT_MS   30000
#define UNBIND_TIMEOUT_MS 2000
#define SEQUENCE_MAX      0x7FFFFFFFu

enum state { CONNECTING, BINDING, BOUND, UNBINDING, OVER };

struct smpp_session {
    struct smsc *smsc;
    const struct smpp_settings *settings;
    uint32_t bind_command;
    const struct smpp_session_events *events;
    void *arg;
    struct net_conn *conn;
    enum state state;
    struct loop_timer *timer;
    int64_t heard_ms;    /* when something came last */
    int64_t enquired_ms; /* when we asked last, or heard_ms */
    uint32_t sequence;   /* of our last request */
    uint64_t written;    /* octets */
    bool paused;
    bool reading; /* inside read_pdus(): closing waits */
    bool closed;
    bool graceful; /* unbind was said: what is queued still goes out */
    struct bytes in, out;
};

static int64_t now_ms(const struct smpp_session *session)
{
    return loop_now(smsc_loop(session->smsc));
}

/* --- the end ---------------------------------------------------------------------- */

static void release(struct smpp_session *session)
{
    loop_timer_free(session->timer);
    bytes_free(&session->in);
    bytes_free(&session->out);
    free(session);
}

void smpp_session_close(struct smpp_session *session)
{
    if (session == NULL || session->closed)
        return;
    session->state = OVER;
    session->closed = true;
    loop_timer_cancel(session->timer);
    if (session->graceful)
        net_conn_finish(session->conn);
    else
        net_conn_close(session->conn);
    session->conn = NULL;
    if (!session->reading)
        release(session);
}

/* The last thing a function does. */
static void end(struct smpp_session *session, const char *reason)
{
    if (session->state == OVER)
        return;
    session->state = OVER;
    loop_timer_cancel(session->timer);
    session->events->ended(reason, session->arg);
}

/* --- the log ------------------------------------------------------------------------ */

static void log_lines(struct smpp_session *session, struct slice text)
{
    struct slice line;

    while (slice_next_item(&text, '\n', &line))
        if (line.len > 0)
            smsc_log(session->smsc, LOG_LEVEL_DEBUG, "SMSC <%s>:   %.*s", smsc_name(session->smsc),
                     (int)line.len, (const char *)line.data);
}

static void log_pdu(struct smpp_session *session, const char *what, const struct smpp_pdu *pdu)
{
    bool one_line = session->settings->one_line_log;
    struct bytes text = {0};

    if (!smsc_logs(session->smsc, LOG_LEVEL_DEBUG))
        return;
    smpp_pdu_print(&text, pdu, one_line ? ", " : "\n");
    if (one_line) {
        smsc_log(session->smsc, LOG_LEVEL_DEBUG, "SMSC <%s>: %s %s", smsc_name(session->smsc), what,
                 bytes_str(&text));
    } else {
        smsc_log(session->smsc, LOG_LEVEL_DEBUG, "SMSC <%s>: %s PDU:", smsc_name(session->smsc),
                 what);
        log_lines(session, bytes_slice(&text));
    }
    bytes_free(&text);
}

/* --- sending -------------------------------------------------------------------------- */

static void send_pdu(struct smpp_session *session, const struct smpp_pdu *pdu)
{
    log_pdu(session, "sends", pdu);
    bytes_clear(&session->out);
    smpp_pdu_pack(&session->out, pdu);
    session->written += session->out.len;
    net_conn_write(session->conn, bytes_slice(&session->out));
}

uint32_t smpp_session_request(struct smpp_session *session, struct smpp_pdu *pdu)
{
    session->sequence = session->sequence < SEQUENCE_MAX ? session->sequence + 1 : 1;
    pdu->sequence = session->sequence;
    send_pdu(session, pdu);
    return pdu->sequence;
}

void smpp_session_respond(struct smpp_session *session, uint32_t command, uint32_t status,
                          uint32_t sequence)
{
    struct smpp_pdu pdu = smpp_pdu_blank(command | SMPP_RESPONSE, sequence);

    pdu.status = status;
    send_pdu(session, &pdu);
}

static void send_bare_request(struct smpp_session *session, uint32_t command)
{
    struct smpp_pdu pdu = smpp_pdu_blank(command, 0);

    smpp_session_request(session, &pdu);
}

uint64_t smpp_session_written(const struct smpp_session *session)
{
    return session->written;
}

uint64_t smpp_session_flushed(const struct smpp_session *session)
{
    return session->graceful ? session->written : session->written - net_conn_unsent(session->conn);
}

/* --- silence ---------------------------------------------------------------------------- */

static int64_t or_never(int64_t since, long seconds)
{
    return seconds > 0 ? since + seconds * 1000 : INT64_MAX;
}

static int64_t enquiry_due(const struct smpp_session *session)
{
    return or_never(session->enquired_ms, session->settings->enquire_s);
}

static int64_t timeout_due(const struct smpp_session *session)
{
    return or_never(session->heard_ms, session->settings->timeout_s);
}

static void watch_silence(struct smpp_session *session)
{
    int64_t enquiry = enquiry_due(session), timeout = timeout_due(session);
    int64_t due = enquiry < timeout ? enquiry : timeout;

    if (due < INT64_MAX)
        loop_timer_set(session->timer, due - now_ms(session));
}

static void note_heard(struct smpp_session *session)
{
    session->heard_ms = session->enquired_ms = now_ms(session);
}

static void look_after_silence(struct smpp_session *session)
{
    char reason[64];

    if (session->paused)
        note_heard(session);
    if (timeout_due(session) <= now_ms(session)) {
        snprintf(reason, sizeof reason, "nothing heard for %ld s", session->settings->timeout_s);
        end(session, reason);
        return;
    }
    if (enquiry_due(session) <= now_ms(session)) {
        send_bare_request(session, SMPP_ENQUIRE_LINK);
        session->enquired_ms = now_ms(session);
    }
    watch_silence(session);
}

static void time_is_up(void *arg)
{
    struct smpp_session *session = arg;

    if (session->state == BOUND)
        look_after_silence(session);
    else
        end(session, session->state == UNBINDING ? "unbound" : "no answer to the bind");
}

/* --- binding ------------------------------------------------------------------------------ */

static void on_connected(struct net_conn *conn, void *arg)
{
    struct smpp_session *session = arg;
    const struct smpp_settings *settings = session->settings;
    struct smpp_pdu pdu = smpp_pdu_blank(session->bind_command, 0);

    (void)conn;
    pdu.bind.system_id = slice_str(settings->username);
    pdu.bind.password = slice_str(settings->password);
    pdu.bind.system_type = slice_str(settings->system_type);
    pdu.bind.interface_version = settings->version;
    pdu.bind.addr_ton = settings->bind_ton;
    pdu.bind.addr_npi = settings->bind_npi;
    pdu.bind.address_range = slice_str(settings->address_range);
    session->state = BINDING;
    loop_timer_set(session->timer, BIND_TIMEOUT_MS);
    smpp_session_request(session, &pdu);
}

static void bind_answered(struct smpp_session *session, const struct smpp_pdu *pdu)
{
    char reason[128];

    if (pdu->status == SMPP_ESME_ROK) {
        session->state = BOUND;
        watch_silence(session);
        session->events->bound(session->arg);
        return;
    }
    snprintf(reason, sizeof reason, "bind refused: 0x%08x/%s", (unsigned)pdu->status,
             smpp_status_text(pdu->status));
    end(session, reason);
}

bool smpp_session_is_bound(const struct smpp_session *session)
{
    return session != NULL && session->state == BOUND;
}

void smpp_session_unbind(struct smpp_session *session)
{
    session->state = UNBINDING;
    session->graceful = true;
    loop_timer_set(session->timer, UNBIND_TIMEOUT_MS);
    send_bare_request(session, SMPP_UNBIND);
}

/* --- receiving ------------------------------------------------------------------------------ */

static void refuse_unknown(struct smpp_session *session, const struct smpp_pdu *pdu)
{
    static struct log_limit limit;
    struct smpp_pdu nack = smpp_pdu_blank(SMPP_GENERIC_NACK, pdu->sequence);

    log_limited(&limit, LOG_LEVEL_WARNING, "SMSC <%s>: unknown command 0x%08x",
                smsc_name(session->smsc), (unsigned)pdu->command);
    if ((pdu->command & SMPP_RESPONSE) != 0)
        return;
    nack.status = SMPP_ESME_RINVCMDID;
    send_pdu(session, &nack);
}

static void handle_before_bound(struct smpp_session *session, const struct smpp_pdu *pdu)
{
    if (pdu->command == (session->bind_command | SMPP_RESPONSE) ||
        pdu->command == SMPP_GENERIC_NACK)
        bind_answered(session, pdu);
}

static void handle(struct smpp_session *session, const struct smpp_pdu *pdu)
{
    log_pdu(session, "got", pdu);
    switch (pdu->command) {
    case SMPP_ENQUIRE_LINK:
        smpp_session_respond(session, pdu->command, SMPP_ESME_ROK, pdu->sequence);
        return;
    case SMPP_ENQUIRE_LINK | SMPP_RESPONSE:
    case SMPP_ALERT_NOTIFICATION:
        return;
    case SMPP_UNBIND:
        smpp_session_respond(session, pdu->command, SMPP_ESME_ROK, pdu->sequence);
        session->graceful = true;
        end(session, "unbound by the SMSC");
        return;
    case SMPP_UNBIND | SMPP_RESPONSE:
        if (session->state == UNBINDING)
            end(session, "unbound");
        return;
    default:
        break;
    }
    if (!smpp_pdu_known(pdu))
        refuse_unknown(session, pdu);
    else if (session->state == BINDING)
        handle_before_bound(session, pdu);
    else
        session->events->received(pdu, session->arg);
}

/* Damaged but whole: the next one may be good. */
static void refuse_damaged(struct smpp_session *session, const struct smpp_pdu *pdu,
                           const char *fault)
{
    static struct log_limit limit;
    struct smpp_pdu nack = smpp_pdu_blank(SMPP_GENERIC_NACK, pdu->sequence);

    log_limited(&limit, LOG_LEVEL_WARNING, "SMSC <%s>: a PDU (%s) %s, refused",
                smsc_name(session->smsc), smpp_command_name(pdu->command), fault);
    if ((pdu->command & SMPP_RESPONSE) != 0)
        return;
    nack.status = SMPP_ESME_RINVCMDLEN;
    send_pdu(session, &nack);
}

/* The next whole PDU into session->in; false when there is none. */
static bool take_pdu(struct smpp_session *session)
{
    uint32_t len = smpp_pdu_length(net_conn_peek(session->conn, 4));

    if (net_conn_available(session->conn) < 4)
        return false;
    if (len < SMPP_HEADER_LEN || len > SMPP_LENGTH_MAX) {
        end(session, "what came is not SMPP");
        return false;
    }
    if (net_conn_available(session->conn) < len)
        return false;
    bytes_clear(&session->in);
    bytes_append_slice(&session->in, net_conn_peek(session->conn, len));
    net_conn_consume(session->conn, len);
    return true;
}

/* False when the session is gone. */
static bool read_pdus(struct smpp_session *session)
{
    bool closed;

    if (session->reading)
        return true;
    session->reading = true;
    while (session->state != OVER && !session->paused && take_pdu(session)) {
        const char *fault = NULL;
        struct smpp_pdu pdu;

        note_heard(session);
        if (smpp_pdu_unpack(bytes_slice(&session->in), &pdu, &fault))
            handle(session, &pdu);
        else
            refuse_damaged(session, &pdu, fault);
    }
    session->reading = false;
    closed = session->closed;
    if (closed)
        release(session);
    return !closed;
}

static void on_readable(struct net_conn *conn, void *arg)
{
    (void)conn;
    read_pdus(arg);
}

void smpp_session_pause(struct smpp_session *session, bool paused)
{
    if (session->state == OVER || session->paused == paused)
        return;
    session->paused = paused;
    net_conn_pause(session->conn, paused);
    if (!paused)
        read_pdus(session);
}

/* --- the connection ----------------------------------------------------------------------------
 */

static void on_closed(struct net_conn *conn, const char *reason, void *arg)
{
    struct smpp_session *session = arg;

    (void)conn;
    session->paused = false; /* answers may wait in what came before the end */
    if (read_pdus(session))
        end(session, session->state == UNBINDING ? "unbound" : reason);
}

static const struct net_conn_events conn_events = {
    .connected = on_connected,
    .readable = on_readable,
    .closed = on_closed,
};

struct smpp_session *smpp_session_open(struct smsc *smsc, const struct smpp_settings *settings,
                                       int port, uint32_t bind_command,
                                       const struct smpp_session_events *events, void *arg)
{
    struct smpp_session *session = memory_zalloc(1, sizeof *session);
    struct net_target target = {
        .host = settings->host,
        .port = port,
        .local_host = settings->our_host,
        .tls = settings->tls,
    };

    session->smsc = smsc;
    session->settings = settings;
    session->bind_command = bind_command;
    session->events = events;
    session->arg = arg;
    session->state = CONNECTING;
    session->timer = loop_timer_create(smsc_loop(smsc), time_is_up, session);
    note_heard(session);
    session->conn = net_conn_open(smsc_loop(smsc), &target, &conn_events, session);
    return session;
}
