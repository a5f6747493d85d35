/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_exchange - one request of http_server with its answer, as memory. The
 * functions for handlers are in http_server.h; this is for http_server.c.
 *
 * An exchange is made once for a connection and used again for each of its
 * requests. `server` and `conn` tell who is left: either may go away while a
 * handler has the exchange.
 */
#ifndef GWLIB_HTTP_EXCHANGE_H
#define GWLIB_HTTP_EXCHANGE_H

#include <time.h>

#include "gwlib/http_message.h"
#include "gwlib/http_server.h"

#define HTTP_PEER_LEN 64
#define HTTP_DATE_LEN 30 /* "Sun, 06 Nov 1994 08:49:37 GMT" */

struct http_conn;
struct url_params;

struct http_exchange {
    struct http_server *server; /* NULL: gone */
    struct http_conn *conn;     /* NULL: the client is gone */
    struct http_exchange *prev, *next;
    enum http_method method;
    struct bytes text; /* what head points into */
    struct http_head head;
    struct bytes body;
    struct url_params *params; /* NULL: not parsed yet */
    struct bytes answer_headers;
    void *data;
    char peer[HTTP_PEER_LEN];
};

struct http_exchange *http_exchange_create(struct http_server *server, struct http_conn *conn,
                                           const char *peer);
/* Ready for the next request; big buffers are given back. */
void http_exchange_clear(struct http_exchange *exchange);
void http_exchange_free(struct http_exchange *exchange);

/* The text of the Date header, made once a second. Zero initialised. */
struct http_date {
    time_t time;
    char text[HTTP_DATE_LEN];
};

/* What a head says apart from the exchange's own headers. */
struct http_answer_line {
    int status;
    size_t body_len;
    bool keep_alive;
    const char *server_name;
};

/* No body, and no Content-Length, belong to 1xx, 204 and 304. */
bool http_status_has_body(int status);

/* Puts the whole head of the answer, its empty line included, into *out. */
void http_exchange_format_head(const struct http_exchange *exchange,
                               const struct http_answer_line *line, struct http_date *date,
                               struct bytes *out);

#endif
