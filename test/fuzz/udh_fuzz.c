/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any octets as a user data header: what udh_check() lets through is walked over
 * to its end and can be built again from its elements.
 */
#include <stdlib.h>

#include "gw/sms/udh.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void build_again(struct slice udh)
{
    struct udh copy = {0}, rest;
    struct udh_element element;
    size_t pos = 0;
    bool room = true;
    while (udh_next(udh, &pos, &element)) {
        if (udh_element_name(element.id) == NULL)
            abort();
        room = room && udh_add(&copy, element.id, element.data);
    }
    if (room && udh.len > 1 && !slice_equal(udh_slice(&copy), udh))
        abort();
    udh_without_concat(udh, &rest);
    if (!udh_check(udh_slice(&rest), NULL))
        abort();
    struct udh_info info;
    udh_read(udh_slice(&rest), &info);
    if (info.concat.bits != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice udh = slice_of(data, size);
    struct udh_info info;
    struct sms_fault fault;
    udh_read(udh, &info);
    if (info.concat.bits != 0 && (info.concat.part == 0 || info.concat.part > info.concat.total))
        abort();
    if (udh_check(udh, &fault))
        build_again(udh);
    else if (fault.octet > size)
        abort();
    return 0;
}
