/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Settings of an SMPP link: see settings.h. Ranges and types are checked by the
 * reader; here is what only this driver knows.
 */
#include "gw/smsc/smpp/settings.h"

#include <stdlib.h>

#include "gw/smsc/smpp/receipt.h"
#include "gwlib/charset.h"
#include "gwlib/memory.h"

#define SERVICE_TYPE_MAX 6
#define TLV_NUMBER_MAX   4 /* octets of an integer */

/* --- named optional parameters ----------------------------------------------------- */

static bool list_names(const char *list, const char *id)
{
    struct slice rest = slice_str(list);
    struct slice item;

    while (slice_next_item(&rest, ';', &item))
        if (slice_equal_str(slice_trim(item), id))
            return true;
    return false;
}

static bool is_for(const struct conf_group *group, const char *smsc_id)
{
    const char *list = conf_string(group, "smsc-id");

    return list == NULL || (smsc_id != NULL && list_names(list, smsc_id));
}

static bool read_tlv_type(struct settings_tlv *tlv, const struct conf_group *group,
                          struct conf_problems *problems)
{
    static const char *const types[] = {"octetstring", "nulterminated", "integer", NULL};
    const char *name = conf_string(group, "type");

    for (size_t i = 0; name != NULL && types[i] != NULL; i++) {
        if (slice_equal_nocase(slice_str(name), types[i])) {
            tlv->type = (enum settings_tlv_type)i;
            return true;
        }
    }
    conf_report(problems, CONF_ERROR, group, "type",
                "must be octetstring, nulterminated or integer");
    return false;
}

static bool read_tlv(struct settings_tlv *tlv, const struct conf_group *group,
                     struct conf_problems *problems)
{
    tlv->name = conf_string(group, "name");
    tlv->tag = (uint16_t)conf_number(group, "tag");
    tlv->length = (size_t)conf_number(group, "length");
    tlv->constant = conf_string(group, "const");
    if (tlv->name == NULL || !conf_is_set(group, "tag") || !conf_is_set(group, "length")) {
        conf_report(problems, CONF_ERROR, group, NULL, "name, tag and length are required");
        return false;
    }
    if (!read_tlv_type(tlv, group, problems))
        return false;
    if (tlv->type == TLV_INTEGER && (tlv->length < 1 || tlv->length > TLV_NUMBER_MAX)) {
        conf_report(problems, CONF_ERROR, group, "length", "an integer has 1 to 4 octets");
        return false;
    }
    return true;
}

static bool read_tlvs(struct smpp_settings *settings, const struct conf *conf, const char *smsc_id,
                      struct conf_problems *problems)
{
    const struct conf_group *group = conf_first(conf, "smpp-tlv");

    for (; group != NULL; group = conf_next(group)) {
        struct settings_tlv tlv = {0};

        if (!is_for(group, smsc_id))
            continue;
        if (!read_tlv(&tlv, group, problems))
            return false;
        settings->tlvs =
            memory_realloc(settings->tlvs, settings->tlv_count + 1, sizeof settings->tlvs[0]);
        settings->tlvs[settings->tlv_count++] = tlv;
    }
    return true;
}

/* --- checks ------------------------------------------------------------------------------ */

static bool check_required(const struct smpp_settings *settings, const struct conf_group *group,
                           struct conf_problems *problems)
{
    bool good = true;

    if (settings->host == NULL) {
        conf_report(problems, CONF_ERROR, group, "host", "is missing: where the SMSC is");
        good = false;
    }
    if (settings->port == 0 && (settings->transceiver || settings->receive_port == 0)) {
        conf_report(problems, CONF_ERROR, group, "port", "is missing: the SMSC's port");
        good = false;
    }
    if (settings->username == NULL || settings->password == NULL) {
        conf_report(problems, CONF_ERROR, group,
                    settings->username == NULL ? "smsc-username" : "smsc-password", "is missing");
        good = false;
    }
    if (settings->service_type != NULL && strlen(settings->service_type) > SERVICE_TYPE_MAX) {
        conf_report(problems, CONF_ERROR, group, "service-type", "has more than %d characters",
                    SERVICE_TYPE_MAX);
        good = false;
    }
    return good;
}

static bool check_charset(const char *name, const char *variable, const struct conf_group *group,
                          struct conf_problems *problems)
{
    if (name == NULL || charset_is_known(name))
        return true;
    conf_report(problems, CONF_ERROR, group, variable, "the charset '%s' is unknown", name);
    return false;
}

/* Kannel looks at a type and a plan only when both are given. */
static void pair(int *ton, int *npi, const char *ton_name, const char *npi_name,
                 const struct conf_group *group, struct conf_problems *problems)
{
    bool has_ton = conf_is_set(group, ton_name), has_npi = conf_is_set(group, npi_name);

    *ton = *npi = SETTINGS_AUTO;
    if (has_ton && has_npi) {
        *ton = (int)conf_number(group, ton_name);
        *npi = (int)conf_number(group, npi_name);
    } else if (has_ton || has_npi) {
        conf_report(problems, CONF_WARNING, group, has_ton ? ton_name : npi_name,
                    "has no effect without %s", has_ton ? npi_name : ton_name);
    }
}

/* --- reading -------------------------------------------------------------------------------- */

static const char *string_or(const struct conf_group *group, const char *name, const char *other)
{
    const char *value = conf_string(group, name);

    return value != NULL ? value : other;
}

static uint8_t octet(const struct conf_group *group, const char *name)
{
    return (uint8_t)conf_number(group, name);
}

static void read_identity(struct smpp_settings *settings, const struct conf_group *group)
{
    settings->host = conf_string(group, "host");
    settings->our_host = conf_string(group, "our-host");
    settings->port = (int)conf_number(group, "port");
    settings->receive_port = (int)conf_number(group, "receive-port");
    settings->transceiver = conf_bool(group, "transceiver-mode");
    settings->username = string_or(group, "smsc-username", conf_string(group, "system-id"));
    settings->password = conf_string(group, "smsc-password");
    settings->system_type = string_or(group, "system-type", "");
    settings->address_range = string_or(group, "address-range", "");
    settings->bind_ton = octet(group, "bind-addr-ton");
    settings->bind_npi = octet(group, "bind-addr-npi");
    settings->my_number = conf_string(group, "my-number");
    if (settings->my_number != NULL && *settings->my_number == '\0')
        settings->my_number = NULL;
}

/* 34 means 0x34. */
static uint8_t read_version(const struct conf_group *group)
{
    long digits = conf_number(group, "interface-version");

    return (uint8_t)(digits / 10 << 4 | digits % 10);
}

static void read_link(struct smpp_settings *settings, const struct conf_group *group)
{
    settings->version = read_version(group);
    settings->enquire_s = conf_number(group, "enquire-link-interval");
    settings->timeout_s = conf_number(group, "connection-timeout");
    settings->wait_ack_s = conf_number(group, "wait-ack");
    settings->expire = (enum settings_expire)conf_number(group, "wait-ack-expire");
    settings->window = (size_t)conf_number(group, "max-pending-submits");
    settings->one_line_log = conf_number(group, "log-format") == 2;
    settings->id_type = conf_is_set(group, "msg-id-type") ? (int)conf_number(group, "msg-id-type")
                                                          : RECEIPT_IDS_AS_TEXT;
}

static void read_message(struct smpp_settings *settings, const struct conf_group *group)
{
    settings->service_type = conf_string(group, "service-type");
    settings->autodetect = conf_bool(group, "source-addr-autodetect");
    settings->priority = octet(group, "priority");
    settings->esm_class = octet(group, "esm-class");
    settings->alt_dcs = conf_bool(group, "alt-dcs");
    settings->validity_minutes = conf_number(group, "validityperiod");
    settings->charset = conf_string(group, "alt-charset");
    settings->addr_charset = conf_string(group, "alt-addr-charset");
    if (settings->addr_charset != NULL &&
        slice_equal_nocase(slice_str(settings->addr_charset), "gsm"))
        settings->addr_charset = NULL;
}

static bool read_tls(struct smpp_settings *settings, const struct conf_group *group,
                     struct conf_problems *problems)
{
    const struct conf_group *core = conf_first(conf_of(group), "core");
    struct bytes error = {0};

    if (!conf_bool(group, "use-ssl"))
        return true;
    settings->tls = tls_client_create(
        conf_string(core, "ssl-trusted-ca-file"),
        string_or(group, "ssl-client-certkey-file", conf_string(core, "ssl-client-certkey-file")),
        conf_string(core, "ssl-client-cipher-list"), &error);
    if (settings->tls == NULL)
        conf_report(problems, CONF_ERROR, group, "use-ssl", "%s", bytes_str(&error));
    bytes_free(&error);
    return settings->tls != NULL;
}

bool settings_read(struct smpp_settings *settings, const struct conf_group *group,
                   struct conf_problems *problems)
{
    bool good;

    read_identity(settings, group);
    read_link(settings, group);
    read_message(settings, group);
    pair(&settings->source_ton, &settings->source_npi, "source-addr-ton", "source-addr-npi", group,
         problems);
    pair(&settings->dest_ton, &settings->dest_npi, "dest-addr-ton", "dest-addr-npi", group,
         problems);
    good = check_required(settings, group, problems);
    good = check_charset(settings->charset, "alt-charset", group, problems) && good;
    good = check_charset(settings->addr_charset, "alt-addr-charset", group, problems) && good;
    good = read_tls(settings, group, problems) && good;
    return read_tlvs(settings, conf_of(group), conf_string(group, "smsc-id"), problems) && good;
}

void settings_free(struct smpp_settings *settings)
{
    tls_free(settings->tls);
    free(settings->tlvs);
}
