/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Running a hook: see hook.h. The end of the program is looked for every tenth of
 * a second, only while it runs; nobody else's children are waited for.
 */
#include "gw/smsc/at/hook.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gwlib/child.h"
#include "gwlib/clock.h"
#include "gwlib/memory.h"

#define LOOK_MS   100
#define KILL_MS   2000 /* between SIGTERM and SIGKILL */
#define VARIABLES 4

extern char **environ;

/* --- the environment ------------------------------------------------------------------ */

static char *variable(const char *name, const char *value)
{
    struct bytes text = {0};

    bytes_printf(&text, "%s=%s", name, value != NULL ? value : "");
    return bytes_take(&text);
}

static bool is_ours(const char *one)
{
    return strncmp(one, "SMSC_", 5) == 0;
}

/* Ours first; free the first VARIABLES and the list. */
static char **make_environment(const struct at_hook *hook)
{
    size_t count = 0, at = VARIABLES;
    char **list;

    while (environ[count] != NULL)
        count++;
    list = memory_zalloc(count + VARIABLES + 1, sizeof *list);
    list[0] = variable("SMSC_ID", hook->smsc_id);
    list[1] = variable("SMSC_DEVICE", hook->device);
    list[2] = variable("SMSC_REASON", hook->reason);
    list[3] = variable("SMSC_USB_ID", hook->usb_id);
    for (size_t i = 0; i < count; i++)
        if (!is_ours(environ[i]))
            list[at++] = environ[i];
    return list;
}

static void free_environment(char **list)
{
    for (size_t i = 0; i < VARIABLES; i++)
        free(list[i]);
    free(list);
}

/* --- the program ------------------------------------------------------------------------ */

static void set_attributes(posix_spawnattr_t *attributes)
{
    sigset_t set;

    posix_spawnattr_init(attributes);
    posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF |
                                             POSIX_SPAWN_SETSIGMASK);
    posix_spawnattr_setpgroup(attributes, 0);
    sigemptyset(&set);
    posix_spawnattr_setsigmask(attributes, &set);
    sigfillset(&set);
    sigdelset(&set, SIGKILL);
    sigdelset(&set, SIGSTOP);
    posix_spawnattr_setsigdefault(attributes, &set);
}

/* 0 or an errno value. */
static int start(char **words, char **environment, pid_t *pid)
{
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_t actions;
    int error;

    set_attributes(&attributes);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 34)
    posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
#endif
    error = posix_spawnp(pid, words[0], &actions, &attributes, words, environment);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return error;
}

/* True when it has ended within the time. */
static bool await(const struct at_hook *hook, pid_t pid, int ms, bool stoppable, int *status)
{
    int64_t end = clock_monotonic_ms() + ms;

    while (waitpid(pid, status, WNOHANG) == 0) {
        bool go_on = true;

        if (clock_monotonic_ms() >= end)
            return false;
        if (stoppable)
            go_on = hook->wait(hook->arg, LOOK_MS);
        else
            usleep(LOOK_MS * 1000);
        if (!go_on)
            return false;
    }
    return true;
}

static bool judge(int status, struct bytes *error)
{
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return true;
    if (WIFEXITED(status))
        bytes_printf(error, "it ended with status %d", WEXITSTATUS(status));
    else
        bytes_printf(error, "signal %d ended it", WTERMSIG(status));
    return false;
}

static bool run(const struct at_hook *hook, pid_t pid, struct bytes *error)
{
    int status = 0;

    if (await(hook, pid, hook->limit_ms, true, &status))
        return judge(status, error);
    bytes_append_str(error, "it took too long and was ended");
    kill(-pid, SIGTERM);
    if (!await(hook, pid, KILL_MS, false, &status)) {
        kill(-pid, SIGKILL);
        waitpid(pid, &status, 0);
    }
    return false;
}

bool at_hook_run(const struct at_hook *hook, struct bytes *error)
{
    char **words, **environment;
    bool good = false;
    pid_t pid;
    int code;

    if (!child_split_words(hook->command, &words, error))
        return false;
    environment = make_environment(hook);
    code = start(words, environment, &pid);
    if (code == 0)
        good = run(hook, pid, error);
    else
        bytes_append_str(error, strerror(code));
    free_environment(environment);
    child_free_words(words);
    return good;
}
