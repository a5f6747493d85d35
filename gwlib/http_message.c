/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_message - see http_message.h. The head is taken apart where it lies:
 * line ends of folded lines become blanks, the end of the path becomes NUL, and
 * everything else is a slice. Total for any octets; nothing is allocated.
 */
#include "gwlib/http_message.h"

#define CHUNK_SIZE_DIGITS  8     /* hexadecimal, leading zeros included */
#define CHUNK_OVERHEAD_MAX 16384 /* octets of all extensions and trailers */

/* --- where the head ends ----------------------------------------------- */

size_t http_head_length(struct slice input, size_t *scanned)
{
    size_t at = slice_find(input, '\n', *scanned);

    while (at < input.len) {
        size_t next = at + 1;

        if (next < input.len && input.data[next] == '\r')
            next++;
        if (next >= input.len)
            break; /* come back to this line end */
        if (input.data[next] == '\n')
            return next + 1;
        at = slice_find(input, '\n', at + 1);
    }
    *scanned = at;
    return 0;
}

/* --- the request line (section 3) -------------------------------------- */

/* The next line without its end; *rest goes to the one after. */
static struct slice take_line(struct slice *rest)
{
    size_t end = slice_find(*rest, '\n', 0);
    struct slice line = slice_sub(*rest, 0, end);

    *rest = slice_sub(*rest, end + 1, rest->len);
    if (line.len > 0 && line.data[line.len - 1] == '\r')
        line.len--;
    return line;
}

static struct slice take_word(struct slice *rest)
{
    size_t start = 0, end;

    while (start < rest->len && rest->data[start] == ' ')
        start++;
    end = slice_find(*rest, ' ', start);
    struct slice word = slice_sub(*rest, start, end - start);
    *rest = slice_sub(*rest, end, rest->len);
    return word;
}

/* Octets from 0x80 on are no URL, but clients send them. */
static bool has_control_characters(struct slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.data[i] < 0x20 || s.data[i] == 0x7f)
            return true;
    }
    return false;
}

static bool parse_version(struct slice word, struct http_head *head)
{
    if (word.len != 8 || !slice_starts_with(word, slice_str("HTTP/1.")) || word.data[7] < '0' ||
        word.data[7] > '9')
        return false;
    head->version_1_0 = word.data[7] == '0';
    return true;
}

/* "http://host" off an absolute URI (section 3.2.2). */
static struct slice without_authority(struct slice target)
{
    size_t colon = slice_find(target, ':', 0);
    struct slice scheme = slice_sub(target, 0, colon);
    size_t at;

    if (!slice_equal_nocase(scheme, "http") && !slice_equal_nocase(scheme, "https"))
        return target;
    if (!slice_starts_with(slice_sub(target, colon, 3), slice_str("://")))
        return target;
    for (at = colon + 3; at < target.len; at++) {
        if (target.data[at] == '/' || target.data[at] == '?')
            break;
    }
    return slice_sub(target, at, target.len);
}

/* text is the memory that the target lies in: the octet after it (a blank) and
 * the '?' can be overwritten. */
static void split_target(unsigned char *text, struct slice target, struct http_head *head)
{
    size_t mark;

    target = without_authority(target);
    mark = slice_find(target, '?', 0);
    head->query = mark < target.len ? slice_sub(target, mark + 1, target.len) : slice_unset();
    text[(size_t)(target.data - text) + mark] = '\0';
    head->path = mark > 0 ? (const char *)target.data : "/";
}

static const char *parse_request_line(unsigned char *text, struct slice line,
                                      struct http_head *head)
{
    struct slice target, version;

    if (has_control_characters(line))
        return "control character in the request line";
    head->method = take_word(&line);
    target = take_word(&line);
    version = take_word(&line);
    if (slice_is_empty(version) || !slice_is_empty(slice_trim(line)))
        return "request line without three words";
    if (!parse_version(version, head))
        return "unknown HTTP version";
    split_target(text, target, head);
    return NULL;
}

/* --- fields (section 5) ------------------------------------------------ */

static bool is_token_character(unsigned char c)
{
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-')
        return true;
    return c != '\0' && strchr("!#$%&'*+.^_`|~", c) != NULL;
}

static bool is_token(struct slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (!is_token_character(s.data[i]))
            return false;
    }
    return s.len > 0;
}

/* Turns the line ends before continuation lines (section 5.2) into blanks.
 * False when the first line is one. */
static bool unfold(unsigned char *text, size_t len)
{
    if (len > 0 && (text[0] == ' ' || text[0] == '\t'))
        return false;
    for (size_t i = 1; i < len; i++) {
        if ((text[i] != ' ' && text[i] != '\t') || text[i - 1] != '\n')
            continue;
        text[i - 1] = ' ';
        if (i >= 2 && text[i - 2] == '\r')
            text[i - 2] = ' ';
    }
    return true;
}

static const char *parse_field(struct slice line, struct http_field *field)
{
    size_t colon = slice_find(line, ':', 0);

    field->name = slice_sub(line, 0, colon);
    if (colon == line.len || !is_token(field->name))
        return "header without a name";
    field->value = slice_trim(slice_sub(line, colon + 1, line.len));
    if (slice_find(field->value, '\0', 0) < field->value.len ||
        slice_find(field->value, '\r', 0) < field->value.len)
        return "control character in a header";
    return NULL;
}

/* --- what the fields say about the message (sections 6, 9) ------------- */

/* What has been seen of the fields that rule the framing. */
struct framing {
    bool has_length, has_encoding;
};

static const char *read_content_length(struct slice value, struct http_head *head,
                                       struct framing *framing)
{
    uint64_t length = 0;

    if (framing->has_length)
        return "doubled Content-Length";
    framing->has_length = true;
    if (value.len == 0 || value.len > 18)
        return "Content-Length is not a number";
    for (size_t i = 0; i < value.len; i++) {
        if (value.data[i] < '0' || value.data[i] > '9')
            return "Content-Length is not a number";
        length = length * 10 + (uint64_t)(value.data[i] - '0');
    }
    head->content_length = length;
    return NULL;
}

static const char *read_transfer_encoding(struct slice value, struct http_head *head,
                                          struct framing *framing)
{
    if (framing->has_encoding || !slice_equal_nocase(value, "chunked"))
        return "unknown Transfer-Encoding";
    if (head->version_1_0)
        return "Transfer-Encoding in HTTP/1.0";
    framing->has_encoding = true;
    head->chunked = true;
    return NULL;
}

static void read_connection(struct slice value, struct http_head *head)
{
    struct slice item;

    while (slice_next_item(&value, ',', &item)) {
        item = slice_trim(item);
        if (slice_equal_nocase(item, "close"))
            head->keep_alive = false;
        else if (head->version_1_0 && slice_equal_nocase(item, "keep-alive"))
            head->keep_alive = true;
    }
}

static const char *obey_field(const struct http_field *field, struct http_head *head,
                              struct framing *framing)
{
    switch (field->name.len) {
    case 6:
        if (slice_equal_nocase(field->name, "expect"))
            head->expects_continue =
                !head->version_1_0 && slice_equal_nocase(field->value, "100-continue");
        break;
    case 10:
        if (slice_equal_nocase(field->name, "connection"))
            read_connection(field->value, head);
        break;
    case 14:
        if (slice_equal_nocase(field->name, "content-length"))
            return read_content_length(field->value, head, framing);
        break;
    case 17:
        if (slice_equal_nocase(field->name, "transfer-encoding"))
            return read_transfer_encoding(field->value, head, framing);
        break;
    }
    return NULL;
}

static const char *parse_fields(struct slice rest, struct http_head *head)
{
    struct framing framing = {false, false};

    while (!slice_is_empty(rest)) {
        struct slice line = take_line(&rest);
        struct http_field *field = &head->fields[head->field_count];
        const char *problem;

        if (slice_is_empty(line))
            break;
        if (head->field_count == HTTP_HEAD_MAX_FIELDS)
            return "too many headers";
        problem = parse_field(line, field);
        if (problem == NULL)
            problem = obey_field(field, head, &framing);
        if (problem != NULL)
            return problem;
        head->field_count++;
    }
    if (framing.has_length && framing.has_encoding)
        return "Content-Length together with Transfer-Encoding";
    return NULL;
}

const char *http_head_parse(unsigned char *text, size_t len, struct http_head *head)
{
    struct slice rest = slice_of(text, len);
    struct slice line = take_line(&rest);
    const char *problem;

    head->chunked = false;
    head->content_length = 0;
    head->expects_continue = false;
    head->field_count = 0;
    text[len] = '\0';
    problem = parse_request_line(text, line, head);
    if (problem != NULL)
        return problem;
    head->keep_alive = !head->version_1_0;
    if (!unfold(text + (len - rest.len), rest.len))
        return "header without a name";
    return parse_fields(rest, head);
}

struct slice http_head_field(const struct http_head *head, const char *name)
{
    size_t len = strlen(name);

    for (size_t i = 0; i < head->field_count; i++) {
        const struct http_field *field = &head->fields[i];

        if (field->name.len == len && slice_equal_nocase(field->name, name))
            return field->value;
    }
    return slice_unset();
}

/* --- chunks ------------------------------------------------------------ */

static int hex_value(unsigned char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static enum http_chunks_state after_size_line(struct http_chunks *chunks)
{
    if (chunks->digits == 0)
        return HTTP_CHUNKS_BROKEN;
    chunks->digits = 0;
    chunks->line_is_used = false;
    return chunks->left > 0 ? HTTP_CHUNKS_DATA : HTTP_CHUNKS_TRAILER;
}

static enum http_chunks_state read_size_octet(struct http_chunks *chunks, unsigned char c)
{
    int digit = hex_value(c);

    if (digit >= 0) {
        if (chunks->digits == CHUNK_SIZE_DIGITS)
            return HTTP_CHUNKS_TOO_LONG;
        chunks->left = chunks->left << 4 | (uint64_t)digit;
        chunks->digits++;
        return HTTP_CHUNKS_SIZE;
    }
    if (c == '\n')
        return after_size_line(chunks);
    if (c == ';' || c == ' ' || c == '\t' || c == '\r')
        return chunks->digits > 0 ? HTTP_CHUNKS_EXTENSION : HTTP_CHUNKS_BROKEN;
    return HTTP_CHUNKS_BROKEN;
}

static enum http_chunks_state read_trailer_octet(struct http_chunks *chunks, unsigned char c)
{
    if (c == '\n') {
        if (!chunks->line_is_used)
            return HTTP_CHUNKS_DONE;
        chunks->line_is_used = false;
    } else if (c != '\r') {
        chunks->line_is_used = true;
    }
    return HTTP_CHUNKS_TRAILER;
}

/* One octet that is not data. */
static enum http_chunks_state read_octet(struct http_chunks *chunks, unsigned char c)
{
    switch (chunks->state) {
    case HTTP_CHUNKS_SIZE:
        return read_size_octet(chunks, c);
    case HTTP_CHUNKS_EXTENSION:
        if (c == '\n')
            return after_size_line(chunks);
        return ++chunks->overhead > CHUNK_OVERHEAD_MAX ? HTTP_CHUNKS_TOO_LONG
                                                       : HTTP_CHUNKS_EXTENSION;
    case HTTP_CHUNKS_DATA_END:
        if (c == '\n')
            return HTTP_CHUNKS_SIZE;
        return c == '\r' ? HTTP_CHUNKS_DATA_END : HTTP_CHUNKS_BROKEN;
    case HTTP_CHUNKS_TRAILER:
        if (++chunks->overhead > CHUNK_OVERHEAD_MAX)
            return HTTP_CHUNKS_TOO_LONG;
        return read_trailer_octet(chunks, c);
    default:
        return HTTP_CHUNKS_BROKEN;
    }
}

static size_t read_data(struct http_chunks *chunks, struct slice input, struct bytes *body,
                        size_t max_body)
{
    size_t n = input.len < chunks->left ? input.len : (size_t)chunks->left;

    if (chunks->left > max_body - body->len) {
        chunks->state = HTTP_CHUNKS_TOO_LONG;
        return 0;
    }
    bytes_append(body, input.data, n);
    chunks->left -= n;
    if (chunks->left == 0)
        chunks->state = HTTP_CHUNKS_DATA_END;
    return n;
}

size_t http_chunks_read(struct http_chunks *chunks, struct slice input, struct bytes *body,
                        size_t max_body)
{
    size_t used = 0;

    while (used < input.len && chunks->state < HTTP_CHUNKS_DONE) {
        if (chunks->state == HTTP_CHUNKS_DATA)
            used += read_data(chunks, slice_sub(input, used, input.len), body, max_body);
        else
            chunks->state = read_octet(chunks, input.data[used++]);
    }
    return used;
}
