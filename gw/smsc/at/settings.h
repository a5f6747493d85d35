/* SPDX-License-Identifier: Apache-2.0 */
/*
 * settings - what the configuration says about a modem: the variables of an smsc
 * group of type at, and of the modems group that fits (doc/kannel.conf.5). Read
 * once on the loop, then only read by the modem's thread.
 */
#ifndef GW_SMSC_AT_SETTINGS_H
#define GW_SMSC_AT_SETTINGS_H

#include <stdbool.h>

#include "gw/smsc/at/login.h"
#include "gw/smsc/at/telnet.h"
#include "gwlib/conf.h"

/* A family of modems: from a group modems, or built in. */
struct at_profile {
    const char *id;
    const char *name;
    const char *detect, *detect2; /* both must occur in the modem's identification; NULL: any */
    const char *init_string;      /* NULL: CNMI is negotiated */
    const char *handshake;        /* command for RTS/CTS */
    bool always_handshake;        /* it was asked for, whatever the port */
    const char *prepare;          /* command before any about messages, or NULL */
    const char *keepalive;
    const char *storage; /* "SM", "ME", or NULL */
    const char *reset;   /* for a modem in trouble, or NULL */
    int speed;
    int pause_ms;      /* after each command */
    int chunk, gap_ms; /* octets at once, and how long apart; 0: all */
    bool flow_control; /* RTS/CTS, where there is a line that has it */
    bool need_sleep;   /* a second after opening */
    bool no_pin;
    bool no_smsc;    /* PDUs without the SMSC field */
    bool enable_mms; /* AT+CMMS=2 for long messages, in place of 1 */
    struct at_profile *next;
};

/* Of the messages that lie on a SIM when the gateway starts, which are handed on. */
enum at_sim_messages { AT_SIM_ALL, AT_SIM_UNREAD, AT_SIM_LEAVE };

struct at_settings {
    const char *device; /* path, usb:VID:PID[:serial][:interface], rawtcp, telnet */
    bool is_tcp;
    const char *host; /* of a TCP port */
    int tcp_port;
    bool telnet;
    enum at_line_end line_end;
    struct at_login_words login;
    const char *prefix;         /* before each command, or NULL */
    const char *imei;           /* of the modem that is meant, or NULL */
    const char *root;           /* above sys/, dev/ and proc/; "" */
    const char *lock_directory; /* for lock files, below root */
    bool alt_dcs;               /* 0xFX where a message does not say */
    bool usb_reset;
    const char *power_hook, *storage_hook; /* command lines, or NULL */
    const char *smsc_id;                   /* told to them; never NULL */
    int speed;                             /* 0: the profile's */
    const char *modemtype;                 /* id of a profile, or NULL: detect */
    const char *pin;
    const char *sms_center;
    const char *my_number;
    int validity;    /* relative TP-VP; -1: none */
    int keepalive_s; /* 0: off */
    int max_errors;  /* failed starts until the profile's reset is sent; -1: never */
    bool send_from_memory;
    enum at_sim_messages sim_messages;
    struct at_profile *profiles; /* in the order of trying; never empty */
};

/* False after an error, which is added to problems. Strings borrow from the
 * configuration. */
bool at_settings_read(struct at_settings *settings, const struct conf_group *group,
                      struct conf_problems *problems);
void at_settings_free(struct at_settings *settings);

/* What counts for a message that says so, or nothing (-1), about alt-dcs. */
int at_settings_alt_dcs(const struct at_settings *settings, int said);

/* The profile for a modem that identifies itself so: the one that modemtype
 * names, else the first whose strings occur (without case), else the generic
 * one. Never NULL. identification unset: what is known before asking. */
const struct at_profile *at_settings_profile(const struct at_settings *settings,
                                             struct slice identification);

#endif
