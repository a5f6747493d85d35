/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_call - one request of http_client: its copy, its options for curl, and
 * the answer as it comes in. For http_client.c only.
 *
 * The call owns everything that it gives to curl by pointer (URL, body, header
 * list) until http_call_free(), which comes after the easy handle was removed
 * from the multi handle and reset.
 */
#ifndef GWLIB_HTTP_CALL_H
#define GWLIB_HTTP_CALL_H

#include <curl/curl.h>

#include "gwlib/http_client.h"
#include "gwlib/regex.h"

/* What is the same for all calls of a client; owned strings. */
struct http_call_defaults {
    char *user_agent;
    char *proxy_host; /* NULL: none */
    int proxy_port;
    char *proxy_user, *proxy_password;
    bool proxy_tls;
    char *proxy_exceptions;
    struct regex *proxy_exceptions_regex;
    char *ca_file, *certkey_file;
    unsigned timeout_s;
    size_t max_body;
};

void http_call_defaults_set(struct http_call_defaults *defaults,
                            const struct http_client_options *options);
void http_call_defaults_free(struct http_call_defaults *defaults);

struct http_call {
    struct http_client *client;
    struct http_call *prev, *next;
    CURL *easy;          /* NULL: not running */
    const char *refusal; /* why it cannot be sent at all, or NULL */
    const char *failure; /* why we broke it off, or NULL */
    char *url;
    struct bytes body;
    bool is_post;
    unsigned timeout_s;
    size_t max_body;
    struct curl_slist *headers;
    http_answer_fn *done;
    void *arg;

    long status;
    struct bytes answer_body;
    struct bytes answer_text; /* name NUL value NUL ... of the headers */
    struct http_header *answer_headers;
    size_t answer_header_count;
    char error[CURL_ERROR_SIZE];
};

/* Copies the request; a URL that is not http or https gets a refusal. */
struct http_call *http_call_create(const struct http_request *request);
void http_call_free(struct http_call *call);
/* Sets all options of call->easy. */
void http_call_prepare(struct http_call *call, const struct http_call_defaults *defaults);
/* Asks the handle for the status, before it is given back. */
void http_call_note_status(struct http_call *call);
/* The outcome; valid until the call is freed. */
void http_call_answer(struct http_call *call, CURLcode code, struct http_answer *answer);

#endif
