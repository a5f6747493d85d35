/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What modems and networks say about themselves: the answers of about_answers, the
 * texts of USSD, and the amounts in them. What comes out is bounded and UTF-8
 * where it says so.
 */
#include <stdint.h>

#include "gw/smsc/at/about_answers.h"
#include "gw/smsc/at/ussd_text.h"
#include "gw/smsc/balance.h"
#include "gw/smsc/limits.h"
#include "gw/smsc/quiet_hours.h"
#include "gwlib/charset.h"
#include "gwlib/log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef bool reader(struct slice lines, struct bytes *value);

static void read_facts(struct slice input)
{
    static reader *const readers[] = {at_about_text,  at_about_imei,   at_about_imsi,
                                      at_about_iccid, at_about_number, at_about_service_centre};
    struct at_signal signal;
    struct bytes value = {0};
    bool numeric;

    for (size_t i = 0; i < sizeof readers / sizeof readers[0]; i++) {
        bool found = readers[i](input, &value);

        LOG_ASSERT(found == (value.len > 0));
        LOG_ASSERT(value.len <= 256);
        bytes_clear(&value);
    }
    if (at_about_operator(input, &value, &numeric))
        LOG_ASSERT(value.len > 0);
    if (at_about_signal(input, &signal))
        LOG_ASSERT(signal.dbm < 0 && signal.dbm >= -150);
    for (unsigned n = 0; n < 8; n++)
        at_about_field(input, n);
    bytes_free(&value);
}

static void read_ussd(struct slice input)
{
    enum at_ussd_end end;
    struct bytes text = {0};
    double amount;

    if (at_ussd_read(input, &end, &text) && charset_is_utf8(input))
        LOG_ASSERT(charset_is_utf8(bytes_slice(&text)));
    balance_parse_amount(bytes_slice(&text), &amount);
    bytes_clear(&text);
    if (input.len > 0)
        at_ussd_append_text(&text, slice_sub(input, 1, input.len), input.data[0]);
    bytes_clear(&text);
    for (int form = AT_USSD_PLAIN; at_ussd_is_sendable(input) && form <= AT_USSD_UCS2; form++) {
        at_ussd_append_code(&text, input, (enum at_ussd_form)form);
        for (size_t i = 0; i < text.len; i++)
            LOG_ASSERT(text.data[i] >= 0x20 && text.data[i] != '"');
        bytes_clear(&text);
    }
    bytes_free(&text);
}

static void read_settings(struct slice input)
{
    struct quiet_hours quiet = {.count = 0};
    struct limits limits = {.most = {1, 1, 1}};
    struct bytes error = {0};
    int64_t every_s;
    double amount;
    int minute;

    quiet_hours_parse(&quiet, input, &error);
    LOG_ASSERT(quiet_hours_lasts(&quiet, 0) <= MINUTES_A_DAY);
    balance_parse_every(input, &every_s, &minute);
    balance_parse_amount(input, &amount);
    limits_read(&limits, input);
    limits_turn(&limits, 1800000000);
    LOG_ASSERT(limits_left(&limits) >= 0);
    bytes_free(&error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice input = slice_of(data, size);

    log_set_stderr_level(LOG_LEVEL_PANIC);
    read_facts(input);
    read_ussd(input);
    read_settings(input);
    return 0;
}
