/* SPDX-License-Identifier: Apache-2.0 */
/*
 * daemon - the command line and the version block; see daemon.h. The other
 * half, what happens to the process, is daemon_process.c.
 *
 * The version block is that of Kannel 1.4.5, test/data/compat/status.txt. Scripts
 * look for "version `" there.
 */
#include "gwlib/daemon.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <event2/event.h>
#include <getopt.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "config.h"
#include "gwlib/daemon_process.h"
#include "gwlib/log.h"
#include "gwlib/memory.h"

#define MAX_FLAGS     8
#define LONG_OPTIONS  13 /* in base_options */
#define HIGHEST_LEVEL (LOG_LEVEL_PANIC + 1)

enum { OPTION_VERSION = 256, OPTION_CHECK_CONFIG, OPTION_HELP };

static const struct option base_options[LONG_OPTIONS] = {
    {"verbosity", required_argument, NULL, 'v'},
    {"logfile", required_argument, NULL, 'F'},
    {"fileverbosity", required_argument, NULL, 'V'},
    {"debug", required_argument, NULL, 'D'},
    {"daemonize", no_argument, NULL, 'd'},
    {"pid-file", required_argument, NULL, 'p'},
    {"parachute", no_argument, NULL, 'P'},
    {"panic-script", required_argument, NULL, 'X'},
    {"user", required_argument, NULL, 'u'},
    {"generate", no_argument, NULL, 'g'},
    {"version", no_argument, NULL, OPTION_VERSION},
    {"check-config", no_argument, NULL, OPTION_CHECK_CONFIG},
    {"help", no_argument, NULL, OPTION_HELP},
};

/* --- the version block -------------------------------------------------------- */

/* The first address that others may know us by; no name server is asked. */
static void own_address(char text[INET_ADDRSTRLEN])
{
    struct ifaddrs *interfaces, *i;

    snprintf(text, INET_ADDRSTRLEN, "127.0.0.1");
    if (getifaddrs(&interfaces) != 0)
        return;
    for (i = interfaces; i != NULL; i = i->ifa_next) {
        const struct sockaddr_in *address = (const void *)i->ifa_addr;

        if (address == NULL || address->sin_family != AF_INET ||
            (i->ifa_flags & (IFF_UP | IFF_LOOPBACK)) != IFF_UP)
            continue;
        inet_ntop(AF_INET, &address->sin_addr, text, INET_ADDRSTRLEN);
        break;
    }
    freeifaddrs(interfaces);
}

void daemon_version(const char *box, struct bytes *to)
{
    struct utsname system = {0};
    char address[INET_ADDRSTRLEN];

    uname(&system);
    own_address(address);
    bytes_printf(to, "Kantele %s version `%s'.\n", box, PACKAGE_VERSION);
    bytes_printf(to, "Compiler `%s'.\n", __VERSION__);
    bytes_printf(to, "System %s, release %s, version %s, machine %s.\n", system.sysname,
                 system.release, system.version, system.machine);
    bytes_printf(to, "Hostname %s, IP %s.\n", system.nodename, address);
    bytes_printf(to, "Using %s.\n", OpenSSL_version(OPENSSL_VERSION));
    bytes_printf(to, "Using libevent %s.\n", event_get_version());
    bytes_printf(to, "Using libcurl %s.\n", curl_version_info(CURLVERSION_NOW)->version);
}

/* --- mistakes and help ---------------------------------------------------------- */

static void print_usage(const struct daemon_options *options, FILE *to)
{
    fprintf(to,
            "Usage: %s [options] [--] [configfile]\n"
            "  -v, --verbosity N       lowest level on standard error: 0 debug, 1 info,\n"
            "                          2 warning, 3 error, 4 panic, 5 nothing\n"
            "  -F, --logfile FILE      log to FILE too\n"
            "  -V, --fileverbosity N   lowest level in that file\n"
            "  -d, --daemonize         run in the background\n"
            "  -p, --pid-file FILE     write the process id to FILE\n"
            "  -P, --parachute         start again after a crash\n"
            "  -X, --panic-script FILE with -P: run FILE at a crash\n"
            "  -u, --user NAME         become this user\n"
            "  -g, --generate          print all groups and variables\n"
            "      --check-config      check the configuration file and exit\n"
            "      --version           print the version and exit\n",
            options->box);
    for (size_t i = 0; options->flags != NULL && options->flags[i] != '\0'; i++)
        fprintf(to, "  -%c, --%s\n", options->flags[i], options->long_flags[i]);
}

static void reject(const struct daemon_options *options, const char *what, const char *word)
    __attribute__((noreturn));
static void reject(const struct daemon_options *options, const char *what, const char *word)
{
    fprintf(stderr, "%s: %s '%s'\n", options->box, what, word);
    print_usage(options, stderr);
    exit(1);
}

static void print_version(const char *box)
{
    struct bytes text = {0};

    daemon_version(box, &text);
    fputs(bytes_str(&text), stdout);
    bytes_free(&text);
}

/* --- the command line -------------------------------------------------------------- */

static int read_level(const struct daemon_options *options, const char *word)
{
    long level;

    if (!slice_to_number(slice_str(word), 0, 1000, &level))
        reject(options, "Not a log level:", word);
    return level < HIGHEST_LEVEL ? (int)level : HIGHEST_LEVEL;
}

static bool take_flag(struct daemon_options *options, int letter)
{
    const char *at;

    if (options->flags == NULL || letter >= OPTION_VERSION)
        return false;
    at = strchr(options->flags, letter);
    if (at == NULL)
        return false;
    options->flag_given[at - options->flags] = true;
    return true;
}

static void take_option(struct daemon_options *options, int letter)
{
    switch (letter) {
    case 'v':
        options->stderr_level = read_level(options, optarg);
        break;
    case 'F':
        options->log_file = optarg;
        break;
    case 'V':
        options->log_file_level = read_level(options, optarg);
        break;
    case 'd':
        options->daemonize = true;
        break;
    case 'p':
        options->pid_file = optarg;
        break;
    case 'P':
        options->parachute = true;
        break;
    case 'X':
        options->panic_script = optarg;
        break;
    case 'u':
        options->user = optarg;
        break;
    case 'g':
        options->generate = true;
        break;
    case OPTION_CHECK_CONFIG:
        options->check_config = true;
        break;
    case OPTION_VERSION:
        print_version(options->box);
        exit(0);
    case OPTION_HELP:
        print_usage(options, stdout);
        exit(0);
    }
}

/* The word that getopt stumbled over. */
static void reject_option(const struct daemon_options *options, char **argv, const char *what)
    __attribute__((noreturn));
static void reject_option(const struct daemon_options *options, char **argv, const char *what)
{
    const char short_form[] = {'-', (char)optopt, '\0'};

    if (optopt > 0 && optopt < 256 && strncmp(argv[optind - 1], "--", 2) != 0)
        reject(options, what, short_form);
    reject(options, what, argv[optind - 1]);
}

/* The letters and names of the box join those of all. */
static void build_tables(const struct daemon_options *options, struct bytes *letters,
                         struct option names[LONG_OPTIONS + MAX_FLAGS + 1])
{
    size_t count = options->flags != NULL ? strlen(options->flags) : 0;

    LOG_ASSERT(count <= MAX_FLAGS);
    /* '+': stop at the first word that is no option; ':' tell what is wrong */
    bytes_append_str(letters, "+:v:F:V:D:dp:PX:u:g");
    bytes_append_str(letters, options->flags != NULL ? options->flags : "");
    memset(names, 0, (LONG_OPTIONS + MAX_FLAGS + 1) * sizeof names[0]);
    memcpy(names, base_options, sizeof base_options);
    for (size_t i = 0; i < count; i++)
        names[LONG_OPTIONS + i] =
            (struct option){options->long_flags[i], no_argument, NULL, options->flags[i]};
}

static void parse_words(struct daemon_options *options, int argc, char **argv, bool *places)
{
    struct bytes letters = {0};
    struct option names[LONG_OPTIONS + MAX_FLAGS + 1];
    int letter;

    build_tables(options, &letters, names);
    optind = 0; /* start anew */
    opterr = 0;
    while ((letter = getopt_long(argc, argv, bytes_str(&letters), names, NULL)) != -1) {
        if (letter == '?')
            reject_option(options, argv, "Unknown option");
        if (letter == ':')
            reject_option(options, argv, "Missing argument of option");
        if (letter == 'D')
            *places = true;
        else if (!take_flag(options, letter))
            take_option(options, letter);
    }
    bytes_free(&letters);
    if (optind < argc)
        options->config_file = argv[optind++];
    if (optind < argc)
        reject(options, "More than one configuration file:", argv[optind]);
}

/* In the background the working directory is another one. */
static void make_absolute(const char **path)
{
    struct bytes absolute = {0};
    char *here;

    if (*path == NULL || (*path)[0] == '/')
        return;
    here = getcwd(NULL, 0);
    bytes_printf(&absolute, "%s/%s", here != NULL ? here : "", *path);
    free(here);
    *path = bytes_take(&absolute); /* for as long as the process lives */
}

void daemon_parse(struct daemon_options *options, int argc, char **argv)
{
    bool places = false;

    daemon_remember_arguments(argv);
    options->config_file = "kannel.conf";
    options->stderr_level = LOG_LEVEL_DEBUG;
    options->log_file_level = LOG_LEVEL_DEBUG;
    parse_words(options, argc, argv, &places);
    if (options->daemonize) {
        make_absolute(&options->config_file);
        make_absolute(&options->log_file);
        make_absolute(&options->pid_file);
    }
    log_set_stderr_level(options->stderr_level);
    if (places)
        log_info("Option -D has no effect: all debug lines are written.");
}
