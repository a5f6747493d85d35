/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Message ids after RFC 9562 section 5.7 (version 7), the time made finer by
 * method 3 of section 6.2, and random numbers: see uuid.h. OpenSSL's generator
 * lives in the process and reseeds itself, also after fork(); that it cannot
 * deliver means that the machine has no entropy source, and then no id is safe to
 * give. A question costs it the same for eight octets and for hundreds, so each
 * thread asks for some in advance; a forked child drops what its parent had.
 */
#include "gwlib/uuid.h"

#include <openssl/rand.h>
#include <openssl/sha.h>
#include <pthread.h>
#include <time.h>

#include "gwlib/log.h"

static const char uuid_digits[] = "0123456789abcdef";

static void random_octets(unsigned char *to, int n)
{
    if (RAND_bytes(to, n) != 1)
        log_panic("The system gives no random numbers.");
}

#define TAIL 8 /* octets of an id that are random, but for two bits */

static _Thread_local struct {
    unsigned char octets[64 * TAIL];
    size_t left;
} advance;

static void drop_advance(void)
{
    advance.left = 0;
}

static void watch_forks(void)
{
    pthread_atfork(NULL, NULL, drop_advance);
}

static void take_tail(unsigned char *to)
{
    static pthread_once_t watched = PTHREAD_ONCE_INIT;

    if (advance.left == 0) {
        pthread_once(&watched, watch_forks);
        random_octets(advance.octets, sizeof(advance.octets));
        advance.left = sizeof(advance.octets);
    }
    advance.left -= TAIL;
    memcpy(to, advance.octets + advance.left, TAIL);
}

struct uuid uuid_generate(void)
{
    struct timespec now;
    struct uuid id;

    clock_gettime(CLOCK_REALTIME, &now);
    uint64_t ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
    unsigned fraction = (unsigned)((uint64_t)now.tv_nsec % 1000000 * 4096 / 1000000);
    for (int i = 0; i < 6; i++)
        id.octets[i] = (unsigned char)(ms >> (40 - 8 * i));
    id.octets[6] = (unsigned char)(0x70 | fraction >> 8);
    id.octets[7] = (unsigned char)fraction;
    take_tail(id.octets + sizeof(id.octets) - TAIL);
    id.octets[8] = (unsigned char)((id.octets[8] & 0x3F) | 0x80);
    return id;
}

/* SHA-256, cut to the form of section 5.8. */
struct uuid uuid_of(struct slice octets)
{
    unsigned char digest[SHA256_DIGEST_LENGTH];
    struct uuid id;

    SHA256(octets.data, octets.len, digest);
    memcpy(id.octets, digest, sizeof(id.octets));
    id.octets[6] = (unsigned char)((id.octets[6] & 0x0F) | 0x80);
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
    if (bound == 1)
        return 0; /* one of one: asked for with each message */
    /* Numbers below 2^32 mod bound would make the small results likelier. */
    surplus = (uint32_t)(-bound) % bound;
    do {
        unsigned char octets[TAIL];

        take_tail(octets);
        memcpy(&number, octets, sizeof(number));
    } while (number < surplus);
    return number % bound;
}
