/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the SMSC brings: messages and receipts on their way to the store. The
 * answer to a deliver_sm says "taken" only after it was stored; else the SMSC is
 * told to try later. When the session is gone by then the SMSC brings it again.
 */
#include <stdlib.h>

#include "gw/smsc/smpp/driver.h"
#include "gwlib/memory.h"

#define ARRIVALS_MAX 2000 /* under way; beyond, nothing more is read of any session */

struct arrival {
    struct smpp_driver *driver;
    struct smpp_link *link;
    unsigned generation; /* of the session that brought it */
    uint32_t command, sequence;
};

static void respond(const struct arrival *arrival, uint32_t status)
{
    struct smpp_link *link = arrival->link;

    if (link->session != NULL && link->generation == arrival->generation)
        smpp_session_respond(link->session, arrival->command, status, arrival->sequence);
}

/* Not before it is bound: it could not hear that. */
static void pause_link(struct smpp_link *link)
{
    if (link->session != NULL && smpp_session_is_bound(link->session))
        smpp_session_pause(link->session, link->driver->full);
}

static void set_full(struct smpp_driver *driver, bool full)
{
    if (driver->full == full)
        return;
    driver->full = full;
    pause_link(&driver->sender);
    pause_link(&driver->receiver);
}

void arrivals_link_bound(struct smpp_link *link)
{
    pause_link(link);
}

static void on_stored(bool stored, void *arg)
{
    struct arrival *arrival = arg;
    struct smpp_driver *driver = arrival->driver;

    driver->arrivals--;
    if (driver->smsc == NULL) {
        arrivals_release(driver);
    } else {
        respond(arrival, stored ? SMPP_ESME_ROK : SMPP_ESME_RX_T_APPN);
        if (driver->arrivals <= ARRIVALS_MAX / 2)
            set_full(driver, false);
        driver_check_stop(driver);
    }
    free(arrival);
}

void arrivals_release(struct smpp_driver *driver)
{
    if (driver->arrivals == 0)
        free(driver);
}

static struct arrival *arrival_create(struct smpp_link *link, const struct smpp_pdu *pdu)
{
    struct arrival *arrival = memory_zalloc(1, sizeof *arrival);

    arrival->driver = link->driver;
    arrival->link = link;
    arrival->generation = link->generation;
    arrival->command = pdu->command;
    arrival->sequence = pdu->sequence;
    if (++link->driver->arrivals >= ARRIVALS_MAX)
        set_full(link->driver, true);
    return arrival;
}

static void take_receipt(struct smpp_link *link, const struct smpp_pdu *pdu)
{
    static struct log_limit limit;
    struct smpp_driver *driver = link->driver;
    struct smsc_report report;

    if (!deliver_read_receipt(&driver->scratch, &driver->settings, pdu, &report)) {
        log_limited(&limit, LOG_LEVEL_WARNING,
                    "SMSC <%s>: a delivery receipt without message id or state, dropped",
                    smsc_name(driver->smsc));
        smpp_session_respond(link->session, pdu->command, SMPP_ESME_ROK, pdu->sequence);
        return;
    }
    smsc_reported(driver->smsc, &report, on_stored, arrival_create(link, pdu));
}

static void take_message(struct smpp_link *link, const struct smpp_pdu *pdu)
{
    static struct log_limit limit;
    struct smpp_driver *driver = link->driver;
    struct sms sms;
    uint32_t status = deliver_read_message(&driver->scratch, &driver->settings, pdu, &sms);

    if (status != SMPP_ESME_ROK) {
        log_limited(&limit, LOG_LEVEL_WARNING, "SMSC <%s>: a damaged message refused (%s)",
                    smsc_name(driver->smsc), smpp_status_text(status));
        smpp_session_respond(link->session, pdu->command, status, pdu->sequence);
        return;
    }
    smsc_received(driver->smsc, &sms, on_stored, arrival_create(link, pdu));
}

void arrivals_take(struct smpp_link *link, const struct smpp_pdu *pdu)
{
    const struct smpp_driver *driver = link->driver;

    if (!driver->receiving || driver->stopping)
        smpp_session_respond(link->session, pdu->command, SMPP_ESME_RX_T_APPN, pdu->sequence);
    else if (deliver_is_receipt(pdu))
        take_receipt(link, pdu);
    else
        take_message(link, pdu);
}
