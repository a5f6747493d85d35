/* SPDX-License-Identifier: Apache-2.0 */
/*
 * front - see front.h.
 *
 * Over-the-air settings (sendota) and XML-RPC are not implemented: sendota
 * gives Kannel's answers up to the point where settings would be sent, XML-RPC
 * says 501 where Kannel 1.4.5 dies.
 */
#include "gw/smsbox/front.h"

#include <stdlib.h>

#include "config.h"
#include "gw/smsbox/answer.h"
#include "gwlib/log.h"
#include "gwlib/memory.h"

#define SENDOTA_PATH "/cgi-bin/sendota"
#define XMLRPC_PATH  "/cgi-bin/xmlrpc"
#define MAX_HEADER   (64 * 1024)
#define MAX_BODY     (1024 * 1024)

struct front {
    const struct settings *settings;
    struct sendsms *sendsms;
    struct http_server *server;
};

static void serve_xmlrpc(struct http_exchange *exchange)
{
    if (http_exchange_method(exchange) != HTTP_METHOD_POST) {
        answer_text(exchange, 400, "Incomplete request.");
        return;
    }
    struct slice type = http_exchange_header(exchange, "Content-Type");
    if (!slice_equal_nocase(slice_sub(type, 0, 8), "text/xml")) {
        struct bytes text = {0};
        bytes_append_str(&text, "Unsupported content-type '");
        bytes_append_slice(&text, type);
        bytes_append_str(&text, "'");
        answer_bytes(exchange, 400, bytes_slice(&text));
        bytes_free(&text);
        return;
    }
    answer_text(exchange, 501, "XML-RPC is not supported.");
}

static void dispatch(struct http_exchange *exchange, void *arg)
{
    struct front *front = arg;
    const struct settings *settings = front->settings;
    const char *path = http_exchange_path(exchange);
    log_info("smsbox: Got HTTP request <%s> from <%s>", path, http_exchange_peer(exchange));
    if (strcmp(path, settings->sendsms_url) == 0)
        sendsms_serve(front->sendsms, exchange);
    else if (strcmp(path, SENDOTA_PATH) == 0)
        sendsms_serve_ota(front->sendsms, exchange);
    else if (strcmp(path, XMLRPC_PATH) == 0)
        serve_xmlrpc(exchange);
    else
        answer_text(exchange, 404, "Unknown request.");
}

struct front *front_start(struct loop *loop, const struct settings *settings,
                          struct tls_context *tls, struct sendsms *sendsms, struct bytes *error)
{
    struct front *front = memory_zalloc(1, sizeof(*front));
    front->settings = settings;
    front->sendsms = sendsms;
    struct http_server_options options = {.interface = settings->sendsms_interface,
                                          .port = settings->sendsms_port,
                                          .tls = tls,
                                          .server_name = "Kantele/" PACKAGE_VERSION,
                                          .max_header = MAX_HEADER,
                                          .max_body = MAX_BODY};
    log_info("HTTP: Opening server at port %d.", settings->sendsms_port);
    front->server = http_server_start(loop, &options, dispatch, front, error);
    if (front->server == NULL) {
        free(front);
        return NULL;
    }
    return front;
}

void front_stop_accepting(struct front *front)
{
    if (front != NULL)
        http_server_stop_accepting(front->server);
}

size_t front_pending(const struct front *front)
{
    return front != NULL ? http_server_pending(front->server) : 0;
}

void front_free(struct front *front)
{
    if (front == NULL)
        return;
    http_server_free(front->server);
    free(front);
}
