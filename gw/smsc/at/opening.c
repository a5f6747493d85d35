/* SPDX-License-Identifier: Apache-2.0 */
/*
 * opening - from a configured device to a modem that is ready: open the port,
 * bring the modem up, with growing pauses. A port that is not there is a state,
 * shown on the status page, and ends by itself when the device appears.
 */
#include "gw/smsc/at/driver_internal.h"
#include "gwlib/uuid.h"

#define RETRY_FIRST_MS   500 /* between attempts to open the port or to bring it up */
#define RETRY_LAST_MS    8000
#define HOPELESS_WAIT_MS 30000

void at_opening_close(struct at_driver *driver)
{
    at_modem_free(driver->modem);
    driver->modem = NULL;
}

int64_t at_opening_growing(int64_t first, int64_t last, int times)
{
    int64_t ms = first;

    while (times-- > 0 && ms < last)
        ms *= 2;
    if (ms > last)
        ms = last;
    return ms * 3 / 4 + random_below((uint32_t)(ms / 2) + 1);
}

/* After a failure: the state with its reason, and a pause that grows. */
static void retry_later(struct at_driver *driver, enum smsc_state state, const char *detail)
{
    at_note_state(driver, state, detail);
    at_worker_pause(driver, at_opening_growing(RETRY_FIRST_MS, RETRY_LAST_MS, driver->failures));
    if (driver->failures < 1000000)
        driver->failures++;
}

static int speed_to_open(const struct at_driver *driver)
{
    const struct at_settings *settings = &driver->settings;
    int profile = at_settings_profile(settings, slice_unset())->speed;

    if (driver->knowledge.speed != 0)
        return driver->knowledge.speed;
    if (settings->speed != 0)
        return settings->speed;
    return profile != 0 ? profile : 115200;
}

static bool open_port(struct at_driver *driver)
{
    const struct at_settings *settings = &driver->settings;
    struct at_port_target target = {
        .device = settings->device,
        .host = settings->host,
        .tcp_port = settings->tcp_port,
        .speed = speed_to_open(driver),
    };
    struct bytes error = {0}, detail = {0};
    struct at_port *port = at_port_open(&target, &error);

    if (port != NULL) {
        driver->modem = at_modem_create(settings, &driver->host, &driver->knowledge, port,
                                        driver->name, driver->log);
    } else {
        bytes_printf(&detail, "waits for %s: %s", settings->device, bytes_str(&error));
        retry_later(driver, SMSC_RECONNECTING, bytes_str(&detail));
    }
    bytes_free(&detail);
    bytes_free(&error);
    return driver->modem != NULL;
}

/* True when the modem is ready to work. */
static bool bring_up(struct at_driver *driver)
{
    int limit = driver->settings.max_errors;
    struct bytes detail = {0};
    enum at_readiness readiness;

    if (limit >= 0 && driver->failures > limit) {
        at_modem_reset(driver->modem);
        driver->failures = 0;
    }
    readiness = at_modem_bring_up(driver->modem, &detail);
    switch (readiness) {
    case AT_READY:
        break;
    case AT_NOT_YET:
        at_note_state(driver, SMSC_CONNECTING, bytes_str(&detail));
        at_worker_pause(driver,
                        at_opening_growing(RETRY_FIRST_MS, RETRY_LAST_MS, driver->failures++));
        break;
    case AT_HOPELESS:
        log_to(driver->log, LOG_LEVEL_ERROR, "%s: %s", driver->name, bytes_str(&detail));
        at_note_state(driver, SMSC_RECONNECTING, bytes_str(&detail));
        at_worker_pause(driver, HOPELESS_WAIT_MS);
        break;
    case AT_BROKEN:
        at_opening_close(driver);
        retry_later(driver, SMSC_RECONNECTING,
                    detail.len > 0 ? bytes_str(&detail) : "the modem does not answer");
        break;
    }
    bytes_free(&detail);
    return readiness == AT_READY;
}

bool at_opening_run(struct at_driver *driver)
{
    return (driver->modem != NULL || open_port(driver)) && bring_up(driver);
}
