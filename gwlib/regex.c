/* SPDX-License-Identifier: Apache-2.0 */
/*
 * regex - see regex.h. PCRE2's 8-bit interpreter without UTF mode, as Kannel
 * used PCRE through its POSIX wrapper: octets, no options. Its limits on
 * backtracking, depth and heap make the bounded cost.
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "gwlib/regex.h"

#include <pcre2.h>
#include <stdlib.h>

#include "gwlib/log.h"
#include "gwlib/memory.h"

/* Some tens of milliseconds at worst; honest patterns on a text message need
 * a few hundred steps. */
#define MATCH_LIMIT      200000
#define DEPTH_LIMIT      2000
#define HEAP_LIMIT_KIB   4096
#define PATTERN_SIZE_MAX 65536

struct regex {
    pcre2_code *code;
    pcre2_match_context *context;
};

static void describe(int number, size_t offset, const char *pattern, struct bytes *error)
{
    PCRE2_UCHAR text[128];

    if (pcre2_get_error_message(number, text, sizeof(text)) < 0)
        text[0] = '\0';
    bytes_printf(error, "'%s' is no regular expression: %s (at character %zu)", pattern,
                 (const char *)text, offset + 1);
}

struct regex *regex_compile(const char *pattern, bool nocase, struct bytes *error)
{
    struct regex *regex;
    pcre2_code *code;
    int number = 0;
    size_t len = strlen(pattern), offset = 0;

    if (len > PATTERN_SIZE_MAX) {
        bytes_printf(error, "a regular expression of %zu characters is too long", len);
        return NULL;
    }
    code = pcre2_compile((PCRE2_SPTR)pattern, len, nocase ? PCRE2_CASELESS : 0, &number, &offset,
                         NULL);
    if (code == NULL) {
        describe(number, offset, pattern, error);
        return NULL;
    }
    regex = memory_zalloc(1, sizeof(*regex));
    regex->code = code;
    regex->context = pcre2_match_context_create(NULL);
    if (regex->context == NULL)
        log_panic("Out of memory for a regular expression.");
    pcre2_set_match_limit(regex->context, MATCH_LIMIT);
    pcre2_set_depth_limit(regex->context, DEPTH_LIMIT);
    pcre2_set_heap_limit(regex->context, HEAP_LIMIT_KIB);
    return regex;
}

void regex_free(struct regex *regex)
{
    if (regex == NULL)
        return;
    pcre2_match_context_free(regex->context);
    pcre2_code_free(regex->code);
    free(regex);
}

static void report_failure(int number)
{
    static struct log_limit limit;
    PCRE2_UCHAR text[128];

    if (pcre2_get_error_message(number, text, sizeof(text)) < 0)
        text[0] = '\0';
    log_limited(&limit, LOG_LEVEL_WARNING,
                "A regular expression was given up and counts as not matching: %s",
                (const char *)text);
}

bool regex_capture(const struct regex *regex, struct slice subject, unsigned group,
                   struct slice *caught)
{
    pcre2_match_data *match = pcre2_match_data_create_from_pattern(regex->code, NULL);
    PCRE2_SPTR text = slice_is_set(subject) ? subject.data : (PCRE2_SPTR) "";
    int result;

    if (match == NULL)
        log_panic("Out of memory for a regular expression.");
    result = pcre2_match(regex->code, text, subject.len, 0, 0, match, regex->context);
    if (result < 0 && result != PCRE2_ERROR_NOMATCH)
        report_failure(result);
    if (result > 0 && caught != NULL) {
        const size_t *ends = pcre2_get_ovector_pointer(match);

        *caught = slice_unset();
        if (group < (unsigned)result && ends[2 * group] != PCRE2_UNSET &&
            ends[2 * group + 1] >= ends[2 * group])
            *caught = slice_of(text + ends[2 * group], ends[2 * group + 1] - ends[2 * group]);
    }
    pcre2_match_data_free(match);
    return result > 0;
}

bool regex_matches(const struct regex *regex, struct slice subject)
{
    return regex_capture(regex, subject, 0, NULL);
}
