/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pieces - see pieces.h.
 */
#include "gw/smsbox/pieces.h"

#include <limits.h>

#include "gwlib/charset.h"

static struct slice text_or_unset(const struct conf_group *group, const char *name)
{
    const char *value = conf_string(group, name);
    return value != NULL && *value != '\0' ? slice_str(value) : slice_unset();
}

struct pieces_options pieces_options_read(const struct conf_group *group,
                                          const struct conf_group *box)
{
    struct pieces_options options = {0};
    options.max_messages = (unsigned)conf_number(group, "max-messages");
    options.concatenation = conf_bool(group, "concatenation");
    options.header = text_or_unset(group, "header");
    options.footer = text_or_unset(group, "footer");
    options.suffix = text_or_unset(group, "split-suffix");
    options.split_chars = text_or_unset(group, "split-chars");
    options.max_octets = (size_t)conf_number(box, "sms-length");
    return options;
}

struct pieces_options pieces_options_whole(void)
{
    return (struct pieces_options){.max_messages = UINT_MAX, .concatenation = true};
}

/* The addition in the form of the message: UTF-16BE for UCS-2. */
static struct slice in_form(struct slice text, enum sms_coding coding, struct bytes *memory)
{
    if (coding != SMS_CODING_UCS2 || text.len == 0)
        return text;
    charset_convert_lossy(memory, "UTF-16BE", text, "UTF-8", '?');
    return bytes_slice(memory);
}

void pieces_begin(struct pieces *pieces, const struct pieces_options *options,
                  const struct sms *sms)
{
    enum sms_coding coding = sms_coding(sms);
    *pieces = (struct pieces){0};
    pieces->rules = (struct split_box_rules){
        .alphabet = (enum dcs_alphabet)coding,
        .udh = sms->udhdata,
        .max_octets = options->max_octets,
        .max_messages = options->max_messages,
        .concatenation = options->concatenation,
        .header = in_form(options->header, coding, &pieces->converted[0]),
        .footer = in_form(options->footer, coding, &pieces->converted[1]),
        .suffix = in_form(options->suffix, coding, &pieces->converted[2]),
        .split_chars = options->split_chars,
    };
    split_box_begin(&pieces->box, &pieces->rules, sms->msgdata);
}

bool pieces_next(struct pieces *pieces, struct bytes *to)
{
    return split_box_next(&pieces->box, to);
}

unsigned pieces_count(const struct pieces *pieces)
{
    return pieces->box.pieces;
}

void pieces_end(struct pieces *pieces)
{
    for (size_t i = 0; i < sizeof(pieces->converted) / sizeof(pieces->converted[0]); i++)
        bytes_free(&pieces->converted[i]);
}
