/* SPDX-License-Identifier: Apache-2.0 */
/*
 * confdoc - writes the variables of schema.def into a manual page.
 *
 *   confdoc            prints the lists of groups and variables (mdoc)
 *   confdoc PAGE       prints PAGE with the lists between its two marker lines
 *   confdoc -s         prints what --generate of the boxes prints
 *
 * For developers; "make update-doc" runs it.
 */
#include <stdio.h>
#include <stdlib.h>

#include "gw/conf/schema.h"

#define BEGIN ".\\\" BEGIN variables"
#define END   ".\\\" END variables"

static bool read_page(const char *path, struct bytes *page)
{
    char piece[4096];
    size_t n;
    FILE *file = fopen(path, "r");
    bool read_all;

    if (file == NULL)
        return false;
    while ((n = fread(piece, 1, sizeof(piece), file)) > 0)
        bytes_append(page, piece, n);
    read_all = ferror(file) == 0;
    fclose(file);
    return read_all;
}

/* The lists take the place of what is between the markers. */
static bool print_page(const char *path, const struct bytes *lists)
{
    struct bytes page = {0};
    const char *begin, *end;
    bool complete = false;

    if (read_page(path, &page)) {
        begin = strstr(bytes_str(&page), BEGIN);
        end = begin != NULL ? strstr(begin, END) : NULL;
        begin = begin != NULL ? strchr(begin, '\n') : NULL;
        if (begin != NULL && end != NULL) {
            printf("%.*s%s%s", (int)(begin + 1 - bytes_str(&page)), bytes_str(&page),
                   bytes_str(lists), end);
            complete = true;
        }
    }
    bytes_free(&page);
    return complete;
}

int main(int argc, char **argv)
{
    struct bytes lists = {0};
    bool printed = true;

    if (argc == 2 && strcmp(argv[1], "-s") == 0)
        conf_schema_print(schema_get(), &lists);
    else
        conf_schema_print_mdoc(schema_get(), &lists);
    if (argc == 2 && strcmp(argv[1], "-s") != 0)
        printed = print_page(argv[1], &lists);
    else
        printf("%s", bytes_str(&lists));
    if (!printed)
        fprintf(stderr, "%s: cannot be read, or has no marker lines\n", argv[1]);
    bytes_free(&lists);
    return printed && fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
