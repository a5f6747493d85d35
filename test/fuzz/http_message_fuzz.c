/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzing of gwlib/http_message: any octets as a head, and as a body in
 * chunks. The first octet says in which pieces the chunks are read; the pieces
 * must not change the outcome.
 */
#include <stdint.h>
#include <stdlib.h>

#include "gwlib/http_message.h"
#include "gwlib/memory.h"

#define MAX_BODY 1000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_head(struct slice input)
{
    static struct http_head head;
    size_t scanned = 0;
    size_t len = http_head_length(input, &scanned);
    unsigned char *text;

    if (len > input.len)
        abort();
    text = memory_alloc(len + 1);
    memcpy(text, input.data, len);
    if (http_head_parse(text, len, &head) == NULL) {
        if (head.chunked && head.content_length > 0)
            abort();
        if (strlen(head.path) > len)
            abort();
        (void)http_head_field(&head, "content-length");
    }
    free(text);
}

static enum http_chunks_state read_chunks(struct slice input, size_t piece, struct bytes *body)
{
    struct http_chunks chunks = {0};

    while (!slice_is_empty(input) && chunks.state < HTTP_CHUNKS_DONE) {
        size_t used = http_chunks_read(&chunks, slice_sub(input, 0, piece), body, MAX_BODY);

        input = slice_sub(input, used, input.len);
    }
    return chunks.state;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes whole = {0}, pieces = {0};
    struct slice input;

    if (size == 0)
        return 0;
    input = slice_of(data + 1, size - 1);
    try_head(input);
    if (read_chunks(input, size, &whole) != read_chunks(input, (size_t)data[0] + 1, &pieces) ||
        whole.len > MAX_BODY || !slice_equal(bytes_slice(&whole), bytes_slice(&pieces)))
        abort();
    bytes_free(&whole);
    bytes_free(&pieces);
    return 0;
}
