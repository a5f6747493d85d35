/* SPDX-License-Identifier: Apache-2.0 */
/*
 * post - the forms in which sendsms is POSTed: text or octets with X-Kannel
 * headers, XML, and urlencoded forms, which have the meaning of the same
 * parameters in a GET.
 *
 * Specification: Kannel 1.4.5, as recorded in test/data/compat. Urlencoded forms
 * are an extension: Kannel refuses them.
 */
#ifndef GW_SMSBOX_POST_H
#define GW_SMSBOX_POST_H

#include "gw/smsbox/form.h"
#include "gwlib/http_server.h"
#include "gwlib/url.h"

enum post_kind {
    POST_PARAMS,      /* as a GET; the form borrows from *params */
    POST_HEADERS,     /* body and X-Kannel headers */
    POST_UNSUPPORTED, /* a type that is refused, but only after the credentials were checked */
    POST_INVALID      /* a type that is refused at once */
};

/* Fills the form, which was initialised. *params is for url_params_free(). */
enum post_kind post_read(struct form *form, struct http_exchange *exchange,
                         struct url_params **params);

#endif
