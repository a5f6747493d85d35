/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Routing rules of a connection: see rules.h.
 */
#include "gw/bearerbox/rules.h"

#include "gw/bearerbox/numbers.h"

static struct rule read_rule(const struct conf_group *group, const char *list, const char *regex)
{
    const char *pattern = conf_string(group, regex);
    struct bytes error = {0};
    struct rule rule = {conf_string(group, list), NULL};

    if (pattern != NULL)
        rule.regex = regex_compile(pattern, false, &error); /* checked by the reader */
    bytes_free(&error);
    return rule;
}

void rules_read(struct rules *rules, const struct conf_group *group)
{
    rules->allowed_id = read_rule(group, "allowed-smsc-id", "allowed-smsc-id-regex");
    rules->denied_id = read_rule(group, "denied-smsc-id", "denied-smsc-id-regex");
    rules->preferred_id = read_rule(group, "preferred-smsc-id", "preferred-smsc-id-regex");
    rules->allowed_prefix = read_rule(group, "allowed-prefix", "allowed-prefix-regex");
    rules->denied_prefix = read_rule(group, "denied-prefix", "denied-prefix-regex");
    rules->preferred_prefix = read_rule(group, "preferred-prefix", "preferred-prefix-regex");
    rules->unified_prefix = conf_string(group, "unified-prefix");
    rules->reroute = conf_bool(group, "reroute");
    rules->reroute_receiver = conf_string(group, "reroute-receiver");
    if (!slice_equal_str(slice_str(conf_string(group, "smsc")), "loopback"))
        rules->reroute_smsc_id = conf_string(group, "reroute-smsc-id");
}

void rules_free(struct rules *rules)
{
    regex_free(rules->allowed_id.regex);
    regex_free(rules->denied_id.regex);
    regex_free(rules->preferred_id.regex);
    regex_free(rules->allowed_prefix.regex);
    regex_free(rules->denied_prefix.regex);
    regex_free(rules->preferred_prefix.regex);
}

static bool is_set(const struct rule *rule)
{
    return rule->list != NULL || rule->regex != NULL;
}

static bool id_matches(const struct rule *rule, struct slice id)
{
    return (rule->list != NULL && numbers_list_holds(rule->list, id)) ||
           (rule->regex != NULL && regex_matches(rule->regex, id));
}

static bool prefix_matches(const struct rule *rule, struct slice number)
{
    return numbers_match_prefix(rule->list, number) ||
           (rule->regex != NULL && regex_matches(rule->regex, number));
}

/* An allowed list alone decides; without one, all but the denied. */
static bool id_accepted(const struct rules *rules, struct slice id)
{
    if (is_set(&rules->allowed_id))
        return slice_is_set(id) && id_matches(&rules->allowed_id, id);
    return !slice_is_set(id) || !id_matches(&rules->denied_id, id);
}

/* Both lists: refused only what is not among the allowed and is denied. */
static bool receiver_accepted(const struct rules *rules, struct slice receiver)
{
    bool allowed = prefix_matches(&rules->allowed_prefix, receiver);
    bool denied = prefix_matches(&rules->denied_prefix, receiver);

    if (is_set(&rules->allowed_prefix))
        return allowed || (is_set(&rules->denied_prefix) && !denied);
    return !denied;
}

bool rules_accept(const struct rules *rules, const struct sms *sms)
{
    return id_accepted(rules, sms->smsc_id) && receiver_accepted(rules, sms->receiver);
}

bool rules_prefer(const struct rules *rules, const struct sms *sms)
{
    return (slice_is_set(sms->smsc_id) && id_matches(&rules->preferred_id, sms->smsc_id)) ||
           prefix_matches(&rules->preferred_prefix, sms->receiver);
}

/* One item of reroute-receiver: the smsc-id, then receivers. */
static bool item_names(struct slice item, struct slice receiver, struct slice *smsc_id)
{
    struct slice id, number;

    if (!slice_next_item(&item, ',', &id))
        return false;
    while (slice_next_item(&item, ',', &number))
        if (slice_equal(slice_trim(number), receiver)) {
            *smsc_id = slice_trim(id);
            return true;
        }
    return false;
}

bool rules_reroute(const struct rules *rules, const struct sms *sms, struct slice *smsc_id)
{
    struct slice rest = slice_str(rules->reroute_receiver), item;

    while (slice_next_item(&rest, ';', &item))
        if (item_names(item, sms->receiver, smsc_id))
            return true;
    if (rules->reroute_smsc_id == NULL && !rules->reroute)
        return false;
    *smsc_id = rules->reroute_smsc_id != NULL ? slice_str(rules->reroute_smsc_id) : sms->smsc_id;
    return true;
}
