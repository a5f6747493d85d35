/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is stored in the modem and its SIM: AT+CPMS chooses a memory, AT+CMGL and
 * AT+CMGR read, AT+CMGD deletes one message when the host has it (3GPP TS 27.005
 * sections 3.2.3, 3.4, 3.5.4). All memories that the modem offers for reading are
 * looked at, also the one for status reports.
 *
 * A list may be cut, so that it is asked for until nothing new is in it; where
 * there is no list, place by place is read.
 */
#include "gw/smsc/at/modem_internal.h"

#include "gwlib/clock.h"

#define AGAIN_MS 3000 /* after a message that could not be read */

#define LIST_SOON_MS 10000
#define SHORTEST_PDU 26 /* digits */
#define ROUNDS_MAX   50
#define INDEX_MAX    255 /* that is read without a list */
#define WARN_FULL_MS 3600000

bool at_modem_select_memory(struct at_modem *modem, struct slice memory)
{
    if (slice_is_empty(memory) || slice_equal(memory, bytes_slice(&modem->memory)))
        return true;
    if (at_modem_command(modem, AT_STORAGE_MS, "AT+CPMS=\"%.*s\"", (int)memory.len,
                         (const char *)memory.data) != AT_OK)
        return modem->answer.final != AT_GONE;
    bytes_clear(&modem->memory);
    bytes_append_slice(&modem->memory, memory);
    return true;
}

/* --- one message ---------------------------------------------------------------------- */

/* Nothing came in answer to the last command, nor does it to another one. What it
 * said is left as it is. */
static bool has_fallen_silent(struct at_modem *modem)
{
    enum at_final final = modem->answer.final;
    bool silent = final == AT_TIMEOUT && modem->answer.lines.len == 0 && !at_modem_is_there(modem);

    if (final == AT_TIMEOUT && !silent)
        modem->answer.final = final;
    return silent;
}

/* A message whose PDU or text was read is deleted when it is safe. */
static bool finish(struct at_modem *modem, enum at_fate fate, long index)
{
    enum at_final final;

    if (fate != AT_SAFE)
        return true;
    final = at_modem_command(modem, AT_STORAGE_MS, "AT+CMGD=%ld", index);
    return final != AT_GONE && !has_fallen_silent(modem);
}

/* The PDU behind a header line of CMGR or CMGL: the first line that can be it,
 * because a modem may talk in between. */
static struct slice find_pdu(struct slice *rest, long octets)
{
    struct slice line, looked = *rest;

    while (slice_next_item(&looked, '\n', &line)) {
        if (slice_starts_with(line, slice_str("+CMGL:")))
            break;
        if (at_line_is_pdu(line, octets) && (octets >= 0 || line.len >= SHORTEST_PDU)) {
            *rest = looked;
            return line;
        }
    }
    return slice_unset();
}

/* Some tell a wrong length; what it is shows when it is decoded. */
static struct slice pdu_after(struct slice *rest, struct slice header)
{
    struct slice found = find_pdu(rest, at_line_last_number(header));

    return slice_is_set(found) ? found : find_pdu(rest, -1);
}

/* Whether it lay here at the start and is to stay. unread: not yet looked at. */
static bool is_left(struct at_modem *modem, struct slice key, bool unread)
{
    struct at_left *left = &modem->knowledge->left;

    if (modem->settings->sim_messages == AT_SIM_ALL)
        return false;
    if (!left->settled && (modem->settings->sim_messages == AT_SIM_LEAVE || !unread))
        at_left_note(left, key);
    return at_left_has(left, key);
}

/* Takes what AT+CMGR answered. told: it has just come. */
static bool take_pdu_answer(struct at_modem *modem, long index, bool told)
{
    struct slice rest = bytes_slice(&modem->answer.lines), header, status, digits;
    struct bytes copy = {0};
    bool received, unread, alive = true;

    if (!at_answer_next(&rest, "+CMGR:", &header))
        return true; /* empty */
    digits = pdu_after(&rest, header);
    if (!slice_next_item(&header, ',', &status) ||
        !at_text_read_status(status, &received, &unread) || !received || !slice_is_set(digits))
        return true;                   /* not for us */
    bytes_append_slice(&copy, digits); /* the answer it stands in is used again */
    if (told || !is_left(modem, bytes_slice(&copy), unread))
        alive = finish(modem, at_modem_take_pdu(modem, bytes_slice(&copy)), index);
    bytes_free(&copy);
    return alive;
}

/* Whether the line alone is as long as the header says: characters, four digits
 * for each in UCS2, two for each octet of data or of septets behind a header. */
static bool is_whole_text(const struct at_text_header *header, struct slice line)
{
    size_t length = (size_t)header->length;

    return header->length > 0 &&
           (line.len == length || line.len == 4 * length ||
            (header->dcs > 0 && line.len == 2 * length) ||
            (header->fo >= 0 && (header->fo & 0x40) != 0 && line.len == (length * 7 + 7) / 8 * 2));
}

/* What follows a header: its text, which may have lines. Where one of them is a
 * whole text the others are what modems say. */
static struct slice text_behind(const struct at_text_header *header, struct slice rest)
{
    struct slice looked = rest, line;

    while (slice_next_item(&looked, '\n', &line))
        if (is_whole_text(header, line))
            return line;
    return slice_is_set(rest) ? rest : slice_str("");
}

/* The same in text mode. */
static bool take_text_answer(struct at_modem *modem, long index, bool told)
{
    struct bytes copy = {0}, key = {0};
    struct at_text_header header;
    struct slice rest, value;
    bool alive = true;

    bytes_append_slice(&copy, bytes_slice(&modem->answer.lines));
    rest = bytes_slice(&copy);
    if (at_answer_next(&rest, "+CMGR:", &value) && at_text_read_cmgr(value, &header) &&
        header.kind != AT_TEXT_SUBMIT) {
        rest = text_behind(&header, rest);
        at_modem_text_key(&header, rest, &key);
        if (told || !is_left(modem, bytes_slice(&key), header.unread || modem->listed_unread))
            alive = finish(modem, at_modem_take_text(modem, &header, rest), index);
    }
    bytes_free(&key);
    bytes_free(&copy);
    return alive;
}

/* In text mode UCS2 holds all characters, and a text on one line. */
static bool prefer_ucs2(struct at_modem *modem)
{
    return !modem->speaks_text || (modem->charsets & (1u << AT_UCS2)) == 0 ||
           at_modem_set_charset(modem, AT_UCS2);
}

static bool read_place(struct at_modem *modem, long index, bool told)
{
    enum at_final final;

    if (!prefer_ucs2(modem))
        return false;
    final = at_modem_command(modem, AT_READ_MS, "AT+CMGR=%ld", index);
    if (final == AT_TIMEOUT && told) /* nothing tells of it again */
        modem->next_poll = clock_monotonic_ms() + AGAIN_MS;
    if (final == AT_GONE || has_fallen_silent(modem))
        return false;
    if (modem->speaks_text) /* without its OK when the text was taken for one */
        return (final != AT_OK && final != AT_TIMEOUT) || take_text_answer(modem, index, told);
    return final != AT_OK || take_pdu_answer(modem, index, told);
}

bool at_modem_read_stored(struct at_modem *modem, struct slice memory, int index)
{
    return at_modem_select_memory(modem, memory) && read_place(modem, index, true);
}

/* --- all of a memory -------------------------------------------------------------------- */

/* What send-from-memory had no time to delete when the gateway went down: told from
 * what people put there by what is in it. *index,stat,...* tells whether it was sent;
 * one that was not is for the queue to send. */
static bool is_left_over(struct at_modem *modem, struct slice header, struct slice digits)
{
    struct at_written *written = &modem->knowledge->written;
    struct slice status;

    if (modem->knowledge->stored.is_there || !at_written_is(written, at_stored_essence(digits)) ||
        !slice_next_item(&header, ',', &status) || !slice_next_item(&header, ',', &status))
        return false;
    written->found = slice_equal_str(slice_trim(status), "3") ? AT_WRITTEN_SENT : AT_WRITTEN_UNSENT;
    return true;
}

/* False when the device is gone. */
static bool take_own(struct at_modem *modem, struct slice header, struct slice digits, long index)
{
    if (!is_left_over(modem, header, digits))
        return true;
    if (!finish(modem, AT_SAFE, index))
        return false;
    if (modem->answer.final == AT_OK)
        at_written_forget(&modem->knowledge->written);
    return true;
}

/* Takes one entry of a list: `index,stat,...,length` and its PDU. *taken counts
 * what was handed on. */
static bool take_entry(struct at_modem *modem, struct slice header, struct slice digits,
                       size_t *taken)
{
    bool received, unread;
    enum at_fate fate;
    long number;

    if (!at_text_read_cmgl(header, &number, &received, &unread))
        return true;
    if (!received)
        return take_own(modem, header, digits, number);
    if (is_left(modem, digits, unread))
        return true;
    fate = at_modem_take_pdu(modem, digits);
    if (!finish(modem, fate, number))
        return false;
    /* One that cannot be deleted would be listed again and again. */
    *taken += fate == AT_SAFE && modem->answer.final == AT_OK;
    return modem->answer.final != AT_RESTARTED;
}

static bool take_list(struct at_modem *modem, struct slice rest, size_t *taken)
{
    struct slice header, digits;

    while (at_answer_next(&rest, "+CMGL:", &header)) {
        digits = pdu_after(&rest, header);
        if (slice_is_set(digits) && !take_entry(modem, header, digits, taken))
            return modem->answer.final == AT_RESTARTED;
    }
    return true;
}

/* In text mode a list does not tell enough: each is read by itself. */
static bool take_text_list(struct at_modem *modem, struct slice rest)
{
    struct slice header;
    bool received, unread;
    long number;

    while (at_answer_next(&rest, "+CMGL:", &header))
        if (at_text_read_cmgl(header, &number, &received, &unread) && received) {
            modem->listed_unread = unread; /* the list has marked it as read */
            if (!read_place(modem, number, false))
                return false;
            modem->listed_unread = false;
        }
    return true;
}

/* `+CPMS: "SM",3,20,...`, `+CPMS: 3,20,...`: of the first memory. */
static bool read_usage(struct slice value, long *used, long *places)
{
    struct slice field;

    if (value.len > 0 && value.data[0] == '"' && !slice_next_item(&value, ',', &field))
        return false;
    return slice_next_item(&value, ',', &field) &&
           slice_to_number(slice_trim(field), 0, 100000, used) &&
           slice_next_item(&value, ',', &field) &&
           slice_to_number(slice_trim(field), 0, 100000, places);
}

/* Without a list: place by place. */
static bool read_places(struct at_modem *modem)
{
    long used = 0, places = INDEX_MAX;

    if (at_modem_command(modem, AT_STORAGE_MS, "AT+CPMS?") == AT_GONE)
        return false;
    if (!read_usage(at_answer_value(&modem->answer, "+CPMS:"), &used, &places) || used == 0)
        return true;
    if (places == 0 || places > INDEX_MAX)
        places = INDEX_MAX;
    for (long index = 0; index <= places && !modem->host->stopped(modem->host->arg); index++)
        if (!read_place(modem, index, false))
            return false;
    return true;
}

/* Some need half a minute for it, and one that has answered soon before and does
 * not once gets that the next time. */
static enum at_final list_all(struct at_modem *modem)
{
    static const struct at_patience_range range = {LIST_SOON_MS, AT_LIST_MS, AT_LIST_MS};
    struct at_patience *patience = &modem->knowledge->lists;
    int64_t started = clock_monotonic_ms();
    enum at_final final = at_modem_command(modem, at_patience_ms(patience, &range),
                                           modem->speaks_text ? "AT+CMGL=\"ALL\"" : "AT+CMGL=4");

    if (final == AT_OK || final == AT_TIMEOUT)
        at_patience_note(patience, final == AT_OK ? clock_monotonic_ms() - started : AT_LIST_MS);
    return final;
}

/* The memory that is selected. */
static bool read_memory(struct at_modem *modem)
{
    struct bytes list = {0};
    size_t taken = 1;
    bool alive = true;

    for (int round = 0; alive && taken > 0 && round < ROUNDS_MAX; round++) {
        enum at_final final = list_all(modem);

        if (final == AT_ERROR && !at_modem_error_is(modem, CAUSE_WAIT)) {
            alive = read_places(modem);
            break;
        }
        taken = 0;
        alive = final != AT_GONE && !has_fallen_silent(modem);
        bytes_clear(&list);
        bytes_append_slice(&list, bytes_slice(&modem->answer.lines));
        if (alive && modem->speaks_text)
            alive = take_text_list(modem, bytes_slice(&list));
        else if (alive)
            alive = take_list(modem, bytes_slice(&list), &taken);
    }
    bytes_free(&list);
    return alive;
}

/* Another memory than the home one, if there is something in it. */
static bool read_other(struct at_modem *modem, struct slice memory)
{
    long used, places;

    bytes_clear(&modem->memory);
    if (!at_modem_select_memory(modem, memory))
        return false;
    if (!slice_equal(bytes_slice(&modem->memory), memory))
        return true; /* it does not want to */
    if (read_usage(at_answer_value(&modem->answer, "+CPMS:"), &used, &places) && used == 0)
        return true;
    return read_memory(modem);
}

bool at_modem_read_all(struct at_modem *modem)
{
    struct slice rest = bytes_slice(&modem->memories), name;
    struct slice home = bytes_slice(&modem->home);
    bool alive = at_modem_select_memory(modem, home) && read_memory(modem);

    while (alive && slice_next_item(&rest, ',', &name))
        if (!slice_equal(name, home))
            alive = read_other(modem, name);
    alive = alive && at_modem_select_memory(modem, home);
    if (alive && !at_has_restarted(modem->dialogue))
        modem->knowledge->left.settled = true;
    return alive;
}

/* The memory was said to be full, and what could be taken was taken. */
bool at_modem_check_full(struct at_modem *modem)
{
    int64_t now = clock_monotonic_ms();
    long used, places;

    if (at_modem_command(modem, AT_STORAGE_MS, "AT+CPMS?") == AT_GONE)
        return false;
    if (!read_usage(at_answer_value(&modem->answer, "+CPMS:"), &used, &places) || used < places ||
        now < modem->next_full_warning)
        return true;
    modem->next_full_warning = now + WARN_FULL_MS;
    log_to(modem->log, LOG_LEVEL_WARNING,
           "%s: the memory for messages is full of %ld that are not the gateway's: no others can "
           "come",
           modem->name, used);
    return true;
}
