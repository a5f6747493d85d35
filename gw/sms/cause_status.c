/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cause_status - what became of a message: TP-ST of a STATUS-REPORT (3GPP TS
 * 23.040 section 9.2.3.15) and TP-FCS of the two other reports (9.2.3.22). See
 * cause.h.
 *
 * Reserved values count as "service rejected", as the standard wants.
 */
#include <stddef.h>

#include "gw/sms/cause.h"

struct st_range {
    uint8_t last; /* the range begins behind the one before */
    enum cause_result result;
    bool final;
    const char *text;
};

/* clang-format off */
static const struct st_range ranges[] = {
    {0x00, CAUSE_DELIVERED, true, "received by the recipient"},
    {0x01, CAUSE_DELIVERED, true, "forwarded, delivery not confirmed"},
    {0x02, CAUSE_REPLACED, true, "replaced by the service centre"},
    {0x0F, CAUSE_FAILED, true, "reserved status: service rejected"},
    {0x1F, CAUSE_DELIVERED, true, "delivered (specific to the service centre)"},
    {0x20, CAUSE_BUFFERED, false, "congestion, still trying"},
    {0x21, CAUSE_BUFFERED, false, "recipient busy, still trying"},
    {0x22, CAUSE_BUFFERED, false, "no response from the recipient, still trying"},
    {0x23, CAUSE_BUFFERED, false, "service rejected, still trying"},
    {0x24, CAUSE_BUFFERED, false, "quality of service not available, still trying"},
    {0x25, CAUSE_BUFFERED, false, "error in the recipient, still trying"},
    {0x2F, CAUSE_FAILED, true, "reserved status: service rejected"},
    {0x3F, CAUSE_BUFFERED, false, "still trying (specific to the service centre)"},
    {0x40, CAUSE_FAILED, true, "remote procedure error"},
    {0x41, CAUSE_FAILED, true, "incompatible destination"},
    {0x42, CAUSE_FAILED, true, "connection rejected by the recipient"},
    {0x43, CAUSE_FAILED, true, "not obtainable"},
    {0x44, CAUSE_FAILED, true, "quality of service not available"},
    {0x45, CAUSE_FAILED, true, "no interworking available"},
    {0x46, CAUSE_EXPIRED, true, "validity period expired"},
    {0x47, CAUSE_DELETED, true, "deleted by the sender"},
    {0x48, CAUSE_DELETED, true, "deleted by the service centre"},
    {0x49, CAUSE_FAILED, true, "message does not exist"},
    {0x4F, CAUSE_FAILED, true, "reserved status: service rejected"},
    {0x5F, CAUSE_FAILED, true, "failed for good (specific to the service centre)"},
    {0x60, CAUSE_FAILED, true, "congestion, given up"},
    {0x61, CAUSE_FAILED, true, "recipient busy, given up"},
    {0x62, CAUSE_FAILED, true, "no response from the recipient, given up"},
    {0x63, CAUSE_FAILED, true, "service rejected, given up"},
    {0x64, CAUSE_FAILED, true, "quality of service not available, given up"},
    {0x65, CAUSE_FAILED, true, "error in the recipient, given up"},
    {0x6F, CAUSE_FAILED, true, "reserved status: service rejected"},
    {0x7F, CAUSE_FAILED, true, "given up (specific to the service centre)"},
    {0xFF, CAUSE_FAILED, true, "reserved status: service rejected"},
};
/* clang-format on */

struct cause_status cause_status(uint8_t st)
{
    size_t i = 0;
    while (ranges[i].last < st)
        i++;
    return (struct cause_status){ranges[i].result, ranges[i].final, ranges[i].text};
}

const char *cause_result_name(enum cause_result result)
{
    static const char *const names[] = {"delivered", "replaced", "buffered",
                                        "failed",    "expired",  "deleted"};
    return (size_t)result < sizeof(names) / sizeof(names[0]) ? names[result] : "unknown";
}

int cause_dlr_event(enum cause_result result)
{
    switch (result) {
    case CAUSE_DELIVERED:
    case CAUSE_REPLACED:
        return 1;
    case CAUSE_BUFFERED:
        return 4;
    case CAUSE_FAILED:
    case CAUSE_EXPIRED:
    case CAUSE_DELETED:
        break;
    }
    return 2;
}

const char *cause_dlr_name(enum cause_result result)
{
    switch (cause_dlr_event(result)) {
    case 1:
        return "delivered";
    case 4:
        return "buffered";
    default:
        return "failed";
    }
}

const char *cause_fcs_text(uint8_t fcs)
{
    if (fcs < 0x80)
        return "reserved";
    if (fcs >= 0xE0 && fcs <= 0xFE)
        return "application specific error";
    const struct cause *cause = cause_find(CAUSE_CMS, fcs);
    return cause->code == fcs ? cause->text : "reserved";
}
