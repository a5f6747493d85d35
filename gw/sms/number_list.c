/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists of phone numbers: see number_list.h. A list is a sorted array, so that
 * a million numbers cost a few ten megabytes and a question some twenty
 * comparisons.
 */
#include "gw/sms/number_list.h"

#include <stdlib.h>

#include "gwlib/memory.h"

#define MAX_OCTETS 32

struct number {
    char text[MAX_OCTETS + 1];
};

struct number_list {
    struct number *numbers;
    size_t count, room;
};

/* The number without what does not count; false when nothing is left, or more
 * than a number can have. */
static bool reduce(struct slice text, struct number *number)
{
    size_t n = 0;

    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = text.data[i];

        if (c == ' ' || c == '\t' || c == '\r' || c == '+' || c == '-' || c == '\0')
            continue;
        if (n == MAX_OCTETS)
            return false;
        number->text[n++] = (char)c;
    }
    number->text[n] = '\0';
    return n > 0;
}

static int compare(const void *a, const void *b)
{
    return strcmp(((const struct number *)a)->text, ((const struct number *)b)->text);
}

static void add_line(struct number_list *list, struct slice line)
{
    line = slice_sub(line, 0, slice_find(line, ':', 0));
    if (line.len > 0 && line.data[0] == '#')
        return;
    if (list->count == list->room) {
        list->room = list->room == 0 ? 64 : list->room * 2;
        list->numbers = memory_realloc(list->numbers, list->room, sizeof *list->numbers);
    }
    if (reduce(line, &list->numbers[list->count]))
        list->count++;
}

struct number_list *number_list_create(struct slice text)
{
    struct number_list *list = memory_zalloc(1, sizeof *list);
    struct slice line;

    while (slice_next_item(&text, '\n', &line))
        add_line(list, line);
    if (list->count > 0)
        qsort(list->numbers, list->count, sizeof *list->numbers, compare);
    return list;
}

void number_list_free(struct number_list *list)
{
    if (list == NULL)
        return;
    free(list->numbers);
    free(list);
}

size_t number_list_count(const struct number_list *list)
{
    return list->count;
}

bool number_list_holds(const struct number_list *list, struct slice text)
{
    struct number number;

    if (list->count == 0 || !reduce(text, &number))
        return false;
    return bsearch(&number, list->numbers, list->count, sizeof number, compare) != NULL;
}

const char *number_rules_refuse(const struct number_rules *rules, struct slice number)
{
    if (rules->white != NULL && !number_list_holds(rules->white, number))
        return "not white-listed";
    if (rules->white_regex != NULL && !regex_matches(rules->white_regex, number))
        return "not white-regex-listed";
    if (rules->black != NULL && number_list_holds(rules->black, number))
        return "black-listed";
    if (rules->black_regex != NULL && regex_matches(rules->black_regex, number))
        return "black-regex-listed";
    return NULL;
}
