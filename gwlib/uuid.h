/* SPDX-License-Identifier: Apache-2.0 */
/*
 * uuid - message ids (RFC 9562, versions 7 and 8), and random numbers.
 *
 * Random octets come from OpenSSL's generator: no system call for each id.
 * Any thread.
 */
#ifndef GWLIB_UUID_H
#define GWLIB_UUID_H

#include <stdbool.h>
#include <stdint.h>

#include "gwlib/bytes.h"

#define UUID_TEXT_LEN 36

struct uuid {
    unsigned char octets[16];
};

/* Begins with the time, to a quarter of a microsecond: whoever keeps messages by
 * their id appends. 62 bits are random. */
struct uuid uuid_generate(void);
/* The id that follows from these octets (version 8): the same for the same. */
struct uuid uuid_of(struct slice octets);
/* The all-zero id, which stands for "none". */
bool uuid_is_nil(const struct uuid *id);
bool uuid_equal(const struct uuid *a, const struct uuid *b);

/* "8-4-4-4-12" lower case, NUL-terminated. */
void uuid_format(const struct uuid *id, char text[UUID_TEXT_LEN + 1]);
/* Exactly that form, either case; false and *id untouched otherwise. */
bool uuid_parse(struct slice text, struct uuid *id);

/* Uniform in 0..bound-1; bound > 0. */
uint32_t random_below(uint32_t bound);

#endif
