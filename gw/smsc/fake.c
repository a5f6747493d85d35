/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fake - smsc = fake: an SMSC made of text lines, for tests (doc/kannel.conf.5).
 *
 * The bearerbox listens; one client at a time is the SMSC. Lines end in LF:
 * `sender receiver type rest`. From the client `text T`, `data URLENC`, `ucs2
 * URLENC`, `udh` or `udh-data UDHENC DATAENC`, `udh-text UDHENC TEXT`, `route
 * BOXID TEXT`, `dlr-mask N TEXT`; to the client `text T`, `data URLENC`, `ucs-2
 * URLENC`, `udh UDHENC data DATAENC`. A text with a line break goes as data.
 *
 * A message counts as accepted when the kernel has taken its line; if the client
 * leaves before, it goes back. Who asked for it gets the report "delivered". A
 * line of the client that could not be stored is tried again every second, and
 * nothing is read meanwhile: the protocol has no way to refuse.
 */
#include <stdlib.h>
#include <string.h>

#include "gw/smsc/smsc.h"
#include "gwlib/clock.h"
#include "gwlib/memory.h"
#include "gwlib/net.h"
#include "gwlib/url.h"

#define WINDOW       1000 /* MT whose line is not out yet */
#define MAX_INCOMING 1000 /* MO that are not stored yet */
#define MAX_LINE     (64 * 1024)
#define RETRY_MS     1000

/* A submit whose line is in the output buffer. */
struct written {
    struct smsc_submit *submit;
    struct written *next;
};

/* A line of the client on its way to the store. */
struct incoming {
    struct fake *fake;
    struct message *message;
    struct incoming *next;
};

struct fake {
    struct smsc *smsc;
    const struct conf_group *group;
    int port;
    struct acl *acl;
    struct net_listener *listener;
    struct net_conn *conn; /* the client, or NULL */
    bool receiving;
    size_t under_way;         /* incoming at the store */
    struct incoming *refused; /* to be offered again */
    struct loop_timer *retry;
    struct written *first, **last;
};

/* --- to the client ------------------------------------------------------------------- */

static void append_encoded(struct bytes *line, struct slice octets)
{
    url_encode(line, octets);
}

static bool is_one_line(struct slice text)
{
    return slice_find(text, '\n', 0) == text.len && slice_find(text, '\r', 0) == text.len;
}

static void compose(struct bytes *line, const struct sms *sms)
{
    bytes_append_slice(line, sms->sender);
    bytes_append_char(line, ' ');
    bytes_append_slice(line, sms->receiver);
    if (!slice_is_empty(sms->udhdata)) {
        bytes_append_str(line, " udh ");
        append_encoded(line, sms->udhdata);
        bytes_append_str(line, " data ");
        append_encoded(line, sms->msgdata);
    } else if (sms_coding(sms) == SMS_CODING_UCS2) {
        bytes_append_str(line, " ucs-2 ");
        append_encoded(line, sms->msgdata);
    } else if (sms_coding(sms) == SMS_CODING_8BIT || !is_one_line(sms->msgdata)) {
        bytes_append_str(line, " data ");
        append_encoded(line, sms->msgdata);
    } else {
        bytes_append_str(line, " text ");
        bytes_append_slice(line, sms->msgdata);
    }
    bytes_append_char(line, '\n');
}

static void nothing_to_do(bool stored, void *arg)
{
    (void)stored;
    (void)arg;
}

/* There is no network behind: what was taken is delivered. */
static void report_delivered(struct fake *fake, const struct smsc_report *report)
{
    smsc_reported(fake->smsc, report, nothing_to_do, NULL);
}

static void accept_one(struct fake *fake, struct smsc_submit *submit)
{
    char id[UUID_TEXT_LEN + 1];
    struct smsc_report report = {
        .foreign_id = slice_of(id, UUID_TEXT_LEN),
        .event = DLR_DELIVERED,
        .text = slice_str(""),
        .time = clock_wall(),
    };
    bool wants_report = submit->want_report;

    uuid_format(&message_sms(submit->message)->id, id);
    smsc_accepted(fake->smsc, submit, report.foreign_id, slice_unset(), slice_unset());
    if (wants_report)
        report_delivered(fake, &report);
}

static struct smsc_submit *take_written(struct fake *fake)
{
    struct written *written = fake->first;
    struct smsc_submit *submit;

    if (written == NULL)
        return NULL;
    fake->first = written->next;
    if (fake->first == NULL)
        fake->last = &fake->first;
    submit = written->submit;
    free(written);
    return submit;
}

/* The kernel has everything. Accepting one may bring new ones: those wait for
 * the next time. */
static void on_drained(struct net_conn *conn, void *arg)
{
    struct fake *fake = arg;
    struct written *list = fake->first;

    (void)conn;
    fake->first = NULL;
    fake->last = &fake->first;
    while (list != NULL) {
        struct written *written = list;

        list = written->next;
        accept_one(fake, written->submit);
        free(written);
    }
}

static void give_back_written(struct fake *fake)
{
    struct smsc_submit *submit;

    while ((submit = take_written(fake)) != NULL)
        smsc_failed(fake->smsc, submit, SMSC_TEMPORARY, slice_str("the client left"),
                    slice_unset());
}

static void fake_send(void *arg, struct smsc_submit *submit)
{
    struct fake *fake = arg;
    struct written *written = memory_zalloc(1, sizeof *written);
    struct bytes line = {0};

    written->submit = submit;
    *fake->last = written;
    fake->last = &written->next;
    compose(&line, message_sms(submit->message));
    net_conn_write(fake->conn, bytes_slice(&line));
    bytes_free(&line);
}

/* --- from the client ----------------------------------------------------------------------- */

static void read_lines(struct fake *fake);

static void offer(struct incoming *incoming);

static void incoming_free(struct incoming *incoming)
{
    message_unref(incoming->message);
    free(incoming);
}

static void on_stored(bool stored, void *arg)
{
    struct incoming *incoming = arg;
    struct fake *fake = incoming->fake;

    fake->under_way--;
    if (!stored) {
        incoming->next = fake->refused;
        fake->refused = incoming;
        loop_timer_set(fake->retry, RETRY_MS);
        return;
    }
    incoming_free(incoming);
    if (fake->conn != NULL && fake->refused == NULL)
        read_lines(fake);
}

static void offer(struct incoming *incoming)
{
    incoming->fake->under_way++;
    smsc_received(incoming->fake->smsc, message_sms(incoming->message), on_stored, incoming);
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

/* The next word, up to one blank. */
static struct slice next_word(struct slice *rest)
{
    size_t end = slice_find(*rest, ' ', 0);
    struct slice word = slice_sub(*rest, 0, end);

    *rest = slice_sub(*rest, end + 1, rest->len);
    return word;
}

/* Strings that the message borrows while it is being made. */
struct scratch {
    struct bytes udh, data;
};

static bool set_header(struct sms *sms, struct slice *rest, struct scratch *scratch)
{
    url_decode(&scratch->udh, next_word(rest));
    sms->udhdata = bytes_slice(&scratch->udh);
    return scratch->udh.len > 0;
}

static void set_encoded(struct sms *sms, struct slice rest, struct scratch *scratch, int coding)
{
    url_decode(&scratch->data, rest);
    sms->msgdata = bytes_slice(&scratch->data);
    sms->coding = coding;
}

static void set_text(struct sms *sms, struct slice text)
{
    sms->msgdata = text;
    sms->coding = SMS_CODING_7BIT;
}

static bool set_content(struct sms *sms, struct slice type, struct slice rest,
                        struct scratch *scratch)
{
    long mask;

    if (slice_equal_str(type, "text")) {
        set_text(sms, rest);
    } else if (slice_equal_str(type, "data")) {
        set_encoded(sms, rest, scratch, SMS_CODING_8BIT);
    } else if (slice_equal_str(type, "ucs2") || slice_equal_str(type, "ucs-2")) {
        set_encoded(sms, rest, scratch, SMS_CODING_UCS2);
    } else if (slice_equal_str(type, "udh") || slice_equal_str(type, "udh-data")) {
        if (!set_header(sms, &rest, scratch))
            return false;
        set_encoded(sms, rest, scratch, SMS_CODING_8BIT);
    } else if (slice_equal_str(type, "udh-text")) {
        if (!set_header(sms, &rest, scratch))
            return false;
        set_text(sms, rest);
    } else if (slice_equal_str(type, "route")) {
        sms->boxc_id = next_word(&rest);
        set_text(sms, rest);
    } else if (slice_equal_str(type, "dlr-mask")) {
        if (!slice_to_number(next_word(&rest), 0, 127, &mask))
            return false;
        sms->dlr_mask = (int32_t)mask;
        sms->msgdata = rest;
    } else {
        return false;
    }
    return true;
}

static bool parse(struct sms *sms, struct slice line, struct scratch *scratch)
{
    struct slice type;

    *sms = sms_blank();
    sms->sender = next_word(&line);
    sms->receiver = next_word(&line);
    type = next_word(&line);
    return sms->sender.len > 0 && sms->receiver.len > 0 && set_content(sms, type, line, scratch);
}

static void take_line(struct fake *fake, struct slice line)
{
    static struct log_limit limit;
    struct scratch scratch = {{0}, {0}};
    struct sms sms;

    if (line.len > MAX_LINE || !parse(&sms, line, &scratch)) {
        log_limited(&limit, LOG_LEVEL_WARNING, "SMSC <%s>: a line that is no message, left out",
                    smsc_name(fake->smsc));
    } else {
        struct incoming *incoming = memory_zalloc(1, sizeof *incoming);

        incoming->fake = fake;
        incoming->message = message_create(&sms);
        offer(incoming);
    }
    bytes_free(&scratch.udh);
    bytes_free(&scratch.data);
}

/* Lines as far as they may be taken now; the rest stays where it is. */
static void read_lines(struct fake *fake)
{
    struct bytes line = {0};
    bool full;

    while (fake->conn != NULL && fake->receiving && fake->refused == NULL &&
           fake->under_way < MAX_INCOMING && net_conn_read_line(fake->conn, &line))
        take_line(fake, bytes_slice(&line));
    bytes_free(&line);
    if (fake->conn == NULL)
        return;
    full = fake->under_way >= MAX_INCOMING || fake->refused != NULL || !fake->receiving;
    net_conn_pause(fake->conn, full);
}

static void lose_client(struct fake *fake);

static void on_readable(struct net_conn *conn, void *arg)
{
    struct fake *fake = arg;

    read_lines(fake);
    if (fake->conn == conn && fake->under_way == 0 && net_conn_available(conn) > MAX_LINE) {
        smsc_log(fake->smsc, LOG_LEVEL_ERROR, "SMSC <%s>: a line without end, disconnected",
                 smsc_name(fake->smsc));
        lose_client(fake);
    }
}

/* --- the client ----------------------------------------------------------------------------------
 */

static void lose_client(struct fake *fake)
{
    net_conn_close(fake->conn);
    fake->conn = NULL;
    if (smsc_state(fake->smsc) == SMSC_ONLINE)
        smsc_set_state(fake->smsc, SMSC_RECONNECTING, NULL);
    give_back_written(fake);
    net_listener_pause(fake->listener, false);
}

/* What was received before the end is still worth taking; what cannot be taken
 * now was never acknowledged. */
static void on_closed(struct net_conn *conn, const char *reason, void *arg)
{
    struct fake *fake = arg;

    (void)conn;
    smsc_log(fake->smsc, LOG_LEVEL_INFO, "SMSC <%s>: the client left (%s)", smsc_name(fake->smsc),
             reason);
    read_lines(fake);
    lose_client(fake);
}

static const struct net_conn_events conn_events = {NULL, on_readable, on_drained, on_closed};

/* One client at a time: the next ones wait in the backlog. */
static void on_accept(struct net_conn *conn, void *arg)
{
    struct fake *fake = arg;

    if (fake->conn != NULL) {
        net_conn_close(conn);
        return;
    }
    fake->conn = conn;
    net_conn_set_events(conn, &conn_events, fake);
    net_listener_pause(fake->listener, true);
    smsc_log(fake->smsc, LOG_LEVEL_INFO, "SMSC <%s>: client connected from %s",
             smsc_name(fake->smsc), net_conn_peer(conn));
    smsc_set_state(fake->smsc, SMSC_ONLINE, NULL);
    read_lines(fake);
}

/* --- the driver
 * -------------------------------------------------------------------------------------- */

static void fake_free(void *arg)
{
    struct fake *fake = arg;

    loop_timer_free(fake->retry);
    while (fake->refused != NULL) {
        struct incoming *incoming = fake->refused;

        fake->refused = incoming->next;
        incoming_free(incoming);
    }
    acl_free(fake->acl);
    free(fake);
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

static void *fake_create(struct smsc *smsc, const struct conf_group *group,
                         struct conf_problems *problems)
{
    struct fake *fake = memory_zalloc(1, sizeof *fake);

    fake->smsc = smsc;
    fake->group = group;
    fake->receiving = true;
    fake->last = &fake->first;
    fake->retry = loop_timer_create(smsc_loop(smsc), retry, fake);
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
    struct fake *fake = arg;
    struct bytes error = {0};
    struct net_listen_options options = {
        .interface = conf_string(fake->group, "our-host"),
        .port = fake->port,
        .acl = fake->acl,
    };

    fake->listener = net_listen(smsc_loop(fake->smsc), &options, on_accept, fake, &error);
    if (fake->listener != NULL)
        smsc_set_state(fake->smsc, SMSC_CONNECTING, NULL);
    else
        log_error("SMSC <%s>: %s", smsc_name(fake->smsc), bytes_str(&error));
    if (fake->listener == NULL)
        smsc_set_state(fake->smsc, SMSC_DEAD, bytes_str(&error));
    bytes_free(&error);
}

static void fake_stop(void *arg)
{
    struct fake *fake = arg;

    smsc_set_state(fake->smsc, SMSC_DISCONNECTED, NULL);
    if (fake->conn != NULL)
        lose_client(fake);
    net_listener_close(fake->listener);
    fake->listener = NULL;
    smsc_set_state(fake->smsc, SMSC_DEAD, NULL);
}

static void fake_set_receiving(void *arg, bool receiving)
{
    struct fake *fake = arg;

    fake->receiving = receiving;
    if (fake->conn != NULL)
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
