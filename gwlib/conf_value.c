/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conf_value - what the text of a value means, by the type of its variable.
 *
 * As Kannel, a number may be followed by other text; unlike Kannel that is told.
 * Unlike Kannel, a word that is no boolean is not taken as "true", and a number
 * without digits is not taken as absent: both are mistakes.
 */
#include "gwlib/conf_internal.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <strings.h>

#include "gwlib/acl.h"
#include "gwlib/memory.h"
#include "gwlib/regex.h"

static const char *skip_blanks(const char *text)
{
    while (*text == ' ' || *text == '\t')
        text++;
    return text;
}

/* People write "13013 # the port" and mean a comment. */
static void append_comment_hint(struct bytes *complaint, const char *rest)
{
    if (*skip_blanks(rest) == '#')
        bytes_append_str(complaint, "; a comment needs a line of its own");
}

static void complain_trailing(struct bytes *complaint, const char *text, const char *rest)
{
    bytes_printf(complaint, "'%s' is taken as '%.*s'", text, (int)(rest - text), text);
    if (text[0] == '0' && isdigit((unsigned char)*rest))
        bytes_append_str(complaint, ", because a number that starts with 0 is octal");
    append_comment_hint(complaint, rest);
}

/* Range 0..0 means any. */
static bool check_range(long number, long min, long max, const char *text, struct bytes *complaint)
{
    if ((min == 0 && max == 0) || (number >= min && number <= max))
        return true;
    bytes_clear(complaint);
    bytes_printf(complaint, "'%s' is not in the range %ld to %ld", text, min, max);
    return false;
}

/* The number in front; *rest behind it. */
static bool read_number(const char *text, long *number, char **rest, struct bytes *complaint)
{
    errno = 0;
    *number = strtol(text, rest, 0);
    if (*rest == text) {
        bytes_printf(complaint, "'%s' is not a number", text);
        return false;
    }
    if (errno == ERANGE) {
        bytes_printf(complaint, "'%s' is too large", text);
        return false;
    }
    return true;
}

static bool parse_number(const struct conf_variable *variable, const char *text,
                         struct conf_value *value, struct bytes *complaint)
{
    bool port = variable->type == CONF_PORT;
    char *rest;
    long number;

    if (*skip_blanks(text) == '\0')
        return true;
    if (!read_number(text, &number, &rest, complaint))
        return false;
    if (*skip_blanks(rest) != '\0')
        complain_trailing(complaint, text, rest);
    if (!check_range(number, port ? 0 : variable->min, port ? 65535 : variable->max, text,
                     complaint))
        return false;
    *value = (struct conf_value){.set = true, .number = number};
    return true;
}

/* Seconds in the unit that a letter stands for, 0 for other letters. */
static long unit_of(char letter)
{
    switch (letter) {
    case '\0':
    case 's':
        return 1;
    case 'm':
        return 60;
    case 'h':
        return 60 * 60;
    case 'd':
        return 24 * 60 * 60;
    case 'w':
        return 7 * 24 * 60 * 60;
    default:
        return 0;
    }
}

static bool parse_duration(const struct conf_variable *variable, const char *text,
                           struct conf_value *value, struct bytes *complaint)
{
    char *rest;
    const char *letter;
    long number, unit;

    if (*skip_blanks(text) == '\0')
        return true;
    if (!read_number(text, &number, &rest, complaint))
        return false;
    letter = skip_blanks(rest);
    unit = unit_of(*letter);
    if (unit == 0 || (*letter != '\0' && letter[1] != '\0')) {
        bytes_printf(complaint, "'%s' is no duration: seconds, or a number with s, m, h, d or w",
                     text);
        append_comment_hint(complaint, letter);
        return false;
    }
    if (__builtin_mul_overflow(number, unit, &number)) {
        bytes_printf(complaint, "'%s' is too long", text);
        return false;
    }
    if (!check_range(number, variable->min, variable->max, text, complaint))
        return false;
    *value = (struct conf_value){.set = true, .number = number};
    return true;
}

/* Digits with one point at most, without exponents, signs or a locale. */
static bool parse_decimal(const char *text, struct conf_value *value, struct bytes *complaint)
{
    const char *start = skip_blanks(text), *p = start;
    double number = 0, unit = 1;
    bool digits = false, point = false;

    if (*p == '\0')
        return true;
    for (; isdigit((unsigned char)*p) || (*p == '.' && !point); p++) {
        if (*p == '.') {
            point = true;
            continue;
        }
        digits = true;
        unit = point ? unit / 10 : unit;
        number = point ? number + unit * (*p - '0') : number * 10 + (*p - '0');
    }
    if (!digits || number > 1e15) {
        bytes_printf(complaint, "'%s' is not a number like 10 or 0.5", text);
        return false;
    }
    if (*skip_blanks(p) != '\0')
        complain_trailing(complaint, text, p);
    *value = (struct conf_value){.set = true, .decimal = number};
    return true;
}

static bool parse_bool(const char *text, struct conf_value *value, struct bytes *complaint)
{
    static const char *const words[] = {"false", "true", "no", "yes", "off", "on", "0", "1"};
    size_t i;

    for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcasecmp(text, words[i]) == 0) {
            *value = (struct conf_value){.set = true, .number = (long)(i % 2)};
            return true;
        }
    }
    bytes_printf(complaint, "'%s' is neither true, yes, on, 1 nor false, no, off, 0", text);
    append_comment_hint(complaint, text + strcspn(text, "#"));
    return false;
}

/* Takes the next word of "a|b|c" as a string to free(); NULL at the end. */
static char *next_choice(struct slice *rest)
{
    struct slice word;

    return slice_next_item(rest, '|', &word) ? slice_to_str(word) : NULL;
}

static void complain_choice(const char *choices, const char *text, struct bytes *complaint)
{
    struct slice rest = slice_str(choices);
    struct conf_nearest nearest = {.word = text};
    char *word, *best = NULL;

    bytes_printf(complaint, "'%s' is none of", text);
    while ((word = next_choice(&rest)) != NULL) {
        const char *before = nearest.best;

        bytes_printf(complaint, " %s%s", word, slice_is_set(rest) ? "," : "");
        conf_nearest_try(&nearest, word);
        if (nearest.best != before) {
            free(best);
            best = word;
        } else {
            free(word);
        }
    }
    append_comment_hint(complaint, text + strcspn(text, "#"));
    if (best != NULL)
        bytes_printf(complaint, "; did you mean '%s'?", best);
    free(best);
}

static bool parse_choice(const char *choices, const char *text, char **choice,
                         struct bytes *complaint)
{
    struct slice rest = slice_str(choices);
    char *word;

    while ((word = next_choice(&rest)) != NULL) {
        if (strcasecmp(word, text) == 0) {
            *choice = word;
            return true;
        }
        free(word);
    }
    complain_choice(choices, text, complaint);
    return false;
}

static bool check_acl(const char *text, struct bytes *complaint)
{
    struct acl *acl;

    if (*text == '\0')
        return true;
    acl = acl_create(text, NULL, complaint);
    if (acl == NULL)
        return false;
    acl_free(acl);
    return true;
}

static bool check_regex(const char *text, struct bytes *complaint)
{
    struct regex *regex = regex_compile(text, false, complaint);

    if (regex == NULL)
        return false;
    regex_free(regex);
    return true;
}

/* Only a warning: Kannel loads it too, and asks in vain. An escape code in front
 * may become a whole URL. */
static void check_url(const char *text, struct bytes *complaint)
{
    if (*text == '\0' || *text == '%' || strncasecmp(text, "http://", 7) == 0 ||
        strncasecmp(text, "https://", 8) == 0)
        return;
    bytes_printf(complaint, "'%s' does not start with http:// or https://", text);
}

bool conf_value_parse(const struct conf_variable *variable, const char *text,
                      struct conf_value *value, char **choice, struct bytes *complaint)
{
    bool usable = true;

    *value = (struct conf_value){0};
    switch (variable->type) {
    case CONF_NUMBER:
    case CONF_PORT:
        return parse_number(variable, text, value, complaint);
    case CONF_DURATION:
        return parse_duration(variable, text, value, complaint);
    case CONF_DECIMAL:
        return parse_decimal(text, value, complaint);
    case CONF_BOOL:
        return parse_bool(text, value, complaint);
    case CONF_CHOICE:
        usable = parse_choice(variable->choices, text, choice, complaint);
        break;
    case CONF_ACL:
        usable = check_acl(text, complaint);
        break;
    case CONF_REGEX:
        usable = check_regex(text, complaint);
        break;
    case CONF_URL:
        check_url(text, complaint);
        break;
    case CONF_STRING:
        break;
    }
    value->set = usable;
    return usable;
}
