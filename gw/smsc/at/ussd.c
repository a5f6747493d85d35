/* SPDX-License-Identifier: Apache-2.0 */
/*
 * USSD: see ussd.h.
 */
#include "gw/smsc/at/ussd.h"

#include "gw/smsc/at/modem_internal.h"
#include "gwlib/clock.h"

#define ANSWER_MS    30000
#define ISOLATED_MS  200
#define CANCEL_MS    10000
#define DCS_DEFAULT  15
#define DCS_UCS2_CBS 72

void at_ussd_free(struct at_ussd *ussd)
{
    bytes_free(&ussd->value);
}

void at_modem_take_ussd(struct at_modem *modem, struct slice value)
{
    struct bytes text = {0};
    enum at_ussd_end end = AT_USSD_DONE;

    if (modem->ussd.waits) {
        bytes_clear(&modem->ussd.value);
        bytes_append_slice(&modem->ussd.value, value);
        modem->ussd.has = true;
        return;
    }
    if (at_ussd_read(value, &end, &text) && text.len > 0)
        log_to(modem->log, LOG_LEVEL_INFO, "%s: the network says: %s", modem->name,
               bytes_str(&text));
    bytes_free(&text);
}

/* --- one question ------------------------------------------------------------------------- */

static void take_from_queue(struct at_modem *modem)
{
    struct at_event *event = at_next_event_of(modem->dialogue, AT_EVENT_USSD);

    if (event == NULL)
        return;
    at_modem_take_ussd(modem, bytes_slice(&event->pdu));
    at_event_free(event);
}

/* Until the answer is here, the time is up, or the modem is in trouble. */
static bool await_answer(struct at_modem *modem, bool receives)
{
    int64_t end = clock_monotonic_ms() + ANSWER_MS, left;

    take_from_queue(modem);
    while (!modem->ussd.has && (left = end - clock_monotonic_ms()) > 0 &&
           !modem->host->stopped(modem->host->arg)) {
        if (receives ? at_modem_receive(modem) != AT_GOOD
                     : !at_settle(modem->dialogue, ISOLATED_MS))
            return false;
        take_from_queue(modem);
        if (receives && !modem->ussd.has &&
            !at_modem_wait(modem, -1, left < 1000 ? (int)left : 1000))
            return false;
        take_from_queue(modem);
    }
    return modem->ussd.has;
}

static enum at_final ask(struct at_modem *modem, struct slice code, enum at_ussd_form form)
{
    struct bytes encoded = {0};
    enum at_final final;

    at_ussd_append_code(&encoded, code, form);
    modem->ussd.has = false;
    modem->ussd.waits = true;
    final = at_modem_command(modem, ANSWER_MS, "AT+CUSD=1,\"%s\",%d", bytes_str(&encoded),
                             form == AT_USSD_UCS2 ? DCS_UCS2_CBS : DCS_DEFAULT);
    bytes_free(&encoded);
    return final;
}

static void cancel(struct at_modem *modem)
{
    modem->ussd.open = false;
    at_modem_command(modem, CANCEL_MS, "AT+CUSD=2");
    take_from_queue(modem); /* some tell the end */
}

/* --- which form ------------------------------------------------------------------------------ */

/* Huawei wants septets, a modem that was set to UCS2 wants that. */
static void guess_form(struct at_modem *modem)
{
    struct slice charset;

    if (modem->ussd.form_known)
        return;
    modem->ussd.form = AT_USSD_PLAIN;
    if (at_modem_command(modem, AT_PLAIN_MS, "AT+CGMI") == AT_OK &&
        strcasestr(bytes_str(&modem->answer.lines), "huawei") != NULL)
        modem->ussd.form = AT_USSD_PACKED;
    if (at_modem_command(modem, AT_PLAIN_MS, "AT+CSCS?") != AT_OK)
        return;
    charset = at_answer_value(&modem->answer, "+CSCS:");
    if (slice_equal_str(charset, "\"UCS2\"") || slice_equal_str(charset, "UCS2"))
        modem->ussd.form = AT_USSD_UCS2;
}

/* What the network said, in words; AT_USSD_UNKNOWN without words may only mean
 * that the form was wrong. */
static enum smsc_ussd_result judge(struct at_modem *modem, struct bytes *text, bool *wrong_form)
{
    static const char *const troubles[] = {[AT_USSD_ENDED] = "the network ended the dialogue",
                                           [AT_USSD_OTHER] = "another program answered",
                                           [AT_USSD_UNKNOWN] = "the network does not know this",
                                           [AT_USSD_TIMEOUT] =
                                               "the network did not answer in time"};
    enum at_ussd_end end;

    bytes_clear(text);
    if (!at_ussd_read(bytes_slice(&modem->ussd.value), &end, text)) {
        bytes_append_str(text, "the modem's answer cannot be read");
        return SMSC_USSD_FAILED;
    }
    modem->ussd.open = end == AT_USSD_MORE;
    *wrong_form = end == AT_USSD_UNKNOWN && text->len == 0;
    if (end == AT_USSD_MORE)
        return SMSC_USSD_MORE;
    if (end == AT_USSD_DONE || (end == AT_USSD_ENDED && text->len > 0))
        return SMSC_USSD_DONE;
    if (text->len == 0)
        bytes_append_str(text, troubles[end]);
    return SMSC_USSD_FAILED;
}

static enum smsc_ussd_result fail(struct at_modem *modem, struct bytes *text)
{
    bytes_clear(text);
    switch (modem->answer.final) {
    case AT_ERROR:
        bytes_printf(text, "the modem refused it: %s", bytes_str(&modem->answer.error));
        break;
    case AT_OK:
    case AT_TIMEOUT:
        bytes_append_str(text, "the network did not answer in time");
        cancel(modem);
        break;
    default:
        bytes_append_str(text, "the modem does not answer");
        break;
    }
    return SMSC_USSD_FAILED;
}

static enum smsc_ussd_result try_form(struct at_modem *modem, struct slice code,
                                      enum at_ussd_form form, bool receives, struct bytes *text,
                                      bool *wrong_form)
{
    enum smsc_ussd_result result;
    enum at_final final = ask(modem, code, form);

    *wrong_form = false;
    take_from_queue(modem);
    if (final != AT_OK && !modem->ussd.has) {
        *wrong_form = modem->answer.final == AT_ERROR;
        result = fail(modem, text);
    } else if (await_answer(modem, receives)) {
        result = judge(modem, text, wrong_form);
    } else {
        modem->answer.final = AT_TIMEOUT;
        result = fail(modem, text);
    }
    modem->ussd.waits = false;
    if (result != SMSC_USSD_FAILED) {
        modem->ussd.form = form;
        modem->ussd.form_known = true;
    }
    return result;
}

enum smsc_ussd_result at_modem_ussd(struct at_modem *modem, struct slice code, bool is_answer,
                                    bool receives, struct bytes *text)
{
    enum smsc_ussd_result result;
    enum at_ussd_form first;
    bool wrong_form;

    if (code.len > 0 && !at_ussd_is_sendable(code)) {
        bytes_append_str(text, "it is too long or has characters that cannot be sent");
        return SMSC_USSD_FAILED;
    }
    if (is_answer && !modem->ussd.open) {
        bytes_append_str(text, "the network asked nothing, or does not wait any more");
        return SMSC_USSD_FAILED;
    }
    if (modem->ussd.open && !is_answer)
        cancel(modem);
    if (code.len == 0)
        return SMSC_USSD_DONE;
    guess_form(modem);
    first = modem->ussd.form;
    result = try_form(modem, code, first, receives, text, &wrong_form);
    if (wrong_form && !modem->ussd.form_known && !is_answer)
        result = try_form(modem, code, first == AT_USSD_PLAIN ? AT_USSD_PACKED : AT_USSD_PLAIN,
                          receives, text, &wrong_form);
    return result;
}
