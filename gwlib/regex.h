/* SPDX-License-Identifier: Apache-2.0 */
/*
 * regex - regular expressions as people write them into a kannel.conf: Perl's
 * syntax (a superset of POSIX extended), unanchored, on octets.
 *
 * Both pattern and subject come from people who may be careless or hostile, so
 * a match has a bounded cost: one that needs more steps or memory than the
 * limit counts as "does not match", with a line in the log. A compiled
 * expression does not change and may be used by several threads.
 */
#ifndef GWLIB_REGEX_H
#define GWLIB_REGEX_H

#include <stdbool.h>

#include "gwlib/bytes.h"

struct regex;

/* NULL, and the reason appended to *error, when the pattern is none. */
struct regex *regex_compile(const char *pattern, bool nocase, struct bytes *error);
/* NULL is fine. */
void regex_free(struct regex *regex);

/* Whether it is found anywhere in the subject; unset counts as empty. */
bool regex_matches(const struct regex *regex, struct slice subject);

/* The same, and what group `group` caught (0: the whole match) as a part of the
 * subject; *caught is unset when the group had no part in the match. */
bool regex_capture(const struct regex *regex, struct slice subject, unsigned group,
                   struct slice *caught);

#endif
