/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pieces - the variables of a user or service that say how a long message is
 * cut (max-messages, concatenation, header, footer, split-chars, split-suffix),
 * as the rules of gw/sms/split.h.
 *
 * Specification: Kannel 1.4.5, as recorded in test/data/compat.
 */
#ifndef GW_SMSBOX_PIECES_H
#define GW_SMSBOX_PIECES_H

#include "gw/msg/message.h"
#include "gw/sms/split.h"
#include "gwlib/conf.h"

struct pieces_options {
    unsigned max_messages; /* 0: nothing is sent */
    bool concatenation;
    struct slice header, footer, suffix, split_chars; /* UTF-8, unset without */
    size_t max_octets;
};

/* From a group sendsms-user or sms-service; sms-length is in the smsbox group. */
struct pieces_options pieces_options_read(const struct conf_group *group,
                                          const struct conf_group *box);

/* One message, whole, whatever its length. */
struct pieces_options pieces_options_whole(void);

/*
 * The texts to send in order. Begin, then next until false; the rules keep
 * converted copies, which pieces_end() frees. options and sms must live so long.
 */
struct pieces {
    struct split_box_rules rules;
    struct split_box box;
    struct bytes converted[3]; /* header, footer, suffix for UCS-2 */
};
void pieces_begin(struct pieces *pieces, const struct pieces_options *options,
                  const struct sms *sms);
bool pieces_next(struct pieces *pieces, struct bytes *to);
/* How many parts what was returned so far makes on the air. */
unsigned pieces_count(const struct pieces *pieces);
void pieces_end(struct pieces *pieces);

#endif
