/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tpdu - see tpdu.h. Decoding reads through a cursor that remembers where it
 * stands; encoding writes through a plain pointer into a buffer that is larger
 * than any TPDU.
 */
#include "gw/sms/tpdu.h"

#include <string.h>

enum {
    BIT_REJECT_DUPLICATES = 0x04, /* SUBMIT */
    BIT_NO_MORE_MESSAGES = 0x04,  /* DELIVER, STATUS-REPORT */
    BIT_LOOP_PREVENTION = 0x08,   /* DELIVER, STATUS-REPORT */
    BIT_REPORT = 0x20,            /* SRI, SRR, SRQ */
    BIT_HEADER = 0x40,
    BIT_REPLY_PATH = 0x80,
    PI_PID = 0x01,
    PI_DCS = 0x02,
    PI_USER_DATA = 0x04,
    PI_EXTENSION = 0x80
};

const char *tpdu_type_name(enum tpdu_type type)
{
    static const char *const names[] = {"deliver", "deliver-report", "submit", "submit-report",
                                        "status-report"};
    return (size_t)type < sizeof(names) / sizeof(names[0]) ? names[type] : "unknown";
}

const char *tpdu_direction_name(enum tpdu_direction direction)
{
    static const char *const names[] = {"to-te", "from-te", "either"};
    return (size_t)direction < sizeof(names) / sizeof(names[0]) ? names[direction] : "unknown";
}

void tpdu_init(struct tpdu *tpdu, enum tpdu_type type)
{
    bool always = type == TPDU_SUBMIT || type == TPDU_DELIVER;
    memset(tpdu, 0, offsetof(struct tpdu, content));
    tpdu->type = type;
    tpdu->fcs = tpdu->pi = -1;
    tpdu->has_pid = tpdu->has_dcs = tpdu->has_user_data = always;
}

bool tpdu_set_content(struct tpdu *tpdu, enum dcs_alphabet alphabet, struct slice content)
{
    if (content.len > TPDU_CONTENT_MAX)
        return false;
    tpdu->alphabet = alphabet;
    tpdu->content_len = (uint16_t)content.len;
    if (content.len > 0)
        memcpy(tpdu->content, content.data, content.len);
    return true;
}

/* --- decoding: user data ------------------------------------------------------ */

struct cursor {
    struct slice octets;
    size_t pos;
    struct sms_fault *fault;
};

static bool refuse(struct cursor *cursor, size_t octet, const char *reason)
{
    return sms_fault(cursor->fault, octet, reason);
}

static bool have(struct cursor *cursor, size_t n, const char *reason)
{
    if (cursor->octets.len - cursor->pos < n)
        return refuse(cursor, cursor->octets.len, reason);
    return true;
}

static bool take_octet(struct cursor *cursor, uint8_t *octet, const char *reason)
{
    if (!have(cursor, 1, reason))
        return false;
    *octet = cursor->octets.data[cursor->pos++];
    return true;
}

static enum dcs_alphabet alphabet_of(const struct tpdu *tpdu)
{
    struct dcs dcs = dcs_decode(tpdu->has_dcs ? tpdu->dcs : 0);
    return dcs.compressed ? DCS_8BIT : dcs.alphabet;
}

/* Septets that so many octets of header take, with the fill bits. */
static size_t header_septets(size_t octets)
{
    return (octets * 8 + 6) / 7;
}

/* The header in front of len octets of user data. */
static bool decode_header(struct cursor *cursor, struct tpdu *tpdu, size_t len)
{
    struct sms_fault fault;
    const unsigned char *data = cursor->octets.data + cursor->pos;
    if (len == 0)
        return refuse(cursor, cursor->pos, "user data header announced, but no user data");
    if (data[0] + 1U > len)
        return refuse(cursor, cursor->pos, "user data header longer than the user data");
    if (!udh_set(&tpdu->udh, slice_of(data, data[0] + 1U), &fault))
        return refuse(cursor, cursor->pos + fault.octet, fault.reason);
    return true;
}

static bool decode_text(struct cursor *cursor, struct tpdu *tpdu, size_t len)
{
    uint8_t septets[TPDU_SEPTETS_MAX];
    size_t before = header_septets(tpdu->udh.len);
    struct gsm7_tables tables = GSM7_DEFAULT;
    if (before > tpdu->udl)
        return refuse(cursor, cursor->pos, "user data header longer than the user data");
    if (tpdu->udh.len > 0) {
        struct udh_info info;
        udh_read(udh_slice(&tpdu->udh), &info);
        tables = info.tables;
    }
    size_t count = tpdu->udl - before;
    gsm7_unpack(cursor->octets.data + cursor->pos, len, before * 7, count, septets);
    tpdu->content_len = (uint16_t)gsm7_decode(septets, count, tables, (char *)tpdu->content);
    return true;
}

static void decode_octets(struct cursor *cursor, struct tpdu *tpdu, size_t len)
{
    size_t n = len - tpdu->udh.len;
    if (tpdu->alphabet == DCS_UCS2)
        n -= n % 2;
    memcpy(tpdu->content, cursor->octets.data + cursor->pos + tpdu->udh.len, n);
    tpdu->content_len = (uint16_t)n;
}

static bool decode_user_data(struct cursor *cursor, struct tpdu *tpdu)
{
    if (!take_octet(cursor, &tpdu->udl, "ends before the user data length"))
        return false;
    tpdu->alphabet = alphabet_of(tpdu);
    bool seven = tpdu->alphabet == DCS_GSM7;
    size_t len = seven ? GSM7_PACKED((size_t)tpdu->udl, 0) : tpdu->udl;
    if (len > TPDU_USER_DATA_MAX)
        return refuse(cursor, cursor->pos - 1, "user data longer than 140 octets");
    if (!have(cursor, len, "user data shorter than its length says"))
        return false;
    if (tpdu->has_header && !decode_header(cursor, tpdu, len))
        return false;
    if (!seven)
        decode_octets(cursor, tpdu, len);
    else if (!decode_text(cursor, tpdu, len))
        return false;
    cursor->pos += len;
    return true;
}

/* --- decoding: the types --------------------------------------------------------- */

static bool take_timestamp(struct cursor *cursor, struct timestamp *timestamp)
{
    if (!have(cursor, TIMESTAMP_OCTETS, "ends within a time stamp"))
        return false;
    timestamp_decode(cursor->octets.data + cursor->pos, timestamp);
    cursor->pos += TIMESTAMP_OCTETS;
    return true;
}

static bool take_address(struct cursor *cursor, struct tpdu *tpdu)
{
    return address_decode(cursor->octets, &cursor->pos, &tpdu->address, cursor->fault);
}

static bool take_coding(struct cursor *cursor, struct tpdu *tpdu)
{
    return take_octet(cursor, &tpdu->pid, "ends before the protocol identifier") &&
           take_octet(cursor, &tpdu->dcs, "ends before the data coding scheme");
}

static void read_network_flags(struct tpdu *tpdu, uint8_t first)
{
    tpdu->more_messages = (first & BIT_NO_MORE_MESSAGES) == 0;
    tpdu->loop_prevention = (first & BIT_LOOP_PREVENTION) != 0;
    tpdu->report = (first & BIT_REPORT) != 0;
}

static bool decode_deliver(struct cursor *cursor, struct tpdu *tpdu, uint8_t first)
{
    read_network_flags(tpdu, first);
    tpdu->reply_path = (first & BIT_REPLY_PATH) != 0;
    return take_address(cursor, tpdu) && take_coding(cursor, tpdu) &&
           take_timestamp(cursor, &tpdu->scts) && decode_user_data(cursor, tpdu);
}

static bool take_validity(struct cursor *cursor, struct validity *validity)
{
    switch (validity->kind) {
    case VALIDITY_NONE:
        return true;
    case VALIDITY_RELATIVE:
        return take_octet(cursor, &validity->code, "ends before the validity period");
    case VALIDITY_ABSOLUTE:
        return take_timestamp(cursor, &validity->time);
    case VALIDITY_ENHANCED:
        break;
    }
    if (!have(cursor, sizeof(validity->octets), "ends within the validity period"))
        return false;
    memcpy(validity->octets, cursor->octets.data + cursor->pos, sizeof(validity->octets));
    cursor->pos += sizeof(validity->octets);
    return true;
}

static bool decode_submit(struct cursor *cursor, struct tpdu *tpdu, uint8_t first)
{
    tpdu->reject_duplicates = (first & BIT_REJECT_DUPLICATES) != 0;
    tpdu->validity.kind = (enum validity_kind)(first >> 3 & 3);
    tpdu->report = (first & BIT_REPORT) != 0;
    tpdu->reply_path = (first & BIT_REPLY_PATH) != 0;
    return take_octet(cursor, &tpdu->mr, "ends before the message reference") &&
           take_address(cursor, tpdu) && take_coding(cursor, tpdu) &&
           take_validity(cursor, &tpdu->validity) && decode_user_data(cursor, tpdu);
}

static bool take_indicator(struct cursor *cursor, struct tpdu *tpdu)
{
    uint8_t pi, further;
    if (!take_octet(cursor, &pi, "ends before the parameter indicator"))
        return false;
    tpdu->pi = pi;
    for (further = pi; further & PI_EXTENSION;) {
        if (!take_octet(cursor, &further, "ends within the parameter indicator"))
            return false;
    }
    return true;
}

/* What the parameter indicator says is there. */
static bool take_parameters(struct cursor *cursor, struct tpdu *tpdu)
{
    if (tpdu->pi & PI_PID) {
        if (!take_octet(cursor, &tpdu->pid, "ends before the protocol identifier"))
            return false;
        tpdu->has_pid = true;
    }
    if (tpdu->pi & PI_DCS) {
        if (!take_octet(cursor, &tpdu->dcs, "ends before the data coding scheme"))
            return false;
        tpdu->has_dcs = true;
    }
    if (tpdu->pi & PI_USER_DATA) {
        if (!decode_user_data(cursor, tpdu))
            return false;
        tpdu->has_user_data = true;
    }
    return true;
}

/* A report must not be lost for a defect in what nobody needs: the part of the
 * tail that makes sense is taken, the rest is surplus. */
static void take_tail(struct cursor *cursor, struct tpdu *tpdu)
{
    struct cursor tail = {cursor->octets, cursor->pos, NULL};
    if (tail.pos >= tail.octets.len)
        return;
    if (!take_indicator(&tail, tpdu) || !take_parameters(&tail, tpdu)) {
        tpdu->udh.len = 0;
        tpdu->content_len = 0;
        tpdu->udl = 0;
        return;
    }
    cursor->pos = tail.pos;
}

static bool decode_status_report(struct cursor *cursor, struct tpdu *tpdu, uint8_t first)
{
    read_network_flags(tpdu, first);
    bool good = take_octet(cursor, &tpdu->mr, "ends before the message reference") &&
                take_address(cursor, tpdu) && take_timestamp(cursor, &tpdu->scts) &&
                take_timestamp(cursor, &tpdu->dt) &&
                take_octet(cursor, &tpdu->st, "ends before the status");
    if (good)
        take_tail(cursor, tpdu);
    return good;
}

static bool decode_report(struct cursor *cursor, struct tpdu *tpdu)
{
    uint8_t fcs;
    if (cursor->pos < cursor->octets.len && cursor->octets.data[cursor->pos] >= 0x80) {
        take_octet(cursor, &fcs, "");
        tpdu->fcs = fcs;
    }
    return take_indicator(cursor, tpdu) &&
           (tpdu->type != TPDU_SUBMIT_REPORT || take_timestamp(cursor, &tpdu->scts)) &&
           take_parameters(cursor, tpdu);
}

static bool type_of(uint8_t first, enum tpdu_direction direction, enum tpdu_type *type)
{
    static const int types[3][4] = {
        [TPDU_TO_TE] = {TPDU_DELIVER, TPDU_SUBMIT_REPORT, TPDU_STATUS_REPORT, -1},
        [TPDU_FROM_TE] = {TPDU_DELIVER_REPORT, TPDU_SUBMIT, -1, -1},
        [TPDU_EITHER] = {TPDU_DELIVER, TPDU_SUBMIT, TPDU_STATUS_REPORT, -1}};
    int found = types[direction][first & 3];
    *type = (enum tpdu_type)found;
    return found >= 0;
}

bool tpdu_decode(struct slice octets, enum tpdu_direction direction, struct tpdu *tpdu,
                 struct sms_fault *fault)
{
    struct cursor cursor = {octets, 0, fault};
    enum tpdu_type type;
    uint8_t first;
    bool good = false;
    if (!take_octet(&cursor, &first, "no TPDU at all"))
        return false;
    if (!type_of(first, direction, &type))
        return refuse(&cursor, 0, "message type is reserved or an SMS-COMMAND");
    tpdu_init(tpdu, type);
    tpdu->has_header = (first & BIT_HEADER) != 0;
    switch (type) {
    case TPDU_DELIVER:
        good = decode_deliver(&cursor, tpdu, first);
        break;
    case TPDU_SUBMIT:
        good = decode_submit(&cursor, tpdu, first);
        break;
    case TPDU_STATUS_REPORT:
        good = decode_status_report(&cursor, tpdu, first);
        break;
    case TPDU_DELIVER_REPORT:
    case TPDU_SUBMIT_REPORT:
        good = decode_report(&cursor, tpdu);
        break;
    }
    tpdu->surplus = octets.len - cursor.pos;
    return good;
}

/* --- encoding --------------------------------------------------------------------- */

static bool encode_text(const struct tpdu *tpdu, struct slice content, char replacement,
                        unsigned char **at, struct sms_fault *fault)
{
    uint8_t septets[TPDU_SEPTETS_MAX];
    size_t header = tpdu->udh.len, before = header_septets(header), count;
    struct gsm7_tables tables = GSM7_DEFAULT;
    if (header > 0) {
        struct udh_info info;
        udh_read(udh_slice(&tpdu->udh), &info);
        tables = info.tables;
    }
    if (!gsm7_encode(content, tables, replacement, septets, TPDU_SEPTETS_MAX - before, &count,
                     fault))
        return false;
    unsigned fill = (unsigned)(before * 7 - header * 8);
    *(*at)++ = (unsigned char)(before + count);
    memcpy(*at, tpdu->udh.octets, header);
    *at += header;
    *at += gsm7_pack(septets, count, fill, *at);
    return true;
}

static bool encode_octets(const struct tpdu *tpdu, struct slice content, unsigned char **at,
                          struct sms_fault *fault)
{
    size_t header = tpdu->udh.len;
    if (content.len > TPDU_USER_DATA_MAX - header)
        return sms_fault(fault, TPDU_USER_DATA_MAX - header, "content longer than one part");
    *(*at)++ = (unsigned char)(header + content.len);
    memcpy(*at, tpdu->udh.octets, header);
    *at += header;
    if (content.len > 0)
        memcpy(*at, content.data, content.len);
    *at += content.len;
    return true;
}

static bool encode_user_data(const struct tpdu *tpdu, struct slice content, char replacement,
                             unsigned char **at, struct sms_fault *fault)
{
    if (tpdu->udh.len > UDH_MAX || !udh_check(udh_slice(&tpdu->udh), fault))
        return false;
    if (tpdu->alphabet == DCS_GSM7)
        return encode_text(tpdu, content, replacement, at, fault);
    return encode_octets(tpdu, content, at, fault);
}

static void put_timestamp(const struct timestamp *timestamp, unsigned char **at)
{
    timestamp_encode(timestamp, *at);
    *at += TIMESTAMP_OCTETS;
}

static void put_validity(const struct validity *validity, unsigned char **at)
{
    switch (validity->kind) {
    case VALIDITY_NONE:
        break;
    case VALIDITY_RELATIVE:
        *(*at)++ = validity->code;
        break;
    case VALIDITY_ABSOLUTE:
        put_timestamp(&validity->time, at);
        break;
    case VALIDITY_ENHANCED:
        memcpy(*at, validity->octets, sizeof(validity->octets));
        *at += sizeof(validity->octets);
        break;
    }
}

static unsigned char first_octet(const struct tpdu *tpdu)
{
    static const unsigned char types[] = {[TPDU_DELIVER] = 0,
                                          [TPDU_DELIVER_REPORT] = 0,
                                          [TPDU_SUBMIT] = 1,
                                          [TPDU_SUBMIT_REPORT] = 1,
                                          [TPDU_STATUS_REPORT] = 2};
    unsigned octet = types[tpdu->type];
    bool from_network = tpdu->type == TPDU_DELIVER || tpdu->type == TPDU_STATUS_REPORT;
    if (tpdu->udh.len > 0)
        octet |= BIT_HEADER;
    if (tpdu->report)
        octet |= BIT_REPORT;
    if (tpdu->reply_path && (tpdu->type == TPDU_DELIVER || tpdu->type == TPDU_SUBMIT))
        octet |= BIT_REPLY_PATH;
    if (from_network && !tpdu->more_messages)
        octet |= BIT_NO_MORE_MESSAGES;
    if (from_network && tpdu->loop_prevention)
        octet |= BIT_LOOP_PREVENTION;
    if (tpdu->type == TPDU_SUBMIT)
        octet |= (tpdu->reject_duplicates ? BIT_REJECT_DUPLICATES : 0) |
                 (unsigned)tpdu->validity.kind << 3;
    return (unsigned char)octet;
}

/* The fields between the first octet and PID. */
static void put_front(const struct tpdu *tpdu, unsigned char **at)
{
    if (tpdu->type == TPDU_SUBMIT || tpdu->type == TPDU_STATUS_REPORT)
        *(*at)++ = tpdu->mr;
    if (tpdu->type == TPDU_DELIVER_REPORT || tpdu->type == TPDU_SUBMIT_REPORT) {
        if (tpdu->fcs >= 0)
            *(*at)++ = (unsigned char)tpdu->fcs;
    } else {
        *at += address_encode(&tpdu->address, *at);
    }
    if (tpdu->type == TPDU_STATUS_REPORT) {
        put_timestamp(&tpdu->scts, at);
        put_timestamp(&tpdu->dt, at);
        *(*at)++ = tpdu->st;
    }
}

/* The parameter indicator of the reports; whether anything follows it. */
static void put_indicator(const struct tpdu *tpdu, unsigned char **at)
{
    bool any = tpdu->has_pid || tpdu->has_dcs || tpdu->has_user_data || tpdu->pi >= 0;
    if (tpdu->type == TPDU_STATUS_REPORT && !any)
        return;
    *(*at)++ = (unsigned char)((tpdu->has_pid ? PI_PID : 0) | (tpdu->has_dcs ? PI_DCS : 0) |
                               (tpdu->has_user_data ? PI_USER_DATA : 0));
    if (tpdu->type == TPDU_SUBMIT_REPORT)
        put_timestamp(&tpdu->scts, at);
}

bool tpdu_encode_content(const struct tpdu *tpdu, struct slice content, char replacement,
                         unsigned char *octets, size_t *len, struct sms_fault *fault)
{
    bool report = tpdu->type != TPDU_DELIVER && tpdu->type != TPDU_SUBMIT;
    unsigned char *at = octets;
    *at++ = first_octet(tpdu);
    put_front(tpdu, &at);
    if (report)
        put_indicator(tpdu, &at);
    if (!report || tpdu->has_pid)
        *at++ = tpdu->pid;
    if (!report || tpdu->has_dcs)
        *at++ = tpdu->dcs;
    if (tpdu->type == TPDU_DELIVER)
        put_timestamp(&tpdu->scts, &at);
    if (tpdu->type == TPDU_SUBMIT)
        put_validity(&tpdu->validity, &at);
    if ((!report || tpdu->has_user_data) &&
        !encode_user_data(tpdu, content, replacement, &at, fault))
        return false;
    *len = (size_t)(at - octets);
    return true;
}

bool tpdu_encode(const struct tpdu *tpdu, char replacement, unsigned char *octets, size_t *len,
                 struct sms_fault *fault)
{
    return tpdu_encode_content(tpdu, tpdu_content(tpdu), replacement, octets, len, fault);
}
