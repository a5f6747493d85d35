/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ussd - a dialogue with the network by codes like *100# (3GPP TS 27.007 section
 * 7.15). Which form of text the modem wants is found out and remembered. While the
 * network's answer is awaited nothing is sent, but messages are received.
 *
 * The modem's thread.
 */
#ifndef GW_SMSC_AT_USSD_H
#define GW_SMSC_AT_USSD_H

#include "gw/smsc/at/ussd_text.h"
#include "gw/smsc/smsc.h"

/* Of one modem. All zero at first. */
struct at_ussd {
    enum at_ussd_form form;
    bool form_known;
    bool waits; /* for the network's answer */
    bool has;   /* got it: */
    struct bytes value;
    bool open; /* the network waits for ours */
};
void at_ussd_free(struct at_ussd *ussd);

struct at_modem;
/*
 * Sends a code, or the answer to what the network asked; an empty text ends the
 * dialogue. Takes up to half a minute. text gets the network's words as UTF-8, or
 * why there are none. receives: messages that come meanwhile are taken.
 */
enum smsc_ussd_result at_modem_ussd(struct at_modem *modem, struct slice code, bool is_answer,
                                    bool receives, struct bytes *text);

#endif
