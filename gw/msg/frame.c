/* SPDX-License-Identifier: Apache-2.0 */
/*
 * frame - see frame.h. The unpacker, the packer and the printer of each frame
 * are made from frames.def; by hand there is only one function for each type of
 * field and direction. Specification: doc/box-protocol.md, section 2.
 */
#include "gw/msg/frame.h"

#include <inttypes.h>

#include "gwlib/charset.h"
#include "gwlib/log.h"

#define NULL_STRING 0xFFFFFFFFu /* the length that stands for "unset" */

/* --- taking apart ------------------------------------------------------ */

/* After the first error every further field reads as unset. */
struct reader {
    struct slice rest;
    const char *error;
};

static uint32_t load_u32(const unsigned char *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static struct slice read_octets(struct reader *reader, size_t n, const char *complaint)
{
    if (reader->error != NULL)
        return slice_unset();
    if (n > reader->rest.len) {
        reader->error = complaint;
        return slice_unset();
    }
    struct slice taken = slice_of(reader->rest.data, n);
    reader->rest = slice_of(reader->rest.data + n, reader->rest.len - n);
    return taken;
}

static uint32_t read_u32(struct reader *reader)
{
    struct slice octets = read_octets(reader, 4, "the frame ends before its last field");

    return slice_is_set(octets) ? load_u32(octets.data) : NULL_STRING;
}

static int32_t read_integer(struct reader *reader)
{
    return (int32_t)read_u32(reader);
}

static int64_t read_moment(struct reader *reader)
{
    uint32_t value = read_u32(reader);

    return value == UINT32_MAX ? SMS_UNSET : (int64_t)value;
}

static struct slice read_string(struct reader *reader)
{
    uint32_t length = read_u32(reader);

    if (length == NULL_STRING)
        return slice_unset();
    if (length > INT32_MAX && reader->error == NULL)
        reader->error = "string of negative length";
    return read_octets(reader, length, "string longer than the frame");
}

static struct uuid read_identity(struct reader *reader)
{
    struct uuid id = {{0}};
    struct slice text = read_string(reader);

    if (reader->error == NULL && !uuid_parse(text, &id))
        reader->error = "message id is not a UUID";
    return id;
}

#define FRAME(name, type)                                                                          \
    static void unpack_##name(struct reader *reader, struct name *value)                           \
    {
#define INTEGER(name)   value->name = read_integer(reader);
#define MOMENT(name)    value->name = read_moment(reader);
#define STRING(name)    value->name = read_string(reader);
#define IDENTITY(name)  value->name = read_identity(reader);
#define END_FRAME(name) }
#include "gw/msg/frames.def"

long frame_length(struct slice input)
{
    if (input.len < 4)
        return 0;
    uint32_t length = load_u32(input.data);

    return length < 4 || length > FRAME_MAX_LENGTH ? -1 : (long)length + 4;
}

const char *frame_unpack(struct slice body, struct frame *frame)
{
    struct reader reader = {body, NULL};
    int32_t type = read_integer(&reader);

    if (reader.error != NULL)
        return "the frame ends before its type";
    switch (type) {
#define FRAME(name, number)                                                                        \
    case number:                                                                                   \
        frame->type = FRAME_##name;                                                                \
        unpack_##name(&reader, &frame->u.name);                                                    \
        return reader.error;
#include "gw/msg/frames.def"
    default:
        return "unknown type of frame";
    }
}

/* --- putting together -------------------------------------------------- */

static void store_u32(unsigned char *p, uint32_t value)
{
    p[0] = (unsigned char)(value >> 24);
    p[1] = (unsigned char)(value >> 16);
    p[2] = (unsigned char)(value >> 8);
    p[3] = (unsigned char)value;
}

static void write_u32(struct bytes *to, uint32_t value)
{
    unsigned char octets[4];

    store_u32(octets, value);
    bytes_append(to, octets, sizeof octets);
}

static void write_integer(struct bytes *to, int32_t value)
{
    write_u32(to, (uint32_t)value);
}

static void write_moment(struct bytes *to, int64_t value)
{
    write_u32(to, (uint32_t)value);
}

static void write_string(struct bytes *to, struct slice value)
{
    write_u32(to, slice_is_set(value) ? (uint32_t)value.len : NULL_STRING);
    bytes_append_slice(to, value);
}

static void write_identity(struct bytes *to, const struct uuid *value)
{
    char text[UUID_TEXT_LEN + 1];

    uuid_format(value, text);
    write_string(to, slice_of(text, UUID_TEXT_LEN));
}

#define FRAME(name, type)                                                                          \
    static void pack_##name(struct bytes *to, const struct name *value)                            \
    {
#define INTEGER(name)   write_integer(to, value->name);
#define MOMENT(name)    write_moment(to, value->name);
#define STRING(name)    write_string(to, value->name);
#define IDENTITY(name)  write_identity(to, &value->name);
#define END_FRAME(name) }
#include "gw/msg/frames.def"

void frame_pack(struct bytes *to, const struct frame *frame)
{
    size_t start = to->len;

    write_u32(to, 0); /* the length, once it is known */
    write_integer(to, (int32_t)frame->type);
    switch (frame->type) {
#define FRAME(name, number)                                                                        \
    case FRAME_##name:                                                                             \
        pack_##name(to, &frame->u.name);                                                           \
        break;
#include "gw/msg/frames.def"
    default:
        log_bug(__FILE__, __LINE__, "packing a frame of an unknown type");
    }
    store_u32(to->data + start, (uint32_t)(to->len - start - 4));
}

/* --- printing ---------------------------------------------------------- */

static void print_number(struct bytes *to, const char *name, int64_t value)
{
    if (value != SMS_UNSET)
        bytes_printf(to, "  %s: %" PRId64 "\n", name, value);
}

/* Readable text in quotes, anything else as hexadecimal digits. */
static void print_string(struct bytes *to, const char *name, struct slice value)
{
    bool readable = charset_is_utf8(value);

    if (!slice_is_set(value))
        return;
    for (size_t i = 0; i < value.len && readable; i++)
        readable = value.data[i] >= ' ' && value.data[i] != 0x7F && value.data[i] != '"';
    bytes_printf(to, "  %s: ", name);
    if (readable) {
        bytes_append_char(to, '"');
        bytes_append_slice(to, value);
        bytes_append_str(to, "\"\n");
    } else {
        bytes_append_hex(to, value, false);
        bytes_append_char(to, '\n');
    }
}

static void print_identity(struct bytes *to, const char *name, const struct uuid *value)
{
    char text[UUID_TEXT_LEN + 1];

    if (uuid_is_nil(value))
        return;
    uuid_format(value, text);
    bytes_printf(to, "  %s: %s\n", name, text);
}

#define FRAME(name, type)                                                                          \
    static void print_##name(struct bytes *to, const struct name *value)                           \
    {
#define INTEGER(name)   print_number(to, #name, value->name);
#define MOMENT(name)    print_number(to, #name, value->name);
#define STRING(name)    print_string(to, #name, value->name);
#define IDENTITY(name)  print_identity(to, #name, &value->name);
#define END_FRAME(name) }
#include "gw/msg/frames.def"

void frame_print(struct bytes *to, const struct frame *frame)
{
    bytes_printf(to, "%s\n", frame_type_name((int)frame->type));
    switch (frame->type) {
#define FRAME(name, number)                                                                        \
    case FRAME_##name:                                                                             \
        print_##name(to, &frame->u.name);                                                          \
        break;
#include "gw/msg/frames.def"
    default:
        break;
    }
}

const char *frame_type_name(int type)
{
    switch (type) {
#define FRAME(name, number)                                                                        \
    case number:                                                                                   \
        return #name;
#include "gw/msg/frames.def"
    default:
        return "unknown";
    }
}
