/* SPDX-License-Identifier: Apache-2.0 */
/*
 * answer - see answer.h. The debug line is one that scripts count.
 */
#include "gw/smsbox/answer.h"

#include "gwlib/log.h"

void answer_bytes(struct http_exchange *exchange, int status, struct slice body)
{
    if (log_wants(LOG_LEVEL_DEBUG))
        log_debug("Status: %d Answer: <%.*s>", status, (int)body.len, (const char *)body.data);
    http_exchange_add_header(exchange, "Content-type", "text/html");
    http_exchange_add_header(exchange, "Pragma", "no-cache");
    http_exchange_add_header(exchange, "Cache-Control", "no-cache");
    http_exchange_reply(exchange, status, body);
}

void answer_text(struct http_exchange *exchange, int status, const char *body)
{
    answer_bytes(exchange, status, slice_str(body));
}
