/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Resetting a USB device: see device.h. Documentation/usb/authorization.rst of
 * Linux: a device that is not authorized has no interfaces; authorizing it again
 * probes its drivers anew, as plugging in does.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/usbdevice_fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "gw/smsc/at/device.h"

#define UNAUTHORIZED_US 1000000

static bool write_text(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool written = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
    int error = errno;

    if (fd >= 0)
        close(fd);
    errno = error;
    return written;
}

static long read_number(const char *root, const char *usb_name, const char *attribute)
{
    struct bytes path = {0};
    char text[32] = "";
    long number = -1;
    FILE *file;

    bytes_printf(&path, "%s/sys/bus/usb/devices/%s/%s", root, usb_name, attribute);
    file = fopen(bytes_str(&path), "re");
    bytes_free(&path);
    if (file == NULL)
        return -1;
    if (fgets(text, sizeof text, file) != NULL)
        slice_to_number(slice_trim(slice_str(text)), 0, 100000, &number);
    fclose(file);
    return number;
}

/* For who may write the device's node but not sysfs. */
static bool reset_by_node(const char *root, const char *usb_name)
{
    long bus = read_number(root, usb_name, "busnum"),
         number = read_number(root, usb_name, "devnum");
    struct bytes path = {0};
    bool done = false;
    int fd;

    if (bus < 0 || number < 0)
        return false;
    bytes_printf(&path, "%s/dev/bus/usb/%03ld/%03ld", root, bus, number);
    fd = open(bytes_str(&path), O_WRONLY | O_CLOEXEC);
    bytes_free(&path);
    if (fd < 0)
        return false;
    done = ioctl(fd, USBDEVFS_RESET, 0) == 0;
    close(fd);
    return done;
}

bool at_device_reset_usb(const char *root, const struct at_device_identity *identity,
                         struct bytes *error)
{
    struct bytes path = {0};
    bool done;

    bytes_printf(&path, "%s/sys/bus/usb/devices/%s/authorized", root, identity->usb_name);
    done = write_text(bytes_str(&path), "0\n");
    if (done) {
        usleep(UNAUTHORIZED_US);
        done = write_text(bytes_str(&path), "1\n");
    }
    if (!done) {
        int code = errno;

        done = reset_by_node(root, identity->usb_name);
        if (!done)
            bytes_printf(error, "%s: %s", bytes_str(&path), strerror(code));
    }
    bytes_free(&path);
    return done;
}
