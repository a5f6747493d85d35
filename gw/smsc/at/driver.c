/* SPDX-License-Identifier: Apache-2.0 */
/*
 * driver - smsc = at: a GSM modem behind the driver interface (gw/smsc/smsc.h).
 *
 * This is the loop's half: it hands orders down to the modem's thread (worker.c)
 * and passes on what that notes (notes.c). It never waits for the modem.
 */
#include <stdlib.h>
#include <string.h>

#include "gw/conf/place.h"
#include "gw/smsc/at/driver_internal.h"
#include "gwlib/memory.h"

/* Files for each modem: "kannel.store.pins-AT2[name]". */
static void open_memories(struct at_driver *driver, const struct conf_group *group)
{
    const struct conf_group *core = conf_first(conf_of(group), "core");
    struct bytes path = {0};
    bool kept = place_beside_store(core, "pins", driver->name, &path);

    at_pin_memory_open(&driver->knowledge.pins, kept ? bytes_str(&path) : NULL);
    bytes_clear(&path);
    kept = place_beside_store(core, "written", driver->name, &path);
    at_written_open(&driver->knowledge.written, kept ? bytes_str(&path) : NULL);
    bytes_free(&path);
}

static void driver_free(void *arg)
{
    struct at_driver *driver = arg;

    LOG_ASSERT(!driver->running);
    at_orders_destroy(&driver->orders);
    bytes_free(&driver->opening.logged);
    bytes_free(&driver->opening.storage);
    at_pin_memory_close(&driver->knowledge.pins);
    at_written_close(&driver->knowledge.written);
    at_sim_memory_free(&driver->knowledge.sim);
    at_settings_free(&driver->settings);
    free(driver->name);
    free(driver);
}

static void *driver_create(struct smsc *smsc, const struct conf_group *group,
                           struct conf_problems *problems)
{
    struct at_driver *driver = memory_zalloc(1, sizeof *driver);

    driver->smsc = smsc;
    driver->loop = smsc_loop(smsc);
    if (!at_orders_init(&driver->orders) || !at_settings_read(&driver->settings, group, problems)) {
        driver_free(driver);
        return NULL;
    }
    smsc_set_name(smsc, "AT2[%s]", smsc_id(smsc) != NULL ? smsc_id(smsc) : driver->settings.device);
    driver->name = memory_strdup(smsc_name(smsc));
    open_memories(driver, group);
    at_references_init(&driver->references);
    driver->held.base = -1;
    driver->knowledge.reference = -1;
    smsc_set_window(smsc, 1);
    return driver;
}

static void driver_start(void *arg)
{
    struct at_driver *driver = arg;

    driver->log = smsc_log_file(driver->smsc);
    driver->orders.stop = false;
    smsc_set_state(driver->smsc, SMSC_CONNECTING, NULL);
    if (pthread_create(&driver->thread, NULL, at_worker_run, driver) != 0) {
        log_error("%s: cannot start a thread", driver->name);
        smsc_set_state(driver->smsc, SMSC_DEAD, "cannot start a thread");
        return;
    }
    driver->running = true;
}

static void driver_stop(void *arg)
{
    struct at_driver *driver = arg;

    if (!driver->running) {
        smsc_set_state(driver->smsc, SMSC_DEAD, NULL);
        return;
    }
    at_orders_stop(&driver->orders);
}

static void driver_send(void *arg, struct smsc_submit *submit)
{
    struct at_driver *driver = arg;

    at_orders_send(&driver->orders, submit);
}

static void driver_set_receiving(void *arg, bool receiving)
{
    struct at_driver *driver = arg;

    at_orders_set_receiving(&driver->orders, receiving);
}

static void driver_ussd(void *arg, struct slice code, bool is_answer)
{
    struct at_driver *driver = arg;
    struct at_ussd_order *order = memory_zalloc(1, sizeof *order);

    order->code = code.len > 0 ? slice_to_str(code) : memory_strdup("");
    order->is_answer = is_answer;
    at_orders_ask(&driver->orders, order);
}

const struct smsc_driver smsc_driver_at = {
    .type = "at",
    .create = driver_create,
    .start = driver_start,
    .stop = driver_stop,
    .send = driver_send,
    .set_receiving = driver_set_receiving,
    .ussd = driver_ussd,
    .free = driver_free,
};
