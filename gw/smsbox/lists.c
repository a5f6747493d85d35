/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lists - see lists.h.
 *
 * A fetched file becomes a sorted array of numbers, reduced to their digits.
 */
#include "gw/smsbox/lists.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "gwlib/log.h"
#include "gwlib/memory.h"
#include "gwlib/regex.h"

#define MAX_DIGITS     32
#define MAX_NUMBERS    1000000
#define FETCH_AGAIN_MS 30000

struct number {
    char digits[MAX_DIGITS + 1];
};

struct number_file {
    const char *url; /* NULL: there is none */
    bool loaded;
    struct number *numbers;
    size_t count;
    struct lists *owner;
    struct http_call *call;
    struct loop_timer *timer;
};

struct lists {
    struct http_client *http;
    struct number_file white, black;
    struct regex *white_regex, *black_regex;
};

/* The digits of a number, the first 32 of them; false when it has none. */
static bool reduce(struct slice text, struct number *number)
{
    size_t n = 0;
    for (size_t i = 0; i < text.len && n < MAX_DIGITS; i++)
        if (text.data[i] >= '0' && text.data[i] <= '9')
            number->digits[n++] = (char)text.data[i];
    number->digits[n] = '\0';
    return n > 0;
}

static int compare(const void *a, const void *b)
{
    return strcmp(((const struct number *)a)->digits, ((const struct number *)b)->digits);
}

static void load(struct number_file *file, struct slice text)
{
    free(file->numbers);
    file->numbers = NULL;
    file->count = 0;
    size_t room = 0;
    struct slice line;
    struct slice rest = slice_is_set(text) ? text : slice_str("");
    while (file->count < MAX_NUMBERS && slice_next_item(&rest, '\n', &line)) {
        if (file->count == room) {
            room = room == 0 ? 64 : room * 2;
            file->numbers = memory_realloc(file->numbers, room, sizeof(struct number));
        }
        line = slice_trim(line);
        if (line.len > 0 && line.data[0] != '#' && reduce(line, &file->numbers[file->count]))
            file->count++;
    }
    if (file->count > 0)
        qsort(file->numbers, file->count, sizeof(struct number), compare);
    file->loaded = true;
}

static bool holds(const struct number_file *file, struct slice text)
{
    struct number number;
    if (file->count == 0 || !reduce(text, &number))
        return false;
    return bsearch(&number, file->numbers, file->count, sizeof(number), compare) != NULL;
}

/* --- fetching, reading ------------------------------------------------------------ */

static void on_answer(const struct http_answer *answer, void *arg)
{
    struct number_file *file = arg;
    file->call = NULL;
    if (answer->status == 200) {
        load(file, answer->body);
        log_info("number list <%s>: %zu numbers", file->url, file->count);
        return;
    }
    log_error("number list <%s> could not be fetched (%d %s), nobody passes it until it is",
              file->url, answer->status, answer->status == 0 ? answer->error : "");
    loop_timer_set(file->timer, FETCH_AGAIN_MS);
}

static void fetch_by_http(struct number_file *file)
{
    struct http_request request = {.url = file->url};
    file->call = http_client_start(file->owner->http, &request, on_answer, file);
}

static void read_file(struct number_file *file)
{
    struct bytes content = {0};
    FILE *stream = fopen(file->url, "re");
    char buffer[4096];
    size_t n = 0;
    while (stream != NULL && (n = fread(buffer, 1, sizeof(buffer), stream)) > 0)
        bytes_append(&content, buffer, n);
    if (stream == NULL || ferror(stream)) {
        log_error_errno(errno, "number list <%s> cannot be read, nobody passes it until it can",
                        file->url);
        loop_timer_set(file->timer, FETCH_AGAIN_MS);
    } else {
        load(file, bytes_slice(&content));
        log_info("number list <%s>: %zu numbers", file->url, file->count);
    }
    if (stream != NULL)
        fclose(stream);
    bytes_free(&content);
}

static void fetch(void *arg)
{
    struct number_file *file = arg;
    if (strncasecmp(file->url, "http://", 7) == 0 || strncasecmp(file->url, "https://", 8) == 0)
        fetch_by_http(file);
    else
        read_file(file);
}

static void file_open(struct number_file *file, struct lists *owner, struct loop *loop,
                      const char *url)
{
    if (url == NULL)
        return;
    file->owner = owner;
    file->url = url;
    file->timer = loop_timer_create(loop, fetch, file);
    loop_timer_set(file->timer, 0);
}

static void file_close(struct number_file *file)
{
    if (file->call != NULL)
        http_call_cancel(file->call);
    loop_timer_free(file->timer);
    free(file->numbers);
}

/* --- the lists ------------------------------------------------------------ */

/* A pattern that does not compile was reported by the schema. */
static struct regex *compile(const char *pattern)
{
    struct bytes ignored = {0};
    struct regex *regex = pattern != NULL ? regex_compile(pattern, false, &ignored) : NULL;
    bytes_free(&ignored);
    return regex;
}

struct lists *lists_create(struct loop *loop, struct http_client *http,
                           const struct conf_group *group)
{
    const char *white = conf_string(group, "white-list");
    const char *black = conf_string(group, "black-list");
    const char *white_regex = conf_string(group, "white-list-regex");
    const char *black_regex = conf_string(group, "black-list-regex");
    if (white == NULL && black == NULL && white_regex == NULL && black_regex == NULL)
        return NULL;
    struct lists *lists = memory_zalloc(1, sizeof(*lists));
    lists->http = http;
    file_open(&lists->white, lists, loop, white);
    file_open(&lists->black, lists, loop, black);
    lists->white_regex = compile(white_regex);
    lists->black_regex = compile(black_regex);
    return lists;
}

void lists_free(struct lists *lists)
{
    if (lists == NULL)
        return;
    file_close(&lists->white);
    file_close(&lists->black);
    regex_free(lists->white_regex);
    regex_free(lists->black_regex);
    free(lists);
}

void lists_load(struct lists *lists, bool white, struct slice text)
{
    load(white ? &lists->white : &lists->black, text);
}

bool lists_allow(const struct lists *lists, struct slice number)
{
    if (lists == NULL)
        return true;
    if (lists->white.url != NULL && !(lists->white.loaded && holds(&lists->white, number)))
        return false;
    if (lists->black.url != NULL && (!lists->black.loaded || holds(&lists->black, number)))
        return false;
    if (lists->white_regex != NULL && !regex_matches(lists->white_regex, number))
        return false;
    return lists->black_regex == NULL || !regex_matches(lists->black_regex, number);
}
