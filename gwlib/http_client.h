/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_client - outgoing HTTP and HTTPS on libcurl's multi interface, driven by
 * the loop. Connections are kept and used again. Only http and https, also
 * after redirects (at most 5). Peers of https are verified. Loop thread only.
 */
#ifndef GWLIB_HTTP_CLIENT_H
#define GWLIB_HTTP_CLIENT_H

#include <stdbool.h>
#include <stddef.h>

#include "gwlib/bytes.h"
#include "gwlib/loop.h"

struct http_client;
struct http_call;

struct http_client_options {
    const char *user_agent;
    unsigned timeout_s;     /* whole request; 0 means 240 */
    unsigned max_parallel;  /* further calls wait; 0 means 512 */
    size_t max_body;        /* of an answer; more is an error; 0 means 1 MiB */
    const char *proxy_host; /* NULL: none */
    int proxy_port;
    bool proxy_tls; /* TLS to the proxy, which is verified like any peer */
    const char *proxy_user;
    const char *proxy_password;
    const char *proxy_exceptions;       /* host names separated by blanks */
    const char *proxy_exceptions_regex; /* URLs that go without it; must compile */
    const char *ca_file;                /* NULL: the system's */
    const char *certkey_file;           /* own certificate with key, PEM */
};

/* Strings are copied. Never fails. */
struct http_client *http_client_create(struct loop *loop,
                                       const struct http_client_options *options);
/* Cancels what is under way (no callback). */
void http_client_free(struct http_client *client);
/* Calls running or waiting. */
size_t http_client_pending(const struct http_client *client);

struct http_header {
    const char *name;
    const char *value;
};

struct http_request {
    const char *url;                   /* "user:password@" in it becomes Basic authentication */
    const struct http_header *headers; /* in this order; "Content-Type" too */
    size_t header_count;
    struct slice body;  /* set: POST; unset: GET */
    unsigned timeout_s; /* 0: the client's */
    size_t max_body;    /* of the answer; 0: the client's */
};

struct http_answer {
    int status;        /* 0: no answer, see error */
    const char *error; /* a short text when status is 0, else NULL */
    struct slice body;
    const struct http_header *headers; /* of the last answer */
    size_t header_count;
};

/* The answer is valid during the call. */
typedef void http_answer_fn(const struct http_answer *answer, void *arg);

/* Copies what it needs; `done` comes exactly once unless cancelled, never from
 * inside this call. The handle is valid until then. */
struct http_call *http_client_start(struct http_client *client, const struct http_request *request,
                                    http_answer_fn *done, void *arg);
void http_call_cancel(struct http_call *call);

/* Value of a header of the answer, names without case; unset without. */
struct slice http_answer_header(const struct http_answer *answer, const char *name);
/*
 * Content-Type taken apart: the type in lower case without parameters (empty
 * when there is none), and the charset parameter without quotes (empty when
 * there is none). Both buffers are cleared first.
 */
void http_content_type(struct slice value, struct bytes *type, struct bytes *charset);

#endif
