/* SPDX-License-Identifier: Apache-2.0 */
/*
 * front - the HTTP port of smsbox: which path is for whom, and the answers'
 * common form.
 *
 * Specification: Kannel 1.4.5, as recorded in test/data/compat.
 */
#ifndef GW_SMSBOX_FRONT_H
#define GW_SMSBOX_FRONT_H

#include "gw/smsbox/sendsms.h"
#include "gwlib/http_server.h"
#include "gwlib/tls.h"

struct front;

/* NULL with the reason appended to *error. tls may be NULL; all must outlive it. */
struct front *front_start(struct loop *loop, const struct settings *settings,
                          struct tls_context *tls, struct sendsms *sendsms, struct bytes *error);
/* No new requests; those under way are still answered. */
void front_stop_accepting(struct front *front);
/* Requests not answered yet; 0 for NULL. */
size_t front_pending(const struct front *front);
void front_free(struct front *front); /* NULL is fine */

#endif
