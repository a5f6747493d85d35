/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text_source - a text that the configuration names by a path, a file: URL or
 * an http(s) URL: fetching it, once for each start.
 *
 * An answer by HTTP counts only with status 200. Files are read at once, so
 * they are for texts on a local disk. Loop thread only.
 */
#ifndef GWLIB_TEXT_SOURCE_H
#define GWLIB_TEXT_SOURCE_H

#include "gwlib/bytes.h"
#include "gwlib/http_client.h"
#include "gwlib/loop.h"

struct text_source;

/* The text, valid during the call; or unset, and error says why. */
typedef void text_source_fn(struct slice text, const char *error, void *arg);

/* The client must outlive it. The address is copied. Longer texts than max are
 * an error. */
struct text_source *text_source_create(struct loop *loop, struct http_client *http,
                                       const char *address, size_t max, text_source_fn *done,
                                       void *arg);
/* Without a word if it is under way. NULL is fine. */
void text_source_free(struct text_source *source);

/* Fetches it after that time: done comes once, not from inside this call. While
 * it is under way nothing new is started. done may start it again, or free it. */
void text_source_start(struct text_source *source, int64_t after_ms);

#endif
