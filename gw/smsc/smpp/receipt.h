/* SPDX-License-Identifier: Apache-2.0 */
/*
 * receipt - what an SMSC delivery receipt says (SMPP 3.4 appendix B: the text
 * form "id:... sub:... dlvrd:... submit date:... done date:... stat:... err:...
 * text:..."; sections 5.3.2.12, 5.3.2.35, 5.3.2.31: the optional parameters).
 * Pure functions, total over any octets.
 */
#ifndef GW_SMSC_SMPP_RECEIPT_H
#define GW_SMSC_SMPP_RECEIPT_H

#include "gw/msg/message.h"

/* How message ids are written, bits of msg-id-type. */
#define RECEIPT_IDS_AS_TEXT (-1)
#define RECEIPT_HEX_RESP    1 /* in submit_sm_resp */
#define RECEIPT_HEX_DELIVER 2 /* in receipts */

struct receipt {
    struct slice id; /* as sent; never empty */
    enum dlr_event event;
    unsigned char error[3]; /* network_error_code: type, code */
    bool has_error;
};

/*
 * Reads a receipt from its text and its optional parameters, which win where
 * both say the same. False when no message id or no state can be found: it is no
 * receipt. Strings point into text and tlvs.
 */
bool receipt_read(struct slice text, struct slice tlvs, struct receipt *receipt);

/* The form in which ids are compared: decimal of a hexadecimal or decimal
 * number, or the text as it is when it is none (or longer than 64 bits). */
void receipt_append_id(struct bytes *to, struct slice id, bool hex);

#endif
