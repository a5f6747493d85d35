/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_server - an HTTP/1.0 and 1.1 server on the loop, with limits.
 *
 * Each request becomes an exchange that its handler answers exactly once, now
 * or later. A client that goes away meanwhile is no concern of the handler: the
 * answer then goes nowhere. Refused before the handler sees them, with an empty
 * body, and disconnected: a broken request, a doubled or contradicting
 * Content-Length, an unknown method (400), a body over the limit (413), a header
 * over the limit (431). Disconnected without an answer: whom the access list
 * refuses, who is one too many, who has not sent a whole request in time.
 * "Expect: 100-continue" is answered; keep-alive by the usual rules, said in
 * every answer by "Connection: Keep-Alive" or "Close". Loop thread only.
 */
#ifndef GWLIB_HTTP_SERVER_H
#define GWLIB_HTTP_SERVER_H

#include <stdbool.h>
#include <stddef.h>

#include "gwlib/acl.h"
#include "gwlib/bytes.h"
#include "gwlib/loop.h"
#include "gwlib/tls.h"

struct http_server;
struct http_exchange;

enum http_method { HTTP_METHOD_GET, HTTP_METHOD_HEAD, HTTP_METHOD_POST };

typedef void http_handler_fn(struct http_exchange *exchange, void *arg);

struct http_server_options {
    const char *interface; /* address or NULL for all */
    int port;              /* 0: the kernel chooses */
    const struct acl *acl; /* refused clients are disconnected without an answer */
    struct tls_context *tls;
    const char *server_name;  /* value of the Server header */
    size_t max_header;        /* octets; 0 means 32 KiB */
    size_t max_body;          /* octets; 0 means 1 MiB */
    unsigned timeout_s;       /* for a whole request, and for an idle connection; 0 means 60 */
    unsigned max_connections; /* 0 means 1000 */
};

/* NULL with the reason appended to *error. Strings are copied. */
struct http_server *http_server_start(struct loop *loop, const struct http_server_options *options,
                                      http_handler_fn *handler, void *arg, struct bytes *error);
int http_server_port(const struct http_server *server);
/* No new connections; exchanges under way can still be answered. */
void http_server_stop_accepting(struct http_server *server);
/* Exchanges handed out and not answered. */
size_t http_server_pending(const struct http_server *server);
/* Ends all connections. Exchanges not answered stay valid until they are: their
 * answer then goes nowhere. NULL is fine. */
void http_server_free(struct http_server *server);

/* --- the request; everything is valid until the reply ------------------ */

enum http_method http_exchange_method(const struct http_exchange *exchange);
/* As sent, without query; for an absolute URI only its path. */
const char *http_exchange_path(const struct http_exchange *exchange);
/* The query string, not decoded; unset when there is none. */
struct slice http_exchange_query(const struct http_exchange *exchange);
/* A parameter of the query string, decoded (see url.h); unset without. */
struct slice http_exchange_param(struct http_exchange *exchange, const char *name);
/* Value of a request header, stripped; names without case; unset without. */
struct slice http_exchange_header(const struct http_exchange *exchange, const char *name);
struct slice http_exchange_body(const struct http_exchange *exchange);
const char *http_exchange_peer(const struct http_exchange *exchange);
/* The handler's own pointer, NULL at first. */
void http_exchange_set_data(struct http_exchange *exchange, void *data);
void *http_exchange_data(const struct http_exchange *exchange);

/* --- the answer --------------------------------------------------------- */

/* Adds a header to the answer, in order, after Server, Date, Content-Length
 * and Connection, which are always there. */
void http_exchange_add_header(struct http_exchange *exchange, const char *name, const char *value);
/* Sends the answer and ends the exchange. HEAD gets no body but its length. */
void http_exchange_reply(struct http_exchange *exchange, int status, struct slice body);

/* "Accepted" for 202; "Unknown" for what RFC 9110 does not name. */
const char *http_status_reason(int status);

#endif
