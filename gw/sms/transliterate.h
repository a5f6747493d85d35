/* SPDX-License-Identifier: Apache-2.0 */
/*
 * transliterate - a documented near form for characters that the GSM default
 * alphabet lacks, for those who ask for it: one typographic quote otherwise more
 * than doubles the cost of a message.
 *
 * Typographic quotes, dashes, blanks and dots become their ASCII forms, letters
 * lose the accents that GSM 03.38 lacks (those it has are kept: e-acute stays),
 * ligatures come apart. The table in transliterate.c is the whole of it; what
 * is in neither the table nor the alphabet stays as it is.
 */
#ifndef GW_SMS_TRANSLITERATE_H
#define GW_SMS_TRANSLITERATE_H

#include "gwlib/bytes.h"

/* The near form (ASCII, at most 4 octets), or NULL when there is none. */
const char *transliterate_find(unsigned long code_point);

/* Appends the UTF-8 text with the near forms in it. */
void transliterate_append(struct bytes *to, struct slice text);

#endif
