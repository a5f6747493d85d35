/* SPDX-License-Identifier: Apache-2.0 */
/*
 * schema - what may stand in a kannel.conf: the one table of groups and
 * variables (schema.def), and the checks that look at more than one variable.
 */
#ifndef GW_CONF_SCHEMA_H
#define GW_CONF_SCHEMA_H

#include "gwlib/conf.h"

const struct conf_schema *schema_get(void);

/* Which process reads the file: some groups are required by one only. */
enum schema_box { SCHEMA_BEARERBOX, SCHEMA_SMSBOX };

/* Checks that span variables or groups (a keyword with keyword-regex, a service
 * without action, smsbox-port without group smsbox, ...). */
void schema_check(const struct conf *conf, enum schema_box box, struct conf_problems *problems);

#endif
