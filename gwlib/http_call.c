/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_call - see http_call.h. What goes out by default are the headers that
 * Kannel sends: Host, User-Agent and "Connection: keep-alive", nothing else.
 *
 * Text from outside (header values made of message texts, URLs with escape
 * codes filled in) cannot break the request: line ends in headers become
 * blanks, blanks and control characters in URLs are percent-encoded.
 */
#include "gwlib/http_call.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "gwlib/log.h"
#include "gwlib/memory.h"

#define MAX_REDIRECTS     5L
#define MAX_ANSWER_HEADER (256 * 1024) /* octets of all headers of an answer */

/* --- what is the same for all ------------------------------------------ */

/* Kannel's list has blanks between the names, curl's commas. */
static char *comma_list(const char *blank_list)
{
    char *list = memory_strdup(blank_list);

    for (char *p = list; p != NULL && *p != '\0'; p++) {
        if (*p == ' ' || *p == '\t')
            *p = ',';
    }
    return list;
}

/* NULL without one, or when it does not compile (the configuration's reader has
 * said so). */
static struct regex *compile_exceptions(const char *pattern)
{
    struct bytes error = {0};
    struct regex *regex = pattern != NULL ? regex_compile(pattern, false, &error) : NULL;

    bytes_free(&error);
    return regex;
}

void http_call_defaults_set(struct http_call_defaults *defaults,
                            const struct http_client_options *options)
{
    defaults->user_agent = memory_strdup(options->user_agent);
    defaults->proxy_host = memory_strdup(options->proxy_host);
    defaults->proxy_port = options->proxy_port;
    defaults->proxy_user = memory_strdup(options->proxy_user);
    defaults->proxy_password = memory_strdup(options->proxy_password);
    defaults->proxy_tls = options->proxy_tls;
    defaults->proxy_exceptions = comma_list(options->proxy_exceptions);
    defaults->proxy_exceptions_regex = compile_exceptions(options->proxy_exceptions_regex);
    defaults->ca_file = memory_strdup(options->ca_file);
    defaults->certkey_file = memory_strdup(options->certkey_file);
    defaults->timeout_s = options->timeout_s;
    defaults->max_body = options->max_body;
}

void http_call_defaults_free(struct http_call_defaults *defaults)
{
    free(defaults->user_agent);
    free(defaults->proxy_host);
    free(defaults->proxy_user);
    free(defaults->proxy_password);
    free(defaults->proxy_exceptions);
    regex_free(defaults->proxy_exceptions_regex);
    free(defaults->ca_file);
    free(defaults->certkey_file);
}

/* --- the request ------------------------------------------------------- */

static char *clean_url(const char *url)
{
    struct bytes clean = {0};

    for (const unsigned char *p = (const unsigned char *)url; *p != '\0'; p++) {
        if (*p <= ' ' || *p == 0x7f)
            bytes_printf(&clean, "%%%02X", *p);
        else
            bytes_append_char(&clean, *p);
    }
    return bytes_take(&clean);
}

static bool is_http_url(const char *url)
{
    return url != NULL &&
           (strncasecmp(url, "http://", 7) == 0 || strncasecmp(url, "https://", 8) == 0);
}

static void add_header_line(struct http_call *call, const char *line)
{
    struct curl_slist *list = curl_slist_append(call->headers, line);

    if (list == NULL)
        log_panic("Out of memory.");
    call->headers = list;
}

/* An empty value is written "Name;" for curl: "Name:" takes a header away. */
static void add_header(struct http_call *call, const char *name, const char *value)
{
    struct bytes line = {0};

    bytes_append_str(&line, name);
    if (value == NULL || value[strspn(value, " \t")] == '\0') {
        bytes_append_str(&line, ";");
    } else {
        bytes_append_str(&line, ": ");
        bytes_append_str(&line, value);
    }
    for (size_t i = 0; i < line.len; i++) {
        if (line.data[i] == '\r' || line.data[i] == '\n')
            line.data[i] = ' ';
    }
    add_header_line(call, bytes_str(&line));
    bytes_free(&line);
}

/* What the request has itself is not added nor taken away. */
static void add_own_headers(struct http_call *call, const struct http_request *request)
{
    bool has_connection = false, has_type = false, has_accept = false;

    for (size_t i = 0; i < request->header_count; i++) {
        const char *name = request->headers[i].name;

        has_connection |= strcasecmp(name, "Connection") == 0;
        has_type |= strcasecmp(name, "Content-Type") == 0;
        has_accept |= strcasecmp(name, "Accept") == 0;
    }
    if (!has_connection)
        add_header_line(call, "Connection: keep-alive");
    if (!has_accept)
        add_header_line(call, "Accept:");
    if (call->is_post && !has_type)
        add_header_line(call, "Content-Type:");
    if (call->is_post)
        add_header_line(call, "Expect:");
}

struct http_call *http_call_create(const struct http_request *request)
{
    struct http_call *call = memory_zalloc(1, sizeof *call);

    call->timeout_s = request->timeout_s;
    call->max_body = request->max_body;
    call->is_post = slice_is_set(request->body);
    bytes_append_slice(&call->body, request->body);
    if (is_http_url(request->url))
        call->url = clean_url(request->url);
    else
        call->refusal = "URL is neither http:// nor https://";
    add_own_headers(call, request);
    for (size_t i = 0; i < request->header_count; i++)
        add_header(call, request->headers[i].name, request->headers[i].value);
    return call;
}

void http_call_free(struct http_call *call)
{
    curl_slist_free_all(call->headers);
    bytes_free(&call->body);
    bytes_free(&call->answer_body);
    bytes_free(&call->answer_text);
    free(call->answer_headers);
    free(call->url);
    free(call);
}

/* --- the answer, as it comes ------------------------------------------- */

static size_t break_off(struct http_call *call, const char *failure)
{
    call->failure = failure;
    return 0; /* curl ends the transfer when not all octets were taken */
}

static size_t take_body(char *data, size_t size, size_t count, void *arg)
{
    struct http_call *call = arg;
    size_t len = size * count;

    if (len > call->max_body - call->answer_body.len)
        return break_off(call, "answer too long");
    bytes_append(&call->answer_body, data, len);
    return len;
}

static void forget_answer(struct http_call *call)
{
    bytes_clear(&call->answer_body);
    bytes_clear(&call->answer_text);
    call->answer_header_count = 0;
}

/* A status line begins the headers of one more answer (100, 302, 401...): the
 * last one counts. */
static size_t take_header(char *data, size_t size, size_t count, void *arg)
{
    struct http_call *call = arg;
    struct slice line = slice_of(data, size * count);
    size_t colon = slice_find(line, ':', 0);

    if (slice_starts_with(line, slice_str("HTTP/"))) {
        forget_answer(call);
        return line.len;
    }
    if (colon == line.len || slice_find(line, '\0', 0) < line.len)
        return line.len;
    if (call->answer_text.len + line.len > MAX_ANSWER_HEADER)
        return break_off(call, "headers of the answer too long");
    bytes_append_slice(&call->answer_text, slice_trim(slice_sub(line, 0, colon)));
    bytes_append_char(&call->answer_text, '\0');
    bytes_append_slice(&call->answer_text, slice_trim(slice_sub(line, colon + 1, line.len)));
    bytes_append_char(&call->answer_text, '\0');
    call->answer_header_count++;
    return line.len;
}

void http_call_note_status(struct http_call *call)
{
    curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &call->status);
}

static void build_headers(struct http_call *call)
{
    const char *at = bytes_str(&call->answer_text);

    call->answer_headers =
        memory_zalloc(call->answer_header_count + 1, sizeof call->answer_headers[0]);
    for (size_t i = 0; i < call->answer_header_count; i++) {
        call->answer_headers[i].name = at;
        at += strlen(at) + 1;
        call->answer_headers[i].value = at;
        at += strlen(at) + 1;
    }
}

static const char *error_text(const struct http_call *call, CURLcode code)
{
    if (call->refusal != NULL)
        return call->refusal;
    if (call->failure != NULL)
        return call->failure;
    if (call->error[0] != '\0')
        return call->error;
    return code != CURLE_OK ? curl_easy_strerror(code) : "no status in the answer";
}

void http_call_answer(struct http_call *call, CURLcode code, struct http_answer *answer)
{
    *answer = (struct http_answer){.body = slice_str("")};
    if (code != CURLE_OK || call->status <= 0) {
        answer->error = error_text(call, code);
        return;
    }
    build_headers(call);
    answer->status = (int)call->status;
    answer->body = bytes_slice(&call->answer_body);
    answer->headers = call->answer_headers;
    answer->header_count = call->answer_header_count;
}

/* --- options for curl -------------------------------------------------- */

static void only_http(CURL *easy)
{
#if LIBCURL_VERSION_NUM >= 0x075500
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
#else
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
    curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
}

/* An empty proxy keeps curl from looking into the environment. */
static void set_proxy(const struct http_call *call, const struct http_call_defaults *defaults)
{
    CURL *easy = call->easy;
    const struct regex *exceptions = defaults->proxy_exceptions_regex;

    if (defaults->proxy_host == NULL ||
        (exceptions != NULL && regex_matches(exceptions, slice_str(call->url)))) {
        curl_easy_setopt(easy, CURLOPT_PROXY, "");
        return;
    }
    curl_easy_setopt(easy, CURLOPT_PROXY, defaults->proxy_host);
    curl_easy_setopt(easy, CURLOPT_PROXYPORT, (long)defaults->proxy_port);
    curl_easy_setopt(easy, CURLOPT_PROXYTYPE,
                     (long)(defaults->proxy_tls ? CURLPROXY_HTTPS : CURLPROXY_HTTP));
    curl_easy_setopt(easy, CURLOPT_NOPROXY,
                     defaults->proxy_exceptions != NULL ? defaults->proxy_exceptions : "");
    if (defaults->proxy_user == NULL)
        return;
    curl_easy_setopt(easy, CURLOPT_PROXYUSERNAME, defaults->proxy_user);
    curl_easy_setopt(easy, CURLOPT_PROXYPASSWORD,
                     defaults->proxy_password != NULL ? defaults->proxy_password : "");
}

static void set_tls(CURL *easy, const struct http_call_defaults *defaults)
{
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (defaults->ca_file != NULL) {
        curl_easy_setopt(easy, CURLOPT_CAINFO, defaults->ca_file);
        curl_easy_setopt(easy, CURLOPT_PROXY_CAINFO, defaults->ca_file);
    }
    if (defaults->certkey_file != NULL) {
        curl_easy_setopt(easy, CURLOPT_SSLCERT, defaults->certkey_file);
        curl_easy_setopt(easy, CURLOPT_SSLKEY, defaults->certkey_file);
    }
}

static void set_callbacks(struct http_call *call)
{
    CURL *easy = call->easy;

    curl_easy_setopt(easy, CURLOPT_PRIVATE, call);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, call->error);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, call);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, call);
    curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
}

static void set_request(struct http_call *call)
{
    CURL *easy = call->easy;

    curl_easy_setopt(easy, CURLOPT_URL, call->url);
    curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, call->headers);
    if (call->is_post) {
        curl_easy_setopt(easy, CURLOPT_POST, 1L);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body.len);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, bytes_str(&call->body));
    }
}

void http_call_prepare(struct http_call *call, const struct http_call_defaults *defaults)
{
    CURL *easy = call->easy;
    unsigned timeout_s = call->timeout_s > 0 ? call->timeout_s : defaults->timeout_s;

    if (call->max_body == 0)
        call->max_body = defaults->max_body;
    only_http(easy);
    set_proxy(call, defaults);
    set_tls(easy, defaults);
    set_callbacks(call);
    set_request(call);
    if (defaults->user_agent != NULL)
        curl_easy_setopt(easy, CURLOPT_USERAGENT, defaults->user_agent);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(easy, CURLOPT_MAXREDIRS, MAX_REDIRECTS);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)timeout_s * 1000);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L);
}

/* --- reading an answer ------------------------------------------------- */

struct slice http_answer_header(const struct http_answer *answer, const char *name)
{
    for (size_t i = 0; i < answer->header_count; i++) {
        if (strcasecmp(answer->headers[i].name, name) == 0)
            return slice_str(answer->headers[i].value);
    }
    return slice_unset();
}

static void append_lower(struct bytes *to, struct slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = s.data[i];

        bytes_append_char(to, c >= 'A' && c <= 'Z' ? (unsigned char)(c + 'a' - 'A') : c);
    }
}

/* A parameter's value up to the next ';', without quotes; *rest goes behind. */
static void take_parameter_value(struct slice *rest, struct bytes *value)
{
    size_t at = 0;
    bool quoted = rest->len > 0 && rest->data[0] == '"';

    if (quoted)
        at++;
    for (; at < rest->len; at++) {
        unsigned char c = rest->data[at];

        if (quoted ? c == '"' : c == ';')
            break;
        if (quoted && c == '\\' && at + 1 < rest->len)
            c = rest->data[++at];
        bytes_append_char(value, c);
    }
    at = slice_find(*rest, ';', at);
    *rest = slice_sub(*rest, at + 1, rest->len);
}

void http_content_type(struct slice value, struct bytes *type, struct bytes *charset)
{
    size_t end = slice_find(value, ';', 0);
    struct slice rest = slice_sub(value, end + 1, value.len);

    bytes_clear(type);
    bytes_clear(charset);
    append_lower(type, slice_trim(slice_sub(value, 0, end)));
    while (!slice_is_empty(rest)) {
        size_t equals = slice_find(rest, '=', 0);
        size_t semicolon = slice_find(rest, ';', 0);
        struct slice name = slice_trim(slice_sub(rest, 0, equals < semicolon ? equals : semicolon));
        struct bytes parameter = {0};

        if (semicolon < equals) {
            rest = slice_sub(rest, semicolon + 1, rest.len);
            continue;
        }
        rest = slice_trim(slice_sub(rest, equals + 1, rest.len));
        take_parameter_value(&rest, &parameter);
        if (slice_equal_nocase(name, "charset") && charset->len == 0)
            bytes_append_slice(charset, slice_trim(bytes_slice(&parameter)));
        bytes_free(&parameter);
    }
}
