/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gwmodem ussd: one question to the network (3GPP TS 27.007 section 7.15).
 * Modems differ in the form of the code and the answer: plain, packed 7-bit in
 * hex, or UCS2 in hex; it is found by trial.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gw/smsc/at/ussd_text.h"
#include "gw/tools/gwmodem.h"
#include "gwlib/clock.h"

enum { ANSWER_MS = 30000, SETTLE_MS = 100, HEARD_MAX = 8192 };

enum heard { HEARD_ANSWER, HEARD_REFUSAL, HEARD_NOTHING };

/* --- the answer ----------------------------------------------------------------------- */

/* `+CUSD: m,"text",dcs`; the text may go over several lines. False: not whole. */
static bool read_answer(const struct bytes *heard, long *what, struct bytes *text)
{
    const char *start = strstr(bytes_str(heard), "+CUSD:"), *open, *close;
    long dcs = 15;

    if (start == NULL || strchr(start, '\n') == NULL)
        return false;
    *what = strtol(start + 6, NULL, 10);
    open = strchr(start, '"');
    if (open == NULL)
        return true;
    close = strrchr(open + 1, '"');
    if (close == NULL || strchr(close, '\n') == NULL)
        return false;
    if (close[1] == ',')
        dcs = strtol(close + 2, NULL, 10);
    at_ussd_append_text(text, slice_of(open + 1, (size_t)(close - open - 1)), (unsigned)dcs);
    return true;
}

/* One form of the question. The port is read here, not by lines: the answer may
 * come in one breath with the OK, and with line ends in it. */
static enum heard ask(struct link *link, const char *code, long *what, struct bytes *text)
{
    int64_t deadline = clock_monotonic_ms() + ANSWER_MS;
    struct bytes heard = {0}, command = {0};
    enum heard result = HEARD_NOTHING;
    unsigned char data[512];
    size_t len;

    bytes_printf(&command, "AT+CUSD=1,\"%s\",15\r", code);
    if (at_port_write(link->port, bytes_slice(&command)) == AT_PORT_OK)
        while (result == HEARD_NOTHING && heard.len < HEARD_MAX &&
               at_port_read(link->port, -1, deadline, data, sizeof data, &len) == AT_PORT_OK) {
            for (size_t i = 0; i < len; i++)
                if (data[i] != '\r' && data[i] != '\0')
                    bytes_append_char(&heard, data[i]);
            if (read_answer(&heard, what, text))
                result = HEARD_ANSWER;
            else if (strstr(bytes_str(&heard), "ERROR") != NULL)
                result = HEARD_REFUSAL;
        }
    bytes_free(&heard);
    bytes_free(&command);
    return result;
}

static int show_answer(long what, const struct bytes *text)
{
    static const char *const troubles[] = {[2] = "the network ended the dialogue",
                                           [3] = "another program answered",
                                           [4] = "the network does not know this code",
                                           [5] = "the network did not answer in time"};

    if (text->len > 0)
        printf("%s\n", bytes_str(text));
    if (what == 1)
        fprintf(stderr, "gwmodem: the network waits for a further answer, which ends here\n");
    if (what < 2 || what > 5 || (what == 2 && text->len > 0))
        return EXIT_WELL;
    fprintf(stderr, "gwmodem: %s\n", troubles[what]);
    return EXIT_TROUBLE;
}

/* Plain first, packed for Huawei and for those that refuse the plain one. */
static int ask_network(struct link *link, const char *code)
{
    struct bytes packed = {0}, text = {0};
    enum heard heard = HEARD_REFUSAL;
    int status = EXIT_TROUBLE;
    long what = 0;
    bool huawei;

    link_ask(link, "ATE0");
    huawei =
        link_ask(link, "AT+CGMI") && strcasestr(bytes_str(&link->answer.lines), "huawei") != NULL;
    for (int i = 0; i < 2 && heard == HEARD_REFUSAL; i++) {
        at_ussd_append_code(&packed, slice_str(code), AT_USSD_PACKED);
        heard = ask(link, (i == 0) == huawei ? bytes_str(&packed) : code, &what, &text);
        bytes_clear(&packed);
        at_settle(link->dialogue, SETTLE_MS);
    }
    if (heard == HEARD_ANSWER)
        status = show_answer(what, &text);
    else
        fprintf(stderr, "gwmodem: %s\n",
                heard == HEARD_REFUSAL ? "the modem refuses this code"
                                       : "the network did not answer in time");
    if (heard == HEARD_NOTHING || what == 1)
        link_ask(link, "AT+CUSD=2");
    bytes_free(&packed);
    bytes_free(&text);
    return status;
}

int gwmodem_ussd(const struct options *options)
{
    const char *code = options->words[1];
    struct link link = {0};
    int status = EXIT_TROUBLE;

    if (code[0] == '\0' || strlen(code) > AT_USSD_CODE_MAX ||
        strspn(code, "0123456789*#+") != strlen(code)) {
        fprintf(stderr, "gwmodem: '%s' is no USSD code: digits, * and #\n", code);
        return EXIT_USAGE;
    }
    if (!modem_open(&link, options, options->words[0]))
        return EXIT_TROUBLE;
    status = ask_network(&link, code);
    link_close(&link);
    return status;
}
