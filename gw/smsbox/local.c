/* SPDX-License-Identifier: Apache-2.0 */
/*
 * local - the services that need no application: text, file, exec.
 *
 * exec runs without a shell. Its command was cut into words when it was loaded;
 * each word is expanded by itself, so that nothing in a message can become a
 * further argument or a command.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "gw/smsbox/escapes.h"
#include "gw/smsbox/mo.h"
#include "gw/smsbox/text.h"
#include "gwlib/child.h"
#include "gwlib/memory.h"

#define MAX_REPLY (64 * 1024) /* octets of a file or of a program's output */

static struct escapes escapes_of(const struct mo *mo)
{
    return escapes_begin(&mo->sms, slice_str(mo->service->name), false, (int64_t)time(NULL));
}

/* "fixed answer" or "file answer". */
static void log_reply(const struct mo *mo, const char *kind, struct slice reply)
{
    if (mo->incoming->access_log == NULL)
        return;
    struct bytes line = {0};
    bytes_append_str(&line, "SMS request sender:");
    text_append_visible(&line, mo->sms.sender);
    bytes_append_str(&line, " request: '");
    text_append_visible(&line, mo->sms.msgdata);
    bytes_printf(&line, "' %s answer: '", kind);
    text_append_visible(&line, reply);
    bytes_append_char(&line, '\'');
    line_log_write(mo->incoming->access_log, bytes_slice(&line));
    bytes_free(&line);
}

static void reply_text(struct mo *mo)
{
    struct bytes text = {0};
    struct escapes escapes = escapes_of(mo);
    escapes_expand(&escapes, mo->service->pattern, &text);
    log_reply(mo, "fixed", bytes_slice(&text));
    mo_reply_fixed(mo, bytes_slice(&text));
    bytes_free(&text);
}

/* --- file ------------------------------------------------------------------------- */

/* How many components of the path are "..". */
static unsigned count_ups(const char *path)
{
    unsigned count = 0;
    struct slice rest = slice_str(path), item;
    while (slice_next_item(&rest, '/', &item))
        if (slice_equal_str(item, ".."))
            count++;
    return count;
}

/* Appends at most MAX_REPLY octets of the file; nothing, and a line in the log,
 * when it cannot be read. */
static void append_file(struct bytes *to, const char *path)
{
    char buffer[4096];
    ssize_t n = -1;
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    /* A pipe or a terminal could keep everybody waiting. */
    if (fd >= 0 && fstat(fd, &status) == 0 && !S_ISREG(status.st_mode))
        errno = EINVAL;
    else
        while (fd >= 0 && to->len < MAX_REPLY && (n = read(fd, buffer, sizeof(buffer))) > 0)
            bytes_append(to, buffer, (size_t)n);
    if (n < 0)
        log_error_errno(errno, "service file <%s> cannot be read", path);
    if (fd >= 0)
        close(fd);
}

static void reply_file(struct mo *mo)
{
    struct bytes path = {0}, content = {0};
    struct escapes escapes = escapes_of(mo);
    escapes_expand(&escapes, mo->service->pattern, &path);
    if (count_ups(bytes_str(&path)) > count_ups(mo->service->pattern))
        log_error("a message asks for the file <%s>, outside of its folder: refused",
                  bytes_str(&path));
    else
        append_file(&content, bytes_str(&path));
    log_reply(mo, "file", bytes_slice(&content));
    mo_reply_fixed(mo, bytes_slice(&content));
    bytes_free(&path);
    bytes_free(&content);
}

/* --- exec ---------------------------------------------------------------------------- */

static void on_program_end(const struct child_result *result, void *arg)
{
    struct mo *mo = arg;
    if (!result->started)
        log_error_errno(result->error, "service <%s>: program <%s> did not start",
                        mo->service->name, mo->service->command[0]);
    else if (result->timed_out)
        log_error("service <%s>: program <%s> was ended, for it took too long", mo->service->name,
                  mo->service->command[0]);
    log_reply(mo, "file", result->output);
    mo_reply_fixed(mo, slice_is_set(result->output) ? result->output : slice_str(""));
}

static void run_program(struct mo *mo)
{
    size_t count = 0;
    while (mo->service->command[count] != NULL)
        count++;
    char **argv = memory_zalloc(count + 1, sizeof(*argv));
    struct escapes escapes = escapes_of(mo);
    for (size_t i = 0; i < count; i++) {
        struct bytes word = {0};
        escapes_expand(&escapes, mo->service->command[i], &word);
        argv[i] = bytes_take(&word);
    }
    struct child_options options = {
        .argv = argv, .timeout_s = mo->incoming->settings->http_timeout_s, .max_output = MAX_REPLY};
    child_start(mo->incoming->loop, &options, on_program_end, mo);
    for (size_t i = 0; i < count; i++)
        free(argv[i]);
    free(argv);
}

void mo_run_locally(struct mo *mo)
{
    if (mo->service->action == SERVICE_TEXT)
        reply_text(mo);
    else if (mo->service->action == SERVICE_FILE)
        reply_file(mo);
    else
        run_program(mo);
}
