/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net_resolve - from a host name to its addresses without waiting for it.
 *
 * For net_connect.c only. The C library's getaddrinfo() alone knows all the
 * ways in which a machine may find a name (hosts file, DNS, mDNS, ...), and it
 * blocks. So a name that is no address gets a short-lived thread of its own,
 * as in libcurl; an address needs none. Loop thread only.
 */
#ifndef GWLIB_NET_RESOLVE_H
#define GWLIB_NET_RESOLVE_H

#include "gwlib/loop.h"

struct addrinfo;
struct net_lookup;

/* addresses is to be released by freeaddrinfo(); NULL and an error text when
 * there are none. The lookup is over with this call. */
typedef void net_lookup_fn(struct addrinfo *addresses, const char *error, void *arg);

/* fn is called once, never from inside this call. */
struct net_lookup *net_lookup_start(struct loop *loop, const char *host, int port,
                                    net_lookup_fn *fn, void *arg);
/* No call of fn any more; never waits for the thread. NULL is fine. */
void net_lookup_cancel(struct net_lookup *lookup);

#endif
