/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mo - one MO on its way, for incoming.c, request.c and local.c only.
 *
 * It holds the message as services see it (recoded, with the number that the
 * reply comes from as its receiver), and ends with one of mo_reply_*().
 */
#ifndef GW_SMSBOX_MO_H
#define GW_SMSBOX_MO_H

#include "gw/smsbox/incoming.h"
#include "gw/smsbox/reply.h"

struct mo {
    struct incoming *incoming;
    struct job *job;
    const struct service *service; /* NULL: there is none */
    struct sms sms;                /* as services see it */
    struct bytes recoded;
    struct bytes url; /* expanded: of a request */
};

/* A reply with the fields of an application's answer. */
void mo_reply_answer(struct mo *mo, struct reply *reply);
/* The words that stand for what went wrong; charset as Kannel sets it. */
void mo_reply_failure(struct mo *mo, const char *text, struct slice charset);
/* The output of a text, file or exec. Empty counts as empty reply. */
void mo_reply_fixed(struct mo *mo, struct slice text);
/* No reply, and an end with this acknowledgement. */
void mo_end(struct mo *mo, enum ack_result result);

/* request.c: get-url, post-url, post-xml. local.c: file, text, exec. */
void mo_request(struct mo *mo);
void mo_run_locally(struct mo *mo);

#endif
