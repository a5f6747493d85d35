/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The telnet filter: see telnet.h. Answers are given to changes only (RFC 1143),
 * so that two sides never go on answering each other; a refusal is no change.
 */
#include "gw/smsc/at/telnet.h"

enum { SE = 240, SB = 250, WILL = 251, WONT = 252, DO = 253, DONT = 254, IAC = 255 };
enum { OPTION_ECHO = 1, OPTION_SGA = 3 };
enum { IN_DATA, AFTER_IAC, AFTER_VERB, IN_SUB, IN_SUB_AFTER_IAC };

#define SUB_MAX 4096 /* longer is none: its end was lost */

void at_telnet_init(struct at_telnet *telnet, enum at_line_end line_end)
{
    *telnet = (struct at_telnet){.line_end = line_end, .state = IN_DATA};
}

/* --- options ---------------------------------------------------------------------- */

/* True when it was different before. */
static bool change(uint32_t options[8], unsigned char option, bool on)
{
    uint32_t bit = UINT32_C(1) << (option & 31);
    bool was = (options[option >> 5] & bit) != 0;

    if (on)
        options[option >> 5] |= bit;
    else
        options[option >> 5] &= ~bit;
    return was != on;
}

static void answer(struct bytes *reply, unsigned char verb, unsigned char option)
{
    bytes_append_char(reply, IAC);
    bytes_append_char(reply, verb);
    bytes_append_char(reply, option);
}

static void negotiate(struct at_telnet *telnet, unsigned char option, struct bytes *reply)
{
    switch (telnet->verb) {
    case WILL:
        if (option != OPTION_ECHO && option != OPTION_SGA)
            answer(reply, DONT, option);
        else if (change(telnet->theirs, option, true))
            answer(reply, DO, option);
        break;
    case WONT:
        if (change(telnet->theirs, option, false))
            answer(reply, DONT, option);
        break;
    case DO:
        if (option != OPTION_SGA)
            answer(reply, WONT, option);
        else if (change(telnet->ours, option, true))
            answer(reply, WILL, option);
        break;
    default:
        if (change(telnet->ours, option, false))
            answer(reply, WONT, option);
        break;
    }
}

/* --- octets ------------------------------------------------------------------------ */

static void take_data(struct at_telnet *telnet, unsigned char octet, struct bytes *data)
{
    bool padding = telnet->after_cr && octet == '\0';

    telnet->after_cr = octet == '\r';
    if (!padding)
        bytes_append_char(data, octet);
}

static void take_command(struct at_telnet *telnet, unsigned char octet, struct bytes *data)
{
    telnet->state = IN_DATA;
    if (octet == IAC) {
        take_data(telnet, octet, data);
    } else if (octet == SB) {
        telnet->state = IN_SUB;
        telnet->skipped = 0;
    } else if (octet >= WILL) {
        telnet->state = AFTER_VERB;
        telnet->verb = octet;
    } /* NOP, GA, data mark, ...: nothing to do */
}

static void skip_sub(struct at_telnet *telnet, unsigned char octet)
{
    if (telnet->state == IN_SUB_AFTER_IAC)
        telnet->state = octet == SE ? IN_DATA : IN_SUB;
    else if (octet == IAC)
        telnet->state = IN_SUB_AFTER_IAC;
    if (++telnet->skipped > SUB_MAX)
        telnet->state = IN_DATA;
}

void at_telnet_receive(struct at_telnet *telnet, struct slice octets, struct bytes *data,
                       struct bytes *reply)
{
    for (size_t i = 0; i < octets.len; i++) {
        unsigned char octet = octets.data[i];

        switch (telnet->state) {
        case IN_DATA:
            if (octet == IAC)
                telnet->state = AFTER_IAC;
            else
                take_data(telnet, octet, data);
            break;
        case AFTER_IAC:
            take_command(telnet, octet, data);
            break;
        case AFTER_VERB:
            telnet->state = IN_DATA;
            negotiate(telnet, octet, reply);
            break;
        default:
            skip_sub(telnet, octet);
            break;
        }
    }
}

void at_telnet_send(const struct at_telnet *telnet, struct slice data, struct bytes *octets)
{
    for (size_t i = 0; i < data.len; i++) {
        unsigned char octet = data.data[i];

        bytes_append_char(octets, octet);
        if (octet == IAC)
            bytes_append_char(octets, IAC);
        if (octet != '\r' || (i + 1 < data.len && data.data[i + 1] == '\n'))
            continue;
        if (telnet->line_end == AT_CR_LF)
            bytes_append_char(octets, '\n');
        else if (telnet->line_end == AT_CR_NUL)
            bytes_append_char(octets, '\0');
    }
}
