/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ussd_text - USSD codes and texts in the forms that modems give and want (3GPP
 * TS 27.007 section 7.15, 23.038 sections 5 and 6.1.2.3): as they are, as packed
 * septets in hex, or as UCS2 in hex. Total and pure.
 */
#ifndef GW_SMSC_AT_USSD_TEXT_H
#define GW_SMSC_AT_USSD_TEXT_H

#include <stdbool.h>

#include "gwlib/bytes.h"

#define AT_USSD_CODE_MAX 160 /* characters of a code or an answer */

enum at_ussd_form { AT_USSD_PLAIN, AT_USSD_PACKED, AT_USSD_UCS2 };

/* Whether it can be sent at all: 1..AT_USSD_CODE_MAX characters of the default
 * alphabet without control characters and quotes. */
bool at_ussd_is_sendable(struct slice code);
/* Appends what goes between the quotes of AT+CUSD=1,"". The code must be sendable. */
void at_ussd_append_code(struct bytes *to, struct slice code, enum at_ussd_form form);

/* <m> of `+CUSD: m,...`. */
enum at_ussd_end {
    AT_USSD_DONE = 0,
    AT_USSD_MORE = 1, /* an answer is wanted */
    AT_USSD_ENDED = 2,
    AT_USSD_OTHER = 3, /* another client answered */
    AT_USSD_UNKNOWN = 4,
    AT_USSD_TIMEOUT = 5
};

/*
 * What follows "+CUSD:", lines joined by LF: `0,"text",15`. Appends the text as
 * UTF-8, whatever form it is in. False when it is nothing of the kind.
 */
bool at_ussd_read(struct slice value, enum at_ussd_end *end, struct bytes *text);
/* Appends a text in the alphabet that dcs names (23.038 section 5). */
void at_ussd_append_text(struct bytes *to, struct slice text, unsigned dcs);

#endif
