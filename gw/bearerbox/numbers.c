/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unified-prefix and prefix lists: see numbers.h.
 */
#include "gw/bearerbox/numbers.h"

enum rule_outcome { RULE_NO_MATCH, RULE_KEEP, RULE_REPLACED };

static enum rule_outcome apply_rule(struct slice rule, struct slice number, struct bytes *to)
{
    struct slice result, prefix;

    if (!slice_next_item(&rule, ',', &result))
        return RULE_NO_MATCH;
    if (slice_equal_str(result, "-"))
        result = slice_str("");
    else if (!slice_is_empty(result) && slice_starts_with(number, result))
        return RULE_KEEP;
    while (slice_next_item(&rule, ',', &prefix)) {
        if (slice_is_empty(prefix) || !slice_starts_with(number, prefix))
            continue;
        bytes_clear(to);
        bytes_append_slice(to, result);
        bytes_append_slice(to, slice_sub(number, prefix.len, number.len));
        return RULE_REPLACED;
    }
    return RULE_NO_MATCH;
}

bool numbers_unify(const char *rules, struct slice number, struct bytes *to)
{
    struct slice rest = slice_str(rules), rule;

    while (slice_next_item(&rest, ';', &rule)) {
        switch (apply_rule(slice_trim(rule), number, to)) {
        case RULE_REPLACED:
            return true;
        case RULE_KEEP:
            return false;
        case RULE_NO_MATCH:
            break;
        }
    }
    return false;
}

bool numbers_match_prefix(const char *prefixes, struct slice number)
{
    struct slice rest = slice_str(prefixes), prefix;

    while (slice_next_item(&rest, ';', &prefix))
        if (slice_starts_with(number, prefix))
            return true;
    return false;
}

bool numbers_list_holds(const char *list, struct slice item)
{
    struct slice rest = slice_str(list), entry;

    while (slice_next_item(&rest, ';', &entry))
        if (slice_equal(entry, item))
            return true;
    return false;
}
