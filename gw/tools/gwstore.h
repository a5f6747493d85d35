/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gwstore - what the files of the tool share: gwstore.c (command line, changes,
 * care of the file), gwstore_list.c (status, list, show), gwstore_json.c
 * (export, import), gwstore_recover.c (salvage) with gwstore_pages.c.
 *
 * It knows the store's tables (gw/store/sqlite.h), because it also works where
 * no gateway runs and on files that the store would refuse.
 */
#ifndef GW_TOOLS_GWSTORE_H
#define GW_TOOLS_GWSTORE_H

#include "gw/store/sqlite.h"

enum {
    EXIT_NOTHING = 1, /* no message answers the description */
    EXIT_FAILED = 2,  /* it could not be done; standard error says why */
    EXIT_DAMAGED = 3, /* the file is damaged */
    EXIT_PARTIAL = 4, /* recover, import: done, but something had to be left out */
    EXIT_USAGE = 64
};

struct gwstore {
    const char *path;
    struct database *database; /* NULL for commands that do not open it */
    const char *output;        /* --output */
    bool json;
    /* The selection. */
    const char *state, *smsc, *number, *since, *until, *kind, *limit;
    char **words; /* what follows the command: IDs, paths */
    int word_count;
};

typedef int gwstore_command(struct gwstore *tool);
gwstore_command gwstore_status, gwstore_list, gwstore_show;
gwstore_command gwstore_export, gwstore_import;
gwstore_command gwstore_recover;

/* Says what the database's last error was; the exit status for it. */
int gwstore_fail(struct gwstore *tool, const char *doing);
/*
 * SQL condition over the view `message` (and the tables: number IN (...)) for
 * the options and the words, each a number or an id. False, and told, when one
 * of them is wrong. *any is whether anything was asked for at all.
 */
bool gwstore_condition(struct gwstore *tool, struct bytes *sql, bool *any);

#endif
