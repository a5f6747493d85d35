/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unit tests of gwlib/child. Built twice: the second time (gwlib_child_sigchld)
 * as if the kernel had no pidfds.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gwlib/child.h"
#include "gwlib/log.h"
#include "gwlib/memory.h"

#define DEADLINE_MS 20000

struct outcome {
    int calls;
    struct child_result result;
    struct bytes output;
};

static struct loop *loop;

static int set_up(void **state)
{
    (void)state;
    log_set_stderr_level(LOG_LEVEL_PANIC);
    loop = loop_create();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    loop_destroy(loop);
    return 0;
}

static void ended(const struct child_result *result, void *arg)
{
    struct outcome *outcome = arg;

    outcome->calls++;
    outcome->result = *result;
    bytes_append_slice(&outcome->output, result->output);
}

static void turn_loop(void)
{
    event_base_loop(loop_event_base(loop), EVLOOP_NONBLOCK);
    poll(NULL, 0, 1);
}

static void await(const struct outcome *outcome)
{
    int64_t deadline = loop_now(loop) + DEADLINE_MS;

    while (outcome->calls == 0 && loop_now(loop) < deadline)
        turn_loop();
    assert_int_equal(outcome->calls, 1);
}

static struct child *start(struct outcome *outcome, struct child_options options,
                           const char *script)
{
    const char *argv[] = {"sh", "-c", script, NULL};

    options.argv = (char *const *)argv;
    return child_start(loop, &options, ended, outcome);
}

/* Runs a script of /bin/sh to its end. */
static void run(struct outcome *outcome, struct child_options options, const char *script)
{
    start(outcome, options, script);
    assert_int_equal(outcome->calls, 0);
    await(outcome);
    assert_true(outcome->result.started);
}

static void collects_output_and_status(void **state)
{
    struct outcome outcome = {0};

    (void)state;
    run(&outcome, (struct child_options){0}, "echo out; exit 7");
    assert_string_equal(bytes_str(&outcome.output), "out\n");
    assert_int_equal(outcome.result.exit_status, 7);
    assert_int_equal(outcome.result.signal, 0);
    assert_false(outcome.result.timed_out);
    assert_false(outcome.result.truncated);
    bytes_free(&outcome.output);
}

static void tells_the_signal(void **state)
{
    struct outcome outcome = {0};

    (void)state;
    run(&outcome, (struct child_options){0}, "kill -9 $$");
    assert_int_equal(outcome.result.exit_status, -1);
    assert_int_equal(outcome.result.signal, SIGKILL);
    bytes_free(&outcome.output);
}

static void a_missing_program_is_told_later(void **state)
{
    struct outcome outcome = {0};
    const char *argv[] = {"/nonexistent/program", NULL};
    struct child_options options = {.argv = (char *const *)argv};

    (void)state;
    child_start(loop, &options, ended, &outcome);
    assert_int_equal(outcome.calls, 0);
    await(&outcome);
    assert_false(outcome.result.started);
    assert_int_equal(outcome.result.error, ENOENT);
    assert_int_equal(outcome.result.exit_status, -1);
    assert_int_equal(outcome.output.len, 0);
}

static void input_goes_in_whole(void **state)
{
    struct outcome outcome = {0};
    struct bytes input = {0};

    (void)state;
    for (int i = 0; i < 100000; i++)
        bytes_append_str(&input, "0123456789");
    run(&outcome, (struct child_options){.input = bytes_slice(&input)}, "wc -c | tr -d ' '");
    assert_string_equal(bytes_str(&outcome.output), "1000000\n");
    bytes_free(&outcome.output);
    bytes_free(&input);
}

static void input_that_nobody_reads_does_no_harm(void **state)
{
    struct outcome outcome = {0};
    struct bytes input = {0};

    (void)state;
    for (int i = 0; i < 100000; i++)
        bytes_append_str(&input, "0123456789");
    run(&outcome, (struct child_options){.input = bytes_slice(&input)}, "exit 3");
    assert_int_equal(outcome.result.exit_status, 3);
    bytes_free(&outcome.output);
    bytes_free(&input);
}

static void without_input_there_is_end_of_file(void **state)
{
    struct outcome outcome = {0};

    (void)state;
    run(&outcome, (struct child_options){0}, "cat; echo done");
    assert_string_equal(bytes_str(&outcome.output), "done\n");
    bytes_free(&outcome.output);
}

static void output_beyond_the_limit_is_dropped(void **state)
{
    struct outcome outcome = {0};

    (void)state;
    run(&outcome, (struct child_options){.max_output = 1000},
        "head -c 500000 /dev/zero | tr '\\0' x");
    assert_int_equal(outcome.output.len, 1000);
    assert_true(outcome.result.truncated);
    assert_int_equal(outcome.result.exit_status, 0);
    bytes_free(&outcome.output);
}

static void all_of_the_last_output_is_there(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++) {
        struct outcome outcome = {0};

        run(&outcome, (struct child_options){0}, "head -c 60000 /dev/zero | tr '\\0' x");
        assert_int_equal(outcome.output.len, 60000);
        assert_false(outcome.result.truncated);
        bytes_free(&outcome.output);
    }
}

/* A grandchild with the pipe open writes and sleeps on; nobody waits for it. */
static void a_grandchild_delays_nothing(void **state)
{
    struct outcome outcome = {0};
    int64_t began = loop_now(loop);

    (void)state;
    run(&outcome, (struct child_options){0}, "sleep 30 & echo $!; exit 0");
    assert_true(loop_now(loop) - began < 10000);
    assert_true(outcome.output.len > 1);
    kill((pid_t)atoi(bytes_str(&outcome.output)), SIGKILL);
    bytes_free(&outcome.output);
}

static void time_is_limited(void **state)
{
    struct outcome outcome = {0};
    int64_t began = loop_now(loop);

    (void)state;
    run(&outcome, (struct child_options){.timeout_s = 1}, "echo begun; exec sleep 30");
    assert_in_range(loop_now(loop) - began, 900, 15000);
    assert_true(outcome.result.timed_out);
    assert_int_equal(outcome.result.signal, SIGTERM);
    assert_string_equal(bytes_str(&outcome.output), "begun\n");
    bytes_free(&outcome.output);
}

static void who_ignores_sigterm_is_killed(void **state)
{
    struct outcome outcome = {0};
    int64_t began = loop_now(loop);

    (void)state;
    run(&outcome, (struct child_options){.timeout_s = 1}, "trap '' TERM; sleep 30; sleep 30");
    assert_in_range(loop_now(loop) - began, 5900, 25000);
    assert_true(outcome.result.timed_out);
    assert_int_equal(outcome.result.signal, SIGKILL);
    bytes_free(&outcome.output);
}

/* Whether the process is there and no zombie. */
static bool is_running(pid_t pid)
{
    char path[64], text[200] = "";
    FILE *file;
    const char *state;

    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    file = fopen(path, "r");
    if (file == NULL)
        return false;
    if (fgets(text, sizeof text, file) == NULL)
        text[0] = '\0';
    fclose(file);
    state = strrchr(text, ')');
    return state != NULL && strlen(state) > 2 && state[2] != 'Z';
}

static void the_whole_group_ends_at_the_limit(void **state)
{
    struct outcome outcome = {0};
    int64_t deadline;
    pid_t grandchild;

    (void)state;
    run(&outcome, (struct child_options){.timeout_s = 1},
        "(trap '' TERM; sleep 30) & echo $!; exec sleep 30");
    grandchild = (pid_t)atoi(bytes_str(&outcome.output));
    assert_true(grandchild > 1);
    deadline = loop_now(loop) + DEADLINE_MS;
    while (is_running(grandchild) && loop_now(loop) < deadline)
        turn_loop();
    assert_false(is_running(grandchild));
    bytes_free(&outcome.output);
}

/* glibc ignores its two internal signals (32 and 33) in the child. */
static void the_child_is_clean(void **state)
{
    struct outcome outcome = {0};
    int leaked = open("/dev/null", O_RDONLY); /* not close-on-exec */

    (void)state;
    signal(SIGUSR1, SIG_IGN);
    run(&outcome, (struct child_options){0},
        "grep -E '^Sig(Blk|Ign)' /proc/self/status | sed s/180000000$// | tr -d '0\\t\\n';"
        /* no pipeline here: the shell would hold its pipe for a moment */
        "for n in $(seq 0 63); do test -e /proc/$$/fd/$n && printf '%s ' $n; done;"
        "test \"$(cut -d' ' -f5 /proc/$$/stat)\" = $$ && echo own");
    signal(SIGUSR1, SIG_DFL);
    close(leaked);
    assert_string_equal(bytes_str(&outcome.output), "SigBlk:SigIgn:0 1 2 own\n");
    bytes_free(&outcome.output);
}

static void other_children_are_left_alone(void **state)
{
    struct outcome outcome = {0};
    pid_t other = fork();
    int status;

    (void)state;
    if (other == 0)
        _exit(5);
    run(&outcome, (struct child_options){0}, "sleep 0.1");
    assert_int_equal(waitpid(other, &status, 0), other);
    assert_int_equal(WEXITSTATUS(status), 5);
    bytes_free(&outcome.output);
}

static void a_cancelled_child_is_killed_and_silent(void **state)
{
    struct outcome outcome = {0}, second = {0};
    struct child *child = start(&outcome, (struct child_options){0}, "sleep 30");
    const char *argv[] = {"/nonexistent/program", NULL};
    struct child_options options = {.argv = (char *const *)argv};

    (void)state;
    child_cancel(child);
    child_cancel(child_start(loop, &options, ended, &outcome));
    run(&second, (struct child_options){0}, "true");
    assert_int_equal(outcome.calls, 0);
    bytes_free(&second.output);
    /* one that is not waited for before the loop ends */
    child_cancel(start(&outcome, (struct child_options){0}, "sleep 30"));
}

static void many_at_once(void **state)
{
    struct outcome outcomes[30] = {0};

    (void)state;
    for (int i = 0; i < 30; i++) {
        char script[32];

        snprintf(script, sizeof script, "echo %d; exit %d", i, i);
        start(&outcomes[i], (struct child_options){0}, script);
    }
    for (int i = 0; i < 30; i++) {
        char expected[32];

        await(&outcomes[i]);
        snprintf(expected, sizeof expected, "%d\n", i);
        assert_string_equal(bytes_str(&outcomes[i].output), expected);
        assert_int_equal(outcomes[i].result.exit_status, i);
        bytes_free(&outcomes[i].output);
    }
}

/* --- words ---------------------------------------------------------------------- */

/* The words, each in <>. */
static void assert_words(const char *command, const char *expected)
{
    struct bytes error = {0}, joined = {0};
    char **words;

    assert_true(child_split_words(command, &words, &error));
    assert_int_equal(error.len, 0);
    for (char **word = words; *word != NULL; word++)
        bytes_printf(&joined, "<%s>", *word);
    assert_string_equal(bytes_str(&joined), expected);
    child_free_words(words);
    bytes_free(&joined);
}

static void assert_no_words(const char *command)
{
    struct bytes error = {0};
    char *marker[] = {NULL}, **words = marker;

    assert_false(child_split_words(command, &words, &error));
    assert_ptr_equal(words, marker);
    assert_true(error.len > 0);
    bytes_free(&error);
}

static void cuts_words_like_a_shell(void **state)
{
    (void)state;
    assert_words("a", "<a>");
    assert_words("  /bin/x -a\tb\n c ", "</bin/x><-a><b><c>");
    assert_words("a 'b c' \"d e\"", "<a><b c><d e>");
    assert_words("a '' \"\"", "<a><><>");
    assert_words("a'b c'd\"e f\"g", "<ab cde fg>");
    assert_words("a\\ b \\\\ \\' \\\"", "<a b><\\><'><\">");
    assert_words("\"a\\\"b\\\\c\\d\"", "<a\"b\\c\\d>");
    assert_words("'a\\b\"c'", "<a\\b\"c>");
    assert_words("\"it's\"", "<it's>");
    assert_words("a\\", "<a\\>");
    assert_words("x $HOME * ; y", "<x><$HOME><*><;><y>");
    assert_no_words("");
    assert_no_words(" \t\n");
    assert_no_words("a 'b");
    assert_no_words("a \"b\\\"");
}

static void assert_shell(const char *command, long at)
{
    const char *found = child_find_shell_syntax(command);

    assert_int_equal(found != NULL ? found - command : -1, at);
}

static void finds_shell_syntax(void **state)
{
    (void)state;
    assert_shell("/bin/echo a b", -1);
    assert_shell("a | b", 2);
    assert_shell("a>b", 1);
    assert_shell("a &", 2);
    assert_shell("a; b", 1);
    assert_shell("a `b`", 2);
    assert_shell("a $b", 2);
    assert_shell("a (b)", 2);
    assert_shell("a *", 2);
    assert_shell("a ?", 2);
    assert_shell("a #b", 2);
    assert_shell("a ~/b", 2);
    assert_shell("a b#c d~", -1);
    assert_shell("a '|&;<>()$`*?#~'", -1);
    assert_shell("a \"|&;<>()*?#~\"", -1);
    assert_shell("a \"$b\"", 3);
    assert_shell("a \\| \\$ \\*", -1);
    assert_shell("a 'b' | c", 6);
    assert_shell("a %#group#key#", -1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(collects_output_and_status),
        TEST(tells_the_signal),
        TEST(a_missing_program_is_told_later),
        TEST(input_goes_in_whole),
        TEST(input_that_nobody_reads_does_no_harm),
        TEST(without_input_there_is_end_of_file),
        TEST(output_beyond_the_limit_is_dropped),
        TEST(all_of_the_last_output_is_there),
        TEST(a_grandchild_delays_nothing),
        TEST(time_is_limited),
        TEST(who_ignores_sigterm_is_killed),
        TEST(the_whole_group_ends_at_the_limit),
        TEST(the_child_is_clean),
        TEST(other_children_are_left_alone),
        TEST(a_cancelled_child_is_killed_and_silent),
        TEST(many_at_once),
        TEST(cuts_words_like_a_shell),
        TEST(finds_shell_syntax),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
