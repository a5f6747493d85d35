/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Message ids after RFC 9562 section 5.4 (version 4: 122 random bits), and
 * random numbers: see uuid.h. OpenSSL's generator lives in the process and
 * reseeds itself, also after fork(); that it cannot deliver means that the
 * machine has no entropy source, and then no id is safe to give.
 */
#include "gwlib/uuid.h"

#include <openssl/rand.h>

#include "gwlib/log.h"

static const char uuid_digits[] = "0123456789abcdef";

static void random_octets(unsigned char *to, int n)
{
    if (RAND_bytes(to, n) != 1)
        log_panic("The system gives no random numbers.");
}

struct uuid uuid_generate(void)
{
    struct uuid id;

    random_octets(id.octets, sizeof(id.octets));
    id.octets[6] = (unsigned char)((id.octets[6] & 0x0F) | 0x40);
    id.octets[8] = (unsigned char)((id.octets[8] & 0x3F) | 0x80);
    return id;
}

bool uuid_is_nil(const struct uuid *id)
{
    static const struct uuid nil;

    return uuid_equal(id, &nil);
}

bool uuid_equal(const struct uuid *a, const struct uuid *b)
{
    return memcmp(a->octets, b->octets, sizeof(a->octets)) == 0;
}

/* Whether the text form has a hyphen before this octet. */
static bool hyphen_before(size_t octet)
{
    return octet == 4 || octet == 6 || octet == 8 || octet == 10;
}

void uuid_format(const struct uuid *id, char text[UUID_TEXT_LEN + 1])
{
    char *to = text;
    size_t i;

    for (i = 0; i < sizeof(id->octets); i++) {
        if (hyphen_before(i))
            *to++ = '-';
        *to++ = uuid_digits[id->octets[i] >> 4];
        *to++ = uuid_digits[id->octets[i] & 0x0F];
    }
    *to = '\0';
}

static int digit_value(unsigned char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool uuid_parse(struct slice text, struct uuid *id)
{
    struct uuid parsed;
    const unsigned char *from = text.data;
    size_t i;

    if (text.len != UUID_TEXT_LEN)
        return false;
    for (i = 0; i < sizeof(parsed.octets); i++) {
        int high, low;

        if (hyphen_before(i) && *from++ != '-')
            return false;
        high = digit_value(*from++);
        low = digit_value(*from++);
        if (high < 0 || low < 0)
            return false;
        parsed.octets[i] = (unsigned char)(high << 4 | low);
    }
    *id = parsed;
    return true;
}

uint32_t random_below(uint32_t bound)
{
    uint32_t surplus, number;

    LOG_ASSERT(bound > 0);
    /* Numbers below 2^32 mod bound would make the small results likelier. */
    surplus = (uint32_t)(-bound) % bound;
    do {
        unsigned char octets[sizeof(number)];

        random_octets(octets, sizeof(octets));
        memcpy(&number, octets, sizeof(number));
    } while (number < surplus);
    return number % bound;
}
