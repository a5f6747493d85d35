/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text - see text.h.
 */
#include "gw/smsbox/text.h"

#include "gw/sms/gsm7.h"
#include "gwlib/charset.h"

#define MAX_CHARSET_NAME 40
#define MAX_LOGGED       512

/* iconv gives '/' a meaning of its own ("//IGNORE"), so names are checked. */
static bool name_is_sane(struct slice name)
{
    if (name.len == 0 || name.len > MAX_CHARSET_NAME)
        return false;
    for (size_t i = 0; i < name.len; i++) {
        unsigned char c = name.data[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!letter && c != '-' && c != '_' && c != '.' && c != ':' && c != '+')
            return false;
    }
    return true;
}

bool text_convert(struct bytes *to, const char *to_name, struct slice text, struct slice charset)
{
    char name[MAX_CHARSET_NAME + 1];
    if (!name_is_sane(charset))
        return false;
    memcpy(name, charset.data, charset.len);
    name[charset.len] = '\0';
    return charset_convert(to, to_name, text, name);
}

static bool is_utf8(struct slice charset)
{
    return slice_equal_nocase(charset, "UTF-8") || slice_equal_nocase(charset, "UTF8");
}

/* The alphabet has only the capital of c with cedilla, and Kannel sends that for
 * the small one, as old phones do. */
static void append_with_cedilla(struct bytes *to, struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        bool small = text.data[i] == 0xC3 && i + 1 < text.len && text.data[i + 1] == 0xA7;
        bytes_append_char(to, text.data[i]);
        if (small) {
            bytes_append_char(to, 0x87);
            i++;
        }
    }
}

static void to_alphabet(struct bytes *to, struct slice text)
{
    if (text.len == 0 || memmem(text.data, text.len, "\xC3\xA7", 2) == NULL) {
        gsm7_append_replaced(to, text, GSM7_DEFAULT, '?');
        return;
    }
    struct bytes capital = {0};
    append_with_cedilla(&capital, text);
    gsm7_append_replaced(to, bytes_slice(&capital), GSM7_DEFAULT, '?');
    bytes_free(&capital);
}

/* Coding 0: to UTF-8, then to what the alphabet has. */
static bool to_gsm(struct bytes *to, struct slice text, struct slice charset)
{
    struct bytes utf8 = {0};
    bool fine = true;
    if (charset.len > 0 && !is_utf8(charset)) {
        fine = text_convert(&utf8, "UTF-8", text, charset);
        text = bytes_slice(&utf8);
    } else if (!charset_is_utf8(text)) {
        charset_convert_lossy(&utf8, "UTF-8", text, "UTF-8", '?');
        text = bytes_slice(&utf8);
    }
    if (fine)
        to_alphabet(to, text);
    bytes_free(&utf8);
    return fine;
}

bool text_to_content(struct bytes *to, enum sms_coding coding, struct slice text,
                     struct slice charset)
{
    if (coding == SMS_CODING_7BIT)
        return to_gsm(to, text, charset);
    if (coding == SMS_CODING_UCS2 && charset.len > 0)
        return text_convert(to, "UTF-16BE", text, charset);
    bytes_append_slice(to, text);
    return true;
}

struct slice text_guess_charset(struct slice text)
{
    return slice_str(charset_is_utf8(text) ? "UTF-8" : "ISO-8859-1");
}

void text_append_visible(struct bytes *to, struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = text.data[i];
        bytes_append_char(to, c < ' ' || c == 0x7f ? '?' : c);
    }
}

void text_append_url(struct bytes *to, struct slice url)
{
    const char *text = (const char *)url.data;
    const char *host = memmem(text, url.len, "://", 3);
    size_t start = host != NULL ? (size_t)(host - text) + 3 : url.len;
    size_t slash = slice_find(url, '/', start);
    size_t at = slice_find(url, '@', start);
    size_t colon = slice_find(url, ':', start);
    if (at < slash && colon < at) {
        text_append_visible(to, slice_sub(url, 0, colon + 1));
        bytes_append_str(to, "***");
        url = slice_sub(url, at, url.len);
    }
    text_append_visible(to, url);
}

int text_log_length(struct slice text)
{
    return text.len < MAX_LOGGED ? (int)text.len : MAX_LOGGED;
}
