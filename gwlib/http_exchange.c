/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_exchange - see http_exchange.h, and http_server.h for the handlers' side.
 */
#include "gwlib/http_exchange.h"

#include <stdio.h>
#include <stdlib.h>

#include "gwlib/memory.h"
#include "gwlib/url.h"

#define KEEP_CAPACITY (64 * 1024) /* buffers above are not kept for the next request */

/* --- memory ------------------------------------------------------------ */

struct http_exchange *http_exchange_create(struct http_server *server, struct http_conn *conn,
                                           const char *peer)
{
    struct http_exchange *exchange = memory_zalloc(1, sizeof *exchange);

    exchange->server = server;
    exchange->conn = conn;
    snprintf(exchange->peer, sizeof exchange->peer, "%s", peer);
    return exchange;
}

static void clear_buffer(struct bytes *b)
{
    if (b->capacity > KEEP_CAPACITY)
        bytes_free(b);
    else
        bytes_clear(b);
}

void http_exchange_clear(struct http_exchange *exchange)
{
    clear_buffer(&exchange->text);
    clear_buffer(&exchange->body);
    clear_buffer(&exchange->answer_headers);
    url_params_free(exchange->params);
    exchange->params = NULL;
    exchange->data = NULL;
}

void http_exchange_free(struct http_exchange *exchange)
{
    bytes_free(&exchange->text);
    bytes_free(&exchange->body);
    bytes_free(&exchange->answer_headers);
    url_params_free(exchange->params);
    free(exchange);
}

/* --- exchanges, for handlers ------------------------------------------- */

enum http_method http_exchange_method(const struct http_exchange *exchange)
{
    return exchange->method;
}

const char *http_exchange_path(const struct http_exchange *exchange)
{
    return exchange->head.path;
}

struct slice http_exchange_query(const struct http_exchange *exchange)
{
    return exchange->head.query;
}

struct slice http_exchange_param(struct http_exchange *exchange, const char *name)
{
    if (exchange->params == NULL)
        exchange->params = url_params_parse(exchange->head.query);
    return url_params_get(exchange->params, name);
}

struct slice http_exchange_header(const struct http_exchange *exchange, const char *name)
{
    return http_head_field(&exchange->head, name);
}

struct slice http_exchange_body(const struct http_exchange *exchange)
{
    return bytes_slice(&exchange->body);
}

const char *http_exchange_peer(const struct http_exchange *exchange)
{
    return exchange->peer;
}

void http_exchange_set_data(struct http_exchange *exchange, void *data)
{
    exchange->data = data;
}

void *http_exchange_data(const struct http_exchange *exchange)
{
    return exchange->data;
}

/* Line ends would begin another header or the body. */
static void append_header_text(struct bytes *to, const char *text)
{
    for (; *text != '\0'; text++)
        bytes_append_char(to, *text == '\r' || *text == '\n' ? ' ' : (unsigned char)*text);
}

void http_exchange_add_header(struct http_exchange *exchange, const char *name, const char *value)
{
    struct bytes *headers = &exchange->answer_headers;

    append_header_text(headers, name);
    bytes_append_str(headers, ": ");
    append_header_text(headers, value);
    bytes_append_str(headers, "\r\n");
}

/* --- the head of the answer -------------------------------------------- */

static const char *current_date(struct http_date *date)
{
    static const char days[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    time_t now = time(NULL);
    struct tm tm;

    if (now == date->time)
        return date->text;
    gmtime_r(&now, &tm);
    snprintf(date->text, sizeof date->text, "%s, %02u %s %04u %02u:%02u:%02u GMT", days[tm.tm_wday],
             (unsigned)tm.tm_mday % 100, months[tm.tm_mon], (unsigned)(tm.tm_year + 1900) % 10000,
             (unsigned)tm.tm_hour % 100, (unsigned)tm.tm_min % 100, (unsigned)tm.tm_sec % 100);
    date->time = now;
    return date->text;
}

bool http_status_has_body(int status)
{
    return status >= 200 && status != 204 && status != 304;
}

void http_exchange_format_head(const struct http_exchange *exchange,
                               const struct http_answer_line *line, struct http_date *date,
                               struct bytes *out)
{
    char text[48];

    bytes_clear(out);
    snprintf(text, sizeof text, "HTTP/1.1 %d ", line->status);
    bytes_append_str(out, text);
    bytes_append_str(out, http_status_reason(line->status));
    bytes_append_str(out, "\r\nServer: ");
    bytes_append_str(out, line->server_name);
    bytes_append_str(out, "\r\nDate: ");
    bytes_append_str(out, current_date(date));
    if (http_status_has_body(line->status)) {
        snprintf(text, sizeof text, "\r\nContent-Length: %zu", line->body_len);
        bytes_append_str(out, text);
    }
    bytes_append_str(out, line->keep_alive ? "\r\nConnection: Keep-Alive\r\n"
                                           : "\r\nConnection: Close\r\n");
    bytes_append_slice(out, bytes_slice(&exchange->answer_headers));
    bytes_append_str(out, "\r\n");
}
