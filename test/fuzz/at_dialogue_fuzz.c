/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The line reader of the modem dialogue: octets of a modem, cut into packets at
 * 0xFE, while commands, a message and nothing are under way; in text mode when the
 * last octet is a tab. What comes out are events whose PDUs are hex digits.
 */
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gw/smsc/at/dialogue.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_events(struct at_dialogue *dialogue, bool text_mode)
{
    struct at_event *event;

    while ((event = at_next_event(dialogue)) != NULL) {
        if (!text_mode && (event->kind == AT_EVENT_MESSAGE || event->kind == AT_EVENT_REPORT))
            LOG_ASSERT(at_line_is_pdu(bytes_slice(&event->pdu), -1));
        LOG_ASSERT(event->index >= 0);
        at_event_free(event);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice rest = slice_of(data, size), packet;
    struct at_answer answer = {.final = AT_OK};
    struct at_dialogue *dialogue;
    struct slice lines, value;
    bool text_mode = size > 0 && data[size - 1] == '\t';
    int ends[2];

    log_set_stderr_level(LOG_LEVEL_PANIC);
    if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) != 0)
        return 0;
    dialogue = at_dialogue_create(at_port_adopt(ends[1]), "fuzz", NULL);
    for (int n = 0; n < 16 && slice_next_item(&rest, 0xFE, &packet); n++)
        if (packet.len > 0 && packet.len < 100000)
            (void)!send(ends[0], packet.data, packet.len, MSG_DONTWAIT);
    shutdown(ends[0], SHUT_WR);
    at_set_text_mode(dialogue, text_mode);
    at_command(dialogue, &answer, 1, "AT+CPIN?");
    at_answer_value(&answer, "+CPIN:");
    at_command(dialogue, &answer, 1, "AT+CMGS=20");
    at_submit(dialogue, &answer, 1, slice_str("00110000"));
    at_listen(dialogue, &answer, 1);
    lines = bytes_slice(&answer.lines);
    while (at_answer_next(&lines, "+CMGS:", &value))
        at_line_last_number(value);
    at_set_numeric(dialogue, false);
    at_command(dialogue, &answer, 1, "AT+CMGL=4");
    at_command(dialogue, &answer, 1, "AT+CMGR=1");
    at_command(dialogue, &answer, 1, "AT+CMSS=1");
    at_wait(dialogue, -1, 1);
    check_events(dialogue, text_mode);
    at_forget_restarts(dialogue);
    at_dialogue_free(dialogue);
    at_answer_free(&answer);
    close(ends[0]);
    return 0;
}
