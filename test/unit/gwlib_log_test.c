/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log: line format, levels, what outsiders cannot do to it, files shared and
 * reopened, many threads and processes on one file, the access log's markers.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <regex.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "gwlib/log.h"

#define PREFIX "^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2} \\[[0-9]+\\] \\[[0-9]+\\] "

static char scratch[] = "/tmp/gwlib_log_test.XXXXXX";
static char path[64], other_path[64], rotated_path[64];

static int make_scratch(void **state)
{
    (void)state;
    if (mkdtemp(scratch) == NULL)
        return -1;
    snprintf(path, sizeof(path), "%s/log", scratch);
    snprintf(other_path, sizeof(other_path), "%s/other", scratch);
    snprintf(rotated_path, sizeof(rotated_path), "%s/log.1", scratch);
    log_set_stderr_level(LOG_LEVEL_PANIC + 1);
    return 0;
}

static int remove_scratch(void **state)
{
    (void)state;
    return rmdir(scratch);
}

/* Each test ends the log and begins with no files. */
static int clean(void **state)
{
    (void)state;
    log_shutdown();
    unlink(path);
    unlink(other_path);
    unlink(rotated_path);
    return 0;
}

static struct bytes read_file(const char *name)
{
    struct bytes content = {0};
    char piece[4096];
    FILE *file = fopen(name, "r");
    size_t n;

    if (file == NULL)
        fail_msg("%s: %s", name, strerror(errno));
    while ((n = fread(piece, 1, sizeof(piece), file)) > 0)
        bytes_append(&content, piece, n);
    fclose(file);
    return content;
}

/* The file is these lines, each given as an extended regular expression. */
static void assert_lines(const char *name, const char *const *patterns, size_t count)
{
    struct bytes content = read_file(name);
    struct slice rest = bytes_slice(&content), line;
    size_t i;

    for (i = 0; i < count; i++) {
        regex_t regex;
        char *text;

        assert_true(slice_next_item(&rest, '\n', &line));
        text = slice_to_str(line);
        assert_int_equal(regcomp(&regex, patterns[i], REG_EXTENDED | REG_NOSUB), 0);
        if (regexec(&regex, text, 0, NULL, 0) != 0)
            fail_msg("line %zu is not like %s: %s", i + 1, patterns[i], text);
        regfree(&regex);
        free(text);
    }
    assert_true(slice_is_empty(rest));
    bytes_free(&content);
}

#define ASSERT_LINES(name, ...)                                                                    \
    do {                                                                                           \
        const char *const patterns_[] = {__VA_ARGS__};                                             \
        assert_lines(name, patterns_, sizeof(patterns_) / sizeof(patterns_[0]));                   \
    } while (0)

/* --- lines and levels ---------------------------------------------------- */

static void lines_look_like_kannels(void **state)
{
    (void)state;
    assert_true(log_add_main_file(path, LOG_LEVEL_DEBUG));
    log_debug("a %s line", "debug");
    log_info("HTTP: Opening server at port %d.", 23100);
    log_warning("w");
    log_error("e");
    log_error_errno(ENOENT, "fopen failed: couldn't open `%s'", "/x");
    ASSERT_LINES(path, PREFIX "DEBUG: a debug line$",
                 PREFIX "INFO: HTTP: Opening server at port 23100\\.$", PREFIX "WARNING: w$",
                 PREFIX "ERROR: e$", PREFIX "ERROR: fopen failed: couldn't open `/x'$",
                 PREFIX "ERROR: System error 2: No such file or directory$");
}

static void time_process_and_thread_are_ours(void **state)
{
    struct bytes content;
    char text[32], expected[2][64];
    struct tm tm;
    time_t now;
    int i;

    (void)state;
    assert_true(log_add_main_file(path, LOG_LEVEL_DEBUG));
    now = time(NULL);
    log_info("x");
    for (i = 0; i < 2; i++, now++) { /* the second may have changed meanwhile */
        strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", localtime_r(&now, &tm));
        snprintf(expected[i], sizeof(expected[i]), "%s [%d] [0] INFO: x\n", text, (int)getpid());
    }
    content = read_file(path);
    assert_true(strcmp(bytes_str(&content), expected[0]) == 0 ||
                strcmp(bytes_str(&content), expected[1]) == 0);
    bytes_free(&content);
}

static void levels_decide(void **state)
{
    struct log_file *file;

    (void)state;
    assert_false(log_wants(LOG_LEVEL_PANIC));
    assert_true(log_add_main_file(path, LOG_LEVEL_WARNING));
    assert_false(log_wants(LOG_LEVEL_INFO));
    assert_true(log_wants(LOG_LEVEL_WARNING));
    log_info("no");
    log_warning("yes");
    log_set_file_level(LOG_LEVEL_DEBUG);
    assert_true(log_wants(LOG_LEVEL_DEBUG));
    log_debug("now yes");
    log_set_file_level(LOG_LEVEL_ERROR);
    log_warning("no more");

    file = log_file_open(other_path, LOG_LEVEL_INFO);
    assert_non_null(file);
    log_to(file, LOG_LEVEL_DEBUG, "no");
    log_to(file, LOG_LEVEL_INFO, "only %s", "there");
    log_to(NULL, LOG_LEVEL_ERROR, "only here");
    log_file_close(file);
    ASSERT_LINES(path, PREFIX "WARNING: yes$", PREFIX "DEBUG: now yes$",
                 PREFIX "ERROR: only here$");
    ASSERT_LINES(other_path, PREFIX "INFO: only there$");
}

static void outsiders_forge_no_line(void **state)
{
    (void)state;
    assert_true(log_add_main_file(path, LOG_LEVEL_DEBUG));
    log_info("%s", "a\nb\r\tc\x1b[31m\x7f d \xc3\xa4");
    ASSERT_LINES(path, PREFIX "INFO: a\\?b\\?\\?c\\?\\[31m\\? d \xc3\xa4$");
}

static void a_long_line_is_cut(void **state)
{
    static char text[6000];
    struct bytes content;
    size_t i, len;

    (void)state;
    assert_true(log_add_main_file(path, LOG_LEVEL_DEBUG));
    for (i = 0; i + 2 < sizeof(text); i += 2)
        memcpy(text + i, "\xc3\xa4", 2);
    log_info("%s", text);
    log_info("%s ", text); /* one of them cuts inside a character */
    log_info("after");
    content = read_file(path);
    len = slice_find(bytes_slice(&content), '\n', 0);
    assert_in_range(len, 4096 - 5, 4096 - 1);
    assert_memory_equal(content.data + len - 5, "\xc3\xa4...", 5);
    bytes_consume(&content, len + 1);
    len = slice_find(bytes_slice(&content), '\n', 0);
    assert_memory_equal(content.data + len - 5, "\xc3\xa4...", 5);
    bytes_free(&content);
}

static void errno_stays(void **state)
{
    (void)state;
    assert_true(log_add_main_file("/dev/full", LOG_LEVEL_DEBUG));
    errno = EDOM;
    log_info("x");
    assert_int_equal(errno, EDOM);
}

static void a_file_that_cannot_be_opened(void **state)
{
    (void)state;
    assert_true(log_add_main_file(path, LOG_LEVEL_DEBUG));
    assert_false(log_add_main_file("/nonexistent/log", LOG_LEVEL_DEBUG));
    assert_null(log_file_open("/nonexistent/log", LOG_LEVEL_DEBUG));
    assert_null(line_log_open("/nonexistent/log", false, false));
    line_log_write(NULL, slice_str("nothing"));
    line_log_close(NULL);
    log_file_close(NULL);
    ASSERT_LINES(path, "ERROR: Could not open log file `/nonexistent/log'$",
                 "ERROR: System error 2: ", "`/nonexistent/log'$", "System error",
                 "`/nonexistent/log'$", "System error");
}

static void syslog_facilities_have_names(void **state)
{
    (void)state;
    assert_false(log_set_syslog("test", "nonsense", LOG_LEVEL_INFO));
    assert_false(log_wants(LOG_LEVEL_PANIC));
    assert_true(log_set_syslog("test", "local0", LOG_LEVEL_ERROR));
    assert_true(log_wants(LOG_LEVEL_ERROR));
    assert_false(log_wants(LOG_LEVEL_WARNING));
}

/* --- limited lines --------------------------------------------------------- */

static void limited_lines_are_counted(void **state)
{
    static struct log_limit limit = {.interval_s = 1000}, other;
    int i;

    (void)state;
    assert_true(log_add_main_file(path, LOG_LEVEL_INFO));
    for (i = 0; i < 5; i++)
        log_limited(&limit, LOG_LEVEL_ERROR, "line %d", i);
    log_limited(&other, LOG_LEVEL_ERROR, "another place");
    log_limited(&limit, LOG_LEVEL_DEBUG, "not wanted, not counted");
    limit.next = 0; /* as if the time were over */
    log_limited(&limit, LOG_LEVEL_ERROR, "line %d", i);
    log_limited(&limit, LOG_LEVEL_ERROR, "line %d", i);
    ASSERT_LINES(path, "ERROR: line 0$", "ERROR: another place$",
                 "ERROR: line 5 \\(4 lines like this one were left out\\)$");
}

/* --- files: shared, reopened ------------------------------------------------ */

static void one_path_is_one_file(void **state)
{
    struct log_file *a, *b;

    (void)state;
    assert_true(log_add_main_file(path, LOG_LEVEL_ERROR));
    assert_true(log_add_main_file(path, LOG_LEVEL_INFO)); /* no line twice */
    a = log_file_open(path, LOG_LEVEL_DEBUG);
    b = log_file_open(path, LOG_LEVEL_ERROR);
    log_info("main");
    log_to(a, LOG_LEVEL_DEBUG, "a");
    log_to(b, LOG_LEVEL_DEBUG, "not b");
    log_file_close(a);
    log_to(b, LOG_LEVEL_ERROR, "b");
    log_file_close(b);
    log_info("main again");
    ASSERT_LINES(path, "INFO: main$", "DEBUG: a$", "ERROR: b$", "INFO: main again$");
}

static void reopening_follows_the_name(void **state)
{
    struct log_file *file;

    (void)state;
    assert_true(log_add_main_file(path, LOG_LEVEL_DEBUG));
    file = log_file_open(other_path, LOG_LEVEL_DEBUG);
    log_info("before");
    assert_int_equal(rename(path, rotated_path), 0);
    log_info("still before");
    log_reopen_all();
    log_info("after");
    log_to(file, LOG_LEVEL_INFO, "kept");
    log_file_close(file);
    ASSERT_LINES(rotated_path, "before$", "still before$");
    ASSERT_LINES(path, "after$");
    ASSERT_LINES(other_path, "kept$");
}

/* The folder is gone: better the old file than none. */
static void reopening_that_fails_keeps_the_file(void **state)
{
    char folder[64], inside[80], moved[80];

    (void)state;
    snprintf(folder, sizeof(folder), "%s/folder", scratch);
    snprintf(inside, sizeof(inside), "%s/log", folder);
    snprintf(moved, sizeof(moved), "%s/log", scratch);
    assert_int_equal(mkdir(folder, 0700), 0);
    assert_true(log_add_main_file(inside, LOG_LEVEL_DEBUG));
    assert_int_equal(rename(inside, moved), 0);
    assert_int_equal(rmdir(folder), 0);
    log_reopen_all();
    log_info("after");
    ASSERT_LINES(moved, "Could not open log file", "System error 2", "after$");
}

/* --- many writers ----------------------------------------------------------- */

#define WRITERS 4
#define LINES   2000

static atomic_int writers_left;

static void *write_lines(void *arg)
{
    int i;

    for (i = 0; i < LINES; i++)
        log_info("writer %d line %d %.*s.", *(int *)arg, i, i % 300,
                 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
                 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
                 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
                 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
    atomic_fetch_sub(&writers_left, 1);
    return NULL;
}

/* Every line is whole, and the lines of a writer are in order. */
static void count_lines(const char *name, int *next)
{
    struct bytes content = read_file(name);
    struct slice rest = bytes_slice(&content), line;

    while (slice_next_item(&rest, '\n', &line) && line.len > 0) {
        char *text = slice_to_str(line);
        int writer, number, pid, thread;

        assert_int_equal(sscanf(text, "%*s %*s [%d] [%d] INFO: writer %d line %d ", &pid, &thread,
                                &writer, &number),
                         4);
        assert_in_range(writer, 0, WRITERS - 1);
        assert_int_equal(number, next[writer]);
        assert_int_equal(text[line.len - 1], '.');
        next[writer]++;
        free(text);
    }
    bytes_free(&content);
}

static void start_writers(pthread_t *threads, int *numbers, int first)
{
    int i;

    atomic_store(&writers_left, WRITERS - first);
    for (i = first; i < WRITERS; i++) {
        numbers[i] = i;
        assert_int_equal(pthread_create(&threads[i], NULL, write_lines, &numbers[i]), 0);
    }
}

static void threads_log_while_files_are_reopened(void **state)
{
    pthread_t threads[WRITERS];
    int numbers[WRITERS], next[WRITERS] = {0};
    int i;

    (void)state;
    assert_true(log_add_main_file(path, LOG_LEVEL_DEBUG));
    start_writers(threads, numbers, 0);
    assert_int_equal(rename(path, rotated_path), 0);
    while (atomic_load(&writers_left) > 0)
        log_reopen_all();
    for (i = 0; i < WRITERS; i++)
        pthread_join(threads[i], NULL);
    count_lines(rotated_path, next);
    count_lines(path, next);
    for (i = 0; i < WRITERS; i++)
        assert_int_equal(next[i], LINES);
}

static void processes_share_a_file(void **state)
{
    int numbers[WRITERS], next[WRITERS] = {0};
    pid_t children[WRITERS];
    int i, status;

    (void)state;
    for (i = 0; i < WRITERS; i++) {
        numbers[i] = i;
        children[i] = fork();
        assert_true(children[i] >= 0);
        if (children[i] == 0) {
            log_add_main_file(path, LOG_LEVEL_DEBUG);
            write_lines(&numbers[i]);
            _exit(0);
        }
    }
    for (i = 0; i < WRITERS; i++) {
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_int_equal(status, 0);
    }
    count_lines(path, next);
    for (i = 0; i < WRITERS; i++)
        assert_int_equal(next[i], LINES);
}

/* --- the end of the process --------------------------------------------------- */

static int status_of(void (*last_words)(void))
{
    pid_t child = fork();
    int status;

    assert_true(child >= 0);
    if (child == 0) {
        log_add_main_file(path, LOG_LEVEL_DEBUG);
        last_words();
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void panic(void)
{
    log_panic("Failed to load `%s'. Aborting!", "/x");
}

static void break_an_invariant(void)
{
    int two = 2;

    signal(SIGABRT, SIG_DFL);
    LOG_ASSERT(two == 2);
    LOG_ASSERT(two == 3);
}

static void panics_end_the_process(void **state)
{
    int status = status_of(panic);

    (void)state;
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 1);
    status = status_of(break_an_invariant);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
    ASSERT_LINES(path, PREFIX "PANIC: Failed to load `/x'\\. Aborting!$",
                 PREFIX "PANIC: .*gwlib_log_test\\.c:[0-9]+: .*two == 3$");
}

/* --- access logs ---------------------------------------------------------------- */

#define TIME "^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2} "

static void access_logs_have_time_and_markers(void **state)
{
    struct line_log *log = line_log_open(path, false, false);
    static char longer[9000];

    (void)state;
    memset(longer, 'y', sizeof(longer) - 1);
    line_log_write(log, slice_str("Sent SMS [SMSC:fake1]"));
    line_log_write(log, slice_of("a\nb\0c\td", 7));
    line_log_write(log, slice_str(longer));
    assert_int_equal(rename(path, rotated_path), 0);
    log_reopen_all();
    line_log_write(log, slice_str("next"));
    line_log_close(log);
    ASSERT_LINES(rotated_path, TIME "Log begins$", TIME "Sent SMS \\[SMSC:fake1\\]$",
                 TIME "a\\?b\\?c\td$", TIME "y+$", TIME "Log ends$");
    ASSERT_LINES(path, TIME "Log begins$", TIME "next$", TIME "Log ends$");
}

static void long_access_lines_are_whole(void **state)
{
    struct line_log *log = line_log_open(path, false, true);
    struct bytes content;
    static char longer[9000];

    (void)state;
    memset(longer, 'y', sizeof(longer) - 1);
    line_log_write(log, slice_str(longer));
    line_log_close(log);
    content = read_file(path);
    assert_int_equal(content.len, sizeof(longer));
    bytes_free(&content);
}

static void clean_access_logs_have_neither(void **state)
{
    struct line_log *log = line_log_open(path, true, true);

    (void)state;
    line_log_write(log, slice_str("bare"));
    log_reopen_all();
    line_log_close(log);
    ASSERT_LINES(path, "^bare$");
}

static void access_logs_may_tell_gmt(void **state)
{
    struct line_log *log;
    struct bytes content;
    char text[32];
    struct tm tm;
    time_t now;

    (void)state;
    setenv("TZ", "XXX-9", 1); /* nine hours before GMT, so that it shows */
    tzset();
    now = time(NULL);
    log = line_log_open(path, true, false);
    line_log_close(log);
    unsetenv("TZ");
    tzset();
    strftime(text, sizeof(text), "%Y-%m-%d %H:%M", gmtime_r(&now, &tm));
    content = read_file(path);
    if (strncmp(bytes_str(&content), text, strlen(text)) != 0) { /* the minute may have changed */
        now += 60;
        strftime(text, sizeof(text), "%Y-%m-%d %H:%M", gmtime_r(&now, &tm));
        assert_memory_equal(bytes_str(&content), text, strlen(text));
    }
    bytes_free(&content);
}

/* bearerbox and smsbox of one configuration, in one process: one file. */
static void two_access_logs_on_one_path(void **state)
{
    struct line_log *a = line_log_open(path, false, false);
    struct line_log *b = line_log_open(path, false, false);

    (void)state;
    line_log_write(a, slice_str("a"));
    line_log_close(a);
    line_log_write(b, slice_str("b"));
    log_shutdown(); /* ends what is still open */
    line_log_write(b, slice_str("to nowhere"));
    line_log_close(b);
    ASSERT_LINES(path, "Log begins$", " a$", " b$", "Log ends$");
}

#define LOG_TEST(f) cmocka_unit_test_teardown(f, clean)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LOG_TEST(lines_look_like_kannels),
        LOG_TEST(time_process_and_thread_are_ours),
        LOG_TEST(levels_decide),
        LOG_TEST(outsiders_forge_no_line),
        LOG_TEST(a_long_line_is_cut),
        LOG_TEST(errno_stays),
        LOG_TEST(a_file_that_cannot_be_opened),
        LOG_TEST(syslog_facilities_have_names),
        LOG_TEST(limited_lines_are_counted),
        LOG_TEST(one_path_is_one_file),
        LOG_TEST(reopening_follows_the_name),
        LOG_TEST(reopening_that_fails_keeps_the_file),
        LOG_TEST(threads_log_while_files_are_reopened),
        LOG_TEST(processes_share_a_file),
        LOG_TEST(panics_end_the_process),
        LOG_TEST(access_logs_have_time_and_markers),
        LOG_TEST(long_access_lines_are_whole),
        LOG_TEST(clean_access_logs_have_neither),
        LOG_TEST(access_logs_may_tell_gmt),
        LOG_TEST(two_access_logs_on_one_path),
    };

    return cmocka_run_group_tests(tests, make_scratch, remove_scratch);
}
