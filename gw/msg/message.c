/* SPDX-License-Identifier: Apache-2.0 */
/*
 * message - see message.h. A message is one block of memory: the reference
 * count, the struct sms, and the octets its strings point to. All code that
 * walks the fields comes from sms_frame.def.
 */
#include "gw/msg/message.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "gwlib/log.h"
#include "gwlib/memory.h"

struct message {
    atomic_uint references;
    struct sms sms;
    unsigned char octets[];
};

struct sms sms_blank(void)
{
    return (struct sms){
#define FRAME(name, type)
#define END_FRAME(name)
#define INTEGER(name)  .name = SMS_UNSET,
#define MOMENT(name)   .name = SMS_UNSET,
#define STRING(name)   .name = {NULL, 0},
#define IDENTITY(name) .name = {{0}},
#include "gw/msg/sms_frame.def"
    };
}
#undef INTEGER
#undef MOMENT
#undef STRING
#undef IDENTITY

bool sms_wants(const struct sms *sms, int events)
{
    return sms->dlr_mask > 0 && (sms->dlr_mask & events) != 0;
}

enum sms_coding sms_coding(const struct sms *sms)
{
    switch (sms->coding) {
    case SMS_CODING_7BIT:
    case SMS_CODING_8BIT:
    case SMS_CODING_UCS2:
        return (enum sms_coding)sms->coding;
    default:
        return slice_is_empty(sms->udhdata) ? SMS_CODING_7BIT : SMS_CODING_8BIT;
    }
}

/* In the rest of this file only the strings of a message matter. */
#define INTEGER(name)
#define MOMENT(name)
#define IDENTITY(name)

static size_t strings_size(const struct sms *sms)
{
    size_t size = 0;
#define STRING(name) size += sms->name.len;
#include "gw/msg/sms_frame.def"
#undef STRING
    return size;
}

/* Moves the octets of one string to *place; an unset string stays unset. */
static void own_string(struct slice *string, unsigned char **place)
{
    if (!slice_is_set(*string))
        return;
    if (string->len > 0)
        memcpy(*place, string->data, string->len);
    string->data = *place;
    *place += string->len;
}

struct message *message_create(const struct sms *sms)
{
    /* One octet more, so that an empty string at the end points inside. */
    struct message *message = memory_alloc(sizeof *message + strings_size(sms) + 1);
    unsigned char *place = message->octets;

    atomic_init(&message->references, 1);
    message->sms = *sms;
#define STRING(name) own_string(&message->sms.name, &place);
#include "gw/msg/sms_frame.def"
#undef STRING
    return message;
}

struct message *message_ref(struct message *message)
{
    unsigned before = atomic_fetch_add_explicit(&message->references, 1, memory_order_relaxed);

    LOG_ASSERT(before > 0);
    return message;
}

void message_unref(struct message *message)
{
    if (message == NULL)
        return;
    /* acq_rel: the last holder must see all uses by the others as finished. */
    unsigned before = atomic_fetch_sub_explicit(&message->references, 1, memory_order_acq_rel);

    LOG_ASSERT(before > 0);
    if (before == 1)
        free(message);
}

const struct sms *message_sms(const struct message *message)
{
    return &message->sms;
}
