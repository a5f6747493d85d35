/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sending from the modem's memory: AT+CMGW writes a message there, AT+CMSS sends
 * it, AT+CMGD deletes it (3GPP TS 27.005 sections 4.4, 4.7, 3.5.4). For modems
 * whose AT+CMGS does not work; and where the answer to AT+CMSS is lost, the
 * memory tells whether the message was sent.
 */
#include "gw/smsc/at/modem_internal.h"

#include <stdio.h>
#include <stdlib.h>

#include "gwlib/clock.h"

#define STORE_MS 15000
#define LOOK_MS  1000

enum { STATUS_UNSENT = 2, STATUS_SENT = 3 };

struct slice at_stored_essence(struct slice digits)
{
    struct bytes first = {0};
    size_t smsc = 0;

    if (bytes_append_unhex(&first, slice_sub(digits, 0, 2)))
        smsc = first.data[0];
    bytes_free(&first);
    return slice_sub(digits, 2 + 2 * smsc + 4, digits.len);
}

/* `+CMGW: 7` */
static bool written_index(const struct at_modem *modem, int *index)
{
    struct slice value = at_answer_value(&modem->answer, "+CMGW:");
    long number;

    if (!slice_to_number(value, 0, 100000, &number))
        return false;
    *index = (int)number;
    return true;
}

static void remember(struct at_modem *modem, const struct pdu_line *line, int index)
{
    struct at_stored *stored = &modem->knowledge->stored;

    stored->is_there = true;
    stored->index = index;
    stored->line = *line;
    snprintf(stored->memory, sizeof stored->memory, "%s", bytes_str(&modem->home));
}

/* False when the device is gone. */
static bool forget(struct at_modem *modem)
{
    struct at_stored *stored = &modem->knowledge->stored;

    if (!stored->is_there)
        return true;
    stored->is_there = false;
    if (!at_modem_select_memory(modem, slice_str(stored->memory)) ||
        at_modem_command(modem, AT_STORAGE_MS, "AT+CMGD=%d", stored->index) == AT_GONE)
        return false;
    if (modem->answer.final == AT_OK)
        at_written_forget(&modem->knowledge->written);
    return true;
}

/* Nothing can have been sent yet. False: the memory takes no messages. */
static bool write_message(struct at_modem *modem, struct at_attempt *attempt,
                          const struct pdu_line *line, enum at_outcome *outcome)
{
    struct at_written *written = &modem->knowledge->written;
    int index;

    at_written_note(written, &attempt->sms->id, attempt->part,
                    at_stored_essence(slice_str(line->digits)));
    if (at_modem_command(modem, at_prompt_patience(modem), "AT+CMGW=%zu", line->tpdu_len) !=
        AT_PROMPT) {
        at_written_forget(written);
        modem->stores_nothing = at_modem_lacks_command(modem);
        *outcome = at_attempt_without_prompt(modem, attempt);
        return !modem->stores_nothing;
    }
    switch (at_submit(modem->dialogue, &modem->answer, STORE_MS, slice_str(line->digits))) {
    case AT_OK:
        if (written_index(modem, &index)) {
            remember(modem, line, index);
            *outcome = AT_SENT;
            return true;
        }
        modem->stores_nothing = true;
        return false;
    case AT_ERROR:
        at_written_forget(written);
        *outcome = at_attempt_failed(modem, attempt);
        modem->stores_nothing = at_modem_lacks_command(modem);
        return !modem->stores_nothing;
    default:
        bytes_append_str(attempt->text, "no answer when the message was written to the memory");
        *outcome = AT_LOST;
        return true;
    }
}

bool at_send_stored(struct at_modem *modem, struct at_attempt *attempt, const struct pdu_line *line,
                    enum at_outcome *outcome)
{
    int64_t started;
    enum at_final final;

    if (at_written_was_sent(&modem->knowledge->written, &attempt->sms->id, attempt->part)) {
        log_to(modem->log, LOG_LEVEL_INFO,
               "%s: the message was sent before the gateway went down, the memory told",
               modem->name);
        modem->knowledge->written.found = AT_WRITTEN_NOT_FOUND;
        *outcome = AT_SENT;
        return true;
    }
    if (!write_message(modem, attempt, line, outcome))
        return false;
    if (*outcome != AT_SENT)
        return true;
    started = clock_monotonic_ms();
    final = at_command(modem->dialogue, &modem->answer, LOOK_MS, "AT+CMSS=%d",
                       modem->knowledge->stored.index);
    if (final == AT_ERROR && at_modem_lacks_command(modem)) {
        modem->stores_nothing = true;
        *outcome = AT_LOST; /* when it is gone by now */
        return !forget(modem);
    }
    *outcome = at_attempt_result(modem, attempt, final, started);
    switch (*outcome) {
    case AT_UNCERTAIN:
    case AT_UNCERTAIN_LOST:
    case AT_UNCERTAIN_SILENT:
    case AT_UNCERTAIN_ANSWERED:
        return true; /* the memory is looked into later */
    case AT_SENT:
        forget(modem);
        return true;
    default:
        if (!forget(modem))
            *outcome = AT_LOST;
        return true;
    }
}

/* --- afterwards --------------------------------------------------------------------- */

static enum at_stored_verdict verdict(const struct at_modem *modem)
{
    struct slice rest = bytes_slice(&modem->answer.lines), header, status, line;
    struct slice ours = at_stored_essence(slice_str(modem->knowledge->stored.line.digits));
    long number;

    if (!at_answer_next(&rest, "+CMGR:", &header) || !slice_next_item(&header, ',', &status) ||
        !slice_to_number(slice_trim(status), STATUS_UNSENT, STATUS_SENT, &number))
        return AT_STORED_UNKNOWN;
    while (slice_next_item(&rest, '\n', &line)) {
        char *found = slice_to_str(ours);
        bool same = at_line_is_pdu(line, -1) && slice_equal_nocase(at_stored_essence(line), found);

        free(found);
        if (same)
            return number == STATUS_SENT ? AT_STORED_SENT : AT_STORED_UNSENT;
    }
    return AT_STORED_UNKNOWN; /* the place holds another one by now */
}

enum at_stored_verdict at_modem_look_at_stored(struct at_modem *modem)
{
    struct at_stored *stored = &modem->knowledge->stored;
    enum at_stored_verdict found;

    if (!stored->is_there || !at_modem_select_memory(modem, slice_str(stored->memory)))
        return AT_STORED_UNKNOWN;
    at_modem_command(modem, AT_STORAGE_MS, "AT+CMGR=%d", stored->index);
    if (modem->answer.final == AT_ERROR)
        stored->is_there = false;
    if (modem->answer.final != AT_OK)
        return AT_STORED_UNKNOWN;
    found = verdict(modem);
    if (found == AT_STORED_UNKNOWN)
        stored->is_there = false; /* not ours to delete */
    forget(modem);
    return found;
}
