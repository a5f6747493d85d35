/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzing of child_split_words(): any command line gives words or an error, and
 * the words together are never longer than the line.
 */
#include <stdint.h>
#include <stdlib.h>

#include "gwlib/child.h"
#include "gwlib/memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *command = memory_alloc(size + 1);
    struct bytes error = {0};
    char **words;
    const char *found;

    memcpy(command, data, size);
    command[size] = '\0';
    if (child_split_words(command, &words, &error)) {
        size_t total = 0;

        for (char **word = words; *word != NULL; word++)
            total += strlen(*word);
        if (words[0] == NULL || total > strlen(command) || error.len > 0)
            abort();
        child_free_words(words);
    } else if (error.len == 0) {
        abort();
    }
    found = child_find_shell_syntax(command);
    if (found != NULL && (found < command || found >= command + strlen(command)))
        abort();
    bytes_free(&error);
    free(command);
    return 0;
}
