/* SPDX-License-Identifier: Apache-2.0 */
/*
 * post - see post.h.
 */
#include "gw/smsbox/post.h"

#include "gw/smsbox/text.h"
#include "gw/smsbox/xml.h"
#include "gwlib/http_client.h"

/* Values of an urlencoded form: first those of the body, then of the address. */
struct two_places {
    struct url_params *body;
    struct http_exchange *exchange;
};

static struct slice param_of_two(void *source, const char *name)
{
    struct two_places *places = source;
    struct slice value = url_params_get(places->body, name);
    return slice_is_set(value) ? value : http_exchange_param(places->exchange, name);
}

static struct slice header_value(void *source, const char *name)
{
    return http_exchange_header(source, name);
}

static void read_params(struct form *form, struct http_exchange *exchange,
                        struct url_params **params)
{
    *params = url_params_parse(http_exchange_body(exchange));
    struct two_places places = {*params, exchange};
    form_read_params(form, param_of_two, &places);
}

static void read_headers(struct form *form, struct http_exchange *exchange)
{
    form_read_headers(form, header_value, exchange);
    form->username = http_exchange_header(exchange, "X-Kannel-Username");
    form->password = http_exchange_header(exchange, "X-Kannel-Password");
    form->text = http_exchange_body(exchange);
}

static void set_charset(struct form *form, struct bytes *charset)
{
    form->charset = charset->len > 0 ? form_keep(form, charset) : text_guess_charset(form->text);
}

static enum post_kind read_plain(struct form *form, struct http_exchange *exchange,
                                 struct bytes *charset)
{
    read_headers(form, exchange);
    set_charset(form, charset);
    return POST_HEADERS;
}

/* Octets: coding 1 unless another is asked for; in UCS-2 they are UTF-16BE when
 * no charset says otherwise. */
static enum post_kind read_octets(struct form *form, struct http_exchange *exchange,
                                  struct bytes *charset)
{
    read_headers(form, exchange);
    if (form->coding == SMS_UNSET)
        form->coding = SMS_CODING_8BIT;
    if (form->coding == SMS_CODING_7BIT || charset->len > 0)
        set_charset(form, charset);
    return POST_HEADERS;
}

static bool is(const struct bytes *type, const char *name)
{
    return slice_equal_str(bytes_slice(type), name);
}

static enum post_kind read_by_type(struct form *form, struct http_exchange *exchange,
                                   const struct bytes *type, struct bytes *charset,
                                   struct url_params **params)
{
    if (is(type, "application/x-www-form-urlencoded")) {
        read_params(form, exchange, params);
        return POST_PARAMS;
    }
    if (is(type, "text/plain"))
        return read_plain(form, exchange, charset);
    if (is(type, "application/octet-stream") || type->len == 0)
        return read_octets(form, exchange, charset);
    if (is(type, "text/xml")) {
        /* What cannot be read has no credentials: 403, as in Kannel. */
        xml_read_form(form, http_exchange_body(exchange));
        return POST_HEADERS;
    }
    if (is(type, "text/html") || is(type, "text/vnd.wap.wml")) {
        read_headers(form, exchange);
        return POST_UNSUPPORTED;
    }
    return POST_INVALID;
}

enum post_kind post_read(struct form *form, struct http_exchange *exchange,
                         struct url_params **params)
{
    struct bytes type = {0}, charset = {0};
    http_content_type(http_exchange_header(exchange, "Content-Type"), &type, &charset);
    enum post_kind kind = read_by_type(form, exchange, &type, &charset, params);
    bytes_free(&type);
    bytes_free(&charset);
    return kind;
}
