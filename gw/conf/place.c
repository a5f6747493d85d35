/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The place of the store: see place.h. Without a word in the configuration the
 * store is durable all the same.
 */
#include "gw/conf/place.h"

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

static const char *default_place(void)
{
    if (is_directory(DEFAULT_DIRECTORY) && access(DEFAULT_DIRECTORY, W_OK) == 0)
        return DEFAULT_DIRECTORY "/" FILE_NAME;
    return FILE_NAME;
}

/* What the file says, or NULL. */
static const char *configured_place(const struct conf_group *core)
{
    const char *place = conf_string(core, "store-file");

    if (place == NULL)
        place = conf_string(core, "store-location");
    return place != NULL && *place != '\0' ? place : NULL;
}

static bool wants_store(const struct conf_group *core)
{
    const char *type = conf_string(core, "store-type");

    return type == NULL || strcmp(type, "none") != 0;
}

bool place_of_store(const struct conf_group *core, struct bytes *path)
{
    const char *type = conf_string(core, "store-type");
    const char *place = configured_place(core);

    if (!wants_store(core)) {
        log_warning("store-type is none: messages that wait are lost when the gateway stops");
        return false;
    }
    if (place == NULL) {
        log_info("Neither store-location nor store-file is set: messages are kept in <%s>",
                 default_place());
        bytes_append_str(path, default_place());
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

bool place_beside_store(const struct conf_group *core, const char *kind, const char *name,
                        struct bytes *path)
{
    const char *place;

    if (core == NULL || !wants_store(core))
        return false;
    place = configured_place(core);
    if (place == NULL)
        place = default_place();
    bytes_printf(path, "%s%c%s-", place, is_directory(place) ? '/' : '.', kind);
    for (; *name != '\0'; name++)
        bytes_append_char(path, *name == '/' ? '_' : (unsigned char)*name);
    return true;
}
