/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gw/msg/link.c over the loopback interface: frames go both ways, arrive whole
 * however they are cut, break the link when they are malformed, wait while it
 * is paused, and the link may be closed from inside any callback.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "gw/msg/link.h"
#include "gwlib/log.h"

#define DEADLINE_MS 20000

/* One end and what it heard. */
struct end {
    struct link *link;
    int connected, frames, closed;
    char reason[100];
    struct frame last;  /* numbers only */
    struct bytes texts; /* receivers and box ids that came, each with ';' */
    int stop_after;     /* frames, then the loop is stopped */
    int close_after;    /* frames, then link_close() from inside */
    int pause_after;    /* frames */
};

static struct loop *loop;
static struct loop_timer *deadline;
static struct net_listener *listener;
static struct end server, client;
static struct net_conn *raw; /* a client that is no link */

static void on_deadline(void *arg)
{
    (void)arg;
    fail_msg("nothing in %d ms", DEADLINE_MS);
}

static void run(void)
{
    loop_timer_set(deadline, DEADLINE_MS);
    loop_run(loop);
    loop_timer_cancel(deadline);
}

static void on_connected(struct link *link, void *arg)
{
    struct end *end = arg;

    (void)link;
    end->connected++;
    if (end->stop_after == 0)
        loop_stop(loop);
}

static void remember(struct end *end, const struct frame *frame)
{
    end->last = *frame;
    if (frame->type == FRAME_sms)
        bytes_append_slice(&end->texts, frame->u.sms.receiver);
    if (frame->type == FRAME_admin)
        bytes_append_slice(&end->texts, frame->u.admin.boxc_id);
    bytes_append_char(&end->texts, ';');
}

static void on_frame(struct link *link, const struct frame *frame, void *arg)
{
    struct end *end = arg;

    end->frames++;
    if (end->frames == end->close_after) {
        link_close(link);
        end->link = NULL;
    }
    remember(end, frame); /* still there, though closed */
    if (end->frames == end->pause_after)
        link_pause(link, true);
    if (end->frames == end->stop_after)
        loop_stop(loop);
}

static void on_closed(struct link *link, const char *reason, void *arg)
{
    struct end *end = arg;

    end->closed++;
    snprintf(end->reason, sizeof end->reason, "%s", reason);
    link_close(link);
    end->link = NULL;
    loop_stop(loop);
}

static const struct link_events events = {on_connected, on_frame, on_closed};

static void on_accepted(struct net_conn *conn, void *arg)
{
    (void)arg;
    server.link = link_accept(conn, &events, &server);
}

static int set_up(void **state)
{
    struct net_listen_options options = {.interface = "127.0.0.1"};
    struct bytes error = {0};

    (void)state;
    server = client = (struct end){0};
    raw = NULL;
    loop = loop_create();
    deadline = loop_timer_create(loop, on_deadline, NULL);
    listener = net_listen(loop, &options, on_accepted, NULL, &error);
    return listener != NULL ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    link_close(server.link);
    link_close(client.link);
    net_conn_close(raw);
    net_listener_close(listener);
    loop_timer_free(deadline);
    loop_destroy(loop);
    bytes_free(&server.texts);
    bytes_free(&client.texts);
    return 0;
}

static struct net_target target(void)
{
    return (struct net_target){.host = "127.0.0.1", .port = net_listener_port(listener)};
}

static void connect_client(void)
{
    struct net_target to = target();

    client.link = link_open(loop, &to, &events, &client);
    run(); /* until connected */
    assert_int_equal(client.connected, 1);
}

static void send_sms(struct link *link, const char *receiver)
{
    struct sms sms = sms_blank();

    sms.receiver = slice_str(receiver);
    struct message *message = message_create(&sms);
    link_send_sms(link, message);
    message_unref(message);
}

static void frames_go_both_ways(void **state)
{
    struct uuid id = uuid_generate();

    (void)state;
    connect_client();
    link_send_admin(client.link, ADMIN_IDENTIFY, slice_str("mybox"));
    link_send_heartbeat(client.link, 7);
    send_sms(client.link, "3581");
    server.stop_after = 3;
    run();
    assert_string_equal(bytes_str(&server.texts), "mybox;;3581;");
    assert_string_equal(link_peer(server.link), "127.0.0.1");
    assert_false(link_is_tls(server.link));

    client.stop_after = 1;
    link_send_ack(server.link, ACK_BUFFERED, 1795225562, &id);
    run();
    assert_int_equal(client.last.type, FRAME_ack);
    assert_int_equal(client.last.u.ack.nack, ACK_BUFFERED);
    assert_int_equal(client.last.u.ack.time, 1795225562);
    assert_true(uuid_equal(&client.last.u.ack.id, &id));
    assert_int_equal(link_unsent(client.link), 0);
}

/* --- a peer that is not one of ours ------------------------------------------ */

static void on_raw_connected(struct net_conn *conn, void *arg)
{
    (void)conn;
    (void)arg;
    loop_stop(loop);
}

static const struct net_conn_events raw_events = {.connected = on_raw_connected};

static void connect_raw(void)
{
    struct net_target to = target();

    raw = net_conn_open(loop, &to, &raw_events, NULL);
    run();
}

static struct bytes rest; /* sent an octet at a time */
static size_t rest_sent;
static struct loop_timer *drip;

static void on_drip(void *arg)
{
    (void)arg;
    if (rest_sent == rest.len)
        return;
    net_conn_write(raw, slice_sub(bytes_slice(&rest), rest_sent++, 1));
    loop_timer_set(drip, 0);
}

static void frames_come_in_pieces(void **state)
{
    struct frame frame = {.type = FRAME_admin,
                          .u.admin = {.command = ADMIN_IDENTIFY, .boxc_id = slice_str("box")}};

    (void)state;
    connect_raw();
    frame_pack(&rest, &frame);
    frame_pack(&rest, &frame);
    drip = loop_timer_create(loop, on_drip, NULL);
    loop_timer_set(drip, 0);
    server.stop_after = 2;
    run();
    assert_string_equal(bytes_str(&server.texts), "box;box;");
    loop_timer_free(drip);
    bytes_free(&rest);
    rest_sent = 0;
}

static void broken_by(struct slice octets, const char *reason)
{
    connect_raw();
    net_conn_write(raw, octets);
    server.stop_after = -1;
    run();
    assert_int_equal(server.closed, 1);
    assert_string_equal(server.reason, reason);
    assert_null(server.link);
}

static void http_request_breaks_the_link(void **state)
{
    (void)state;
    broken_by(slice_str("GET / HTTP/1.1\r\n\r\n"), "impossible length of a frame");
}

static void negative_length_breaks_the_link(void **state)
{
    (void)state;
    broken_by(slice_of("\xff\xff\xff\xfe", 4), "impossible length of a frame");
}

static void malformed_frame_breaks_the_link(void **state)
{
    (void)state;
    /* A good heartbeat first: it still counts. */
    broken_by(slice_of("\0\0\0\x08\0\0\0\0\0\0\0\1"
                       "\0\0\0\x04\0\0\0\x09",
                       20),
              "unknown type of frame");
    assert_int_equal(server.frames, 1);
}

static void end_of_the_peer_is_told(void **state)
{
    (void)state;
    connect_client();
    send_sms(client.link, "last");
    link_finish(client.link);
    client.link = NULL;
    server.stop_after = -1;
    run();
    assert_int_equal(server.closed, 1);
    assert_string_equal(bytes_str(&server.texts), "last;"); /* finish sends first */
}

static void nobody_listens(void **state)
{
    struct net_target to = target();

    (void)state;
    net_listener_close(listener);
    listener = NULL;
    client.link = link_open(loop, &to, &events, &client);
    run();
    assert_int_equal(client.connected, 0);
    assert_int_equal(client.closed, 1);
}

/* --- pausing and closing from inside --------------------------------------------- */

/* All frames are in the input when the first is delivered: the others must
 * neither come while paused nor be forgotten afterwards. */
static void paused_frames_are_kept(void **state)
{
    (void)state;
    connect_client();
    send_sms(client.link, "1");
    send_sms(client.link, "2");
    send_sms(client.link, "3");
    server.pause_after = server.stop_after = 1;
    run();
    assert_string_equal(bytes_str(&server.texts), "1;");
    link_pause(server.link, false);
    assert_int_equal(server.frames, 1); /* not from inside the call */
    server.stop_after = 3;
    run();
    assert_string_equal(bytes_str(&server.texts), "1;2;3;");
}

static void closing_from_inside(void **state)
{
    (void)state;
    connect_client();
    send_sms(client.link, "1");
    send_sms(client.link, "2");
    server.close_after = 1;
    client.stop_after = -1;
    run(); /* until the client hears of it */
    assert_int_equal(client.closed, 1);
    assert_int_equal(server.frames, 1);
    assert_int_equal(server.closed, 0);
    assert_string_equal(bytes_str(&server.texts), "1;");
}

#define LINK_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LINK_TEST(frames_go_both_ways),
        LINK_TEST(frames_come_in_pieces),
        LINK_TEST(http_request_breaks_the_link),
        LINK_TEST(negative_length_breaks_the_link),
        LINK_TEST(malformed_frame_breaks_the_link),
        LINK_TEST(end_of_the_peer_is_told),
        LINK_TEST(nobody_listens),
        LINK_TEST(paused_frames_are_kept),
        LINK_TEST(closing_from_inside),
    };
    log_set_stderr_level(LOG_LEVEL_PANIC);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
