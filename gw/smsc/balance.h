/* SPDX-License-Identifier: Apache-2.0 */
/*
 * balance - looks after the money on a prepaid SIM: asks the network by a code
 * (balance-code) now and then, finds the amount in its words, shows it, and holds
 * the connection while it is less than balance-least. For any driver with USSD.
 *
 * Asked soon after the connection is online and then every balance-every; at least
 * once an hour while it is too low, so that a top-up is seen.
 */
#ifndef GW_SMSC_BALANCE_H
#define GW_SMSC_BALANCE_H

#include "gw/smsc/smsc.h"

struct balance;

/* False after mistakes, which are added to problems. *balance is NULL when nothing
 * is configured. */
bool balance_create(struct balance **balance, struct smsc *smsc, const struct conf_group *group,
                    struct conf_problems *problems);
/* The others take NULL. */
void balance_free(struct balance *balance);
/* The connection is online: it may be asked when it is time. */
void balance_online(struct balance *balance);
/* There is a reason to ask now. */
void balance_ask_now(struct balance *balance);
/* It ends. */
void balance_stop(struct balance *balance);

/* Whether the answer to that code tells the balance, and what it was. */
bool balance_is_code(const struct balance *balance, struct slice code);
void balance_heard(struct balance *balance, struct slice text);

/* "6h", or a time of the day, "06:30": *every_s in seconds or *minute since
 * midnight; the other is -1. */
bool balance_parse_every(struct slice text, int64_t *every_s, int *minute);
/* An amount as people write it: 5, 5.00, 5,00, 1.234,50 or 1,234.50. A point or
 * comma that is followed by three digits only parts thousands when there are
 * several of them, or the other one too. */
bool balance_parse_amount(struct slice text, double *amount);

#endif
