/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conf - the configuration reader.
 *
 * The file format is Kannel's: groups of "name = value" lines that an empty
 * line ends, "#" comments, quotes, continuation lines, include. What may stand
 * in a file is said once, in a schema: groups and their variables with type,
 * default, range and a line of documentation. Parsing, checking, the texts of
 * errors, the man page and the list that --generate prints all come from it.
 *
 * A mistake is reported with file, line, group and variable, what is wrong and
 * the nearest valid name; all mistakes of a file are collected before anything
 * gives up. A loaded configuration does not change and may be read from any
 * thread.
 */
#ifndef GWLIB_CONF_H
#define GWLIB_CONF_H

#include <stdbool.h>
#include <stddef.h>

#include "gwlib/bytes.h"

enum conf_type {
    CONF_STRING,  /* anything */
    CONF_NUMBER,  /* C notation: decimal, 0x hexadecimal, leading 0 octal; min..max */
    CONF_DECIMAL, /* decimal number with a point, >= 0 */
    CONF_BOOL,    /* true yes on 1 / false no off 0, without case */
    CONF_PORT,    /* 0..65535 */
    CONF_ACL,     /* address patterns, see acl.h */
    CONF_REGEX,   /* must compile */
    CONF_URL,     /* http:// or https://; anything else is warned about */
    CONF_CHOICE,  /* one of `choices`, separated by '|', without case; conf_string()
                     gives it as it is written there */
    CONF_DURATION /* seconds, or a number with s, m, h, d (days) or w: "30d"; min..max */
};

/* What becomes of a variable that is found. */
enum conf_support {
    CONF_USED,
    CONF_IGNORED,    /* accepted; one log line says that it has no effect here */
    CONF_DEPRECATED, /* works; one log line names the better one (in doc) */
    CONF_UNSUPPORTED /* accepted as a name, but set to something it is an error: a
                        silent difference would be worse */
};

struct conf_variable {
    const char *name;
    enum conf_type type;
    const char *fallback; /* as it would stand in a file; NULL: unset */
    long min, max;        /* CONF_NUMBER, CONF_DURATION; both 0: any */
    const char *choices;  /* CONF_CHOICE */
    bool required;
    enum conf_support support;
    const char *doc; /* one line, for the man page */
};

struct conf_group_type {
    const char *name;
    bool multiple;             /* may stand more than once; else the last one counts */
    enum conf_support support; /* CONF_IGNORED: a group of WAP times */
    bool any_variable;         /* an ignored group may hold anything */
    const struct conf_variable *variables;
    size_t variable_count;
    const char *doc;
};

struct conf_schema {
    const struct conf_group_type *groups;
    size_t group_count;
};

enum conf_severity { CONF_NOTE, CONF_WARNING, CONF_ERROR };

/* What was found wrong, in the order of finding. Zero initialised. After
 * CONF_PROBLEMS_MAX the list says once that there is more; counting goes on. */
#define CONF_PROBLEMS_MAX 500

struct conf_problem {
    enum conf_severity severity;
    char *text; /* one line, with file and line */
};
struct conf_problems {
    struct conf_problem *items;
    size_t count;
    size_t errors; /* how many of them are CONF_ERROR */
};
void conf_problems_free(struct conf_problems *problems);
/* Writes all to the main log with their level. */
void conf_problems_log(const struct conf_problems *problems);

struct conf;
struct conf_group;

/*
 * Reads a file with what it includes. Never NULL: with errors the result holds
 * what could be read, so that further checks can add to the list. The schema
 * must outlive the result.
 */
struct conf *conf_load(const char *path, const struct conf_schema *schema,
                       struct conf_problems *problems);
/* The same from memory, `name` standing for the file; for tests and fuzzing. */
struct conf *conf_parse(struct slice text, const char *name, const struct conf_schema *schema,
                        struct conf_problems *problems);
void conf_free(struct conf *conf);

/* The first group of that name in file order, NULL when there is none; and the
 * next of the same name after it. */
const struct conf_group *conf_first(const struct conf *conf, const char *group);
const struct conf_group *conf_next(const struct conf_group *group);
const char *conf_group_name(const struct conf_group *group);
/* Whether both groups are of one name and say the same, line by line. */
bool conf_group_equal(const struct conf_group *a, const struct conf_group *b);
/* The configuration that a group is part of. */
const struct conf *conf_of(const struct conf_group *group);

/*
 * Values. Asking for a name or type that the schema does not have is a bug of
 * ours. Without the variable in the file, or when its value was refused: the
 * schema's fallback, else NULL, 0, or false. conf_string() takes a variable of
 * any type and gives the text; conf_number() takes CONF_NUMBER, CONF_PORT and
 * CONF_DURATION (in seconds). Strings live as long as the configuration. group NULL: the
 * fallbacks of nothing, that is NULL, 0, false (for a group that is missing).
 */
const char *conf_string(const struct conf_group *group, const char *name);
long conf_number(const struct conf_group *group, const char *name);
double conf_decimal(const struct conf_group *group, const char *name);
bool conf_bool(const struct conf_group *group, const char *name);
/* Whether the file sets it, be it to something that was refused (an error is
 * enough). "" counts as set for text, as unset for numbers; a variable that is
 * ignored or not supported counts as unset. */
bool conf_is_set(const struct conf_group *group, const char *name);

/*
 * A mistake that only a whole configuration shows, reported as the reader's
 * own: "FILE:LINE: group 'smsc', variable 'port': text". variable may be NULL.
 * group NULL: about the file as a whole.
 */
void conf_report(struct conf_problems *problems, enum conf_severity severity,
                 const struct conf_group *group, const char *variable, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* The word of the NULL-terminated list that was probably meant by `word`: equal
 * but for case, or a typing mistake or two away. NULL when none is near. */
const char *conf_nearest(const char *word, const char *const *words);

/* Every group with every variable, as --generate prints it. */
void conf_schema_print(const struct conf_schema *schema, struct bytes *to);
/* mdoc(7) text for the man page: one list per group. */
void conf_schema_print_mdoc(const struct conf_schema *schema, struct bytes *to);

#endif
