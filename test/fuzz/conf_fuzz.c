/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any octets as a configuration file, with the checks of both boxes, and every
 * question that one may ask about the first group of each type. "include" is made another word:
 * files of the machine are not the input.
 */
#include <stdlib.h>

#include "gw/conf/schema.h"
#include "gwlib/conf_internal.h"

static void ask(const struct conf_group *group, const struct conf_variable *variable)
{
    volatile long sum = 0;

    switch (variable->type) {
    case CONF_NUMBER:
    case CONF_PORT:
    case CONF_DURATION:
        sum += conf_number(group, variable->name);
        break;
    case CONF_DECIMAL:
        sum += (long)conf_decimal(group, variable->name);
        break;
    case CONF_BOOL:
        sum += conf_bool(group, variable->name);
        break;
    default:
        break;
    }
    sum += conf_is_set(group, variable->name);
    sum += conf_string(group, variable->name) != NULL;
}

static void ask_everything(const struct conf *conf)
{
    const struct conf_schema *schema = schema_get();
    const struct conf_group *group;
    size_t i, k;

    for (i = 0; i < schema->group_count; i++) {
        group = conf_first(conf, schema->groups[i].name);
        for (k = 0; group != NULL && k < schema->groups[i].variable_count; k++)
            ask(group, &schema->groups[i].variables[k]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct conf_problems problems = {0};
    struct bytes text = {0};
    struct conf *conf;
    unsigned char *found;

    bytes_append(&text, data, size);
    while (text.len > 0 && (found = memmem(text.data, text.len, "include", 7)) != NULL)
        found[0] = 'I';
    conf = conf_parse(bytes_slice(&text), "fuzz.conf", schema_get(), &problems);
    schema_check(conf, SCHEMA_BEARERBOX, &problems);
    schema_check(conf, SCHEMA_SMSBOX, &problems);
    ask_everything(conf);
    conf_free(conf);
    conf_problems_free(&problems);
    bytes_free(&text);
    return 0;
}
