/* SPDX-License-Identifier: Apache-2.0 */
/*
 * escapes - the codes in get-url, post-url, post-xml, text, file, exec and
 * dlr-url: %k, %s, %p and so on.
 *
 * "Words" are the text cut at blanks, octet by octet also in UCS-2, as Kannel
 * does. All values are URL-encoded but that of %S. An unknown code stays as it
 * is. Total: any pattern, any text.
 */
#ifndef GW_SMSBOX_ESCAPES_H
#define GW_SMSBOX_ESCAPES_H

#include <stdbool.h>
#include <stddef.h>

#include "gw/msg/message.h"

/*
 * One expansion. It remembers which words %s and %S took, so that the parts of
 * a command line share them: expand them one after the other with one of these.
 */
struct escapes {
    const struct sms *sms;
    struct slice service; /* %n when the message has no service of its own */
    bool report;          /* a report: sender and receiver are those of the MT */
    int64_t now;          /* seconds since 1970, for %v and %V */
    size_t next_word;     /* offset behind the last word that was taken */
};

/* sms and service must outlive it. */
struct escapes escapes_begin(const struct sms *sms, struct slice service, bool report, int64_t now);

/* Appends the pattern with its codes replaced. */
void escapes_expand(struct escapes *escapes, const char *pattern, struct bytes *to);

/* What a pattern asks of a text: for choosing a service. */
struct escapes_needs {
    unsigned words; /* how many %s and %S there are */
    bool rest;      /* whether there is a %r or %a */
};
struct escapes_needs escapes_needs(const char *pattern);

/* The words of a text. */
unsigned escapes_count_words(struct slice text);
/* The text behind its first word and the blanks after that. */
struct slice escapes_without_first_word(struct slice text);

#endif
