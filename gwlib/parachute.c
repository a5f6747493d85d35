/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parachute - see parachute.h. The parent blocks the signals that concern it
 * and takes them one by one with sigtimedwait(2), so there is no handler and
 * no moment in which one could be missed.
 */
#include "gwlib/parachute.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "gwlib/log.h"

#define FIRST_DELAY_S 1
#define LAST_DELAY_S  60

extern char **environ;

struct parachute {
    const char *box, *script;
    sigset_t awaited, before; /* signal masks */
    pid_t child;              /* 0: none now */
    bool stopping;            /* somebody wants the end */
    unsigned crashes;
    unsigned delay_s;
};

static void collect_signals(sigset_t *set)
{
    static const int signals[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGCHLD};

    sigemptyset(set);
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        sigaddset(set, signals[i]);
}

/* Deals with one signal, or returns after the time; NULL: waits for ever. */
static void take_signal(struct parachute *parachute, const struct timespec *time)
{
    int signal_number = sigtimedwait(&parachute->awaited, NULL, time);

    if (signal_number < 0 || signal_number == SIGCHLD)
        return;
    if (signal_number == SIGTERM || signal_number == SIGINT)
        parachute->stopping = true;
    if (signal_number == SIGHUP || signal_number == SIGUSR2)
        log_reopen_all();
    if (parachute->child > 0)
        kill(parachute->child, signal_number);
}

/* Waits for whoever has ended, panic scripts too. True and the wait status when
 * it was the child. */
static bool child_has_ended(struct parachute *parachute, int *status)
{
    pid_t pid;
    int s;
    bool ended = false;

    while ((pid = waitpid(-1, &s, WNOHANG)) > 0) {
        if (pid != parachute->child)
            continue;
        *status = s;
        ended = true;
    }
    return ended;
}

static int await_child(struct parachute *parachute)
{
    int status = 0;

    while (!child_has_ended(parachute, &status))
        take_signal(parachute, NULL);
    parachute->child = 0;
    return status;
}

static void run_script(const struct parachute *parachute)
{
    char count[16];
    char *argv[] = {(char *)parachute->script, (char *)parachute->box, count, NULL};
    posix_spawnattr_t attributes;
    pid_t pid;
    int error;

    if (parachute->script == NULL)
        return;
    snprintf(count, sizeof count, "%u", parachute->crashes);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    posix_spawnattr_setsigmask(&attributes, &parachute->before);
    error = posix_spawnp(&pid, parachute->script, NULL, &attributes, argv, environ);
    posix_spawnattr_destroy(&attributes);
    if (error != 0)
        log_error_errno(error, "Cannot run the panic script `%s'.", parachute->script);
}

static void report_crash(const struct parachute *parachute, int status)
{
    if (WIFSIGNALED(status))
        log_error("%s was ended by signal %d (crash %u), starts again in %u s.", parachute->box,
                  WTERMSIG(status), parachute->crashes, parachute->delay_s);
    else
        log_error("%s ended with status %d (crash %u), starts again in %u s.", parachute->box,
                  WEXITSTATUS(status), parachute->crashes, parachute->delay_s);
}

/* False when it was stopped meanwhile. */
static bool sleep_before_start(struct parachute *parachute)
{
    time_t end = time(NULL) + parachute->delay_s;
    time_t now;

    while (!parachute->stopping && (now = time(NULL)) < end) {
        struct timespec left = {.tv_sec = end - now};
        int status;

        take_signal(parachute, &left);
        (void)child_has_ended(parachute, &status);
    }
    return !parachute->stopping;
}

static bool ended_by_itself(int status)
{
    return WIFEXITED(status) && (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 1);
}

/* What the parent does after a child's end; ends the process when that was it. */
static void after_end(struct parachute *parachute, int status, time_t lived_s)
{
    if (ended_by_itself(status))
        _exit(WEXITSTATUS(status));
    if (parachute->stopping)
        _exit(1);
    if (lived_s > LAST_DELAY_S)
        parachute->delay_s = FIRST_DELAY_S;
    parachute->crashes++;
    report_crash(parachute, status);
    run_script(parachute);
    if (!sleep_before_start(parachute))
        _exit(1);
    parachute->delay_s =
        parachute->delay_s * 2 < LAST_DELAY_S ? parachute->delay_s * 2 : LAST_DELAY_S;
}

void parachute_open(const char *box, const char *script)
{
    struct parachute parachute = {.box = box, .script = script, .delay_s = FIRST_DELAY_S};

    collect_signals(&parachute.awaited);
    sigprocmask(SIG_BLOCK, &parachute.awaited, &parachute.before);
    for (;;) {
        time_t started = time(NULL);
        pid_t pid = fork();

        if (pid < 0) {
            log_panic("Cannot start %s under its parachute: error %d.", box, errno);
        } else if (pid == 0) {
            sigprocmask(SIG_SETMASK, &parachute.before, NULL);
            return;
        }
        parachute.child = pid;
        after_end(&parachute, await_child(&parachute), time(NULL) - started);
    }
}
