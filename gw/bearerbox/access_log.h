/* SPDX-License-Identifier: Apache-2.0 */
/*
 * access_log - one line for each thing that happens to a message, in Kannel's
 * default form or in the form of access-log-format (doc/kannel.conf.5).
 */
#ifndef GW_BEARERBOX_ACCESS_LOG_H
#define GW_BEARERBOX_ACCESS_LOG_H

#include "gw/msg/message.h"
#include "gwlib/conf.h"

struct access_log;

/* NULL when the configuration wants none; a file that cannot be opened is a
 * problem reported. */
struct access_log *access_log_open(const struct conf_group *core, struct conf_problems *problems);
void access_log_close(struct access_log *log); /* NULL is fine */

/* event: the leading text, "Sent SMS". smsc: id or name of the connection, or
 * NULL for the message's own smsc_id. log may be NULL. */
void access_log_write(struct access_log *log, const char *event, const char *smsc,
                      const struct sms *sms);

/* The line without prefix; for tests. format NULL: the default form. */
void access_log_format(struct bytes *to, const char *format, const char *event, const char *smsc,
                       const struct sms *sms);

#endif
