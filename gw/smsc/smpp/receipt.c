/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Delivery receipts: see receipt.h. SMSCs differ in case, order, blanks and in
 * which fields they give; only id and stat are needed.
 */
#include "gw/smsc/smpp/receipt.h"

#include <ctype.h>
#include <inttypes.h>

#include "gw/smsc/smpp/pdu.h"

/* Type 3 of network_error_code: GSM (section 5.3.2.31). */
#define NETWORK_GSM 3

struct text_state {
    const char *stat;
    enum dlr_event event;
};

/* Everything else means that it was not delivered. */
static const struct text_state text_states[] = {
    {"DELIVRD", DLR_DELIVERED},
    {"ACCEPTD", DLR_BUFFERED},
    {"ENROUTE", DLR_BUFFERED},
};

/* message_state (section 5.2.28); 0 is "scheduled" of SMPP 5. */
static enum dlr_event state_event(uint32_t state)
{
    switch (state) {
    case 2:
        return DLR_DELIVERED;
    case 0:
    case 1:
    case 6:
        return DLR_BUFFERED;
    default:
        return DLR_FAILED;
    }
}

static enum dlr_event stat_event(struct slice stat)
{
    for (size_t i = 0; i < sizeof text_states / sizeof text_states[0]; i++)
        if (slice_equal_nocase(stat, text_states[i].stat))
            return text_states[i].event;
    return DLR_FAILED;
}

/* --- the text form ---------------------------------------------------------------- */

/* Where the text of the message begins: what looks like a field there is none. */
static size_t fields_end(struct slice text)
{
    static const char mark[] = "text:";
    size_t len = sizeof mark - 1;

    for (size_t i = 0; i + len <= text.len; i++)
        if ((i == 0 || text.data[i - 1] == ' ') &&
            slice_equal_nocase(slice_sub(text, i, len), mark))
            return i;
    return text.len;
}

/* The value of "name:value", up to a blank; false when the field is missing. */
static bool find_field(struct slice fields, const char *name, struct slice *value)
{
    size_t len = strlen(name);

    for (size_t i = 0; i + len < fields.len; i++) {
        struct slice rest = slice_sub(fields, i + len + 1, fields.len);

        if ((i > 0 && fields.data[i - 1] != ' ') || fields.data[i + len] != ':' ||
            !slice_equal_nocase(slice_sub(fields, i, len), name))
            continue;
        while (rest.len > 0 && rest.data[0] == ' ')
            rest = slice_sub(rest, 1, rest.len);
        *value = slice_sub(rest, 0, slice_find(rest, ' ', 0));
        return value->len > 0;
    }
    return false;
}

/* The digits at the start; letters end the number. */
static void set_error(struct receipt *receipt, struct slice digits)
{
    unsigned code = 0;

    for (size_t i = 0; i < digits.len && isdigit(digits.data[i]); i++)
        code = (code * 10 + (unsigned)(digits.data[i] - '0')) & 0xFFFF;
    receipt->error[0] = NETWORK_GSM;
    receipt->error[1] = (unsigned char)(code >> 8);
    receipt->error[2] = (unsigned char)code;
    receipt->has_error = true;
}

static bool read_text(struct slice text, struct receipt *receipt, bool *has_event)
{
    struct slice fields = slice_sub(text, 0, fields_end(text));
    struct slice stat, error;

    if (find_field(fields, "stat", &stat)) {
        receipt->event = stat_event(stat);
        *has_event = true;
    }
    if (find_field(fields, "err", &error))
        set_error(receipt, error);
    return find_field(fields, "id", &receipt->id);
}

/* --- both forms -------------------------------------------------------------------- */

static bool read_id_tlv(struct slice tlvs, struct receipt *receipt)
{
    struct slice id;

    if (!smpp_tlv_find(tlvs, SMPP_TLV_RECEIPTED_MESSAGE_ID, &id))
        return false;
    id = slice_sub(id, 0, slice_find(id, 0, 0));
    if (id.len > 0)
        receipt->id = id;
    return id.len > 0;
}

bool receipt_read(struct slice text, struct slice tlvs, struct receipt *receipt)
{
    struct receipt found = {.event = DLR_FAILED};
    struct slice error;
    uint32_t state;
    bool has_event = false;
    bool has_id = read_text(text, &found, &has_event);

    has_id = read_id_tlv(tlvs, &found) || has_id;
    if (smpp_tlv_find_number(tlvs, SMPP_TLV_MESSAGE_STATE, &state)) {
        found.event = state_event(state);
        has_event = true;
    }
    if (smpp_tlv_find(tlvs, SMPP_TLV_NETWORK_ERROR_CODE, &error) && error.len == 3) {
        memcpy(found.error, error.data, 3);
        found.has_error = true;
    }
    if (!has_id || !has_event)
        return false;
    *receipt = found;
    return true;
}

/* --- ids ------------------------------------------------------------------------------- */

static int digit_value(unsigned char c)
{
    if (isdigit(c))
        return c - '0';
    return isxdigit(c) ? tolower(c) - 'a' + 10 : 16;
}

static bool read_number(struct slice digits, unsigned base, uint64_t *number)
{
    uint64_t value = 0;

    for (size_t i = 0; i < digits.len; i++) {
        unsigned digit = (unsigned)digit_value(digits.data[i]);

        if (digit >= base || value > (UINT64_MAX - digit) / base)
            return false;
        value = value * base + digit;
    }
    *number = value;
    return digits.len > 0;
}

void receipt_append_id(struct bytes *to, struct slice id, bool hex)
{
    uint64_t number;

    if (read_number(id, hex ? 16 : 10, &number))
        bytes_printf(to, "%" PRIu64, number);
    else
        bytes_append_slice(to, id);
}
