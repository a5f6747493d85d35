/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conf_internal - what the files of the configuration reader share:
 *
 *   conf_file.c     files, lines, includes: text to blocks of name and value
 *   conf_group.c    a block to a group of the schema
 *   conf_value.c    the text of one value to what its type says
 *   conf_problem.c  the list of mistakes, and what was probably meant
 *   conf.c          the questions that users of a configuration ask
 *   conf_print.c    the schema as text
 */
#ifndef GWLIB_CONF_INTERNAL_H
#define GWLIB_CONF_INTERNAL_H

#include "gwlib/conf.h"

struct conf_place {
    const char *file; /* owned by the configuration */
    unsigned line;    /* from 1; 0: the file as a whole */
};

struct conf_value {
    bool set;
    bool refused; /* the file has a value, but a wrong one */
    long number;  /* CONF_NUMBER, CONF_PORT, CONF_DURATION; CONF_BOOL: 0, 1 */
    double decimal;
};

/* One line of a file; owns its strings. variable is NULL until the group is
 * known, and stays so in a group that may hold anything. */
struct conf_entry {
    char *name;
    char *text;
    struct conf_place place;
    bool commented; /* the text looks as if a comment stood behind the value */
    const struct conf_variable *variable;
    struct conf_value value;
};

/* The lines between two empty ones. */
struct conf_block {
    struct conf_entry *entries;
    size_t count;
};
/* Takes both strings. */
void conf_block_add(struct conf_block *block, char *name, char *text, struct conf_place place);
void conf_block_clear(struct conf_block *block);

struct conf_group {
    const struct conf_group_type *type;
    struct conf_place place; /* of the line that names it */
    struct conf_block block;
    const struct conf *conf;
    struct conf_group *next;
};

struct conf {
    const struct conf_schema *schema;
    struct conf_group *groups, **end;
    char **files; /* names of all files, for the places */
    size_t file_count;
    /* What a note was written about already: one is enough for a hundred users. */
    const void **noted;
    size_t noted_count;
};

/*
 * Makes a group of the block and adds it to the configuration, or says what is
 * wrong. The block is empty afterwards; an empty one is nothing.
 */
void conf_add_block(struct conf *conf, struct conf_block *block, struct conf_problems *problems);

/*
 * What a text means for a variable. False: it cannot be used, and *complaint
 * says why. True with a complaint: it can, but is worth a warning. A CONF_CHOICE
 * gets the canonical word in *choice, to free(). The value is unset when the
 * text says nothing (an empty number).
 */
bool conf_value_parse(const struct conf_variable *variable, const char *text,
                      struct conf_value *value, char **choice, struct bytes *complaint);

/* By exact name; NULL when there is none. */
const struct conf_group_type *conf_schema_group(const struct conf_schema *schema, const char *name);
const struct conf_variable *conf_schema_variable(const struct conf_group_type *type,
                                                 const char *name);

/* place NULL: about the configuration as a whole. */
void conf_complain(struct conf_problems *problems, enum conf_severity severity,
                   const struct conf_place *place, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* The search for what was meant: try all candidates, take best (NULL: none). */
struct conf_nearest {
    const char *word;
    const char *best;
    size_t distance;
};
void conf_nearest_try(struct conf_nearest *nearest, const char *candidate);

#endif
