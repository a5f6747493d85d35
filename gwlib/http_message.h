/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_message - the wire form of an HTTP/1 request (RFC 9112): its head, and
 * a body in chunks. Pure functions on octets in memory, for http_server.
 *
 * Strict where two readers of the same octets could disagree about where a
 * request ends (section 11.2, request smuggling): a doubled Content-Length,
 * one that is not a plain number, one together with Transfer-Encoding, an
 * unknown Transfer-Encoding, blanks before a colon. Lenient where clients of
 * Kannel are sloppy: lines may end in LF alone, Host is not required, several
 * blanks may part the words of the request line, folded lines are joined.
 */
#ifndef GWLIB_HTTP_MESSAGE_H
#define GWLIB_HTTP_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gwlib/bytes.h"

#define HTTP_HEAD_MAX_FIELDS 100

struct http_field {
    struct slice name;
    struct slice value; /* without blanks around it */
};

struct http_head {
    struct slice method;
    const char *path;   /* of an absolute URI only the path; "/" when that is empty */
    struct slice query; /* unset when there is no '?' */
    bool version_1_0;
    bool keep_alive;       /* the client's wish, by the rules of its version */
    bool expects_continue; /* Expect: 100-continue */
    bool chunked;
    uint64_t content_length; /* 0 when there is none */
    size_t field_count;
    struct http_field fields[HTTP_HEAD_MAX_FIELDS];
};

/*
 * The length of the head at the start of the input, its empty line included; 0
 * when that has not come yet. *scanned is 0 at first and spares looking at the
 * same octets again when there is more input.
 */
size_t http_head_length(struct slice input, size_t *scanned);

/*
 * Takes a whole head apart, in place: the text is changed, and the result points
 * into it. It must have room for len + 1 octets. NULL, or what is wrong (a
 * constant text); the result is undefined then.
 */
const char *http_head_parse(unsigned char *text, size_t len, struct http_head *head);

/* The first field of that name, without case; unset when there is none. */
struct slice http_head_field(const struct http_head *head, const char *name);

/* --- a body in chunks (section 7.1) ------------------------------------ */

enum http_chunks_state {
    HTTP_CHUNKS_SIZE, /* zero: the start */
    HTTP_CHUNKS_EXTENSION,
    HTTP_CHUNKS_DATA,
    HTTP_CHUNKS_DATA_END,
    HTTP_CHUNKS_TRAILER,
    HTTP_CHUNKS_DONE,
    HTTP_CHUNKS_BROKEN,
    HTTP_CHUNKS_TOO_LONG /* the body or what is around it */
};

/* Zero initialised. */
struct http_chunks {
    enum http_chunks_state state;
    uint64_t left;     /* of the chunk, or its size so far */
    unsigned digits;   /* of the size so far */
    bool line_is_used; /* the trailer line has octets */
    size_t overhead;   /* octets of extensions and trailers so far */
};

/* Reads on, appends to the body, and returns how many octets were used: all of
 * them unless the state is DONE, BROKEN or TOO_LONG afterwards. The body grows
 * to max_body octets at most. */
size_t http_chunks_read(struct http_chunks *chunks, struct slice input, struct bytes *body,
                        size_t max_body);

#endif
