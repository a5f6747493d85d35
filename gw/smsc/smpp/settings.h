/* SPDX-License-Identifier: Apache-2.0 */
/*
 * settings - the variables of a group smsc with smsc = smpp, and the groups
 * smpp-tlv that are meant for it (spec: doc/kannel.conf.5). Strings belong to the
 * configuration.
 */
#ifndef GW_SMSC_SMPP_SETTINGS_H
#define GW_SMSC_SMPP_SETTINGS_H

#include "gwlib/conf.h"
#include "gwlib/tls.h"

#define SETTINGS_AUTO (-1) /* type of number, numbering plan: found from the address */

/* What happens when an answer does not come: wait-ack-expire. */
enum settings_expire { EXPIRE_RECONNECT = 0, EXPIRE_REQUEUE = 1, EXPIRE_WAIT = 2 };

enum settings_tlv_type { TLV_OCTETSTRING, TLV_NULTERMINATED, TLV_INTEGER };

/* An optional parameter with a name in meta-data. */
struct settings_tlv {
    const char *name;
    enum settings_tlv_type type;
    uint16_t tag;
    size_t length;        /* at most; of an integer exactly */
    const char *constant; /* sent when the message has no value, or NULL */
};

struct smpp_settings {
    const char *host, *our_host;
    int port, receive_port; /* 0: none */
    bool transceiver;
    struct tls_context *tls; /* or NULL */
    const char *username, *password, *system_type, *address_range;
    const char *service_type, *my_number; /* or NULL */
    uint8_t version;
    long enquire_s, timeout_s, wait_ack_s; /* 0: off */
    enum settings_expire expire;
    size_t window;
    int source_ton, source_npi, dest_ton, dest_npi; /* or SETTINGS_AUTO */
    uint8_t bind_ton, bind_npi;
    bool autodetect;
    uint8_t priority, esm_class;
    long validity_minutes;    /* 0: none */
    int id_type;              /* bits of receipt.h, or RECEIPT_IDS_AS_TEXT */
    const char *charset;      /* iconv name, NULL: GSM 03.38 */
    const char *addr_charset; /* iconv name, NULL: GSM 03.38 */
    bool alt_dcs;
    bool one_line_log;
    struct settings_tlv *tlvs;
    size_t tlv_count;
};

/* False when there was an error; settings_free() in any case. */
bool settings_read(struct smpp_settings *settings, const struct conf_group *group,
                   struct conf_problems *problems);
void settings_free(struct smpp_settings *settings);

#endif
