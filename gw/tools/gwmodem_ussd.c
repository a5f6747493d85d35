/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gwmodem ussd: one question to the network (3GPP TS 27.007 section 7.15; spec
 * at-modems, section 8). Modems differ in the form of the code and the answer:
 * plain, packed 7-bit in hex, or UCS2 in hex; it is found by trial.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gw/sms/gsm7.h"
#include "gw/sms/utf16.h"
#include "gw/tools/gwmodem.h"
#include "gwlib/clock.h"

enum { ANSWER_MS = 30000, SLICE_MS = 300, CODE_MAX = 180, DCS_UCS2_OCTET = 72 };

/* --- the code --------------------------------------------------------------------- */

static bool append_packed(struct bytes *to, const char *code)
{
    uint8_t septets[CODE_MAX + 1];
    unsigned char octets[GSM7_PACKED(CODE_MAX + 1, 0)];
    struct sms_fault fault;
    size_t count;

    if (!gsm7_encode(slice_str(code), GSM7_DEFAULT, 0, septets, CODE_MAX, &count, &fault))
        return false;
    if (count % 8 == 7)
        septets[count++] = '\r'; /* else it would read as @ */
    bytes_append_hex(to, slice_of(octets, gsm7_pack(septets, count, 0, octets)), true);
    return true;
}

/* Plain first, packed for Huawei and for those that refuse the plain one. */
static bool ask_network(struct link *link, const char *code)
{
    struct bytes packed = {0};
    bool huawei, asked = false;

    link_ask(link, "ATE0");
    at_set_numeric(link->dialogue, !link_ask(link, "ATV1"));
    huawei =
        link_ask(link, "AT+CGMI") && strcasestr(bytes_str(&link->answer.lines), "huawei") != NULL;
    if (!append_packed(&packed, code)) {
        bytes_free(&packed);
        return false;
    }
    for (int i = 0; i < 2 && !asked; i++)
        asked =
            link_ask(link, "AT+CUSD=1,\"%s\",15", (i == 0) == huawei ? bytes_str(&packed) : code);
    bytes_free(&packed);
    return asked;
}

/* --- the answer ----------------------------------------------------------------------- */

static void append_unpacked(struct bytes *to, struct slice octets)
{
    uint8_t septets[CODE_MAX * 2];
    char utf8[GSM7_UTF8_MAX(CODE_MAX * 2)];
    size_t count = octets.len * 8 / 7;

    if (count > sizeof septets || !gsm7_unpack(octets.data, octets.len, 0, count, septets))
        return;
    while (count > 0 && count % 8 == 0 && (septets[count - 1] == '\r' || septets[count - 1] == 0))
        count--;
    bytes_append(to, utf8, gsm7_decode(septets, count, GSM7_DEFAULT, utf8));
}

static void append_answer(struct bytes *to, struct slice text, long dcs)
{
    struct bytes octets = {0};
    char utf8[1024];

    if (text.len < 4 || !bytes_append_unhex(&octets, text)) {
        bytes_append_slice(to, text);
    } else if (dcs == DCS_UCS2_OCTET ||
               (octets.len % 2 == 0 && octets.data[0] == 0 && octets.len >= 4)) {
        struct slice whole = slice_sub(bytes_slice(&octets), 0, sizeof utf8 / 3 * 2);

        bytes_append(to, utf8, utf16_to_utf8(whole, utf8));
    } else {
        append_unpacked(to, bytes_slice(&octets));
    }
    bytes_free(&octets);
}

/* `+CUSD: m,"text",dcs`; the text may go over several lines. False: not whole. */
static bool read_answer(const struct bytes *lines, long *what, struct bytes *text)
{
    const char *start = strstr(bytes_str(lines), "+CUSD:"), *open, *close;
    long dcs = 15;

    if (start == NULL)
        return false;
    *what = start[6] != '\0' ? strtol(start + 6, NULL, 10) : 0;
    open = strchr(start, '"');
    if (open == NULL)
        return true;
    close = strrchr(open + 1, '"');
    if (close == NULL)
        return false;
    if (close[1] == ',')
        dcs = strtol(close + 2, NULL, 10);
    append_answer(text, slice_of(open + 1, (size_t)(close - open - 1)), dcs);
    return true;
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

static int await_answer(struct link *link)
{
    int64_t end = clock_monotonic_ms() + ANSWER_MS;
    struct bytes text = {0};
    int status = EXIT_TROUBLE;
    enum at_final final = AT_TIMEOUT;
    long what = 0;
    bool whole;

    while (!(whole = read_answer(&link->answer.lines, &what, &text)) && final == AT_TIMEOUT &&
           clock_monotonic_ms() < end)
        final = at_listen(link->dialogue, &link->answer, SLICE_MS);
    if (whole) {
        status = show_answer(what, &text);
    } else {
        fprintf(stderr, "gwmodem: the network did not answer in time\n");
    }
    if (!whole || what == 1)
        link_ask(link, "AT+CUSD=2");
    bytes_free(&text);
    return status;
}

int gwmodem_ussd(const struct options *options)
{
    const char *code = options->words[1];
    struct link link = {0};
    int status = EXIT_TROUBLE;

    if (code[0] == '\0' || strspn(code, "0123456789*#+") != strlen(code)) {
        fprintf(stderr, "gwmodem: '%s' is no USSD code: digits, * and #\n", code);
        return EXIT_USAGE;
    }
    if (!modem_open(&link, options, options->words[0]))
        return EXIT_TROUBLE;
    if (ask_network(&link, code))
        status = await_answer(&link);
    else
        fprintf(stderr, "gwmodem: the modem refuses: %s\n", bytes_str(&link.answer.error));
    link_close(&link);
    return status;
}
