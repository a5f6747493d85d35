/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Meta-data and optional parameters: see meta.h.
 */
#include "gw/smsc/smpp/meta.h"

#include <inttypes.h>
#include <stdio.h>

#include "gw/smsc/smpp/pdu.h"
#include "gwlib/url.h"

/* --- from a message ---------------------------------------------------------------- */

/* What stands behind "?group?" up to the next group; values hold no raw '?'. */
static struct slice find_group(struct slice meta, const char *name)
{
    size_t at = slice_find(meta, '?', 0);

    while (at < meta.len) {
        size_t name_end = slice_find(meta, '?', at + 1);
        size_t end = slice_find(meta, '?', name_end + 1);

        if (slice_equal_str(slice_sub(meta, at + 1, name_end - at - 1), name))
            return slice_sub(meta, name_end + 1, end - name_end - 1);
        at = end;
    }
    return slice_unset();
}

static bool find_item(struct slice group, const char *name, struct slice *value)
{
    struct slice item;

    while (slice_is_set(group) && slice_next_item(&group, '&', &item)) {
        size_t equals = slice_find(item, '=', 0);

        if (!slice_equal_str(slice_sub(item, 0, equals), name))
            continue;
        *value = slice_sub(item, equals + 1, item.len);
        return true;
    }
    return false;
}

static void append_integer(struct bytes *tlvs, const struct settings_tlv *tlv, struct slice value)
{
    long number = 0;

    slice_to_number(value, 0, UINT32_MAX, &number);
    smpp_tlv_append_number(tlvs, tlv->tag, (uint32_t)number, tlv->length);
}

static void append_tlv(struct bytes *tlvs, const struct settings_tlv *tlv, struct bytes *value)
{
    if (tlv->type == TLV_INTEGER) {
        append_integer(tlvs, tlv, bytes_slice(value));
        return;
    }
    if (tlv->type == TLV_NULTERMINATED)
        bytes_append_char(value, 0);
    if (value->len <= tlv->length)
        smpp_tlv_append(tlvs, tlv->tag, bytes_slice(value));
}

void meta_append_tlvs(struct bytes *tlvs, const struct smpp_settings *settings,
                      struct slice meta_data)
{
    struct slice group = settings->tlv_count > 0 ? find_group(meta_data, "smpp") : slice_unset();
    struct bytes value = {0};

    for (size_t i = 0; i < settings->tlv_count; i++) {
        const struct settings_tlv *tlv = &settings->tlvs[i];
        struct slice encoded;

        bytes_clear(&value);
        if (find_item(group, tlv->name, &encoded))
            url_decode(&value, encoded);
        else if (tlv->constant != NULL)
            bytes_append_str(&value, tlv->constant);
        else
            continue;
        append_tlv(tlvs, tlv, &value);
    }
    bytes_free(&value);
}

/* --- from the wire ------------------------------------------------------------------- */

void meta_append_item(struct bytes *meta, const char *name, struct slice value)
{
    bytes_append_str(meta, name);
    bytes_append_char(meta, '=');
    url_encode(meta, value);
    bytes_append_char(meta, '&');
}

static void append_integer_item(struct bytes *meta, const char *name, struct slice tlvs,
                                uint16_t tag)
{
    char digits[sizeof "4294967295"];
    uint32_t number;

    if (!smpp_tlv_find_number(tlvs, tag, &number))
        return;
    snprintf(digits, sizeof digits, "%" PRIu32, number);
    meta_append_item(meta, name, slice_str(digits));
}

void meta_append_group(struct bytes *meta, const struct smpp_settings *settings, const char *group,
                       struct slice tlvs)
{
    bytes_printf(meta, "?%s?", group);
    for (size_t i = 0; i < settings->tlv_count; i++) {
        const struct settings_tlv *tlv = &settings->tlvs[i];
        struct slice value;

        if (tlv->type == TLV_INTEGER)
            append_integer_item(meta, tlv->name, tlvs, tlv->tag);
        else if (smpp_tlv_find(tlvs, tlv->tag, &value))
            meta_append_item(meta, tlv->name,
                             tlv->type == TLV_NULTERMINATED
                                 ? slice_sub(value, 0, slice_find(value, 0, 0))
                                 : value);
    }
}
