/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smsbox - the box that applications talk to: HTTP sendsms in, services and
 * report callbacks out.
 *
 * This file starts the parts, connects them, and ends them. The process keeps
 * nothing that matters: it may be killed at any time, and what was not
 * acknowledged stays with bearerbox.
 *
 * Diagnostics: a mistake in the configuration ends the start with exit status 1
 * before anything is opened. A port in use does, too, unless -H is given. A
 * bearerbox that is not there is waited for. TERM, INT and a shutdown by
 * bearerbox end the box with status 0 when what is under way is done, at latest
 * after 10 s; a second signal ends it at once. HUP opens the logs again.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "config.h"
#include "gw/conf/outgoing.h"
#include "gw/conf/schema.h"
#include "gw/smsbox/callbacks.h"
#include "gw/smsbox/front.h"
#include "gw/smsbox/incoming.h"
#include "gw/smsbox/jobs.h"
#include "gwlib/daemon.h"

#define END_LIMIT_MS 10000 /* for what is under way */
#define END_STEP_MS  50
#define LAST_WORD_MS 100 /* for acknowledgements on their way */

struct smsbox {
    const struct conf *conf;
    struct settings settings;
    struct loop *loop;
    struct line_log *access_log;
    struct tls_context *server_tls, *client_tls;
    struct http_client *http;
    struct users *users;
    struct services *services;
    struct lists *lists;
    struct bearer *bearer;
    struct fetcher *fetcher;
    struct jobs *jobs;
    struct front *front;
    struct sendsms sendsms;
    struct loop_guard *guard;
    struct incoming incoming;
    struct callbacks callbacks;

    struct loop_timer *end_timer;
    int64_t end_deadline; /* 0: not ending */
    bool last_word_said;
};

/* --- the configuration ------------------------------------------------------------ */

static struct http_client *create_http_client(struct loop *loop, const struct conf *conf,
                                              const struct settings *settings)
{
    struct outgoing_limits limits = {
        .timeout_s = settings->http_timeout_s,
        .max_parallel = settings->max_pending,
    };
    return outgoing_client(loop, conf_first(conf, "core"), &limits);
}

/* Everything that reading users and services finds, before anything is opened. */
static void check_users_and_services(const struct conf *conf, struct conf_problems *problems)
{
    struct settings settings = settings_read(conf);
    struct loop *loop = loop_create();
    struct http_client *http = create_http_client(loop, conf, &settings);
    users_free(users_load(conf, loop, http, problems));
    services_free(services_load(conf, loop, http, problems));
    http_client_free(http);
    loop_destroy(loop);
}

/* NULL when there are errors; all that was found is in the log. */
static struct conf *load_configuration(const char *path)
{
    struct conf_problems problems = {0};
    struct conf *conf = conf_load(path, schema_get(), &problems);
    if (problems.errors == 0)
        schema_check(conf, SCHEMA_SMSBOX, &problems);
    if (problems.errors == 0)
        check_users_and_services(conf, &problems);
    conf_problems_log(&problems);
    bool fine = problems.errors == 0;
    conf_problems_free(&problems);
    if (fine)
        return conf;
    conf_free(conf);
    return NULL;
}

static void print_schema(void)
{
    struct bytes text = {0};
    conf_schema_print(schema_get(), &text);
    fwrite(text.data, 1, text.len, stdout);
    bytes_free(&text);
}

/* --- logs ---------------------------------------------------------------------------- */

static struct line_log *open_logs(const struct conf_group *group)
{
    const char *file = conf_string(group, "log-file");
    const char *syslog_level = conf_string(group, "syslog-level");
    const char *access_log = conf_string(group, "access-log");
    const char *access_time = conf_string(group, "access-log-time");
    if (file != NULL)
        log_add_main_file(file, (int)conf_number(group, "log-level"));
    if (syslog_level != NULL && strcmp(syslog_level, "none") != 0)
        log_set_syslog("smsbox", conf_string(group, "syslog-facility"), atoi(syslog_level));
    if (access_log == NULL)
        return NULL;
    log_info("Logging accesses to '%s'.", access_log);
    return line_log_open(access_log, access_time != NULL && strcmp(access_time, "gmt") == 0,
                         conf_bool(group, "access-log-clean"));
}

/* --- the end --------------------------------------------------------------------------- */

static bool is_idle(const struct smsbox *box)
{
    return jobs_running(box->jobs) == 0 && front_pending(box->front) == 0 &&
           bearer_waiting(box->bearer) == 0;
}

static void say_last_word(struct smsbox *box)
{
    if (!is_idle(box))
        log_warning("ending with %zu requests, %zu jobs and %zu unacknowledged messages under way",
                    front_pending(box->front), jobs_running(box->jobs),
                    bearer_waiting(box->bearer));
    bearer_close(box->bearer);
    box->last_word_said = true;
    loop_timer_set(box->end_timer, LAST_WORD_MS);
}

static void on_end_timer(void *arg)
{
    struct smsbox *box = arg;
    if (box->last_word_said)
        loop_stop(box->loop);
    else if (is_idle(box) || loop_now(box->loop) >= box->end_deadline)
        say_last_word(box);
    else
        loop_timer_set(box->end_timer, END_STEP_MS);
}

static void begin_end(struct smsbox *box)
{
    if (box->end_deadline != 0)
        return;
    box->end_deadline = loop_now(box->loop) + END_LIMIT_MS;
    front_stop_accepting(box->front);
    jobs_stop(box->jobs);
    loop_timer_set(box->end_timer, 0);
}

static void on_signal(int signal_number, void *arg)
{
    struct smsbox *box = arg;
    if (signal_number == SIGHUP) {
        log_warning("SIGHUP received, catching and re-opening logs");
        log_reopen_all();
        return;
    }
    if (signal_number == SIGQUIT) {
        log_warning("SIGQUIT received, there is no memory report");
        return;
    }
    bool again = box->end_deadline != 0;
    log_info("%s received, %s", signal_number == SIGINT ? "SIGINT" : "SIGTERM",
             again ? "ending at once" : "ending when what is under way is done");
    begin_end(box);
    if (again)
        loop_stop(box->loop);
}

/* --- between the parts ------------------------------------------------------------------ */

static void on_incoming(const struct sms *sms, void *arg)
{
    struct smsbox *box = arg;
    jobs_take(box->jobs, sms);
}

static void on_shutdown(void *arg)
{
    begin_end(arg);
}

static void on_lost(void *arg)
{
    struct smsbox *box = arg;
    jobs_forget_waiting(box->jobs);
}

static int load(void *arg)
{
    const struct smsbox *box = arg;
    return (int)(http_client_pending(box->http) + front_pending(box->front));
}

static const struct bearer_events bearer_events = {on_incoming, on_shutdown, on_lost, load};

static void on_job(struct job *job, void *arg)
{
    struct smsbox *box = arg;
    if (job_sms(job)->sms_type == SMS_REPORT_MO)
        callbacks_start(&box->callbacks, job);
    else
        incoming_start(&box->incoming, job);
}

/* --- the start ---------------------------------------------------------------------------- */

static void create_tls(struct smsbox *box)
{
    const struct conf_group *core = conf_first(box->conf, "core");
    struct bytes error = {0};
    if (box->settings.sendsms_tls) {
        box->server_tls = tls_server_create(conf_string(core, "ssl-server-cert-file"),
                                            conf_string(core, "ssl-server-key-file"),
                                            conf_string(core, "ssl-server-cipher-list"), &error);
        if (box->server_tls == NULL)
            log_panic("sendsms-port-ssl: %s", bytes_str(&error));
    }
    if (box->settings.bearerbox_tls) {
        box->client_tls = tls_client_create(conf_string(core, "ssl-trusted-ca-file"),
                                            conf_string(core, "ssl-client-certkey-file"),
                                            conf_string(core, "ssl-client-cipher-list"), &error);
        if (box->client_tls == NULL)
            log_panic("bearerbox-port-ssl: %s", bytes_str(&error));
    }
    bytes_free(&error);
}

static void create_parts(struct smsbox *box)
{
    struct conf_problems ignored = {0}; /* all of them were found before */
    const struct settings *settings = &box->settings;
    box->http = create_http_client(box->loop, box->conf, settings);
    box->users = users_load(box->conf, box->loop, box->http, &ignored);
    box->services = services_load(box->conf, box->loop, box->http, &ignored);
    box->lists = lists_create(box->loop, box->http, conf_first(box->conf, "smsbox"));
    conf_problems_free(&ignored);
    struct bearer_options options = {.host = settings->bearerbox_host,
                                     .port = settings->bearerbox_port,
                                     .tls = box->client_tls,
                                     .box_id = settings->box_id};
    box->bearer = bearer_create(box->loop, &options, &bearer_events, box);
    box->fetcher =
        fetcher_create(box->loop, box->http, settings->request_retries, settings->retry_delay_s);
    box->guard = loop_guard_create(settings->loop_guard_answers);
    box->jobs = jobs_create(box->loop, box->bearer, settings->max_pending, on_job, box);
    box->sendsms = (struct sendsms){settings, box->users, box->lists, box->bearer, box->access_log};
    box->incoming = (struct incoming){box->loop,   settings,        box->services, box->fetcher,
                                      box->bearer, box->access_log, box->guard};
    box->callbacks = (struct callbacks){box->users, box->services, box->fetcher};
    box->end_timer = loop_timer_create(box->loop, on_end_timer, box);
}

static void open_port(struct smsbox *box, bool may_fail)
{
    struct bytes error = {0};
    if (box->settings.sendsms_port == 0)
        return;
    box->front = front_start(box->loop, &box->settings, box->server_tls, &box->sendsms, &error);
    if (box->front == NULL && !may_fail)
        log_panic("sendsms: %s", bytes_str(&error));
    if (box->front == NULL)
        log_error("sendsms: %s; going on without", bytes_str(&error));
    bytes_free(&error);
}

static void take_signals(struct smsbox *box)
{
    signal(SIGPIPE, SIG_IGN);
    loop_on_signal(box->loop, SIGTERM, on_signal, box);
    loop_on_signal(box->loop, SIGINT, on_signal, box);
    loop_on_signal(box->loop, SIGHUP, on_signal, box);
    loop_on_signal(box->loop, SIGQUIT, on_signal, box);
}

static void destroy_parts(struct smsbox *box)
{
    front_free(box->front);
    fetcher_free(box->fetcher);
    loop_guard_free(box->guard);
    jobs_free(box->jobs);
    bearer_free(box->bearer);
    users_free(box->users);
    services_free(box->services);
    lists_free(box->lists);
    http_client_free(box->http);
    loop_timer_free(box->end_timer);
    loop_destroy(box->loop);
    tls_free(box->server_tls);
    tls_free(box->client_tls);
}

static void run(const struct conf *conf, const struct daemon_options *options)
{
    /* Static, so that what is under way at a forced end still belongs to somebody. */
    static struct smsbox box;
    box.conf = conf;
    box.settings = settings_read(conf);
    box.access_log = open_logs(conf_first(conf, "smsbox"));
    box.loop = loop_create();
    create_tls(&box);
    create_parts(&box);
    take_signals(&box);
    open_port(&box, options->flag_given[0]);
    log_info("smsbox: Kantele " PACKAGE_VERSION " started");
    loop_run(box.loop);
    log_info("smsbox terminated");
    if (is_idle(&box))
        destroy_parts(&box);
    line_log_close(box.access_log);
}

int main(int argc, char **argv)
{
    static const char *const long_flags[] = {"tryhttp", NULL};
    struct daemon_options options = {.box = "smsbox", .flags = "H", .long_flags = long_flags};
    daemon_parse(&options, argc, argv);
    if (options.generate) {
        print_schema();
        return EXIT_SUCCESS;
    }
    struct conf *conf = load_configuration(options.config_file);
    if (conf == NULL)
        return EXIT_FAILURE;
    if (options.check_config) {
        printf("%s: no errors\n", options.config_file);
    } else {
        daemon_enter(&options);
        run(conf, &options);
        daemon_leave(&options);
    }
    conf_free(conf);
    log_shutdown();
    return EXIT_SUCCESS;
}
