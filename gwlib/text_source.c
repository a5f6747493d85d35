/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Texts by path or URL: see text_source.h.
 */
#include "gwlib/text_source.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "gwlib/memory.h"

struct text_source {
    struct http_client *http;
    char *address;
    size_t max;
    text_source_fn *done;
    void *arg;
    struct loop_timer *timer;
    struct http_call *call;
    bool waiting; /* for its timer or its call */
};

static void finish(struct text_source *source, struct slice text, const char *error)
{
    source->waiting = false;
    source->done(text, error, source->arg);
}

static void on_answer(const struct http_answer *answer, void *arg)
{
    struct text_source *source = arg;
    struct bytes status = {0};

    source->call = NULL;
    if (answer->status == 200) {
        finish(source, slice_is_set(answer->body) ? answer->body : slice_str(""), NULL);
        return;
    }
    if (answer->status != 0)
        bytes_printf(&status, "HTTP status %d", answer->status);
    else
        bytes_append_str(&status, answer->error);
    finish(source, slice_unset(), bytes_str(&status));
    bytes_free(&status);
}

/* True when the whole file is in *content; else errno says why not. */
static bool read_stream(FILE *stream, size_t max, struct bytes *content)
{
    char buffer[8192];
    size_t n;

    while ((n = fread(buffer, 1, sizeof buffer, stream)) > 0) {
        if (content->len + n > max) {
            errno = EFBIG;
            return false;
        }
        bytes_append(content, buffer, n);
    }
    return !ferror(stream);
}

/* file:///etc/list, file:/etc/list and file:list all name a path. */
static const char *path_of(const char *address)
{
    if (strncasecmp(address, "file:", 5) != 0)
        return address;
    address += 5;
    return strncmp(address, "//", 2) == 0 ? address + 2 : address;
}

static void read_file(struct text_source *source)
{
    FILE *stream = fopen(path_of(source->address), "re");
    struct bytes content = {0};
    bool good = stream != NULL && read_stream(stream, source->max, &content);
    const char *error = good ? NULL : strerror(errno);

    if (stream != NULL)
        fclose(stream);
    finish(source, good ? bytes_slice(&content) : slice_unset(), error);
    bytes_free(&content);
}

static void fetch(void *arg)
{
    struct text_source *source = arg;
    struct http_request request = {.url = source->address, .max_body = source->max};

    if (strncasecmp(source->address, "http://", 7) == 0 ||
        strncasecmp(source->address, "https://", 8) == 0)
        source->call = http_client_start(source->http, &request, on_answer, source);
    else
        read_file(source);
}

struct text_source *text_source_create(struct loop *loop, struct http_client *http,
                                       const char *address, size_t max, text_source_fn *done,
                                       void *arg)
{
    struct text_source *source = memory_zalloc(1, sizeof *source);

    source->http = http;
    source->address = memory_strdup(address);
    source->max = max;
    source->done = done;
    source->arg = arg;
    source->timer = loop_timer_create(loop, fetch, source);
    return source;
}

void text_source_free(struct text_source *source)
{
    if (source == NULL)
        return;
    if (source->call != NULL)
        http_call_cancel(source->call);
    loop_timer_free(source->timer);
    free(source->address);
    free(source);
}

void text_source_start(struct text_source *source, int64_t after_ms)
{
    if (source->waiting)
        return;
    source->waiting = true;
    loop_timer_set(source->timer, after_ms);
}
