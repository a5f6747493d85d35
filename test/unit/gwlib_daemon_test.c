/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unit tests of gwlib/daemon. What ends or changes a process is done in a
 * forked one; what it prints comes back by a pipe.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "gwlib/daemon.h"
#include "gwlib/log.h"

#define DEADLINE_S 20

static char directory[] = "/tmp/kantele-daemon-test-XXXXXX";

static struct daemon_options options_for_test(void)
{
    static const char *const long_flags[] = {"suspended", "isolated", NULL};

    return (struct daemon_options){.box = "testbox", .flags = "SI", .long_flags = long_flags};
}

#define WORDS(...) ((char **)(const char *[]){__VA_ARGS__, NULL})

static int count_words(char **argv)
{
    int argc = 0;

    while (argv[argc] != NULL)
        argc++;
    return argc;
}

static const char *in_directory(const char *name)
{
    static char path[4][200];
    static int next;
    char *p = path[next++ % 4];

    snprintf(p, sizeof path[0], "%s/%s", directory, name);
    return p;
}

static void read_file(const char *path, struct bytes *text)
{
    char part[4096];
    FILE *file = fopen(path, "r");
    size_t n;

    bytes_clear(text);
    if (file == NULL)
        return;
    while ((n = fread(part, 1, sizeof part, file)) > 0)
        bytes_append(text, part, n);
    fclose(file);
}

static bool file_has(const char *path, const char *wanted)
{
    struct bytes text = {0};
    bool found;

    read_file(path, &text);
    found = strstr(bytes_str(&text), wanted) != NULL;
    bytes_free(&text);
    return found;
}

static void await_file(const char *path, const char *wanted)
{
    time_t deadline = time(NULL) + DEADLINE_S;

    while (!file_has(path, wanted) && time(NULL) < deadline)
        poll(NULL, 0, 10);
    if (!file_has(path, wanted))
        fail_msg("%s does not get '%s'", path, wanted);
}

/* --- the command line ------------------------------------------------------------- */

static void parse(struct daemon_options *options, char **argv)
{
    *options = options_for_test();
    daemon_parse(options, count_words(argv), argv);
    log_set_stderr_level(LOG_LEVEL_PANIC);
}

static void defaults(void **state)
{
    struct daemon_options options;

    (void)state;
    parse(&options, WORDS("testbox"));
    assert_string_equal(options.config_file, "kannel.conf");
    assert_int_equal(options.stderr_level, 0);
    assert_int_equal(options.log_file_level, 0);
    assert_null(options.log_file);
    assert_null(options.pid_file);
    assert_null(options.user);
    assert_null(options.panic_script);
    assert_false(options.daemonize || options.parachute || options.generate);
    assert_false(options.check_config || options.flag_given[0] || options.flag_given[1]);
}

static void short_options(void **state)
{
    struct daemon_options options;

    (void)state;
    parse(&options, WORDS("testbox", "-v", "4", "-F", "log", "-V2", "-p", "pid", "-P", "-X",
                          "script", "-u", "nobody", "-gI", "my.conf"));
    assert_int_equal(options.stderr_level, 4);
    assert_string_equal(options.log_file, "log");
    assert_int_equal(options.log_file_level, 2);
    assert_string_equal(options.pid_file, "pid");
    assert_string_equal(options.panic_script, "script");
    assert_string_equal(options.user, "nobody");
    assert_true(options.parachute && options.generate);
    assert_false(options.flag_given[0]);
    assert_true(options.flag_given[1]);
    assert_string_equal(options.config_file, "my.conf");
}

static void long_options(void **state)
{
    struct daemon_options options;

    (void)state;
    parse(&options, WORDS("testbox", "--verbosity", "9", "--logfile=log", "--fileverbosity", "1",
                          "--pid-file", "pid", "--parachute", "--panic-script", "s", "--user", "u",
                          "--generate", "--check-config", "--suspended", "--debug", "net.*", "--",
                          "my.conf"));
    assert_int_equal(options.stderr_level, 5); /* more than panic: nothing */
    assert_string_equal(options.log_file, "log");
    assert_int_equal(options.log_file_level, 1);
    assert_true(options.parachute && options.generate && options.check_config);
    assert_true(options.flag_given[0]);
    assert_string_equal(options.config_file, "my.conf");
}

/* As Debian starts the boxes. */
static void options_end_at_two_dashes(void **state)
{
    struct daemon_options options;

    (void)state;
    parse(&options, WORDS("testbox", "-v", "4", "--", "-d"));
    assert_string_equal(options.config_file, "-d");
    assert_false(options.daemonize);
}

static void paths_become_absolute_for_the_background(void **state)
{
    struct daemon_options options;
    char here[1000], expected[1100];

    (void)state;
    assert_non_null(getcwd(here, sizeof here));
    parse(&options, WORDS("testbox", "-d", "-p", "/x/pid", "my.conf"));
    snprintf(expected, sizeof expected, "%s/my.conf", here);
    assert_string_equal(options.config_file, expected);
    assert_string_equal(options.pid_file, "/x/pid");
    assert_null(options.log_file);
    free((char *)(uintptr_t)options.config_file);
}

/* What daemon_parse() prints and its exit status; 99 when it returns. */
static int parse_in_child(char **argv, struct bytes *printed)
{
    int fds[2], status;
    char part[4096];
    ssize_t n;
    pid_t pid;

    assert_int_equal(pipe(fds), 0);
    pid = fork();
    if (pid == 0) {
        struct daemon_options options = options_for_test();

        dup2(fds[1], STDOUT_FILENO);
        dup2(fds[1], STDERR_FILENO);
        daemon_parse(&options, count_words(argv), argv);
        _exit(99);
    }
    close(fds[1]);
    while ((n = read(fds[0], part, sizeof part)) > 0)
        bytes_append(printed, part, (size_t)n);
    close(fds[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void assert_rejected(char **argv, const char *text)
{
    struct bytes printed = {0};

    assert_int_equal(parse_in_child(argv, &printed), 1);
    if (strstr(bytes_str(&printed), text) == NULL || strstr(bytes_str(&printed), "Usage:") == NULL)
        fail_msg("'%s' is not in: %s", text, bytes_str(&printed));
    bytes_free(&printed);
}

static void mistakes_are_told(void **state)
{
    (void)state;
    assert_rejected(WORDS("testbox", "-c"), "Unknown option '-c'");
    assert_rejected(WORDS("testbox", "--nonsense"), "Unknown option '--nonsense'");
    assert_rejected(WORDS("testbox", "-dT"), "Unknown option '-T'");
    assert_rejected(WORDS("testbox", "-p"), "Missing argument of option '-p'");
    assert_rejected(WORDS("testbox", "--user"), "Missing argument of option '--user'");
    assert_rejected(WORDS("testbox", "-v", "loud"), "Not a log level: 'loud'");
    assert_rejected(WORDS("testbox", "a.conf", "b.conf"), "'b.conf'");
}

static void help_and_version_end_with_0(void **state)
{
    struct bytes printed = {0};

    (void)state;
    assert_int_equal(parse_in_child(WORDS("testbox", "--help"), &printed), 0);
    assert_non_null(strstr(bytes_str(&printed), "--isolated"));
    bytes_clear(&printed);
    assert_int_equal(parse_in_child(WORDS("testbox", "--version"), &printed), 0);
    assert_non_null(strstr(bytes_str(&printed), "Kantele testbox version `"));
    bytes_free(&printed);
}

/* The lines that test/data/compat/status.txt begins with. */
static void the_version_block_has_kannels_form(void **state)
{
    static const char *const beginnings[] = {"Kantele testbox version `",
                                             "Compiler `",
                                             "System Linux, release ",
                                             "Hostname ",
                                             "Using OpenSSL ",
                                             "Using libevent ",
                                             "Using libcurl "};
    struct bytes text = {0};
    struct slice rest, line;

    (void)state;
    daemon_version("testbox", &text);
    rest = bytes_slice(&text);
    for (size_t i = 0; i < sizeof beginnings / sizeof beginnings[0]; i++) {
        assert_true(slice_next_item(&rest, '\n', &line));
        assert_true(slice_starts_with(line, slice_str(beginnings[i])));
        assert_int_equal(line.data[line.len - 1], '.');
    }
    assert_int_equal(rest.len, 0);
    bytes_free(&text);
}

/* --- the process -------------------------------------------------------------------- */

static int await_end(pid_t pid)
{
    time_t deadline = time(NULL) + DEADLINE_S;
    int status;

    while (waitpid(pid, &status, WNOHANG) == 0) {
        if (time(NULL) >= deadline) {
            kill(pid, SIGKILL);
            fail_msg("process %d does not end", (int)pid);
        }
        poll(NULL, 0, 5);
    }
    return status;
}

static void the_pid_file_comes_and_goes(void **state)
{
    struct daemon_options options = options_for_test();
    struct bytes text = {0};
    char expected[32];
    struct stat file;

    (void)state;
    options.pid_file = in_directory("pid");
    daemon_enter(&options);
    read_file(options.pid_file, &text);
    snprintf(expected, sizeof expected, "%ld\n", (long)getpid());
    assert_string_equal(bytes_str(&text), expected);
    assert_int_equal(stat(options.pid_file, &file), 0);
    assert_int_equal(file.st_mode & 0777, 0644);
    daemon_leave(&options);
    assert_int_equal(access(options.pid_file, F_OK), -1);
    bytes_free(&text);
}

/* daemon_enter() in a child; its exit status, 0 when it returned. */
static int enter_in_child(const struct daemon_options *options)
{
    pid_t pid = fork();
    int status;

    if (pid == 0) {
        log_set_stderr_level(LOG_LEVEL_PANIC + 1);
        daemon_enter(options);
        _exit(0);
    }
    status = await_end(pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void what_cannot_be_entered_is_fatal(void **state)
{
    struct daemon_options options = options_for_test();

    (void)state;
    options.user = "no-such-user-here";
    assert_int_equal(enter_in_child(&options), 1);
    options.user = NULL;
    options.pid_file = in_directory("missing/pid");
    assert_int_equal(enter_in_child(&options), 1);
    options.pid_file = NULL;
    options.log_file = in_directory("missing/log");
    assert_int_equal(enter_in_child(&options), 1);
    options.log_file = NULL;
    assert_int_equal(enter_in_child(&options), 0);
}

static void becomes_another_user(void **state)
{
    struct daemon_options options = options_for_test();
    pid_t pid;
    int status;

    (void)state;
    if (geteuid() != 0)
        skip();
    options.user = "nobody";
    pid = fork();
    if (pid == 0) {
        daemon_enter(&options);
        _exit(geteuid() != 0 && getuid() != 0 && getegid() != 0 && setuid(0) != 0 ? 42 : 1);
    }
    status = await_end(pid);
    assert_int_equal(WEXITSTATUS(status), 42);
}

static void write_note(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);

    if (fd < 0 || write(fd, text, strlen(text)) < 0)
        _exit(3);
    close(fd);
}

static void goes_to_the_background(void **state)
{
    struct daemon_options options = options_for_test();
    const char *note = in_directory("background");
    pid_t pid = fork();
    char text[100], here[100] = "";

    (void)state;
    if (pid == 0) {
        options.daemonize = true;
        daemon_enter(&options);
        if (getcwd(here, sizeof here) == NULL)
            _exit(3);
        snprintf(text, sizeof text, "session %d directory %s end", getsid(0) == getpid(), here);
        write_note(note, text);
        _exit(0);
    }
    assert_int_equal(await_end(pid), 0); /* the one in front ends at once */
    await_file(note, "session 1 directory / end");
}

/* A box that crashes twice and then ends well. */
static void the_parachute_starts_again_after_crashes(void **state)
{
    struct daemon_options options = options_for_test();
    const char *runs = in_directory("runs"), *crashes = in_directory("crashes");
    const char *script = in_directory("script");
    struct bytes text = {0};
    FILE *file = fopen(script, "w");
    pid_t pid;

    (void)state;
    assert_non_null(file);
    fprintf(file, "#!/bin/sh\necho \"$1 $2 $#\" >> %s\n", crashes);
    fclose(file);
    assert_int_equal(chmod(script, 0700), 0);
    options.parachute = true;
    options.panic_script = script;
    pid = fork();
    if (pid == 0) {
        log_set_stderr_level(LOG_LEVEL_PANIC + 1);
        daemon_enter(&options);
        write_note(runs, "run\n");
        read_file(runs, &text);
        if (text.len == 4) {
            signal(SIGABRT, SIG_DFL);
            kill(getpid(), SIGABRT);
        }
        _exit(text.len == 8 ? 77 : 1);
    }
    assert_int_equal(WEXITSTATUS(await_end(pid)), 1); /* 1 is an end, not a crash */
    await_file(crashes, "testbox 1 2\ntestbox 2 2\n");
    read_file(runs, &text);
    assert_string_equal(bytes_str(&text), "run\nrun\nrun\n");
    bytes_free(&text);
}

static const char *signal_note;

static void note_hangup(int signal_number)
{
    (void)signal_number;
    write_note(signal_note, "hangup ");
}

static void note_end(int signal_number)
{
    (void)signal_number;
    write_note(signal_note, "term ");
    _exit(0);
}

static void the_parachute_passes_signals_on(void **state)
{
    struct daemon_options options = options_for_test();
    pid_t pid;

    (void)state;
    signal_note = in_directory("signals");
    options.parachute = true;
    pid = fork();
    if (pid == 0) {
        log_set_stderr_level(LOG_LEVEL_PANIC + 1);
        daemon_enter(&options);
        signal(SIGHUP, note_hangup);
        signal(SIGTERM, note_end);
        write_note(signal_note, "ready ");
        for (;;)
            poll(NULL, 0, 1000);
    }
    await_file(signal_note, "ready ");
    kill(pid, SIGHUP);
    await_file(signal_note, "ready hangup ");
    kill(pid, SIGTERM);
    assert_int_equal(await_end(pid), 0);
    assert_true(file_has(signal_note, "ready hangup term "));
}

/* SIGTERM between two runs ends the waiting. */
static void a_parachute_without_a_child_can_be_stopped(void **state)
{
    struct daemon_options options = options_for_test();
    const char *runs = in_directory("crashing");
    pid_t pid;
    int status;

    (void)state;
    options.parachute = true;
    pid = fork();
    if (pid == 0) {
        log_set_stderr_level(LOG_LEVEL_PANIC + 1);
        daemon_enter(&options);
        write_note(runs, "x");
        _exit(77);
    }
    await_file(runs, "xx");
    kill(pid, SIGTERM);
    status = await_end(pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 1);
}

/* --- running anew: this program again, as a box ---------------------------------------- */

#define NOTE "DAEMON_TEST_NOTE"

/* Writes down how it runs; the first time it runs itself anew. */
static int be_a_box(int argc, char **argv)
{
    struct daemon_options options = options_for_test();
    const char *note = getenv(NOTE);
    char text[400], here[200];
    struct bytes before = {0};
    bool first;

    daemon_parse(&options, argc, argv);
    daemon_enter(&options);
    if (getcwd(here, sizeof here) == NULL)
        return 3;
    read_file(note, &before);
    first = before.len == 0;
    bytes_free(&before);
    snprintf(text, sizeof text, "pid %ld in %s reading %s marked %d\n", (long)getpid(), here,
             options.config_file, getenv("KANTELE_RESTARTED") != NULL);
    write_note(note, text);
    if (!first)
        return 0;
    if (chdir("/") == 0)
        daemon_restart();
    return 3;
}

static void runs_anew_in_its_place(void **state)
{
    const char *note = in_directory("anew");
    struct bytes text = {0};
    struct slice rest, first, second;
    char expected[300];
    pid_t pid = fork();

    (void)state;
    if (pid == 0) {
        setenv(NOTE, note, 1);
        if (chdir(directory) == 0)
            execl("/proc/self/exe", "testbox", "-v", "5", "-P", "my.conf", NULL);
        _exit(3);
    }
    assert_int_equal(await_end(pid), 0);
    read_file(note, &text);
    rest = bytes_slice(&text);
    assert_true(slice_next_item(&rest, '\n', &first));
    assert_true(slice_next_item(&rest, '\n', &second));
    assert_true(slice_equal(first, second)); /* the same process, as at first */
    snprintf(expected, sizeof expected, " in %s reading my.conf marked 0", directory);
    assert_non_null(strstr(bytes_str(&text), expected));
    assert_int_equal(rest.len, 0);
    bytes_free(&text);
}

static int make_directory(void **state)
{
    (void)state;
    return mkdtemp(directory) != NULL ? 0 : -1;
}

static int remove_directory(void **state)
{
    static const char *const names[] = {"runs",     "crashes", "script",     "signals",
                                        "crashing", "anew",    "background", "pid"};

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        unlink(in_directory(names[i]));
    return rmdir(directory);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults),
        cmocka_unit_test(short_options),
        cmocka_unit_test(long_options),
        cmocka_unit_test(options_end_at_two_dashes),
        cmocka_unit_test(paths_become_absolute_for_the_background),
        cmocka_unit_test(mistakes_are_told),
        cmocka_unit_test(help_and_version_end_with_0),
        cmocka_unit_test(the_version_block_has_kannels_form),
        cmocka_unit_test(the_pid_file_comes_and_goes),
        cmocka_unit_test(what_cannot_be_entered_is_fatal),
        cmocka_unit_test(becomes_another_user),
        cmocka_unit_test(goes_to_the_background),
        cmocka_unit_test(the_parachute_starts_again_after_crashes),
        cmocka_unit_test(the_parachute_passes_signals_on),
        cmocka_unit_test(a_parachute_without_a_child_can_be_stopped),
        cmocka_unit_test(runs_anew_in_its_place),
    };

    if (getenv(NOTE) != NULL)
        return be_a_box(argc, argv);
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
