/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PDU mode or text mode: AT+CMGF (3GPP TS 27.005 section 3.2.3). PDU mode can do
 * all there is, so text mode is for modems that have nothing else; then the
 * character set is chosen and headers are made complete.
 */
#include "gw/smsc/at/modem_internal.h"

/* Whether the first list of `+CMGF: (0,1)`, `(0-1)`, `(1)` holds the digit. */
static bool offers(struct slice value, unsigned char digit)
{
    return slice_find(value, digit, 0) < value.len;
}

static enum at_readiness choose_charset(struct at_modem *modem)
{
    static const enum at_charset order[] = {AT_IRA, AT_GSM, AT_LATIN1, AT_UCS2};

    modem->charset = -1;
    modem->charsets = 0;
    bytes_clear(&modem->csmp);
    if (at_modem_command(modem, AT_PLAIN_MS, "AT+CSCS=?") == AT_OK)
        modem->charsets = at_charsets_offered(at_answer_value(&modem->answer, "+CSCS:"));
    if (modem->charsets == 0)
        modem->charsets = 1u << AT_GSM;
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        if ((modem->charsets & (1u << order[i])) == 0)
            continue;
        if (at_modem_command(modem, AT_PLAIN_MS, "AT+CSCS=\"%s\"", at_charset_name(order[i])) ==
            AT_OK) {
            modem->charset = (int)order[i];
            break;
        }
        if (modem->answer.final == AT_GONE)
            return AT_BROKEN;
    }
    return AT_READY;
}

static enum at_readiness text_mode(struct at_modem *modem, struct bytes *detail)
{
    enum at_readiness readiness;

    switch (at_modem_command(modem, AT_PLAIN_MS, "AT+CMGF=1")) {
    case AT_OK:
        break;
    case AT_ERROR:
        bytes_printf(detail, "neither PDU nor text mode: %s", bytes_str(&modem->answer.error));
        return AT_NOT_YET;
    default:
        return AT_BROKEN;
    }
    if (!modem->knowledge->spoke_text)
        log_to(modem->log, LOG_LEVEL_INFO, "%s: the modem has text mode only", modem->name);
    modem->speaks_text = modem->knowledge->spoke_text = true;
    at_set_text_mode(modem->dialogue, true);
    readiness = choose_charset(modem);
    if (readiness == AT_READY && at_modem_command(modem, AT_PLAIN_MS, "AT+CSDH=1") == AT_GONE)
        readiness = AT_BROKEN;
    return readiness;
}

enum at_readiness at_modem_choose_mode(struct at_modem *modem, struct bytes *detail)
{
    struct slice offered;

    switch (at_modem_command(modem, AT_PLAIN_MS, "AT+CMGF=0")) {
    case AT_OK:
        modem->speaks_text = modem->knowledge->spoke_text = false;
        at_set_text_mode(modem->dialogue, false);
        return AT_READY;
    case AT_ERROR:
        break;
    default:
        return AT_BROKEN;
    }
    bytes_printf(detail, "no PDU mode: %s", bytes_str(&modem->answer.error));
    if (at_modem_error_is(modem, CAUSE_WAIT) || at_modem_error_is(modem, CAUSE_SIM) ||
        at_modem_error_is(modem, CAUSE_PIN) || at_modem_error_is(modem, CAUSE_VENDOR))
        return AT_NOT_YET;
    if (at_modem_command(modem, AT_PLAIN_MS, "AT+CMGF=?") == AT_GONE)
        return AT_BROKEN;
    offered = at_answer_value(&modem->answer, "+CMGF:");
    if (modem->answer.final == AT_OK && slice_is_set(offered) && !offers(offered, '1'))
        return AT_NOT_YET;
    bytes_clear(detail);
    return text_mode(modem, detail);
}
