/* SPDX-License-Identifier: Apache-2.0 */
/*
 * transliterate - see transliterate.h: the table, by code point.
 */
#include "gw/sms/transliterate.h"

#include "gwlib/charset.h"

struct near_form {
    unsigned short code_point;
    char form[5];
};

static const struct near_form table[] = {
#include "gw/sms/transliterate_table.def"
};

const char *transliterate_find(unsigned long code_point)
{
    size_t low = 0, high = sizeof(table) / sizeof(table[0]);
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (table[middle].code_point == code_point)
            return table[middle].form;
        if (table[middle].code_point < code_point)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

void transliterate_append(struct bytes *to, struct slice text)
{
    for (size_t pos = 0; pos < text.len;) {
        size_t begin = pos;
        const char *form = transliterate_find((unsigned long)charset_utf8_next(text, &pos));
        if (form != NULL)
            bytes_append_str(to, form);
        else
            bytes_append(to, text.data + begin, pos - begin);
    }
}
