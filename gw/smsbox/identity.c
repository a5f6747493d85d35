/* SPDX-License-Identifier: Apache-2.0 */
/*
 * identity - see identity.h. The parts stand with their lengths.
 */
#include "gw/smsbox/identity.h"

struct uuid identity_of_part(struct slice origin, struct slice receiver, unsigned part)
{
    if (!slice_is_set(origin))
        return uuid_generate();
    struct bytes text = {0};
    bytes_printf(&text, "%zu:%zu:%u:", origin.len, receiver.len, part);
    bytes_append_slice(&text, origin);
    bytes_append_slice(&text, receiver);
    struct uuid id = uuid_of(bytes_slice(&text));
    bytes_free(&text);
    return id;
}
