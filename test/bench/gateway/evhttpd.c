/* SPDX-License-Identifier: Apache-2.0 */
/* evhttpd.c - the least an evhttp (libevent) server can do: answer every
 * request with "0: Accepted for delivery", as an upper limit for the HTTP side. */
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <stdio.h>
#include <stdlib.h>

static void answer(struct evhttp_request *req, void *arg)
{
    struct evbuffer *b = evbuffer_new();
    (void)arg;
    evbuffer_add_printf(b, "0: Accepted for delivery");
    evhttp_add_header(evhttp_request_get_output_headers(req), "Content-Type", "text/html");
    evhttp_send_reply(req, 202, "Accepted", b);
    evbuffer_free(b);
}

int main(int argc, char **argv)
{
    struct event_base *base = event_base_new();
    struct evhttp *h = evhttp_new(base);
    if (argc < 2 || evhttp_bind_socket(h, "127.0.0.1", (unsigned short)atoi(argv[1]))) {
        perror("bind");
        return 1;
    }
    evhttp_set_gencb(h, answer, NULL);
    return event_base_dispatch(base);
}
