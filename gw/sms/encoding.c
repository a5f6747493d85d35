/* SPDX-License-Identifier: Apache-2.0 */
/*
 * encoding - see encoding.h.
 */
#include "gw/sms/encoding.h"

#include "gw/sms/transliterate.h"
#include "gw/sms/utf16.h"

bool encoding_add_tables(struct udh *udh, struct gsm7_tables tables)
{
    struct udh more = *udh;
    if (tables.shift != 0 && !udh_add(&more, UDH_SINGLE_SHIFT, slice_of(&tables.shift, 1)))
        return false;
    if (tables.locking != 0 && !udh_add(&more, UDH_LOCKING_SHIFT, slice_of(&tables.locking, 1)))
        return false;
    *udh = more;
    return true;
}

/* One way to encode; content in the alphabet's form. False: it does not fit. */
static bool count(enum dcs_alphabet alphabet, struct gsm7_tables tables, struct slice content,
                  const struct encoding_wish *wish, struct encoding *encoding)
{
    struct udh udh = {0};
    struct split_plan plan;
    struct split_rules rules = {.alphabet = alphabet,
                                .tables = tables,
                                .max_octets = wish->max_octets,
                                .ref_bits = wish->ref_bits};
    bool good = udh_set(&udh, wish->udh, NULL) && encoding_add_tables(&udh, tables);
    rules.udh = udh_slice(&udh);
    good = good && split_plan(&plan, &rules, content, NULL);
    *encoding = (struct encoding){.alphabet = alphabet, .tables = tables};
    encoding->units = split_units(alphabet, tables, content);
    if (!good)
        return false;
    encoding->parts = plan.parts;
    encoding->per_part = plan.room;
    encoding->left = plan.room - plan.last_units;
    return true;
}

void encoding_count(enum dcs_alphabet alphabet, struct gsm7_tables tables, struct slice content,
                    const struct encoding_wish *wish, struct encoding *encoding)
{
    count(alphabet, tables, content, wish, encoding);
}

/* --- choosing -------------------------------------------------------------------- */

static unsigned tables_used(struct gsm7_tables tables)
{
    return (tables.locking != 0 ? 1U : 0U) + (tables.shift != 0 ? 1U : 0U);
}

/* Fewer parts, then fewer tables, then fewer units. */
static bool better(const struct encoding *a, const struct encoding *b)
{
    if (b->parts == 0 || a->parts != b->parts)
        return b->parts == 0 || a->parts < b->parts;
    if (tables_used(a->tables) != tables_used(b->tables))
        return tables_used(a->tables) < tables_used(b->tables);
    return a->units < b->units;
}

static void try_tables(struct gsm7_tables tables, struct slice text,
                       const struct encoding_wish *wish, struct encoding *best)
{
    struct encoding encoding;
    if (gsm7_fits(text, tables) && count(DCS_GSM7, tables, text, wish, &encoding) &&
        better(&encoding, best))
        *best = encoding;
}

/* The best of the wished languages; parts 0 when none will do. */
static struct encoding choose_national(struct slice text, const struct encoding_wish *wish)
{
    struct encoding best = {0};
    for (uint8_t language = 1; language < GSM7_LANGUAGES; language++) {
        if ((wish->languages >> language & 1) == 0)
            continue;
        try_tables((struct gsm7_tables){0, language}, text, wish, &best);
        if (gsm7_has_locking(language)) {
            try_tables((struct gsm7_tables){language, 0}, text, wish, &best);
            try_tables((struct gsm7_tables){language, language}, text, wish, &best);
        }
    }
    return best;
}

static void choose(struct slice text, const struct encoding_wish *wish, struct encoding *encoding)
{
    if (gsm7_fits(text, GSM7_DEFAULT)) {
        count(DCS_GSM7, GSM7_DEFAULT, text, wish, encoding);
        return;
    }
    struct bytes utf16 = {0};
    size_t octets = utf16_count(text);
    bytes_reserve(&utf16, octets);
    utf16.len = utf16_from_utf8(text, utf16.data, octets);
    count(DCS_UCS2, GSM7_DEFAULT, bytes_slice(&utf16), wish, encoding);
    bytes_free(&utf16);
    if (wish->languages == 0)
        return;
    struct encoding national = choose_national(text, wish);
    if (national.parts != 0 && (encoding->parts == 0 || national.parts < encoding->parts))
        *encoding = national;
}

void encoding_choose(struct slice text, const struct encoding_wish *wish, struct encoding *encoding)
{
    if (!wish->transliterated) {
        choose(text, wish, encoding);
        return;
    }
    struct bytes near = {0};
    transliterate_append(&near, text);
    choose(gsm7_fits(bytes_slice(&near), GSM7_DEFAULT) ? bytes_slice(&near) : text, wish, encoding);
    bytes_free(&near);
}
