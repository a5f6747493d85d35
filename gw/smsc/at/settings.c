/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Settings of a modem: see settings.h. Configured profiles come before the built
 * in ones, so that a group modems of the operator's wins.
 */
#include "gw/smsc/at/settings.h"

#include <stdlib.h>
#include <string.h>

#include "gwlib/memory.h"

#define DEFAULT_VALIDITY 167 /* 24 h */

/* The families whose ways differ from what their own test commands tell. */
static const struct at_profile built_in[] = {
    {.id = "siemens", .name = "Siemens, Cinterion", .detect = "SIEMENS", .keepalive = "AT"},
    {.id = "nokiaphone",
     .name = "Nokia phone",
     .detect = "Nokia",
     .keepalive = "AT",
     .need_sleep = true},
    {.id = "motorola",
     .name = "Motorola phone",
     .detect = "Motorola",
     .prepare = "AT+MODE=2",
     .keepalive = "AT"},
    {.id = "premicell",
     .name = "Nokia Premicell",
     .detect = "PREMICEL",
     .keepalive = "AT",
     .no_pin = true,
     .no_smsc = true},
    {.id = "generic", .name = "Generic modem", .keepalive = "AT"},
};

static struct at_profile *add_profile(struct at_settings *settings, const struct at_profile *from)
{
    struct at_profile **end = &settings->profiles;

    while (*end != NULL)
        end = &(*end)->next;
    *end = memory_zalloc(1, sizeof **end);
    **end = *from;
    (*end)->next = NULL;
    return *end;
}

static void add_configured(struct at_settings *settings, const struct conf_group *group)
{
    struct at_profile profile = {
        .id = conf_string(group, "id"),
        .name = conf_string(group, "name"),
        .detect = conf_string(group, "detect-string"),
        .detect2 = conf_string(group, "detect-string2"),
        .init_string = conf_string(group, "init-string"),
        .handshake = conf_string(group, "enable-hwhs"),
        .keepalive = conf_string(group, "keepalive-cmd"),
        .storage = conf_string(group, "message-storage"),
        .reset = conf_string(group, "reset-string"),
        .speed = conf_is_set(group, "speed") ? (int)conf_number(group, "speed") : 0,
        .flow_control = conf_is_set(group, "hardware-flow-control") &&
                        conf_bool(group, "hardware-flow-control"),
        .need_sleep = conf_bool(group, "need-sleep"),
        .no_pin = conf_bool(group, "no-pin"),
        .no_smsc = conf_bool(group, "no-smsc"),
    };

    if (conf_is_set(group, "sendline-sleep"))
        profile.pause_ms = (int)conf_number(group, "sendline-sleep");
    if (profile.keepalive == NULL)
        profile.keepalive = "AT";
    add_profile(settings, &profile);
}

static bool read_place(struct at_settings *settings, const struct conf_group *group,
                       struct conf_problems *problems)
{
    settings->device = conf_string(group, "device");
    settings->host = conf_string(group, "host");
    settings->tcp_port = (int)conf_number(group, "port");
    if (settings->device == NULL) {
        conf_report(problems, CONF_ERROR, group, "device",
                    "is missing: the path of the modem's port, or rawtcp");
        return false;
    }
    if (strcmp(settings->device, "telnet") == 0) {
        conf_report(problems, CONF_ERROR, group, "device", "telnet is not supported yet");
        return false;
    }
    if (strcmp(settings->device, "rawtcp") == 0 &&
        (settings->host == NULL || settings->tcp_port == 0)) {
        conf_report(problems, CONF_ERROR, group, "device", "rawtcp needs host and port");
        return false;
    }
    return true;
}

static bool is_auto(const char *modemtype)
{
    return modemtype == NULL || strcmp(modemtype, "auto") == 0 ||
           strcmp(modemtype, "autodetect") == 0;
}

static const struct at_profile *profile_by_id(const struct at_settings *settings, const char *id)
{
    for (const struct at_profile *profile = settings->profiles; profile != NULL;
         profile = profile->next)
        if (profile->id != NULL && slice_equal_nocase(slice_str(id), profile->id))
            return profile;
    return NULL;
}

bool at_settings_read(struct at_settings *settings, const struct conf_group *group,
                      struct conf_problems *problems)
{
    memset(settings, 0, sizeof *settings);
    if (!read_place(settings, group, problems))
        return false;
    settings->speed = (int)conf_number(group, "speed");
    settings->modemtype = conf_string(group, "modemtype");
    settings->pin = conf_string(group, "pin");
    settings->sms_center = conf_string(group, "sms-center");
    settings->my_number = conf_string(group, "my-number");
    settings->validity = conf_is_set(group, "validityperiod")
                             ? (int)conf_number(group, "validityperiod")
                             : DEFAULT_VALIDITY;
    settings->keepalive_s = (int)conf_number(group, "keepalive");
    settings->max_errors = (int)conf_number(group, "max-error-count");
    settings->sim_buffering = conf_bool(group, "sim-buffering");
    for (const struct conf_group *modem = conf_first(conf_of(group), "modems"); modem != NULL;
         modem = conf_next(modem))
        add_configured(settings, modem);
    for (size_t i = 0; i < sizeof built_in / sizeof built_in[0]; i++)
        add_profile(settings, &built_in[i]);
    if (!is_auto(settings->modemtype) && profile_by_id(settings, settings->modemtype) == NULL)
        conf_report(problems, CONF_WARNING, group, "modemtype",
                    "no group modems has the id '%s': the modem is detected", settings->modemtype);
    return true;
}

void at_settings_free(struct at_settings *settings)
{
    while (settings->profiles != NULL) {
        struct at_profile *profile = settings->profiles;

        settings->profiles = profile->next;
        free(profile);
    }
}

/* Whether the word occurs, without case. */
static bool occurs(const char *word, struct slice text)
{
    size_t len = strlen(word);

    for (size_t i = 0; i + len <= text.len; i++)
        if (slice_equal_nocase(slice_sub(text, i, len), word))
            return true;
    return false;
}

const struct at_profile *at_settings_profile(const struct at_settings *settings,
                                             struct slice identification)
{
    const struct at_profile *profile;

    if (!is_auto(settings->modemtype)) {
        profile = profile_by_id(settings, settings->modemtype);
        if (profile != NULL)
            return profile;
    }
    for (profile = settings->profiles; profile != NULL; profile = profile->next)
        if (profile->detect != NULL && occurs(profile->detect, identification) &&
            (profile->detect2 == NULL || occurs(profile->detect2, identification)))
            return profile;
    return profile_by_id(settings, "generic");
}
