/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The other half of child.h: command lines as words. The quoting is that of
 * POSIX (Shell Command Language, section 2.2) without any expansion.
 */
#include <stdlib.h>

#include "gwlib/child.h"
#include "gwlib/memory.h"

/* A place in a command line and the quotes it is in. */
struct cursor {
    const char *at;
    char quote; /* 0, ' or " */
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* A quote that opens or closes here. */
static bool take_quote(struct cursor *cursor)
{
    char c = *cursor->at;

    if (cursor->quote == 0 ? c != '\'' && c != '"' : c != cursor->quote)
        return false;
    cursor->quote = cursor->quote == 0 ? c : 0;
    cursor->at++;
    return true;
}

/* Whether the backslash here makes the next character literal. */
static bool escapes_next(const struct cursor *cursor)
{
    char next = cursor->at[1];

    if (cursor->at[0] != '\\' || next == '\0' || cursor->quote == '\'')
        return false;
    return cursor->quote == 0 || next == '"' || next == '\\';
}

/* The word that begins here; stops at the blank after it or at the end. */
static char *take_word(struct cursor *cursor)
{
    struct bytes word = {0};

    while (*cursor->at != '\0' && (cursor->quote != 0 || !is_blank(*cursor->at))) {
        if (take_quote(cursor))
            continue;
        if (escapes_next(cursor))
            cursor->at++;
        bytes_append_char(&word, (unsigned char)*cursor->at++);
    }
    return bytes_take(&word);
}

static char **append_word(char **words, size_t count, char *word)
{
    words = memory_realloc(words, count + 2, sizeof words[0]);
    words[count] = word;
    words[count + 1] = NULL;
    return words;
}

bool child_split_words(const char *command, char ***words, struct bytes *error)
{
    struct cursor cursor = {command, 0};
    char **list = append_word(NULL, 0, NULL);
    size_t count = 0;

    for (;;) {
        while (is_blank(*cursor.at))
            cursor.at++;
        if (*cursor.at == '\0')
            break;
        list = append_word(list, count, take_word(&cursor));
        count++;
    }
    if (count > 0 && cursor.quote == 0) {
        *words = list;
        return true;
    }
    if (cursor.quote != 0)
        bytes_printf(error, "a %c quote is not closed", cursor.quote);
    else
        bytes_append_str(error, "there is no program to run");
    child_free_words(list);
    return false;
}

void child_free_words(char **words)
{
    if (words == NULL)
        return;
    for (char **word = words; *word != NULL; word++)
        free(*word);
    free(words);
}

/* # begins a comment and ~ a home directory only at the start of a word; in
 * "..." a shell looks for $ and ` alone. */
static bool means_something(const struct cursor *cursor, bool starts_word)
{
    char c = *cursor->at;

    if (cursor->quote == '\'')
        return false;
    if (c == '$' || c == '`')
        return true;
    if (cursor->quote == '"')
        return false;
    return strchr("|&;<>()*?", c) != NULL || (starts_word && (c == '#' || c == '~'));
}

const char *child_find_shell_syntax(const char *command)
{
    struct cursor cursor = {command, 0};
    bool starts_word = true;

    while (*cursor.at != '\0') {
        if (take_quote(&cursor)) {
            starts_word = false;
            continue;
        }
        if (escapes_next(&cursor))
            cursor.at++;
        else if (means_something(&cursor, starts_word))
            return cursor.at;
        starts_word = cursor.quote == 0 && is_blank(*cursor.at);
        cursor.at++;
    }
    return NULL;
}
