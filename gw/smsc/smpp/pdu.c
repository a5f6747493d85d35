/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SMPP PDUs: see pdu.h. All code that walks the parameters comes from
 * bodies.def; a table of commands says which body a command has.
 */
#include "gw/smsc/smpp/pdu.h"

#include <stdio.h>
#include <time.h>

#include "gwlib/log.h"

struct smpp_pdu smpp_pdu_blank(uint32_t command, uint32_t sequence)
{
    struct smpp_pdu pdu;

    memset(&pdu, 0, sizeof pdu);
    pdu.command = command;
    pdu.sequence = sequence;
    return pdu;
}

/* --- reading octets ------------------------------------------------------------- */

struct reader {
    struct slice octets;
    size_t pos;
    const char *fault; /* NULL: none yet */
};

static size_t left(const struct reader *reader)
{
    return reader->octets.len - reader->pos;
}

static uint32_t get_number(const unsigned char *octets, size_t len)
{
    uint32_t number = 0;

    for (size_t i = 0; i < len; i++)
        number = number << 8 | octets[i];
    return number;
}

static uint32_t read_number(struct reader *reader, size_t len)
{
    uint32_t number;

    if (reader->fault == NULL && left(reader) < len)
        reader->fault = "ends inside a number";
    if (reader->fault != NULL)
        return 0;
    number = get_number(reader->octets.data + reader->pos, len);
    reader->pos += len;
    return number;
}

static struct slice read_octets(struct reader *reader, size_t len)
{
    struct slice octets = slice_of("", 0);

    if (reader->fault == NULL && left(reader) < len)
        reader->fault = "ends inside the message";
    if (reader->fault != NULL)
        return octets;
    octets = slice_sub(reader->octets, reader->pos, len);
    reader->pos += len;
    return octets;
}

static struct slice read_cstring(struct reader *reader)
{
    size_t end = slice_find(reader->octets, 0, reader->pos);
    struct slice string;

    if (reader->fault == NULL && end == reader->octets.len)
        reader->fault = "has a string without end";
    if (reader->fault != NULL)
        return slice_of("", 0);
    string = slice_sub(reader->octets, reader->pos, end - reader->pos);
    reader->pos = end + 1;
    return string;
}

/* --- writing octets ------------------------------------------------------------- */

static void append_number(struct bytes *to, uint32_t number, size_t len)
{
    while (len-- > 0)
        bytes_append_char(to, (unsigned char)(number >> 8 * len));
}

static void append_cstring(struct bytes *to, struct slice string, size_t size)
{
    size_t len = slice_find(string, 0, 0);

    bytes_append_slice(to, slice_sub(string, 0, len < size ? len : size - 1));
    bytes_append_char(to, 0);
}

static void append_message(struct bytes *to, struct slice message)
{
    LOG_ASSERT(message.len <= 255);
    bytes_append_char(to, (unsigned char)message.len);
    bytes_append_slice(to, message);
}

/* --- bodies -------------------------------------------------------------------------- */

#define BODY(name)                                                                                 \
    static void read_##name(struct reader *reader, struct smpp_##name *body)                       \
    {
#define CSTRING(name, size) body->name = read_cstring(reader);
#define OCTET(name)         body->name = (uint8_t)read_number(reader, 1);
#define MESSAGE(name)       body->name = read_octets(reader, read_number(reader, 1));
#define END_BODY(name)      }
#include "gw/smsc/smpp/bodies.def"

#define BODY(name)                                                                                 \
    static void pack_##name(struct bytes *to, const struct smpp_##name *body)                      \
    {
#define CSTRING(name, size) append_cstring(to, body->name, size);
#define OCTET(name)         bytes_append_char(to, body->name);
#define MESSAGE(name)       append_message(to, body->name);
#define END_BODY(name)      }
#include "gw/smsc/smpp/bodies.def"

/* Text as it is, with '.' for what is not printable. */
static void print_string(struct bytes *to, const char *name, struct slice value, const char *end)
{
    bool secret = strcmp(name, "password") == 0;

    bytes_printf(to, "%s: \"", name);
    for (size_t i = 0; i < value.len && !secret; i++)
        bytes_append_char(to, value.data[i] >= ' ' && value.data[i] < 0x7F ? value.data[i] : '.');
    bytes_printf(to, "%s\"%s", secret ? "***" : "", end);
}

static void print_hex(struct bytes *to, const char *name, struct slice value, const char *end)
{
    bytes_printf(to, "%s: ", name);
    bytes_append_hex(to, value, false);
    bytes_append_str(to, end);
}

#define BODY(name)                                                                                 \
    static void print_##name(struct bytes *to, const struct smpp_##name *body, const char *end)    \
    {
#define CSTRING(name, size) print_string(to, #name, body->name, end);
#define OCTET(name)         bytes_printf(to, #name ": %u%s", body->name, end);
#define MESSAGE(name)       print_hex(to, #name, body->name, end);
#define END_BODY(name)      }
#include "gw/smsc/smpp/bodies.def"

/* --- commands --------------------------------------------------------------------------- */

enum body {
    BODY_none,
#define BODY(name) BODY_##name,
#define CSTRING(name, size)
#define OCTET(name)
#define MESSAGE(name)
#define END_BODY(name)
#include "gw/smsc/smpp/bodies.def"
};

struct command {
    uint32_t id;
    const char *name;
    enum body body;
};

static const struct command commands[] = {
#define COMMAND(name, id, request, response)                                                       \
    {id, #name, BODY_##request}, {id | SMPP_RESPONSE, #name "_resp", BODY_##response},
#include "gw/smsc/smpp/commands.def"
    {SMPP_GENERIC_NACK, "generic_nack", BODY_none},
};

static const struct command *find_command(uint32_t id)
{
    static const struct command unknown = {0, "unknown", BODY_none};

    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        if (commands[i].id == id)
            return &commands[i];
    return &unknown;
}

const char *smpp_command_name(uint32_t command)
{
    return find_command(command)->name;
}

bool smpp_pdu_known(const struct smpp_pdu *pdu)
{
    return find_command(pdu->command)->id == pdu->command;
}

const char *smpp_status_text(uint32_t status)
{
    switch (status) {
#define STATUS(number, text)                                                                       \
    case number:                                                                                   \
        return text;
#include "gw/smsc/smpp/status.def"
    default:
        return "Unknown/Reserved";
    }
}

/* --- whole PDUs ---------------------------------------------------------------------------- */

uint32_t smpp_pdu_length(struct slice octets)
{
    return octets.len >= 4 ? get_number(octets.data, 4) : 0;
}

void smpp_pdu_pack(struct bytes *to, const struct smpp_pdu *pdu)
{
    size_t start = to->len;
    size_t len;

    append_number(to, 0, 4);
    append_number(to, pdu->command, 4);
    append_number(to, pdu->status, 4);
    append_number(to, pdu->sequence, 4);
    switch (find_command(pdu->command)->body) {
    case BODY_none:
        break;
#define BODY(name)                                                                                 \
    case BODY_##name:                                                                              \
        pack_##name(to, &pdu->name);                                                               \
        break;
#define CSTRING(name, size)
#define OCTET(name)
#define MESSAGE(name)
#define END_BODY(name)
#include "gw/smsc/smpp/bodies.def"
    }
    bytes_append_slice(to, pdu->tlvs);
    len = to->len - start;
    for (size_t i = 0; i < 4; i++)
        to->data[start + i] = (unsigned char)(len >> 8 * (3 - i));
}

/* A response without (all of) its body: an error's has none by the book. */
static bool is_bare_response(const struct smpp_pdu *pdu, const struct reader *reader)
{
    return (pdu->command & SMPP_RESPONSE) != 0 &&
           slice_find(reader->octets, 0, reader->pos) == reader->octets.len;
}

static void read_body(struct reader *reader, struct smpp_pdu *pdu)
{
    enum body body = find_command(pdu->command)->body;

    if (body == BODY_text && is_bare_response(pdu, reader)) {
        pdu->text.text = read_octets(reader, left(reader));
        return;
    }
    switch (body) {
    case BODY_none:
        break;
#define BODY(name)                                                                                 \
    case BODY_##name:                                                                              \
        read_##name(reader, &pdu->name);                                                           \
        break;
#define CSTRING(name, size)
#define OCTET(name)
#define MESSAGE(name)
#define END_BODY(name)
#include "gw/smsc/smpp/bodies.def"
    }
}

bool smpp_pdu_unpack(struct slice octets, struct smpp_pdu *pdu, const char **fault)
{
    struct reader reader = {octets, 4, NULL};

    if (octets.len < SMPP_HEADER_LEN) {
        *fault = "is shorter than its header";
        return false;
    }
    *pdu = smpp_pdu_blank(read_number(&reader, 4), 0);
    pdu->status = read_number(&reader, 4);
    pdu->sequence = read_number(&reader, 4);
    if (smpp_pdu_length(octets) != octets.len)
        reader.fault = "has a wrong length";
    if (reader.fault == NULL)
        read_body(&reader, pdu);
    if (reader.fault != NULL) {
        *fault = reader.fault;
        return false;
    }
    pdu->tlvs = slice_sub(octets, reader.pos, octets.len);
    return true;
}

void smpp_pdu_print(struct bytes *to, const struct smpp_pdu *pdu, const char *end)
{
    struct smpp_tlv tlv;
    size_t pos = 0;
    char name[sizeof "tlv 0x0000"];

    bytes_printf(to, "%s%s", smpp_command_name(pdu->command), end);
    bytes_printf(to, "command_status: 0x%08x%s", (unsigned)pdu->status, end);
    bytes_printf(to, "sequence_number: %u%s", (unsigned)pdu->sequence, end);
    switch (find_command(pdu->command)->body) {
    case BODY_none:
        break;
#define BODY(name)                                                                                 \
    case BODY_##name:                                                                              \
        print_##name(to, &pdu->name, end);                                                         \
        break;
#define CSTRING(name, size)
#define OCTET(name)
#define MESSAGE(name)
#define END_BODY(name)
#include "gw/smsc/smpp/bodies.def"
    }
    while (smpp_tlv_next(pdu->tlvs, &pos, &tlv)) {
        snprintf(name, sizeof name, "tlv 0x%04x", tlv.tag);
        print_hex(to, name, tlv.value, end);
    }
}

/* --- optional parameters ---------------------------------------------------------------------- */

bool smpp_tlv_next(struct slice tlvs, size_t *pos, struct smpp_tlv *tlv)
{
    struct slice rest = slice_sub(tlvs, *pos, tlvs.len);
    size_t len;

    if (rest.len < 4)
        return false;
    len = get_number(rest.data + 2, 2);
    if (rest.len - 4 < len)
        return false;
    tlv->tag = (uint16_t)get_number(rest.data, 2);
    tlv->value = slice_sub(rest, 4, len);
    *pos += 4 + len;
    return true;
}

bool smpp_tlv_find(struct slice tlvs, uint16_t tag, struct slice *value)
{
    struct smpp_tlv tlv;
    size_t pos = 0;

    while (smpp_tlv_next(tlvs, &pos, &tlv)) {
        if (tlv.tag == tag) {
            *value = tlv.value;
            return true;
        }
    }
    return false;
}

bool smpp_tlv_find_number(struct slice tlvs, uint16_t tag, uint32_t *value)
{
    struct slice octets;

    if (!smpp_tlv_find(tlvs, tag, &octets) || octets.len < 1 || octets.len > 4)
        return false;
    *value = get_number(octets.data, octets.len);
    return true;
}

void smpp_tlv_append(struct bytes *to, uint16_t tag, struct slice value)
{
    value = slice_sub(value, 0, 0xFFFF);
    append_number(to, tag, 2);
    append_number(to, (uint32_t)value.len, 2);
    bytes_append_slice(to, value);
}

void smpp_tlv_append_number(struct bytes *to, uint16_t tag, uint32_t value, size_t length)
{
    append_number(to, tag, 2);
    append_number(to, (uint32_t)length, 2);
    append_number(to, value, length);
}

/* --- time ---------------------------------------------------------------------------------------
 */

void smpp_time_format(int64_t seconds, char text[SMPP_TIME_LEN + 1])
{
    time_t moment = (time_t)seconds;
    struct tm utc = {0};

    if (gmtime_r(&moment, &utc) == NULL)
        gmtime_r(&(time_t){0}, &utc);
    strftime(text, SMPP_TIME_LEN + 1, "%y%m%d%H%M%S000+", &utc);
}
