/* SPDX-License-Identifier: Apache-2.0 */
/* Which port a name means, on made-up trees in the layout of Linux. */
#include <ftw.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "gw/smsc/at/device.h"

static char root[64];
static struct at_devices found;
static const struct at_device_identity nobody;

/* --- the tree ------------------------------------------------------------------ */

static const char *at(const char *format, ...) __attribute__((format(printf, 1, 2)));
static const char *at(const char *format, ...)
{
    static char paths[4][400];
    static int turn;
    char *path = paths[turn++ % 4];
    int len = snprintf(path, sizeof paths[0], "%s/", root);
    va_list args;

    va_start(args, format);
    vsnprintf(path + len, sizeof paths[0] - (size_t)len, format, args);
    va_end(args);
    return path;
}

static void make_folder(const char *path)
{
    char part[400];

    for (size_t i = 1; i <= strlen(path); i++)
        if (path[i] == '/' || path[i] == '\0') {
            snprintf(part, sizeof part, "%.*s", (int)i, path);
            mkdir(part, 0755);
        }
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    fprintf(file, "%s\n", text);
    fclose(file);
}

static void make_device(const char *name, const char *vendor, const char *product,
                        const char *serial)
{
    make_folder(at("sys/devices/usb1/%s", name));
    write_file(at("sys/devices/usb1/%s/idVendor", name), vendor);
    write_file(at("sys/devices/usb1/%s/idProduct", name), product);
    if (serial != NULL)
        write_file(at("sys/devices/usb1/%s/serial", name), serial);
    assert_int_equal(symlink(at("sys/devices/usb1/%s", name), at("sys/bus/usb/devices/%s", name)),
                     0);
}

static void make_interface(const char *name, int number, const char *kind, const char *tty)
{
    char text[16];

    snprintf(text, sizeof text, "%02x", (unsigned)number);
    make_folder(at("sys/devices/usb1/%s/%s:1.%d", name, name, number));
    write_file(at("sys/devices/usb1/%s/%s:1.%d/bInterfaceNumber", name, name, number), text);
    write_file(at("sys/devices/usb1/%s/%s:1.%d/bInterfaceClass", name, name, number), kind);
    if (tty == NULL)
        return;
    make_folder(at("sys/devices/usb1/%s/%s:1.%d/%s/tty/%s", name, name, number, tty, tty));
    assert_int_equal(
        symlink(at("sys/devices/usb1/%s/%s:1.%d/%s/tty/%s", name, name, number, tty, tty),
                at("sys/class/tty/%s", tty)),
        0);
    write_file(at("dev/%s", tty), "");
}

static int remove_one(const char *path, const struct stat *about, int type, struct FTW *where)
{
    (void)about;
    (void)type;
    (void)where;
    return remove(path);
}

static void remove_tree(const char *path)
{
    nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void unplug(const char *name, const char *tty)
{
    remove_tree(at("sys/devices/usb1/%s", name));
    unlink(at("sys/bus/usb/devices/%s", name));
    unlink(at("sys/class/tty/%s", tty));
    unlink(at("dev/%s", tty));
}

static int setup(void **state)
{
    (void)state;
    strcpy(root, "/tmp/kantele-device-XXXXXX");
    assert_non_null(mkdtemp(root));
    make_folder(at("sys/bus/usb/devices"));
    make_folder(at("sys/class/tty"));
    make_folder(at("dev/serial/by-id"));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    remove_tree(root);
    return 0;
}

static void find(const char *name)
{
    at_device_find(root, name, &nobody, false, &found);
}

static void assert_found(const char *names)
{
    char list[400] = "";

    for (size_t i = 0; i < found.count; i++) {
        strcat(list, i > 0 ? " " : "");
        strcat(list, found.items[i].shown);
    }
    assert_string_equal(list, names);
}

/* --- names ----------------------------------------------------------------------- */

static void make_modems(void)
{
    make_device("1-1", "1e0e", "9000", "A1");
    make_interface("1-1", 0, "ff", "ttyUSB0");
    make_interface("1-1", 1, "ff", "ttyUSB1");
    make_interface("1-1", 2, "ff", "ttyUSB2");
    make_device("1-2", "12d1", "1001", NULL);
    make_interface("1-2", 0, "ff", "ttyUSB3");
    make_interface("1-2", 1, "ff", "ttyUSB4");
    make_device("1-3", "0403", "6001", "B:1");
    make_interface("1-3", 0, "ff", "ttyUSB5");
}

static void by_path(void **state)
{
    (void)state;
    make_modems();
    find("/dev/ttyUSB1");
    assert_found("/dev/ttyUSB1");
    assert_string_equal(found.items[0].path, at("dev/ttyUSB1"));
    assert_string_equal(found.items[0].lock, "ttyUSB1");
    assert_int_equal(found.items[0].identity.interface, 1);
    assert_string_equal(found.items[0].identity.serial, "A1");
    assert_false(found.items[0].has_speed); /* a modem's own port */
    find("/dev/ttyUSB5");
    assert_true(found.items[0].has_speed); /* an adapter */
    find("/dev/ttyUSB9");
    assert_found("");
}

static void by_id(void **state)
{
    (void)state;
    make_modems();
    assert_int_equal(symlink("../../ttyUSB2", at("dev/serial/by-id/usb-X-if02")), 0);
    find("/dev/serial/by-id/usb-X-if02");
    assert_found("/dev/ttyUSB2");
}

static void by_usb_id(void **state)
{
    (void)state;
    make_modems();
    find("usb:1e0e:9000");
    assert_found("/dev/ttyUSB0 /dev/ttyUSB1 /dev/ttyUSB2");
    find("usb:1E0E:9000:2");
    assert_found("/dev/ttyUSB2");
    find("usb:1e0e:9000:A1:1");
    assert_found("/dev/ttyUSB1");
    find("usb:1e0e:9000:A2");
    assert_found("");
    find("usb:0403:6001:B:1");
    assert_found("/dev/ttyUSB5");
    find("usb:0403:6001:B:1:0");
    assert_found("/dev/ttyUSB5");
    find("usb:12d1:1001"); /* Huawei: the last one takes the commands */
    assert_found("/dev/ttyUSB4 /dev/ttyUSB3");
    find("usb:12d1:1002");
    assert_found("");
}

static void a_node_that_is_not_there_yet(void **state)
{
    (void)state;
    make_modems();
    unlink(at("dev/ttyUSB1"));
    find("usb:1e0e:9000");
    assert_found("/dev/ttyUSB0 /dev/ttyUSB2");
}

static void a_path_outside_of_the_tree(void **state)
{
    (void)state;
    write_file(at("dev/modem"), "");
    find("/dev/modem");
    assert_found("/dev/modem");
    assert_false(found.items[0].identity.known);
    assert_string_equal(found.items[0].lock, "modem");
}

/* --- plugged in again ---------------------------------------------------------------- */

static void back_under_another_number(void **state)
{
    struct at_device_identity seen;

    (void)state;
    make_modems();
    find("/dev/ttyUSB5");
    seen = found.items[0].identity;
    unplug("1-3", "ttyUSB5");
    at_device_find(root, "/dev/ttyUSB5", &seen, false, &found);
    assert_found("");
    make_device("1-4", "0403", "6001", "C2"); /* another one comes */
    make_interface("1-4", 0, "ff", "ttyUSB5");
    at_device_find(root, "/dev/ttyUSB5", &seen, false, &found);
    assert_found("/dev/ttyUSB5");
    assert_false(at_device_is_same(&seen, &found.items[0].identity));
    make_device("1-5", "0403", "6001", "B:1"); /* ours, in another hole */
    make_interface("1-5", 0, "ff", "ttyUSB6");
    at_device_find(root, "/dev/ttyUSB5", &seen, false, &found);
    assert_found("/dev/ttyUSB6 /dev/ttyUSB5");
    assert_true(at_device_is_same(&seen, &found.items[0].identity));
}

static void without_a_serial_number_the_place_counts(void **state)
{
    struct at_device_identity seen;

    (void)state;
    make_modems();
    find("/dev/ttyUSB3");
    seen = found.items[0].identity;
    unplug("1-2", "ttyUSB3");
    unplug("1-2", "ttyUSB4");
    make_device("1-2", "12d1", "1001", NULL);
    make_interface("1-2", 0, "ff", "ttyUSB7");
    make_device("1-6", "12d1", "1001", NULL);
    make_interface("1-6", 0, "ff", "ttyUSB8");
    at_device_find(root, "/dev/ttyUSB3", &seen, false, &found);
    assert_found("/dev/ttyUSB7");
}

static void everywhere(void **state)
{
    (void)state;
    make_modems();
    at_device_find(root, "/dev/ttyUSB3", &nobody, true, &found);
    /* modems, but not the adapter, which may lead to anything */
    assert_found("/dev/ttyUSB3 /dev/ttyUSB0 /dev/ttyUSB1 /dev/ttyUSB2 /dev/ttyUSB4");
}

/* --- storage faces --------------------------------------------------------------------- */

static bool find_storage(const char *name, const struct at_device_identity *seen, const char *text)
{
    struct bytes remedy = {0};
    char id[10] = "";
    bool is_there = at_device_find_storage(root, name, seen, id, &remedy);

    if (is_there)
        assert_string_equal(bytes_str(&remedy), text);
    bytes_free(&remedy);
    return is_there;
}

static void a_storage_face(void **state)
{
    static const char text[] = "1e0e:f000 shows its storage face and no modem: run "
                               "\"usb_modeswitch -v 1e0e -p f000 -K\"";
    struct at_device_identity seen = {
        .known = true, .vendor = 0x1e0e, .product = 0x9000, .usb_name = "1-9"};

    (void)state;
    assert_false(find_storage("/dev/ttyUSB0", &nobody, NULL));
    make_device("1-1", "1e0e", "f000", NULL);
    make_interface("1-1", 0, "08", NULL);
    assert_true(find_storage("/dev/ttyUSB0", &nobody, text));
    assert_true(find_storage("usb:1e0e:9000", &nobody, text));
    assert_false(find_storage("usb:12d1:1001", &nobody, NULL));
    assert_true(find_storage("/dev/ttyUSB0", &seen, text)); /* by what it becomes */
    seen.product = 0x1234;
    assert_false(find_storage("/dev/ttyUSB0", &seen, NULL));
    strcpy(seen.usb_name, "1-1"); /* by its place */
    assert_true(find_storage("/dev/ttyUSB0", &seen, text));
}

static void a_modem_is_no_storage_face(void **state)
{
    (void)state;
    make_modems();
    assert_false(find_storage("/dev/ttyUSB9", &nobody, NULL));
}

/* --- who has it, and resets ---------------------------------------------------------------- */

static void who_has_it(void **state)
{
    struct bytes holder = {0};

    (void)state;
    make_modems();
    find("/dev/ttyUSB1");
    assert_false(at_device_find_holder(root, &found.items[0], 0, &holder));
    make_folder(at("proc/812/fd"));
    write_file(at("proc/812/comm"), "ModemManager");
    assert_int_equal(symlink("/dev/ttyUSB1", at("proc/812/fd/7")), 0);
    assert_true(at_device_find_holder(root, &found.items[0], 0, &holder));
    assert_string_equal(bytes_str(&holder), "ModemManager (process 812)");
    bytes_clear(&holder);
    assert_true(at_device_find_holder(root, &found.items[0], 812, &holder)); /* by a lock file */
    assert_string_equal(bytes_str(&holder), "ModemManager (process 812)");
    bytes_clear(&holder);
    assert_true(at_device_find_holder(root, &found.items[0], 999, &holder));
    assert_string_equal(bytes_str(&holder), "process 999");
    bytes_free(&holder);
}

static char heard[16];

static void *listen_to_pipe(void *path)
{
    size_t len = 0;

    while (len < 4) { /* each opening is a writer that comes and goes */
        FILE *file = fopen(path, "r");
        size_t got = file != NULL ? fread(heard + len, 1, sizeof heard - 1 - len, file) : 0;

        if (file != NULL)
            fclose(file);
        len += got;
    }
    return NULL;
}

static void a_usb_device_is_reset(void **state)
{
    struct bytes error = {0};
    char path[400];
    pthread_t thread;

    (void)state;
    make_modems();
    find("/dev/ttyUSB1");
    snprintf(path, sizeof path, "%s", at("sys/devices/usb1/1-1/authorized"));
    assert_int_equal(mkfifo(path, 0600), 0);
    memset(heard, 0, sizeof heard);
    assert_int_equal(pthread_create(&thread, NULL, listen_to_pipe, path), 0);
    assert_true(at_device_reset_usb(root, &found.items[0].identity, &error));
    pthread_join(thread, NULL);
    assert_string_equal(heard, "0\n1\n");
    unlink(path);
    assert_false(at_device_reset_usb(root, &found.items[0].identity, &error));
    assert_non_null(strstr(bytes_str(&error), "authorized: No such file or directory"));
    bytes_free(&error);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(by_path),
        CASE(by_id),
        CASE(by_usb_id),
        CASE(a_node_that_is_not_there_yet),
        CASE(a_path_outside_of_the_tree),
        CASE(back_under_another_number),
        CASE(without_a_serial_number_the_place_counts),
        CASE(everywhere),
        CASE(a_storage_face),
        CASE(a_modem_is_no_storage_face),
        CASE(who_has_it),
        CASE(a_usb_device_is_reset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
