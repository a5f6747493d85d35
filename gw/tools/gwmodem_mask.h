/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gwmodem_mask - takes what is private out of a line of a dialogue: PINs and
 * passwords, phone numbers, IMEI, IMSI, ICCID, and the hex of PDUs. Pure. Texts in the clear
 * (text mode, USSD) stay: read a record before you give it away.
 */
#ifndef GW_TOOLS_GWMODEM_MASK_H
#define GW_TOOLS_GWMODEM_MASK_H

#include "gwlib/bytes.h"

/*
 * Appends the line, masked: runs of seven and more digits and hex of
 * twenty and more become as many zeros; what follows AT+CPIN= and its kin becomes stars.
 */
void mask_line(struct bytes *to, struct slice line);

#endif
