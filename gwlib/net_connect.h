/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net_connect - from a host and port to a connected TCP socket.
 *
 * For net.c only. All addresses of a name are tried in the resolver's order
 * ("localhost" is ::1 and 127.0.0.1, and often only one of them answers); an
 * address that does not answer at all gets its share of the time and no more.
 * Loop thread only.
 */
#ifndef GWLIB_NET_CONNECT_H
#define GWLIB_NET_CONNECT_H

#include "gwlib/loop.h"
#include "gwlib/net.h"

struct net_connector;

/* The socket belongs to the callee; -1 and an error text when there is none. The
 * connector is over with this call. */
typedef void net_connector_fn(int fd, const char *error, void *arg);

/* fn is called once, never from inside this call. tls of the target does not
 * matter here; its strings are copied. */
struct net_connector *net_connector_start(struct loop *loop, const struct net_target *target,
                                          net_connector_fn *fn, void *arg);
/* No call of fn any more. NULL is fine. */
void net_connector_cancel(struct net_connector *connector);

#endif
