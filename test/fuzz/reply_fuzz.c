/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzz harness of gw/smsbox/reply with html, xml and form: an application's
 * answer. The first octet chooses the type and the rules, the rest is the body.
 */
#include <stddef.h>
#include <stdint.h>

#include "gw/smsbox/reply.h"
#include "gwlib/log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const types[] = {
    "text/plain",
    "text/html",
    "text/xml",
    "application/octet-stream",
    "text/plain; charset=UTF-16",
    "text/html; charset=\"windows-1252\"",
    "text/vnd.wap.wml; charset=nosuch",
    "image/png",
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct http_header header = {"Content-Type", types[data[0] & 7]};
    struct http_answer answer = {
        .status = 200, .body = slice_of(data + 1, size - 1), .headers = &header, .header_count = 1};
    struct reply_rules rules = {.accept_headers = (data[0] & 8) != 0,
                                .prefix = (data[0] & 16) != 0 ? "<a>" : NULL,
                                .suffix = "</a>",
                                .alt_charset = (data[0] & 32) != 0 ? "KOI8-R" : NULL};
    struct reply reply;
    reply_read(&reply, &answer, &rules);
    if (reply.kind == REPLY_TEXT)
        LOG_ASSERT(reply.form.coding >= 0 && reply.form.coding <= 2);
    reply_free(&reply);
    return 0;
}
