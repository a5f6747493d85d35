/* SPDX-License-Identifier: Apache-2.0 */
/*
 * boxes - the box listener, its sessions, and what is delivered to boxes.
 *
 * Session rules: doc/box-protocol.md, sections 3 to 5. MO and reports wait in
 * lanes named by the id of the box they are for ("" for any box without id);
 * at most smsbox-max-pending of them are under way to one box. What a box does
 * not acknowledge is given to the next, which each time is logged with id, sender
 * and receiver, for the application may know it. A box that breaks the protocol is
 * disconnected with one log line and loses only itself.
 *
 * Besides these, no more than 100 answers of all boxes wait for their commit; while
 * so many do, nothing is given to boxes. So much a crash can leave open.
 */
#ifndef GW_BEARERBOX_BOXES_H
#define GW_BEARERBOX_BOXES_H

#include "gw/bearerbox/gateway.h"
#include "gw/msg/link.h"
#include "gwlib/bytes.h"

/* A message for an SMSC came from a session (its serial number); whoever takes
 * it answers with boxes_ack(), once, now or later. */
typedef void boxes_submit_fn(struct gateway *gateway, int64_t session, const struct sms *sms);

/* Reads the configuration and registers for the lanes. NULL after errors. */
struct boxes *boxes_create(struct gateway *gateway, boxes_submit_fn *submit,
                           struct conf_problems *problems);
/* Opens the port. False with the reason appended to *error. */
bool boxes_listen(struct boxes *boxes, struct bytes *error);
void boxes_free(struct boxes *boxes);

/* Answers an MT with the id and time it came with. A session that is gone needs
 * no answer. */
void boxes_ack(struct boxes *boxes, int64_t session, enum ack_result result, int64_t time,
               const struct uuid *id);

/*
 * An MO or report was stored as RECEIVED in the lane of `box` (unset or empty:
 * any box without id).
 */
void boxes_offer(struct boxes *boxes, enum store_kind kind, struct slice box, int64_t number,
                 struct message *message);

/* Suspended: no new boxes, nothing read, nothing delivered. */
void boxes_pause(struct boxes *boxes, bool paused);
/* Tells every box to go (ADMIN_SHUTDOWN or ADMIN_RESTART), accepts no more. */
void boxes_dismiss(struct boxes *boxes, enum admin_command command);
size_t boxes_count(const struct boxes *boxes);
/* MO and reports that were given again after they had been in the hands of a box,
 * since the start and at it. */
uint64_t boxes_given_again(const struct boxes *boxes);
/* MO and reports under way to boxes, not acknowledged. */
size_t boxes_under_way(const struct boxes *boxes);

/* For the status page. */
struct box_status {
    const char *id; /* "" without */
    const char *address;
    size_t queue; /* under way */
    int64_t online_seconds;
    bool tls;
};
typedef void boxes_status_fn(const struct box_status *status, void *arg);
void boxes_each(const struct boxes *boxes, boxes_status_fn *fn, void *arg);

#endif
