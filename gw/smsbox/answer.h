/* SPDX-License-Identifier: Apache-2.0 */
/*
 * answer - the form that all answers on the HTTP port have: plain text under the
 * type text/html, not to be cached.
 */
#ifndef GW_SMSBOX_ANSWER_H
#define GW_SMSBOX_ANSWER_H

#include "gwlib/http_server.h"

/* Ends the exchange. */
void answer_bytes(struct http_exchange *exchange, int status, struct slice body);
void answer_text(struct http_exchange *exchange, int status, const char *body);

#endif
