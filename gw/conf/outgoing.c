/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Outgoing HTTP as the configuration says: see outgoing.h.
 */
#include "gw/conf/outgoing.h"

#include "config.h"

struct http_client *outgoing_client(struct loop *loop, const struct conf_group *core,
                                    const struct outgoing_limits *limits)
{
    struct http_client_options options = {
        .user_agent = "Kantele/" PACKAGE_VERSION,
        .timeout_s = limits->timeout_s,
        .max_parallel = limits->max_parallel,
        .max_body = limits->max_body,
        .ca_file = conf_string(core, "ssl-trusted-ca-file"),
        .certkey_file = conf_string(core, "ssl-client-certkey-file"),
    };

    if (conf_is_set(core, "http-proxy-host") && conf_is_set(core, "http-proxy-port")) {
        options.proxy_host = conf_string(core, "http-proxy-host");
        options.proxy_port = (int)conf_number(core, "http-proxy-port");
        options.proxy_tls = conf_bool(core, "http-proxy-ssl");
        options.proxy_user = conf_string(core, "http-proxy-username");
        options.proxy_password = conf_string(core, "http-proxy-password");
        options.proxy_exceptions = conf_string(core, "http-proxy-exceptions");
        options.proxy_exceptions_regex = conf_string(core, "http-proxy-exceptions-regex");
    }
    return http_client_create(loop, &options);
}
