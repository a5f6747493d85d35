/* SPDX-License-Identifier: Apache-2.0 */
/*
 * charset - conversion of text by libc's iconv, and UTF-8 checks. Any thread.
 */
#ifndef GWLIB_CHARSET_H
#define GWLIB_CHARSET_H

#include <stdbool.h>

#include "gwlib/bytes.h"

/* Whether iconv knows the name. */
bool charset_is_known(const char *name);

/*
 * Appends `text`, converted. False, with *to as before, when a name is unknown
 * or the text has octets that are invalid in `from`, or characters that `to_name`
 * lacks. Never adds a byte order mark; a BOM in the input of a UTF-16/UTF-8
 * conversion is dropped.
 */
bool charset_convert(struct bytes *to, const char *to_name, struct slice text, const char *from_name);

/* As above, but invalid octets are left out and characters without a place
 * become `replacement`; false only for an unknown name. */
bool charset_convert_lossy(struct bytes *to, const char *to_name, struct slice text,
                           const char *from_name, char replacement);

/* Well-formed by RFC 3629 (no surrogates, no overlong forms). */
bool charset_is_utf8(struct slice text);

/*
 * The next code point of well-formed or damaged UTF-8, and *pos moved past it;
 * -1 at the end, 0xFFFD for a damaged octet (one at a time).
 */
long charset_utf8_next(struct slice text, size_t *pos);
/* code_point 0..0x10FFFF, not a surrogate. */
void charset_utf8_append(struct bytes *to, unsigned long code_point);

#endif
