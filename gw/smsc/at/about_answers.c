/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers about a modem: see about_answers.h.
 */
#include "gw/smsc/at/about_answers.h"

#define TEXT_MAX   80 /* of a name or version */
#define DIGITS_MAX 24

/* --- lines and fields ---------------------------------------------------------------- */

/* The next line that is not empty, trimmed. */
static bool next_line(struct slice *rest, struct slice *line)
{
    while (slice_next_item(rest, '\n', line)) {
        *line = slice_trim(*line);
        if (line->len > 0)
            return true;
    }
    return false;
}

/* The first line that starts with the prefix, without it. */
static bool find_value(struct slice lines, const char *prefix, struct slice *value)
{
    struct slice line;

    while (next_line(&lines, &line))
        if (slice_starts_with(line, slice_str(prefix))) {
            *value = slice_trim(slice_sub(line, strlen(prefix), line.len));
            return true;
        }
    return false;
}

static struct slice without_quotes(struct slice text)
{
    text = slice_trim(text);
    if (text.len > 0 && text.data[0] == '"')
        text = slice_sub(text, 1, text.len);
    if (text.len > 0 && text.data[text.len - 1] == '"')
        text.len--;
    return text;
}

/* Where the field that starts at `from` ends: a comma outside quotes, or the end. */
static size_t end_of_field(struct slice value, size_t from)
{
    bool quoted = false;
    size_t i;

    for (i = from; i < value.len; i++) {
        if (value.data[i] == '"')
            quoted = !quoted;
        else if (value.data[i] == ',' && !quoted)
            return i;
    }
    return quoted ? slice_find(value, ',', from) : i; /* a quote is missing */
}

struct slice at_about_field(struct slice value, unsigned n)
{
    size_t start = 0, end = end_of_field(value, 0);

    if (!slice_is_set(value))
        return slice_unset();
    while (n-- > 0) {
        if (end >= value.len)
            return slice_unset();
        start = end + 1;
        end = end_of_field(value, start);
    }
    return without_quotes(slice_sub(value, start, end - start));
}

static bool number_field(struct slice value, unsigned n, long min, long max, long *number)
{
    return slice_to_number(at_about_field(value, n), min, max, number);
}

static void append_limited(struct bytes *to, struct slice text)
{
    bytes_append_slice(to, slice_sub(text, 0, TEXT_MAX));
}

static bool is_digit(unsigned char c)
{
    return c >= '0' && c <= '9';
}

static bool all_digits(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!is_digit(text.data[i]))
            return false;
    return text.len > 0;
}

/* --- UCS2 in hex ------------------------------------------------------------------------ */

static void append_utf8(struct bytes *to, unsigned unit)
{
    if (unit < 0x80) {
        bytes_append_char(to, (unsigned char)unit);
    } else if (unit < 0x800) {
        bytes_append_char(to, (unsigned char)(0xc0 | unit >> 6));
        bytes_append_char(to, (unsigned char)(0x80 | (unit & 0x3f)));
    } else {
        bytes_append_char(to, (unsigned char)(0xe0 | unit >> 12));
        bytes_append_char(to, (unsigned char)(0x80 | (unit >> 6 & 0x3f)));
        bytes_append_char(to, (unsigned char)(0x80 | (unit & 0x3f)));
    }
}

/* Scripts that names are written in; "26201234" as UCS2 would be elsewhere. */
static bool is_of_name(unsigned unit)
{
    return (unit >= 0x20 && unit < 0x7f) || (unit >= 0xa0 && unit < 0x2000);
}

void at_about_append_name(struct bytes *to, struct slice name)
{
    struct bytes octets = {0}, text = {0};
    bool good = name.len >= 4 && name.len % 4 == 0 && bytes_append_unhex(&octets, name);

    for (size_t i = 0; good && i + 1 < octets.len; i += 2) {
        unsigned unit = (unsigned)octets.data[i] << 8 | octets.data[i + 1];

        good = is_of_name(unit);
        append_utf8(&text, unit);
    }
    append_limited(to, good ? bytes_slice(&text) : name);
    bytes_free(&octets);
    bytes_free(&text);
}

/* --- signal -------------------------------------------------------------------------------- */

/* 3GPP TS 27.007, section 8.5: 0..31 for GSM, 100..191 for TD-SCDMA. */
static bool read_csq(struct slice value, struct at_signal *signal)
{
    long rssi;

    if (!number_field(value, 0, 0, 199, &rssi) || (rssi > 31 && rssi < 100) || rssi > 191)
        return false;
    signal->dbm = (int)(rssi <= 31 ? -113 + 2 * rssi : -116 + rssi - 100);
    signal->weak = signal->dbm <= -103;
    return true;
}

/* Section 8.69: rxlev for GSM, rscp for UMTS, rsrp for LTE; 99 and 255 for what is
 * not known. */
static bool read_cesq(struct slice value, struct at_signal *signal)
{
    static const struct {
        unsigned field;
        long most;
        int zero, weak;
    } measures[] = {{0, 63, -111, -103}, {2, 96, -121, -105}, {5, 97, -141, -115}};
    long level;

    for (size_t i = 0; i < sizeof measures / sizeof measures[0]; i++)
        if (number_field(value, measures[i].field, 0, measures[i].most, &level)) {
            signal->dbm = measures[i].zero + (int)level;
            signal->weak = signal->dbm <= measures[i].weak;
            return true;
        }
    return false;
}

/* Huawei: `"LTE",rssi,...` from -121 dBm on. */
static bool read_hcsq(struct slice value, struct at_signal *signal)
{
    long level;

    if (!number_field(value, 1, 0, 96, &level))
        return false;
    signal->dbm = -121 + (int)level;
    signal->weak = signal->dbm <= -103;
    return true;
}

/* Quectel: `"LTE",-65,...` in dBm. */
static bool read_qcsq(struct slice value, struct at_signal *signal)
{
    long dbm;

    if (!number_field(value, 1, -150, -10, &dbm))
        return false;
    signal->dbm = (int)dbm;
    signal->weak = dbm <= -103;
    return true;
}

bool at_about_signal(struct slice lines, struct at_signal *signal)
{
    static const struct {
        const char *prefix;
        bool (*read)(struct slice value, struct at_signal *signal);
    } forms[] = {
        {"+CSQ:", read_csq}, {"+CESQ:", read_cesq}, {"^HCSQ:", read_hcsq}, {"+QCSQ:", read_qcsq}};
    struct slice value;

    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++)
        if (find_value(lines, forms[i].prefix, &value))
            return forms[i].read(value, signal);
    return false;
}

/* --- the network ------------------------------------------------------------------------------ */

bool at_about_operator(struct slice lines, struct bytes *name, bool *numeric)
{
    struct slice value, field;

    if (!find_value(lines, "+COPS:", &value))
        return false;
    field = at_about_field(value, 2);
    if (field.len == 0)
        return false;
    *numeric = all_digits(field) && field.len <= 6;
    at_about_append_name(name, field);
    return true;
}

const char *at_about_registration(long status)
{
    static const char *const words[] = {"not searching",
                                        "home",
                                        "searching",
                                        "denied",
                                        "unknown",
                                        "roaming",
                                        "home, SMS only",
                                        "roaming, SMS only",
                                        "emergency calls only",
                                        "home, CSFB not preferred",
                                        "roaming, CSFB not preferred"};

    return status >= 0 && status < (long)(sizeof words / sizeof words[0]) ? words[status] : NULL;
}

/* --- the modem and its SIM ----------------------------------------------------------------------
 */

/* "+CGMM: X" and "^ICCID: X"; a colon elsewhere belongs to the text. */
static struct slice without_prefix(struct slice line)
{
    size_t colon = slice_find(line, ':', 0);

    if (line.len > 0 && (line.data[0] == '+' || line.data[0] == '^' || line.data[0] == '#') &&
        colon < line.len && colon <= 10)
        return slice_trim(slice_sub(line, colon + 1, line.len));
    return line;
}

bool at_about_text(struct slice lines, struct bytes *text)
{
    struct slice line;

    while (next_line(&lines, &line)) {
        line = without_quotes(without_prefix(line));
        if (line.len == 0)
            continue;
        append_limited(text, line);
        return true;
    }
    return false;
}

static bool is_sim_digit(unsigned char c)
{
    return is_digit(c) || (c >= 'A' && c <= 'F') || (c >= 'a' && c <= 'f');
}

/* The first run of digits (hex: of hex digits) as long as asked, in any line. */
static bool find_run(struct slice lines, size_t least, size_t most, bool hex, struct slice *run)
{
    size_t start = 0;

    for (size_t i = 0; i <= lines.len; i++) {
        if (i < lines.len && (hex ? is_sim_digit(lines.data[i]) : is_digit(lines.data[i])))
            continue;
        if (i - start >= least && i - start <= most) {
            *run = slice_sub(lines, start, i - start);
            return true;
        }
        start = i + 1;
    }
    return false;
}

bool at_about_imei(struct slice lines, struct bytes *imei)
{
    struct slice run;

    if (!find_run(lines, 14, 17, false, &run))
        return false;
    bytes_append_slice(imei, run);
    return true;
}

bool at_about_imsi(struct slice lines, struct bytes *imsi)
{
    struct slice run;

    if (!find_run(lines, 6, 15, false, &run))
        return false;
    bytes_append_slice(imsi, run);
    return true;
}

bool at_about_iccid(struct slice lines, struct bytes *iccid)
{
    char digits[DIGITS_MAX];
    struct slice run;
    size_t len;

    /* The "CC" of "+CCID:" is no run that is long enough. */
    if (!find_run(lines, 18, 20, true, &run))
        return false;
    for (len = 0; len < run.len; len++)
        digits[len] = (char)run.data[len];
    if (digits[0] == '9' && digits[1] == '8' && len % 2 == 0)
        for (size_t i = 0; i < len; i += 2) {
            char c = digits[i];

            digits[i] = digits[i + 1];
            digits[i + 1] = c;
        }
    while (len > 0 && (digits[len - 1] == 'F' || digits[len - 1] == 'f'))
        len--;
    if (len < 18 || !all_digits(slice_of(digits, len)))
        return false;
    bytes_append(iccid, digits, len);
    return true;
}

static bool is_number(struct slice text)
{
    return text.len <= DIGITS_MAX &&
           all_digits(slice_sub(text, text.len > 0 && text.data[0] == '+', text.len));
}

/* A number and its type of address: 145 means international. UCS2 in hex is one
 * whose units are digits: "00340039". */
static bool append_number(struct bytes *to, struct slice number, struct slice type)
{
    struct bytes decoded = {0};
    bool good;

    at_about_append_name(&decoded, number);
    if (is_number(bytes_slice(&decoded)))
        number = bytes_slice(&decoded);
    good = is_number(number);
    if (good) {
        if (number.data[0] != '+' && slice_equal_str(type, "145"))
            bytes_append_char(to, '+');
        bytes_append_slice(to, number);
    }
    bytes_free(&decoded);
    return good;
}

bool at_about_number(struct slice lines, struct bytes *number)
{
    struct slice line, value;

    while (next_line(&lines, &line)) {
        if (!slice_starts_with(line, slice_str("+CNUM:")))
            continue;
        value = slice_sub(line, strlen("+CNUM:"), line.len);
        if (append_number(number, at_about_field(value, 1), at_about_field(value, 2)))
            return true;
    }
    return false;
}

bool at_about_service_centre(struct slice lines, struct bytes *number)
{
    struct slice value;

    return find_value(lines, "+CSCA:", &value) &&
           append_number(number, at_about_field(value, 0), at_about_field(value, 1));
}
