/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conf_problem - the list of what is wrong in a configuration, and the guess
 * what was meant.
 *
 * A guess is a candidate that differs in case only, or by one or two typing
 * mistakes: a letter too much, too little, another one, or two that changed
 * places (optimal string alignment distance). Names longer than WORD_MAX are
 * not guessed at, which bounds the work that a file can ask for.
 */
#include "gwlib/conf_internal.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "gwlib/log.h"
#include "gwlib/memory.h"

#define WORD_MAX 48

static void problem_push(struct conf_problems *problems, enum conf_severity severity, char *text)
{
    problems->items =
        memory_realloc(problems->items, problems->count + 1, sizeof(problems->items[0]));
    problems->items[problems->count++] = (struct conf_problem){severity, text};
}

/* Counts what comes now; true when there is no room to show it, which bounds
 * the work and the log that a file of garbage makes. */
static bool list_is_full(struct conf_problems *problems, enum conf_severity severity)
{
    if (severity == CONF_ERROR)
        problems->errors++;
    if (problems->count == CONF_PROBLEMS_MAX)
        problem_push(problems, CONF_WARNING, memory_strdup("There is more, which is not shown."));
    return problems->count > CONF_PROBLEMS_MAX;
}

/* Names come from the file: whatever does not print becomes '?'. */
static void make_one_line(struct bytes *text)
{
    size_t i;

    for (i = 0; i < text->len; i++) {
        if (text->data[i] < 0x20 || text->data[i] == 0x7f)
            text->data[i] = '?';
    }
}

static void append_place(struct bytes *to, const struct conf_place *place)
{
    if (place == NULL)
        return;
    if (place->line > 0)
        bytes_printf(to, "%s:%u: ", place->file, place->line);
    else
        bytes_printf(to, "%s: ", place->file);
}

void conf_complain(struct conf_problems *problems, enum conf_severity severity,
                   const struct conf_place *place, const char *format, ...)
{
    struct bytes text = {0};
    va_list args;

    if (list_is_full(problems, severity))
        return;
    append_place(&text, place);
    va_start(args, format);
    bytes_vprintf(&text, format, args);
    va_end(args);
    make_one_line(&text);
    problem_push(problems, severity, bytes_take(&text));
}

static const struct conf_entry *entry_of(const struct conf_group *group, const char *variable)
{
    size_t i;

    for (i = group->block.count; i > 0; i--) {
        if (strcmp(group->block.entries[i - 1].name, variable) == 0)
            return &group->block.entries[i - 1];
    }
    return NULL;
}

static void append_subject(struct bytes *to, const struct conf_group *group, const char *variable)
{
    const struct conf_entry *entry = NULL;

    if (group == NULL)
        return;
    if (variable != NULL)
        entry = entry_of(group, variable);
    append_place(to, entry != NULL ? &entry->place : &group->place);
    bytes_printf(to, "group '%s'", group->type->name);
    if (variable != NULL)
        bytes_printf(to, ", variable '%s'", variable);
    bytes_append_str(to, ": ");
}

void conf_report(struct conf_problems *problems, enum conf_severity severity,
                 const struct conf_group *group, const char *variable, const char *format, ...)
{
    struct bytes text = {0};
    va_list args;

    if (list_is_full(problems, severity))
        return;
    append_subject(&text, group, variable);
    va_start(args, format);
    bytes_vprintf(&text, format, args);
    va_end(args);
    make_one_line(&text);
    problem_push(problems, severity, bytes_take(&text));
}

void conf_problems_free(struct conf_problems *problems)
{
    size_t i;

    for (i = 0; i < problems->count; i++)
        free(problems->items[i].text);
    free(problems->items);
    *problems = (struct conf_problems){0};
}

void conf_problems_log(const struct conf_problems *problems)
{
    size_t i;

    for (i = 0; i < problems->count; i++) {
        const struct conf_problem *problem = &problems->items[i];

        if (problem->severity == CONF_ERROR)
            log_error("%s", problem->text);
        else if (problem->severity == CONF_WARNING)
            log_warning("%s", problem->text);
        else
            log_info("%s", problem->text);
    }
}

static size_t smallest(size_t a, size_t b, size_t c)
{
    size_t ab = a < b ? a : b;

    return ab < c ? ab : c;
}

static char lower(char c)
{
    return (char)tolower((unsigned char)c);
}

static size_t edit_distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
    size_t row[3][WORD_MAX + 1];
    size_t *two_up = row[0], *up = row[1], *here = row[2];
    size_t i, j;

    for (j = 0; j <= b_len; j++)
        up[j] = j;
    for (i = 1; i <= a_len; i++) {
        size_t *free_row = two_up;

        here[0] = i;
        for (j = 1; j <= b_len; j++) {
            size_t change = lower(a[i - 1]) != lower(b[j - 1]) ? 1 : 0;

            here[j] = smallest(up[j] + 1, here[j - 1] + 1, up[j - 1] + change);
            if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
                lower(a[i - 2]) == lower(b[j - 1]) && two_up[j - 2] + 1 < here[j])
                here[j] = two_up[j - 2] + 1;
        }
        two_up = up;
        up = here;
        here = free_row;
    }
    return up[b_len];
}

/* How many mistakes a word of this length may have and still be recognised. */
static size_t tolerated(size_t len)
{
    return len <= 2 ? 0 : len <= 4 ? 1 : len <= 12 ? 2 : 3;
}

void conf_nearest_try(struct conf_nearest *nearest, const char *candidate)
{
    size_t len = strlen(nearest->word), candidate_len = strlen(candidate);
    size_t difference = len > candidate_len ? len - candidate_len : candidate_len - len;
    size_t limit = tolerated(len), distance;

    if (len > WORD_MAX || candidate_len > WORD_MAX || difference > limit)
        return;
    distance = edit_distance(nearest->word, len, candidate, candidate_len);
    if (distance > limit || (nearest->best != NULL && distance >= nearest->distance))
        return;
    nearest->best = candidate;
    nearest->distance = distance;
}

const char *conf_nearest(const char *word, const char *const *words)
{
    struct conf_nearest nearest = {.word = word};

    for (; *words != NULL; words++)
        conf_nearest_try(&nearest, *words);
    return nearest.best;
}
