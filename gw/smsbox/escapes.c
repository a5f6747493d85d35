/* SPDX-License-Identifier: Apache-2.0 */
/*
 * escapes - see escapes.h.
 *
 * One small function a kind of value, one switch that knows the codes.
 */
#include "gw/smsbox/escapes.h"

#include <time.h>

#include "gw/sms/dcs.h"
#include "gwlib/url.h"

/* --- words ----------------------------------------------------------------- */

static bool is_blank(unsigned char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The word at or after *pos, and *pos moved behind it; false at the end. */
static bool next_word(struct slice text, size_t *pos, struct slice *word)
{
    size_t start = *pos;
    while (start < text.len && is_blank(text.data[start]))
        start++;
    size_t end = start;
    while (end < text.len && !is_blank(text.data[end]))
        end++;
    if (end == start)
        return false;
    *word = slice_of(text.data + start, end - start);
    *pos = end;
    return true;
}

unsigned escapes_count_words(struct slice text)
{
    unsigned count = 0;
    size_t pos = 0;
    struct slice word;
    while (next_word(text, &pos, &word))
        count++;
    return count;
}

struct slice escapes_without_first_word(struct slice text)
{
    size_t pos = 0;
    struct slice word;
    next_word(text, &pos, &word);
    while (pos < text.len && is_blank(text.data[pos]))
        pos++;
    return slice_of(slice_is_set(text) ? text.data + pos : NULL, text.len - pos);
}

static struct slice take_word(struct escapes *e)
{
    struct slice word = slice_unset();
    next_word(e->sms->msgdata, &e->next_word, &word);
    return word;
}

static void append_first_word(struct slice text, struct bytes *to)
{
    size_t pos = 0;
    struct slice word = slice_unset();
    next_word(text, &pos, &word);
    url_encode(to, word);
}

static void append_words(struct slice text, size_t pos, struct bytes *to)
{
    struct slice word;
    for (bool first = true; next_word(text, &pos, &word); first = false) {
        if (!first)
            bytes_append_char(to, '+');
        url_encode(to, word);
    }
}

/* %S: raw, because people put it into paths, with '*' made harmless. */
static void append_raw(struct slice word, struct bytes *to)
{
    for (size_t i = 0; i < word.len; i++)
        bytes_append_char(to, word.data[i] == '*' ? '~' : word.data[i]);
}

/* --- other values ------------------------------------------------------------ */

static void append_number(long value, struct bytes *to)
{
    bytes_printf(to, "%ld", value);
}

/* An international number written with 00 becomes one with a plus sign. */
static void append_phone(struct slice number, struct bytes *to)
{
    if (slice_starts_with(number, slice_str("00"))) {
        bytes_append_str(to, "%2B");
        number = slice_sub(number, 2, number.len);
    }
    url_encode(to, number);
}

static void append_time(int64_t when, struct bytes *to)
{
    time_t seconds = (time_t)when;
    struct tm tm;
    char text[40];
    if (gmtime_r(&seconds, &tm) == NULL)
        return;
    size_t n = strftime(text, sizeof(text), "%Y-%m-%d+%H:%M:%S", &tm);
    bytes_append(to, text, n);
}

static void append_id(const struct uuid *id, struct bytes *to)
{
    char text[UUID_TEXT_LEN + 1];
    uuid_format(id, text);
    bytes_append_str(to, text);
}

static void append_minutes(int64_t when, int64_t now, struct bytes *to)
{
    if (when != SMS_UNSET)
        append_number((long)((when - now) / 60), to);
}

static void append_charset(const struct sms *sms, struct bytes *to)
{
    if (sms->charset.len > 0) {
        url_encode(to, sms->charset);
        return;
    }
    switch (sms->coding) {
    case SMS_CODING_8BIT:
        bytes_append_str(to, "8-BIT");
        break;
    case SMS_CODING_UCS2:
        bytes_append_str(to, "UTF-16BE");
        break;
    default:
        bytes_append_str(to, "UTF-8");
        break;
    }
}

static void append_dcs(const struct sms *sms, struct bytes *to)
{
    struct dcs_fields fields = {sms->coding, sms->mclass, sms->mwi, sms->compress, sms->alt_dcs};
    bytes_printf(to, "%02u", (unsigned)dcs_from_fields(&fields));
}

static void append_service(const struct escapes *e, struct bytes *to)
{
    url_encode(to, e->sms->service.len > 0 ? e->sms->service : e->service);
}

/* --- meta-data ---------------------------------------------------------------- */

static bool equal_decoded(struct slice encoded, struct slice plain)
{
    struct bytes decoded = {0};
    url_decode(&decoded, encoded);
    bool equal = slice_equal(bytes_slice(&decoded), plain);
    bytes_free(&decoded);
    return equal;
}

/* The value of a key in "key=value&key=value&". */
static bool find_value(struct slice pairs, struct slice key, struct slice *value)
{
    struct slice pair;
    while (slice_next_item(&pairs, '&', &pair)) {
        size_t equals = slice_find(pair, '=', 0);
        if (equals < pair.len && equal_decoded(slice_sub(pair, 0, equals), key)) {
            *value = slice_sub(pair, equals + 1, pair.len);
            return true;
        }
    }
    return false;
}

/* "?group?key=value&...?group?..." */
static void append_meta_value(struct slice meta, struct slice group, struct slice key,
                              struct bytes *to)
{
    struct slice name, pairs, value;
    if (meta.len == 0 || meta.data[0] != '?')
        return;
    meta = slice_sub(meta, 1, meta.len);
    while (slice_next_item(&meta, '?', &name) && slice_next_item(&meta, '?', &pairs)) {
        if (!equal_decoded(name, group) || !find_value(pairs, key, &value))
            continue;
        struct bytes decoded = {0};
        url_decode(&decoded, value);
        url_encode(to, bytes_slice(&decoded));
        bytes_free(&decoded);
        return;
    }
}

/* "%#group#key#", p behind its first '#'. Where it ends, or NULL when it is not
 * one. */
static const char *expand_meta(const struct sms *sms, const char *p, struct bytes *to)
{
    const char *middle = strchr(p, '#');
    const char *end = middle != NULL ? strchr(middle + 1, '#') : NULL;
    if (end == NULL)
        return NULL;
    append_meta_value(sms->meta_data, slice_of(p, (size_t)(middle - p)),
                      slice_of(middle + 1, (size_t)(end - middle - 1)), to);
    return end + 1;
}

/* --- the codes ------------------------------------------------------------------ */

/* Codes about the text: false for another code. */
static bool expand_text(struct escapes *e, char code, struct bytes *to)
{
    struct slice text = e->sms->msgdata;
    switch (code) {
    case 'k':
        append_first_word(text, to);
        return true;
    case 's':
        url_encode(to, take_word(e));
        return true;
    case 'S':
        append_raw(take_word(e), to);
        return true;
    case 'r':
        append_words(text, e->next_word, to);
        return true;
    case 'a':
        append_words(text, 0, to);
        return true;
    case 'b':
    case 'A':
        url_encode(to, text);
        return true;
    case 'e':
        bytes_append_hex(to, text, true);
        return true;
    default:
        return false;
    }
}

/* Who, where, when: false for another code. */
static bool expand_envelope(const struct escapes *e, char code, struct bytes *to)
{
    const struct sms *sms = e->sms;
    struct slice handset = e->report ? sms->receiver : sms->sender;
    struct slice other = e->report ? sms->sender : sms->receiver;
    switch (code) {
    case 'p':
        url_encode(to, handset);
        return true;
    case 'P':
        url_encode(to, other);
        return true;
    case 'q':
        append_phone(handset, to);
        return true;
    case 'Q':
        append_phone(other, to);
        return true;
    case 't':
        append_time(sms->time, to);
        return true;
    case 'T':
        append_number((long)sms->time, to);
        return true;
    case 'i':
        url_encode(to, sms->smsc_id);
        return true;
    case 'I':
        append_id(&sms->id, to);
        return true;
    case 'n':
        append_service(e, to);
        return true;
    default:
        return false;
    }
}

/* Plain fields: false for another code. */
static bool expand_field(const struct sms *sms, char code, struct bytes *to)
{
    switch (code) {
    case 'R':
        url_encode(to, sms->dlr_url);
        return true;
    case 'D':
        url_encode(to, sms->meta_data);
        return true;
    case 'F':
        url_encode(to, sms->foreign_id);
        return true;
    case 'f':
        url_encode(to, sms->smsc_number);
        return true;
    case 'u':
        url_encode(to, sms->udhdata);
        return true;
    case 'B':
        url_encode(to, sms->binfo);
        return true;
    case 'o':
        url_encode(to, sms->account);
        return true;
    default:
        return false;
    }
}

/* Numbers and what is made of them: false for another code. */
static bool expand_number(const struct escapes *e, char code, struct bytes *to)
{
    const struct sms *sms = e->sms;
    switch (code) {
    case 'd':
        append_number(sms->dlr_mask, to);
        return true;
    case 'c':
        append_number(sms->coding, to);
        return true;
    case 'C':
        append_charset(sms, to);
        return true;
    case 'm':
        append_number(sms->mclass, to);
        return true;
    case 'M':
        append_number(sms->mwi, to);
        return true;
    case 'O':
        append_dcs(sms, to);
        return true;
    case 'v':
        append_minutes(sms->validity, e->now, to);
        return true;
    case 'V':
        append_minutes(sms->deferred, e->now, to);
        return true;
    default:
        return false;
    }
}

/* p is behind the '%'. Returns where the pattern goes on. */
static const char *expand_code(struct escapes *e, const char *p, struct bytes *to)
{
    if (*p == '\0') {
        bytes_append_char(to, '%');
        return p;
    }
    if (*p == '#') {
        const char *end = expand_meta(e->sms, p + 1, to);
        if (end != NULL)
            return end;
    } else if (*p == '%') {
        bytes_append_char(to, '%');
        return p + 1;
    } else if (expand_text(e, *p, to) || expand_envelope(e, *p, to) ||
               expand_field(e->sms, *p, to) || expand_number(e, *p, to)) {
        return p + 1;
    }
    bytes_append_char(to, '%');
    bytes_append_char(to, (unsigned char)*p);
    return p + 1;
}

void escapes_expand(struct escapes *escapes, const char *pattern, struct bytes *to)
{
    const char *p = pattern;
    for (;;) {
        const char *percent = strchrnul(p, '%');
        bytes_append(to, p, (size_t)(percent - p));
        if (*percent == '\0')
            return;
        p = expand_code(escapes, percent + 1, to);
    }
}

struct escapes escapes_begin(const struct sms *sms, struct slice service, bool report, int64_t now)
{
    struct escapes escapes = {.sms = sms, .service = service, .report = report, .now = now};
    struct slice word;
    next_word(sms->msgdata, &escapes.next_word, &word);
    return escapes;
}

struct escapes_needs escapes_needs(const char *pattern)
{
    struct escapes_needs needs = {0};
    for (const char *p = strchr(pattern, '%'); p != NULL && p[1] != '\0'; p = strchr(p + 2, '%')) {
        if (p[1] == 's' || p[1] == 'S')
            needs.words++;
        else if (p[1] == 'r' || p[1] == 'a')
            needs.rest = true;
    }
    return needs;
}
