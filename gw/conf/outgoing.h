/* SPDX-License-Identifier: Apache-2.0 */
/*
 * outgoing - the client for outgoing HTTP as group core describes it for all
 * boxes: proxy, certificates.
 */
#ifndef GW_CONF_OUTGOING_H
#define GW_CONF_OUTGOING_H

#include "gwlib/conf.h"
#include "gwlib/http_client.h"

struct outgoing_limits {
    unsigned timeout_s;    /* 0: the client's default */
    unsigned max_parallel; /* likewise */
    size_t max_body;       /* likewise */
};

/* What core says is copied. */
struct http_client *outgoing_client(struct loop *loop, const struct conf_group *core,
                                    const struct outgoing_limits *limits);

#endif
