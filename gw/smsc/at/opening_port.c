/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening's dealings with the system: which port is meant, who holds it, storage
 * faces, USB resets and hooks. See opening.h.
 */
#include <errno.h>
#include <stdio.h>

#include "gw/smsc/at/driver_internal.h"
#include "gw/smsc/at/hook.h"
#include "gw/smsc/at/opening.h"
#include "gwlib/clock.h"

#define HELLO_TRIES      2
#define HELLO_MS         500
#define ANOTHER_MS       15000 /* until another device under the same name is ours */
#define LOOK_EVERY_MS    3000  /* for storage faces */
#define STORAGE_FIRST_MS 60000 /* between two runs of the storage-hook */
#define STORAGE_LAST_MS  600000
#define HOOK_MS          60000

/* --- opening one -------------------------------------------------------------------- */

static bool is_stopped(void *arg)
{
    struct at_driver *driver = arg;

    return at_orders_stopped(&driver->orders);
}

int at_opening_speed(const struct at_driver *driver)
{
    const struct at_settings *settings = &driver->settings;
    int profile = at_settings_profile(settings, slice_unset())->speed;

    if (driver->knowledge.speed != 0)
        return driver->knowledge.speed;
    if (settings->speed != 0)
        return settings->speed;
    return profile != 0 ? profile : 115200;
}

static struct at_port_target base_target(struct at_driver *driver, struct at_port_refusal *refusal)
{
    const struct at_settings *settings = &driver->settings;

    return (struct at_port_target){
        .device = settings->device,
        .host = settings->host,
        .tcp_port = settings->tcp_port,
        .speed = at_opening_speed(driver),
        .telnet = settings->telnet,
        .line_end = settings->line_end,
        .login = &settings->login,
        .name = driver->name,
        .log = driver->log,
        .stopped = is_stopped,
        .arg = driver,
        .refusal = refusal,
    };
}

static struct at_port *open_tcp(struct at_driver *driver, struct at_port_refusal *refusal,
                                struct bytes *detail)
{
    struct at_port_target target = base_target(driver, refusal);
    struct bytes error = {0};
    struct at_port *port = at_port_open(&target, &error);

    driver->knowledge.takes_any_speed = true;
    if (port == NULL)
        bytes_printf(detail, "waits for %s %s:%d: %s", driver->settings.device,
                     driver->settings.host, driver->settings.tcp_port, bytes_str(&error));
    bytes_free(&error);
    return port;
}

/* The reason for people: who has it, when it is busy. */
static void say_why(const struct at_driver *driver, const struct at_device *device,
                    const struct at_port_refusal *refusal, const char *error, struct bytes *detail)
{
    struct bytes holder = {0};

    bytes_clear(detail);
    if (refusal->busy &&
        at_device_find_holder(driver->settings.root, device, refusal->pid, &holder))
        bytes_printf(detail, "waits for %s: in use by %s", device->shown, bytes_str(&holder));
    else
        bytes_printf(detail, "waits for %s: %s", device->shown, error);
    bytes_free(&holder);
}

static struct at_port *open_one(struct at_driver *driver, const struct at_device *device,
                                struct at_port_refusal *refusal, struct bytes *detail)
{
    struct at_port_target target = base_target(driver, refusal);
    struct bytes error = {0}, folder = {0};
    struct at_port *port;

    bytes_printf(&folder, "%s%s", driver->settings.root, driver->settings.lock_directory);
    target.device = device->path;
    target.lock_folder = bytes_str(&folder);
    target.lock_name = device->lock[0] != '\0' ? device->lock : NULL;
    port = at_port_open(&target, &error);
    if (port != NULL) {
        driver->opening.device = *device;
        driver->knowledge.takes_any_speed = !device->has_speed;
    } else {
        say_why(driver, device, refusal, bytes_str(&error), detail);
    }
    bytes_free(&folder);
    bytes_free(&error);
    return port;
}

/* --- choosing among several --------------------------------------------------------------- */

enum verdict { REFUSED, FITS, SILENT, ANOTHER };

/* Whether the port answers AT, and with the right serial number where one is
 * asked for. The dialogue ends with the port: it is opened again for work. */
static enum verdict probe(struct at_driver *driver, struct at_port *port, struct bytes *said)
{
    struct at_knowledge knowledge = {.takes_any_speed = true, .reference = -1};
    struct at_modem *modem = at_modem_create(&driver->settings, &driver->host, &knowledge, port,
                                             driver->name, driver->log);
    enum verdict verdict = SILENT;

    if (at_modem_hello(modem, HELLO_TRIES, HELLO_MS))
        verdict =
            driver->settings.imei == NULL || at_modem_has_imei(modem, driver->settings.imei, said)
                ? FITS
                : ANOTHER;
    at_modem_free(modem);
    return verdict;
}

static enum verdict try_one(struct at_driver *driver, const struct at_device *device,
                            struct at_port_refusal *refusal, struct bytes *detail)
{
    struct bytes said = {0};
    struct at_port *port = open_one(driver, device, refusal, detail);
    enum verdict verdict = port != NULL ? probe(driver, port, &said) : REFUSED;

    if (verdict == ANOTHER) {
        bytes_clear(detail);
        bytes_printf(detail, "waits for the modem %s: %s is %s", driver->settings.imei,
                     device->shown, said.len > 0 ? bytes_str(&said) : "without a serial number");
    }
    bytes_free(&said);
    return verdict;
}

/* The likeliest that is silent, and no other port of its device is another modem's. */
static const struct at_device *find_silent(const struct at_devices *devices,
                                           const enum verdict *verdicts)
{
    for (size_t i = 0; i < devices->count; i++) {
        bool ours = verdicts[i] == SILENT;

        for (size_t j = 0; j < devices->count && ours; j++)
            ours = verdicts[j] != ANOTHER || !devices->items[i].identity.known ||
                   strcmp(devices->items[i].identity.usb_name,
                          devices->items[j].identity.usb_name) != 0;
        if (ours)
            return &devices->items[i];
    }
    return NULL;
}

/* The first port that fits, opened. With none, one that is silent: the ladder may
 * help it. One that answers as another modem is never taken. */
static struct at_port *choose(struct at_driver *driver, const struct at_devices *devices,
                              struct at_port_refusal *refusal, struct bytes *detail)
{
    enum verdict verdicts[AT_DEVICES_MAX] = {REFUSED};
    const struct at_device *silent;
    struct bytes why = {0};
    struct at_port *port;

    for (size_t i = 0; i < devices->count && !at_orders_stopped(&driver->orders); i++) {
        verdicts[i] = try_one(driver, &devices->items[i], refusal, detail);
        if (verdicts[i] == FITS) {
            bytes_free(&why);
            return open_one(driver, &devices->items[i], refusal, detail);
        }
        if (verdicts[i] == ANOTHER || why.len == 0) {
            bytes_clear(&why);
            bytes_append_slice(&why, bytes_slice(detail));
        }
    }
    silent = find_silent(devices, verdicts);
    port = silent != NULL ? open_one(driver, silent, refusal, detail) : NULL;
    if (port == NULL && silent == NULL) {
        bytes_clear(detail);
        bytes_append_slice(detail, bytes_slice(&why));
    }
    bytes_free(&why);
    return port;
}

/* A name may be another stick's now. It is taken when ours stays away: a
 * replacement is one's good right. */
static bool is_foreign(const struct at_driver *driver, const struct at_device *device)
{
    const struct at_opening *opening = &driver->opening;

    return opening->seen.known && device->identity.known &&
           !at_device_is_same(&opening->seen, &device->identity) &&
           strncmp(driver->settings.device, "usb:", 4) != 0 && driver->settings.imei == NULL &&
           (opening->missing_since == 0 ||
            clock_monotonic_ms() - opening->missing_since < ANOTHER_MS);
}

static struct at_port *open_device(struct at_driver *driver, struct at_port_refusal *refusal,
                                   struct bytes *detail)
{
    const struct at_settings *settings = &driver->settings;
    struct at_devices devices;

    at_device_find(settings->root, settings->device, &driver->opening.seen, settings->imei != NULL,
                   &devices);
    if (devices.count == 0 || is_foreign(driver, &devices.items[0])) {
        refusal->missing = true;
        bytes_printf(detail, "waits for %s: %s", settings->device,
                     devices.count == 0 ? strerror(ENOENT) : "another device has this name now");
        return NULL;
    }
    if (settings->imei == NULL &&
        (devices.count == 1 ||
         at_device_is_same(&driver->opening.seen, &devices.items[0].identity)))
        return open_one(driver, &devices.items[0], refusal, detail);
    return choose(driver, &devices, refusal, detail);
}

struct at_port *at_opening_port(struct at_driver *driver, struct at_port_refusal *refusal,
                                struct bytes *detail)
{
    return driver->settings.is_tcp ? open_tcp(driver, refusal, detail)
                                   : open_device(driver, refusal, detail);
}

/* --- hooks and resets ------------------------------------------------------------------------ */

static bool wait_for_hook(void *arg, int ms)
{
    struct at_driver *driver = arg;

    at_worker_pause(driver, ms);
    return !at_orders_stopped(&driver->orders);
}

static void run_hook(struct at_driver *driver, const char *what, const char *command,
                     const char *reason, const char *usb_id)
{
    struct at_hook hook = {
        .command = command,
        .smsc_id = driver->settings.smsc_id,
        .device = driver->opening.device.shown[0] != '\0' ? driver->opening.device.shown
                                                          : driver->settings.device,
        .reason = reason,
        .usb_id = usb_id,
        .limit_ms = HOOK_MS,
        .wait = wait_for_hook,
        .arg = driver,
    };
    struct bytes error = {0};

    log_to(driver->log, LOG_LEVEL_WARNING, "%s: the %s is run: %s", driver->name, what, command);
    if (!at_hook_run(&hook, &error))
        log_to(driver->log, LOG_LEVEL_ERROR, "%s: the %s failed: %s", driver->name, what,
               bytes_str(&error));
    bytes_free(&error);
}

void at_opening_power(struct at_driver *driver, const char *reason)
{
    const struct at_device_identity *usb = &driver->opening.device.identity;
    char id[10] = "";

    if (usb->known)
        snprintf(id, sizeof id, "%04x:%04x", usb->vendor & 0xffff, usb->product & 0xffff);
    at_note_tally(driver, SMSC_TALLY_POWER_CYCLED);
    run_hook(driver, "power-hook", driver->settings.power_hook, reason, id);
    at_rescue_done(&driver->opening.rescue, AT_RESCUE_POWER, clock_monotonic_ms());
}

void at_opening_reset_usb(struct at_driver *driver)
{
    struct bytes error = {0};

    at_note_tally(driver, SMSC_TALLY_USB_RESET);
    if (!at_device_reset_usb(driver->settings.root, &driver->opening.device.identity, &error))
        log_to(driver->log, LOG_LEVEL_ERROR, "%s: the USB device cannot be reset: %s", driver->name,
               bytes_str(&error));
    bytes_free(&error);
    at_rescue_done(&driver->opening.rescue, AT_RESCUE_USB, clock_monotonic_ms());
}

void at_opening_look_for_others(struct at_driver *driver, struct bytes *detail)
{
    struct bytes holder = {0};

    if (!driver->settings.is_tcp &&
        at_device_find_holder(driver->settings.root, &driver->opening.device, 0, &holder))
        bytes_printf(detail, "; %s has %s open, too", bytes_str(&holder),
                     driver->opening.device.shown);
    bytes_free(&holder);
}

void at_opening_look_for_storage(struct at_driver *driver, struct bytes *detail)
{
    struct at_opening *opening = &driver->opening;
    const struct at_settings *settings = &driver->settings;
    int64_t now = clock_monotonic_ms();
    struct bytes remedy = {0};
    char id[10];

    if (now >= opening->look_due) {
        opening->look_due = now + LOOK_EVERY_MS;
        bytes_clear(&opening->storage);
        if (at_device_find_storage(settings->root, settings->device, &opening->seen, id, &remedy))
            bytes_append_slice(&opening->storage, bytes_slice(&remedy));
    }
    if (opening->storage.len > 0)
        bytes_printf(detail, "; %s", bytes_str(&opening->storage));
    if (remedy.len > 0 && settings->storage_hook != NULL && now >= opening->storage_due) {
        run_hook(driver, "storage-hook", settings->storage_hook, "storage", id);
        opening->storage_due =
            clock_monotonic_ms() +
            at_opening_growing(STORAGE_FIRST_MS, STORAGE_LAST_MS, opening->storages++);
    }
    bytes_free(&remedy);
}
