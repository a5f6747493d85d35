/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net_sides - what the tests of connections share: a loop that runs until a
 * condition holds, the two sides of a connection that remember what they were
 * told, and raw sockets that misbehave as peers do.
 *
 * One server with its listener and one client a test; net_set_up() and
 * net_tear_down() stand around each. Every wait has a deadline.
 */
#ifndef TEST_NET_SIDES_H
#define TEST_NET_SIDES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gwlib/loop.h"
#include "gwlib/net.h"

/* More than the kernel takes at once. */
#define MUCH ((size_t)3 * 1000 * 1000)

struct side {
    struct net_conn *conn;
    struct bytes received;
    int connected, readable, drained, closed; /* how often it was told */
    char reason[200];
    bool keeps;  /* leaves what comes in the connection's buffer */
    bool echoes; /* sends it back */
    bool pauses; /* after each reading, for a moment */
    struct loop_timer *resume;
};

extern struct loop *loop;
extern struct net_listener *listener;
extern struct side server, client; /* server: the last one accepted */
extern struct net_conn *earlier;   /* the one accepted before */
extern int accepted_count;

int net_set_up(void **state);
int net_tear_down(void **state);
#define NET_TEST(f) cmocka_unit_test_setup_teardown(f, net_set_up, net_tear_down)

/* Runs the loop until it is so. */
typedef bool condition_fn(void *arg);
void run_until(condition_fn *condition, void *arg);

/* Conditions; arg is a struct side ... */
condition_fn is_connected, is_closed, was_drained, was_readable, has_conn, has_text, has_input;
condition_fn has_greeting, has_much;
/* ... or an int, the descriptor of a raw socket whose peer shall hang up, ... */
condition_fn peer_hung_up;
/* ... or a struct reader, which takes what there is at each look. */
struct reader {
    int fd;
    size_t got;
};
condition_fn read_to_the_end;

void take_all(struct side *side);
void side_end(struct side *side);
void close_listener(void);

/* What a listener of the tests calls, with arg &server. */
void on_accepted(struct net_conn *conn, void *arg);
void listen_with(struct net_listen_options options);
void listen_local(struct tls_context *tls); /* on 127.0.0.1 only */
void open_client(const char *host, int port, struct tls_context *tls, unsigned timeout_ms);
/* A client of the plain kind, connected by the kernel at once. */
int raw_client(void);

/* A greeting there and back, in two parts, the first before it is up. */
void talk(const char *host, struct tls_context *client_tls);
/* MUCH there and back, both sides pausing all the time. */
void send_much(struct tls_context *client_tls);
struct bytes much_text(void);

#endif
