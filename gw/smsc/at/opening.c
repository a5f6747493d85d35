/* SPDX-License-Identifier: Apache-2.0 */
/*
 * opening - from a configured device to a modem that is ready: open the port,
 * bring the modem up; when it stays mute, the steps of the recovery ladder
 * (rescue.h). A port that is not there is a state, shown on the status page, and
 * ends by itself when the device appears.
 *
 * A modem in trouble is asked again every few seconds at least, so that the link
 * is back soon after it can be; only the rough steps of the ladder wait longer.
 */
#include "gw/smsc/at/opening.h"

#include "gw/smsc/at/driver_internal.h"
#include "gwlib/clock.h"
#include "gwlib/uuid.h"

#define RETRY_FIRST_MS   500 /* between attempts to bring it up */
#define RETRY_LAST_MS    8000
#define SILENT_LAST_MS   4000 /* ... when each of them has waited already */
#define MISSING_MS       750  /* between looks whether the device is there */
#define HOPELESS_WAIT_MS 10000
#define LOGIN_WAIT_MS    30000
#define BOOT_MS          2000 /* before the first look at one that was told to restart */

void at_opening_close(struct at_driver *driver)
{
    if (driver->modem != NULL)
        at_modem_take_last(driver->modem);
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

/* --- telling ------------------------------------------------------------------------ */

/* A reason is logged when it is another than the last one. */
static void log_reason(struct at_driver *driver, enum log_level level, const char *reason)
{
    struct bytes *logged = &driver->opening.logged;

    if (slice_equal_str(bytes_slice(logged), reason))
        return;
    bytes_clear(logged);
    bytes_append_str(logged, reason);
    log_to(driver->log, level, "%s: %s", driver->name, reason);
}

/* After a failure: a pause that is told and counted. */
static void retry_later(struct at_driver *driver, const char *reason, int64_t ms)
{
    at_note_state(driver, SMSC_RECONNECTING, reason);
    at_worker_pause(driver, ms);
    if (driver->failures < 1000000)
        driver->failures++;
}

/* --- opening the port ------------------------------------------------------------------ */

static void note_opened(struct at_driver *driver)
{
    struct at_opening *opening = &driver->opening;
    bool usb = driver->settings.usb_reset && opening->device.identity.known;
    const char *shown = opening->device.shown;

    at_rescue_opened(&opening->rescue, clock_monotonic_ms());
    at_rescue_allow_usb(&opening->rescue, usb);
    if (opening->was_open)
        at_note_tally(driver, SMSC_TALLY_REOPENED);
    opening->was_open = true;
    opening->missing_since = opening->look_due = 0;
    opening->storages = 0;
    at_note_fact(driver, SMSC_FACT_DEVICE,
                 driver->settings.is_tcp || strcmp(shown, driver->settings.device) == 0
                     ? slice_unset()
                     : slice_str(shown));
}

static void wait_for_port(struct at_driver *driver, const struct at_port_refusal *refusal,
                          struct bytes *detail)
{
    struct at_opening *opening = &driver->opening;
    int64_t now = clock_monotonic_ms();

    if (refusal->missing || driver->settings.is_tcp) {
        if (opening->missing_since == 0)
            opening->missing_since = now;
        if (refusal->missing)
            at_opening_look_for_storage(driver, detail);
        if (!refusal->login && at_rescue_missing(&opening->rescue, now) == AT_RESCUE_POWER)
            at_opening_power(driver, "missing");
    }
    log_reason(driver, LOG_LEVEL_WARNING, bytes_str(detail));
    if (refusal->login)
        retry_later(driver, bytes_str(detail), LOGIN_WAIT_MS);
    else if (refusal->missing)
        retry_later(driver, bytes_str(detail), at_opening_growing(MISSING_MS, MISSING_MS, 0));
    else
        retry_later(driver, bytes_str(detail),
                    at_opening_growing(RETRY_FIRST_MS, RETRY_LAST_MS, driver->failures));
}

static bool open_modem(struct at_driver *driver)
{
    struct at_port_refusal refusal = {.busy = false};
    struct bytes detail = {0};
    struct at_port *port = at_opening_port(driver, &refusal, &detail);

    if (port != NULL) {
        note_opened(driver);
        driver->modem = at_modem_create(&driver->settings, &driver->host, &driver->knowledge, port,
                                        driver->name, driver->log);
    } else if (!at_orders_stopped(&driver->orders)) {
        wait_for_port(driver, &refusal, &detail);
    }
    bytes_free(&detail);
    return driver->modem != NULL;
}

/* --- the ladder -------------------------------------------------------------------------- */

static bool escape(struct at_driver *driver)
{
    if (!at_modem_hello(driver->modem, 2, 1000))
        return false;
    at_note_tally(driver, SMSC_TALLY_ESCAPED);
    log_to(driver->log, LOG_LEVEL_INFO, "%s: it answers again after ESC and AT", driver->name);
    return true;
}

static void take_step(struct at_driver *driver, enum at_rescue_step step)
{
    switch (step) {
    case AT_RESCUE_RESET:
        at_note_tally(driver, SMSC_TALLY_RESET);
        at_modem_reset(driver->modem);
        at_opening_close(driver); /* a restart makes another port of some */
        at_worker_pause(driver, BOOT_MS);
        break;
    case AT_RESCUE_USB:
        at_opening_close(driver);
        at_opening_reset_usb(driver);
        break;
    case AT_RESCUE_POWER:
        at_opening_close(driver);
        at_opening_power(driver, "mute");
        break;
    default:
        /* One that waits for the network is not to be disturbed. */
        if (clock_monotonic_ms() >= driver->knowledge.listen_until)
            at_modem_hang_up(driver->modem);
        at_opening_close(driver);
        break;
    }
}

/* The reason, where on the ladder we are, and when it goes on. */
static void describe(const struct at_driver *driver, const char *reason, int64_t ms,
                     struct bytes *detail)
{
    struct bytes step = {0};

    bytes_clear(detail);
    at_rescue_describe(&driver->opening.rescue, &step);
    bytes_printf(detail, "%s%s%s", reason, step.len > 0 ? ": " : "", bytes_str(&step));
    if (ms >= 1000)
        bytes_printf(detail, ", next try in %lld s", (long long)(ms + 500) / 1000);
    bytes_free(&step);
}

/* The modem is open and does not answer. asked: ESC and AT were in vain just now. */
static void rescue(struct at_driver *driver, const char *reason, bool asked)
{
    int64_t ms = at_opening_growing(RETRY_FIRST_MS, SILENT_LAST_MS, driver->failures);
    enum at_rescue_step step = at_rescue_next(&driver->opening.rescue, clock_monotonic_ms());
    struct bytes detail = {0};

    log_reason(driver, LOG_LEVEL_WARNING, reason);
    describe(driver, reason, 0, &detail);
    at_note_state(driver, SMSC_RECONNECTING, bytes_str(&detail));
    if (step == AT_RESCUE_ESCAPE && !asked && escape(driver)) {
        bytes_free(&detail);
        return;
    }
    if (step == AT_RESCUE_ESCAPE)
        step = at_rescue_next(&driver->opening.rescue, clock_monotonic_ms());
    describe(driver, reason, 0, &detail);
    at_note_state(driver, SMSC_RECONNECTING, bytes_str(&detail));
    log_to(driver->log, LOG_LEVEL_INFO, "%s: recovery: %s", driver->name, at_rescue_name(step));
    take_step(driver, step);
    describe(driver, reason, ms, &detail);
    at_opening_look_for_others(driver, &detail);
    if (!at_orders_stopped(&driver->orders))
        retry_later(driver, bytes_str(&detail), ms);
    bytes_free(&detail);
}

void at_opening_trouble(struct at_driver *driver, bool asked)
{
    at_note_tally(driver, SMSC_TALLY_LOST);
    if (at_modem_is_gone(driver->modem)) {
        log_reason(driver, LOG_LEVEL_WARNING, "the device is gone");
        at_opening_close(driver);
    } else {
        rescue(driver, "the modem does not answer", asked);
    }
}

/* --- bringing it up ------------------------------------------------------------------------ */

static void note_ready(struct at_driver *driver)
{
    struct at_opening *opening = &driver->opening;

    at_rescue_ready(&opening->rescue, clock_monotonic_ms());
    opening->seen = opening->device.identity;
    driver->knowledge.speed = at_opening_speed(driver); /* it need not be looked for again */
    bytes_clear(&opening->logged);
}

static void give_up_bring_up(struct at_driver *driver, const char *reason)
{
    if (at_modem_is_gone(driver->modem)) {
        log_reason(driver, LOG_LEVEL_WARNING, reason);
        at_opening_close(driver);
        retry_later(driver, reason,
                    at_opening_growing(RETRY_FIRST_MS, RETRY_LAST_MS, driver->failures));
    } else {
        rescue(driver, reason, true);
    }
}

/* It answers, and is not ready. One that says it has failed is reset in the end. */
static void wait_for_modem(struct at_driver *driver, const char *reason)
{
    struct at_rescue *ladder = &driver->opening.rescue;

    at_note_state(driver, SMSC_CONNECTING, reason);
    if (!at_modem_has_failed(driver->modem)) {
        at_rescue_answers(ladder);
    } else if (at_rescue_failing(ladder, clock_monotonic_ms())) {
        log_reason(driver, LOG_LEVEL_WARNING, reason);
        take_step(driver, AT_RESCUE_RESET);
    }
    at_worker_pause(driver, at_opening_growing(RETRY_FIRST_MS, RETRY_LAST_MS, driver->failures++));
}

/* True when the modem is ready to work. */
static bool bring_up(struct at_driver *driver)
{
    int limit = driver->settings.max_errors;
    struct bytes detail = {0};
    enum at_readiness readiness;

    if (limit >= 0 && driver->failures > limit) {
        at_note_tally(driver, SMSC_TALLY_RESET);
        at_modem_reset(driver->modem);
        driver->failures = 0;
    }
    readiness = at_modem_bring_up(driver->modem, &detail);
    switch (readiness) {
    case AT_READY:
        note_ready(driver);
        break;
    case AT_NOT_YET:
        wait_for_modem(driver, bytes_str(&detail));
        break;
    case AT_HOPELESS:
        log_reason(driver, LOG_LEVEL_ERROR, bytes_str(&detail));
        at_note_state(driver, SMSC_RECONNECTING, bytes_str(&detail));
        at_worker_pause(driver, HOPELESS_WAIT_MS);
        break;
    case AT_BROKEN:
        give_up_bring_up(driver, detail.len > 0 ? bytes_str(&detail) : "the modem does not answer");
        break;
    }
    bytes_free(&detail);
    return readiness == AT_READY;
}

bool at_opening_run(struct at_driver *driver)
{
    return (driver->modem != NULL || open_modem(driver)) && bring_up(driver);
}
