/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conf - the questions that users of a configuration ask. Nothing changes here,
 * so any thread may ask.
 */
#include "gwlib/conf.h"

#include "gwlib/conf_internal.h"
#include "gwlib/log.h"

static const struct conf_group *next_of_name(const struct conf_group *group, const char *name)
{
    while (group != NULL && strcmp(group->type->name, name) != 0)
        group = group->next;
    return group;
}

const struct conf_group *conf_first(const struct conf *conf, const char *group)
{
    LOG_ASSERT(conf_schema_group(conf->schema, group) != NULL);
    return next_of_name(conf->groups, group);
}

const struct conf_group *conf_next(const struct conf_group *group)
{
    return next_of_name(group->next, group->type->name);
}

const struct conf *conf_of(const struct conf_group *group)
{
    return group->conf;
}

bool conf_group_equal(const struct conf_group *a, const struct conf_group *b)
{
    if (strcmp(a->type->name, b->type->name) != 0 || a->block.count != b->block.count)
        return false;
    for (size_t i = 0; i < a->block.count; i++)
        if (strcmp(a->block.entries[i].name, b->block.entries[i].name) != 0 ||
            strcmp(a->block.entries[i].text, b->block.entries[i].text) != 0)
            return false;
    return true;
}

const char *conf_group_name(const struct conf_group *group)
{
    return group->type->name;
}

static const struct conf_entry *find_line(const struct conf_group *group, const char *name)
{
    size_t i;

    for (i = group->block.count; i > 0; i--) {
        if (strcmp(group->block.entries[i - 1].name, name) == 0)
            return &group->block.entries[i - 1];
    }
    return NULL;
}

/* The line that gives the variable a value, or NULL. */
static const struct conf_entry *find_entry(const struct conf_group *group, const char *name)
{
    const struct conf_entry *entry = find_line(group, name);

    return entry != NULL && (entry->value.set || entry->variable == NULL) ? entry : NULL;
}

static const struct conf_variable *find_variable(const struct conf_group *group, const char *name)
{
    const struct conf_variable *variable = conf_schema_variable(group->type, name);

    LOG_ASSERT(variable != NULL || group->type->any_variable);
    return variable;
}

const char *conf_string(const struct conf_group *group, const char *name)
{
    const struct conf_variable *variable;
    const struct conf_entry *entry;

    if (group == NULL)
        return NULL;
    variable = find_variable(group, name);
    entry = find_entry(group, name);
    if (entry != NULL)
        return entry->text;
    return variable != NULL ? variable->fallback : NULL;
}

/* The value of the file, else of the fallback, else all zero. */
static struct conf_value find_value(const struct conf_group *group,
                                    const struct conf_variable *variable)
{
    const struct conf_entry *entry = find_entry(group, variable->name);
    struct conf_value value = {0};
    struct bytes complaint = {0};
    char *choice = NULL;

    if (entry != NULL)
        return entry->value;
    if (variable->fallback != NULL)
        LOG_ASSERT(conf_value_parse(variable, variable->fallback, &value, &choice, &complaint));
    bytes_free(&complaint);
    return value;
}

long conf_number(const struct conf_group *group, const char *name)
{
    const struct conf_variable *variable;

    if (group == NULL)
        return 0;
    variable = find_variable(group, name);
    LOG_ASSERT(variable != NULL && (variable->type == CONF_NUMBER || variable->type == CONF_PORT ||
                                    variable->type == CONF_DURATION));
    return find_value(group, variable).number;
}

double conf_decimal(const struct conf_group *group, const char *name)
{
    const struct conf_variable *variable;

    if (group == NULL)
        return 0;
    variable = find_variable(group, name);
    LOG_ASSERT(variable != NULL && variable->type == CONF_DECIMAL);
    return find_value(group, variable).decimal;
}

bool conf_bool(const struct conf_group *group, const char *name)
{
    const struct conf_variable *variable;

    if (group == NULL)
        return false;
    variable = find_variable(group, name);
    LOG_ASSERT(variable != NULL && variable->type == CONF_BOOL);
    return find_value(group, variable).number != 0;
}

bool conf_is_set(const struct conf_group *group, const char *name)
{
    const struct conf_entry *entry;

    if (group == NULL)
        return false;
    (void)find_variable(group, name);
    entry = find_line(group, name);
    return entry != NULL && (entry->value.set || entry->value.refused || entry->variable == NULL);
}
