/* SPDX-License-Identifier: Apache-2.0 */
/*
 * settings - what groups core and smsbox say, read once into one struct.
 *
 * Specification: doc/kannel.conf.5, and Kannel 1.4.5 as recorded in
 * test/data/compat. Strings belong to the configuration and live as long as it.
 */
#ifndef GW_SMSBOX_SETTINGS_H
#define GW_SMSBOX_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "gwlib/conf.h"

struct settings {
    const char *box_id; /* NULL: a box that takes unrouted MO */
    const char *bearerbox_host;
    int bearerbox_port;
    bool bearerbox_tls;

    int sendsms_port; /* 0: no HTTP interface */
    bool sendsms_tls;
    const char *sendsms_interface;
    const char *sendsms_url;
    const char *sendsms_chars;
    const char *global_sender;
    bool immediate_reply;

    const char *text_couldnotfetch;
    const char *text_couldnotrepresent;
    const char *text_requestfailed;
    const char *text_emptymessage;

    bool mo_recode;
    unsigned request_retries;
    unsigned retry_delay_s;
    unsigned max_pending;
    unsigned http_timeout_s;
    size_t sms_length;       /* octets */
    long loop_guard_answers; /* to one number a minute; 0: any number */
};

struct settings settings_read(const struct conf *conf);

#endif
