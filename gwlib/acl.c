/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Access lists: see acl.h. Every pattern becomes an address of 16 octets and a
 * mask of 16 octets, IPv4 in the form that IPv6 has for it (::ffff:0:0/96, RFC
 * 4291 section 2.5.5.2), so that one comparison does for all. An IPv4 address
 * matches IPv4 patterns only: "::/0" means IPv6.
 */
#include "gwlib/acl.h"

#include <arpa/inet.h>
#include <stdlib.h>

#include "gwlib/memory.h"

#define ADDRESS_OCTETS 16
#define IPV4_AT        12 /* where the four octets of an IPv4 address stand */
#define ITEM_MAX       INET6_ADDRSTRLEN

struct acl_pattern {
    unsigned char address[ADDRESS_OCTETS]; /* zero where the mask is */
    unsigned char mask[ADDRESS_OCTETS];
};

struct acl_list {
    struct acl_pattern *patterns;
    size_t count;
    bool set;
    bool everything; /* "*.*.*.*" is among the patterns */
};

struct acl {
    struct acl_list deny, allow;
    bool only; /* what allow does not name is refused */
};

static const unsigned char mapped_prefix[IPV4_AT] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

/* --- parsing ------------------------------------------------------------- */

/* An address in text form, IPv4 mapped; *bits is 32 or 128 by its form. */
static bool parse_address(struct slice text, unsigned char octets[ADDRESS_OCTETS], long *bits)
{
    char copy[ITEM_MAX];

    if (text.len == 0 || text.len >= sizeof(copy))
        return false;
    memcpy(copy, text.data, text.len);
    copy[text.len] = '\0';
    if (strlen(copy) != text.len)
        return false;
    if (inet_pton(AF_INET6, copy, octets) == 1) {
        *bits = 128;
        return true;
    }
    if (inet_pton(AF_INET, copy, octets + IPV4_AT) != 1)
        return false;
    memcpy(octets, mapped_prefix, sizeof(mapped_prefix));
    *bits = 32;
    return true;
}

static void mask_pattern(struct acl_pattern *pattern, long bits)
{
    long i;

    for (i = 0; i < ADDRESS_OCTETS; i++) {
        long here = bits - 8 * i;

        pattern->mask[i] = (unsigned char)(here >= 8   ? 0xFF
                                           : here <= 0 ? 0
                                                       : 0xFF00 >> here & 0xFF);
        pattern->address[i] &= pattern->mask[i];
    }
}

/* "192.0.2.0/24", "2001:db8::/32", or an address alone. */
static bool parse_cidr(struct slice item, struct acl_pattern *pattern)
{
    size_t slash = slice_find(item, '/', 0);
    long bits, prefix;

    if (!parse_address(slice_sub(item, 0, slash), pattern->address, &bits))
        return false;
    prefix = bits;
    if (slash < item.len &&
        !slice_to_number(slice_sub(item, slash + 1, item.len), 0, bits, &prefix))
        return false;
    mask_pattern(pattern, 128 - bits + prefix);
    return true;
}

/* Four numbers or stars between dots. */
static bool parse_wildcard(struct slice item, struct acl_pattern *pattern)
{
    struct slice rest = item, part;
    size_t i = IPV4_AT;
    long number;

    memcpy(pattern->address, mapped_prefix, sizeof(mapped_prefix));
    memset(pattern->mask, 0xFF, sizeof(mapped_prefix));
    while (slice_next_item(&rest, '.', &part)) {
        if (i == ADDRESS_OCTETS)
            return false;
        if (slice_equal_str(part, "*")) {
            pattern->address[i] = pattern->mask[i] = 0;
        } else if (part.len <= 3 && slice_to_number(part, 0, 255, &number) && part.data[0] != '+' &&
                   part.data[0] != '-') {
            pattern->address[i] = (unsigned char)number;
            pattern->mask[i] = 0xFF;
        } else {
            return false;
        }
        i++;
    }
    return i == ADDRESS_OCTETS;
}

static bool parse_item(struct slice item, struct acl_list *list)
{
    struct acl_pattern pattern = {{0}, {0}};

    if (!parse_wildcard(item, &pattern) && !parse_cidr(item, &pattern))
        return false;
    if (slice_equal_str(item, "*.*.*.*"))
        list->everything = true;
    list->patterns = memory_realloc(list->patterns, list->count + 1, sizeof(pattern));
    list->patterns[list->count++] = pattern;
    return true;
}

static bool parse_list(const char *text, struct acl_list *list, struct bytes *error)
{
    struct slice rest = slice_str(text), item;

    list->set = text != NULL;
    while (slice_next_item(&rest, ';', &item)) {
        item = slice_trim(item);
        if (item.len > 0 && !parse_item(item, list)) {
            bytes_printf(error, "`%.*s' is no address pattern (10.0.*.*, 192.0.2.0/24, ::1)",
                         (int)(item.len < 64 ? item.len : 64), (const char *)item.data);
            return false;
        }
    }
    return true;
}

struct acl *acl_create(const char *deny, const char *allow, struct bytes *error)
{
    struct acl *acl = memory_zalloc(1, sizeof(*acl));

    if (parse_list(deny, &acl->deny, error) && parse_list(allow, &acl->allow, error))
        return acl;
    acl_free(acl);
    return NULL;
}

struct acl *acl_create_only(const char *allow, struct bytes *error)
{
    struct acl *acl = acl_create(NULL, allow, error);

    if (acl != NULL)
        acl->only = allow != NULL;
    return acl;
}

void acl_free(struct acl *acl)
{
    if (acl == NULL)
        return;
    free(acl->deny.patterns);
    free(acl->allow.patterns);
    free(acl);
}

/* --- asking -------------------------------------------------------------- */

static bool is_ipv4(const unsigned char *address)
{
    return memcmp(address, mapped_prefix, sizeof(mapped_prefix)) == 0;
}

static bool pattern_matches(const struct acl_pattern *pattern, const unsigned char *address)
{
    size_t i;

    if (is_ipv4(address) && !is_ipv4(pattern->address))
        return false;
    for (i = 0; i < ADDRESS_OCTETS; i++) {
        if ((address[i] & pattern->mask[i]) != pattern->address[i])
            return false;
    }
    return true;
}

static bool list_matches(const struct acl_list *list, const unsigned char *address)
{
    size_t i;

    for (i = 0; i < list->count; i++) {
        if (pattern_matches(&list->patterns[i], address))
            return true;
    }
    return false;
}

bool acl_allows(const struct acl *acl, const char *address)
{
    unsigned char octets[ADDRESS_OCTETS];
    long bits;

    if (acl == NULL || (!acl->only && !acl->deny.set))
        return true;
    if (!parse_address(slice_str(address), octets, &bits))
        return false; /* of somebody unknown we believe the worst */
    if (list_matches(&acl->allow, octets))
        return true;
    return !acl->only && !acl->deny.everything && !list_matches(&acl->deny, octets);
}
