/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bearerbox - the process that owns the SMSC links and the store: start, change
 * of state, orderly end. Options and signals: doc/bearerbox.8.
 *
 * Order of the start: configuration (all mistakes told, exit 1), background and
 * user, store, rooms, ports, links. Order of the end: no new messages, links
 * down (every submit answered), boxes told and awaited, store closed.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gw/bearerbox/access_log.h"
#include "gw/bearerbox/admin.h"
#include "gw/bearerbox/aside.h"
#include "gw/bearerbox/boxes.h"
#include "gw/bearerbox/dispatch.h"
#include "gw/bearerbox/inbox.h"
#include "gw/bearerbox/links.h"
#include "gw/bearerbox/lists.h"
#include "gw/bearerbox/matching.h"
#include "gw/bearerbox/outbox.h"
#include "gw/bearerbox/outcome.h"
#include "gw/bearerbox/reload.h"
#include "gw/bearerbox/reports.h"
#include "gw/bearerbox/sticky.h"
#include "gw/conf/place.h"
#include "gw/conf/schema.h"
#include "gwlib/daemon.h"
#include "gwlib/log.h"

#define ENDING_POLL_MS         20    /* while links and boxes go */
#define ENDING_LIMIT_MS        10000 /* then the end comes without them */
#define DEFAULT_RESEND_FREQ_S  60
#define DEFAULT_OUTGOING_LIMIT 1000000

enum { FLAG_SUSPENDED, FLAG_ISOLATED };

/* The process: the rooms and what only main knows. */
struct process {
    struct gateway gateway; /* first: gateway functions get from one to the other */
    struct daemon_options options;
    struct admin_port *admin;
    struct loop_timer *ending;
    int64_t ending_since;
    bool boxes_dismissed;
    bool restart;
    bool store_damaged;
};

/* --- state ---------------------------------------------------------------------- */

static void set_state(struct gateway *gateway, enum gateway_state state)
{
    gateway->state = state;
    boxes_pause(gateway->boxes, state == GATEWAY_SUSPENDED);
    links_set_receiving(gateway->links, state == GATEWAY_RUNNING);
    if (gateway_moves(gateway))
        dispatch_resume(gateway->dispatch);
}

bool gateway_suspend(struct gateway *gateway)
{
    if (gateway->state == GATEWAY_SUSPENDED || gateway->state == GATEWAY_SHUTDOWN)
        return false;
    set_state(gateway, GATEWAY_SUSPENDED);
    log_info("Suspended");
    return true;
}

bool gateway_isolate(struct gateway *gateway)
{
    if (gateway->state == GATEWAY_ISOLATED || gateway->state == GATEWAY_SHUTDOWN)
        return false;
    set_state(gateway, GATEWAY_ISOLATED);
    log_info("Isolated from the SMSCs: nothing is received");
    return true;
}

bool gateway_resume(struct gateway *gateway)
{
    if (gateway->state == GATEWAY_RUNNING || gateway->state == GATEWAY_SHUTDOWN)
        return false;
    set_state(gateway, GATEWAY_RUNNING);
    log_info("Running again");
    return true;
}

/* --- the end --------------------------------------------------------------------- */

/* Links first, so that what they answer is still passed on; then the boxes. */
static void ending(void *arg)
{
    struct process *process = arg;
    struct gateway *gateway = &process->gateway;
    bool too_long = loop_now(gateway->loop) - process->ending_since > ENDING_LIMIT_MS;

    if (links_stopped(gateway->links) && !process->boxes_dismissed) {
        process->boxes_dismissed = true;
        boxes_dismiss(gateway->boxes, process->restart ? ADMIN_RESTART : ADMIN_SHUTDOWN);
    }
    if ((process->boxes_dismissed && boxes_count(gateway->boxes) == 0) || too_long) {
        if (too_long)
            log_warning("Some links or boxes did not end in time");
        loop_stop(gateway->loop);
        return;
    }
    loop_timer_set(process->ending, ENDING_POLL_MS);
}

void gateway_shutdown(struct gateway *gateway, bool restart)
{
    struct process *process = (struct process *)gateway;

    if (gateway->state == GATEWAY_SHUTDOWN) {
        loop_stop(gateway->loop);
        return;
    }
    log_info("Going down%s", restart ? ", to start again" : "");
    gateway->state = GATEWAY_SHUTDOWN;
    process->restart = restart;
    process->ending_since = loop_now(gateway->loop);
    dispatch_stop(gateway->dispatch);
    links_stop(gateway->links);
    process->ending = loop_timer_create(gateway->loop, ending, process);
    loop_timer_set(process->ending, 0);
}

static void on_terminate(int signal_number, void *arg)
{
    log_error("%s received, aborting program...", signal_number == SIGINT ? "SIGINT" : "SIGTERM");
    gateway_shutdown(arg, false);
}

static void on_reopen(int signal_number, void *arg)
{
    (void)signal_number;
    (void)arg;
    log_reopen_all();
    log_info("Log files opened again");
}

static void on_hangup(int signal_number, void *arg)
{
    struct gateway *gateway = arg;

    on_reopen(signal_number, gateway);
    if (gateway->state != GATEWAY_SHUTDOWN)
        reload_all(gateway);
}

/* --- what links tell -------------------------------------------------------------- */

static void link_state(void *owner, enum smsc_state state)
{
    struct bearer *bearer = owner;
    const char *detail = smsc_detail(bearer->smsc);

    log_info("SMSC <%s> is %s%s%s", smsc_name(bearer->smsc), smsc_state_name(state),
             *detail != '\0' ? ": " : "", detail);
    if (state != SMSC_ONLINE)
        aside_look_again(bearer->gateway->links);
    dispatch_link_changed(bearer->gateway->dispatch, bearer);
}

static void link_ready(void *owner)
{
    dispatch_link_ready(owner);
}

static void link_accepted(void *owner, struct smsc_submit *submit, struct slice foreign_id,
                          struct slice text, struct slice meta_data)
{
    struct bearer *bearer = owner;
    const struct outgoing *outgoing = submit->owner;

    if (bearer->sticky)
        sticky_note(bearer->gateway->sticky, message_sms(outgoing->item->message)->receiver,
                    bearer->key);
    aside_accepted(bearer);
    dispatch_accepted(owner, submit, foreign_id, text, meta_data);
}

static void link_failed(void *owner, struct smsc_submit *submit, enum smsc_failure failure,
                        struct slice text, struct slice meta_data)
{
    aside_failed(owner, message_sms(submit->message)->receiver, failure, text);
    dispatch_failed(owner, submit, failure, text, meta_data);
}

static void link_received(void *owner, struct message *message, smsc_stored_fn *stored, void *arg)
{
    inbox_receive(owner, message, stored, arg);
}

static void link_reported(void *owner, const struct smsc_report *report, smsc_stored_fn *stored,
                          void *arg)
{
    inbox_receive_report(owner, report, stored, arg);
}

static const struct smsc_events smsc_events = {link_state,  link_ready,    link_accepted,
                                               link_failed, link_received, link_reported};

/* --- the start ------------------------------------------------------------------------ */

static void read_settings(struct gateway *gateway)
{
    struct settings *settings = &gateway->settings;
    const struct conf_group *core = gateway->core;

    settings->unified_prefix = conf_string(core, "unified-prefix");
    settings->outgoing_limit = conf_number(core, "sms-outgoing-queue-limit");
    if (settings->outgoing_limit < 0)
        settings->outgoing_limit = DEFAULT_OUTGOING_LIMIT;
    settings->incoming_limit =
        conf_number(core, conf_is_set(core, "maximum-queue-length") ? "maximum-queue-length"
                                                                    : "sms-incoming-queue-limit");
    settings->resend_freq_s = conf_number(core, "sms-resend-freq");
    if (settings->resend_freq_s <= 0)
        settings->resend_freq_s = DEFAULT_RESEND_FREQ_S;
    settings->resend_retry = conf_number(core, "sms-resend-retry");
    settings->hold_uncertain = strcmp(conf_string(core, "uncertain-policy"), "hold") == 0;
    settings->unmatched_limit = conf_number(core, "dlr-unmatched-limit");
    settings->unmatched_time_s = conf_number(core, "dlr-unmatched-time");
    settings->mo_retry_first_s = conf_number(core, "mo-retry-first");
    settings->mo_retry_most_s = conf_number(core, "mo-retry-most");
    settings->mo_retry_time_s = conf_number(core, "mo-retry-time");
    settings->loop_guard = conf_bool(core, "loop-guard");
    settings->own_numbers = conf_string(core, "own-numbers");
    settings->combine_parts = conf_bool(core, "sms-combine-concatenated-mo");
    settings->combine_timeout_s = conf_number(core, "sms-combine-concatenated-mo-timeout");
}

static void open_logs(const struct conf_group *core, struct conf_problems *problems)
{
    const char *path = conf_string(core, "log-file");
    const char *facility = conf_string(core, "syslog-facility");
    const char *syslog_level = conf_string(core, "syslog-level");

    if (path != NULL && !log_add_main_file(path, (int)conf_number(core, "log-level")))
        conf_report(problems, CONF_WARNING, core, "log-file",
                    "cannot be opened, the log goes to standard error only");
    if (syslog_level != NULL && strcmp(syslog_level, "none") != 0 &&
        !log_set_syslog("bearerbox", facility, atoi(syslog_level)))
        conf_report(problems, CONF_WARNING, core, "syslog-facility", "is no facility's name");
}

static void give_up_on_mistakes(struct conf_problems *problems)
{
    bool errors = problems->errors > 0;

    conf_problems_log(problems);
    conf_problems_free(problems);
    if (errors)
        log_panic("The configuration has errors, nothing was started");
}

/* The rooms from the ground up; mistakes of the configuration are told together. */
static void make_rooms(struct gateway *gateway, struct conf_problems *problems)
{
    gateway->lanes = lanes_create(gateway->loop, gateway->store);
    gateway->access_log = access_log_open(gateway->core, problems);
    gateway->lists = lists_create(gateway->loop, gateway->core);
    gateway->sticky = sticky_create();
    gateway->boxes = boxes_create(gateway, outbox_submit, problems);
    gateway->reports = reports_create(gateway);
    gateway->matching = matching_create(gateway);
    gateway->links = links_create(gateway, &smsc_events, problems);
    gateway->outcomes = outcomes_create(dispatch_link_ready);
    gateway->dispatch = dispatch_create(gateway);
    gateway->inbox = inbox_create(gateway);
}

static void free_rooms(struct gateway *gateway)
{
    inbox_free(gateway->inbox);
    dispatch_free(gateway->dispatch);
    free(gateway->outcomes);
    links_free(gateway->links);
    matching_free(gateway->matching);
    reports_free(gateway->reports);
    boxes_free(gateway->boxes);
    lists_free(gateway->lists);
    sticky_free(gateway->sticky);
    access_log_close(gateway->access_log);
    lanes_free(gateway->lanes);
}

/* Nothing can be kept any more: the end, and no restart by itself. */
static void on_damaged(const char *text, void *arg)
{
    struct process *process = arg;

    log_error("The gateway stops: %s", text);
    process->store_damaged = true;
    if (process->gateway.state != GATEWAY_SHUTDOWN)
        gateway_shutdown(&process->gateway, false);
}

static enum store_sync sync_of(const char *name)
{
    if (strcmp(name, "off") == 0)
        return STORE_SYNC_OFF;
    return strcmp(name, "normal") == 0 ? STORE_SYNC_NORMAL : STORE_SYNC_FULL;
}

/* The configured place, when it is a folder: a Kannel may have had its spool there. */
static const char *spool_of(const struct conf_group *core, const struct bytes *path)
{
    const char *place = conf_string(core, "store-file");

    if (place == NULL)
        place = conf_string(core, "store-location");
    return place != NULL && !slice_equal_str(bytes_slice(path), place) ? place : NULL;
}

static void tell_dlr_storage(const struct conf_group *core)
{
    if (conf_is_set(core, "dlr-storage"))
        log_info(
            "dlr-storage = %s: delivery reports are matched by the store, and survive restarts",
            conf_string(core, "dlr-storage"));
}

static void open_store(struct gateway *gateway)
{
    struct bytes path = {0}, error = {0};
    struct store_options options = {
        .history_s = conf_number(gateway->core, "store-history"),
        .history_octets = conf_number(gateway->core, "store-history-size") * INT64_C(1048576),
        .await_s = conf_number(gateway->core, "dlr-awaited-time"),
        .sync = sync_of(conf_string(gateway->core, "store-sync")),
        .hold_uncertain = gateway->settings.hold_uncertain,
        .damaged = on_damaged,
        .arg = gateway,
    };

    gateway->store_is_volatile = !place_of_store(gateway->core, &path);
    if (!gateway->store_is_volatile) {
        options.path = bytes_str(&path);
        options.spool = spool_of(gateway->core, &path);
    }
    tell_dlr_storage(gateway->core);
    gateway->store = store_open(gateway->loop, &options, &error);
    if (gateway->store == NULL)
        log_panic("Store: %s", bytes_str(&error));
    bytes_free(&path);
    bytes_free(&error);
}

static void open_ports(struct process *process)
{
    struct bytes error = {0};

    process->admin = admin_open(&process->gateway, &error);
    if (process->admin == NULL)
        log_panic("admin-port: %s", bytes_str(&error));
    if (!boxes_listen(process->gateway.boxes, &error))
        log_panic("smsbox-port: %s", bytes_str(&error));
    bytes_free(&error);
}

static void start_counters(struct gateway *gateway)
{
    gateway->started_ms = loop_now(gateway->loop);
    counter_start(&gateway->sms_received, gateway->started_ms);
    counter_start(&gateway->sms_sent, gateway->started_ms);
    counter_start(&gateway->dlr_received, gateway->started_ms);
    counter_start(&gateway->dlr_sent, gateway->started_ms);
}

static void start(struct process *process)
{
    struct gateway *gateway = &process->gateway;

    loop_on_signal(gateway->loop, SIGTERM, on_terminate, gateway);
    loop_on_signal(gateway->loop, SIGINT, on_terminate, gateway);
    loop_on_signal(gateway->loop, SIGHUP, on_hangup, gateway);
    loop_on_signal(gateway->loop, SIGUSR2, on_reopen, gateway);
    loop_on_signal(gateway->loop, SIGQUIT, on_reopen, gateway);
    lanes_start(gateway->lanes);
    inbox_start(gateway->inbox);
    matching_start(gateway->matching);
    links_start(gateway->links);
    if (process->options.flag_given[FLAG_SUSPENDED])
        gateway_suspend(gateway);
    else if (process->options.flag_given[FLAG_ISOLATED])
        gateway_isolate(gateway);
}

/* The store is closed, so nothing is lost; what was in the hands of a link that
 * did not end is uncertain at the next start. */
static void end_at_once(struct process *process)
{
    log_warning("The end was forced, some links are left as they are");
    daemon_leave(&process->options);
    log_shutdown();
    _exit(process->store_damaged ? 1 : 0);
}

static void run(struct process *process, struct conf *conf)
{
    struct gateway *gateway = &process->gateway;
    struct conf_problems problems = {0};

    gateway->conf = conf;
    gateway->core = conf_first(conf, "core");
    open_logs(gateway->core, &problems);
    gateway->loop = loop_create();
    start_counters(gateway);
    read_settings(gateway);
    open_store(gateway);
    make_rooms(gateway, &problems);
    give_up_on_mistakes(&problems);
    if (!lists_load(gateway->lists))
        log_panic("A number list could not be loaded, nothing was started");
    open_ports(process);
    start(process);
    log_info("Kantele bearerbox is running");
    loop_run(gateway->loop);

    store_close(gateway->store); /* its last answers go to every room */
    admin_close(process->admin);
    if (!links_stopped(gateway->links))
        end_at_once(process); /* a link may still use what would be freed */
    free_rooms(gateway);
    loop_timer_free(process->ending);
    loop_destroy(gateway->loop);
}

static struct conf *load(const struct daemon_options *options)
{
    struct conf_problems problems = {0};
    struct conf *conf = conf_load(options->config_file, schema_get(), &problems);

    schema_check(conf, SCHEMA_BEARERBOX, &problems);
    if (problems.errors == 0)
        links_check(conf, &problems);
    give_up_on_mistakes(&problems);
    return conf;
}

int main(int argc, char **argv)
{
    static const char *const long_flags[] = {"suspended", "isolated", NULL};
    struct process process = {
        .options = {.box = "bearerbox", .flags = "SI", .long_flags = long_flags}};
    struct conf *conf;
    char *config_file;

    daemon_parse(&process.options, argc, argv);
    if (process.options.generate) {
        struct bytes text = {0};

        conf_schema_print(schema_get(), &text);
        fwrite(bytes_str(&text), 1, text.len, stdout);
        bytes_free(&text);
        return 0;
    }
    log_set_stderr_level(process.options.stderr_level);
    conf = load(&process.options);
    if (process.options.check_config) {
        printf("%s: no errors\n", process.options.config_file);
        conf_free(conf);
        return 0;
    }
    config_file = realpath(process.options.config_file, NULL); /* the directory may change */
    process.gateway.config_file = config_file != NULL ? config_file : process.options.config_file;
    daemon_enter(&process.options);
    run(&process, conf);
    daemon_leave(&process.options);
    conf_free(conf);
    free(config_file);
    if (process.restart && !process.store_damaged)
        daemon_restart();
    log_info("Kantele bearerbox is down");
    log_shutdown();
    return process.store_damaged ? 1 : 0;
}
