/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The SMPP driver's life: see driver.h and gw/smsc/smsc.h.
 *
 * The connection is online while messages can be sent; one that only receives,
 * while they can be received. A link that is lost comes back by itself after
 * reconnect-delay, for ever. A stop first lets answers come (a little while),
 * then unbinds.
 */
#include "gw/smsc/smpp/driver.h"

#include <stdlib.h>

#include "gwlib/memory.h"

#define STOP_PATIENCE_MS   3000 /* for answers of SMSC and store, before unbinding */
#define RECONNECT_FLOOR_MS 100  /* reconnect-delay 0 */

/* --- state -------------------------------------------------------------------------- */

static bool exists(const struct smpp_link *link)
{
    return link->port != 0;
}

static bool is_bound(const struct smpp_link *link)
{
    return smpp_session_is_bound(link->session);
}

static void describe(struct bytes *detail, const struct smpp_link *link)
{
    if (!exists(link) || is_bound(link) || link->reason == NULL)
        return;
    bytes_printf(detail, "%s%s: %s", detail->len > 0 ? "; " : "", link->name, link->reason);
}

static void update_state(struct smpp_driver *driver)
{
    const struct smpp_link *main = exists(&driver->sender) ? &driver->sender : &driver->receiver;
    struct bytes detail = {0};
    enum smsc_state state = main->failed ? SMSC_RECONNECTING : SMSC_CONNECTING;

    if (driver->stopping)
        return;
    if (is_bound(main))
        state = SMSC_ONLINE;
    describe(&detail, &driver->sender);
    describe(&detail, &driver->receiver);
    smsc_set_state(driver->smsc, state, bytes_str(&detail));
    bytes_free(&detail);
}

/* --- links ---------------------------------------------------------------------------- */

static void forget_trouble(struct smpp_link *link)
{
    link->failed = false;
    free(link->reason);
    link->reason = NULL;
}

static void link_bound(void *arg)
{
    struct smpp_link *link = arg;

    smsc_log(link->driver->smsc, LOG_LEVEL_INFO, "SMSC <%s>: bound as %s",
             smsc_name(link->driver->smsc), link->name);
    forget_trouble(link);
    arrivals_link_bound(link);
    update_state(link->driver);
}

static void link_received(const struct smpp_pdu *pdu, void *arg)
{
    static struct log_limit limit;
    struct smpp_link *link = arg;

    switch (pdu->command) {
    case SMPP_SUBMIT_SM | SMPP_RESPONSE:
    case SMPP_GENERIC_NACK:
        window_answered(link->driver, pdu);
        break;
    case SMPP_DELIVER_SM:
    case SMPP_DATA_SM:
        arrivals_take(link, pdu);
        break;
    default:
        log_limited(&limit, LOG_LEVEL_WARNING, "SMSC <%s>: unexpected %s",
                    smsc_name(link->driver->smsc), smpp_command_name(pdu->command));
        break;
    }
}

static void link_ended(const char *reason, void *arg)
{
    struct smpp_link *link = arg;

    driver_lose_link(link, reason);
}

static const struct smpp_session_events session_events = {link_bound, link_received, link_ended};

static void open_link(void *arg)
{
    struct smpp_link *link = arg;
    struct smpp_driver *driver = link->driver;

    link->generation++;
    link->session = smpp_session_open(driver->smsc, &driver->settings, link->port,
                                      link->bind_command, &session_events, link);
}

static void note_reason(struct smpp_link *link, const char *reason)
{
    enum log_level level = link->driver->stopping ? LOG_LEVEL_INFO : LOG_LEVEL_ERROR;

    /* The same trouble again and again is told once. */
    if (link->reason == NULL || strcmp(link->reason, reason) != 0)
        smsc_log(link->driver->smsc, level, "SMSC <%s>: %s: %s", smsc_name(link->driver->smsc),
                 link->name, reason);
    if (link->reason != reason) {
        free(link->reason);
        link->reason = memory_strdup(reason);
    }
}

static void try_later(struct smpp_link *link)
{
    int64_t delay = smsc_reconnect_delay_ms(link->driver->smsc);

    loop_timer_set(link->retry, delay > RECONNECT_FLOOR_MS ? delay : RECONNECT_FLOOR_MS);
}

void driver_lose_link(struct smpp_link *link, const char *reason)
{
    struct smpp_driver *driver = link->driver;
    struct smpp_session *session = link->session;
    uint64_t flushed = session != NULL ? smpp_session_flushed(session) : 0;

    note_reason(link, reason);
    link->failed = true;
    link->session = NULL;
    smpp_session_close(session);
    update_state(driver);
    if (link == &driver->sender)
        window_lost(driver, flushed);
    if (!driver->stopping)
        try_later(link);
    driver_check_stop(driver);
}

/* --- stopping ----------------------------------------------------------------------------- */

static void end_link(struct smpp_link *link)
{
    if (link->session == NULL)
        return;
    if (is_bound(link)) {
        smpp_session_unbind(link->session);
        return;
    }
    smpp_session_close(link->session);
    link->session = NULL;
}

static void be_dead(struct smpp_driver *driver)
{
    window_lost(driver, UINT64_MAX);
    loop_timer_cancel(driver->stop);
    driver->stopping = false;
    smsc_set_state(driver->smsc, SMSC_DEAD, NULL);
}

/* Also when a session's unbind is under way: then it is not bound any more. */
void driver_check_stop(struct smpp_driver *driver)
{
    if (!driver->stopping)
        return;
    if (driver->sender.session == NULL && driver->receiver.session == NULL) {
        be_dead(driver);
    } else if (window_is_empty(driver) && driver->arrivals == 0) {
        if (is_bound(&driver->sender))
            smpp_session_unbind(driver->sender.session);
        if (is_bound(&driver->receiver))
            smpp_session_unbind(driver->receiver.session);
    }
}

static void stop_waiting(void *arg)
{
    struct smpp_driver *driver = arg;

    end_link(&driver->sender);
    end_link(&driver->receiver);
    driver_check_stop(driver);
}

static void stop_link(struct smpp_link *link)
{
    loop_timer_cancel(link->retry);
    if (link->session != NULL && !is_bound(link)) {
        smpp_session_close(link->session);
        link->session = NULL;
    }
}

static void smpp_stop(void *arg)
{
    struct smpp_driver *driver = arg;

    driver->stopping = true;
    smsc_set_state(driver->smsc, SMSC_DISCONNECTED, NULL);
    stop_link(&driver->sender);
    stop_link(&driver->receiver);
    loop_timer_set(driver->stop, STOP_PATIENCE_MS);
    driver_check_stop(driver);
}

/* --- the driver ------------------------------------------------------------------------------ */

static void smpp_start(void *arg)
{
    struct smpp_driver *driver = arg;

    forget_trouble(&driver->sender);
    forget_trouble(&driver->receiver);
    smsc_set_window(driver->smsc, exists(&driver->sender) ? driver->settings.window : 0);
    update_state(driver);
    if (exists(&driver->sender))
        open_link(&driver->sender);
    if (exists(&driver->receiver))
        open_link(&driver->receiver);
}

static void smpp_send(void *arg, struct smsc_submit *submit)
{
    window_send(arg, submit);
}

static void smpp_set_receiving(void *arg, bool receiving)
{
    struct smpp_driver *driver = arg;

    driver->receiving = receiving;
}

static void link_free(struct smpp_link *link)
{
    loop_timer_free(link->retry);
    forget_trouble(link);
}

static void smpp_free(void *arg)
{
    struct smpp_driver *driver = arg;

    link_free(&driver->sender);
    link_free(&driver->receiver);
    window_free(driver);
    loop_timer_free(driver->stop);
    deliver_scratch_free(&driver->scratch);
    settings_free(&driver->settings);
    driver->smsc = NULL;
    arrivals_release(driver);
}

static void link_init(struct smpp_driver *driver, struct smpp_link *link, const char *name,
                      uint32_t bind_command, int port)
{
    link->driver = driver;
    link->name = name;
    link->bind_command = bind_command;
    link->port = port;
    link->retry = loop_timer_create(smsc_loop(driver->smsc), open_link, link);
}

static void create_links(struct smpp_driver *driver)
{
    const struct smpp_settings *settings = &driver->settings;
    bool transceiver = settings->transceiver;

    link_init(driver, &driver->sender, transceiver ? "transceiver" : "transmitter",
              transceiver ? SMPP_BIND_TRANSCEIVER : SMPP_BIND_TRANSMITTER, settings->port);
    link_init(driver, &driver->receiver, "receiver", SMPP_BIND_RECEIVER,
              transceiver ? 0 : settings->receive_port);
}

static void *smpp_create(struct smsc *smsc, const struct conf_group *group,
                         struct conf_problems *problems)
{
    struct smpp_driver *driver = memory_zalloc(1, sizeof *driver);
    const struct smpp_settings *settings = &driver->settings;

    if (!settings_read(&driver->settings, group, problems)) {
        settings_free(&driver->settings);
        free(driver);
        return NULL;
    }
    driver->smsc = smsc;
    driver->receiving = true;
    driver->stop = loop_timer_create(smsc_loop(smsc), stop_waiting, driver);
    create_links(driver);
    window_create(driver);
    smsc_set_name(smsc, "SMPP:%s:%d/%d:%s:%s", settings->host, settings->port,
                  settings->transceiver ? settings->port : settings->receive_port,
                  settings->username, settings->system_type);
    return driver;
}

const struct smsc_driver smsc_driver_smpp = {
    .type = "smpp",
    .create = smpp_create,
    .start = smpp_start,
    .stop = smpp_stop,
    .send = smpp_send,
    .set_receiving = smpp_set_receiving,
    .free = smpp_free,
};
