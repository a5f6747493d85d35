/* SPDX-License-Identifier: Apache-2.0 */
/*
 * child - see child.h.
 *
 * posix_spawn(3) starts the program, in a process group of its own and with
 * all signals as they are by default. Its end is told by a pidfd that the loop
 * watches; on a kernel without (before 5.3) by SIGCHLD and a look at each of
 * our own children. Nobody else's children are ever waited for.
 *
 * The end of the process is the end of the story: what is in the pipe then is
 * read and the pipe is closed, whoever else may have it open. A zombie keeps
 * its number, so signals cannot hit a stranger until it has been waited for.
 *
 * A cancelled child is killed and stays until it has been waited for, at most
 * until the end of the loop.
 */
#include "gwlib/child.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utlist.h>

#include "gwlib/log.h"
#include "gwlib/memory.h"

#define DEFAULT_TIMEOUT_S  60
#define DEFAULT_MAX_OUTPUT (64 * 1024)
#define KILL_AFTER_MS      5000
#define LAST_READS         64 /* of READ_SIZE: the most that a pipe holds is 1 MiB */
#define READ_SIZE          16384

extern char **environ;

struct child {
    struct loop *loop;
    pid_t pid; /* 0: not started */
    struct child_result result;
    child_fn *done; /* NULL: cancelled */
    void *arg;
    int pidfd; /* -1: SIGCHLD tells */
    struct event *ended;
    struct child *prev, *next; /* in without_pidfd */
    int in_fd;                 /* its standard input, or -1 */
    struct event *writable;
    struct bytes input;
    int out_fd; /* its standard output, or -1 */
    struct event *readable;
    struct bytes output;
    size_t max_output;
    struct loop_timer *timer;
    struct loop_ending ending;
};

/* --- input and output ---------------------------------------------------------- */

static void close_end(int *fd, struct event **event)
{
    if (*event != NULL)
        event_free(*event);
    if (*fd >= 0)
        close(*fd);
    *event = NULL;
    *fd = -1;
}

static void write_input(evutil_socket_t fd, short what, void *arg)
{
    struct child *child = arg;
    ssize_t n = write((int)fd, child->input.data, child->input.len);

    (void)what;
    if (n > 0)
        bytes_consume(&child->input, (size_t)n);
    if (child->input.len == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
        close_end(&child->in_fd, &child->writable);
}

static void keep_output(struct child *child, const char *data, size_t len)
{
    size_t room = child->max_output - child->output.len;

    if (len > room) {
        child->result.truncated = true;
        len = room;
    }
    bytes_append(&child->output, data, len);
}

/* False when there is nothing to read now, or never again (then it is closed). */
static bool read_once(struct child *child)
{
    char data[READ_SIZE];
    ssize_t n = read(child->out_fd, data, sizeof data);

    if (n > 0) {
        keep_output(child, data, (size_t)n);
        return true;
    }
    if (n == 0 || (errno != EAGAIN && errno != EINTR))
        close_end(&child->out_fd, &child->readable);
    return false;
}

static void read_output(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    read_once(arg);
}

static struct event *watch(struct child *child, int fd, short what, event_callback_fn fn)
{
    struct event *event = event_new(loop_event_base(child->loop), fd, what | EV_PERSIST, fn, child);

    LOG_ASSERT(event != NULL && event_add(event, NULL) == 0);
    return event;
}

/* --- the end ---------------------------------------------------------------------- */

static struct child *without_pidfd;

static void child_free(struct child *child)
{
    close_end(&child->in_fd, &child->writable);
    close_end(&child->out_fd, &child->readable);
    if (child->pid > 0 && child->pidfd < 0)
        DL_DELETE(without_pidfd, child);
    close_end(&child->pidfd, &child->ended);
    loop_timer_free(child->timer);
    loop_ending_remove(&child->ending);
    bytes_free(&child->input);
    bytes_free(&child->output);
    free(child);
}

static void report(struct child *child)
{
    child->result.output = bytes_slice(&child->output);
    if (child->done != NULL)
        child->done(&child->result, child->arg);
    child_free(child);
}

static void send_signal(struct child *child, int signal_number)
{
    if (kill(-child->pid, signal_number) != 0)
        kill(child->pid, signal_number);
}

/* Whether it has ended; then it has been waited for, and the result says how. */
static bool wait_for(struct child *child)
{
    siginfo_t info = {0};
    int status = 0;

    if (waitid(P_PID, (id_t)child->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0) {
        if (info.si_pid == 0)
            return false;
        if (child->result.timed_out)
            send_signal(child, SIGKILL); /* what is left of the group */
        waitpid(child->pid, &status, 0);
    } else {
        log_error_errno(errno, "Cannot wait for process %ld.", (long)child->pid);
        status = -1;
    }
    child->result.exit_status = status >= 0 && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    child->result.signal = status >= 0 && WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    return true;
}

static void look_after(struct child *child)
{
    if (!wait_for(child))
        return;
    for (int i = 0; i < LAST_READS && child->out_fd >= 0; i++) {
        if (!read_once(child))
            break;
    }
    report(child);
}

static void pidfd_readable(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    look_after(arg);
}

/* A callback may start and cancel children, but cancelled ones stay in the list
 * and new ones are put in front. */
static void some_child_ended(int signal_number, void *arg)
{
    struct child *child, *next;

    (void)signal_number;
    (void)arg;
    DL_FOREACH_SAFE(without_pidfd, child, next)
    look_after(child);
}

static void time_is_up(void *arg)
{
    struct child *child = arg;

    if (child->pid == 0) {
        report(child);
        return;
    }
    send_signal(child, child->result.timed_out ? SIGKILL : SIGTERM);
    child->result.timed_out = true;
    loop_timer_set(child->timer, KILL_AFTER_MS);
}

/* --- the start --------------------------------------------------------------------- */

static int open_pidfd(pid_t pid)
{
#if defined(SYS_pidfd_open) && !defined(CHILD_WITHOUT_PIDFD)
    return (int)syscall(SYS_pidfd_open, pid, 0);
#else
    (void)pid;
    return -1;
#endif
}

static struct loop *watched_loop; /* that calls some_child_ended() */

static void forget_watched_loop(void *arg)
{
    (void)arg;
    watched_loop = NULL;
}

static void look_after_all(void *arg)
{
    (void)arg;
    some_child_ended(SIGCHLD, NULL);
}

static void watch_without_pidfd(struct child *child)
{
    static struct loop_ending ending = {.fn = forget_watched_loop};

    DL_PREPEND(without_pidfd, child);
    if (watched_loop != child->loop) {
        loop_ending_remove(&ending);
        loop_ending_add(child->loop, &ending);
        watched_loop = child->loop;
        loop_on_signal(child->loop, SIGCHLD, some_child_ended, NULL);
    }
    loop_post(child->loop, look_after_all, NULL); /* it may have ended already */
}

static void watch_end(struct child *child)
{
    child->pidfd = open_pidfd(child->pid);
    if (child->pidfd >= 0)
        child->ended = watch(child, child->pidfd, EV_READ, pidfd_readable);
    else
        watch_without_pidfd(child);
}

/* A descriptor that dup2() onto 0 and 1 cannot hit. */
static int above_standard(int fd)
{
    int moved;

    if (fd < 0 || fd > STDERR_FILENO)
        return fd;
    moved = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    close(fd);
    return moved;
}

static bool open_pipe(int *read_end, int *write_end)
{
    int fds[2];

    if (pipe2(fds, O_CLOEXEC) != 0)
        return false;
    *read_end = above_standard(fds[0]);
    *write_end = above_standard(fds[1]);
    return *read_end >= 0 && *write_end >= 0;
}

static void set_nonblocking(int fd)
{
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

/* Our ends go into the child, its own to *in and *out. False with errno. */
static bool open_streams(struct child *child, int *in, int *out)
{
    if (child->input.len == 0)
        *in = above_standard(open("/dev/null", O_RDONLY | O_CLOEXEC));
    else if (!open_pipe(in, &child->in_fd))
        return false;
    if (*in < 0 || !open_pipe(&child->out_fd, out))
        return false;
    if (child->in_fd >= 0)
        set_nonblocking(child->in_fd);
    set_nonblocking(child->out_fd);
    return true;
}

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

/* Descriptors of ours are close-on-exec; this is for those of libraries. */
static void close_others(posix_spawn_file_actions_t *actions)
{
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 34)
    posix_spawn_file_actions_addclosefrom_np(actions, STDERR_FILENO + 1);
#else
    (void)actions;
#endif
}

static int spawn(struct child *child, char *const *argv, int in, int out)
{
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_t actions;
    int error;

    set_attributes(&attributes);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    close_others(&actions);
    error = posix_spawnp(&child->pid, argv[0], &actions, &attributes, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return error;
}

/* 0 or an errno value. */
static int run(struct child *child, char *const *argv)
{
    int in = -1, out = -1;
    int error = open_streams(child, &in, &out) ? spawn(child, argv, in, out) : errno;

    if (in >= 0)
        close(in);
    if (out >= 0)
        close(out);
    if (error != 0)
        child->pid = 0;
    return error;
}

/* An ignored SIGCHLD, inherited from whoever started us, would mean that nobody
 * can be waited for. */
static void allow_waiting(void)
{
    struct sigaction now;

    if (sigaction(SIGCHLD, NULL, &now) == 0 && now.sa_handler == SIG_IGN)
        signal(SIGCHLD, SIG_DFL);
}

struct child *child_start(struct loop *loop, const struct child_options *options, child_fn *done,
                          void *arg)
{
    struct child *child = memory_zalloc(1, sizeof *child);
    unsigned timeout_s = options->timeout_s > 0 ? options->timeout_s : DEFAULT_TIMEOUT_S;

    child->loop = loop;
    child->done = done;
    child->arg = arg;
    child->pidfd = child->in_fd = child->out_fd = -1;
    child->max_output = options->max_output > 0 ? options->max_output : DEFAULT_MAX_OUTPUT;
    child->timer = loop_timer_create(loop, time_is_up, child);
    bytes_append_slice(&child->input, options->input);
    allow_waiting();
    child->result.error = run(child, options->argv);
    if (child->result.error != 0) {
        child->result.exit_status = -1;
        loop_timer_set(child->timer, 0);
        return child;
    }
    child->result.started = true;
    loop_timer_set(child->timer, (int64_t)timeout_s * 1000);
    watch_end(child);
    child->readable = watch(child, child->out_fd, EV_READ, read_output);
    if (child->in_fd >= 0)
        child->writable = watch(child, child->in_fd, EV_WRITE, write_input);
    return child;
}

static void free_at_last(void *arg)
{
    child_free(arg);
}

void child_cancel(struct child *child)
{
    child->done = NULL;
    if (child->pid == 0) {
        child_free(child);
        return;
    }
    send_signal(child, SIGKILL);
    close_end(&child->in_fd, &child->writable);
    close_end(&child->out_fd, &child->readable);
    loop_timer_cancel(child->timer);
    child->ending = (struct loop_ending){.fn = free_at_last, .arg = child};
    loop_ending_add(child->loop, &child->ending);
}
