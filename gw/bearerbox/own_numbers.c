/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Own numbers: see own_numbers.h.
 */
#include "gw/bearerbox/own_numbers.h"

#include "gw/bearerbox/links.h"

#define SHORTEST 8 /* digits of a number that may be written in several ways */

enum form { NAME, NATIONAL, INTERNATIONAL, PLAIN };

/* *digits: without what tells the form. */
static enum form form_of(struct slice number, struct slice *digits)
{
    enum form form = PLAIN;

    *digits = number;
    if (slice_starts_with(number, slice_str("+")))
        form = INTERNATIONAL, *digits = slice_sub(number, 1, number.len);
    else if (slice_starts_with(number, slice_str("00")))
        form = INTERNATIONAL, *digits = slice_sub(number, 2, number.len);
    else if (slice_starts_with(number, slice_str("0")))
        form = NATIONAL, *digits = slice_sub(number, 1, number.len);
    for (size_t i = 0; i < digits->len; i++)
        if (digits->data[i] < '0' || digits->data[i] > '9')
            return NAME;
    return digits->len >= SHORTEST ? form : NAME;
}

static bool ends_with(struct slice number, struct slice end)
{
    return number.len > end.len &&
           slice_equal(slice_sub(number, number.len - end.len, end.len), end);
}

bool own_numbers_same(struct slice a, struct slice b)
{
    struct slice digits_a, digits_b;
    enum form form_a = form_of(a, &digits_a), form_b = form_of(b, &digits_b);

    if (a.len > 0 && slice_equal(a, b))
        return true;
    if (form_a == NAME || form_b == NAME)
        return false;
    if (form_a == NATIONAL && form_b == INTERNATIONAL)
        return ends_with(digits_b, digits_a);
    if (form_a == INTERNATIONAL && form_b == NATIONAL)
        return ends_with(digits_a, digits_b);
    return slice_equal(digits_a, digits_b) && (form_a == NATIONAL) == (form_b == NATIONAL);
}

static bool list_holds(const char *list, struct slice number)
{
    struct slice rest = slice_str(list), item;

    while (slice_next_item(&rest, ';', &item))
        if (own_numbers_same(slice_trim(item), number))
            return true;
    return false;
}

bool own_numbers_hold(const struct gateway *gateway, struct slice number)
{
    if (!gateway->settings.loop_guard || number.len == 0)
        return false;
    if (list_holds(gateway->settings.own_numbers, number))
        return true;
    for (const struct bearer *bearer = links_first(gateway->links); bearer != NULL;
         bearer = bearer->next)
        if (own_numbers_same(slice_str(conf_string(bearer->group, "my-number")), number) ||
            own_numbers_same(slice_str(smsc_fact(bearer->smsc, SMSC_FACT_NUMBER)), number))
            return true;
    return false;
}
