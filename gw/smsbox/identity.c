/* SPDX-License-Identifier: Apache-2.0 */
/*
 * identity - see identity.h. SHA-256 over the parts with their lengths, cut to
 * the form of RFC 9562's version 8.
 */
#include "gw/smsbox/identity.h"

#include <openssl/sha.h>

struct uuid identity_of_part(struct slice origin, struct slice receiver, unsigned part)
{
    if (!slice_is_set(origin))
        return uuid_generate();
    struct bytes text = {0};
    bytes_printf(&text, "%zu:%zu:%u:", origin.len, receiver.len, part);
    bytes_append_slice(&text, origin);
    bytes_append_slice(&text, receiver);
    unsigned char digest[SHA256_DIGEST_LENGTH];
    SHA256(text.data, text.len, digest);
    bytes_free(&text);
    struct uuid id;
    memcpy(id.octets, digest, sizeof(id.octets));
    id.octets[6] = (unsigned char)((id.octets[6] & 0x0f) | 0x80);
    id.octets[8] = (unsigned char)((id.octets[8] & 0x3f) | 0x80);
    return id;
}
