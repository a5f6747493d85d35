/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exposition - what the gateway counts and measures, for Prometheus and its kin:
 * the text exposition format, version 0.0.4. The metrics are those of
 * metrics_table.def; each connection's have a label smsc, its key (links.h).
 */
#ifndef GW_BEARERBOX_EXPOSITION_H
#define GW_BEARERBOX_EXPOSITION_H

#include "gw/bearerbox/gateway.h"

#define EXPOSITION_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* Appends the page. */
void exposition_print(const struct gateway *gateway, struct bytes *to);

/* Appends a label's value as it stands between its quotes: well-formed UTF-8 with
 * backslash, quote and line end escaped. */
void exposition_escape(struct bytes *to, struct slice value);

#endif
