/* SPDX-License-Identifier: Apache-2.0 */
/*
 * address - see address.h.
 */
#include "gw/sms/address.h"

#include <string.h>

#include "gw/sms/gsm7.h"

#define ALPHANUMERIC_SEPTETS 11
#define FILLER               0xF

const char *address_ton_name(enum address_ton ton)
{
    static const char *const names[] = {"unknown",    "international", "national",    "network",
                                        "subscriber", "alphanumeric",  "abbreviated", "reserved"};
    return names[(unsigned)ton & 7];
}

static int digit_value(unsigned char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c == '*' || c == '#')
        return c == '*' ? 10 : 11;
    return (c | 0x20) >= 'a' && (c | 0x20) <= 'c' ? (c | 0x20) - 'a' + 12 : -1;
}

/* --- from text ---------------------------------------------------------------- */

static bool alphanumeric_from_text(struct slice text, uint8_t toa, struct sms_address *address,
                                   struct sms_fault *fault)
{
    uint8_t septets[ALPHANUMERIC_SEPTETS];
    size_t count;
    if (!gsm7_encode(text, GSM7_DEFAULT, 0, septets, sizeof(septets), &count, fault)) {
        if (fault != NULL && gsm7_fits(text, GSM7_DEFAULT))
            fault->reason = "address longer than 11 characters";
        return false;
    }
    if (count == 0)
        return sms_fault(fault, 0, "address without a character");
    /* Back from the septets: the shape that decoding gives, and it fits. */
    size_t len = gsm7_decode(septets, count, GSM7_DEFAULT, address->text);
    address->present = true;
    address->toa = toa;
    address->len = (uint8_t)len;
    address->text[len] = 0;
    return true;
}

static bool number_from_text(struct slice text, uint8_t toa, struct sms_address *address,
                             struct sms_fault *fault)
{
    size_t from = text.len > 0 && text.data[0] == '+' ? 1 : 0, len = 0;
    if (text.len - from > ADDRESS_DIGITS_MAX)
        return sms_fault(fault, from + ADDRESS_DIGITS_MAX, "address longer than 20 digits");
    for (size_t i = from; i < text.len; i++) {
        if (digit_value(text.data[i]) < 0)
            return sms_fault(fault, i, "not a digit of an address");
    }
    if (address_ton(toa) == ADDRESS_INTERNATIONAL)
        address->text[len++] = '+';
    if (text.len > from)
        memcpy(address->text + len, text.data + from, text.len - from);
    len += text.len - from;
    address->present = true;
    address->toa = toa;
    address->len = (uint8_t)len;
    address->text[len] = 0;
    return true;
}

static int automatic_toa(struct slice text)
{
    size_t from = text.len > 0 && text.data[0] == '+' ? 1 : 0;
    for (size_t i = from; i < text.len; i++) {
        int digit = digit_value(text.data[i]);
        if (digit < 0 || digit > (from > 0 ? 9 : 11))
            return ADDRESS_TOA_ALPHANUMERIC;
    }
    if (from == 0)
        return ADDRESS_TOA_UNKNOWN;
    return text.len > 1 ? ADDRESS_TOA_INTERNATIONAL : ADDRESS_TOA_ALPHANUMERIC;
}

bool address_from_text(struct slice text, int toa, struct sms_address *address,
                       struct sms_fault *fault)
{
    struct sms_address made = {0};
    uint8_t type = (uint8_t)(toa == ADDRESS_TOA_AUTO ? automatic_toa(text) : toa | 0x80);
    bool good = address_ton(type) == ADDRESS_ALPHANUMERIC
                    ? alphanumeric_from_text(text, type, &made, fault)
                    : number_from_text(text, type, &made, fault);
    if (good)
        *address = made;
    return good;
}

/* --- from octets ---------------------------------------------------------------- */

/* n semi-octets; false at one that is the filler (unless it is the last). */
static void digits_decode(const unsigned char *octets, size_t n, struct sms_address *address)
{
    static const char digits[] = "0123456789*#abc";
    char *to = address->text;
    if (address_ton(address->toa) == ADDRESS_INTERNATIONAL)
        *to++ = '+';
    for (size_t i = 0; i < n; i++) {
        unsigned digit = i % 2 == 0 ? octets[i / 2] & 0xF : octets[i / 2] >> 4;
        if (digit == FILLER)
            break;
        *to++ = digits[digit];
    }
    *to = 0;
    address->len = (uint8_t)(to - address->text);
}

static void alphanumeric_decode(const unsigned char *octets, size_t n, struct sms_address *address)
{
    uint8_t septets[ADDRESS_DIGITS_MAX];
    size_t count = n * 4 / 7;
    gsm7_unpack(octets, (n + 1) / 2, 0, count, septets);
    address->len = (uint8_t)gsm7_decode(septets, count, GSM7_DEFAULT, address->text);
    address->text[address->len] = 0;
}

static void value_decode(const unsigned char *octets, size_t n, struct sms_address *address)
{
    if (address_ton(address->toa) == ADDRESS_ALPHANUMERIC)
        alphanumeric_decode(octets, n, address);
    else
        digits_decode(octets, n, address);
}

bool address_decode(struct slice octets, size_t *pos, struct sms_address *address,
                    struct sms_fault *fault)
{
    size_t at = *pos;
    if (at + 2 > octets.len)
        return sms_fault(fault, octets.len, "ends within the address");
    size_t n = octets.data[at];
    if (n > ADDRESS_DIGITS_MAX)
        return sms_fault(fault, at, "address longer than 20 digits");
    if (at + 2 + (n + 1) / 2 > octets.len)
        return sms_fault(fault, octets.len, "ends within the address");
    address->present = true;
    address->toa = octets.data[at + 1];
    value_decode(octets.data + at + 2, n, address);
    *pos = at + 2 + (n + 1) / 2;
    return true;
}

bool address_decode_smsc(struct slice octets, size_t *pos, struct sms_address *address,
                         struct sms_fault *fault)
{
    size_t at = *pos;
    if (at >= octets.len)
        return sms_fault(fault, octets.len, "ends before the service centre address");
    size_t len = octets.data[at];
    if (len > 1 + ADDRESS_DIGITS_MAX / 2)
        return sms_fault(fault, at, "service centre address longer than 20 digits");
    if (at + 1 + len > octets.len)
        return sms_fault(fault, octets.len, "ends within the service centre address");
    *pos = at + 1 + len;
    address->present = len > 0;
    address->len = 0;
    address->text[0] = 0;
    address->toa = len > 0 ? octets.data[at + 1] : 0;
    if (len > 0)
        value_decode(octets.data + at + 2, 2 * (len - 1), address);
    return true;
}

/* --- to octets ------------------------------------------------------------------- */

/* Returns the semi-octets. */
static size_t value_encode(const struct sms_address *address, unsigned char *octets)
{
    if (address_ton(address->toa) == ADDRESS_ALPHANUMERIC) {
        uint8_t septets[ALPHANUMERIC_SEPTETS];
        size_t count = 0;
        gsm7_encode(address_slice(address), GSM7_DEFAULT, '?', septets, sizeof(septets), &count,
                    NULL);
        gsm7_pack(septets, count, 0, octets);
        return (count * 7 + 3) / 4;
    }
    size_t n = 0;
    for (size_t i = 0; i < address->len && n < ADDRESS_DIGITS_MAX; i++) {
        int digit = digit_value((unsigned char)address->text[i]);
        if (digit < 0)
            continue;
        if (n % 2 == 0)
            octets[n / 2] = (unsigned char)(0xF0 | digit);
        else
            octets[n / 2] = (unsigned char)((octets[n / 2] & 0x0F) | digit << 4);
        n++;
    }
    return n;
}

size_t address_encode(const struct sms_address *address, unsigned char *octets)
{
    size_t n = value_encode(address, octets + 2);
    octets[0] = (unsigned char)n;
    octets[1] = address->toa;
    return 2 + (n + 1) / 2;
}

size_t address_encode_smsc(const struct sms_address *address, unsigned char *octets)
{
    if (!address->present) {
        octets[0] = 0;
        return 1;
    }
    size_t n = value_encode(address, octets + 2);
    octets[0] = (unsigned char)(1 + (n + 1) / 2);
    octets[1] = address->toa;
    return 2 + (n + 1) / 2;
}
