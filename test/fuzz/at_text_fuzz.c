/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text mode: the first line is a header, the rest its text. The first octet
 * chooses the character set. What comes out as UTF-8 is UTF-8, and what can be
 * typed holds nothing that would leave the prompt.
 */
#include <stdint.h>

#include "gw/smsc/at/text_mode.h"
#include "gwlib/charset.h"
#include "gwlib/log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_content(const struct at_text_header *header, enum at_charset charset,
                          struct slice text)
{
    struct at_text_content content = {.alphabet = DCS_GSM7};
    struct bytes address = {0};

    at_text_read_content(header, charset, text, &content);
    LOG_ASSERT(content.alphabet != DCS_GSM7 || charset_is_utf8(bytes_slice(&content.content)));
    at_text_read_address(header, charset, &address);
    LOG_ASSERT(charset_is_utf8(bytes_slice(&address)));
    bytes_free(&address);
    bytes_free(&content.udh);
    bytes_free(&content.content);
}

static void check_typed(enum at_charset charset, struct slice text)
{
    struct bytes typed = {0};

    if (at_charset_encode(charset, text, &typed))
        for (size_t i = 0; i < typed.len; i++)
            LOG_ASSERT(typed.data[i] != 0x1a && typed.data[i] != 0x1b && typed.data[i] != '\r');
    else
        LOG_ASSERT(typed.len == 0);
    bytes_free(&typed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice rest = slice_of(data, size), line;
    struct at_text_header header;
    enum at_charset charset;
    bool received, unread;
    long index;

    if (size < 2)
        return 0;
    charset = (enum at_charset)(data[0] % AT_CHARSETS);
    rest = slice_sub(rest, 1, size);
    if (!slice_next_item(&rest, '\n', &line))
        return 0;
    at_charsets_offered(line);
    if (at_text_read_cmgl(line, &index, &received, &unread))
        LOG_ASSERT(index >= 0);
    if (at_text_read_cmt(line, &header))
        check_content(&header, charset, rest);
    if (at_text_read_cmgr(line, &header))
        check_content(&header, charset, rest);
    if (at_text_read_cds(line, &header))
        LOG_ASSERT(header.mr >= 0 && header.mr <= 255 && header.st >= 0 && header.st <= 255);
    check_typed(charset, rest);
    return 0;
}
