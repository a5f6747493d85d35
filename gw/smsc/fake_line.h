/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fake_line - the line format of a fake SMSC: `sender receiver type rest`, as
 * Kannel's fakesmsc speaks it. Pure functions, total over any octets.
 */
#ifndef GW_SMSC_FAKE_LINE_H
#define GW_SMSC_FAKE_LINE_H

#include "gw/msg/message.h"

/* Octets that a parsed message points to; zero initialised, may be used again. */
struct fake_line_scratch {
    struct bytes udh, data;
};
void fake_line_scratch_free(struct fake_line_scratch *scratch);

/*
 * A line of the client, without its end, as an MO: the types text, data, ucs2
 * (or ucs-2), udh (or udh-data), udh-text, route, dlr-mask. False when it is no
 * message. The strings point into line and scratch.
 */
bool fake_line_parse(struct sms *sms, struct slice line, struct fake_line_scratch *scratch);

/* An MT as a line for the client, with its LF: the types text, data, ucs-2, udh.
 * A text with a line break goes as data. */
void fake_line_compose(struct bytes *line, const struct sms *sms);

#endif
