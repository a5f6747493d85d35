/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading the configuration again: see reload.h.
 */
#include "gw/bearerbox/reload.h"

#include "gw/bearerbox/dispatch.h"
#include "gw/bearerbox/links.h"
#include "gw/conf/schema.h"
#include "gwlib/log.h"

/* NULL with mistakes, which are told. */
static struct conf *load(const struct gateway *gateway)
{
    struct conf_problems problems = {0};
    struct conf *conf = conf_load(gateway->config_file, schema_get(), &problems);

    schema_check(conf, SCHEMA_BEARERBOX, &problems);
    if (problems.errors == 0)
        links_check(conf, &problems);
    if (problems.errors > 0) {
        conf_problems_log(&problems);
        log_error("The configuration has errors, nothing was changed");
        conf_free(conf);
        conf = NULL;
    }
    conf_problems_free(&problems);
    return conf;
}

static void settle(struct gateway *gateway)
{
    dispatch_rewire(gateway->dispatch);
    links_settle(gateway->links);
}

bool reload_all(struct gateway *gateway)
{
    struct conf *conf = load(gateway);

    if (conf == NULL)
        return false;
    links_apply(gateway->links, conf);
    settle(gateway);
    log_info("The smsc groups of <%s> are in force", gateway->config_file);
    return true;
}

bool reload_add(struct gateway *gateway, struct slice admin_id)
{
    struct conf *conf = load(gateway);
    bool added;

    if (conf == NULL)
        return false;
    added = links_add(gateway->links, conf, admin_id);
    settle(gateway);
    return added;
}

bool reload_remove(struct gateway *gateway, struct slice admin_id)
{
    if (!links_remove(gateway->links, admin_id))
        return false;
    settle(gateway);
    return true;
}
