/* SPDX-License-Identifier: Apache-2.0 */
/*
 * udh - see udh.h.
 */
#include "gw/sms/udh.h"

#include <string.h>

bool udh_check(struct slice udh, struct sms_fault *fault)
{
    if (udh.len == 0)
        return true;
    size_t end = (size_t)udh.data[0] + 1;
    if (end > udh.len)
        return sms_fault(fault, 0, "user data header longer than the user data");
    if (end < udh.len)
        return sms_fault(fault, end, "octets behind the user data header");
    for (size_t pos = 1; pos < end; pos += 2 + (size_t)udh.data[pos + 1]) {
        if (pos + 2 > end || pos + 2 + udh.data[pos + 1] > end)
            return sms_fault(fault, pos, "information element runs past the header");
    }
    return true;
}

bool udh_next(struct slice udh, size_t *pos, struct udh_element *element)
{
    size_t at = *pos == 0 ? 1 : *pos;
    if (at + 2 > udh.len || at + 2 + udh.data[at + 1] > udh.len)
        return false;
    element->id = udh.data[at];
    element->data = slice_of(udh.data + at + 2, udh.data[at + 1]);
    *pos = at + 2 + element->data.len;
    return true;
}

const char *udh_element_name(unsigned id)
{
    static const char *const names[] = {
        [0x00] = "concatenation, 8-bit reference",
        [0x01] = "special message indication",
        [0x04] = "ports, 8 bit",
        [0x05] = "ports, 16 bit",
        [0x06] = "SMSC control parameters",
        [0x07] = "UDH source indicator",
        [0x08] = "concatenation, 16-bit reference",
        [0x09] = "wireless control message",
        [0x0A] = "text formatting",
        [0x0B] = "predefined sound",
        [0x0C] = "user defined sound",
        [0x0D] = "predefined animation",
        [0x0E] = "large animation",
        [0x0F] = "small animation",
        [0x10] = "large picture",
        [0x11] = "small picture",
        [0x12] = "variable picture",
        [0x13] = "user prompt indicator",
        [0x14] = "extended object",
        [0x15] = "reused extended object",
        [0x16] = "compression control",
        [0x17] = "object distribution indicator",
        [0x18] = "standard WVG object",
        [0x19] = "character size WVG object",
        [0x1A] = "extended object data request",
        [0x20] = "RFC 822 e-mail header",
        [0x21] = "hyperlink format",
        [0x22] = "reply address",
        [0x23] = "enhanced voice mail information",
        [0x24] = "national language single shift",
        [0x25] = "national language locking shift",
    };
    const char *name = id < sizeof(names) / sizeof(names[0]) ? names[id] : NULL;
    return name != NULL ? name : "unknown";
}

/* --- what it says ---------------------------------------------------------------- */

static void read_concat(struct udh_concat *concat, uint16_t ref, uint8_t bits,
                        const unsigned char *numbers)
{
    if (numbers[0] == 0 || numbers[1] == 0 || numbers[1] > numbers[0])
        return;
    *concat =
        (struct udh_concat){.bits = bits, .ref = ref, .total = numbers[0], .part = numbers[1]};
}

static uint16_t two(const unsigned char *octets)
{
    return (uint16_t)(octets[0] << 8 | octets[1]);
}

static void read_element(const struct udh_element *element, struct udh_info *info)
{
    const unsigned char *data = element->data.data;
    switch ((unsigned)element->id << 8 | (unsigned)element->data.len) {
    case UDH_CONCAT_8 << 8 | 3:
        read_concat(&info->concat, data[0], 8, data + 1);
        break;
    case UDH_CONCAT_16 << 8 | 4:
        read_concat(&info->concat, two(data), 16, data + 2);
        break;
    case UDH_PORTS_8 << 8 | 2:
        info->ports = (struct udh_ports){8, data[0], data[1]};
        break;
    case UDH_PORTS_16 << 8 | 4:
        info->ports = (struct udh_ports){16, two(data), two(data + 2)};
        break;
    case UDH_SINGLE_SHIFT << 8 | 1:
        info->shift = data[0];
        break;
    case UDH_LOCKING_SHIFT << 8 | 1:
        info->locking = data[0];
        break;
    default:
        break;
    }
}

void udh_read(struct slice udh, struct udh_info *info)
{
    struct udh_element element;
    *info = (struct udh_info){.locking = -1, .shift = -1};
    for (size_t pos = 0; udh_next(udh, &pos, &element);)
        read_element(&element, info);
    if (info->locking > 0 && gsm7_has_locking((unsigned)info->locking))
        info->tables.locking = (uint8_t)info->locking;
    if (info->shift > 0 && gsm7_has_shift((unsigned)info->shift))
        info->tables.shift = (uint8_t)info->shift;
}

/* --- making one -------------------------------------------------------------------- */

bool udh_set(struct udh *udh, struct slice octets, struct sms_fault *fault)
{
    if (octets.len > UDH_MAX)
        return sms_fault(fault, UDH_MAX, "user data header longer than 140 octets");
    if (!udh_check(octets, fault))
        return false;
    udh->len = octets.len;
    if (octets.len > 0)
        memcpy(udh->octets, octets.data, octets.len);
    return true;
}

bool udh_add(struct udh *udh, uint8_t id, struct slice data)
{
    size_t at = udh->len == 0 ? 1 : udh->len;
    if (data.len > UDH_MAX || at + 2 + data.len > UDH_MAX)
        return false;
    udh->octets[at] = id;
    udh->octets[at + 1] = (unsigned char)data.len;
    if (data.len > 0)
        memcpy(udh->octets + at + 2, data.data, data.len);
    udh->len = at + 2 + data.len;
    udh->octets[0] = (unsigned char)(udh->len - 1);
    return true;
}

bool udh_add_concat(struct udh *udh, const struct udh_concat *concat)
{
    unsigned char data[4] = {(unsigned char)(concat->ref >> 8), (unsigned char)concat->ref,
                             concat->total, concat->part};
    if (concat->bits == 16)
        return udh_add(udh, UDH_CONCAT_16, slice_of(data, 4));
    return udh_add(udh, UDH_CONCAT_8, slice_of(data + 1, 3));
}

void udh_without_concat(struct slice udh, struct udh *rest)
{
    struct udh_element element;
    rest->len = 0;
    for (size_t pos = 0; udh_next(udh, &pos, &element);) {
        if (element.id != UDH_CONCAT_8 && element.id != UDH_CONCAT_16)
            udh_add(rest, element.id, element.data);
    }
}
