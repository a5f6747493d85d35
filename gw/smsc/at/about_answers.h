/* SPDX-License-Identifier: Apache-2.0 */
/*
 * about_answers - what modems answer to questions about themselves, their SIM and
 * the network (3GPP TS 27.007 sections 5, 7.1, 7.3 and 8.5), in the many forms
 * that are met: with and without prefix, quotes, blanks, with fields left out.
 * Total: any octets in; a value, or false and nothing written. No input or
 * output; any thread.
 *
 * lines: the lines of an answer before its OK, joined by LF.
 */
#ifndef GW_SMSC_AT_ABOUT_ANSWERS_H
#define GW_SMSC_AT_ABOUT_ANSWERS_H

#include <stdbool.h>

#include "gwlib/bytes.h"

/* Field number n (from 0) of `0,"a, b",c`, without quotes and blanks around it; a
 * closing quote may be missing. Unset when there is none. */
struct slice at_about_field(struct slice value, unsigned n);
/* `"0041004200"`-like names: UCS2 in hex when every unit can be of a name, else as
 * it is. */
void at_about_append_name(struct bytes *to, struct slice name);

struct at_signal {
    int dbm;
    bool weak; /* messages may fail */
};
/* Answers to AT+CSQ, AT+CESQ, AT^HCSQ? and AT+QCSQ. False: the modem does not know
 * (99, 255, NOSERVICE). */
bool at_about_signal(struct slice lines, struct at_signal *signal);

/* The name, or the digits, of the operator in an answer to AT+COPS?. numeric gets
 * whether it was only digits. */
bool at_about_operator(struct slice lines, struct bytes *name, bool *numeric);
/* "home", "roaming", "searching", ... for the status of +CREG and its like; NULL
 * when it is none. */
const char *at_about_registration(long status);

/* The first line with text in it, without a prefix like "+CGMM:" and quotes. */
bool at_about_text(struct slice lines, struct bytes *text);
/* AT+CGSN: 14 to 17 digits. */
bool at_about_imei(struct slice lines, struct bytes *imei);
/* AT+CIMI: 6 to 15 digits. */
bool at_about_imsi(struct slice lines, struct bytes *imsi);
/* AT+CCID and its like: 18 to 20 digits that start with 89; with nibbles as they
 * are on the card ("98..."), and with filler, too. */
bool at_about_iccid(struct slice lines, struct bytes *iccid);
/* AT+CNUM: the first number that is not empty, with '+' when its type says so. */
bool at_about_number(struct slice lines, struct bytes *number);
/* AT+CSCA?. */
bool at_about_service_centre(struct slice lines, struct bytes *number);

#endif
