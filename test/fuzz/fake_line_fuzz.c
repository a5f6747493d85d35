/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzz: any octets as a line of a fake SMSC's client; what it says, sent back, is
 * one line.
 */
#include <stdlib.h>

#include "gw/smsc/fake_line.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fake_line_scratch scratch = {{0}, {0}};
    struct bytes line = {0};
    struct sms sms;

    if (fake_line_parse(&sms, slice_of(data, size), &scratch)) {
        fake_line_compose(&line, &sms);
        if (slice_find(bytes_slice(&line), '\n', 0) != line.len - 1)
            abort();
    }
    bytes_free(&line);
    fake_line_scratch_free(&scratch);
    return 0;
}
