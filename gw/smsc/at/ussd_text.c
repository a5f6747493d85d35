/* SPDX-License-Identifier: Apache-2.0 */
/*
 * USSD texts: see ussd_text.h. Modems disagree with their own data coding, so what
 * a text is in is found by looking at it; the coding only breaks ties.
 */
#include "gw/smsc/at/ussd_text.h"

#include "gw/sms/gsm7.h"
#include "gw/sms/utf16.h"
#include "gwlib/charset.h"

#define OCTETS_MAX 1024

/* --- codes ------------------------------------------------------------------------------ */

bool at_ussd_is_sendable(struct slice code)
{
    for (size_t i = 0; i < code.len; i++)
        if (code.data[i] < 0x20 || code.data[i] == '"' || code.data[i] == 0x7f)
            return false;
    return code.len > 0 && charset_is_utf8(code) && gsm7_fits(code, GSM7_DEFAULT) &&
           gsm7_count(code, GSM7_DEFAULT) <= AT_USSD_CODE_MAX;
}

/* There is no count of septets: a CR fills the last octet, else it would be '@'. */
static void append_packed(struct bytes *to, struct slice code)
{
    uint8_t septets[AT_USSD_CODE_MAX + 1];
    unsigned char octets[GSM7_PACKED(AT_USSD_CODE_MAX + 1, 0)];
    struct sms_fault fault;
    size_t count;

    if (!gsm7_encode(code, GSM7_DEFAULT, 0, septets, AT_USSD_CODE_MAX, &count, &fault))
        return;
    if (count % 8 == 7)
        septets[count++] = '\r';
    bytes_append_hex(to, slice_of(octets, gsm7_pack(septets, count, 0, octets)), true);
}

static void append_ucs2(struct bytes *to, struct slice code)
{
    unsigned char units[AT_USSD_CODE_MAX * 4];

    bytes_append_hex(to, slice_of(units, utf16_from_utf8(code, units, sizeof units)), true);
}

void at_ussd_append_code(struct bytes *to, struct slice code, enum at_ussd_form form)
{
    if (form == AT_USSD_PACKED)
        append_packed(to, code);
    else if (form == AT_USSD_UCS2)
        append_ucs2(to, code);
    else
        bytes_append_slice(to, code);
}

/* --- texts ---------------------------------------------------------------------------------- */

enum alphabet { SEPTETS, OCTETS, UCS2 };

/* 23.038, section 5. *preface: octets of language before a UCS2 text. */
static enum alphabet alphabet_of(unsigned dcs, size_t *preface)
{
    static const enum alphabet by_bits[] = {SEPTETS, OCTETS, UCS2, SEPTETS};

    *preface = dcs == 0x11 ? 2 : 0;
    if (dcs == 0x11)
        return UCS2;
    if ((dcs & 0xc0) == 0x40 || (dcs & 0xf0) == 0x90)
        return by_bits[dcs >> 2 & 3];
    if ((dcs & 0xf0) == 0xf0)
        return (dcs & 4) != 0 ? OCTETS : SEPTETS;
    return SEPTETS;
}

static bool is_printable(struct slice utf8)
{
    size_t pos = 0;

    while (pos < utf8.len) {
        long c = charset_utf8_next(utf8, &pos);

        if ((c < 0x20 && c != '\n' && c != '\r') || c == 0x7f || c == 0xfffd)
            return false;
    }
    return true;
}

static bool append_when_printable(struct bytes *to, struct bytes *text)
{
    bool good = is_printable(bytes_slice(text));

    if (good)
        bytes_append_slice(to, bytes_slice(text));
    bytes_free(text);
    return good;
}

static bool append_unpacked(struct bytes *to, struct slice octets)
{
    uint8_t septets[OCTETS_MAX * 8 / 7];
    char utf8[GSM7_UTF8_MAX(OCTETS_MAX * 8 / 7)];
    size_t count = octets.len * 8 / 7;
    struct bytes text = {0};

    if (count > sizeof septets || !gsm7_unpack(octets.data, octets.len, 0, count, septets))
        return false;
    if (count > 0 && count % 8 == 0 && (septets[count - 1] == '\r' || septets[count - 1] == 0))
        count--;
    bytes_append(&text, utf8, gsm7_decode(septets, count, GSM7_DEFAULT, utf8));
    return append_when_printable(to, &text);
}

static bool append_units(struct bytes *to, struct slice octets)
{
    char utf8[UTF16_UTF8_MAX(OCTETS_MAX)];
    struct bytes text = {0};

    if (octets.len % 2 != 0 || octets.len > OCTETS_MAX)
        return false;
    bytes_append(&text, utf8, utf16_to_utf8(octets, utf8));
    return append_when_printable(to, &text);
}

static bool append_octets(struct bytes *to, struct slice octets)
{
    struct bytes text = {0};

    for (size_t i = 0; i < octets.len; i++)
        charset_utf8_append(&text, octets.data[i]);
    return append_when_printable(to, &text);
}

/* UCS2 of one script, whatever the coding says: the high octets are small. */
static bool looks_like_units(struct slice octets)
{
    if (octets.len < 4 || octets.len % 2 != 0)
        return false;
    for (size_t i = 0; i < octets.len; i += 2)
        if (octets.data[i] > 0x06)
            return false;
    return true;
}

/* Numbers are hex digits, too: "1250" is an amount. */
static bool is_short_number(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
    return text.len < 8;
}

static bool append_decoded(struct bytes *to, struct slice octets, unsigned dcs)
{
    size_t preface;
    enum alphabet alphabet = alphabet_of(dcs, &preface);

    if (octets.len == 0 || octets.len > OCTETS_MAX)
        return false;
    if (alphabet == UCS2)
        return append_units(to, slice_sub(octets, preface, octets.len));
    if (looks_like_units(octets) && append_units(to, octets))
        return true;
    if (alphabet == OCTETS)
        return append_octets(to, octets);
    return append_unpacked(to, octets);
}

void at_ussd_append_text(struct bytes *to, struct slice text, unsigned dcs)
{
    struct bytes octets = {0};

    if (is_short_number(text) || !bytes_append_unhex(&octets, text) ||
        !append_decoded(to, bytes_slice(&octets), dcs))
        bytes_append_slice(to, text);
    bytes_free(&octets);
}

/* --- lines -------------------------------------------------------------------------------------
 */

/* The data coding behind the text, 15 when there is none. */
static unsigned dcs_of(struct slice rest)
{
    long dcs;

    rest = slice_trim(rest);
    if (rest.len > 0 && rest.data[0] == ',' &&
        slice_to_number(slice_trim(slice_sub(rest, 1, rest.len)), 0, 255, &dcs))
        return (unsigned)dcs;
    return 15;
}

/* Behind the last quote, or the whole when one is missing. */
static size_t end_of_text(struct slice value, size_t open)
{
    for (size_t i = value.len; i > open + 1; i--)
        if (value.data[i - 1] == '"')
            return i - 1;
    return value.len;
}

bool at_ussd_read(struct slice value, enum at_ussd_end *end, struct bytes *text)
{
    size_t comma = slice_find(value, ',', 0), open = slice_find(value, '"', 0), close;
    long what;

    if (!slice_to_number(slice_trim(slice_sub(value, 0, comma)), 0, 5, &what))
        return false;
    *end = (enum at_ussd_end)what;
    if (open == value.len)
        return true;
    close = end_of_text(value, open);
    at_ussd_append_text(text, slice_trim(slice_sub(value, open + 1, close - open - 1)),
                        dcs_of(slice_sub(value, close + 1, value.len)));
    return true;
}
