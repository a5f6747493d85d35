/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conf_group - from the lines of a block to a group of the schema.
 *
 * Every line is checked by itself, so that one mistake does not hide the next.
 * The rules are Kannel's: of a repeated variable the last one counts, of a
 * repeated single group too; both are told, because they are hardly ever meant.
 */
#include "gwlib/conf_internal.h"

#include <stdlib.h>
#include <strings.h>

#include "gwlib/memory.h"

void conf_block_add(struct conf_block *block, char *name, char *text, struct conf_place place)
{
    if ((block->count & (block->count - 1)) == 0) /* full at each power of two */
        block->entries = memory_realloc(block->entries, block->count > 0 ? 2 * block->count : 1,
                                        sizeof(block->entries[0]));
    block->entries[block->count++] =
        (struct conf_entry){.name = name, .text = text, .place = place};
}

static void entry_free(struct conf_entry *entry)
{
    free(entry->name);
    free(entry->text);
}

void conf_block_clear(struct conf_block *block)
{
    size_t i;

    for (i = 0; i < block->count; i++)
        entry_free(&block->entries[i]);
    free(block->entries);
    *block = (struct conf_block){0};
}

const struct conf_group_type *conf_schema_group(const struct conf_schema *schema, const char *name)
{
    size_t i;

    for (i = 0; i < schema->group_count; i++) {
        if (strcmp(schema->groups[i].name, name) == 0)
            return &schema->groups[i];
    }
    return NULL;
}

const struct conf_variable *conf_schema_variable(const struct conf_group_type *type,
                                                 const char *name)
{
    size_t i;

    for (i = 0; i < type->variable_count; i++) {
        if (strcmp(type->variables[i].name, name) == 0)
            return &type->variables[i];
    }
    return NULL;
}

/* True the first time: a note about a variable or a group is written once. */
static bool note_first(struct conf *conf, const void *what)
{
    size_t i;

    for (i = 0; i < conf->noted_count; i++) {
        if (conf->noted[i] == what)
            return false;
    }
    conf->noted = memory_realloc(conf->noted, conf->noted_count + 1, sizeof(conf->noted[0]));
    conf->noted[conf->noted_count++] = what;
    return true;
}

/* --- which group ------------------------------------------------------------ */

static void complain_unknown_group(const struct conf *conf, const struct conf_entry *entry,
                                   struct conf_problems *problems)
{
    struct conf_nearest nearest = {.word = entry->text};
    size_t i;

    for (i = 0; i < conf->schema->group_count; i++)
        conf_nearest_try(&nearest, conf->schema->groups[i].name);
    if (nearest.best != NULL)
        conf_complain(problems, CONF_ERROR, &entry->place,
                      "Group '%s' is no valid group identifier. Did you mean '%s'?", entry->text,
                      nearest.best);
    else
        conf_complain(problems, CONF_ERROR, &entry->place,
                      "Group '%s' is no valid group identifier.", entry->text);
}

/* The line that names the group: the last one, as of any variable. */
static const struct conf_entry *find_group_line(const struct conf_block *block,
                                                struct conf_problems *problems)
{
    const struct conf_entry *found = NULL;
    size_t i;

    for (i = 0; i < block->count; i++) {
        if (strcmp(block->entries[i].name, "group") != 0)
            continue;
        if (found != NULL)
            conf_complain(problems, CONF_WARNING, &block->entries[i].place,
                          "A second 'group' in one group, so that the lines above belong to '%s' "
                          "as well. Is an empty line missing?",
                          block->entries[i].text);
        found = &block->entries[i];
    }
    return found;
}

static void complain_no_group(const struct conf_block *block, struct conf_problems *problems)
{
    const struct conf_entry *first = &block->entries[0];

    conf_complain(problems, CONF_ERROR, &first->place, "Group does not contain variable 'group'.%s",
                  strcasecmp(first->name, "group") == 0 ? " Names have no capital letters."
                                                        : " (An empty line ends a group.)");
}

static const struct conf_group_type *find_type(const struct conf *conf,
                                               const struct conf_block *block,
                                               struct conf_place *place,
                                               struct conf_problems *problems)
{
    const struct conf_entry *line = find_group_line(block, problems);
    const struct conf_group_type *type;

    if (line == NULL) {
        complain_no_group(block, problems);
        return NULL;
    }
    type = conf_schema_group(conf->schema, line->text);
    if (type == NULL)
        complain_unknown_group(conf, line, problems);
    *place = line->place;
    return type;
}

/* --- its variables ---------------------------------------------------------- */

/* "'smsc', 'smsbox'": the groups that have the variable, three at most. */
static void append_owners(struct bytes *to, const struct conf_schema *schema, const char *name)
{
    size_t i, found = 0;

    for (i = 0; i < schema->group_count && found < 3; i++) {
        if (conf_schema_variable(&schema->groups[i], name) != NULL)
            bytes_printf(to, "%s'%s'", found++ > 0 ? ", " : "", schema->groups[i].name);
    }
}

static void append_guess(struct bytes *to, const struct conf_schema *schema,
                         const struct conf_group_type *type, const char *name)
{
    struct conf_nearest nearest = {.word = name};
    struct bytes owners = {0};
    size_t i;

    for (i = 0; i < type->variable_count; i++)
        conf_nearest_try(&nearest, type->variables[i].name);
    conf_nearest_try(&nearest, "group");
    conf_nearest_try(&nearest, "include");
    append_owners(&owners, schema, name);
    if (owners.len > 0 && (nearest.best == NULL || nearest.distance > 0))
        bytes_printf(to, " It belongs to group %s.", bytes_str(&owners));
    else if (nearest.best != NULL)
        bytes_printf(to, " Did you mean '%s'?", nearest.best);
    bytes_free(&owners);
}

static void complain_unknown_variable(const struct conf *conf, const struct conf_group_type *type,
                                      const struct conf_entry *entry,
                                      struct conf_problems *problems)
{
    struct bytes guess = {0};

    if (problems->count <= CONF_PROBLEMS_MAX)
        append_guess(&guess, conf->schema, type, entry->name);
    conf_complain(problems, CONF_ERROR, &entry->place, "Group '%s' may not contain field '%s'.%s",
                  type->name, entry->name, bytes_str(&guess));
    bytes_free(&guess);
}

/* Notes about its standing; false when the value is of no interest. */
static bool check_support(struct conf *conf, const struct conf_group_type *type,
                          const struct conf_entry *entry, struct conf_problems *problems)
{
    const struct conf_variable *variable = entry->variable;

    switch (variable->support) {
    case CONF_IGNORED:
        if (note_first(conf, variable))
            conf_complain(problems, CONF_NOTE, &entry->place,
                          "group '%s', variable '%s' has no effect: %s", type->name, variable->name,
                          variable->doc);
        return false;
    case CONF_UNSUPPORTED:
        conf_complain(problems, CONF_ERROR, &entry->place,
                      "group '%s', variable '%s' is not supported: %s", type->name, variable->name,
                      variable->doc);
        return false;
    case CONF_DEPRECATED:
        if (note_first(conf, variable))
            conf_complain(problems, CONF_NOTE, &entry->place,
                          "group '%s', variable '%s' is deprecated: %s", type->name, variable->name,
                          variable->doc);
        return true;
    case CONF_USED:
        return true;
    }
    return true;
}

static void check_value(const struct conf_group_type *type, struct conf_entry *entry,
                        struct conf_problems *problems)
{
    struct bytes complaint = {0};
    char *choice = NULL;
    bool usable =
        conf_value_parse(entry->variable, entry->text, &entry->value, &choice, &complaint);

    entry->value.refused = !usable;
    if (complaint.len == 0 && entry->commented && entry->variable->type == CONF_STRING)
        bytes_append_str(&complaint,
                         "what follows '#' is part of the value: a comment needs a line "
                         "of its own, and a value with '#' is better put in quotes");
    if (complaint.len > 0)
        conf_complain(problems, usable ? CONF_WARNING : CONF_ERROR, &entry->place,
                      "group '%s', variable '%s': %s", type->name, entry->name,
                      bytes_str(&complaint));
    if (choice != NULL) {
        free(entry->text);
        entry->text = choice;
    }
    bytes_free(&complaint);
}

/* Takes the entry into the group, in place of an earlier one of that name.
 * places[i] is where variable i is in kept, plus one. */
static void keep_entry(const struct conf_group_type *type, struct conf_block *kept, size_t *places,
                       const struct conf_entry *entry, struct conf_problems *problems)
{
    size_t *place = &places[entry->variable - type->variables];

    if (*place == 0) {
        conf_block_add(kept, entry->name, entry->text, entry->place);
        *place = kept->count;
    } else {
        struct conf_entry *earlier = &kept->entries[*place - 1];

        conf_complain(problems, CONF_WARNING, &entry->place,
                      "group '%s', variable '%s' stands on line %u of %s already; only this one "
                      "counts",
                      type->name, entry->name, earlier->place.line, earlier->place.file);
        entry_free(earlier);
    }
    kept->entries[*place - 1] = *entry;
}

static void check_required(const struct conf_group *group, const size_t *places,
                           struct conf_problems *problems)
{
    const struct conf_group_type *type = group->type;
    size_t i;

    for (i = 0; i < type->variable_count; i++) {
        if (type->variables[i].required && places[i] == 0)
            conf_complain(problems, CONF_ERROR, &group->place,
                          "group '%s': variable '%s' is missing: %s", type->name,
                          type->variables[i].name, type->variables[i].doc);
    }
}

/* Moves the known entries of the block to the group. */
static void take_entries(struct conf *conf, struct conf_group *group, struct conf_block *block,
                         struct conf_problems *problems)
{
    size_t *places = memory_zalloc(group->type->variable_count + 1, sizeof(places[0]));
    size_t i;

    for (i = 0; i < block->count; i++) {
        struct conf_entry *entry = &block->entries[i];

        if (strcmp(entry->name, "group") == 0) {
            entry_free(entry);
            continue;
        }
        entry->variable = conf_schema_variable(group->type, entry->name);
        if (entry->variable == NULL) {
            complain_unknown_variable(conf, group->type, entry, problems);
            entry_free(entry);
            continue;
        }
        if (check_support(conf, group->type, entry, problems))
            check_value(group->type, entry, problems);
        keep_entry(group->type, &group->block, places, entry, problems);
    }
    check_required(group, places, problems);
    free(places);
    free(block->entries);
    *block = (struct conf_block){0};
}

/* --- the list of groups ------------------------------------------------------ */

static void group_free(struct conf_group *group)
{
    conf_block_clear(&group->block);
    free(group);
}

/* Of a single group the last one counts. */
static void drop_earlier(struct conf *conf, const struct conf_group *group,
                         struct conf_problems *problems)
{
    struct conf_group **at;

    for (at = &conf->groups; *at != NULL; at = &(*at)->next) {
        struct conf_group *earlier = *at;

        if (earlier->type != group->type)
            continue;
        conf_complain(problems, CONF_WARNING, &group->place,
                      "group '%s' stands on line %u of %s already; only this one counts",
                      group->type->name, earlier->place.line, earlier->place.file);
        *at = earlier->next;
        if (*at == NULL)
            conf->end = at;
        group_free(earlier);
        return;
    }
}

void conf_add_block(struct conf *conf, struct conf_block *block, struct conf_problems *problems)
{
    const struct conf_group_type *type;
    struct conf_place place = {0};
    struct conf_group *group;

    if (block->count == 0)
        return;
    type = find_type(conf, block, &place, problems);
    if (type == NULL) {
        conf_block_clear(block);
        return;
    }
    group = memory_zalloc(1, sizeof(*group));
    group->type = type;
    group->conf = conf;
    group->place = place;
    if (type->support == CONF_UNSUPPORTED)
        conf_complain(problems, CONF_ERROR, &place, "group '%s' is not supported: %s", type->name,
                      type->doc);
    if (type->support == CONF_IGNORED && note_first(conf, type))
        conf_complain(problems, CONF_NOTE, &place, "group '%s' has no effect: %s", type->name,
                      type->doc);
    if (type->any_variable) {
        group->block = *block;
        *block = (struct conf_block){0};
    } else {
        take_entries(conf, group, block, problems);
    }
    if (!type->multiple)
        drop_earlier(conf, group, problems);
    *conf->end = group;
    conf->end = &group->next;
}

void conf_free(struct conf *conf)
{
    size_t i;

    if (conf == NULL)
        return;
    while (conf->groups != NULL) {
        struct conf_group *next = conf->groups->next;

        group_free(conf->groups);
        conf->groups = next;
    }
    for (i = 0; i < conf->file_count; i++)
        free(conf->files[i]);
    free(conf->files);
    free(conf->noted);
    free(conf);
}
