/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The place of the store: see place.h. Without a word in the configuration the
 * store is durable all the same.
 */
#include "gw/bearerbox/place.h"

#include <sys/stat.h>
#include <unistd.h>

#include "gwlib/log.h"

#define DEFAULT_DIRECTORY "/var/spool/kannel"
#define FILE_NAME         "kannel.store"

static bool is_directory(const char *path)
{
    struct stat about;

    return stat(path, &about) == 0 && S_ISDIR(about.st_mode);
}

static void default_place(struct bytes *path)
{
    if (is_directory(DEFAULT_DIRECTORY) && access(DEFAULT_DIRECTORY, W_OK) == 0)
        bytes_append_str(path, DEFAULT_DIRECTORY "/" FILE_NAME);
    else
        bytes_append_str(path, FILE_NAME);
    log_info("Neither store-location nor store-file is set: messages are kept in <%s>",
             bytes_str(path));
}

bool place_of_store(const struct conf_group *core, struct bytes *path)
{
    const char *type = conf_string(core, "store-type");
    const char *place = conf_string(core, "store-file");

    if (type != NULL && strcmp(type, "none") == 0) {
        log_warning("store-type is none: messages that wait are lost when the gateway stops");
        return false;
    }
    if (place == NULL)
        place = conf_string(core, "store-location");
    if (place == NULL || *place == '\0') {
        default_place(path);
        return true;
    }
    bytes_append_str(path, place);
    if ((type != NULL && strcmp(type, "spool") == 0) || is_directory(place)) {
        if (!is_directory(place))
            mkdir(place, 0750);
        bytes_append_str(path, "/" FILE_NAME);
    }
    return true;
}
