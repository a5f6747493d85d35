/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening a modem's port: see gwmodem_link.h.
 */
#include "gw/tools/gwmodem_link.h"

#include <stdarg.h>

#include "gw/sms/cause.h"

enum { ANSWER_MS = 5000, HELLO_MS = 500, HELLO_TRIES = 3, SPEED_MS = 300, SETTLE_MS = 60 };

static bool hello(struct link *link, int tries, int timeout_ms, bool *noise)
{
    for (int i = 0; i < tries; i++) {
        enum at_final final = at_command(link->dialogue, &link->answer, timeout_ms, "AT");

        if (final == AT_OK)
            return at_settle(link->dialogue, SETTLE_MS);
        if (final == AT_GONE)
            return false;
        *noise |= link->answer.lines.len > 0;
    }
    return false;
}

static bool search_speed(struct link *link, bool *noise)
{
    static const int speeds[] = {115200, 9600, 19200, 38400, 57600, 230400, 460800, 921600};
    int first = link->speed;

    for (size_t i = 0; i < sizeof speeds / sizeof speeds[0]; i++) {
        if (speeds[i] == first)
            continue;
        if (!at_port_set_speed(link->port, speeds[i]))
            return false;
        link->speed = speeds[i];
        at_settle(link->dialogue, SETTLE_MS);
        if (hello(link, HELLO_TRIES, SPEED_MS, noise))
            return true;
    }
    return false;
}

enum link_state link_open(struct link *link, const char *path, int speed, bool search,
                          struct bytes *reason)
{
    struct at_port_target target = {.device = path, .speed = speed};
    bool noise = false;

    link->port = at_port_open(&target, reason);
    if (link->port == NULL)
        return LINK_REFUSED;
    link->dialogue = at_dialogue_create(link->port, "gwmodem", NULL);
    link->speed = speed;
    /* A program that was killed may have left it at a prompt. */
    at_raw(link->dialogue, &link->answer, 100, "\x1b\r");
    if (hello(link, HELLO_TRIES, HELLO_MS, &noise) || (search && search_speed(link, &noise)))
        return LINK_TALKS;
    link_close(link);
    return noise ? LINK_NOISE : LINK_SILENT;
}

void link_close(struct link *link)
{
    at_dialogue_free(link->dialogue);
    at_answer_free(&link->answer);
    *link = (struct link){0};
}

bool link_ask(struct link *link, const char *format, ...)
{
    struct bytes line = {0};
    enum at_final final;
    va_list args;

    va_start(args, format);
    bytes_vprintf(&line, format, args);
    va_end(args);
    final = at_command(link->dialogue, &link->answer, ANSWER_MS, "%s", bytes_str(&line));
    bytes_free(&line);
    return final == AT_OK;
}

int link_error(const struct link *link)
{
    const struct cause *cause;
    int code;

    if (link->answer.final == AT_ERROR &&
        cause_parse(bytes_slice(&link->answer.error), &cause, &code))
        return code;
    return -1;
}
