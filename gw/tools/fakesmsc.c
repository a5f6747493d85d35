/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fakesmsc - the other end of `smsc = fake`: an SMSC for tests that sends
 * messages given on the command line and shows what it gets.
 *
 * Options, lines on the wire and lines in the log are those of Kannel's
 * test/fakesmsc, because people's scripts start and grep it. It ends when the
 * bearerbox hangs up, or by SIGINT or SIGTERM; exit status 1 when it could not
 * connect.
 */
#include <getopt.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "gwlib/log.h"
#include "gwlib/loop.h"
#include "gwlib/memory.h"
#include "gwlib/net.h"
#include "gwlib/uuid.h"

#define DEFAULT_HOST "localhost"
#define DEFAULT_PORT 10000
#define BATCH        100 /* messages without interval that are queued at once */
#define RANDOM_MAX   1000000000

enum { RANDOM_SENDER = 1, RANDOM_RECEIVER = 2, RANDOM_TEXT = 4 };

/* Messages in one direction. */
struct flow {
    long count;
    int64_t first_ms, last_ms;
};

struct fakesmsc {
    struct loop *loop;
    struct net_conn *conn;
    struct loop_timer *next;
    const char *host;
    int port;
    double interval_s;
    long max; /* messages to send; LONG_MAX: no end */
    unsigned random;
    char **messages;
    size_t message_count;
    int64_t started_ms;
    double due_ms; /* of the next message */
    struct flow sent, got;
    struct bytes line, out;
    bool failed;
};

static void note(struct flow *flow, const struct loop *loop)
{
    flow->last_ms = loop_now(loop);
    if (flow->count++ == 0)
        flow->first_ms = flow->last_ms;
}

/* --- sending ----------------------------------------------------------------------- */

static void append_random(struct bytes *line, bool wanted)
{
    if (wanted)
        bytes_printf(line, "%u", (unsigned)random_below(RANDOM_MAX));
}

/* The message with random digits behind sender, receiver and text. */
static void compose(struct fakesmsc *fake, const char *message)
{
    struct slice rest = slice_str(message);
    size_t sender = slice_find(rest, ' ', 0);
    size_t receiver = slice_find(rest, ' ', sender + 1);

    bytes_clear(&fake->out);
    bytes_append_slice(&fake->out, slice_sub(rest, 0, sender));
    append_random(&fake->out, (fake->random & RANDOM_SENDER) != 0);
    bytes_append_slice(&fake->out, slice_sub(rest, sender, receiver - sender));
    append_random(&fake->out, (fake->random & RANDOM_RECEIVER) != 0);
    bytes_append_slice(&fake->out, slice_sub(rest, receiver, rest.len));
    if ((fake->random & RANDOM_TEXT) != 0)
        bytes_append_char(&fake->out, ' ');
    append_random(&fake->out, (fake->random & RANDOM_TEXT) != 0);
    bytes_append_char(&fake->out, '\n');
}

static void send_one(struct fakesmsc *fake)
{
    uint32_t which = fake->message_count > 1 ? random_below((uint32_t)fake->message_count) : 0;

    compose(fake, fake->messages[which]);
    net_conn_write(fake->conn, bytes_slice(&fake->out));
    note(&fake->sent, fake->loop);
    if (fake->sent.count == fake->max)
        log_info("fakesmsc: sent message %ld", fake->sent.count);
    else
        log_debug("fakesmsc: sent message %ld", fake->sent.count);
}

/* Sends what is due. Without an interval it goes as fast as the bearerbox
 * reads: a batch each time the last one has left. */
static void send_due(void *arg)
{
    struct fakesmsc *fake = arg;
    int batch = BATCH;

    while (fake->sent.count < fake->max && batch-- > 0 &&
           fake->due_ms <= (double)loop_now(fake->loop)) {
        send_one(fake);
        fake->due_ms += fake->interval_s * 1000;
    }
    if (fake->sent.count < fake->max && net_conn_unsent(fake->conn) == 0)
        loop_timer_set(fake->next, (int64_t)ceil(fake->due_ms) - loop_now(fake->loop));
}

/* --- the connection ----------------------------------------------------------------- */

static void on_connected(struct net_conn *conn, void *arg)
{
    struct fakesmsc *fake = arg;

    (void)conn;
    fake->due_ms = (double)loop_now(fake->loop);
    send_due(fake);
}

static void on_drained(struct net_conn *conn, void *arg)
{
    (void)conn;
    send_due(arg);
}

static void on_readable(struct net_conn *conn, void *arg)
{
    struct fakesmsc *fake = arg;

    while (net_conn_read_line(conn, &fake->line)) {
        note(&fake->got, fake->loop);
        if (fake->got.count == fake->max)
            log_info("Got message %ld: <%s>", fake->got.count, bytes_str(&fake->line));
        else
            log_debug("Got message %ld: <%s>", fake->got.count, bytes_str(&fake->line));
    }
}

static void on_closed(struct net_conn *conn, const char *reason, void *arg)
{
    struct fakesmsc *fake = arg;

    (void)conn;
    if (fake->due_ms == 0) {
        log_error("fakesmsc: %s port %d: %s", fake->host, fake->port, reason);
        fake->failed = true;
    }
    loop_stop(fake->loop);
}

static const struct net_conn_events conn_events = {on_connected, on_readable, on_drained,
                                                   on_closed};

static void on_signal(int signal_number, void *arg)
{
    (void)signal_number;
    loop_stop(arg);
}

/* --- start and end -------------------------------------------------------------------- */

static void print_flow(const struct flow *flow, const char *verb)
{
    double seconds = (double)(flow->last_ms - flow->first_ms) / 1000;

    if (flow->count > 1)
        log_info("fakesmsc: from first to last %s message %.1f s, %.1f msgs/s", verb, seconds,
                 (double)(flow->count - 1) / (seconds > 0 ? seconds : 0.001));
}

static void print_summary(const struct fakesmsc *fake)
{
    log_info("fakesmsc: %ld messages sent and %ld received", fake->sent.count, fake->got.count);
    log_info("fakesmsc: total running time %.1f seconds",
             (double)(loop_now(fake->loop) - fake->started_ms) / 1000);
    print_flow(&fake->sent, "sent");
    print_flow(&fake->got, "received");
    log_info("fakesmsc: terminating");
}

static void run(struct fakesmsc *fake)
{
    struct net_target target = {.host = fake->host, .port = fake->port};

    fake->loop = loop_create();
    fake->started_ms = loop_now(fake->loop);
    fake->next = loop_timer_create(fake->loop, send_due, fake);
    loop_on_signal(fake->loop, SIGINT, on_signal, fake->loop);
    loop_on_signal(fake->loop, SIGTERM, on_signal, fake->loop);
    fake->conn = net_conn_open(fake->loop, &target, &conn_events, fake);
    loop_run(fake->loop);
    if (!fake->failed)
        print_summary(fake);
    loop_timer_free(fake->next);
    net_conn_finish(fake->conn);
    bytes_free(&fake->line);
    bytes_free(&fake->out);
    loop_destroy(fake->loop);
}

static void usage(void)
{
    fputs("Usage: fakesmsc [-H host] [-r port] [-i interval] [-m max] [-z type] [-v level]\n"
          "                [-F logfile] [-V level] message ...\n"
          "\n"
          "-H, -r  where the bearerbox listens for its fake SMSC (localhost, 10000)\n"
          "-i      seconds between messages, with fraction (1)\n"
          "-m      how many messages are sent (-1: no end)\n"
          "-z      sum of what gets random digits: 1 sender, 2 receiver, 4 text\n"
          "-v      lowest level on standard error: 0 debug, 1 info, 2 warning, 3 error\n"
          "-F, -V  log file and its lowest level\n"
          "\n"
          "A message is a line \"sender receiver type rest\"; of several, one is chosen each\n"
          "time. Types: text TEXT, data URLENCODED, ucs2 URLENCODED, udh-data UDH DATA,\n"
          "udh-text UDH TEXT, route BOX-ID TEXT, dlr-mask MASK TEXT.\n",
          stderr);
    exit(1);
}

static long number(const char *text, long min, long max)
{
    long value;

    if (!slice_to_number(slice_str(text), min, max, &value)) {
        fprintf(stderr, "fakesmsc: '%s' is not a number from %ld to %ld\n", text, min, max);
        usage();
    }
    return value;
}

static double seconds(const char *text)
{
    char *end;
    double value = strtod(text, &end);

    if (end == text || *end != '\0' || !(value >= 0 && value < 1e6)) {
        fprintf(stderr, "fakesmsc: '%s' is not a number of seconds\n", text);
        usage();
    }
    return value;
}

static const struct option long_options[] = {
    {"verbosity", required_argument, NULL, 'v'},
    {"logfile", required_argument, NULL, 'F'},
    {"fileverbosity", required_argument, NULL, 'V'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static void set_max(struct fakesmsc *fake, const char *text)
{
    fake->max = number(text, -1, INT32_MAX);
    if (fake->max < 0)
        fake->max = INT64_MAX;
}

static void parse(struct fakesmsc *fake, int argc, char **argv)
{
    const char *log_file = NULL;
    int option, file_level = LOG_LEVEL_DEBUG;

    while ((option = getopt_long(argc, argv, "H:r:i:m:z:v:F:V:h", long_options, NULL)) != -1) {
        switch (option) {
        case 'H':
            fake->host = optarg;
            break;
        case 'r':
            fake->port = (int)number(optarg, 1, 65535);
            break;
        case 'i':
            fake->interval_s = seconds(optarg);
            break;
        case 'm':
            set_max(fake, optarg);
            break;
        case 'z':
            fake->random = (unsigned)number(optarg, 0, 7);
            break;
        case 'v':
            log_set_stderr_level((int)number(optarg, 0, LOG_LEVEL_PANIC + 1));
            break;
        case 'F':
            log_file = optarg;
            break;
        case 'V':
            file_level = (int)number(optarg, 0, LOG_LEVEL_PANIC + 1);
            break;
        default:
            usage();
        }
    }
    if (log_file != NULL && !log_add_main_file(log_file, file_level))
        exit(1);
    if (optind >= argc)
        usage();
    fake->messages = argv + optind;
    fake->message_count = (size_t)(argc - optind);
}

int main(int argc, char **argv)
{
    struct fakesmsc fake = {
        .host = DEFAULT_HOST, .port = DEFAULT_PORT, .interval_s = 1, .max = INT64_MAX};

    parse(&fake, argc, argv);
    log_info("Host %s Port %d interval %.3f max-messages %ld", fake.host, fake.port,
             fake.interval_s, fake.max);
    log_info("fakesmsc starting");
    run(&fake);
    log_shutdown();
    return fake.failed ? 1 : 0;
}
