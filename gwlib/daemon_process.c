/* SPDX-License-Identifier: Apache-2.0 */
/*
 * daemon_process - the half of daemon.h that changes the process: background,
 * parachute, user, pid file, and running anew.
 *
 * A process that runs itself anew keeps its number, its parachute and its
 * place in the background; the environment variable below tells the new run
 * that it is in them already. It is removed at once, so that programs started
 * from the box do not see it.
 */
#include "gwlib/daemon_process.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gwlib/daemon.h"
#include "gwlib/log.h"
#include "gwlib/memory.h"
#include "gwlib/parachute.h"

#define RESTARTED "KANTELE_RESTARTED"

extern char **environ;

static char **saved_argv;
static char *saved_directory;
static char *saved_program;

/* --- entering -------------------------------------------------------------------- */

static void go_to_background(void)
{
    pid_t pid = fork();
    int null;

    if (pid < 0)
        log_panic("Cannot go to the background: %s", strerror(errno));
    if (pid > 0)
        _exit(0);
    setsid();
    null = open("/dev/null", O_RDWR);
    if (chdir("/") != 0 || null < 0 || dup2(null, STDIN_FILENO) < 0 ||
        dup2(null, STDOUT_FILENO) < 0 || dup2(null, STDERR_FILENO) < 0)
        log_panic("Cannot go to the background: %s", strerror(errno));
    if (null > STDERR_FILENO)
        close(null);
}

static void become_user(const char *name)
{
    const struct passwd *user = getpwnam(name);

    if (user == NULL)
        log_panic("There is no user `%s'.", name);
    if (geteuid() == user->pw_uid && getuid() == user->pw_uid && getegid() == user->pw_gid)
        return;
    if (initgroups(name, user->pw_gid) != 0 || setgid(user->pw_gid) != 0 ||
        setuid(user->pw_uid) != 0)
        log_panic("Cannot become user `%s': %s", name, strerror(errno));
}

static void write_pid_file(const char *path)
{
    char text[24];
    int len = snprintf(text, sizeof text, "%ld\n", (long)getpid());
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

    if (fd < 0 || write(fd, text, (size_t)len) != len)
        log_panic("Cannot write the pid file `%s': %s", path, strerror(errno));
    close(fd);
}

void daemon_enter(const struct daemon_options *options)
{
    bool restarted = getenv(RESTARTED) != NULL;

    unsetenv(RESTARTED);
    if (options->daemonize) {
        if (!restarted)
            go_to_background();
        else if (chdir("/") != 0)
            log_panic("Cannot change to directory /: %s", strerror(errno));
    }
    if (options->log_file != NULL && !log_add_main_file(options->log_file, options->log_file_level))
        log_panic("Cannot write the log file `%s'.", options->log_file);
    if (options->parachute && !restarted)
        parachute_open(options->box, options->panic_script);
    if (options->user != NULL)
        become_user(options->user);
    if (options->pid_file != NULL)
        write_pid_file(options->pid_file);
}

/* After a change of user the directory may be somebody else's: no error. */
void daemon_leave(const struct daemon_options *options)
{
    if (options->pid_file != NULL && unlink(options->pid_file) != 0 && errno != ENOENT)
        log_error_errno(errno, "Cannot remove the pid file `%s'.", options->pid_file);
}

/* --- running anew ------------------------------------------------------------------ */

/* By its name of now, because an upgrade puts a new program in its place. */
static char *own_program(void)
{
    char path[4096];
    ssize_t len = readlink("/proc/self/exe", path, sizeof path - 1);

    if (len <= 0)
        return NULL;
    path[len] = '\0';
    return memory_strdup(path);
}

void daemon_remember_arguments(char **argv)
{
    free(saved_directory);
    free(saved_program);
    saved_argv = argv;
    saved_directory = getcwd(NULL, 0);
    saved_program = own_program();
}

void daemon_restart(void)
{
    sigset_t none;

    LOG_ASSERT(saved_argv != NULL);
    if (saved_directory != NULL && chdir(saved_directory) != 0)
        log_error_errno(errno, "Cannot change to directory `%s'.", saved_directory);
    setenv(RESTARTED, "1", 1);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (saved_program != NULL)
        execve(saved_program, saved_argv, environ);
    execve("/proc/self/exe", saved_argv, environ);
    execvp(saved_argv[0], saved_argv);
    log_error_errno(errno, "Cannot run `%s' anew.", saved_argv[0]);
    unsetenv(RESTARTED);
}
