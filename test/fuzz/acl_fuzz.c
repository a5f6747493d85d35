/* SPDX-License-Identifier: Apache-2.0 */
/* Access lists: deny, allow and address, separated by NULs, are any octets. */
#include <stdint.h>
#include <stdlib.h>

#include "gwlib/acl.h"
#include "gwlib/log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice rest = slice_of(data, size), part;
    char *texts[3] = {NULL, NULL, NULL};
    struct bytes error = {0};
    struct acl *acl, *only;
    size_t i;

    for (i = 0; i < 3 && slice_next_item(&rest, '\0', &part); i++)
        texts[i] = slice_to_str(part);
    acl = acl_create(texts[0], texts[1], &error);
    LOG_ASSERT((acl == NULL) == (error.len > 0));
    only = acl_create_only(texts[1], &error);
    if (acl != NULL && texts[2] != NULL) {
        /* Whom the strict reading of the allow list takes, the mild one does too. */
        if (only != NULL && texts[1] != NULL && acl_allows(only, texts[2]))
            LOG_ASSERT(acl_allows(acl, texts[2]));
    }
    acl_free(only);
    acl_free(acl);
    bytes_free(&error);
    for (i = 0; i < 3; i++)
        free(texts[i]);
    return 0;
}
