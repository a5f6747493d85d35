/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The router: see router.h.
 */
#include "gw/bearerbox/router.h"

#include "gw/bearerbox/sticky.h"

/* --- the set ------------------------------------------------------------------- */

/* What an operator stopped takes nothing new. */
static bool accepts(const struct bearer *bearer, const struct sms *sms)
{
    return !bearer->stopped_by_operator && rules_accept(&bearer->rules, sms);
}

/* The connection over which the receiver was talked to last, when it is among
 * those that may carry the message, and no rule prefers others. */
static const struct bearer *find_sticky(const struct links *links, const struct sms *sms)
{
    const struct bearer *bearer = links_first(links), *found = NULL;
    const char *key = bearer != NULL ? sticky_find(bearer->gateway->sticky, sms->receiver) : NULL;

    for (; key != NULL && bearer != NULL; bearer = bearer->next) {
        if (!accepts(bearer, sms))
            continue;
        if (bearer->sticky && strcmp(bearer->key, key) == 0)
            found = bearer;
        else if (rules_prefer(&bearer->rules, sms))
            return NULL;
    }
    return found;
}

bool router_lane_name(const struct links *links, const struct sms *sms, struct bytes *name)
{
    const struct bearer *sticky = find_sticky(links, sms);
    bool any = false;

    for (const struct bearer *bearer = links_first(links); bearer != NULL; bearer = bearer->next) {
        if (!accepts(bearer, sms))
            continue;
        if (any)
            bytes_append_char(name, ';');
        bytes_append_str(name, bearer->key);
        if (bearer == sticky || rules_prefer(&bearer->rules, sms))
            bytes_append_char(name, '!');
        any = true;
    }
    return any;
}

bool router_next_member(struct slice *rest, struct slice *key, bool *preferred)
{
    if (!slice_next_item(rest, ';', key))
        return false;
    *preferred = key->len > 0 && key->data[key->len - 1] == '!';
    if (*preferred)
        key->len--;
    return true;
}

/* --- MO ------------------------------------------------------------------------- */

/* Whether a trimmed item of the list equals the value. */
static bool route_list_holds(const char *list, struct slice value)
{
    struct slice rest = slice_str(list), item;

    while (slice_next_item(&rest, ';', &item))
        if (slice_is_set(value) && slice_equal(slice_trim(item), value))
            return true;
    return false;
}

/* How well a smsbox-route fits: 3 number and SMSC, 2 number, 1 SMSC, 0 not. */
static int route_fit(const struct conf_group *route, const struct sms *sms)
{
    const char *numbers = conf_string(route, "shortcode");
    const char *smscs = conf_string(route, "smsc-id");
    bool number_fits = numbers != NULL && route_list_holds(numbers, sms->receiver);
    bool smsc_fits = smscs != NULL && route_list_holds(smscs, sms->smsc_id);

    if (numbers != NULL && smscs != NULL)
        return number_fits && smsc_fits ? 3 : 0;
    if (numbers != NULL)
        return number_fits ? 2 : 0;
    return smsc_fits ? 1 : 0;
}

struct slice router_box(const struct conf *conf, const struct sms *sms)
{
    struct slice box = slice_str("");
    int best = 0;

    if (slice_is_set(sms->boxc_id))
        return sms->boxc_id;
    for (const struct conf_group *route = conf_first(conf, "smsbox-route"); route != NULL;
         route = conf_next(route)) {
        int fit = route_fit(route, sms);

        if (fit > best) {
            best = fit;
            box = slice_str(conf_string(route, "smsbox-id"));
        }
    }
    return box;
}
