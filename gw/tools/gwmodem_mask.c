/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Masking dialogues: see gwmodem_mask.h.
 */
#include "gw/tools/gwmodem_mask.h"

enum { NUMBER_DIGITS = 7, HEX_DIGITS = 20 };

static bool is_digit(unsigned char c)
{
    return c >= '0' && c <= '9';
}

static bool is_hex(unsigned char c)
{
    return is_digit(c) || (c >= 'A' && c <= 'F') || (c >= 'a' && c <= 'f');
}

static size_t run_of(struct slice line, size_t from, bool (*is)(unsigned char))
{
    size_t end = from;

    while (end < line.len && is(line.data[end]))
        end++;
    return end - from;
}

/* Commands whose values are PINs or passwords. Questions (?) have none. */
static bool is_secret(struct slice line, size_t *keep)
{
    static const char *const names[] = {
        "AT+CPIN=", "AT+CLCK=", "AT+CPWD=", "AT^CARDLOCK=", "AT+ZPINPUK="};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        *keep = strlen(names[i]);
        if (line.len > *keep && slice_equal_nocase(slice_sub(line, 0, *keep), names[i]) &&
            line.data[*keep] != '?')
            return true;
    }
    return false;
}

static void append_zeros(struct bytes *to, size_t count)
{
    while (count-- > 0)
        bytes_append_char(to, '0');
}

void mask_line(struct bytes *to, struct slice line)
{
    size_t keep;

    if (is_secret(line, &keep)) {
        bytes_append_slice(to, slice_sub(line, 0, keep));
        bytes_append_str(to, "****");
        return;
    }
    for (size_t i = 0; i < line.len;) {
        size_t digits = run_of(line, i, is_digit), hex = run_of(line, i, is_hex);

        if (hex >= HEX_DIGITS || digits >= NUMBER_DIGITS) {
            size_t masked = hex >= HEX_DIGITS ? hex : digits;

            append_zeros(to, masked);
            i += masked;
        } else {
            size_t plain = digits > 0 ? digits : 1;

            bytes_append_slice(to, slice_sub(line, i, plain));
            i += plain;
        }
    }
}
