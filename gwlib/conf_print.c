/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conf_print - the schema as text: the list of --generate, and the part of the
 * man page that lists groups and variables (mdoc(7)).
 */
#include "gwlib/conf_internal.h"

#include <stdlib.h>

/* What may stand behind "name =", for people. */
static void append_type(struct bytes *to, const struct conf_variable *variable)
{
    static const char *const names[] = {
        [CONF_STRING] = "text",       [CONF_NUMBER] = "number", [CONF_DECIMAL] = "decimal number",
        [CONF_BOOL] = "yes/no",       [CONF_PORT] = "port",     [CONF_ACL] = "addresses",
        [CONF_REGEX] = "regex",       [CONF_URL] = "URL",       [CONF_CHOICE] = "",
        [CONF_DURATION] = "duration",
    };

    if (variable->type == CONF_CHOICE)
        bytes_append_str(to, variable->choices);
    else
        bytes_append_str(to, names[variable->type]);
    if ((variable->type == CONF_NUMBER || variable->type == CONF_DURATION) &&
        (variable->min != 0 || (variable->max != 0 && variable->max < 2147483647)))
        bytes_printf(to, " %ld..%ld", variable->min, variable->max);
}

static const char *standing_of(enum conf_support support)
{
    switch (support) {
    case CONF_IGNORED:
        return "no effect";
    case CONF_DEPRECATED:
        return "deprecated";
    case CONF_UNSUPPORTED:
        return "not supported";
    case CONF_USED:
        break;
    }
    return NULL;
}

/* --- --generate -------------------------------------------------------------- */

static void print_variable(const struct conf_variable *variable, struct bytes *to)
{
    const char *standing = standing_of(variable->support);

    bytes_printf(to, "%s = <", variable->name);
    append_type(to, variable);
    if (variable->required)
        bytes_append_str(to, ", required");
    if (standing != NULL)
        bytes_printf(to, ", %s", standing);
    if (variable->fallback != NULL)
        bytes_printf(to, ", default %s", variable->fallback);
    bytes_append_str(to, ">\n");
}

void conf_schema_print(const struct conf_schema *schema, struct bytes *to)
{
    size_t i, k;

    for (i = 0; i < schema->group_count; i++) {
        const struct conf_group_type *type = &schema->groups[i];

        bytes_printf(to, "#\n#  %s Group\n#  %s\n#\ngroup = %s\n",
                     type->multiple ? "Multi" : "Single", type->doc, type->name);
        for (k = 0; k < type->variable_count; k++)
            print_variable(&type->variables[k], to);
        bytes_append_str(to, "\n\n");
    }
}

/* --- the man page ------------------------------------------------------------ */

/* Text that roff must not read as its own; a sentence begins on a new line. */
static void append_roff(struct bytes *to, const char *text)
{
    if (*text == '.' || *text == '\'')
        bytes_append_str(to, "\\&");
    for (; *text != '\0'; text++) {
        if (*text == '\\')
            bytes_append_str(to, "\\e");
        else if (*text == ' ' && to->len > 0 && to->data[to->len - 1] == '.')
            bytes_append_char(to, '\n');
        else
            bytes_append_char(to, (unsigned char)*text);
    }
}

/* An argument of a macro, in quotes. */
static void append_argument(struct bytes *to, const char *text)
{
    bytes_append_char(to, '"');
    for (; *text != '\0'; text++) {
        if (*text == '"')
            bytes_append_str(to, "\\(dq");
        else if (*text == '\\')
            bytes_append_str(to, "\\e");
        else
            bytes_append_char(to, (unsigned char)*text);
    }
    bytes_append_char(to, '"');
}

static void mdoc_facts(const struct conf_variable *variable, struct bytes *to)
{
    const char *standing = standing_of(variable->support);

    bytes_append_char(to, '(');
    append_type(to, variable);
    if (variable->required)
        bytes_append_str(to, "; required");
    if (standing != NULL)
        bytes_printf(to, "; %s", standing);
    bytes_append_str(to, variable->fallback != NULL ? "; default\n.Ql " : ")\n");
    if (variable->fallback == NULL)
        return;
    append_argument(to, variable->fallback);
    bytes_append_str(to, " )\n");
}

static void mdoc_variable(const struct conf_variable *variable, struct bytes *to)
{
    bytes_printf(to, ".It Va %s\n", variable->name);
    mdoc_facts(variable, to);
    append_roff(to, variable->doc);
    bytes_append_char(to, '\n');
}

static void mdoc_group(const struct conf_group_type *type, struct bytes *to)
{
    size_t i;

    bytes_printf(to, ".Ss Group %s\n", type->name);
    append_roff(to, type->doc);
    bytes_printf(to, "\n%s\n",
                 type->multiple ? "The group may stand more than once."
                                : "Of several the last one counts.");
    if (type->support == CONF_IGNORED)
        bytes_append_str(to, "The group has no effect.\n");
    if (type->variable_count == 0)
        return;
    bytes_append_str(to, ".Bl -tag -width Ds -compact\n");
    for (i = 0; i < type->variable_count; i++)
        mdoc_variable(&type->variables[i], to);
    bytes_append_str(to, ".El\n");
}

/* Groups without variables of their own, in one list. */
static void mdoc_foreign_groups(const struct conf_schema *schema, struct bytes *to)
{
    size_t i;

    bytes_append_str(to, ".Ss Groups without effect\n"
                         "They may hold anything; one line in the log says that nothing is done "
                         "with them.\n"
                         ".Bl -tag -width Ds -compact\n");
    for (i = 0; i < schema->group_count; i++) {
        const struct conf_group_type *type = &schema->groups[i];

        if (!type->any_variable)
            continue;
        bytes_printf(to, ".It Cm %s\n", type->name);
        append_roff(to, type->doc);
        bytes_append_char(to, '\n');
    }
    bytes_append_str(to, ".El\n");
}

void conf_schema_print_mdoc(const struct conf_schema *schema, struct bytes *to)
{
    size_t i;

    for (i = 0; i < schema->group_count; i++) {
        if (!schema->groups[i].any_variable)
            mdoc_group(&schema->groups[i], to);
    }
    mdoc_foreign_groups(schema, to);
}
