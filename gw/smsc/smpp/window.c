/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The submits of an SMPP link that wait for their submit_sm_resp. Each is
 * answered exactly once: by the SMSC, by the end of its patience (wait-ack), or
 * by the loss of the session: then those whose octets had left us are uncertain,
 * the others can be sent again without harm.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <uthash.h>

#include "gw/smsc/smpp/driver.h"
#include "gw/smsc/smpp/meta.h"
#include "gw/smsc/smpp/receipt.h"
#include "gwlib/clock.h"
#include "gwlib/memory.h"

#define THROTTLE_MS 1000

struct smpp_pending {
    uint32_t sequence;
    struct smsc_submit *submit;
    int64_t sent_ms;
    uint64_t end;              /* octets written when it was */
    bool given_up;             /* overdue, and we wait on (wait-ack-expire 2) */
    uint32_t status;           /* of a refused one */
    struct smpp_pending *next; /* refused */
    UT_hash_handle hh;
};

static struct loop *loop_of(const struct smpp_driver *driver)
{
    return smsc_loop(driver->smsc);
}

/* --- answers ---------------------------------------------------------------------- */

static enum smsc_failure failure_of(uint32_t status)
{
    switch (status) {
    case SMPP_ESME_RMSGQFUL:
    case SMPP_ESME_RTHROTTLED:
    case SMPP_ESME_RSYSERR:
    case SMPP_ESME_RX_T_APPN:
        return SMSC_TEMPORARY;
    default:
        return SMSC_PERMANENT;
    }
}

static void report_failure(struct smpp_driver *driver, struct smsc_submit *submit, uint32_t status,
                           struct slice tlvs)
{
    struct bytes meta = {0};
    char text[128];

    snprintf(text, sizeof text, "0x%08" PRIx32 "/%s", status, smpp_status_text(status));
    meta_append_group(&meta, &driver->settings, "smpp_resp", tlvs);
    smsc_failed(driver->smsc, submit, failure_of(status), slice_str(text), bytes_slice(&meta));
    bytes_free(&meta);
}

static void report_accepted(struct smpp_driver *driver, struct smsc_submit *submit,
                            const struct smpp_pdu *pdu)
{
    struct bytes id = {0}, meta = {0};

    if (driver->settings.id_type == RECEIPT_IDS_AS_TEXT)
        bytes_append_slice(&id, pdu->text.text);
    else
        receipt_append_id(&id, pdu->text.text, (driver->settings.id_type & RECEIPT_HEX_RESP) != 0);
    meta_append_group(&meta, &driver->settings, "smpp_resp", pdu->tlvs);
    smsc_accepted(driver->smsc, submit, bytes_slice(&id), slice_unset(), bytes_slice(&meta));
    bytes_free(&id);
    bytes_free(&meta);
}

static struct smsc_submit *take(struct smpp_driver *driver, struct smpp_pending *pending)
{
    struct smsc_submit *submit = pending->submit;

    HASH_DEL(driver->window.pending, pending);
    free(pending);
    return submit;
}

/* --- throttling -------------------------------------------------------------------- */

static void throttle_over(void *arg)
{
    struct smpp_driver *driver = arg;

    smsc_set_window(driver->smsc, driver->settings.window);
}

static void throttle(struct smpp_driver *driver)
{
    smsc_log(driver->smsc, LOG_LEVEL_INFO, "SMSC <%s>: throttled by the SMSC, waits %d ms",
             smsc_name(driver->smsc), THROTTLE_MS);
    smsc_set_window(driver->smsc, 0);
    loop_timer_set(driver->window.throttle, THROTTLE_MS);
}

void window_answered(struct smpp_driver *driver, const struct smpp_pdu *pdu)
{
    static struct log_limit limit;
    struct smpp_pending *pending;
    struct smsc_submit *submit;

    HASH_FIND(hh, driver->window.pending, &pdu->sequence, sizeof pdu->sequence, pending);
    if (pending == NULL) {
        log_limited(&limit, LOG_LEVEL_WARNING, "SMSC <%s>: %s without a request of ours (%u)",
                    smsc_name(driver->smsc), smpp_command_name(pdu->command),
                    (unsigned)pdu->sequence);
        return;
    }
    submit = take(driver, pending);
    if (pdu->status == SMPP_ESME_RTHROTTLED)
        throttle(driver);
    if (pdu->status == SMPP_ESME_ROK && pdu->command != SMPP_GENERIC_NACK)
        report_accepted(driver, submit, pdu);
    else
        report_failure(driver, submit, pdu->status != 0 ? pdu->status : SMPP_ESME_RSYSERR,
                       pdu->tlvs);
    driver_check_stop(driver);
}

/* --- patience ----------------------------------------------------------------------- */

static void watch_oldest(struct smpp_driver *driver)
{
    struct smpp_pending *oldest = driver->window.pending;

    while (oldest != NULL && oldest->given_up)
        oldest = oldest->hh.next;
    if (oldest != NULL && driver->settings.wait_ack_s > 0)
        loop_timer_set(driver->window.overdue, oldest->sent_ms +
                                                   driver->settings.wait_ack_s * 1000 -
                                                   loop_now(loop_of(driver)));
}

static struct smpp_pending *find_overdue(struct smpp_driver *driver)
{
    int64_t limit = loop_now(loop_of(driver)) - driver->settings.wait_ack_s * 1000;
    struct smpp_pending *pending = driver->window.pending;

    while (pending != NULL && pending->given_up)
        pending = pending->hh.next;
    return pending != NULL && pending->sent_ms <= limit ? pending : NULL;
}

static void give_up(struct smpp_driver *driver, struct smpp_pending *pending)
{
    static struct log_limit limit;

    log_limited(&limit, LOG_LEVEL_WARNING, "SMSC <%s>: no answer to submit_sm %u for %ld s%s",
                smsc_name(driver->smsc), (unsigned)pending->sequence, driver->settings.wait_ack_s,
                driver->settings.expire == EXPIRE_WAIT ? "" : ", it is queued again");
    if (driver->settings.expire == EXPIRE_WAIT)
        pending->given_up = true;
    else
        smsc_failed(driver->smsc, take(driver, pending), SMSC_UNCERTAIN,
                    slice_str("no answer from the SMSC"), slice_unset());
}

static void look_for_overdue(void *arg)
{
    struct smpp_driver *driver = arg;
    struct smpp_pending *pending;

    while ((pending = find_overdue(driver)) != NULL) {
        if (driver->settings.expire == EXPIRE_RECONNECT) {
            driver_lose_link(&driver->sender, "no answer to submit_sm");
            return;
        }
        give_up(driver, pending);
    }
    watch_oldest(driver);
    driver_check_stop(driver);
}

/* --- sending --------------------------------------------------------------------------- */

static void answer_refused(void *arg)
{
    struct smpp_driver *driver = arg;

    while (driver->window.refused != NULL) {
        struct smpp_pending *refused = driver->window.refused;
        struct smsc_submit *submit = refused->submit;
        uint32_t status = refused->status;

        driver->window.refused = refused->next;
        free(refused);
        report_failure(driver, submit, status, slice_unset());
    }
}

/* The answer must not come from inside the call: the timer brings it. */
static void refuse(struct smpp_driver *driver, struct smpp_pending *pending, uint32_t status)
{
    pending->status = status;
    pending->next = driver->window.refused;
    driver->window.refused = pending;
    loop_timer_set(driver->window.refusals, 0);
}

void window_send(struct smpp_driver *driver, struct smsc_submit *submit)
{
    struct smpp_pending *pending = memory_zalloc(1, sizeof *pending);
    const struct smpp_pending *before;
    struct smpp_session *session = driver->sender.session;
    struct smpp_pdu pdu;
    uint32_t status =
        submit_compose(&driver->window.scratch, &driver->settings, submit, clock_wall(), &pdu);

    pending->submit = submit;
    if (status == SMPP_ESME_ROK && !smpp_session_is_bound(session))
        status = SMPP_ESME_RSYSERR;
    if (status != SMPP_ESME_ROK) {
        refuse(driver, pending, status);
        return;
    }
    pending->sequence = smpp_session_request(session, &pdu);
    pending->end = smpp_session_written(session);
    pending->sent_ms = loop_now(loop_of(driver));
    HASH_ADD(hh, driver->window.pending, sequence, sizeof pending->sequence, pending);
    before = pending->hh.prev;
    if (before == NULL || before->given_up) /* else the timer runs for an older one */
        watch_oldest(driver);
}

void window_lost(struct smpp_driver *driver, uint64_t flushed)
{
    answer_refused(driver);
    while (driver->window.pending != NULL) {
        bool left_us = driver->window.pending->end <= flushed;

        smsc_failed(driver->smsc, take(driver, driver->window.pending),
                    left_us ? SMSC_UNCERTAIN : SMSC_TEMPORARY, slice_str("connection lost"),
                    slice_unset());
    }
}

bool window_is_empty(const struct smpp_driver *driver)
{
    return driver->window.pending == NULL && driver->window.refused == NULL;
}

void window_create(struct smpp_driver *driver)
{
    struct loop *loop = loop_of(driver);

    driver->window.overdue = loop_timer_create(loop, look_for_overdue, driver);
    driver->window.throttle = loop_timer_create(loop, throttle_over, driver);
    driver->window.refusals = loop_timer_create(loop, answer_refused, driver);
}

void window_free(struct smpp_driver *driver)
{
    loop_timer_free(driver->window.overdue);
    loop_timer_free(driver->window.throttle);
    loop_timer_free(driver->window.refusals);
    submit_scratch_free(&driver->window.scratch);
}
