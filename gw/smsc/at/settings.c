/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Settings of a modem: see settings.h. Configured profiles come before the built
 * in ones, so that a group modems of the operator's wins.
 */
#include "gw/smsc/at/settings.h"

#include <stdlib.h>
#include <string.h>

#include "gwlib/child.h"
#include "gwlib/memory.h"

#define DEFAULT_VALIDITY 167 /* 24 h */

/* The families whose ways differ from what their own test commands tell. */
#define USUAL .keepalive = "AT", .handshake = "AT+IFC=2,2", .flow_control = true
static const struct at_profile built_in[] = {
    {.id = "siemens",
     .name = "Siemens, Cinterion",
     .detect = "SIEMENS",
     .keepalive = "AT",
     .handshake = "AT\\Q3",
     .flow_control = true},
    {.id = "nokiaphone",
     .name = "Nokia phone",
     .detect = "Nokia",
     .need_sleep = true,
     .chunk = 18,
     .gap_ms = 10,
     USUAL},
    {.id = "motorola",
     .name = "Motorola phone",
     .detect = "Motorola",
     .prepare = "AT+MODE=2",
     USUAL},
    {.id = "premicell",
     .name = "Nokia Premicell",
     .detect = "PREMICEL",
     .no_pin = true,
     .no_smsc = true,
     USUAL},
    {.id = "huawei", .name = "Huawei", .detect = "huawei", .reset = "AT^RESET", USUAL},
    {.id = "zte", .name = "ZTE", .detect = "ZTE", .reset = "AT+ZRST", USUAL},
    {.id = "sim7000",
     .name = "SIMCom with LTE",
     .detect = "SIMCOM_SIM7",
     .reset = "AT+CRESET",
     USUAL},
    {.id = "simcom", .name = "SIMCom", .detect = "SIMCOM", USUAL},
    {.id = "quectel", .name = "Quectel", .detect = "Quectel", USUAL},
    {.id = "telit", .name = "Telit", .detect = "Telit", .reset = "AT#REBOOT", USUAL},
    {.id = "ublox", .name = "u-blox", .detect = "u-blox", .reset = "AT+CFUN=16", USUAL},
    {.id = "wavecom", .name = "Wavecom", .detect = "WAVECOM", USUAL},
    {.id = "sierra",
     .name = "Sierra Wireless",
     .detect = "Sierra Wireless",
     .reset = "AT!RESET",
     USUAL},
    {.id = "ericsson", .name = "Ericsson", .detect = "ERICSSON", USUAL},
    {.id = "generic", .name = "Generic modem", USUAL},
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
        .always_handshake = conf_is_set(group, "enable-hwhs"),
        .flow_control = conf_bool(group, "hardware-flow-control"),
        .chunk = (int)conf_number(group, "write-chunk"),
        .gap_ms = (int)conf_number(group, "write-gap"),
        .need_sleep = conf_bool(group, "need-sleep"),
        .no_pin = conf_bool(group, "no-pin"),
        .no_smsc = conf_bool(group, "no-smsc"),
        .enable_mms = conf_bool(group, "enable-mms"),
    };

    if (conf_is_set(group, "sendline-sleep"))
        profile.pause_ms = (int)conf_number(group, "sendline-sleep");
    if (profile.keepalive == NULL)
        profile.keepalive = "AT";
    add_profile(settings, &profile);
}

/* --- where the modem is ---------------------------------------------------------- */

static bool is_hex_id(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if (strchr("0123456789abcdefABCDEF", text.data[i]) == NULL)
            return false;
    return text.len == 4;
}

static bool is_usb_name(const char *device)
{
    struct slice rest = slice_str(device + strlen("usb:")), vendor, product;

    return slice_next_item(&rest, ':', &vendor) && slice_next_item(&rest, ':', &product) &&
           is_hex_id(vendor) && is_hex_id(product);
}

static void read_tcp(struct at_settings *settings, const struct conf_group *group)
{
    const char *end = conf_string(group, "telnet-line-end");

    settings->host = conf_string(group, "host");
    settings->tcp_port = (int)conf_number(group, "port");
    settings->telnet = strcmp(settings->device, "telnet") == 0 || conf_bool(group, "telnet");
    settings->line_end = slice_equal_nocase(slice_str(end), "cr")      ? AT_CR
                         : slice_equal_nocase(slice_str(end), "crnul") ? AT_CR_NUL
                                                                       : AT_CR_LF;
    settings->login = (struct at_login_words){
        .user_prompt = conf_string(group, "login-prompt"),
        .user = conf_string(group, "smsc-username"),
        .password_prompt = conf_string(group, "password-prompt"),
        .password = conf_string(group, "smsc-password"),
        .menu_prompt = conf_string(group, "menu-prompt"),
        .menu_answer = conf_string(group, "menu-answer"),
    };
}

static bool read_place(struct at_settings *settings, const struct conf_group *group,
                       struct conf_problems *problems)
{
    settings->device = conf_string(group, "device");
    if (settings->device == NULL) {
        conf_report(problems, CONF_ERROR, group, "device",
                    "is missing: the path of the modem's port, usb:VID:PID, rawtcp or telnet");
        return false;
    }
    read_tcp(settings, group);
    settings->is_tcp =
        strcmp(settings->device, "rawtcp") == 0 || strcmp(settings->device, "telnet") == 0;
    if (settings->is_tcp && (settings->host == NULL || settings->tcp_port == 0)) {
        conf_report(problems, CONF_ERROR, group, "device", "%s needs host and port",
                    settings->device);
        return false;
    }
    if (strncmp(settings->device, "usb:", 4) == 0 && !is_usb_name(settings->device)) {
        conf_report(problems, CONF_ERROR, group, "device",
                    "'%s': four hexadecimal digits each are wanted, usb:12d1:1001, then perhaps "
                    ":serial and :interface",
                    settings->device);
        return false;
    }
    if ((settings->login.menu_prompt == NULL) != (settings->login.menu_answer == NULL)) {
        conf_report(problems, CONF_ERROR, group,
                    settings->login.menu_prompt == NULL ? "menu-prompt" : "menu-answer",
                    "menu-prompt and menu-answer go together");
        return false;
    }
    return true;
}

/* --- what is done for a modem in trouble ------------------------------------------ */

static bool read_hook(const char **hook, const struct conf_group *group, const char *name,
                      struct conf_problems *problems)
{
    struct bytes error = {0};
    char **words = NULL;
    const char *odd;

    *hook = conf_string(group, name);
    if (*hook == NULL)
        return true;
    if (!child_split_words(*hook, &words, &error)) {
        conf_report(problems, CONF_ERROR, group, name, "%s", bytes_str(&error));
        bytes_free(&error);
        return false;
    }
    child_free_words(words);
    odd = child_find_shell_syntax(*hook);
    if (odd != NULL)
        conf_report(problems, CONF_WARNING, group, name,
                    "'%c' is passed on as it is: no shell runs this", *odd);
    return true;
}

static bool is_imei(const char *imei)
{
    size_t digits = strspn(imei, "0123456789");

    return digits >= 14 && digits <= 16 && imei[digits] == '\0';
}

static bool read_rescue(struct at_settings *settings, const struct conf_group *group,
                        struct conf_problems *problems)
{
    const char *root = conf_string(group, "device-root");

    settings->root = root == NULL || strcmp(root, "/") == 0 ? "" : root;
    settings->lock_directory = conf_string(group, "lock-directory");
    settings->prefix = conf_string(group, "command-prefix");
    settings->usb_reset = conf_bool(group, "usb-reset");
    settings->imei = conf_string(group, "imei");
    settings->smsc_id = conf_string(group, "smsc-id");
    if (settings->smsc_id == NULL)
        settings->smsc_id = "";
    if (settings->imei != NULL && !is_imei(settings->imei)) {
        conf_report(problems, CONF_ERROR, group, "imei", "'%s' is no IMEI: 15 digits are wanted",
                    settings->imei);
        return false;
    }
    return read_hook(&settings->power_hook, group, "power-hook", problems) &&
           read_hook(&settings->storage_hook, group, "storage-hook", problems);
}

/* --- the modem --------------------------------------------------------------------- */

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

static enum at_sim_messages read_sim_messages(const char *word)
{
    if (word != NULL && strcmp(word, "unread") == 0)
        return AT_SIM_UNREAD;
    return word != NULL && strcmp(word, "leave") == 0 ? AT_SIM_LEAVE : AT_SIM_ALL;
}

bool at_settings_read(struct at_settings *settings, const struct conf_group *group,
                      struct conf_problems *problems)
{
    memset(settings, 0, sizeof *settings);
    if (!read_place(settings, group, problems) || !read_rescue(settings, group, problems))
        return false;
    settings->speed = (int)conf_number(group, "speed");
    settings->modemtype = conf_string(group, "modemtype");
    settings->pin = conf_string(group, "pin");
    settings->sms_center = conf_string(group, "sms-center");
    settings->my_number = conf_string(group, "my-number");
    settings->validity = conf_is_set(group, "validityperiod")
                             ? (int)conf_number(group, "validityperiod")
                             : DEFAULT_VALIDITY;
    settings->alt_dcs = conf_bool(group, "alt-dcs");
    settings->keepalive_s = (int)conf_number(group, "keepalive");
    settings->max_errors = (int)conf_number(group, "max-error-count");
    settings->send_from_memory = conf_bool(group, "send-from-memory");
    settings->sim_messages = read_sim_messages(conf_string(group, "sim-messages"));
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

int at_settings_alt_dcs(const struct at_settings *settings, int said)
{
    return said < 0 && settings->alt_dcs ? 1 : said;
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
