/* SPDX-License-Identifier: Apache-2.0 */
/*
 * utf16 - UTF-16BE, the "UCS2" of SMS, to and from UTF-8 in buffers of the
 * caller. Any charset other than these two goes through gwlib/charset.
 */
#ifndef GW_SMS_UTF16_H
#define GW_SMS_UTF16_H

#include <stddef.h>

#include "gwlib/bytes.h"

/* Octets of the UTF-16BE form; damaged octets count as U+FFFD. */
size_t utf16_count(struct slice utf8);

/* Writes utf16_count() octets and returns their number; stops before the first
 * character that does not fit into capacity. */
size_t utf16_from_utf8(struct slice utf8, unsigned char *utf16, size_t capacity);

/*
 * Writes at most UTF16_UTF8_MAX(len) octets and returns their number. Unpaired
 * surrogates become U+FFFD, an odd last octet is dropped.
 */
#define UTF16_UTF8_MAX(octets) ((octets) / 2 * 3)
size_t utf16_to_utf8(struct slice utf16, char *utf8);

#endif
