/* SPDX-License-Identifier: Apache-2.0 */
/* Lock files in UUCP form, and the lock of an open descriptor. */
#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "gw/smsc/at/port_lock.h"

static char folder[64], path[100];

static int setup(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/kantele-lock-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/LCK..ttyX0", folder);
    return 0;
}

/* Nothing else is left behind in the folder. */
static int teardown(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(folder);
}

static void write_lock(const char *text)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static long read_lock(void)
{
    char text[32] = "";
    FILE *file = fopen(path, "r");

    if (file == NULL)
        return -1;
    assert_int_equal(fread(text, 1, sizeof text, file), 11); /* ten characters and LF */
    fclose(file);
    return strtol(text, NULL, 10);
}

static long process_that_ended(void)
{
    pid_t pid = fork();

    if (pid == 0)
        _exit(0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    return (long)pid;
}

static void taken_and_released(void **state)
{
    struct at_port_lock lock = {0}, second = {0};
    long pid = 0;

    (void)state;
    assert_true(at_port_lock_take(&lock, folder, "ttyX0", &pid));
    assert_int_equal(read_lock(), getpid());
    assert_false(at_port_lock_take(&second, folder, "ttyX0", &pid));
    assert_int_equal(pid, getpid());
    at_port_lock_release(&second); /* has none */
    assert_int_equal(read_lock(), getpid());
    at_port_lock_release(&lock);
    assert_int_equal(read_lock(), -1);
}

static void of_a_living_process(void **state)
{
    struct at_port_lock lock = {0};
    char text[32];
    long pid = 0;

    (void)state;
    snprintf(text, sizeof text, "%10ld\n", (long)getppid());
    write_lock(text);
    assert_false(at_port_lock_take(&lock, folder, "ttyX0", &pid));
    assert_int_equal(pid, getppid());
    assert_int_equal(read_lock(), getppid());
}

static void left_behind(void **state)
{
    static const char *const odd[] = {"", "no number\n", "-4\n", "99999999999999999999999999\n"};
    struct at_port_lock lock = {0};
    char text[32];
    long pid = 0;

    (void)state;
    snprintf(text, sizeof text, "%10ld\n", process_that_ended());
    write_lock(text);
    assert_true(at_port_lock_take(&lock, folder, "ttyX0", &pid));
    assert_int_equal(read_lock(), getpid());
    at_port_lock_release(&lock);
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        write_lock(odd[i]);
        assert_true(at_port_lock_take(&lock, folder, "ttyX0", &pid));
        assert_int_equal(read_lock(), getpid());
        at_port_lock_release(&lock);
    }
}

static void anothers_is_not_released(void **state)
{
    struct at_port_lock lock = {0};
    char text[32];
    long pid = 0;

    (void)state;
    assert_true(at_port_lock_take(&lock, folder, "ttyX0", &pid));
    snprintf(text, sizeof text, "%10ld\n", (long)getppid());
    write_lock(text);
    at_port_lock_release(&lock);
    assert_int_equal(read_lock(), getppid());
}

static void no_folder_is_no_failure(void **state)
{
    struct at_port_lock lock = {0};
    long pid = 0;

    (void)state;
    assert_true(at_port_lock_take(&lock, "/nonexistent", "ttyX0", &pid));
    assert_null(lock.path);
    at_port_lock_release(&lock);
}

static void a_descriptor(void **state)
{
    int first, second;

    (void)state;
    write_lock("");
    first = open(path, O_RDWR | O_CLOEXEC);
    second = open(path, O_RDWR | O_CLOEXEC);
    assert_true(at_port_lock_descriptor(first));
    assert_false(at_port_lock_descriptor(second));
    close(first);
    assert_true(at_port_lock_descriptor(second));
    close(second);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(taken_and_released),       CASE(of_a_living_process),     CASE(left_behind),
        CASE(anothers_is_not_released), CASE(no_folder_is_no_failure), CASE(a_descriptor),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
