/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pid - see pid.h.
 */
#include "gw/sms/pid.h"

#include <stddef.h>

static enum pid_kind kind_of_01(uint8_t pid)
{
    switch (pid) {
    case 0x40:
        return PID_TYPE_0;
    case 0x5F:
        return PID_RETURN_CALL;
    case 0x7C:
    case 0x7D:
    case 0x7F:
        return PID_DATA_DOWNLOAD;
    case 0x7E:
        return PID_DEPERSONALISE;
    default:
        return pid >= 0x41 && pid <= 0x47 ? PID_REPLACE : PID_OTHER;
    }
}

enum pid_kind pid_kind(uint8_t pid)
{
    switch (pid >> 6) {
    case 0:
        return pid & 0x20 ? PID_TELEMATIC : PID_DEFAULT;
    case 1:
        return kind_of_01(pid);
    case 2:
        return PID_RESERVED;
    default:
        return PID_CENTRE_SPECIFIC;
    }
}

const char *pid_kind_name(enum pid_kind kind)
{
    static const char *const names[] = {
        "default",       "telematic",     "type 0",     "replace",  "return call",
        "data download", "depersonalise", "unassigned", "reserved", "service centre specific"};
    return (size_t)kind < sizeof(names) / sizeof(names[0]) ? names[kind] : "unknown";
}

const char *pid_telematic_name(uint8_t pid)
{
    static const char *const names[32] = {
        [0x00] = "implicit",
        [0x01] = "telex",
        [0x02] = "group 3 telefax",
        [0x03] = "group 4 telefax",
        [0x04] = "voice telephone",
        [0x05] = "ERMES",
        [0x06] = "national paging system",
        [0x07] = "videotex",
        [0x08] = "teletex, carrier unspecified",
        [0x09] = "teletex in PSPDN",
        [0x0A] = "teletex in CSPDN",
        [0x0B] = "teletex in analog PSTN",
        [0x0C] = "teletex in digital ISDN",
        [0x0D] = "UCI",
        [0x10] = "message handling facility",
        [0x11] = "X.400 based message handling system",
        [0x12] = "internet electronic mail",
        [0x1F] = "GSM/UMTS mobile station",
    };
    if (pid_kind(pid) != PID_TELEMATIC)
        return "none";
    if (names[pid & 0x1F] != NULL)
        return names[pid & 0x1F];
    return (pid & 0x1F) >= 0x18 ? "specific to the service centre" : "reserved";
}
