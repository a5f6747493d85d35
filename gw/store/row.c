/* SPDX-License-Identifier: Apache-2.0 */
/*
 * row - a message and its entry to and from rows of the tables (sqlite.h). The
 * code for the message's fields is made from sms_frame.def.
 *
 * Unset is NULL everywhere. Octets are bound without a copy: they must live
 * until the statement is reset.
 */
#include "gw/store/sqlite.h"

#include <endian.h>

#include "gwlib/charset.h"

/* Whether SQLite gives the octets back unchanged as TEXT. */
static bool is_clean_text(struct slice text)
{
    unsigned char seen = 0;

    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] == '\0')
            return false;
        seen |= text.data[i];
    }
    return (seen & 0x80) == 0 || charset_is_utf8(text);
}

static void bind_blob(sqlite3_stmt *statement, int parameter, struct slice octets)
{
    sqlite3_bind_blob64(statement, parameter, octets.data, octets.len, SQLITE_STATIC);
}

void row_bind_text(sqlite3_stmt *statement, int parameter, struct slice text)
{
    if (!slice_is_set(text))
        return;
    if (is_clean_text(text))
        sqlite3_bind_text64(statement, parameter, (const char *)text.data, text.len, SQLITE_STATIC,
                            SQLITE_UTF8);
    else
        bind_blob(statement, parameter, text);
}

static void bind_number(sqlite3_stmt *statement, int parameter, int64_t value)
{
    if (value != SMS_UNSET)
        sqlite3_bind_int64(statement, parameter, value);
}

static void bind_msgdata(sqlite3_stmt *statement, const struct sms *sms)
{
    if (!slice_is_set(sms->msgdata))
        return;
    if (sms_coding(sms) == SMS_CODING_7BIT)
        row_bind_text(statement, COLUMN_msgdata + 1, sms->msgdata);
    else
        bind_blob(statement, COLUMN_msgdata + 1, sms->msgdata);
}

/* --- checksums ------------------------------------------------------------- */

/* Each step is a bijection of the sum for a given word and of the word for a
 * given sum: a change within one word never goes unseen. */
static uint64_t sum_word(uint64_t sum, uint64_t word)
{
    sum = (sum ^ word) * 0x9E3779B97F4A7C15u;
    return sum ^ sum >> 29;
}

static uint64_t sum_octets(uint64_t sum, struct slice octets)
{
    const unsigned char *p = octets.data;
    size_t left = octets.len;
    uint64_t word;

    for (; left >= sizeof word; left -= sizeof word, p += sizeof word) {
        memcpy(&word, p, sizeof word);
        sum = sum_word(sum, le64toh(word));
    }
    word = 0;
    if (left > 0)
        memcpy(&word, p, left);
    return sum_word(sum_word(sum, le64toh(word)), octets.len);
}

/* What tells the fields apart: their names, so that a field may come later. */
#define FIELD_TAG(name)                                                                            \
    ((uint64_t)(unsigned char)#name[0] | (uint64_t)(unsigned char)#name[1] << 8 |                  \
     (uint64_t)(unsigned char)#name[2] << 16 | (uint64_t)sizeof #name << 24)

/* The fields that are in `content`. */
static bool is_content(enum column column)
{
    return column != COLUMN_foreign_id && column != COLUMN_priority;
}

int64_t row_checksum(const struct sms *sms, int64_t number)
{
    uint64_t sum = (uint64_t)number;

#define FRAME(name, type)
#define END_FRAME(name)
#define INTEGER(name)                                                                              \
    if (is_content(COLUMN_##name) && sms->name != SMS_UNSET)                                       \
        sum = sum_word(sum_word(sum, FIELD_TAG(name)), (uint64_t)(int64_t)sms->name);
#define MOMENT(name) INTEGER(name)
#define STRING(name)                                                                               \
    if (is_content(COLUMN_##name) && slice_is_set(sms->name))                                      \
        sum = sum_octets(sum_word(sum, FIELD_TAG(name)), sms->name);
#define IDENTITY(name)                                                                             \
    if (!uuid_is_nil(&sms->name))                                                                  \
        sum = sum_octets(sum_word(sum, FIELD_TAG(name)),                                           \
                         slice_of(sms->name.octets, sizeof sms->name.octets));
#include "gw/msg/sms_frame.def"
#undef INTEGER
#undef MOMENT
#undef STRING
#undef IDENTITY
    return (int64_t)sum;
}

void row_bind_content(sqlite3_stmt *statement, const struct store_insert *insert, int64_t number)
{
    const struct sms *sms = message_sms(insert->message);

#define FRAME(name, type)
#define END_FRAME(name)
#define INTEGER(name)                                                                              \
    if (is_content(COLUMN_##name))                                                                 \
        bind_number(statement, COLUMN_##name + 1, sms->name);
#define MOMENT(name) bind_number(statement, COLUMN_##name + 1, sms->name);
#define STRING(name)                                                                               \
    if (is_content(COLUMN_##name) && COLUMN_##name != COLUMN_msgdata)                              \
        row_bind_text(statement, COLUMN_##name + 1, sms->name);
#define IDENTITY(name)                                                                             \
    if (!uuid_is_nil(&sms->name))                                                                  \
        bind_blob(statement, COLUMN_##name + 1,                                                    \
                  slice_of(sms->name.octets, sizeof sms->name.octets));
#include "gw/msg/sms_frame.def"
#undef INTEGER
#undef MOMENT
#undef STRING
#undef IDENTITY
    bind_msgdata(statement, sms);
    sqlite3_bind_int64(statement, COLUMN_number + 1, number);
    sqlite3_bind_int64(statement, COLUMN_checksum + 1, row_checksum(sms, number));
    if (insert->refuse_duplicate)
        sqlite3_bind_int(statement, PARAMETER_ONCE, (int)insert->kind);
}

void row_bind_entry(sqlite3_stmt *statement, const struct store_insert *insert, int64_t number,
                    int64_t now_ms)
{
    const struct sms *sms = message_sms(insert->message);
    struct slice queue = slice_is_set(insert->queue) ? insert->queue : slice_str("");

    sqlite3_bind_int64(statement, COLUMN_number + 1, number);
    sqlite3_bind_int(statement, COLUMN_kind + 1, (int)insert->kind);
    sqlite3_bind_int(statement, COLUMN_state + 1, (int)insert->state);
    row_bind_text(statement, COLUMN_queue + 1, queue);
    sqlite3_bind_int(statement, COLUMN_attempts + 1, insert->state == STATE_SENDING ? 1 : 0);
    sqlite3_bind_int64(statement, COLUMN_accepted_ms + 1, now_ms);
    sqlite3_bind_int64(statement, COLUMN_changed_ms + 1, now_ms);
    if (insert->state == STATE_DEFERRED || insert->state == STATE_POSTPONED)
        sqlite3_bind_int64(statement, COLUMN_due_ms + 1, insert->due_ms);
    row_bind_text(statement, COLUMN_link + 1, insert->link);
    row_bind_text(statement, COLUMN_error + 1, insert->error);
    sqlite3_bind_int(statement, COLUMN_parts + 1, 0);
    sqlite3_bind_int(statement, COLUMN_parts_sent + 1, 0);
    sqlite3_bind_int(statement, COLUMN_reference + 1, 0);
    sqlite3_bind_int64(statement, COLUMN_guard + 1, GUARD(number, insert->kind, insert->state));
    row_bind_text(statement, COLUMN_foreign_id + 1, sms->foreign_id);
    bind_number(statement, COLUMN_priority + 1, sms->priority);
}

/* --- reading ------------------------------------------------------------ */

struct slice row_text(sqlite3_stmt *statement, int column)
{
    if (sqlite3_column_type(statement, column) == SQLITE_NULL)
        return slice_unset();
    const void *octets = sqlite3_column_blob(statement, column);
    int len = sqlite3_column_bytes(statement, column);

    /* No octets come as NULL, which would mean unset. */
    return len > 0 ? slice_of(octets, (size_t)len) : slice_str("");
}

static int64_t row_number(sqlite3_stmt *statement, int column)
{
    return sqlite3_column_type(statement, column) == SQLITE_NULL
               ? SMS_UNSET
               : sqlite3_column_int64(statement, column);
}

/* Anything but 16 octets, which we never wrote, reads as nil. */
static struct uuid row_id(sqlite3_stmt *statement, int column)
{
    struct slice octets = row_text(statement, column);
    struct uuid id = {{0}};

    if (octets.len == sizeof id.octets)
        memcpy(id.octets, octets.data, sizeof id.octets);
    return id;
}

static struct message *row_message(sqlite3_stmt *statement)
{
    struct sms sms = {
#define INTEGER(name)  .name = (int32_t)row_number(statement, COLUMN_##name),
#define MOMENT(name)   .name = row_number(statement, COLUMN_##name),
#define STRING(name)   .name = row_text(statement, COLUMN_##name),
#define IDENTITY(name) .name = row_id(statement, COLUMN_##name),
#include "gw/msg/sms_frame.def"
    };

    return message_create(&sms);
}

static bool is_sound(sqlite3_stmt *statement, const struct store_entry *entry)
{
    if (strcmp(state_name((int)entry->state), "?") == 0 || entry->kind < STORE_MT ||
        entry->kind > STORE_REPORT)
        return false;
    if (sqlite3_column_type(statement, COLUMN_guard) != SQLITE_NULL &&
        sqlite3_column_int64(statement, COLUMN_guard) !=
            GUARD(entry->number, entry->kind, entry->state))
        return false;
    return sqlite3_column_type(statement, COLUMN_checksum) == SQLITE_NULL ||
           sqlite3_column_int64(statement, COLUMN_checksum) ==
               row_checksum(message_sms(entry->message), entry->number);
}

bool row_read_entry(sqlite3_stmt *statement, struct store_entry *entry)
{
    *entry = (struct store_entry){
        .number = sqlite3_column_int64(statement, COLUMN_number),
        .kind = (enum store_kind)sqlite3_column_int(statement, COLUMN_kind),
        .state = (enum message_state)sqlite3_column_int(statement, COLUMN_state),
        .message = row_message(statement),
        .queue = operation_copy(row_text(statement, COLUMN_queue)),
        .attempts = sqlite3_column_int(statement, COLUMN_attempts),
        .accepted_ms = sqlite3_column_int64(statement, COLUMN_accepted_ms),
        .changed_ms = sqlite3_column_int64(statement, COLUMN_changed_ms),
        .due_ms = sqlite3_column_int64(statement, COLUMN_due_ms),
        .link = operation_copy(row_text(statement, COLUMN_link)),
        .foreign_id = operation_copy(row_text(statement, COLUMN_foreign_id)),
        .error = operation_copy(row_text(statement, COLUMN_error)),
        .parts = sqlite3_column_int(statement, COLUMN_parts),
        .parts_sent = sqlite3_column_int(statement, COLUMN_parts_sent),
        .reference = sqlite3_column_int(statement, COLUMN_reference),
    };
    return is_sound(statement, entry);
}
