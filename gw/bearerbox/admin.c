/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP administration: see admin.h. The commands are a table; a command appends
 * its answer, or takes the exchange over and answers later (store-status, which
 * asks the store).
 */
#include "gw/bearerbox/admin.h"

#include "config.h"

#include <stdlib.h>

#include "gw/bearerbox/cancel.h"
#include "gw/bearerbox/exposition.h"
#include "gw/bearerbox/links.h"
#include "gw/bearerbox/lists.h"
#include "gw/bearerbox/penalties.h"
#include "gw/bearerbox/reload.h"
#include "gw/bearerbox/status.h"
#include "gwlib/http_server.h"
#include "gwlib/log.h"
#include "gwlib/memory.h"

#define LIST_LIMIT 10000 /* messages that store-status shows */

struct admin_port {
    struct gateway *gateway;
    struct http_server *server;
    struct acl *acl;
    struct tls_context *tls;
    struct request *open; /* requests without an answer yet */
    struct penalties penalties;
};

/* One request. */
struct request {
    struct admin_port *port;
    struct http_exchange *exchange;
    enum status_format format;
    const char *content_type;
    struct bytes command;
    struct bytes answer;
    struct loop_timer *delay; /* of a refused password */
    bool taken;               /* the command answers later */
    struct request *next, **place;
};

/* --- answers -------------------------------------------------------------------------- */

static const char *const frame_before[] = {
    [STATUS_TEXT] = "",
    [STATUS_HTML] = "<!DOCTYPE HTML PUBLIC \"-//W3C//DTD HTML 3.2//EN\">\n<html>\n"
                    "<title>Kannel</title>\n<body>\n<p>",
    [STATUS_XML] = "<?xml version=\"1.0\"?>\n<gateway>\n",
    [STATUS_WML] = "<?xml version=\"1.0\"?>\n<!DOCTYPE wml PUBLIC \"-//WAPFORUM//DTD WML 1.1//EN\" "
                   "\"http://www.wapforum.org/DTD/wml_1.1.xml\">\n\n<wml>\n <card>\n  <p>",
};
static const char *const frame_after[] = {
    [STATUS_TEXT] = "",
    [STATUS_HTML] = "</p>\n</body></html>\n",
    [STATUS_XML] = "</gateway>\n",
    [STATUS_WML] = "  </p>\n </card>\n</wml>\n",
};

static void request_free(struct request *request)
{
    *request->place = request->next;
    if (request->next != NULL)
        request->next->place = request->place;
    loop_timer_free(request->delay);
    bytes_free(&request->command);
    bytes_free(&request->answer);
    free(request);
}

static void request_reply(struct request *request)
{
    struct bytes body = {0};

    bytes_append_str(&body, frame_before[request->format]);
    bytes_append_slice(&body, bytes_slice(&request->answer));
    bytes_append_str(&body, frame_after[request->format]);
    http_exchange_add_header(request->exchange, "Content-Type", request->content_type);
    http_exchange_reply(request->exchange, 200, bytes_slice(&body));
    bytes_free(&body);
    request_free(request);
}

static void answer(struct request *request, const char *text)
{
    bytes_append_str(&request->answer, text);
}

/* "Could not ... `X'": the value as it was sent, harmless in the format. */
static void answer_about(struct request *request, const char *before, struct slice value,
                         const char *after)
{
    answer(request, before);
    if (request->format == STATUS_TEXT)
        bytes_append_slice(&request->answer, value);
    else
        status_escape(&request->answer, value);
    answer(request, after);
}

/* --- commands ----------------------------------------------------------------------------- */

static struct slice parameter(struct request *request, const char *name)
{
    return http_exchange_param(request->exchange, name);
}

static void do_status(struct request *request)
{
    status_print(request->port->gateway, request->format, &request->answer);
}

static void do_metrics(struct request *request)
{
    request->format = STATUS_TEXT;
    request->content_type = EXPOSITION_TYPE;
    exposition_print(request->port->gateway, &request->answer);
}

static void listed(enum store_status status, const struct store_entry *entries, size_t count,
                   void *arg)
{
    struct request *request = arg;

    (void)status;
    status_print_messages(request->format, entries, count, &request->answer);
    request_reply(request);
}

static void do_store_status(struct request *request)
{
    if (request->port->gateway->store_is_volatile) {
        status_print_messages(request->format, NULL, 0, &request->answer);
        return;
    }
    request->taken = true;
    store_list_live(request->port->gateway->store, LIST_LIMIT, listed, request);
}

static void do_log_level(struct request *request)
{
    struct slice level = parameter(request, "level");
    char *text;
    int number;

    if (!slice_is_set(level)) {
        answer(request, "New level not given");
        return;
    }
    text = slice_to_str(level);
    number = atoi(text);
    free(text);
    log_set_file_level(number);
    bytes_printf(&request->answer, "log-level set to %d", number);
}

static void do_shutdown(struct request *request)
{
    answer(request, "Bringing system down");
    gateway_shutdown(request->port->gateway, false);
}

static void do_restart(struct request *request)
{
    answer(request, "Restarting.....");
    gateway_shutdown(request->port->gateway, true);
}

static void do_suspend(struct request *request)
{
    answer(request,
           gateway_suspend(request->port->gateway) ? "Kannel suspended" : "Already suspended");
}

static void do_isolate(struct request *request)
{
    answer(request, gateway_isolate(request->port->gateway)
                        ? "Kannel isolated from message providers"
                        : "Already isolated");
}

static void do_resume(struct request *request)
{
    answer(request, gateway_resume(request->port->gateway) ? "Running resumed" : "Already running");
}

static void do_stop_smsc(struct request *request)
{
    struct slice id = parameter(request, "smsc");

    if (!slice_is_set(id))
        answer(request, "SMSC id not given");
    else if (links_stop_by_id(request->port->gateway->links, id))
        answer_about(request, "SMSC `", id, "' shut down");
    else
        answer_about(request, "Could not shut down smsc-id `", id, "'");
}

static void do_start_smsc(struct request *request)
{
    struct slice id = parameter(request, "smsc");

    if (!slice_is_set(id))
        answer(request, "SMSC id not given");
    else if (links_start_by_id(request->port->gateway->links, id))
        answer_about(request, "SMSC `", id, "' re-started");
    else
        answer_about(request, "Could not re-start smsc-id `", id, "'");
}

static void lists_reloaded(bool good, void *arg)
{
    struct request *request = arg;

    answer(request, good ? "Black/white lists re-loaded" : "Could not re-load lists");
    request_reply(request);
}

static void do_reload_lists(struct request *request)
{
    request->taken = true;
    lists_reload(request->port->gateway->lists, lists_reloaded, request);
}

static void do_graceful_restart(struct request *request)
{
    answer(request, reload_all(request->port->gateway)
                        ? "Restarting gracefully....."
                        : "Could not restart gracefully, the configuration has errors");
}

static void do_add_smsc(struct request *request)
{
    struct slice id = parameter(request, "smsc");

    if (!slice_is_set(id))
        answer(request, "SMSC id not given");
    else if (reload_add(request->port->gateway, id))
        answer_about(request, "SMSC `", id, "' added");
    else
        answer_about(request, "Could not add smsc-id `", id, "'");
}

static void do_remove_smsc(struct request *request)
{
    struct slice id = parameter(request, "smsc");

    if (!slice_is_set(id))
        answer(request, "SMSC id not given");
    else if (reload_remove(request->port->gateway, id))
        answer_about(request, "SMSC `", id, "' removed");
    else
        answer_about(request, "Could not remove smsc-id `", id, "'");
}

static void message_removed(bool good, void *arg)
{
    struct request *request = arg;
    struct slice id = parameter(request, "id");

    if (good)
        answer_about(request, "Message id `", id, "' removed");
    else
        answer_about(request, "Could not remove message id `", id, "'");
    request_reply(request);
}

static void do_remove_message(struct request *request)
{
    struct slice text = parameter(request, "id");
    struct uuid id;

    if (!slice_is_set(text)) {
        answer(request, "Message id not given");
    } else if (text.len != UUID_TEXT_LEN) {
        answer(request, "Message id should be 36 characters long");
    } else if (!uuid_parse(text, &id)) {
        answer_about(request, "Could not remove message id `", text, "'");
    } else {
        request->taken = true;
        cancel_message(request->port->gateway, &id, message_removed, request);
    }
}

static void reports_flushed(bool good, void *arg)
{
    struct request *request = arg;

    answer(request, good ? "DLR queue flushed" : "Could not flush DLR queue");
    request_reply(request);
}

static void do_flush_dlr(struct request *request)
{
    if (request->port->gateway->state != GATEWAY_SUSPENDED) {
        answer(request, "Suspend Kannel before trying to flush DLR queue");
        return;
    }
    request->taken = true;
    cancel_reports(request->port->gateway, reports_flushed, request);
}

static void ussd_answered(enum smsc_ussd_result result, struct slice text, void *arg)
{
    struct request *request = arg;

    answer_about(request, result == SMSC_USSD_FAILED ? "Could not ask the network: " : "", text,
                 result == SMSC_USSD_MORE ? "\n(The network waits for an answer.)" : "");
    request_reply(request);
}

/* code=*100#, then answer=1 while the network asks; answer= alone ends that. */
static void do_ussd(struct request *request)
{
    struct slice id = parameter(request, "smsc"), code = parameter(request, "code");
    struct slice reply = parameter(request, "answer");
    struct bearer *bearer =
        slice_is_set(id) ? links_online_by_id(request->port->gateway->links, id) : NULL;
    struct bytes why = {0};

    if (!slice_is_set(id)) {
        answer(request, "SMSC id not given");
    } else if (slice_is_empty(code) && !slice_is_set(reply)) {
        answer(request, "Code not given");
    } else if (bearer == NULL) {
        answer_about(request, "No SMSC `", id, "' is online");
    } else if (smsc_ussd(bearer->smsc, slice_is_empty(code) ? reply : code,
                         slice_is_empty(code) && reply.len > 0, ussd_answered, request, &why)) {
        request->taken = true;
    } else {
        answer_about(request, "Could not ask the network: ", bytes_slice(&why), "");
    }
    bytes_free(&why);
}

struct command {
    const char *name;
    void (*run)(struct request *request);
    bool status_suffices; /* the status-password is enough */
    bool while_going_down;
};

static const struct command commands[] = {
    {"status", do_status, true, true},
    {"store-status", do_store_status, true, true},
    {"metrics", do_metrics, true, true},
    {"log-level", do_log_level, false, false},
    {"shutdown", do_shutdown, false, true},
    {"suspend", do_suspend, false, false},
    {"isolate", do_isolate, false, false},
    {"resume", do_resume, false, false},
    {"restart", do_restart, false, false},
    {"graceful-restart", do_graceful_restart, false, false},
    {"flush-dlr", do_flush_dlr, false, false},
    {"ussd", do_ussd, false, false},
    {"stop-smsc", do_stop_smsc, false, false},
    {"start-smsc", do_start_smsc, false, false},
    {"add-smsc", do_add_smsc, false, false},
    {"remove-smsc", do_remove_smsc, false, false},
    {"reload-lists", do_reload_lists, false, false},
    {"remove-message", do_remove_message, false, false},
};
#define COMMAND_COUNT (sizeof commands / sizeof commands[0])

static void answer_unknown(struct request *request)
{
    const char *end = request->format == STATUS_HTML  ? "<br>\n"
                      : request->format == STATUS_WML ? "<br/>\n"
                                                      : "\n";

    answer_about(request, "Unknown command `", slice_str(http_exchange_path(request->exchange)),
                 "'.");
    bytes_printf(&request->answer, "%sPossible commands are:%s", end, end);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        bytes_printf(&request->answer, "%s%s", commands[i].name, end);
}

/* --- passwords -------------------------------------------------------------------------------- */

static bool password_is(const char *expected, struct slice given)
{
    return expected != NULL && slice_is_set(given) &&
           slice_equal_secret(slice_str(expected), given);
}

static bool may_run(struct request *request, const struct command *command)
{
    const struct conf_group *core = request->port->gateway->core;
    struct slice given = parameter(request, "password");
    const char *status_password = conf_string(core, "status-password");

    if (command->status_suffices && status_password == NULL)
        return true;
    if (password_is(conf_string(core, "admin-password"), given) ||
        (command->status_suffices && password_is(status_password, given))) {
        penalties_forgive(&request->port->penalties, http_exchange_peer(request->exchange));
        return true;
    }
    return false;
}

static void deny(void *arg)
{
    request_reply(arg);
}

static void deny_later(struct request *request)
{
    static struct log_limit limit;
    struct admin_port *port = request->port;
    const char *peer = http_exchange_peer(request->exchange);

    log_limited(&limit, LOG_LEVEL_WARNING, "Admin: wrong or missing password from <%s>", peer);
    answer(request, "Denied");
    request->taken = true;
    request->delay = loop_timer_create(port->gateway->loop, deny, request);
    loop_timer_set(request->delay, penalties_next_ms(&port->penalties, peer));
}

/* --- requests
 * -------------------------------------------------------------------------------------- */

static const struct {
    enum status_format format;
    const char *suffix;
    const char *type;
} formats[] = {
    {STATUS_WML, "wml", "text/vnd.wap.wml"},
    {STATUS_HTML, "html", "text/html"},
    {STATUS_XML, "xml", "text/xml"},
    {STATUS_TEXT, "txt", "text/plain"},
};

/* The suffix decides, else the Accept header, in the order of the table. */
static void choose_format(struct request *request, struct slice suffix)
{
    struct slice accept = http_exchange_header(request->exchange, "Accept");
    char *accepted = slice_is_set(accept) ? slice_to_str(accept) : memory_strdup("");
    size_t chosen = 3;
    bool by_suffix = false;

    for (size_t i = 0; i < 4; i++)
        if (slice_equal_str(suffix, formats[i].suffix)) {
            chosen = i;
            by_suffix = true;
        }
    for (size_t i = 0; i < 3 && !by_suffix; i++)
        if (strstr(accepted, formats[i].type) != NULL) {
            chosen = i;
            break;
        }
    free(accepted);
    request->format = formats[chosen].format;
    request->content_type = formats[chosen].type;
}

static void parse_path(struct request *request)
{
    const char *path = http_exchange_path(request->exchange);
    const char *cgi = strstr(path, "/cgi-bin/");
    struct slice rest;
    size_t dot;

    if (cgi != NULL)
        path = cgi + strlen("/cgi-bin/");
    else if (*path == '/')
        path++;
    rest = slice_str(path);
    dot = slice_find(rest, '.', 0);
    bytes_append_slice(&request->command, slice_sub(rest, 0, dot));
    choose_format(request, slice_sub(rest, dot + 1, rest.len));
}

static void run(struct request *request)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        const struct command *command = &commands[i];

        if (!slice_equal_str(bytes_slice(&request->command), command->name))
            continue;
        if (!may_run(request, command))
            deny_later(request);
        else if (request->port->gateway->state == GATEWAY_SHUTDOWN && !command->while_going_down)
            answer(request, "Avalanche has already started, too late to save the sheeps");
        else
            command->run(request);
        return;
    }
    answer_unknown(request);
}

static void on_request(struct http_exchange *exchange, void *arg)
{
    struct request *request = memory_zalloc(1, sizeof *request);

    request->port = arg;
    request->exchange = exchange;
    request->place = &request->port->open;
    request->next = request->port->open;
    if (request->next != NULL)
        request->next->place = &request->next;
    request->port->open = request;
    parse_path(request);
    run(request);
    if (!request->taken)
        request_reply(request);
}

/* --- the port
 * ------------------------------------------------------------------------------------------ */

static bool prepare(struct admin_port *port, struct bytes *error)
{
    const struct conf_group *core = port->gateway->core;

    port->acl =
        acl_create(conf_string(core, "admin-deny-ip"), conf_string(core, "admin-allow-ip"), error);
    if (port->acl == NULL)
        return false;
    if (!conf_bool(core, "admin-port-ssl"))
        return true;
    port->tls = tls_server_create(conf_string(core, "ssl-server-cert-file"),
                                  conf_string(core, "ssl-server-key-file"),
                                  conf_string(core, "ssl-server-cipher-list"), error);
    return port->tls != NULL;
}

struct admin_port *admin_open(struct gateway *gateway, struct bytes *error)
{
    struct admin_port *port = memory_zalloc(1, sizeof *port);
    struct http_server_options options = {
        .interface = conf_string(gateway->core, "admin-interface"),
        .port = (int)conf_number(gateway->core, "admin-port"),
        .server_name = "Kantele/" PACKAGE_VERSION,
    };

    port->gateway = gateway;
    if (prepare(port, error)) {
        options.acl = port->acl;
        options.tls = port->tls;
        port->server = http_server_start(gateway->loop, &options, on_request, port, error);
    }
    if (port->server == NULL) {
        admin_close(port);
        return NULL;
    }
    return port;
}

void admin_close(struct admin_port *port)
{
    if (port == NULL)
        return;
    while (port->open != NULL)
        request_reply(port->open); /* with what there is; an exchange wants an end */
    http_server_free(port->server);
    acl_free(port->acl);
    tls_free(port->tls);
    free(port);
}
