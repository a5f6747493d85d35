/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text mode: see text_mode.h.
 */
#include "gw/smsc/at/text_mode.h"

#include "gw/sms/gsm7.h"
#include "gw/sms/timestamp.h"
#include "gw/sms/udh.h"
#include "gwlib/charset.h"

#define CTRL_Z    0x1a
#define ESC       0x1b
#define UDHI      0x40
#define GSM_MAX   1600 /* septets that are decoded; more than any message has */
#define TOA_ALPHA 0xd0

/* --- character sets ---------------------------------------------------------- */

static const char *const names[AT_CHARSETS] = {"IRA", "GSM", "8859-1", "UCS2"};

const char *at_charset_name(enum at_charset charset)
{
    return names[charset];
}

unsigned at_charsets_offered(struct slice value)
{
    unsigned offered = 0;

    for (size_t at = 0; at < value.len;) {
        size_t start = slice_find(value, '"', at);
        size_t end = slice_find(value, '"', start + 1);

        for (unsigned i = 0; end < value.len && i < AT_CHARSETS; i++)
            if (slice_equal_nocase(slice_sub(value, start + 1, end - start - 1), names[i]))
                offered |= 1u << i;
        at = end + 1;
    }
    return offered;
}

static bool may_be_typed(unsigned long c)
{
    return c != '\r' && c != CTRL_Z && c != ESC;
}

/* Characters up to last, as octets. */
static bool encode_octets(struct slice text, unsigned long last, struct bytes *to)
{
    size_t before = to->len;

    for (size_t at = 0; at < text.len;) {
        long c = charset_utf8_next(text, &at);

        if (c < 0 || (unsigned long)c > last || !may_be_typed((unsigned long)c)) {
            bytes_truncate(to, before);
            return false;
        }
        bytes_append_char(to, (unsigned char)c);
    }
    return true;
}

static bool encode_gsm(struct slice text, struct bytes *to)
{
    size_t before = to->len, count = 0;
    uint8_t septets[GSM_MAX];
    struct sms_fault fault;

    if (!gsm7_fits(text, GSM7_DEFAULT) ||
        !gsm7_encode(text, GSM7_DEFAULT, '?', septets, sizeof septets, &count, &fault))
        return false;
    for (size_t i = 0; i < count; i++) {
        if (!may_be_typed(septets[i])) {
            bytes_truncate(to, before);
            return false;
        }
        bytes_append_char(to, septets[i]);
    }
    return true;
}

static bool encode_ucs2(struct slice text, struct bytes *to)
{
    struct bytes wide = {0};
    bool good = charset_convert(&wide, "UTF-16BE", text, "UTF-8");

    if (good)
        bytes_append_hex(to, bytes_slice(&wide), true);
    bytes_free(&wide);
    return good;
}

bool at_charset_encode(enum at_charset charset, struct slice text, struct bytes *to)
{
    switch (charset) {
    case AT_IRA:
        return encode_octets(text, 0x7e, to);
    case AT_GSM:
        return encode_gsm(text, to);
    case AT_LATIN1:
        return encode_octets(text, 0xff, to);
    case AT_UCS2:
        return encode_ucs2(text, to);
    case AT_CHARSETS:
        break;
    }
    return false;
}

static bool is_hex(struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = text.data[i];

        if (!((c >= '0' && c <= '9') || (c >= 'A' && c <= 'F') || (c >= 'a' && c <= 'f')))
            return false;
    }
    return text.len > 0;
}

static void decode_latin1(struct slice text, struct bytes *utf8)
{
    for (size_t i = 0; i < text.len; i++)
        charset_utf8_append(utf8, text.data[i]);
}

static bool is_seven_bit(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] > 0x7f)
            return false;
    return true;
}

static void decode_gsm(struct slice text, struct bytes *utf8)
{
    char decoded[GSM7_UTF8_MAX(GSM_MAX)];

    text = slice_sub(text, 0, GSM_MAX);
    if (is_seven_bit(text))
        bytes_append(utf8, decoded, gsm7_decode(text.data, text.len, GSM7_DEFAULT, decoded));
    else
        decode_latin1(text, utf8);
}

static void decode_ucs2(struct slice text, struct bytes *utf8)
{
    struct bytes wide = {0};

    if (text.len % 4 == 0 && is_hex(text) && bytes_append_unhex(&wide, text))
        charset_convert_lossy(utf8, "UTF-8", bytes_slice(&wide), "UTF-16BE", '?');
    else if (charset_is_utf8(text))
        bytes_append_slice(utf8, text);
    else
        decode_latin1(text, utf8);
    bytes_free(&wide);
}

void at_charset_decode(enum at_charset charset, struct slice text, struct bytes *utf8)
{
    switch (charset) {
    case AT_GSM:
        decode_gsm(text, utf8);
        return;
    case AT_UCS2:
        decode_ucs2(text, utf8);
        return;
    case AT_IRA:
    case AT_LATIN1:
    case AT_CHARSETS:
        decode_latin1(text, utf8);
        return;
    }
}

/* --- fields -------------------------------------------------------------------- */

/* The next field, without its quotation marks; a comma between them is text. An
 * empty field is one too. False at the end. */
static bool next_field(struct slice *rest, struct slice *field)
{
    size_t end;

    if (!slice_is_set(*rest))
        return false;
    *rest = slice_trim(*rest);
    if (rest->len > 0 && rest->data[0] == '"') {
        size_t quote = slice_find(*rest, '"', 1);

        *field = slice_sub(*rest, 1, quote - 1);
        end = slice_find(*rest, ',', quote);
    } else {
        end = slice_find(*rest, ',', 0);
        *field = slice_trim(slice_sub(*rest, 0, end));
    }
    *rest = end < rest->len ? slice_sub(*rest, end + 1, rest->len) : slice_unset();
    return true;
}

static struct slice text_field(struct slice *rest)
{
    struct slice field;

    return next_field(rest, &field) ? field : slice_str("");
}

static int number_field(struct slice *rest)
{
    struct slice field;
    long number;

    return next_field(rest, &field) && slice_to_number(field, 0, 65535, &number) ? (int)number : -1;
}

/* Two digits at `at`; -1: they are none. */
static int two_digits(struct slice text, size_t at)
{
    if (at + 2 > text.len || text.data[at] < '0' || text.data[at] > '9' ||
        text.data[at + 1] < '0' || text.data[at + 1] > '9')
        return -1;
    return (text.data[at] - '0') * 10 + text.data[at + 1] - '0';
}

/* `26/11/27,19:00:00+04`, the zone in quarters of an hour; -1: that it is not. */
static int64_t read_time(struct slice text)
{
    int fields[6], zone;
    struct timestamp time = {.valid = true};

    for (size_t i = 0; i < 6; i++) {
        fields[i] = two_digits(text, 3 * i);
        if (fields[i] < 0)
            return -1;
    }
    zone = text.len >= 20 ? two_digits(text, 18) : 0;
    if (fields[1] < 1 || fields[1] > 12 || fields[2] < 1 || fields[2] > 31 || fields[3] > 23 ||
        fields[4] > 59 || fields[5] > 59 || zone < 0)
        return -1;
    time.year = (int16_t)((fields[0] >= 90 ? 1900 : 2000) + fields[0]);
    time.month = (uint8_t)fields[1];
    time.day = (uint8_t)fields[2];
    time.hour = (uint8_t)fields[3];
    time.minute = (uint8_t)fields[4];
    time.second = (uint8_t)fields[5];
    time.zone = (int16_t)(text.len > 17 && text.data[17] == '-' ? -15 * zone : 15 * zone);
    return timestamp_to_unix(&time);
}

/* --- headers ------------------------------------------------------------------ */

static struct at_text_header blank(struct slice line)
{
    return (struct at_text_header){.kind = AT_TEXT_DELIVER,
                                   .line = line,
                                   .address = slice_str(""),
                                   .time = -1,
                                   .toa = -1,
                                   .fo = -1,
                                   .pid = -1,
                                   .dcs = -1,
                                   .length = -1,
                                   .mr = -1,
                                   .st = -1};
}

/* `oa,[alpha],scts[,tooa,fo,pid,dcs,sca,tosca,length]` */
static bool read_deliver(struct slice rest, struct at_text_header *header)
{
    if (!next_field(&rest, &header->address))
        return false;
    text_field(&rest); /* the name in the telephone book */
    header->time = read_time(text_field(&rest));
    header->toa = number_field(&rest);
    header->fo = number_field(&rest);
    header->pid = number_field(&rest);
    header->dcs = number_field(&rest);
    text_field(&rest); /* the service centre and its type */
    text_field(&rest);
    header->length = number_field(&rest);
    return true;
}

/* `fo,mr,[ra],[tora],scts,dt,st` */
static bool read_report(struct slice rest, struct at_text_header *header)
{
    header->kind = AT_TEXT_REPORT;
    header->fo = number_field(&rest);
    header->mr = number_field(&rest);
    header->address = text_field(&rest);
    header->toa = number_field(&rest);
    text_field(&rest); /* when the service centre got the message */
    header->time = read_time(text_field(&rest));
    header->st = number_field(&rest);
    return header->mr >= 0 && header->mr <= 255 && header->st >= 0 && header->st <= 255;
}

bool at_text_read_cmt(struct slice value, struct at_text_header *header)
{
    *header = blank(value);
    return read_deliver(value, header);
}

bool at_text_read_cds(struct slice value, struct at_text_header *header)
{
    *header = blank(value);
    return read_report(value, header);
}

bool at_text_read_status(struct slice status, bool *received, bool *unread)
{
    static const struct {
        const char *word, *number;
        bool received, unread;
    } all[] = {{"REC UNREAD", "0", true, true},
               {"REC READ", "1", true, false},
               {"STO UNSENT", "2", false, false},
               {"STO SENT", "3", false, false}};

    status = slice_trim(status);
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (slice_equal_nocase(status, all[i].word) || slice_equal_str(status, all[i].number)) {
            *received = all[i].received;
            *unread = all[i].unread;
            return true;
        }
    return false;
}

/* A report begins with the first octet, a message with an address. */
static bool begins_with_number(struct slice rest)
{
    struct slice field;
    long number;

    rest = slice_trim(rest);
    return rest.len > 0 && rest.data[0] != '"' && next_field(&rest, &field) &&
           slice_to_number(field, 0, 255, &number) && slice_is_set(rest);
}

bool at_text_read_cmgr(struct slice value, struct at_text_header *header)
{
    struct slice rest = value, status;
    bool received;

    *header = blank(value);
    if (!next_field(&rest, &status) || !slice_is_set(rest) ||
        !at_text_read_status(status, &received, &header->unread))
        return false;
    if (!received)
        header->kind = AT_TEXT_SUBMIT;
    if (received && begins_with_number(rest))
        return read_report(rest, header);
    return read_deliver(rest, header);
}

bool at_text_read_cmgl(struct slice value, long *index, bool *received, bool *unread)
{
    struct slice number, status;

    return next_field(&value, &number) && slice_to_number(number, 0, 100000, index) &&
           next_field(&value, &status) && at_text_read_status(status, received, unread);
}

/* --- texts ----------------------------------------------------------------------- */

/* Takes the header off the front of the octets. */
static void take_udh(struct at_text_content *content)
{
    struct bytes *octets = &content->content;
    struct sms_fault fault;
    size_t len = octets->len > 0 ? (size_t)octets->data[0] + 1 : 0;

    if (len == 0 || len > octets->len || len > UDH_MAX ||
        !udh_check(slice_of(octets->data, len), &fault))
        return;
    bytes_append(&content->udh, octets->data, len);
    bytes_consume(octets, len);
}

static void read_octets(const struct at_text_header *header, struct slice text,
                        struct at_text_content *content)
{
    if (!bytes_append_unhex(&content->content, text))
        bytes_append_slice(&content->content, text); /* it is not as it should be */
    else if (header->fo >= 0 && (header->fo & UDHI) != 0)
        take_udh(content);
}

/* A text behind a user data header comes as the octets of both in hex (27.005
 * section 3.1, <data>): septets behind fill bits. False when it is not so. */
static bool read_packed(const struct at_text_header *header, struct slice text,
                        struct at_text_content *content)
{
    struct bytes octets = {0};
    uint8_t septets[GSM_MAX];
    size_t total, before;
    struct udh_info info;
    bool done = false;

    if (header->fo < 0 || (header->fo & UDHI) == 0 || text.len > GSM_MAX ||
        !bytes_append_unhex(&content->content, text))
        goto out;
    bytes_append_slice(&octets, bytes_slice(&content->content));
    take_udh(content);
    before = (content->udh.len * 8 + 6) / 7;
    total = octets.len * 8 / 7;
    if (header->length >= 0 && ((size_t)header->length * 7 + 7) / 8 == octets.len)
        total = (size_t)header->length;
    if (content->udh.len > 0 && total >= before &&
        gsm7_unpack(octets.data, octets.len, before * 7, total - before, septets)) {
        char utf8[GSM7_UTF8_MAX(GSM_MAX)];

        udh_read(bytes_slice(&content->udh), &info);
        bytes_clear(&content->content);
        bytes_append(&content->content, utf8,
                     gsm7_decode(septets, total - before, info.tables, utf8));
        content->alphabet = DCS_GSM7;
        done = true;
    }
out:
    if (!done) {
        bytes_clear(&content->udh);
        bytes_clear(&content->content);
    }
    bytes_free(&octets);
    return done;
}

/* The set may have changed since: the length tells whether this is UCS2. */
static enum at_charset charset_of_text(const struct at_text_header *header, enum at_charset charset,
                                       struct slice text)
{
    size_t length = (size_t)header->length;

    if (header->length <= 0)
        return charset;
    if (charset == AT_UCS2 && text.len == length)
        return AT_IRA;
    return text.len == 4 * length && is_hex(text) ? AT_UCS2 : charset;
}

static void read_characters(const struct at_text_header *header, enum at_charset charset,
                            struct slice text, struct at_text_content *content)
{
    struct bytes utf8 = {0};

    at_charset_decode(charset_of_text(header, charset, text), text, &utf8);
    if (gsm7_fits(bytes_slice(&utf8), GSM7_DEFAULT)) {
        content->alphabet = DCS_GSM7;
        bytes_append_slice(&content->content, bytes_slice(&utf8));
    } else {
        content->alphabet = DCS_UCS2;
        charset_convert_lossy(&content->content, "UTF-16BE", bytes_slice(&utf8), "UTF-8", '?');
    }
    bytes_free(&utf8);
}

void at_text_read_content(const struct at_text_header *header, enum at_charset charset,
                          struct slice text, struct at_text_content *content)
{
    enum dcs_alphabet alphabet =
        header->dcs >= 0 ? dcs_decode((uint8_t)header->dcs).alphabet : DCS_GSM7;

    if (alphabet == DCS_8BIT || (alphabet == DCS_UCS2 && text.len % 2 == 0 && is_hex(text))) {
        content->alphabet = alphabet;
        read_octets(header, text, content);
    } else if (alphabet != DCS_GSM7 || !read_packed(header, text, content)) {
        read_characters(header, charset, text, content);
    }
}

/* Numbers in UCS2 are in hex, too; but not every modem does so. */
static bool is_wide_address(const struct at_text_header *header, struct slice address)
{
    if (address.len == 0 || address.len % 4 != 0 || !is_hex(address))
        return false;
    if (header->toa == TOA_ALPHA)
        return true;
    for (size_t i = 0; i < address.len; i += 4)
        if (address.data[i] != '0' || address.data[i + 1] != '0')
            return false;
    return true;
}

void at_text_read_address(const struct at_text_header *header, enum at_charset charset,
                          struct bytes *address)
{
    if (charset == AT_UCS2 && !is_wide_address(header, header->address))
        charset = AT_IRA;
    at_charset_decode(charset, header->address, address);
}
