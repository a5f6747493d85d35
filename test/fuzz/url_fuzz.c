/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzing of gwlib/url: any octets as a value and as a query string. What was
 * encoded must decode to itself.
 */
#include <stdint.h>
#include <stdlib.h>

#include "gwlib/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice input = slice_of(data, size);
    struct bytes encoded = {0}, decoded = {0};
    struct url_params *params = url_params_parse(input);

    (void)url_params_get(params, "text");
    url_params_free(params);

    (void)url_decode(&decoded, input);
    if (decoded.len > size)
        abort();
    bytes_clear(&decoded);
    url_encode(&encoded, input);
    if (!url_decode(&decoded, bytes_slice(&encoded)) || !slice_equal(bytes_slice(&decoded), input))
        abort();
    bytes_free(&encoded);
    bytes_free(&decoded);
    return 0;
}
