/* SPDX-License-Identifier: Apache-2.0 */
/*
 * url - see url.h. The rules of decoding and of the parameters are those of
 * Kannel's HTTP server, those of encoding are what its escape codes do.
 *
 * The parameters of a request live in one block of memory: the table of names
 * and values, then the decoded octets they point to. Decoding never makes a
 * text longer, so the size of the block is known beforehand. Total for any
 * input; the number of parameters is limited, because every look-up walks
 * through them.
 */
#include "gwlib/url.h"

#include <stdint.h>
#include <stdlib.h>

#include "gwlib/memory.h"

#define PARAMS_MAX 1024 /* of one query; further ones are ignored */

struct param {
    struct slice name;
    struct slice value;
};

struct url_params {
    size_t count;
    struct param items[];
};

static bool stays_as_it_is(unsigned char c)
{
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
        return true;
    return c != '\0' && strchr("-_.!~*'()", c) != NULL;
}

void url_encode(struct bytes *to, struct slice s)
{
    static const char digits[] = "0123456789ABCDEF";

    bytes_reserve(to, s.len);
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = s.data[i];

        if (stays_as_it_is(c)) {
            bytes_append_char(to, c);
        } else if (c == ' ') {
            bytes_append_char(to, '+');
        } else {
            const char escape[3] = {'%', digits[c >> 4], digits[c & 0x0f]};
            bytes_append(to, escape, sizeof escape);
        }
    }
}

static int hex_value(unsigned char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* Writes at most s.len octets to `to`, their number to *len. False for a wrong
 * % sequence: then the octets are those of s. */
static bool decode_into(unsigned char *to, struct slice s, size_t *len)
{
    size_t n = 0;

    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = s.data[i];

        if (c == '+') {
            c = ' ';
        } else if (c == '%') {
            int high = i + 2 < s.len ? hex_value(s.data[i + 1]) : -1;
            int low = high >= 0 ? hex_value(s.data[i + 2]) : -1;

            if (low < 0) {
                memcpy(to, s.data, s.len);
                *len = s.len;
                return false;
            }
            c = (unsigned char)(high << 4 | low);
            i += 2;
        }
        to[n++] = c;
    }
    *len = n;
    return true;
}

bool url_decode(struct bytes *to, struct slice s)
{
    bool good;
    size_t len;

    if (slice_is_empty(s))
        return true;
    bytes_reserve(to, s.len + 1);
    good = decode_into(to->data + to->len, s, &len);
    to->len += len;
    to->data[to->len] = '\0';
    return good;
}

static size_t count_items(struct slice query)
{
    size_t count = 1;
    size_t at = slice_find(query, '&', 0);

    while (at < query.len && count < PARAMS_MAX) {
        count++;
        at = slice_find(query, '&', at + 1);
    }
    return count;
}

/* Decodes to *memory and moves it past the text. */
static struct slice take_decoded(unsigned char **memory, struct slice raw)
{
    struct slice text = {*memory, 0};

    (void)decode_into(*memory, raw, &text.len);
    *memory += text.len;
    return text;
}

struct url_params *url_params_parse(struct slice query)
{
    size_t max = count_items(query);
    size_t table = sizeof(struct url_params) + max * sizeof(struct param);
    struct url_params *params = memory_alloc(table + query.len + 1);
    unsigned char *text = (unsigned char *)params + table;
    struct slice item;

    params->count = 0;
    while (params->count < max && slice_next_item(&query, '&', &item)) {
        size_t equals = slice_find(item, '=', 0);
        struct param *param = &params->items[params->count];

        if (slice_is_empty(item))
            continue;
        param->name = take_decoded(&text, slice_sub(item, 0, equals));
        param->value = take_decoded(&text, slice_sub(item, equals + 1, item.len));
        params->count++;
    }
    return params;
}

void url_params_free(struct url_params *params)
{
    free(params);
}

struct slice url_params_get(const struct url_params *params, const char *name)
{
    for (size_t i = 0; i < params->count; i++) {
        if (slice_equal_str(params->items[i].name, name))
            return params->items[i].value;
    }
    return slice_unset();
}
