/* SPDX-License-Identifier: Apache-2.0 */
/*
 * services - see services.h.
 *
 * Loading stands in services_load.c; here is the choice. Order of the questions:
 * keyword, then who and where (accepted-smsc, prefixes, lists), then the number
 * of words; the first service in file order that fits is taken, and when none
 * does the first default service that passes who and where.
 */
#include "gw/smsbox/services.h"

#include "gw/smsbox/escapes.h"
#include "gw/smsbox/services_load.h"

/* Whether one of the ';'-separated items equals the text. */
static bool list_has(const char *list, struct slice text)
{
    struct slice rest = slice_str(list), item;
    while (slice_next_item(&rest, ';', &item))
        if (slice_equal(slice_trim(item), text))
            return true;
    return false;
}

/* Whether the text begins with one of them. */
static bool list_has_prefix(const char *list, struct slice text)
{
    struct slice rest = slice_str(list), item;
    while (slice_next_item(&rest, ';', &item)) {
        item = slice_trim(item);
        if (item.len > 0 && slice_starts_with(text, item))
            return true;
    }
    return false;
}

/* Only who has an id can be refused for it. */
static bool is_accepted(const char *list, const struct regex *regex, struct slice id)
{
    if (id.len == 0)
        return true;
    if (list != NULL && !list_has(list, id))
        return false;
    return regex == NULL || regex_matches(regex, id);
}

static bool passes_prefixes(const char *allowed, const char *denied,
                            const struct regex *allowed_regex, const struct regex *denied_regex,
                            struct slice number)
{
    if (allowed != NULL && !list_has_prefix(allowed, number))
        return false;
    if (denied != NULL && allowed == NULL && list_has_prefix(denied, number))
        return false;
    if (allowed_regex != NULL && !regex_matches(allowed_regex, number))
        return false;
    return denied_regex == NULL || !regex_matches(denied_regex, number);
}

/* Who and where. */
static bool is_for(const struct service *s, const struct sms *sms)
{
    return is_accepted(s->accepted_smsc, s->accepted_smsc_regex, sms->smsc_id) &&
           is_accepted(s->accepted_account, s->accepted_account_regex, sms->account) &&
           passes_prefixes(s->allowed_prefix, s->denied_prefix, s->allowed_prefix_regex,
                           s->denied_prefix_regex, sms->sender) &&
           passes_prefixes(s->allowed_receiver_prefix, s->denied_receiver_prefix,
                           s->allowed_receiver_prefix_regex, s->denied_receiver_prefix_regex,
                           sms->receiver) &&
           lists_allow(s->lists, sms->sender);
}

static bool fits_words(const struct service *s, unsigned words)
{
    if (s->catch_all)
        return true;
    unsigned after_keyword = words > 0 ? words - 1 : 0;
    return s->words_at_least ? after_keyword >= s->words : after_keyword == s->words;
}

static void append_without_zeros(struct bytes *to, struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] != '\0')
            bytes_append_char(to, text.data[i]);
}

const struct service *services_find(const struct services *services, const struct sms *sms)
{
    struct bytes text = {0};
    append_without_zeros(&text, sms->msgdata);
    unsigned words = escapes_count_words(sms->msgdata);
    const struct service *found = NULL, *fallback = NULL;
    for (const struct service *s = services_first(services); s != NULL && found == NULL;
         s = s->next) {
        if (s->is_default) {
            if (fallback == NULL && is_for(s, sms))
                fallback = s;
        } else if (regex_matches(s->keyword, bytes_slice(&text)) && is_for(s, sms) &&
                   fits_words(s, words)) {
            found = s;
        }
    }
    bytes_free(&text);
    return found != NULL ? found : fallback;
}

const struct service *services_by_name(const struct services *services, struct slice name)
{
    for (const struct service *s = services_first(services); s != NULL; s = s->next)
        if (slice_equal_str(name, s->name))
            return s;
    return NULL;
}
