/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzz harness of gw/smsbox/escapes and receivers: pattern, text and meta-data,
 * separated by zero octets.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "gw/smsbox/escapes.h"
#include "gw/smsbox/receivers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice rest = slice_of(data, size), pattern, text;
    if (!slice_next_item(&rest, '\0', &pattern) || !slice_next_item(&rest, '\0', &text))
        return 0;
    struct sms sms = sms_blank();
    sms.msgdata = text;
    sms.meta_data = rest;
    sms.sender = text;
    char *zero_terminated = slice_to_str(pattern);
    struct bytes to = {0};
    struct escapes escapes = escapes_begin(&sms, pattern, size % 2 == 0, 1);
    escapes_needs(zero_terminated);
    escapes_expand(&escapes, zero_terminated, &to);
    struct receivers receivers;
    receivers_read(&receivers, text, &(struct receivers_rules){.chars = zero_terminated});
    receivers_free(&receivers);
    bytes_free(&to);
    free(zero_terminated);
    return 0;
}
