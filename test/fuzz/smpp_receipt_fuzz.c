/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzz: any octets as a delivery receipt. The first octet says how many of the
 * following are text; the rest are optional parameters.
 */
#include <stdlib.h>

#include "gw/smsc/smpp/receipt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice octets = slice_of(data, size);
    size_t text_len = size > 0 ? data[0] : 0;
    struct receipt receipt;
    struct bytes id = {0};

    if (!receipt_read(slice_sub(octets, 1, text_len), slice_sub(octets, 1 + text_len, size),
                      &receipt))
        return 0;
    if (receipt.id.len == 0)
        abort();
    receipt_append_id(&id, receipt.id, true);
    receipt_append_id(&id, receipt.id, false);
    bytes_free(&id);
    return 0;
}
