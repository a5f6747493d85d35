/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines of a fake SMSC: see fake_line.h.
 */
#include "gw/smsc/fake_line.h"

#include "gwlib/url.h"

#define MASK_MAX 127 /* all bits of enum dlr_event */

void fake_line_scratch_free(struct fake_line_scratch *scratch)
{
    bytes_free(&scratch->udh);
    bytes_free(&scratch->data);
}

/* --- to the client ----------------------------------------------------------------- */

static bool is_one_line(struct slice text)
{
    return slice_find(text, '\n', 0) == text.len && slice_find(text, '\r', 0) == text.len;
}

/* A line break inside would make another line of it. */
static void append_number(struct bytes *line, struct slice number)
{
    for (size_t i = 0; i < number.len; i++)
        bytes_append_char(line, number.data[i] >= ' ' ? number.data[i] : '_');
    bytes_append_char(line, ' ');
}

void fake_line_compose(struct bytes *line, const struct sms *sms)
{
    enum sms_coding coding = sms_coding(sms);

    append_number(line, sms->sender);
    append_number(line, sms->receiver);
    if (!slice_is_empty(sms->udhdata)) {
        bytes_append_str(line, "udh ");
        url_encode(line, sms->udhdata);
        bytes_append_str(line, " data ");
        url_encode(line, sms->msgdata);
    } else if (coding == SMS_CODING_7BIT && is_one_line(sms->msgdata)) {
        bytes_append_str(line, "text ");
        bytes_append_slice(line, sms->msgdata);
    } else {
        bytes_append_str(line, coding == SMS_CODING_UCS2 ? "ucs-2 " : "data ");
        url_encode(line, sms->msgdata);
    }
    bytes_append_char(line, '\n');
}

/* --- from the client --------------------------------------------------------------- */

/* The next word, up to one blank. */
static struct slice next_word(struct slice *rest)
{
    size_t end = slice_find(*rest, ' ', 0);
    struct slice word = slice_sub(*rest, 0, end);

    *rest = slice_sub(*rest, end + 1, rest->len);
    return word;
}

struct parser {
    struct sms *sms;
    struct slice rest;
    struct fake_line_scratch *scratch;
};

typedef bool read_content_fn(struct parser *parser);

static bool read_text(struct parser *parser)
{
    parser->sms->msgdata = parser->rest;
    parser->sms->coding = SMS_CODING_7BIT;
    return true;
}

static bool read_encoded(struct parser *parser, int coding)
{
    url_decode(&parser->scratch->data, parser->rest);
    parser->sms->msgdata = bytes_slice(&parser->scratch->data);
    parser->sms->coding = coding;
    return true;
}

static bool read_data(struct parser *parser)
{
    return read_encoded(parser, SMS_CODING_8BIT);
}

static bool read_ucs2(struct parser *parser)
{
    return read_encoded(parser, SMS_CODING_UCS2);
}

static void read_header(struct parser *parser)
{
    url_decode(&parser->scratch->udh, next_word(&parser->rest));
    parser->sms->udhdata = bytes_slice(&parser->scratch->udh);
}

static bool read_udh_data(struct parser *parser)
{
    read_header(parser);
    return read_data(parser);
}

static bool read_udh_text(struct parser *parser)
{
    read_header(parser);
    return read_text(parser);
}

static bool read_route(struct parser *parser)
{
    parser->sms->boxc_id = next_word(&parser->rest);
    return read_text(parser);
}

static bool read_dlr_mask(struct parser *parser)
{
    long mask;

    if (!slice_to_number(next_word(&parser->rest), 0, MASK_MAX, &mask))
        return false;
    parser->sms->dlr_mask = (int32_t)mask;
    parser->sms->msgdata = parser->rest;
    return true;
}

static const struct {
    const char *type;
    read_content_fn *read;
} contents[] = {
    {"text", read_text},         {"data", read_data},    {"ucs2", read_ucs2},
    {"ucs-2", read_ucs2},        {"udh", read_udh_data}, {"udh-data", read_udh_data},
    {"udh-text", read_udh_text}, {"route", read_route},  {"dlr-mask", read_dlr_mask},
};

bool fake_line_parse(struct sms *sms, struct slice line, struct fake_line_scratch *scratch)
{
    struct parser parser = {sms, line, scratch};
    const unsigned char *line_end = line.data + line.len;
    struct slice type;

    bytes_clear(&scratch->udh);
    bytes_clear(&scratch->data);
    *sms = sms_blank();
    sms->sender = next_word(&parser.rest);
    sms->receiver = next_word(&parser.rest);
    type = next_word(&parser.rest);
    if (sms->sender.len == 0 || sms->receiver.len == 0 || type.data + type.len == line_end)
        return false;
    for (size_t i = 0; i < sizeof contents / sizeof contents[0]; i++)
        if (slice_equal_str(type, contents[i].type))
            return contents[i].read(&parser);
    return false;
}
